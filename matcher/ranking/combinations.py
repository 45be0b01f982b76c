"""Two or three startups that together answer more of a need's sentences than any one of them.

Which sentences are answered is decided as for the evidence: a sentence of the profile is near enough in meaning. All
pairs and threes of the few that a broker looks at are tried; of those that answer as much the better ranked win.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from operator import or_

import numpy as np

LOOKED_AT = 12  # startups: 66 pairs and 220 threes, tried in a few milliseconds
SMALLEST, LARGEST = 2, 3
LEAST_GAIN = 2  # sentences more than the best alone: one more is chance


@dataclass(frozen=True)
class Together:
    """Startups by position (ascending), the sentences of the need that each answers best, and the gain.

    answers: a list of sentence numbers for each startup; every answered sentence stands once, with the nearest of them.
    alone: how many sentences the best single startup of the list answers. of: how many there are.
    """

    startups: tuple[int, ...]
    answers: list[list[int]]
    alone: int
    of: int

    @property
    def answered(self) -> int:
        """How many sentences they answer together."""
        return sum(len(sentences) for sentences in self.answers)


def best(nearness: np.ndarray, answered: float) -> Together | None:
    """Return the best combination for (startups, sentences) cosines of each sentence to its nearest in each profile.

    answered: the cosine from which a sentence counts as answered. None where no combination gains LEAST_GAIN; three
    are only taken where they answer at least one sentence more than the best two.
    """
    near = nearness[:LOOKED_AT]
    if near.size == 0:
        return None
    met = near >= answered
    alone = int(met.sum(axis=1).max())
    found, least = None, alone + LEAST_GAIN
    for size in range(SMALLEST, LARGEST + 1):
        chosen = _most(met, size)
        covered = int(met[list(chosen)].any(axis=0).sum()) if chosen else 0
        if covered >= least:
            found, least = chosen, covered + 1
    return Together(found, _shared_out(near, met, found), alone, nearness.shape[1]) if found else None


def _most(met: np.ndarray, size: int) -> tuple[int, ...]:
    """Return the group that answers most; the first in order of rank among equals. Nobody in it is superfluous."""
    # Hundreds of groups of few profiles: what each answers is a number, a bit for each sentence.
    bits = [sum(1 << place for place in np.flatnonzero(row).tolist()) for row in met]
    groups = combinations(range(len(met)), size)
    return max(groups, key=lambda group: reduce(or_, (bits[place] for place in group)).bit_count(), default=())


def _shared_out(near: np.ndarray, met: np.ndarray, group: Sequence[int]) -> list[list[int]]:
    """Give every answered sentence to the one of the group that is nearest to it."""
    rows = list(group)
    best_row = near[rows].argmax(axis=0)
    covered = met[rows].any(axis=0)
    return [np.flatnonzero(covered & (best_row == number)).tolist() for number in range(len(rows))]
