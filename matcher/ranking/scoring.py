"""Why is it ranked first? Parts × weights, over arrays, the same for every page, the command line and the evaluation.

    semantic   how near two texts are in meaning: cosine of centred vectors, corrected for hubs (CSLS, Conneau et al. 2018)
    lexical    how much of the question's wording the document has, corrected for documents that have everyone's

The gates are apart (gates.py). One setting serves all languages and kinds of text; docs/ranking.md says how it was chosen.
"""

from dataclasses import dataclass

import numpy as np

from matcher.ranking import background, lexical
from matcher.ranking.background import Background, Texts

SCORING_VERSION = "1"
"""Scores of two versions are never compared. Change it with anything that changes a score."""

WEIGHTS = {"semantic": 1.0, "lexical": 1.0}
LEXICAL_HUB = 0.5
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


class Collection:
    """Documents ready to be ranked, with all that is known beforehand about them. Not changed after it is made."""

    def __init__(self, documents: Texts, questions: Texts, shipped: Background | None = None) -> None:
        """Prepare `documents` for questions like `questions` (the hub's own of the other side).

        A row of zeros is a text that is not embedded yet: it is ranked by its words alone.
        """
        shipped = shipped or Background.none(documents.vectors.shape[1])
        self._size = len(documents)
        self._question_mean = background.Mean(questions.vectors, shipped.questions.vectors)
        self._document_mean = background.Mean(documents.vectors, shipped.documents.vectors)
        self._vectors = self._document_mean.centre(documents.vectors)
        self._index = lexical.Index(documents.terms, shipped.documents.terms)
        kept = np.arange(min(len(questions), QUESTIONS_KEPT))
        asked = (questions.take(kept), shipped.questions)
        self._semantic_hubs = background.Hubs(self._cosine(np.concatenate([texts.vectors for texts in asked]), None))
        self._lexical_hubs = background.Hubs(self._index.share([row for texts in asked for row in texts.terms]))

    def _cosine(self, vectors: np.ndarray, counted: np.ndarray | None) -> np.ndarray:
        return self._question_mean.centre(vectors, counted) @ self._vectors.T

    def score(self, asked: Texts, own: np.ndarray | None = None) -> Scores:
        """Score every document for each text asked.

        own: (n,) the position of each asked text among the `questions` given at the start, −1 where it is not among
        them; it is then left out of the statistics that it is measured against.
        """
        own = np.full(len(asked), -1) if own is None else np.asarray(own)
        cosine = self._cosine(asked.vectors, own >= 0)
        share = self._index.share(asked.terms)
        near, wordy = self._hubs(self._semantic_hubs, own), self._hubs(self._lexical_hubs, own)
        embedded = asked.vectors.any(axis=1)[:, None]
        semantic = np.where(embedded, 2 * cosine - near - background.nearest_mean(cosine), 0)
        return Scores({"semantic": semantic, "lexical": 2 * share - LEXICAL_HUB * wordy}, WEIGHTS)

    def _hubs(self, hubs: background.Hubs, own: np.ndarray) -> np.ndarray:
        """(asked, documents) or (1, documents): the hub statistics without each asked text."""
        if (own < 0).all():
            return hubs.mean()[None]
        return np.stack([hubs.mean(None if position < 0 else int(position)) for position in own])
