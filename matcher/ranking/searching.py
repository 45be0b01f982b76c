"""A few words in any language against everything of one kind; and one need against the others.

The scoring of needs against startups (`scoring`) is made for long texts of two sides. A search text is short, and its
language is not known, while texts of one language sit together in the model's space: "snow" is nearer to any English
need than to the Swedish one about snow. So each text is centred by the mean of its own language within its kind.
Shared words count by their square: a few four-grams in common are chance, a whole word is not.

Set on 32 questions in two languages over the demo hub, read by hand (November 2026): the first right answer had a mean
reciprocal rank of 0.59 by the scoring of long texts and 0.81 by this.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .background import SHIPPED_WEIGHT, Background
from .mirror import Shelf

OTHER_KINDS = 5.0  # a kind's own mean of a language counts against that of all kinds as so many texts
HALF_A_NEED = 0.5  # a search text is only half like a need: so much of the needs' mean is taken from it
NOISE = 0.07  # the spread of scores that mean nothing; the highest of n such is about NOISE · √(2 ln n)
FEW = 10
OF_THE_BEST = 0.4  # what is further below the best than this is not shown


@dataclass(frozen=True)
class Shipped:
    """The shipped background with the languages of its texts: needs as questions, startups as documents."""

    texts: Background
    need_languages: Sequence[str]
    startup_languages: Sequence[str]

    def of(self, kind: str) -> tuple[np.ndarray, Sequence[str]]:
        """Return vectors (n, d) and languages (n,) of the side that a kind is on."""
        if kind == "need":
            return self.texts.questions.vectors, self.need_languages
        return self.texts.documents.vectors, self.startup_languages


class Corners:
    """The mean vector of each language within each kind; a rare one leans on other kinds and on the shipped texts."""

    def __init__(self, shelves: Mapping[str, Shelf], shipped: Shipped) -> None:
        """Take the hub's own texts by kind, and the shipped ones."""
        self.kinds: dict[str, np.ndarray] = {}
        self._cells: dict[tuple[str, str], tuple[np.ndarray, int]] = {}
        for kind, shelf in shelves.items():
            vectors, languages = _embedded(shelf.texts.vectors, [row["language"] for row in shelf.rows])
            lent, lent_languages = _embedded(*shipped.of(kind))
            weight = min(SHIPPED_WEIGHT, len(lent))
            total = vectors.sum(axis=0) + (weight * lent.mean(axis=0) if weight else 0)
            self.kinds[kind] = total / max(len(vectors) + weight, 1)
            self._count(kind, vectors, languages)
            self._count(kind, lent, lent_languages)
        self._all: dict[str, tuple[np.ndarray, int]] = {}
        for (_, language), (total, count) in self._cells.items():
            sofar, number = self._all.get(language, (0, 0))
            self._all[language] = sofar + total, number + count

    def _count(self, kind: str, vectors: np.ndarray, languages: np.ndarray) -> None:
        for language in np.unique(languages):
            here = vectors[languages == language]
            total, count = self._cells.get((kind, language), (0, 0))
            self._cells[kind, language] = total + here.sum(axis=0) - len(here) * self.kinds[kind], count + len(here)

    def of(self, kind: str, language: str) -> np.ndarray:
        """Return the mean vector (d,) of the texts of a language within a kind."""
        everywhere, number = self._all.get(language, (np.zeros_like(self.kinds[kind]), 0))
        total, count = self._cells.get((kind, language), (0, 0))
        return self.kinds[kind] + (total + OTHER_KINDS * everywhere / (number + 1)) / (count + OTHER_KINDS)


class Finder:
    """The texts of one kind, ready to be searched. Holds no copy of their vectors."""

    def __init__(self, kind: str, shelf: Shelf, corners: Corners) -> None:
        """Prepare the texts of a shelf."""
        self._vectors = shelf.texts.vectors
        tongues = sorted({row["language"] for row in shelf.rows})
        numbers = {language: number for number, language in enumerate(tongues)}
        self._tongue = np.array([numbers[row["language"]] for row in shelf.rows], np.int64)
        self._corners = np.array([corners.of(kind, language) for language in tongues], np.float32)
        self._embedded = self._vectors.any(axis=1)
        if tongues:
            dots = np.take_along_axis(self._vectors @ self._corners.T, self._tongue[:, None], axis=1)[:, 0]
            squares = (self._corners**2).sum(axis=1)[self._tongue]
            self._lengths = np.sqrt(np.maximum(1 - 2 * dots + squares, 1e-6))  # |v − m| where |v| = 1

    def nearness(self, asked: np.ndarray) -> np.ndarray:
        """(n,) cosine of a centred question (d,) to each text, less the mean; 0 for what has no vector."""
        if not self._embedded.any():
            return np.zeros(len(self._embedded), np.float32)
        cosine = (self._vectors @ asked - (self._corners @ asked)[self._tongue]) / self._lengths
        return np.where(self._embedded, cosine - cosine[self._embedded].mean(), 0)


def unit(vector: np.ndarray) -> np.ndarray:
    """Return a vector (d,) with length 1; zeros stay zeros."""
    return (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)


def least(scores: np.ndarray) -> float:
    """Return the score from which a result is worth showing: above what chance gives, and not far below the best."""
    noise = NOISE * math.sqrt(2 * math.log(max(len(scores), FEW)))
    return max(noise, OF_THE_BEST * float(scores.max(initial=0)))


def _embedded(vectors: np.ndarray, languages: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    there = vectors.any(axis=1)
    return vectors[there], np.array(languages, dtype=object)[there]
