"""Why is it ranked first? Parts × weights, over arrays, the same for every page, the command line and the evaluation.

- semantic: how near two whole texts are in meaning: cosine of vectors centred by side and language, hubs corrected
  (CSLS, Conneau 2018)
- lexical: how much of the question's wording the document has, beyond what it has of anyone's
- sentence: for the first few only, how much nearer the best sentences come than the whole texts

The gates are apart (gates.py). One setting serves all languages and kinds of text; docs/ranking.md says how it was
chosen.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from . import background
from .background import Background, Texts, named, under
from .keeping import Latest
from .lexical import Index, Terms
from .mapped import Array
from .tongues import chunks, codes, names
from .vectors import Vectors, highest

SCORING_VERSION = "1"
"""Scores of two versions are never compared. Change it with anything that changes a score."""

WEIGHTS = {"semantic": 1.0, "lexical": 2.5, "sentence": 0.3}
WORDINESS = 1.5  # how many times the share that chance gives is taken away
CLOSER_LOOK = 20  # the sentences of so many documents are looked at: those whose evidence is shown anyway
QUESTIONS_KEPT = 1000  # more questions than this change the hub statistics by less than they cost
SENTENCES_KEPT = 10_000  # 15 MB


@dataclass(frozen=True)
class Scores:
    """Scores of (questions, documents): `total` is the sum of `parts`, each times its weight in `weights`.

    questions: (questions, d) the centred vectors they were made with.
    """

    parts: dict[str, np.ndarray]
    weights: dict[str, float]
    questions: np.ndarray | None = None

    @property
    def total(self) -> np.ndarray:
        """(questions, documents) float32; higher is better, 0 is about what a chance pair gets."""
        return sum(self.weights[name] * part for name, part in self.parts.items())

    def first(self, count: int = CLOSER_LOOK) -> np.ndarray:
        """(questions, up to count) positions of the highest totals, best first, equal ones in their order."""
        found = [highest(row, count) for row in self.total]
        return np.stack(found) if found else np.empty((0, min(count, self.total.shape[1])), np.int64)


class Collection:
    """Documents ready to be ranked, with all that is known beforehand about them. Not changed after it is made."""

    def __init__(self, documents: Texts, questions: Texts, shipped: Background | None = None) -> None:
        """Prepare `documents` for questions like `questions` (the hub's own of the other side).

        A row of zeros is a text that is not embedded yet: it is ranked by its words alone.
        """
        shipped = (shipped or Background.none(documents.vectors.shape[1])).without(questions, documents)
        # First, for making it takes the most memory.
        self._index = Index(documents.terms, shipped.documents.terms)
        self.asking = background.Side(questions, shipped.questions)
        self.answering = background.Side(documents, shipped.documents)
        self.languages = documents.languages
        self._vectors = Vectors.made(
            len(documents),
            lambda first, after: self.answering.centre(documents.vectors[first:after], self.languages[first:after]),
        )
        self._embedded = np.concatenate(
            [np.empty(0, bool), *(part.any(axis=1) for part, _ in chunks(documents.vectors, self.languages))]
        )
        # The hub's first questions and the shipped ones: positions of the hub's own stay what they are.
        self._questions = self.asking.centre(
            np.concatenate([questions.vectors[:QUESTIONS_KEPT], shipped.questions.vectors]),
            questions.languages[:QUESTIONS_KEPT] + shipped.questions.languages,
        )
        self._hubs = background.Hubs.among(self._vectors, self._questions)
        # Positions of what comes later mean another text in each collection that grows from this one.
        self._kept, self._lasting = Latest(SENTENCES_KEPT), len(documents)
        self._wordiness = background.Wordiness(self._index, questions.terms, shipped.questions.terms)

    def arrays(self) -> dict[str, Array]:
        """Return all that it is made of, for `of` in this process or another. Of one that has not grown."""
        return {
            "languages": codes(self.languages),
            "vectors": self._vectors.pieces(),
            "embedded": self._embedded,
            "questions": self._questions,
            **named("asking", self.asking.arrays()),
            **named("answering", self.answering.arrays()),
            **named("hubs", self._hubs.arrays()),
            **named("index", self._index.arrays()),
            **named("wordiness", self._wordiness.arrays()),
        }

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> "Collection":
        """Return the collection that `arrays` was told of, over these very arrays. Raises KeyError, ValueError."""
        made = object.__new__(cls)
        made.languages, made._embedded = names(arrays["languages"]), arrays["embedded"]
        made._questions, size = arrays["questions"], len(made.languages)
        made.asking, made.answering = (background.Side.of(under(side, arrays)) for side in ("asking", "answering"))
        made._vectors = Vectors.of(arrays["vectors"], size, made._questions.shape[1])
        made._hubs = background.Hubs.of(under("hubs", arrays))
        made._kept, made._lasting = Latest(SENTENCES_KEPT), size
        made._index = Index.of(under("index", arrays), size)
        made._wordiness = background.Wordiness.of(under("wordiness", arrays))
        return made

    def with_documents(self, more: Texts) -> "Collection":
        """Return a collection with more documents after its own, measured by the statistics that it has already.

        For what has changed since the collection was made: milliseconds instead of seconds. The means, the document
        frequencies and the questions stay what they are.
        """
        grown = copy.copy(self)
        vectors, words = self.answering.centre(more.vectors, more.languages), self._index.beside(more.terms)
        grown.languages = self.languages + more.languages
        grown._vectors = self._vectors.joined(Vectors(vectors))
        grown._embedded = np.concatenate([self._embedded, more.vectors.any(axis=1)])
        grown._hubs = self._hubs.followed_by(background.Hubs(self._questions @ vectors.T))
        grown._index = self._index.joined(words)
        grown._wordiness = self._wordiness.with_documents(words)
        return grown

    def score(self, asked: Texts, own: np.ndarray | None = None) -> Scores:
        """Score every document for each text asked by its meaning and its words.

        own: (n,) the position of each asked text among the `questions` given at the start, −1 where it is not among
        them; it is then left out of the statistics that it is measured against.
        """
        own = np.full(len(asked), -1) if own is None else np.asarray(own)
        share = self._index.share(asked.terms)
        lexical = share - WORDINESS * self._wordiness.expected(share, own >= 0)
        questions = self.asking.centre(asked.vectors, asked.languages, own >= 0)
        semantic = self._semantic(questions, asked.vectors.any(axis=1), own)
        return Scores({"semantic": semantic, "lexical": lexical}, WEIGHTS, questions)

    def __len__(self) -> int:
        return len(self.languages)

    @property
    def dimensions(self) -> int:
        """How long its vectors are."""
        return self._questions.shape[1]

    def rests(self, groups: Mapping[int, np.ndarray]) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
        """Return (m, d) vectors of documents without a sentence, centred, and (m,) their hub statistics; by position.

        These need not be in the collection. The latest are remembered.
        """
        centred = self.centred(groups, "rests")
        kept = self._kept.get(("nearness of rests", place) for place in groups)
        nearness = {place: held for (_, place), held in kept.items() if len(held) == len(groups[place])}
        for place in groups.keys() - nearness.keys():
            nearness[place] = background.nearest_mean(centred[place] @ self._questions.T)[:, 0]
            if place < self._lasting:
                self._kept.put(("nearness of rests", place), nearness[place])
        return centred, nearness

    def rarest(self, terms: Terms, share: float) -> tuple[Terms, np.ndarray]:
        """Return the features of a text that few documents have, with their weights; see `lexical.Index.rarest`."""
        return self._index.rarest(terms, share)

    def near(self, vector: np.ndarray) -> np.ndarray:
        """(documents,): cosine of a centred vector (d,) of length 1 to each document, 0 where it is not embedded."""
        return self._vectors.dot(vector)

    def look_closer(
        self,
        scores: Scores,
        asked: Texts,
        sentences: Mapping[int, np.ndarray],
        spoken: Sequence[np.ndarray] | None = None,
        first: np.ndarray | None = None,
    ) -> Scores:
        """Add the part "sentence" to scores that `score` gave, for the first documents of each question.

        sentences: by position of a document, the (m, d) vectors of its sentences as the encoder gave them. A document
        without any keeps its score, and so do all that are not among the first.
        spoken: for each text asked, the (s, d) vectors of its own sentences; a text of one sentence speaks for itself.
        first: what `scores.first()` gives, where it is known already.
        """
        first = scores.first() if first is None else first
        looked = dict.fromkeys(first.ravel().tolist())
        centred = self.centred({place: sentences[place] for place in looked if len(sentences.get(place, ()))})
        gains = np.zeros_like(scores.parts["semantic"])
        for row, places in enumerate(first.tolist()):
            seen = [place for place in places if place in centred]
            if not seen or not scores.questions[row].any():
                continue
            said = scores.questions[row : row + 1]
            if spoken and len(spoken[row]) > 1:
                said = self.asking.centre(spoken[row], [asked.languages[row]] * len(spoken[row]))
            near = [_mean_of_best(said, [centred[place] for place in seen])]
            if len(said) > 1:
                near.append((said @ self._vectors.take(seen)).max(axis=0))
            gain = 2 * sum(near) - len(near) * scores.parts["semantic"][row, seen]
            gains[row, seen] = gain - gain.mean()
        return replace(scores, parts=scores.parts | {"sentence": gains})

    def centred(self, groups: Mapping[int, np.ndarray], what: str = "sentences") -> dict[int, np.ndarray]:
        """Return (m, d) vectors by position of the document they belong to, centred; the latest are remembered.

        what: the sentences of the documents, or another name for other vectors of them.
        """
        kept = self._kept.get((what, place) for place in groups)
        found = {place: vectors for (_, place), vectors in kept.items() if len(vectors) == len(groups[place])}
        new = [place for place in groups if place not in found]
        made = self.answering.centre_each([groups[place] for place in new], [self.languages[place] for place in new])
        for place, vectors in zip(new, made, strict=True):
            found[place] = vectors
            if place < self._lasting:
                self._kept.put((what, place), vectors.copy())
        return found

    def _semantic(self, questions: np.ndarray, known: np.ndarray, own: np.ndarray) -> np.ndarray:
        """2 cos(q, d) − nearness of d to its nearest questions − nearness of q to its nearest documents.

        questions (asked, d): centred; known (asked,) bool: those that have a vector.
        """
        cosine = self._vectors.dots(questions)
        nearest = background.nearest_mean(cosine)
        cosine *= 2
        cosine -= self._nearness(own)
        cosine -= nearest
        both = known[:, None] & self._embedded
        return cosine.astype(np.float32, copy=False) if both.all() else np.where(both, cosine, 0).astype(np.float32)

    def _nearness(self, own: np.ndarray) -> np.ndarray:
        """(asked, documents) or (1, documents): the hub statistics without each asked text."""
        if (own < 0).all():
            return self._hubs.mean()[None]
        # Beyond QUESTIONS_KEPT a question is not among those of the statistics: there is nothing to leave out.
        rows = [self._hubs.mean(int(place) if 0 <= place < QUESTIONS_KEPT else None) for place in own]
        return rows[0][None] if len(rows) == 1 else np.stack(rows)


def _mean_of_best(said: np.ndarray, documents: list[np.ndarray]) -> np.ndarray:
    """(documents,): each sentence of the question finds its nearest in the document; the mean of these cosines."""
    starts = np.cumsum([0] + [len(vectors) for vectors in documents[:-1]])
    return np.maximum.reduceat(said @ np.concatenate(documents).T, starts, axis=1).mean(axis=0)
