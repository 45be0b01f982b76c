"""How much of a text's words other texts have, window by window: by hashed four-grams, a block of windows at a time.

All windows of a long profile against all needs of a hub would take gigabytes; a block of them takes megabytes. Each
word's four-grams are hashed once, whatever number of windows it stands in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import scipy.sparse as sp

from . import lexical
from .lexical import Terms

BLOCK = 256  # windows; with 3,500 other texts 3.6 MB


class Words:
    """The words of one text in their order, with the four-grams of each different word."""

    def __init__(self, words: Sequence[str]) -> None:
        """Take the words as they are compared: in lower case."""
        known: dict[str, int] = {}
        self.number = np.array([known.setdefault(word, len(known)) for word in words], np.int32)
        grams = lexical.matrix([lexical.terms(word) for word in known])
        self.features, places = np.unique(grams.indices, return_inverse=True)
        ones = np.ones(len(places), np.float32)
        self._grams = sp.csr_array(
            (ones, places.astype(np.int32), grams.indptr), shape=(len(known), len(self.features))
        )

    def __len__(self) -> int:
        return len(self.number)

    def grams(self, starts: np.ndarray, size: int) -> sp.csr_array:
        """Return (windows, features): 1 for each four-gram of the `size` words from each of these places on."""
        words = self.number[starts[:, None] + np.arange(size)].ravel()
        ends = np.arange(0, len(words) + 1, size, dtype=np.int32)
        windows = sp.csr_array(
            (np.ones(len(words), np.float32), words, ends), shape=(len(starts), len(self._grams.indptr) - 1)
        )
        found = windows @ self._grams
        found.data[:] = 1
        return found


class Others:
    """Many texts by their four-grams, and how rare each four-gram is among them."""

    def __init__(self, terms: Sequence[Terms]) -> None:
        """Take the terms of the texts, in the order by which they are numbered."""
        self.count = len(terms)
        counts = lexical.matrix(terms)
        # Rows for the features that any text has, and an empty one for all others: a million would be 8 MB and 20 ms
        # for each profile that is read in a hub of few needs.
        features, columns = lexical.numbered(counts.indices)
        self._features = np.append(features, lexical.BUCKETS)
        found = np.append(np.bincount(columns, minlength=len(features)), 0)
        self._rarity = np.log1p((len(terms) - found + 0.5) / (found + 0.5)).astype(np.float32)
        ones = np.ones(len(columns), counts.dtype)
        having = sp.csr_array((ones, columns, counts.indptr), shape=(len(terms), len(found)))
        self._having = having.T.tocsr()

    def shares(self, words: Words, size: int, stride: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield places at which windows of `size` words start, and how much of each the others have, block by block.

        (windows,) and (windows, others), 0 to 1: the share of the window's four-grams, weighed by their rarity.
        """
        if len(words) < size:
            return
        last = len(words) - size
        starts, rows = np.append(np.arange(0, last, stride), last), self._rows(words)
        for block in _blocks(starts):
            grams = words.grams(block, size)
            grams.data = self._rarity[rows[grams.indices]]
            whole = np.maximum(grams.sum(axis=1), np.float32(1e-9))
            yield block, self._product(rows, grams) / whole[:, None]

    def with_all(self, words: Words, size: int) -> np.ndarray:
        """Return the numbers of the others that have every word of some window of `size` words, in whatever order."""
        found, rows = np.zeros(self.count, bool), self._rows(words)
        for block in _blocks(np.arange(len(words) - size + 1)):
            grams = words.grams(np.arange(block[0], block[-1] + size), 1)
            sizes = np.diff(grams.indptr)
            has = self._product(rows, grams) == sizes[:, None]
            told = np.lib.stride_tricks.sliding_window_view(sizes > 0, size).any(axis=1)
            whole = has[: len(block)] & told[:, None]
            for place in range(1, size):
                whole &= has[place : place + len(block)]
            found |= whole.any(axis=0)
        return np.flatnonzero(found)

    def have(self, words: Words, places: np.ndarray, others: np.ndarray) -> np.ndarray:
        """(places,) bool: whether the word at each of these places is one that the other text beside it has."""
        grams = words.grams(places, 1)
        sizes = np.diff(grams.indptr)
        numbers = np.unique(others)
        having = self._having[self._rows(words)][:, numbers].tocsc()
        result = np.zeros(len(places), bool)
        for column, number in enumerate(numbers):
            own = np.zeros(len(words.features), np.float32)
            own[having.indices[having.indptr[column] : having.indptr[column + 1]]] = 1
            here = np.flatnonzero(others == number)
            result[here] = (sizes[here] > 0) & (grams[here] @ own == sizes[here])
        return result

    def _product(self, rows: np.ndarray, grams: sp.csr_array) -> np.ndarray:
        """(windows, others): what each other text has of windows of weighed four-grams, whose `rows` these are."""
        spread = sp.csr_array(
            (grams.data, rows[grams.indices], grams.indptr), shape=(grams.shape[0], len(self._rarity))
        )
        return (spread @ self._having).toarray()

    def _rows(self, words: Words) -> np.ndarray:
        """(features of the words,): in which row each stands, the last where no text has it."""
        places = np.searchsorted(self._features, words.features)
        return np.where(self._features[places] == words.features, places, len(self._features) - 1).astype(np.int32)


def _blocks(starts: np.ndarray) -> Iterator[np.ndarray]:
    yield from (starts[first : first + BLOCK] for first in range(0, len(starts), BLOCK))
