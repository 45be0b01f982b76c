"""What is worth scoring, where the database holds the vectors: the nearest by meaning and by words, not the whole hub.

The process then holds a sample of each kind, by which the statistics are made, and fetches for each question the rows
that could be among its first. These are scored as everything is. A hub smaller than both numbers gets the very same
lists either way.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from time import monotonic
from typing import Any, TypeVar

import numpy as np

from ..hub.published import live
from ..store import Store, StoreBusy, StoreError, StoreUnavailable, TransactionFailed
from . import mirror
from .lexical import Terms
from .mirror import Shelf
from .pgvector import KINDS, Mark, PgvectorIndex
from .scoring import Collection as Scored

SAMPLE = 5_000
BY_MEANING, BY_WORDS = 1_000, 300
WORDS_READ = 20_000  # rows that the words of one question may make the database read
NEW = 500  # the latest changes that the index has not seen yet are candidates of every question
REST = 60.0  # seconds for which an index that failed is not asked
_INSTEAD = "everything is read into memory and found there"
log = logging.getLogger(__name__)


class IndexLost(LookupError):
    """The index was dropped, or failed, under a question: it is to be asked again, and memory answers it."""


Asking = TypeVar("Asking", bound=Callable[..., Any])


def again_if_lost(asking: Asking) -> Asking:
    """Let a question be asked once more from its start when the index is lost under it; it rests then."""

    @wraps(asking)
    def asked(*given: Any, **named: Any) -> Any:
        try:
            return asking(*given, **named)
        except IndexLost:
            return asking(*given, **named)

    return asked


@dataclass(frozen=True)
class Near:
    """Candidates on a shelf, the `of` rows that they were taken from, and how many of these wait for a vector."""

    shelf: Shelf
    of: int
    waiting: int

    @property
    def whole(self) -> bool:
        """Whether nothing was left out."""
        return len(self.shelf.rows) >= self.of


class Shortlist:
    """Fetches candidates. Safe to use from many threads."""

    def __init__(self, store: Store, identity: tuple[str, int]) -> None:
        """Take rows with vectors of a model and width (`identity`)."""
        self._store, self._identity = store, identity
        self._indexes = {kind: PgvectorIndex(store, kind, identity) for kind in KINDS}
        self._samples: dict[str, tuple[str, Shelf]] = {}
        self._lock = threading.Lock()
        self._answers, self._rests_until = False, 0.0

    def marks(self) -> dict[str, Mark] | None:
        """Return what stands in the database for each kind; None while something is missing there or has failed."""
        if monotonic() < self._rests_until:
            return None
        try:
            with self._asked():
                found = {kind: index.mark() for kind, index in self._indexes.items()}
        except IndexLost:
            return None
        missing = [kind for kind, mark in found.items() if mark is None]
        if missing and self._answers:
            log.warning("pgvector's index of %s is gone, or of another model: %s", ", ".join(missing), _INSTEAD)
        self._answers = not missing
        return None if missing else found

    def sample(self, kind: str, mark: Mark) -> Shelf:
        """Return up to SAMPLE things of a kind, any; the same ones until the index is made anew."""
        with self._lock:
            held = self._samples.get(kind)
            if held is None or held[0] != mark.made_at:
                ids = self._ids(kind, f"{live(kind, 'n')} order by md5(n.id)", {"most": SAMPLE})
                held = self._samples[kind] = (mark.made_at, mirror.some(self._store, kind, self._identity, ids))
            return held[1]

    def near(
        self, kind: str, mark: Mark, vector: np.ndarray, terms: Terms, by: Scored, times: int, ids: Collection[str]
    ) -> Near:
        """Return the candidates of a question: its centred vector (d,), zeros while there is none, and its words.

        by: knows which words are rare. times: as many candidates as this, times the usual number. ids: taken as well.
        Raises IndexLost where the database cannot answer any more.
        """
        new = self._ids(kind, "n.seq > :seq order by n.seq desc", {"seq": mark.seq, "most": NEW})
        found = {*ids, *new}
        index = self._indexes[kind]
        if mark.held <= BY_MEANING * times:
            found.update(self._ids(kind, live(kind, "n"), {"most": 2 * BY_MEANING * times}))
        else:
            rare, weights = by.rarest(terms, WORDS_READ * times / max(mark.held, 1))
            with self._asked():
                if vector.any():
                    found.update(index.candidates(mark, vector, BY_MEANING * times))
                if len(rare.ids):
                    found.update(index.by_words(rare, weights, BY_WORDS * times))
        shelf = mirror.some(self._store, kind, self._identity, sorted(found))
        return Near(shelf, max(mark.held, len(shelf.rows)), mark.held - mark.embedded)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Let the index rest when it fails. A database that is away or locked is no fault of the index."""
        try:
            yield
        except (StoreBusy, StoreUnavailable, TransactionFailed):
            raise
        except StoreError as error:
            self._answers, self._rests_until = False, monotonic() + REST
            log.warning("pgvector's index does not answer: %s: %s", _INSTEAD, str(error).partition("\n")[0])
            raise IndexLost from error

    def _ids(self, kind: str, condition: str, values: dict[str, object]) -> list[str]:
        rows = self._store.query(f"select n.id from {kind} n where {condition} limit :most", values)
        return [row["id"] for row in rows]
