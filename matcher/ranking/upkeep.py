"""Collections kept in step with the hub: a change counts at once, the statistics follow in their own time.

Making a collection of thousands takes seconds. So one that was made is kept, and what has changed since is ranked
beside it, by the means, idf and hub statistics it was made with. When much has changed, or some minutes have passed,
it is made anew in a thread; of few texts it is made anew at once. Two processes may therefore differ in the last digits
of a score for some minutes, never in which texts they rank. Where they share a file (`shared`), one of them makes the
collection anew and the others take it over from there.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass

from . import memory, shared
from .background import Background
from .made import Keeping, Made, View
from .mirror import Base, Shelf

FITS = 0.2  # of the texts changed, up to which a collection that was found in a file is better than waiting
AGAIN = 1.0  # seconds until one looks again whether another process has made it


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


class Upkeep:
    """The collection of one pair of sides. Safe to use from many threads."""

    def __init__(
        self,
        shipped: Callable[[], Background],
        patience: Patience | None = None,
        start: Callable[[Callable[[], None]], None] | None = None,
        keeping: Keeping | None = None,
    ) -> None:
        """Measure against what `shipped` gives; `start` runs the making of a collection beside the requests.

        keeping: where the processes of this host share what one of them made.
        """
        self._shipped = shipped
        self._patience = patience or Patience()
        self._start = start or (lambda work: threading.Thread(target=work, name="collection", daemon=True).start())
        self._lock = threading.RLock()
        self._made: Made | None = None
        # Of the shelves it remembers which they were, and does not keep them: one that nobody asks for any more would
        # hold all texts of the file before.
        self._view: tuple[weakref.ref[Shelf], weakref.ref[Shelf], View, int] | None = None
        self._making = False
        self._keeping = keeping
        self._base: Base | None = None
        self._found = False
        self._looked = -AGAIN

    def open(self) -> bool:
        """Take over what lies in the shared file, before anything is read from the store; return whether there was."""
        with self._lock:
            if self._made is None and self._keeping:
                self._take_over(self._keeping.read(self._shipped()))
            return self._made is not None

    def base(self) -> Base | None:
        """Return the documents' texts that lie in the file, the latest."""
        return self._base

    def view(self, documents: Shelf, questions: Shelf) -> View:
        """Return the collection for the present shelves. The first use waits until it is made."""
        with self._lock:
            few = len(documents.rows) + len(questions.rows) <= self._patience.few
            if self._made is None or (self._found and not self._fits(documents, questions)):
                self._first(documents, questions, few)
            view, changed = self._present(documents, questions)
            if changed and few:
                self._make(documents, questions)
                view, _ = self._present(documents, questions)
            elif self._is_due(changed, len(documents.rows) + len(questions.rows)):
                self._making = True
                self._start(lambda: self._anew(documents, questions))
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
        if held is None or held[0]() is not documents or held[1]() is not questions:
            view, turnover = made.view(documents)
            seen = weakref.ref(documents), weakref.ref(questions)
            held = self._view = (*seen, view, turnover + made.asked_turnover(questions))
            memory.give_back(len(documents.rows))
        late_background = not made.has_shipped and len(self._shipped().questions) > 0
        return held[2], held[3] + late_background

    def _is_due(self, changed: int, size: int) -> bool:
        now = time.monotonic()
        age = now - self._made.finished
        if self._keeping and now - self._looked < AGAIN:
            return False
        if not changed or self._making or age < max(self._patience.pause, self._patience.rest * self._made.took):
            return False
        return changed > self._patience.share * size or age > self._patience.age

    def _fits(self, documents: Shelf, questions: Shelf) -> bool:
        """Whether the collection that lay in the file when this process began is of about these texts."""
        self._found = False
        most = FITS * (len(documents.rows) + len(questions.rows))
        return self._made.turnover(documents, questions) <= most

    def _first(self, documents: Shelf, questions: Shelf, few: bool) -> None:
        """Make the first one of this process, or wait for who makes it already and take that over."""
        if few or not self._keeping:
            self._make(documents, questions)
            return
        with self._keeping.turn(shared.WAIT) as mine:
            self._take_over(self._keeping.read(self._shipped()))
            if self._made is None or not self._fits(documents, questions):
                self._make(documents, questions, kept=mine)

    def _anew(self, documents: Shelf, questions: Shelf) -> None:
        """Take over what another process has made meanwhile, or make it, unless one is just doing that."""
        try:
            if not self._keeping:
                self._make(documents, questions)
            elif not self._take_over(self._keeping.read(self._shipped())):
                with self._keeping.turn() as mine:
                    if mine and not self._take_over(self._keeping.read(self._shipped())):
                        self._make(documents, questions, kept=True)
        finally:
            self._looked = time.monotonic()
            self._making = False

    def _make(self, documents: Shelf, questions: Shelf, kept: bool = False) -> None:
        try:
            shipped = self._shipped()
            made = Made(documents, questions, shipped)
            kept = kept and self._keeping.put(made, documents, shipped)
            if self._base:
                self._base.rest()  # making it has read all texts
            if kept and self._take_over(self._keeping.read(shipped)):
                return
            with self._lock:
                self._made, self._view = made, None
        finally:
            self._making = False

    def _take_over(self, made: Made | None) -> bool:
        """Rank by what lies in the file, when it was made later than what there is."""
        if made is None:
            return False
        with self._lock:
            self._found = self._made is None
            self._made, self._view, self._base = made, None, made.base
        return True
