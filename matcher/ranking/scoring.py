"""Why is it ranked first? Parts × weights, over arrays, the same for every page, the command line and the evaluation.

- semantic: how near two whole texts are in meaning: cosine of centred vectors, hubs corrected (CSLS, Conneau 2018)
- lexical: how much of the question's wording the document has, beyond what it has of anyone's
- sentence: for the first few only, how much nearer the best sentences come than the whole texts

The gates are apart (gates.py). One setting serves all languages and kinds of text; docs/ranking.md says how it was
chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from . import background
from .background import Background, Texts
from .lexical import Index

SCORING_VERSION = "1"
"""Scores of two versions are never compared. Change it with anything that changes a score."""

WEIGHTS = {"semantic": 1.0, "lexical": 2.5, "sentence": 0.3}
WORDINESS = 1.5  # how many times the share that chance gives is taken away
CLOSER_LOOK = 20  # the sentences of so many documents are looked at: those whose evidence is shown anyway
QUESTIONS_KEPT = 1000  # more questions than this change the hub statistics by less than they cost


@dataclass(frozen=True)
class Scores:
    """Scores of (questions, documents): `total` is the sum of `parts`, each times its weight in `weights`."""

    parts: dict[str, np.ndarray]
    weights: dict[str, float]

    @property
    def total(self) -> np.ndarray:
        """(questions, documents) float32; higher is better, 0 is about what a chance pair gets."""
        return sum(self.weights[name] * part for name, part in self.parts.items())

    def first(self, count: int = CLOSER_LOOK) -> np.ndarray:
        """(questions, up to count) positions of the highest totals, best first, equal ones in their order."""
        return np.argsort(-self.total, axis=1, kind="stable")[:, :count]


class Collection:
    """Documents ready to be ranked, with all that is known beforehand about them. Not changed after it is made."""

    def __init__(self, documents: Texts, questions: Texts, shipped: Background | None = None) -> None:
        """Prepare `documents` for questions like `questions` (the hub's own of the other side).

        A row of zeros is a text that is not embedded yet: it is ranked by its words alone.
        """
        shipped = shipped or Background.none(documents.vectors.shape[1])
        self._question_mean = background.Mean(questions.vectors, shipped.questions.vectors)
        self._document_mean = background.Mean(documents.vectors, shipped.documents.vectors)
        self._vectors = self._document_mean.centre(documents.vectors)
        self._embedded = documents.vectors.any(axis=1)
        self._hubs = background.Hubs(self._cosine(_sample(questions.vectors, shipped.questions.vectors)))
        self._index = Index(documents.terms, shipped.documents.terms)
        self._wordiness = background.Wordiness(self._index, questions.terms, shipped.questions.terms)

    def score(self, asked: Texts, own: np.ndarray | None = None) -> Scores:
        """Score every document for each text asked by its meaning and its words.

        own: (n,) the position of each asked text among the `questions` given at the start, −1 where it is not among
        them; it is then left out of the statistics that it is measured against.
        """
        own = np.full(len(asked), -1) if own is None else np.asarray(own)
        share = self._index.share(asked.terms)
        lexical = share - WORDINESS * self._wordiness.expected(share, own >= 0)
        return Scores({"semantic": self._semantic(asked.vectors, own), "lexical": lexical}, WEIGHTS)

    def look_closer(
        self,
        scores: Scores,
        asked: Texts,
        sentences: Mapping[int, np.ndarray],
        spoken: Sequence[np.ndarray] | None = None,
        own: np.ndarray | None = None,
    ) -> Scores:
        """Add the part "sentence" to scores, for the first documents of each question.

        sentences: by position of a document, the (m, d) vectors of its sentences as the encoder gave them. A document
        without any keeps its score, and so do all that are not among the first.
        spoken: for each text asked, the (s, d) vectors of its own sentences; a text of one sentence speaks for itself.
        """
        own = np.full(len(asked), -1) if own is None else np.asarray(own)
        questions = self._question_mean.centre(asked.vectors, own >= 0)
        centred = {place: self._document_mean.centre(vectors) for place, vectors in sentences.items() if len(vectors)}
        gains = np.zeros_like(scores.parts["semantic"])
        for row, places in enumerate(scores.first()):
            seen = [place for place in places if place in centred]
            if not seen or not questions[row].any():
                continue
            said = (
                self._question_mean.centre(spoken[row]) if spoken and len(spoken[row]) > 1 else questions[row : row + 1]
            )
            near = [_mean_of_best(said, [centred[place] for place in seen])]
            if len(said) > 1:
                near.append((said @ self._vectors[seen].T).max(axis=0))
            gain = 2 * sum(near) - len(near) * scores.parts["semantic"][row, seen]
            gains[row, seen] = gain - gain.mean()
        return replace(scores, parts=scores.parts | {"sentence": gains})

    def _cosine(self, vectors: np.ndarray, counted: np.ndarray | None = None) -> np.ndarray:
        return self._question_mean.centre(vectors, counted) @ self._vectors.T

    def _semantic(self, vectors: np.ndarray, own: np.ndarray) -> np.ndarray:
        """2 cos(q, d) − nearness of d to its nearest questions − nearness of q to its nearest documents."""
        cosine = self._cosine(vectors, own >= 0)
        corrected = 2 * cosine - self._nearness(own) - background.nearest_mean(cosine)
        known = vectors.any(axis=1)[:, None] & self._embedded
        return np.where(known, corrected, 0).astype(np.float32, copy=False)

    def _nearness(self, own: np.ndarray) -> np.ndarray:
        """(asked, documents) or (1, documents): the hub statistics without each asked text."""
        if (own < 0).all():
            return self._hubs.mean()[None]
        return np.stack([self._hubs.mean(None if place < 0 else int(place)) for place in own])


def _mean_of_best(said: np.ndarray, documents: list[np.ndarray]) -> np.ndarray:
    """(documents,): each sentence of the question finds its nearest in the document; the mean of these cosines."""
    starts = np.cumsum([0] + [len(vectors) for vectors in documents[:-1]])
    return np.maximum.reduceat(said @ np.concatenate(documents).T, starts, axis=1).mean(axis=0)


def _sample(own: np.ndarray, shipped: np.ndarray) -> np.ndarray:
    """Join the hub's first questions and the shipped ones: positions of the hub's own stay what they are."""
    return np.concatenate([own[:QUESTIONS_KEPT], shipped])
