"""Which texts have a feature and what it adds to each: postings, laid out for adding up those of one question.

A feature that few texts have lies as a list of these texts. One that a third of them have or more lies as a row of all
texts: adding a row to what was found reads the memory in its order, and adding so many texts one by one does not. Both
take as much memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np
import scipy.sparse as sp
from scipy.linalg.blas import saxpy
from scipy.sparse._sparsetools import csc_matvec, csr_row_index

LONG = 4_000  # texts of a feature, on average: a call for each then costs less than copying them all
MANY = 32_768  # texts; fewer fit the processor's caches, where the order in which they are read costs little
COMMON = 3  # a feature is common when one text in so many has it


class Postings:
    """What each of `features` adds to each of n texts, (features, n) float32. Not changed after it is made."""

    def __init__(self, listed: sp.csr_array, common: np.ndarray, rows: np.ndarray) -> None:
        """Hold what is `listed` (features, n); the `common` features (m,), ascending, have `rows` (m, n) instead."""
        self._listed, self._common, self._rows = listed, common, rows

    @classmethod
    def of(cls, adds: sp.csr_array) -> Self:
        """Turn what texts (n, features) have."""
        listed = adds.T.tocsr()
        if listed.shape[1] < MANY:
            return cls(listed, np.empty(0, np.int32), np.empty((0, listed.shape[1]), np.float32))
        return cls(*_parted(listed))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that it is made of."""
        parts = {"starts": self._listed.indptr, "documents": self._listed.indices, "adds": self._listed.data}
        return parts | {"common": self._common, "rows": self._rows}

    @classmethod
    def over(cls, arrays: Mapping[str, np.ndarray], features: int, size: int) -> Self:
        """Return what `arrays` was told of, for n = `size` texts; the arrays are held as they are."""
        parts = arrays["adds"], arrays["documents"], arrays["starts"]
        rows = arrays["rows"].reshape(len(arrays["common"]), size)
        return cls(sp.csr_array(parts, shape=(features, size)), arrays["common"], rows)

    def sum(self, features: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """(n,) float32: what some different features add, each times its weight (features,)."""
        weights = weights.astype(np.float32, copy=False)
        if not len(self._common):
            return _added_up(self._listed, features, weights)
        places = np.minimum(np.searchsorted(self._common, features), len(self._common) - 1)
        is_common = self._common[places] == features
        found = _added_up(self._listed, features[~is_common], weights[~is_common])
        for place, weight in zip(places[is_common].tolist(), weights[is_common].tolist(), strict=True):
            found = saxpy(self._rows[place], found, a=weight)  # into `found` itself
        return found

    def product(self, weighed: sp.csr_array) -> np.ndarray:
        """(q, n) float32: the same for many at once, weighed (q, features)."""
        found = (weighed @ self._listed).toarray()
        return found + weighed[:, self._common].toarray() @ self._rows if len(self._common) else found


def _parted(listed: sp.csr_array) -> tuple[sp.csr_array, np.ndarray, np.ndarray]:
    """Part what is listed into the features that stay so, the common ones (m,) and their rows (m, n).

    What stays moves to the front of the very arrays that were given: another copy would take as much memory again.
    """
    starts, documents, adds, size = listed.indptr, listed.indices, listed.data, listed.shape[1]
    lengths = np.diff(starts)
    common = np.flatnonzero(COMMON * lengths.astype(np.int64) >= size).astype(np.int32)
    rows, end = np.zeros((len(common), size), np.float32), 0
    for place, (first, after) in enumerate(zip([0, *(common + 1)], [*common, len(lengths)], strict=True)):
        start, stop = int(starts[first]), int(starts[after])
        for array in (documents, adds):
            array[end : end + stop - start] = array[start:stop]
        end += stop - start
        if place < len(common):
            these = slice(stop, int(starts[after + 1]))
            rows[place, documents[these]] = adds[these]
    lengths[common] = 0
    ends = np.zeros_like(starts)
    np.cumsum(lengths, out=ends[1:])
    return sp.csr_array((adds[:end], documents[:end], ends), shape=listed.shape), common, rows


def _added_up(listed: sp.csr_array, ids: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n,): the postings of some features, each times its weight, added up in the order of the features.

    What scipy takes rows and multiplies with is called by hand: its checks cost as much as the work where the postings
    are short. Where they are long the copy costs most, and each feature is added where it lies. The sums are the same
    to the last bit.
    """
    starts, found = listed.indptr, np.zeros(listed.shape[1], np.float32)
    ids = ids.astype(starts.dtype, copy=False)
    firsts, afters = starts[ids], starts[ids + 1]
    ends = np.zeros(len(ids) + 1, starts.dtype)
    np.cumsum(afters - firsts, out=ends[1:])
    if ends[-1] < LONG * len(ids):
        documents, adds = np.empty(ends[-1], listed.indices.dtype), np.empty(ends[-1], np.float32)
        csr_row_index(len(ids), ids, starts, listed.indices, listed.data, documents, adds)
        csc_matvec(len(found), len(ids), ends, documents, adds, weights, found)
        return found
    for first, after, weight in zip(firsts.tolist(), afters.tolist(), weights[:, None], strict=True):
        span = np.array([0, after - first], starts.dtype)
        csc_matvec(len(found), 1, span, listed.indices[first:after], listed.data[first:after], weight, found)
    return found
