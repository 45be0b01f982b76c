"""What a search text finds: a few words in any language against everything of one kind.

The scoring of needs against startups (`scoring`) is made for long texts of two sides. Search uses its centred vectors
and its words, but not its hub statistics: they are those of needs, and nothing like a few words. Shared words count by
their square: some four-grams in common are chance, a whole word is not.

Set on 32 questions in two languages over the demo hub, read by hand (November 2026): the first right answer had a mean
reciprocal rank of 0.59 by the scoring of long texts without regard to language, and has one of 0.80 so.
"""

from __future__ import annotations

import math

import numpy as np

HALF_A_NEED = 0.5  # a search text is only half like a need: so much of the needs' mean is taken from it
NOISE = 0.07  # the spread of scores that mean nothing; the highest of n such is about NOISE · √(2 ln n)
FEW = 10
STEADY = 5.0
OF_THE_BEST = 0.4  # what is further below the best than this is not shown


def usual(cosine: np.ndarray, embedded: np.ndarray) -> float:
    """Return how near anything is to a question, by (n,) cosines to the texts of a kind, where they are known."""
    return cosine[embedded].sum() / (embedded.sum() + STEADY)  # of one text alone the mean would say nothing


def parts(
    cosine: np.ndarray, embedded: np.ndarray, words: np.ndarray, mean: float | None = None
) -> dict[str, np.ndarray]:
    """Return the parts of a score, which add up to it, by (n,) cosines, where they are known, and shared words.

    mean: what is `usual`, where these are not all texts of their kind.
    """
    mean = usual(cosine, embedded) if mean is None else mean
    return {"semantic": np.where(embedded, 2 * (cosine - mean), 0), "lexical": np.maximum(words, 0) ** 2}


def unit(vector: np.ndarray) -> np.ndarray:
    """Return a vector (d,) with length 1; zeros stay zeros."""
    return (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)


def least(scores: np.ndarray, noise: float = NOISE, of: int = 0) -> float:
    """Return the score from which a result is worth showing: above what chance gives, and not far below the best.

    of: how many there are, where `scores` are those of some.
    """
    chance = noise * math.sqrt(2 * math.log(max(len(scores), of, FEW)))
    return max(chance, OF_THE_BEST * float(scores.max(initial=0)))
