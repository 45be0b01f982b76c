"""The assignment problem of a round: who may meet, what a plan has to keep to, the plan, and what it is worth.

Needs, startups and places are positions in arrays. How the best plan is found stands in `planning` and `flow`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

NO_PLACE = -1

Pair = tuple[int, int]
"""The positions of a need and a startup."""


@dataclass(frozen=True)
class Arcs:
    """Pairs that may meet: `need`, `startup` (positions, int64) and `score` (float64), all of one length."""

    need: np.ndarray
    startup: np.ndarray
    score: np.ndarray

    def __len__(self) -> int:
        return len(self.need)

    def kept(self, chosen: np.ndarray) -> Arcs:
        """Return the arcs of a mask or of positions."""
        return Arcs(self.need[chosen], self.startup[chosen], self.score[chosen])

    def joined(self, other: Arcs) -> Arcs:
        """Return these and others."""
        both = zip((self.need, self.startup, self.score), (other.need, other.startup, other.score), strict=True)
        return Arcs(*(np.concatenate(pair) for pair in both))

    def value(self, pair: Pair) -> float | None:
        """Return the score of a (need, startup), None where it is no arc."""
        found = np.flatnonzero((self.need == pair[0]) & (self.startup == pair[1]))
        return float(self.score[found[0]]) if len(found) else None


@dataclass(frozen=True)
class Lock:
    """A pair that must be in the plan; `place` NO_PLACE leaves its place open."""

    need: int
    startup: int
    place: int = NO_PLACE


@dataclass(frozen=True)
class Round:
    """What a plan has to keep to.

    demand (needs,): how many startups a need asks for. capacity (startups,): how many tests a startup can take.
    free (places,): how many tests a place can hold, and price (needs, places): what it costs a need to go there, inf
    where it cannot; without `free` a test needs no place. locks and forbidden: the broker's own decisions.
    first: what the first startup of a need is worth beyond its score, so that nobody gets a second while another
    could have a first. load: what each further test of the same startup costs; at 0 it still decides between plans
    of equal worth.
    """

    demand: np.ndarray
    capacity: np.ndarray
    free: np.ndarray | None = None
    price: np.ndarray | None = None
    locks: tuple[Lock, ...] = ()
    forbidden: frozenset[Pair] = frozenset()
    first: float = 0.0
    load: float = 0.0

    def locking(self, lock: Lock) -> Round:
        """Return this round with one lock more; a lock or a no that stood between the two gives way."""
        free = self.without(lock.need, lock.startup)
        return replace(free, locks=(*free.locks, lock))

    def without(self, need: int, startup: int) -> Round:
        """Return this round without a lock or a no between the two."""
        others = tuple(held for held in self.locks if (held.need, held.startup) != (need, startup))
        return replace(self, locks=others, forbidden=self.forbidden - {(need, startup)})

    def forbidding(self, need: int, startup: int) -> Round:
        """Return this round with one pair more that is not wanted; a lock of it gives way."""
        free = self.without(need, startup)
        return replace(free, forbidden=free.forbidden | {(need, startup)})


@dataclass(frozen=True)
class Plan:
    """Tests that were chosen: positions of `need`, `startup` and `place` (NO_PLACE without places), and `score`.

    total: the sum of the scores. worth: total plus what first startups are worth less what load and places cost:
    what was made as large as it can be. broken: the locks that could not be kept. arcs: how many pairs were in the
    network at the end.
    """

    need: np.ndarray
    startup: np.ndarray
    place: np.ndarray
    score: np.ndarray
    total: float
    worth: float
    broken: tuple[Lock, ...] = ()
    arcs: int = 0

    def pairs(self) -> set[Pair]:
        """Return the chosen (need, startup)."""
        return set(zip(self.need.tolist(), self.startup.tolist(), strict=True))

    def triples(self) -> set[tuple[int, int, int]]:
        """Return the chosen (need, startup, place)."""
        return set(zip(self.need.tolist(), self.startup.tolist(), self.place.tolist(), strict=True))


def worth_of(wanted: Round, need: np.ndarray, startup: np.ndarray, place: np.ndarray, score: np.ndarray) -> float:
    """Return what a set of tests is worth by the round's own terms (see Plan), the larger the better."""
    served = np.bincount(need, minlength=len(wanted.demand))
    used = np.bincount(startup, minlength=len(wanted.capacity))
    worth = float(score.sum()) + wanted.first * int((served > 0).sum())
    worth -= wanted.load * float((used * (used - 1) / 2).sum())
    if wanted.price is not None and wanted.free is not None:
        price = wanted.price[need, place]
        worth -= float(price[np.isfinite(price)].sum())
    return worth


def allowed(wanted: Round, arcs: Arcs) -> np.ndarray:
    """(arcs,) bool: what is not forbidden."""
    if not wanted.forbidden:
        return np.ones(len(arcs), bool)
    pairs = zip(arcs.need.tolist(), arcs.startup.tolist(), strict=True)
    return np.array([pair not in wanted.forbidden for pair in pairs], bool)
