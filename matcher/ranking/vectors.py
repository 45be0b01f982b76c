"""Many vectors laid out for being read at the speed of the memory: exact cosine of each to one question or to many.

Where they outgrow the processor's caches, reading them is what a question costs. A product of a matrix with its rows
one after the other then reaches two thirds of that speed; blocks of columns, of which some are read side by side, all
of it (docs/measurements.md). As long as they fit the caches the plain product is quicker, so few vectors stay as they
are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Self

import numpy as np

TOGETHER = 1024  # questions whose products with a piece are held at once, 4 MB
GROUP = 64
MANY = 32_768  # vectors; 50 MB of 384 dimensions
BLOCK = 4096  # vectors: what is added up for them, 16 kB, stays in the first cache
PIECE = 1024  # of a block, for many questions: 1.5 MB of 384 dimensions


class Vectors:
    """(n, d) float32 vectors; never changed, those of `joined` share what they have in common."""

    def __init__(self, rows: np.ndarray) -> None:
        """Lay out rows (n, d); few are held as they are given."""
        if len(rows) < MANY:
            self._hold([rows.T])
        else:
            starts = range(0, len(rows), BLOCK)
            self._hold([np.ascontiguousarray(rows[start : start + BLOCK].T) for start in starts])

    def _hold(self, blocks: list[np.ndarray]) -> None:
        self._blocks = blocks
        self._starts = np.cumsum([0] + [block.shape[1] for block in blocks])

    @classmethod
    def made(cls, size: int, rows: Callable[[int, int], np.ndarray]) -> Self:
        """Lay out `size` vectors that a function makes from one place to another: all at once are nowhere but here."""
        if size < MANY:
            return cls(rows(0, size))
        laid_out = object.__new__(cls)
        starts = range(0, size, BLOCK)
        laid_out._hold([np.ascontiguousarray(rows(start, min(start + BLOCK, size)).T) for start in starts])
        return laid_out

    def pieces(self) -> list[np.ndarray]:
        """Return what it is made of, block after block: together (n × d,). Of one that was not joined."""
        return [(block.T if len(self) < MANY else block).ravel() for block in self._blocks]

    @classmethod
    def of(cls, array: np.ndarray, size: int, dimensions: int) -> Self:
        """Return the vectors that `pieces` told of; the array is held as it is."""
        if size < MANY:
            return cls(array.reshape(size, dimensions))
        laid_out = object.__new__(cls)
        ends = [*range(BLOCK, size, BLOCK), size]
        pieces = np.split(array, [dimensions * end for end in ends[:-1]])
        laid_out._hold([piece.reshape(dimensions, -1) for piece in pieces])
        return laid_out

    def each(self) -> Iterator[Self]:
        """Yield the vectors block by block."""
        for block in self._blocks:
            one = object.__new__(type(self))
            one._hold([block])
            yield one

    def __len__(self) -> int:
        return int(self._starts[-1])

    def joined(self, other: Self) -> Self:
        """Return these vectors and those of another after them."""
        both = object.__new__(type(self))
        both._blocks = self._blocks + other._blocks
        both._starts = np.concatenate([self._starts, self._starts[-1] + other._starts[1:]])
        return both

    def dot(self, vector: np.ndarray) -> np.ndarray:
        """(n,) float32: the product of each with one vector (d,)."""
        found = np.empty(len(self), np.float32)
        for start, block in zip(self._starts.tolist(), self._blocks, strict=False):
            np.dot(vector, block, out=found[start : start + block.shape[1]])
        return found

    def dots(self, vectors: np.ndarray) -> np.ndarray:
        """(m, n) float32: the products of each with m vectors (m, d); one reading serves all of these."""
        if len(vectors) == 1:
            return self.dot(vectors[0])[None]
        found = np.empty((len(vectors), len(self)), np.float32)
        for start, block in zip(self._starts.tolist(), self._blocks, strict=False):
            np.matmul(vectors, block, out=found[:, start : start + block.shape[1]])
        return found

    def take(self, places: Sequence[int]) -> np.ndarray:
        """(d, k): those at some places, in their order, as columns."""
        which = np.searchsorted(self._starts, places, side="right") - 1
        first = self._starts[which]
        columns = [self._blocks[one][:, place] for one, place in zip(which, np.subtract(places, first), strict=True)]
        return np.stack(columns, axis=1)

    def nearest(self, vectors: np.ndarray, count: int) -> np.ndarray:
        """(m, up to count) the places with the highest products for each of m vectors (m, d), the highest first.

        Equal ones in their order. For many at once: what is no longer among the first of anybody is never sorted.
        """
        count = min(count, len(self))
        rows = [self._nearest(vectors[start : start + TOGETHER], count) for start in range(0, len(vectors), TOGETHER)]
        return np.concatenate(rows) if rows else np.empty((0, count), np.int64)

    def _nearest(self, vectors: np.ndarray, count: int) -> np.ndarray:
        first, scratch, found = _First(len(vectors), count), np.empty((len(vectors), PIECE), np.float32), []
        for number, (start, block) in enumerate(self._pieces() if count else (), 1):
            scores = scratch[:, : block.shape[1]]
            np.matmul(vectors, block, out=scores)
            if number == 1 and count < block.shape[1]:
                first.bar = np.nextafter(np.partition(scores, -count, axis=1)[:, -count], np.float32(-np.inf))
            better = np.flatnonzero(scores > first.bar[:, None])
            rows, columns = np.divmod(better, block.shape[1])
            found.append((rows, columns + start, scores[rows, columns]))
            if number.bit_count() == 1:  # about as many are new in twice as many blocks
                first.take(found)
                found = []
        first.take(found)
        return first.places

    def _pieces(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield where each piece of up to PIECE vectors begins, and the piece (d, k)."""
        for start, block in zip(self._starts.tolist(), self._blocks, strict=False):
            for first in range(0, block.shape[1], PIECE):
                yield start + first, block[:, first : first + PIECE]


def highest(scores: np.ndarray, count: int) -> np.ndarray:
    """(up to count,) the places of the highest of (n,) scores, the highest first, equal ones in their order.

    scores: without NaN.
    """
    count = min(count, len(scores))
    if not count:
        return np.empty(0, np.int64)
    # At least so many are as high as the lowest of the highest groups: a fraction of the cost of dividing them all.
    groups = scores[: len(scores) // GROUP * GROUP].reshape(-1, GROUP).max(axis=1)
    bar = np.partition(groups, -count)[-count] if count < len(groups) else -np.inf
    found = np.flatnonzero(scores >= bar)
    return found[np.argsort(-scores[found], kind="stable")[:count]]


class _First:
    """The `places` (m, k) with the highest scores so far, in order, and `bar` (m,): what a new one must be above."""

    def __init__(self, rows: int, count: int) -> None:
        self.scores = np.full((rows, count), -np.inf, np.float32)
        self.places = np.full((rows, count), -1, np.int64)
        self.bar = np.full(rows, -np.inf, np.float32)

    def take(self, found: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> None:
        """Take in what was found: rows, places and scores of each piece."""
        rows, places, scores = (np.concatenate(part) for part in zip(*found, strict=True)) if found else ((), (), ())
        if not len(rows):
            return
        touched, where = np.unique(rows, return_inverse=True)
        count = self.scores.shape[1]
        rows = np.concatenate([np.repeat(np.arange(len(touched)), count), where])
        scores = np.concatenate([self.scores[touched].ravel(), scores])
        places = np.concatenate([self.places[touched].ravel(), places])
        order = np.lexsort((places, -scores, rows))
        kept = order[np.searchsorted(rows[order], np.arange(len(touched)))[:, None] + np.arange(count)]
        self.scores[touched], self.places[touched] = scores[kept], places[kept]
        self.bar[touched] = self.scores[touched, -1]
