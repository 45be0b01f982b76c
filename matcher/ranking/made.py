"""A collection with what it was made of, and the file in which the processes of one host share it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .background import Background, named, under
from .lexical import Flat
from .mapped import Array, Mapped
from .mirror import Base, Key, Shelf
from .scoring import Collection
from .shared import Shared
from .tongues import PART


@dataclass(frozen=True)
class View:
    """A collection and where the rows of the present shelves stand in it.

    columns: (n,) the column of each row of the documents' shelf. rows: the row of each column, −1 for what is gone.
    questions: the place among the collection's questions, by id. made: what the collection was made of.
    """

    collection: Collection
    columns: np.ndarray
    rows: np.ndarray
    questions: dict[str, int]
    made: Made

    @cached_property
    def in_step(self) -> bool:
        """Whether each row of the shelf has the column of its own number, and there are no others."""
        return len(self.columns) == len(self.rows) and bool((self.columns == np.arange(len(self.columns))).all())


@dataclass(frozen=True)
class _Seen:
    """The columns (n,) of the rows of the shelf that was looked at last; −1 for what is new."""

    place: dict[str, int]
    stamps: list[str]
    columns: np.ndarray


class Made:
    """A collection, and what it was made of: `documents` and `questions` as (id, stamp) in their order.

    base: the documents' texts, where they lie in a file beside the collection.
    """

    def __init__(self, documents: Shelf, questions: Shelf, shipped: Background) -> None:
        started = time.monotonic()
        self.collection = Collection(documents.texts, questions.texts, shipped)
        self.finished = time.monotonic()
        self.took = self.finished - started
        self.has_shipped = len(shipped.questions) > 0
        self.documents, self.questions = _stamped(documents), _stamped(questions)
        self._question_places = questions.place
        self.base: Base | None = None
        self._seen: _Seen | None = None

    def arrays(self, documents: Shelf) -> dict[str, Array]:
        """Return all that it is made of, and the texts of its documents, for a file."""
        vectors, terms = documents.texts.vectors, Flat.parts(documents.texts.terms)
        return {
            "documents": _as_bytes(self.documents),
            "questions": _as_bytes(self.questions),
            "vectors": [vectors[first : first + PART] for first in range(0, len(vectors), PART)] or [vectors[:]],
            "terms.ids": [part.ids for part in terms],
            "terms.counts": [part.counts for part in terms],
            "terms.ends": Flat.ends_of(terms),
            **named("collection", self.collection.arrays()),
        }

    @classmethod
    def of(cls, found: Mapped) -> Made:
        """Return what `arrays` was told of, over these very arrays. Raises KeyError, ValueError or IndexError."""
        arrays, told = found.arrays, found.told
        made = object.__new__(cls)
        made.collection = Collection.of(under("collection", arrays))
        made.finished = time.monotonic() - max(0.0, time.time() - told["made_at"])
        made.took, made.has_shipped = told["took"], told["has_shipped"]
        made.documents, made.questions = (from_bytes(arrays[name]) for name in ("documents", "questions"))
        made._question_places = {name: place for (name, _), place in made.questions.items()}
        languages = made.collection.languages
        vectors = arrays["vectors"].reshape(len(made.documents), made.collection.dimensions)
        made._seen = None
        made.base = Base(made.documents, vectors, Flat(**under("terms", arrays)), languages, found.rest)
        if not len(made.documents) == len(made.base.terms) == len(languages):
            raise ValueError("the parts are not of the same texts")
        return made

    def view(self, documents: Shelf) -> tuple[View, int]:
        """Return the view of a shelf, and how many documents came and went; one that changed has done both."""
        columns = self._columns(documents)
        new = np.flatnonzero(columns < 0)
        turnover = 2 * len(new) + len(self.documents) - len(columns)
        if not len(new):
            return self._view(self.collection, columns, len(self.documents)), turnover
        columns[new] = len(self.documents) + np.arange(len(new))
        grown = self.collection.with_documents(documents.texts.take(new))
        return self._view(grown, columns, len(self.documents) + len(new)), turnover

    def _columns(self, documents: Shelf) -> np.ndarray:
        """(n,): the column of each row of a shelf, −1 for what is new; only what has changed is looked up again."""
        seen, stamps = self._seen, documents.stamps
        if seen is None or seen.place is not documents.place:
            columns = np.array([self.documents.get(key, -1) for key in keys(documents)], np.int64)
        else:
            columns = seen.columns.copy()
            changed = [at for at, (one, other) in enumerate(zip(stamps, seen.stamps, strict=True)) if one is not other]
            for at in changed:
                columns[at] = self.documents.get((documents.rows[at]["id"], stamps[at]), -1)
        self._seen = _Seen(documents.place, stamps, columns.copy())
        return columns

    def turnover(self, documents: Shelf, questions: Shelf) -> int:
        """Return how many documents and questions came and went; one that changed has done both."""
        known = sum(map(self.documents.__contains__, keys(documents)))
        return len(documents.rows) + len(self.documents) - 2 * known + self.asked_turnover(questions)

    def asked_turnover(self, questions: Shelf) -> int:
        """Return how many questions came and went."""
        known = sum(map(self.questions.__contains__, keys(questions)))
        return len(questions.rows) + len(self.questions) - 2 * known

    def _view(self, collection: Collection, columns: np.ndarray, size: int) -> View:
        rows = np.full(size, -1)
        rows[columns] = np.arange(len(columns))
        return View(collection, columns, rows, self._question_places, self)


class Keeping:
    """Where the collections of one pair of sides lie for all processes of this host."""

    def __init__(self, file: Shared, made_from: Mapping[str, Any]) -> None:
        """Keep them in this file. made_from: what a collection depends on beside its texts (model, scoring version)."""
        self._file, self._made_from = file, dict(made_from)
        self._held: tuple[int, int] | None = None
        self.turn = file.turn

    def read(self, shipped: Background) -> Made | None:
        """Return what lies there, when it is not what was read or refused before."""
        stamp = self._file.stamp()
        if stamp is None or stamp == self._held:
            return None
        self._held = stamp
        found = self._file.read(self._wanted(shipped))
        try:
            return Made.of(found) if found else None
        except (
            KeyError,
            ValueError,
            IndexError,
            TypeError,
        ) as error:  # whole, but not of these parts
            self._file.tell(error)
            return None

    def put(self, made: Made, documents: Shelf, shipped: Background) -> bool:
        """Lay one there; return whether it is."""
        told = {"made_at": time.time(), "took": made.took, "has_shipped": made.has_shipped, "size": len(documents.rows)}
        return self._file.put(self._wanted(shipped), told, made.arrays(documents))

    def _wanted(self, shipped: Background) -> dict[str, Any]:
        return self._made_from | {"background": _digest(shipped)}


def keys(shelf: Shelf) -> list[Key]:
    """Return what is on a shelf, as (id, stamp) in its order."""
    return list(zip(shelf.place, shelf.stamps, strict=True))


def _digest(shipped: Background) -> str:
    digest = hashlib.sha256()
    for texts in (shipped.questions, shipped.documents):
        digest.update(texts.to_bytes())
    return digest.hexdigest()


def _as_bytes(found: Mapping[Key, int]) -> np.ndarray:
    return np.frombuffer("\0".join(part for key in found for part in key).encode(), np.uint8)


def from_bytes(blob: np.ndarray) -> dict[Key, int]:
    """Return the keys that a file names, with their places. Raises ValueError."""
    parts = blob.tobytes().decode().split("\0") if len(blob) else []
    return {key: place for place, key in enumerate(zip(parts[::2], parts[1::2], strict=True))}


def _stamped(shelf: Shelf) -> dict[Key, int]:
    return {key: place for place, key in enumerate(keys(shelf))}
