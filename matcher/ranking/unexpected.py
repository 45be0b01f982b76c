"""One place of eight for a startup that one would not have looked for.

Lists that only ever show the nearest show the same companies again and again, and a broker never learns that another
field has an answer. So the last place of the first page may go to a plausible startup from further down: one that
stands in few other lists, or that comes from another field. It keeps its rank, and the page says why it stands there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal

PLACE = 7  # counted from 0: the eighth
WITHIN = 40  # how far down the list it may come from
FLOOR = 0.05  # of what lies between the first and the one whose place it takes: further below that is not plausible
SELDOM = 1  # other lists that it stands in, at most

Why = Literal["seldom", "field"]


@dataclass(frozen=True)
class Candidate:
    """A match as far as the choice goes: its score, the themes of the startup, and the other lists that show it."""

    score: float
    themes: Set[str]
    lists: int | None


def choose(candidates: Sequence[Candidate]) -> tuple[int, Why] | None:
    """Return the position of the one for PLACE, and why it; None where nobody is plausible.

    candidates: the first WITHIN of the list as it would be shown, best first. Those up to PLACE stay where they are.
    Among the plausible the one of another field and seldom shown wins, then the better ranked. A score has no zero of
    its own, so plausible is measured by how the list falls; where even the first is no nearer than texts are to each
    other on the average (0 or less), nobody is.
    """
    if len(candidates) <= PLACE + 1 or candidates[0].score <= 0:
        return None
    first, eighth = candidates[0].score, candidates[PLACE].score
    floor = eighth - FLOOR * (first - eighth)
    usual = frozenset().union(*(candidate.themes for candidate in candidates[:PLACE]))
    found: list[tuple[int, int, Why]] = []
    for place, candidate in enumerate(candidates[:WITHIN]):
        if place <= PLACE or candidate.score < floor:
            continue
        seldom = candidate.lists is not None and candidate.lists <= SELDOM
        other = bool(candidate.themes) and bool(usual) and not candidate.themes & usual
        if seldom or other:
            found.append((-(seldom + other), place, "field" if other else "seldom"))
    return (best[1], best[2]) if (best := min(found, default=None)) else None


def moved(order: Sequence[int], place: int) -> list[int]:
    """Return an order with what stands at `place` brought to PLACE."""
    rest = [one for number, one in enumerate(order) if number != place]
    return [*rest[:PLACE], order[place], *rest[PLACE:]]


Lists = Mapping[str, int]
"""In how many other lists each startup stands, by id; those that are not known are missing."""
