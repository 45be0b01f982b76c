"""The statistics that make scores comparable, from texts other than the question asked.

Means: E5's vectors lie in a narrow cone, questions and documents and languages each in their own corner of it;
taking away the mean of each side, and of each language within it (`tongues`), opens it (Mu and Viswanath,
All-but-the-Top, 2018). Hubs: a text that is near everything is no news when it is near this question; its mean
similarity to its nearest questions is taken away (CSLS, Conneau et al. 2018). Wordiness: the same for words.

A young hub has too few texts for these, so the shipped background, texts of the demo hub embedded with the same model,
stands in until the hub's own outweigh it.
"""

import copy
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, repeat
from typing import Self

import numpy as np
import scipy.sparse as sp

from matcher.ranking.lexical import BUCKETS, Index, Terms
from matcher.ranking.tongues import PART, Frame, Level, added, chunks, language, unit
from matcher.ranking.vectors import Vectors

NEIGHBOURS = 10  # Conneau et al. 2018
SHIPPED_WEIGHT = 20.0  # the shipped mean counts as this many texts of the hub's own


@dataclass(frozen=True)
class Texts:
    """One side of a collection: `vectors` (n, d) float32 of length 1, and the `terms` of the same n texts."""

    vectors: np.ndarray
    terms: Sequence[Terms]

    def __post_init__(self) -> None:
        if len(self.vectors) != len(self.terms):
            raise ValueError(f"{len(self.vectors)} vectors but the terms of {len(self.terms)} texts")

    def __len__(self) -> int:
        return len(self.terms)

    @cached_property
    def languages(self) -> list[str]:
        """The language of each text, read from its words; empty where they do not tell."""
        return [language(row) for row in self.terms]

    @classmethod
    def none(cls, dimensions: int) -> Self:
        """No texts at all."""
        return cls(np.empty((0, dimensions), np.float32), [])

    def take(self, positions: np.ndarray) -> Self:
        """Return the texts at these positions, in their order, with their languages where these are known already."""
        taken = type(self)(self.vectors[positions], [self.terms[i] for i in positions])
        if "languages" in self.__dict__:
            taken.__dict__["languages"] = [self.languages[i] for i in positions]
        return taken

    def to_bytes(self) -> bytes:
        """Return an .npz archive without pickled objects, for the instance folder."""
        blobs = [row.to_bytes() for row in self.terms]
        buffer = io.BytesIO()
        np.savez(
            buffer,
            vectors=self.vectors.astype("<f4"),
            sizes=np.array([len(blob) for blob in blobs], "<i8"),
            terms=np.frombuffer(b"".join(blobs), np.uint8),
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, blob: bytes) -> Self:
        """Return the texts that `to_bytes` wrote. Raises ValueError, KeyError or zipfile.BadZipFile for others."""
        with np.load(io.BytesIO(blob), allow_pickle=False) as stored:
            ends = np.cumsum(stored["sizes"])
            joined = stored["terms"].tobytes()
            starts = ends - stored["sizes"]
            rows = [Terms.from_bytes(joined[start:end]) for start, end in zip(starts, ends, strict=True)]
            return cls(stored["vectors"].astype(np.float32), rows)


@dataclass(frozen=True)
class Background:
    """The shipped texts of both sides, embedded with one model: what a young hub is measured against."""

    questions: Texts
    documents: Texts

    @classmethod
    def none(cls, dimensions: int) -> Self:
        """No shipped texts: the hub's own must do."""
        return cls(Texts.none(dimensions), Texts.none(dimensions))

    def turned(self) -> Self:
        """Return the same with the sides swapped, for ranking needs against a startup."""
        return type(self)(self.documents, self.questions)

    def without(self, questions: Texts, documents: Texts) -> Self:
        """Return what of it the hub does not hold itself: in the demo hub the need asked about is a shipped one too."""
        return type(self)(_others(self.questions, questions), _others(self.documents, documents))


def _others(shipped: Texts, own: Texts) -> Texts:
    if not len(shipped):
        return shipped
    ours = {row.ids.tobytes() for row in shipped.terms}
    sizes = {len(blob) for blob in ours}
    held = {row.ids.tobytes() for row in own.terms if row.ids.nbytes in sizes} & ours
    return shipped.take(np.array([i for i, row in enumerate(shipped.terms) if row.ids.tobytes() not in held], int))


class Mean:
    """The mean vector of one side, the shipped mean counted as SHIPPED_WEIGHT texts beside the hub's own."""

    def __init__(self, own: Iterable[np.ndarray], shipped: np.ndarray) -> None:
        """Take own vectors in parts (n, d) and shipped (m, d) of length 1; rows of zeros are not embedded yet."""
        total, count = np.zeros(shipped.shape[1], np.float32), 0
        for part in own:
            here = part.any(axis=1)
            total, count = added(total, part if here.all() else part[here], count)
        shipped = shipped[shipped.any(axis=1)]
        weight = min(SHIPPED_WEIGHT, len(shipped))
        self._total = total + (weight * shipped.mean(axis=0) if weight else 0)
        self._count = count + weight

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that it is made of."""
        return {"total": self._total, "count": np.array([self._count], np.float64)}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Return what `arrays` was told of."""
        made = object.__new__(cls)
        made._total, made._count = arrays["total"], float(arrays["count"][0])
        return made

    @property
    def vector(self) -> np.ndarray:
        """The mean itself, (d,); zeros while there are no texts."""
        return self._total / max(self._count, 1)

    def centre(self, vectors: np.ndarray, counted: np.ndarray | None = None) -> np.ndarray:
        """Take the mean away from (n, d) vectors and give them length 1 again; rows of zeros stay zeros.

        counted: (n,) bool, true where the vector itself is part of the mean; it is then left out of its own mean.
        """
        mean = self.vector
        if counted is not None and counted.any():
            here = counted.astype(np.float32)[:, None]
            mean = (self._total - here * vectors) / np.maximum(self._count - here, 1e-9)
        return unit(vectors - mean, vectors).astype(np.float32, copy=False)


class Side:
    """One side's place in the space: the mean of its texts, and what each language adds to it."""

    def __init__(self, own: Texts, shipped: Texts) -> None:
        """Take the hub's own texts of this side and the shipped ones."""
        self._level = Level([(own.vectors, own.languages), (shipped.vectors, shipped.languages)])
        level = self._level.applied
        parts = (level(vectors, languages) for vectors, languages in chunks(own.vectors, own.languages))
        self.mean = Mean(parts, level(shipped.vectors, shipped.languages))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that it is made of."""
        return named("level", self._level.arrays()) | named("mean", self.mean.arrays())

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Return what `arrays` was told of."""
        made = object.__new__(cls)
        made._level, made.mean = Level.of(under("level", arrays)), Mean.of(under("mean", arrays))
        return made

    def centre(self, vectors: np.ndarray, languages: Sequence[str], counted: np.ndarray | None = None) -> np.ndarray:
        """Return (n, d) vectors of texts in these languages without what their side and language do to them."""
        return self.mean.centre(self._level.applied(vectors, languages, counted), counted)

    def frame(self) -> Frame:
        """Return what `centre` takes away, to be kept beside vectors that were centred by it."""
        return self._level.frame(self.mean.vector)

    def centre_each(self, groups: Sequence[np.ndarray], languages: Sequence[str]) -> list[np.ndarray]:
        """Centre groups of (m, d) vectors, each of one language: a call for each costs more than its arithmetic."""
        if not groups:
            return []
        sizes = [len(group) for group in groups]
        together = self.centre(np.concatenate(groups), list(chain.from_iterable(map(repeat, languages, sizes))))
        ends = list(accumulate(sizes))
        return [together[end - size : end] for size, end in zip(sizes, ends, strict=True)]


class Hubs:
    """How near each document is to the questions it is nearest to, with any one question left out on request."""

    def __init__(self, scores: np.ndarray) -> None:
        """Take (questions, documents) similarities of the background's questions to the documents."""
        kept = min(NEIGHBOURS + 1, len(scores))
        self._who = _nearest(scores, kept)
        self._best = np.take_along_axis(scores, self._who, axis=0)
        self._lowest = self._best.min(axis=0) if kept else np.zeros(scores.shape[1], np.float32)
        self._total = self._best.sum(axis=0)
        self._spare = kept == NEIGHBOURS + 1
        self._later: tuple[Self, ...] = ()

    @classmethod
    def among(cls, documents: Vectors, questions: np.ndarray) -> Self:
        """Return those of many documents: the similarities to a part of them at a time, never to all."""
        first, *others = [cls(part.dots(questions)) for part in documents.each()]
        return first.joined(*others) if others else first

    def joined(self, *others: Self) -> Self:
        """Return the same for the documents of all; `others` are made of similarities of the same questions."""
        both = copy.copy(self)
        for name in ("_who", "_best", "_lowest", "_total"):
            setattr(both, name, np.hstack([getattr(self, name), *(getattr(other, name) for other in others)]))
        return both

    def followed_by(self, other: Self) -> Self:
        """Return the same for a few more documents, without touching what is known of the many."""
        both = copy.copy(self)
        both._later = (*self._later, other)
        return both

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that it is made of, also what the first question that is among them would ask for."""
        order, numbers = self._by_question
        return {"who": self._who, "best": self._best, "lowest": self._lowest, "total": self._total, "order": order,
                "numbers": numbers, "spare": np.array([self._spare])}  # fmt: skip

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Return what `arrays` was told of."""
        made = object.__new__(cls)
        made._who, made._best, made._lowest = arrays["who"], arrays["best"], arrays["lowest"]
        made._total, made._spare, made._later = arrays["total"], bool(arrays["spare"][0]), ()
        made.__dict__["_by_question"] = arrays["order"], arrays["numbers"]
        return made

    def mean(self, without: int | None = None) -> np.ndarray:
        """(documents,) mean similarity to the NEIGHBOURS nearest questions other than `without`; 0 with no question."""
        own = self._mean(without)
        return np.concatenate([own, *(one.mean(without) for one in self._later)]) if self._later else own

    def _mean(self, without: int | None) -> np.ndarray:
        kept = len(self._best)
        here = self._places_of(without) if without is not None else ()
        if not len(here):
            rest, size = (self._total - self._lowest, kept - 1) if self._spare else (self._total, kept)
            return rest / max(size, 1)
        left_out = self._lowest.copy()
        left_out[here % len(left_out)] = self._best.ravel()[here]
        return (self._total - left_out) / max(kept - 1, 1)

    def _places_of(self, question: int) -> np.ndarray:
        """Return where a question stands in `_who`, as places in one long row."""
        order, numbers = self._by_question
        first, after = numbers.searchsorted(np.array([question, question + 1], numbers.dtype))  # no wider: not copied
        return order[first:after]

    @cached_property
    def _by_question(self) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(self._who, axis=None, kind="stable").astype(np.int32)
        return order, self._who.ravel()[order]


class Wordiness:
    """What a document shares with any question, so that it can be taken away from what it shares with this one.

    A long or general text has a little of everyone's wording. Its mean share over the background's questions, scaled
    to how much this question shares with all documents, is what chance gives (as the expected counts of a two-way
    table: row mean × column mean ÷ mean). It also does the work of BM25's length normalisation.
    """

    def __init__(self, index: Index, own: Sequence[Terms], shipped: Sequence[Terms]) -> None:
        """Take the hub's own questions, and the shipped ones' mean for SHIPPED_WEIGHT of them."""
        weight = min(SHIPPED_WEIGHT, len(shipped))
        self._count = len(own) + weight
        self._asked = len(own) * index.mean_question(own) + weight * index.mean_question(shipped)
        self._total = index.share_of(self._asked)[0]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that it is made of."""
        asked = {"features": self._asked.indices, "asked": self._asked.data}
        return {**asked, "count": np.array([self._count], np.float64), "total": self._total}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Return what `arrays` was told of."""
        made = object.__new__(cls)
        ends = np.array([0, len(arrays["asked"])], arrays["features"].dtype)
        made._asked = sp.csr_array((arrays["asked"], arrays["features"], ends), shape=(1, BUCKETS))
        made._count, made._total = float(arrays["count"][0]), arrays["total"]
        return made

    def with_documents(self, index: Index) -> Self:
        """Return the same for more documents, those of `index`, after its own."""
        grown = copy.copy(self)
        grown._total = np.concatenate([self._total, index.share_of(self._asked)[0]])
        return grown

    def expected(self, shares: np.ndarray, counted: np.ndarray) -> np.ndarray:
        """(questions, documents): the share that chance gives, each question's own left out where it is `counted`.

        shares (questions, documents): of the asked; counted (questions,) bool: those that are among the background's.
        """
        if not shares.size:
            return shares
        here = counted.astype(np.float32)[:, None]
        means = (self._total - here * shares) / np.maximum(self._count - here, 1e-9)
        overall = np.maximum(means.mean(axis=1, keepdims=True), 1e-9)
        return shares.mean(axis=1, keepdims=True) * means / overall


def _nearest(scores: np.ndarray, kept: int) -> np.ndarray:
    """(kept, documents) int32: the questions with the highest scores (questions, documents), in no order."""
    found = np.empty((kept, scores.shape[1]), np.int32)
    for start in range(0, scores.shape[1] if kept else 0, PART):  # numpy's own answer is twice as wide as the scores
        part = scores[:, start : start + PART]
        found[:, start : start + PART] = np.argpartition(-part, kept - 1, axis=0)[:kept]
    return found


def named(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays of a part, each with the name of the part before its own."""
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays that `named` gave the name of a part, by their own."""
    return {name[len(prefix) + 1 :]: array for name, array in arrays.items() if name.startswith(f"{prefix}.")}


def nearest_mean(scores: np.ndarray) -> np.ndarray:
    """(questions, 1): mean of each question's NEIGHBOURS highest scores among the (questions, documents) given."""
    kept = min(NEIGHBOURS, scores.shape[1])
    if not kept:
        return np.zeros((len(scores), 1), np.float32)
    return np.partition(scores, scores.shape[1] - kept, axis=1)[:, -kept:].mean(axis=1, keepdims=True)
