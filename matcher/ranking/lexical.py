"""Words without a vocabulary: hashed character four-grams of a text, and BM25 over them.

Swedish writes compounds as one word (`snöröjningsfordon`), so whole words miss each other where their parts meet.
Four characters within a word, its edges marked, cope with that and with inflection, and cost half of four and five
together at the same quality (docs/ranking.md). Hashing instead of a fitted vocabulary means that a text has the same
features in every process and year: one row can be kept in the database and a new text joins at once.

BM25: Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009.
"""

import copy
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import scipy.sparse as sp
from scipy.sparse._sparsetools import csc_matvec

from .postings import Postings

BITS = 20  # a million buckets: about one four-gram in ten of a large hub shares its bucket with another
BUCKETS = 1 << BITS
GRAM = 4
K1, B, K3 = (
    0.9,
    0.4,
    7.0,
)  # the defaults of Anserini (Yang et al. 2017) and, for long questions, of Okapi; not fitted here

PART = 4_096  # questions that are weighed at once
FEW = 1 << 16  # features of all texts, up to which sorting them costs less than going through all buckets

_SPACE = ord(" ")
_NOT_WORD = re.compile(r"[\W_]+")
# Odd multipliers of a polynomial hash and of Fibonacci hashing (Knuth, TAOCP 3, 6.4), modulo 2**64 on every machine.
_BASE = np.uint64(0x100000001B3)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Terms:
    """The features of one text: `ids` (m,) uint32 ascending bucket numbers, `counts` (m,) uint16."""

    ids: np.ndarray
    counts: np.ndarray

    def to_bytes(self) -> bytes:
        """Little-endian: all ids as uint32, then all counts as uint16; six bytes a feature."""
        return self.ids.astype("<u4").tobytes() + self.counts.astype("<u2").tobytes()

    @classmethod
    def from_bytes(cls, blob: bytes) -> "Terms":
        """Return the terms that `to_bytes` wrote. Raises ValueError if the length cannot be right."""
        size, rest = divmod(len(blob), 6)
        if rest:
            raise ValueError(f"terms: {len(blob)} bytes is not a whole number of features")
        ids = np.frombuffer(blob, "<u4", size).astype(np.uint32, copy=False)
        return cls(ids, np.frombuffer(blob, "<u2", size, 4 * size).astype(np.uint16, copy=False))


def normalise(text: str) -> str:
    """Lower case, compatibility forms folded (NFKC), everything but letters and digits a single space."""
    return _NOT_WORD.sub(" ", unicodedata.normalize("NFKC", text).lower()).strip()


def terms(text: str) -> Terms:
    """Hash and count the four-grams within the words of `text`, of any length; an empty text has none."""
    codes = np.frombuffer(f" {normalise(text)} ".encode("utf-32-le"), "<u4").astype(np.uint64)
    if len(codes) < GRAM:
        return Terms(np.empty(0, np.uint32), np.empty(0, np.uint16))
    windows = np.lib.stride_tricks.sliding_window_view(codes, GRAM)
    inside = (windows[:, 1:-1] != _SPACE).all(axis=1)
    hashed = np.zeros(len(windows), np.uint64)
    for position in range(GRAM):
        hashed = hashed * _BASE + windows[:, position]
    buckets = (hashed[inside] * _SPREAD) >> np.uint64(64 - BITS)
    ids, counts = np.unique(buckets.astype(np.uint32), return_counts=True)
    return Terms(ids, np.minimum(counts, 65535).astype(np.uint16))


@dataclass(frozen=True, slots=True)
class Flat:
    """The terms of many texts one after the other: those of text i from `ends[i]` to `ends[i + 1]` of the others."""

    ids: np.ndarray
    counts: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.ends) - 1

    @overload
    def __getitem__(self, which: int) -> Terms: ...
    @overload
    def __getitem__(self, which: slice) -> "Flat": ...
    def __getitem__(self, which: int | slice) -> "Terms | Flat":
        """Return the terms of one text, or some texts that follow each other."""
        if isinstance(which, slice):
            first, after, _ = which.indices(len(self))
            start, end = self.ends[first], self.ends[max(first, after)]
            ends = self.ends[first : max(first, after) + 1]
            return Flat(self.ids[start:end], self.counts[start:end], ends - start if start else ends)
        start, end = self.ends[which], self.ends[which + 1]
        return Terms(self.ids[start:end], self.counts[start:end])

    @classmethod
    def of(cls, rows: "Sequence[Terms] | Flat") -> "Flat":
        """Lay the terms of some texts one after the other."""
        if isinstance(rows, Flat):
            return rows
        if laid_out := getattr(rows, "parts", None):
            parts = laid_out()
            return parts[0] if len(parts) == 1 else cls.joined(parts)
        if not len(rows):
            return cls(np.empty(0, np.uint32), np.empty(0, np.uint16), np.zeros(1, np.int64))
        return cls(
            np.concatenate([row.ids for row in rows]),
            np.concatenate([row.counts for row in rows]),
            np.cumsum([0, *(len(row.ids) for row in rows)], dtype=np.int64),
        )

    @classmethod
    def joined(cls, parts: "Sequence[Flat]") -> "Flat":
        """Return the texts of all parts in their order."""
        if not parts:
            return cls.of([])
        ids, counts = [part.ids for part in parts], [part.counts for part in parts]
        return cls(np.concatenate(ids), np.concatenate(counts), cls.ends_of(parts))

    @staticmethod
    def ends_of(parts: "Sequence[Flat]") -> np.ndarray:
        """Return where the texts of all parts end when they follow each other."""
        sizes = np.concatenate([np.diff(part.ends) for part in parts])
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])

    @classmethod
    def parts(cls, rows: "Sequence[Terms] | Flat") -> "list[Flat]":
        """Return some texts in parts, at least one, as they lie: nothing is copied that lies in one piece somewhere."""
        laid_out = None if isinstance(rows, Flat) else getattr(rows, "parts", None)
        return (laid_out() if laid_out else []) or [cls.of(rows)]


def matrix(rows: Sequence[Terms] | Flat) -> sp.csr_array:
    """Join the rows to one sparse (n, BUCKETS) float32 matrix of counts."""
    flat = Flat.of(rows)
    # scipy holds the places of all features as wide as these
    ends = flat.ends.astype(np.int32) if flat.ends[-1] < np.iinfo(np.int32).max else flat.ends
    # Buckets are smaller than 2**31: the same bits, not copied. scipy is not to write into what others read.
    return sp.csr_array((flat.counts.astype(np.float32), flat.ids.view(np.int32), ends), shape=(len(flat), BUCKETS))


class Index:
    """BM25 over the documents of one collection, for one question or many at once. Not changed after it is made.

    `share` says which part of the most that a question could get it does get: unlike a bare BM25 sum this compares
    between short and long questions, and stays near 0 where the two texts are in different languages.
    """

    def __init__(self, documents: Sequence[Terms], others: Sequence[Terms] = (), others_weight: float = 1.0) -> None:
        """Index `documents`; `others` only lend their document frequencies, each counted `others_weight` times."""
        counts = matrix(documents)
        self.size = len(documents)
        self._idf = _inverse_frequency(counts, matrix(others), others_weight)
        self._blocks = [_postings(counts)]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that it is made of. Raises ValueError of one that was joined."""
        (postings,) = self._blocks
        return {"idf": self._idf, **postings.arrays()}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray], size: int) -> "Index":
        """Return what `arrays` was told of, for so many documents; the arrays are held as they are."""
        made = object.__new__(cls)
        made.size, made._idf = size, arrays["idf"]
        made._blocks = [Postings.over(arrays, BUCKETS, size)]
        return made

    def beside(self, documents: Sequence[Terms]) -> "Index":
        """Return an index of other documents by the document frequencies of this one."""
        other = copy.copy(self)
        other.size, other._blocks = len(documents), [_postings(matrix(documents))]
        return other

    def joined(self, other: "Index") -> "Index":
        """Return an index of the documents of both, `other` being one that was made beside this."""
        both = copy.copy(self)
        both.size, both._blocks = self.size + other.size, self._blocks + other._blocks
        return both

    def share(self, questions: Sequence[Terms]) -> np.ndarray:
        """Return (questions, documents) float32 in 0 to 1: BM25 over what endless repetition of the question gets."""
        if len(questions) == 1:
            return self._of_one(questions[0].ids, self._weights(questions[0]))
        return self.share_of(self._weighed(questions))

    def rarest(self, question: Terms, share: float) -> tuple[Terms, np.ndarray]:
        """Return the rarest features of a question that together stand in about `share` of the documents.

        share: may be more than 1, for a document has many features. Beside them (m,) each one's part of the question.
        """
        idf, weights = self._idf[question.ids], self._weights(question)
        order = np.argsort(-idf, kind="stable")
        kept = np.sort(order[np.cumsum(np.exp(-idf[order])) <= share])  # exp(−idf) is a feature's share of them
        return Terms(question.ids[kept], question.counts[kept]), weights[kept]

    def mean_question(self, questions: Sequence[Terms]) -> sp.csr_array:
        """Return (1, BUCKETS): the mean of what the questions ask for, for `share_of`."""
        flat, total = Flat.of(questions), np.zeros(BUCKETS, np.float32)
        for start in range(0, len(flat), PART):  # what all ask for at once would take more memory than the index
            part = self._weighed(flat[start : start + PART])
            csc_matvec(BUCKETS, part.shape[0], part.indptr, part.indices, part.data, _ones(part.shape[0]), total)
        ids = np.flatnonzero(total != 0)  # of the dense row scipy would look for them ten times as long
        mean = total[ids] / np.float32(max(len(questions), 1))
        return sp.csr_array((mean, ids.astype(np.int32), np.array([0, len(ids)], np.int32)), shape=(1, BUCKETS))

    def share_of(self, weighed: sp.csr_array) -> np.ndarray:
        """Return (rows, documents) float32: what the documents have of rows (rows, BUCKETS) of weighed features."""
        if weighed.shape[0] == 1:
            return self._of_one(weighed.indices, weighed.data)
        return np.hstack([postings.product(weighed) for postings in self._blocks])

    def _of_one(self, ids: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """(1, documents): one question, the daily case, adds up the postings of its own features, in their order."""
        found = [postings.sum(ids, weights) for postings in self._blocks]
        return (found[0] if len(found) == 1 else np.concatenate(found))[None].astype(np.float32, copy=False)

    def _weights(self, question: Terms) -> np.ndarray:
        """(features,) float32: what `_weighed` gives for one question, without the cost of a matrix."""
        counts = question.counts.astype(np.float32)
        asked = counts * (K3 + 1) / (counts + K3) * self._idf[question.ids]
        return asked / np.maximum(np.add.reduceat(asked, [0]), 1e-9) if len(asked) else asked

    def _weighed(self, questions: Sequence[Terms] | Flat) -> sp.csr_array:
        """(questions, BUCKETS): each feature's part of all that its question asks for."""
        asked = matrix(questions)
        asked.data = asked.data * (K3 + 1) / (asked.data + K3) * self._idf[asked.indices]
        asked.data /= np.repeat(np.maximum(asked.sum(axis=1), 1e-9), np.diff(asked.indptr))
        return asked


def _ones(size: int) -> np.ndarray:
    return np.ones(size, np.float32)


def _postings(counts: sp.csr_array) -> Postings:
    """Return what each feature adds to each document, for a weight of one."""
    counts.data /= counts.data + np.float32(K1)
    return Postings.of(counts)


def _inverse_frequency(documents: sp.csr_array, others: sp.csr_array, weight: float) -> np.ndarray:
    """(BUCKETS,) float32: ln(1 + (N − n + ½) / (n + ½)), never negative."""
    size = documents.shape[0] + weight * others.shape[0]
    if documents.nnz + others.nnz > FEW:
        return _rarity(_holders(documents.indices) + weight * _holders(others.indices), size)
    ids, places = np.unique(np.concatenate([documents.indices, others.indices]), return_inverse=True)
    own, lent = (np.bincount(part, minlength=len(ids) + 1) for part in np.split(places, [documents.nnz]))
    rarity = _rarity(own + weight * lent, size)  # at the end of what no text has
    found = np.full(BUCKETS, rarity[-1])
    found[ids] = rarity[:-1]
    return found


def _rarity(found: np.ndarray, size: float) -> np.ndarray:
    return np.log1p((size - found + 0.5) / (found + 0.5)).astype(np.float32)


def numbered(buckets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different buckets (m,), ascending, and (n,) int32 which of them each is."""
    if len(buckets) <= FEW:
        found, places = np.unique(buckets, return_inverse=True)
        return found, places.astype(np.int32)
    there = np.zeros(BUCKETS, bool)
    there[buckets] = True
    found = np.flatnonzero(there)
    number = np.empty(BUCKETS, np.int32)
    number[found] = np.arange(len(found), dtype=np.int32)
    return found, number[buckets]


def _holders(buckets: np.ndarray) -> np.ndarray:
    """(BUCKETS,): how often each stands there; in parts, for numpy makes all of them twice as wide first."""
    found = np.zeros(BUCKETS, np.int64)
    for start in range(0, len(buckets), 1 << 20):
        found += np.bincount(buckets[start : start + (1 << 20)], minlength=BUCKETS)
    return found
