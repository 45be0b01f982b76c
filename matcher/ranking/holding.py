"""What a process holds of the hub to rank it: the shelves of each kind and the collections made of them.

Everything (`mirror`, kept in step by `upkeep`), or, where the database finds what is near (`shortlist`), a sample of
each kind for the statistics and what is fetched for one question.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np

from ..hub import record
from ..store import Store
from . import indexing, lexical, postings, vectors
from .background import Background, Texts
from .made import Keeping, View
from .mirror import Mirror, Shelf
from .opening import Opening
from .pgvector import Mark
from .scoring import SCORING_VERSION
from .shared import Shared
from .shortlist import Near, Shortlist
from .upkeep import Patience, Upkeep

KINDS = ("need", "startup", "testbed")
# Which texts stand for the questions when a kind is ranked: needs for startups and testbeds, startups for needs.
ASKED_BY = {"startup": "need", "testbed": "need", "need": "startup"}


class Shelves(dict[str, Shelf]):
    """Shelves by kind, of one moment; of the kinds in `marks` they hold a sample, and the database finds the rest."""

    def __init__(self, marks: dict[str, Mark]) -> None:
        super().__init__()
        self.marks = marks


class Holding:
    """What one process holds. Safe to use from many threads."""

    def __init__(
        self,
        store: Store,
        identity: indexing.Identity,
        shipped: Callable[[], Background],
        patience: Patience | None,
        folder: Path | None,
        *,
        indexed: bool,
    ) -> None:
        """Hold vectors of a model and width (`identity`); the rest as `Ranker` takes it."""
        self._store, self._shipped = store, shipped
        self._model, self._dimensions = identity
        self._short = Shortlist(store, identity) if indexed else None
        folder = None if indexed else folder  # a sample is small, and a file of everything may not take its place
        self._upkeep = {
            kind: Upkeep(lambda kind=kind: self._background(kind), patience, keeping=self._keeping(folder, kind))
            for kind in KINDS
        }
        self._testbeds_by_startup = Upkeep(
            self._offers_only, patience, keeping=self._keeping(folder, "testbed-by-startup")
        )
        self._mirrors = {
            kind: Mirror(store, kind, self._model, self._dimensions, self._upkeep[kind].base) for kind in KINDS
        }
        self._opening = Opening(folder, [*self._upkeep.values(), self._testbeds_by_startup], self._warm)

    def warm(self) -> None:
        """Make what the first request would otherwise wait for."""
        self._opening.once()
        self._warm()

    def testbeds(self, shelf: Shelf, asked: Shelf, asking: str) -> View:
        """Return the collection of the testbeds as a need or a startup (`asking`, on the shelf `asked`) meets them."""
        upkeep = self._upkeep["testbed"] if asking == "need" else self._testbeds_by_startup
        return upkeep.view(shelf, asked)

    def imagined(self, shelf: Shelf) -> View:
        """Return the collection of another shelf of startups, without holding it."""
        return self._upkeep["startup"].imagined(shelf, self.shelves("need")["need"])

    def _warm(self) -> None:
        counter = record.last_seq(self._store)
        shelves = {kind: self._mirrors[kind].shelf(counter) for kind in KINDS}
        for kind in ("startup", "need", "testbed"):
            self.view(kind, shelves)
        self._testbeds_by_startup.view(shelves["testbed"], shelves["startup"])

    def shelves(self, *kinds: str, counter: int | None = None) -> Shelves:
        """Return all that can be ranked; of a kind that the database finds a sample, for the statistics."""
        self._opening.once()
        counter = record.last_seq(self._store) if counter is None else counter
        found = Shelves((self._short.marks() if self._short else None) or {})
        for kind in kinds:
            mark = found.marks.get(kind)
            found[kind] = self._short.sample(kind, mark) if mark else self._mirrors[kind].shelf(counter)
        return found

    def near(
        self, kind: str, shelves: Shelves, asked: Texts, vector: np.ndarray, times: int = 1, ids: Collection[str] = ()
    ) -> tuple[Near, View]:
        """Return what is to be scored for a centred vector (d,) and words: all of it, or what the database finds."""
        shelf, view, mark = shelves[kind], self.view(kind, shelves), shelves.marks.get(kind)
        if mark is None:
            return Near(shelf, len(shelf.rows), int((~shelf.embedded).sum())), view
        near = self._short.near(kind, mark, vector, asked.terms[0], view.collection, times, ids)
        return near, view.made.view(near.shelf)[0]

    def view(self, kind: str, shelves: dict[str, Shelf]) -> View:
        """Return the collection of a kind as its usual question meets it."""
        return self._upkeep[kind].view(shelves[kind], shelves[ASKED_BY[kind]])

    def _background(self, kind: str) -> Background:
        shipped = self._shipped()
        return shipped.turned() if kind == "need" else shipped

    def _keeping(self, folder: Path | None, name: str) -> Keeping | None:
        if folder is None:
            return None
        made_from = {
            "name": name,
            "model": self._model,
            "dimensions": self._dimensions,
            "scoring": SCORING_VERSION,
            "features": [lexical.GRAM, lexical.BITS],
            "layout": [vectors.MANY, vectors.BLOCK, postings.MANY, postings.COMMON],
        }
        return Keeping(Shared(folder, name), made_from)

    def _offers_only(self) -> Background:
        """Return the shipped profiles for both sides: what a profile asked about is measured against."""
        offers = self._shipped().documents
        return Background(offers, offers)
