"""Many texts in an order of their own, read from where they lie: nothing is copied until somebody asks for rows.

Most lie in the file that the processes of a host share (`shared`), the few that have changed since in this process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from .lexical import Flat, Terms


def _runs(places: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield (first, after) of the stretches of places that follow each other."""
    if len(places):
        cuts = np.flatnonzero(np.diff(places) != 1) + 1
        yield from zip([0, *cuts.tolist()], [*cuts.tolist(), len(places)], strict=True)


@dataclass(frozen=True)
class Vectors:
    """(n, d) float32 vectors: row i is row `where[i]` of `base` (m, d), or from m on of `later` (k, d)."""

    base: np.ndarray
    later: np.ndarray
    where: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """(n, d)."""
        return len(self.where), self.base.shape[1]

    def __len__(self) -> int:
        return len(self.where)

    def __getitem__(self, which: Any) -> np.ndarray:
        """Return rows as an array of numbers, bools, a slice or one number of the rows gives them."""
        where = self.where[which]
        if np.ndim(where) == 0:
            return self.base[where] if where < len(self.base) else self.later[where - len(self.base)]
        if len(where) and where[-1] < len(self.base) and (np.diff(where) == 1).all():
            return self.base[where[0] : where[-1] + 1]  # as they lie: nothing is copied
        found = np.empty((len(where), self.base.shape[1]), np.float32)
        late = where >= len(self.base)
        found[~late] = self.base[where[~late]]
        found[late] = self.later[where[late] - len(self.base)]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return all rows."""
        return np.array(self[:], dtype, copy=copy)

    def any(self, axis: int | None = None) -> np.ndarray:
        """Return whether anything is not zero, of all rows as numpy does."""
        return self[:].any(axis=axis)

    def copy(self) -> np.ndarray:
        """Return all rows, to be changed."""
        return np.array(self[:])


class Words(Sequence[Terms]):
    """The terms of n texts: text i is text `where[i]` of `base`, or from its end on of `later`."""

    def __init__(self, base: Flat, later: Sequence[Terms], where: np.ndarray) -> None:
        """Take the texts that lie together, those that came later, and (n,) places among all of these."""
        self._base, self._later, self._where = base, later, where

    def __len__(self) -> int:
        return len(self._where)

    @overload
    def __getitem__(self, which: int) -> Terms: ...
    @overload
    def __getitem__(self, which: slice) -> Sequence[Terms]: ...
    def __getitem__(self, which: int | slice) -> Terms | Sequence[Terms]:
        """Return the terms of one text, or some texts."""
        if isinstance(which, slice):
            return Words(self._base, self._later, self._where[which])
        place = int(self._where[which])
        return self._base[place] if place < len(self._base) else self._later[place - len(self._base)]

    def parts(self) -> list[Flat]:
        """Return them in as few parts as they lie in, one after the other."""
        later, size = Flat.of(self._later), len(self._base)
        return [
            self._base[first:after] if first < size else later[first - size : after - size]
            for first, after in self._stretches()
        ]

    def _stretches(self) -> Iterator[tuple[int, int]]:
        """Yield where the texts lie, in stretches that are all in the base or all later."""
        size = len(self._base)
        for first, after in _runs(self._where):
            start, end = int(self._where[first]), int(self._where[after - 1]) + 1
            if start < size < end:
                yield from ((start, size), (size, end))
            else:
                yield start, end
