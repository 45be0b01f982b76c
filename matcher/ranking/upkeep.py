"""Collections kept in step with the hub: a change counts at once, the statistics follow in their own time.

Making a collection of thousands takes seconds. So one that was made is kept, and what has changed since is ranked
beside it, by the means, idf and hub statistics it was made with. When much has changed, or some minutes have passed,
it is made anew in a thread; of few texts it is made anew at once. Two processes may therefore differ in the last digits
of a score for some minutes, never in which texts they rank.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .background import Background
from .mirror import Shelf
from .scoring import Collection

Key = tuple[str, str]
"""A thing's id and the stamp of the text that it is ranked by."""


@dataclass(frozen=True)
class Patience:
    """When to make a collection anew: at once up to `few` texts; else in a thread.

    share: of the texts changed, from which the statistics no longer fit. age: seconds after which any change counts.
    pause: seconds between two makings; rest: the same, as a multiple of what the last one took.
    """

    few: int = 600
    share: float = 0.02
    age: float = 300.0
    pause: float = 20.0
    rest: float = 10.0


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


class Upkeep:
    """The collection of one pair of sides. Safe to use from many threads."""

    def __init__(
        self,
        shipped: Callable[[], Background],
        patience: Patience | None = None,
        start: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        """Measure against what `shipped` gives; `start` runs the making of a collection beside the requests."""
        self._shipped = shipped
        self._patience = patience or Patience()
        self._start = start or (lambda work: threading.Thread(target=work, name="collection", daemon=True).start())
        self._lock = threading.RLock()
        self._made: Made | None = None
        self._view: tuple[Shelf, Shelf, View, int] | None = None
        self._making = False

    def view(self, documents: Shelf, questions: Shelf) -> View:
        """Return the collection for the present shelves. The first use waits until it is made."""
        with self._lock:
            few = len(documents.rows) + len(questions.rows) <= self._patience.few
            if self._made is None:
                self._make(documents, questions)
            view, changed = self._present(documents, questions)
            if changed and few:
                self._make(documents, questions)
                view, _ = self._present(documents, questions)
            elif self._is_due(changed, len(documents.rows) + len(questions.rows)):
                self._making = True
                self._start(lambda: self._make(documents, questions))
            return view

    def imagined(self, documents: Shelf, questions: Shelf) -> View:
        """Return what `view` would give for these shelves, without holding it."""
        with self._lock:
            made = self._made
        few = len(documents.rows) + len(questions.rows) <= self._patience.few
        if made is None or few:
            made = Made(documents, questions, self._shipped())
        return made.view(documents)[0]

    def _present(self, documents: Shelf, questions: Shelf) -> tuple[View, int]:
        """Return the view of these shelves and how many rows have changed since the collection was made."""
        made, held = self._made, self._view
        if held is None or held[0] is not documents or held[1] is not questions:
            view, changed = made.view(documents)
            held = self._view = (documents, questions, view, changed + made.lost(documents, questions))
        late_background = not made.has_shipped and len(self._shipped().questions) > 0
        return held[2], held[3] + late_background

    def _is_due(self, changed: int, size: int) -> bool:
        age = time.monotonic() - self._made.finished
        if not changed or self._making or age < max(self._patience.pause, self._patience.rest * self._made.took):
            return False
        return changed > self._patience.share * size or age > self._patience.age

    def _make(self, documents: Shelf, questions: Shelf) -> None:
        try:
            made = Made(documents, questions, self._shipped())
            with self._lock:
                self._made, self._view = made, None
        finally:
            self._making = False


class Made:
    """A collection, and what it was made of: `documents` and `questions` as (id, stamp) in their order."""

    def __init__(self, documents: Shelf, questions: Shelf, shipped: Background) -> None:
        started = time.monotonic()
        self.collection = Collection(documents.texts, questions.texts, shipped)
        self.finished = time.monotonic()
        self.took = self.finished - started
        self.has_shipped = len(shipped.questions) > 0
        self.documents, self.questions = _stamped(documents), _stamped(questions)
        self._question_places = questions.place

    def view(self, documents: Shelf) -> tuple[View, int]:
        """Return the view of a shelf, and how many documents in it are new or changed."""
        columns = np.array([self.documents.get(key, -1) for key in keys(documents)], np.int64)
        new = np.flatnonzero(columns < 0)
        if not len(new):
            return self._view(self.collection, columns, len(self.documents)), 0
        columns[new] = len(self.documents) + np.arange(len(new))
        grown = self.collection.with_documents(documents.texts.take(new))
        return self._view(grown, columns, len(self.documents) + len(new)), len(new)

    def _view(self, collection: Collection, columns: np.ndarray, size: int) -> View:
        rows = np.full(size, -1)
        rows[columns] = np.arange(len(columns))
        return View(collection, columns, rows, self._question_places, self)

    def lost(self, documents: Shelf, questions: Shelf) -> int:
        """Return how many documents are gone, and how many questions are new, changed or gone."""
        asked = set(keys(questions))
        return len(self.documents.keys() - set(keys(documents))) + len(asked ^ self.questions.keys())


def keys(shelf: Shelf) -> list[Key]:
    """Return what is on a shelf, as (id, stamp) in its order."""
    return list(zip(shelf.place, shelf.stamps, strict=True))


def _stamped(shelf: Shelf) -> dict[Key, int]:
    return {key: place for place, key in enumerate(keys(shelf))}
