"""Who is shown, and how evenly: in how many lists each startup stands, and what that says of the whole ranking.

In spaces of many dimensions some points are among the nearest of very many others without being like them: hubs
(Radovanović, Nanopoulos and Ivanović, Hubs in Space, 2010). A generic company with a long profile is one. Three figures
tell how far a ranking suffers from it; none of them knows which list was right, so they stand beside the quality.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

TOP = 10


@dataclass(frozen=True)
class Exposure:
    """How evenly `lists` top tens show `startups` startups.

    coverage: share (0..1) of the startups that are in at least one. skewness: of how often each is shown; 0 is even to
    both sides, above about 2 a few stand in very many lists. gini: 0 all are shown as often, 1 one takes all.
    highest: in how many lists the most shown one stands.
    """

    startups: int
    lists: int
    coverage: float
    skewness: float
    gini: float
    highest: int


def appearances(lists: Iterable[np.ndarray], startups: int) -> np.ndarray:
    """Return (startups,) int64: in how many of the lists, each of positions 0..startups−1, every startup stands."""
    counts = np.zeros(startups, np.int64)
    for places in lists:
        counts[np.unique(places)] += 1
    return counts


def measure(counts: np.ndarray, lists: int) -> Exposure:
    """Return the figures of (n,) appearances in so many lists; zeros where there is nothing to measure."""
    if not len(counts) or not counts.any():
        return Exposure(len(counts), lists, 0.0, 0.0, 0.0, 0)
    return Exposure(len(counts), lists, float((counts > 0).mean()), skewness(counts), gini(counts), int(counts.max()))


def skewness(counts: np.ndarray) -> float:
    """Return the skewness of (n,) appearances, E(x − μ)³ ÷ σ³ (S_k of Radovanović et al. 2010); 0 where all agree."""
    away = counts - counts.mean()
    spread = away.std()
    return float((away**3).mean() / spread**3) if spread else 0.0


def gini(counts: np.ndarray) -> float:
    """Return the Gini coefficient of (n,) appearances, 0 even … 1 one takes all; 0 where nobody is shown."""
    ordered, size = np.sort(counts), len(counts)
    total = ordered.sum()
    return float((2 * np.arange(1, size + 1) - size - 1) @ ordered / (size * total)) if total else 0.0


def best_possible(startups: int, lists: int, top: int = TOP) -> float:
    """Return the highest coverage that so many lists of `top` can have; what a measured one is to be read against."""
    return min(1.0, lists * min(top, startups) / startups) if startups else 0.0


def elsewhere(lists: int | None, rank: int) -> int | None:
    """Return in how many other top tens a startup at `rank` here stands, of `lists` in all; None: not counted."""
    return None if lists is None else max(lists - (rank <= TOP), 0)
