"""How likely is a match to be taken up? A small model over the parts of its score, as plain numbers.

"7 of 10 like this were taken up": logistic regression over the parts gives every decision of the past a chance
(each by a model that had not seen its need), calibrated after Platt (1999) or, with many decisions, by isotonic
regression (Zadrozny and Elkan 2002). Beside the chance of a new match stands what became of the decisions whose chance
was about the same; as many observations give its interval (Wilson 1927). With simulated brokers the chance is nearer to
the true one than the share of these few is. The fitting is in `calibration`; here is only what a page needs.

A model belongs to one scoring version and one embedding model, and is never used for figures of another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

ENOUGH = 50  # decisions; with fewer a list has ranks only
ALIKE = ((0.02, 50), (0.05, 30), (0.1, 20), (0.2, 10))
"""How far the chance of a decision may lie from a match's to be like it: the first width that holds so many."""
STEPS = 100  # past decisions are counted by their chance in per cent
FIRST = 8  # matches of a list that are looked at for "probably nothing"
Z = 1.96  # 95 per cent


@dataclass(frozen=True)
class Estimate:
    """What is said of one match: its chance, 0 to 1, from `low` to `high`; of `of` like it `taken` were taken up."""

    chance: float
    taken: int
    of: int
    low: float
    high: float


@dataclass(frozen=True)
class Chance:
    """A fitted model.

    names (p,): the parts, in order; center, scale and weights (p,) and `bias` give the score of the regression.
    calibration: {"slope", "offset"} of Platt's sigmoid, or {"scores", "chances"}, the corners of an isotonic line.
    counted and taken (STEPS + 1,): decisions of the past by their chance in per cent, and how many were taken up.
    nothing: {"below"}: a list whose best chance lies under it probably holds nothing; None when that cannot be said.
    """

    names: tuple[str, ...]
    center: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    calibration: dict[str, Any]
    counted: tuple[int, ...]
    taken: tuple[int, ...]
    nothing: dict[str, float] | None = None

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Chance:
        """Read a model from JSON data as `as_data` gives it."""
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in data.items()})

    def as_data(self) -> dict[str, Any]:
        """Return the model as plain data."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def chance(self, parts: Mapping[str, float]) -> float:
        """Return the chance, 0 to 1, of a match with these weighted parts; a part that it lacks is 0."""
        return float(self.chances(matrix([parts], self.names))[0])

    def chances(self, rows: np.ndarray) -> np.ndarray:
        """(n,) chances of (n, p) parts."""
        scores = (rows - self.center) / self.scale @ np.array(self.weights) + self.bias
        return calibrated(scores, self.calibration)

    def estimate(self, parts: Mapping[str, float]) -> Estimate | None:
        """Return what became of decisions like this match; None when too few were like it."""
        chance = self.chance(parts)
        for width, enough in ALIKE:
            low, high = math.ceil((chance - width) * STEPS), math.floor((chance + width) * STEPS)
            near = slice(max(low, 0), high + 1)
            of = sum(self.counted[near])
            if of >= enough:
                taken = sum(self.taken[near])
                return Estimate(chance, taken, of, *wilson(chance * of, of))
        return None

    def probably_nothing(self, first: Sequence[Mapping[str, float]]) -> bool:
        """Whether probably none of these matches, the first of a list, would be taken up."""
        if not self.nothing or not first:
            return False
        return max(map(self.chance, first[:FIRST])) < self.nothing["below"]


def matrix(parts: Sequence[Mapping[str, float]], names: Sequence[str]) -> np.ndarray:
    """(n, p) parts in the order of `names`, 0 where a match lacks one."""
    rows = [[found.get(name, 0.0) for name in names] for found in parts]
    return np.array(rows, float).reshape(len(parts), len(names))


def calibrated(scores: np.ndarray, calibration: Mapping[str, Any]) -> np.ndarray:
    """(n,) chances of the regression's scores (n,)."""
    if "slope" in calibration:
        return 1 / (1 + np.exp(-np.clip(calibration["slope"] * scores + calibration["offset"], -30, 30)))
    return np.interp(scores, calibration["scores"], calibration["chances"])


def wilson(taken: float, of: float, z: float = Z) -> tuple[float, float]:
    """Return the ends of Wilson's score interval for a share (E. B. Wilson 1927); (0, 1) without any observation."""
    if of <= 0:
        return 0.0, 1.0
    share, room = taken / of, z * z / of
    middle = (share + room / 2) / (1 + room)
    half = z / (1 + room) * math.sqrt(share * (1 - share) / of + room / (4 * of))
    return max(middle - half, 0.0), min(middle + half, 1.0)
