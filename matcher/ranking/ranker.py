"""The ranking of the hub's own rows: startups for a need, needs for a startup, anything for a search text.

One `Ranker` a process. It scores (`scoring`) what is asked (`asking`) against the published rows that the process holds
(`holding`), checks the gates (`between`) and fetches the sentences of what is shown (`reasons`). It stores no decision.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from ..hub import record
from ..store import Store
from . import between, indexing, lexical, nearness, reasons, searching, shown
from .asking import Asking
from .background import Background, Texts
from .embedder import EmbedderAway
from .encoder import Encoder
from .holding import ASKED_BY, KINDS, Holding, Shelves
from .made import View
from .matches import Match, Meeting, Ranking
from .mirror import Shelf
from .ranked import Between, Choice, Keep, Ranked, Surprise, Voices, in_order, score
from .scoring import SCORING_VERSION
from .shortlist import again_if_lost
from .shown import Run
from .upkeep import Patience
from .weighing import Adopted, Weighing

SIMILAR_NOISE = 0.17  # needs of municipalities are near each other in much; only a problem that is alike is told
MORE = 4  # times as many candidates, when those there were did not fill a page


class Ranker:
    """Ranks what the store holds now. Safe to use from many threads."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        shipped: Callable[[], Background] | None = None,
        identity: indexing.Identity | None = None,
        patience: Patience | None = None,
        *,
        folder: Path | None = None,
        indexed: bool = False,
    ) -> None:
        """Use `encoder` for search texts and for what is not embedded yet; `shipped` gives a young hub's background.

        identity: whose vectors are read from the store; the encoder's own unless it is away. folder: where the
        processes of this host share what one of them made; without it each holds its own. indexed: let the database
        find what is near (`pgvector`), as soon as it can; until then everything is read into memory as usual.
        """
        self.store = store
        self.encoder = encoder
        self.model, self.dimensions = identity or indexing.identity(encoder)
        self._shipped = shipped or (lambda: Background.none(self.dimensions))
        self._patience, self._indexed, self._all = patience, indexed, None
        identity = self.model, self.dimensions
        self._asking = Asking(store, encoder, identity)
        self._holding = Holding(store, identity, self._shipped, patience, folder, indexed=indexed)
        self._adopted = Adopted(store, self.model)
        self._fixed: Weighing | None = None

    def startups_for(
        self,
        need: dict[str, Any],
        today: date,
        *,
        top: int | None = None,
        skip: int = 0,
        keep: Keep | None = None,
        among: Collection[str] | None = None,
        both: bool = False,
        surprise: Surprise | None = None,
        run: Run | None = None,
    ) -> Ranking:
        """Rank all published startups for a need (a decoded row, published or not), with gates and reasons.

        top: how many matches to return after the first `skip` (None: all); the first 20 returned carry reasons.
        keep: a filter over matches whose gates are known. among: only these ids. both: in the order of what both sides
        get; else by how well the offer fits. surprise: chooses for the place of the unexpected. run: what `run_for`
        gave for the need, to show a part of that. Ranks are always those of the whole list by fit.
        """
        choice = Choice(keep, among, both, None if both else surprise)
        return self._rank("startup", need, between.for_need(self.store, need, today), top, skip, choice, run)

    def under(self, weighing: Weighing) -> Ranker:
        """Return a ranker over the same rows with other weights: to see what they would change."""
        other = copy.copy(self)
        other._fixed = weighing
        return other

    def whole(self) -> Ranker:
        """Return a ranker that scores every pair, whatever finds what is near: a plan leaves nobody out."""
        if not self._indexed:
            return self
        if self._all is None:
            self._all = Ranker(self.store, self.encoder, self._shipped, (self.model, self.dimensions), self._patience)
        return self._all

    def weighing(self) -> Weighing:
        """Return the weights that count now, with the scoring version that they make."""
        return self._fixed or self._adopted.now(record.last_seq(self.store))

    def run_for(self, need: dict[str, Any], today: date, among: Collection[str] = ()) -> tuple[Run, Iterator[Match]]:
        """Rank all published startups for a need; return what it was made of and the matches, best first, bare.

        among: ids of which each is to be in the list, also where that holds no more than the nearest.
        """
        run = self._run("startup", need, among=among)
        return run, run.ranked.walk(between.for_need(self.store, need, today), Choice()) if run.ranked else iter(())

    def imagined(self, need: dict[str, Any], run: Run, shelf: Shelf, spoken: Voices) -> Ranked:
        """Rank for a need as `run_for` did, with another shelf of startups and their sentences: to try a change."""
        if len(run.shelf.rows) < run.of:
            view, _ = run.view.made.view(shelf)
        else:
            view = self._holding.imagined(shelf)
        own = view.questions.get(need["id"], -1)
        return score(shelf, view, run.asked, own, spoken, run.weighing.weights, spread=True)

    def needs_for(self, startup: dict[str, Any], today: date, *, top: int | None = None, skip: int = 0) -> Ranking:
        """Rank all published needs for a startup (a decoded row): the same parts, seen from the other side."""
        return self._rank("need", startup, between.for_startup(self.store, startup, today), top, skip, Choice())

    @again_if_lost
    def similar_needs(self, need: dict[str, Any], top: int = 5) -> Ranking:
        """Return the other published needs that are near this one (a decoded row), the nearest first; often none."""
        shelves = self._holding.shelves(*KINDS)
        asked = self._asking.text("need", need, shelves["need"])
        side = self._holding.view("need", shelves).collection.answering
        vector = side.centre(asked.vectors, asked.languages)[0]
        return self._found("need", shelves, asked, vector, top, SIMILAR_NOISE, without=need["id"])

    def near_to(self, need: dict[str, Any], ids: Collection[str]) -> nearness.Nearness:
        """Compare one need (a decoded row, a draft as well) with needs by id, whatever became of these."""
        shelves = self._holding.shelves(*KINDS)
        texts = self._asking.text("need", need, shelves["need"])
        others = nearness.shelf(self.store, self.model, self.dimensions, list(ids))
        return nearness.compare(self._holding.view("need", shelves), [need["id"]], texts, others, SIMILAR_NOISE)

    def near_each(self, asked: Collection[str], ids: Collection[str]) -> nearness.Nearness:
        """Compare needs by id with needs by id, whatever became of any; one query for all their texts."""
        shelves = self._holding.shelves(*KINDS)
        known = nearness.shelf(self.store, self.model, self.dimensions, [*asked, *ids])
        questions, others = nearness.some(known, asked), nearness.some(known, ids)
        view = self._holding.view("need", shelves)
        return nearness.compare(view, list(questions.place), questions.texts, others, SIMILAR_NOISE)

    def need_meetings(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[Meeting]]:
        """Return by pair of needs the sentences of the one and of the other that meet, best first."""
        view = self._holding.view("need", self._holding.shelves(*KINDS))
        return nearness.meetings(self.store, self.model, view, pairs)

    @again_if_lost
    def search(self, text: str, kind: str, top: int = 20) -> Ranking:
        """Return the published things of one kind that are near a search text in any language; none when none is."""
        vector = self._asking.searched(text)
        shelves = self._holding.shelves(*KINDS)
        asked = Texts(vector[None], [lexical.terms(text)])
        if vector.any():
            needs = self._holding.view("startup", shelves).collection.asking.mean.vector
            vector = searching.unit(vector - searching.HALF_A_NEED * needs)
        return self._found(kind, shelves, asked, vector, top, searching.NOISE)

    def testbed_scores(self, asking: str, row: dict[str, Any]) -> tuple[Shelf, np.ndarray, bool]:
        """Score all published testbeds for a need or a startup (`asking`; a decoded row, published or not).

        Return their shelf, the scores (n,) in its order, and whether words alone decided. A profile speaks of an offer:
        it is measured against the other profiles, a need against the other needs.
        """
        shelves = self._holding.shelves("testbed", asking)
        shelf, asked = shelves["testbed"], self._asking.text(asking, row, shelves[asking])
        if not shelf.rows:
            return shelf, np.zeros(0, np.float32), False
        view = self._holding.testbeds(shelf, shelves[asking], asking)
        own = view.questions.get(row["id"], -1)
        total = view.collection.score(asked, np.array([own])).total[0, view.columns]
        return shelf, total, not asked.vectors.any()

    def refresh(self, kind: str, row: dict[str, Any]) -> None:
        """Make a row that was just saved rankable at once: with its vector, or by its words if the model is away."""
        try:
            indexing.embed(self.store, self.encoder, kind, [row])
        except EmbedderAway:
            indexing.keep_words(self.store, kind, row)

    def warm(self) -> None:
        """Make what the first request would otherwise wait for."""
        self._holding.warm()

    def sides(self) -> tuple[Shelf, Shelf, View]:
        """Return the published needs, the published startups, and the view in which these are ranked for those."""
        if self._indexed:
            return self.whole().sides()
        shelves = self._holding.shelves("need", "startup")
        return shelves["need"], shelves["startup"], self._holding.view("startup", shelves)

    def _rank(
        self,
        kind: str,
        asking: dict[str, Any],
        how: Between,
        top: int | None,
        skip: int,
        choice: Choice,
        run: Run | None = None,
    ) -> Ranking:
        run, times = run or self._run(kind, asking, among=choice.among or ()), 1
        while run.ranked is not None:
            need = asking if kind == "startup" else None
            matches, together = shown.part(self.store, run, how, choice, need, top, skip)
            if len(run.shelf.rows) >= run.of or (top is not None and len(matches) >= top) or choice.among is not None:
                best, version = float(run.ranked.total[run.ranked.order[0]]), run.weighing.version
                return Ranking(matches, run.of, self.model, version, run.away, run.waiting, best, together)
            times *= MORE  # a filter that keeps little, or a page far down: nothing is left out, it takes longer
            run = self._run(kind, asking, times)
        return Ranking([], 0, self.model, run.weighing.version, run.away)

    @again_if_lost
    def _run(self, kind: str, asking: dict[str, Any], times: int = 1, among: Collection[str] = ()) -> Run:
        """Rank all of `kind` for a row of the other side, or where the database finds it the nearest and `among`."""
        asked_by = ASKED_BY[kind]
        counter = record.last_seq(self.store)
        shelves = self._holding.shelves(kind, asked_by, counter=counter)
        weighing = self._fixed or self._adopted.now(counter)
        asked = self._asking.text(asked_by, asking, shelves[asked_by])
        view = self._holding.view(kind, shelves)
        own = view.questions.get(asking["id"], -1)
        vector = view.collection.asking.centre(asked.vectors, asked.languages, np.array([own >= 0]))[0]
        near, view = self._holding.near(kind, shelves, asked, vector, times, among)
        spoken = reasons.Sentences(self.store, self.model, (asked_by, asking["id"]), kind)
        spread = kind == "startup"  # two needs in the same words are two needs
        shelf, away = near.shelf, not asked.vectors.any()
        ranked = score(shelf, view, asked, own, spoken, weighing.weights, spread=spread) if shelf.rows else None
        return Run(shelf, view, asked, spoken, ranked, away, weighing, self.model, near.of, near.waiting)

    def _found(
        self,
        kind: str,
        shelves: Shelves,
        asked: Texts,
        vector: np.ndarray,
        top: int,
        noise: float,
        without: str = "",
    ) -> Ranking:
        """Return what is near a centred vector (d,) and the words of the text asked."""
        away, view = not vector.any(), self._holding.view(kind, shelves) if shelves[kind].rows else None
        if view is None:
            return Ranking([], 0, self.model, SCORING_VERSION, away)
        mean = searching.usual(view.collection.near(vector)[view.columns], shelves[kind].embedded)
        near, view = self._holding.near(kind, shelves, asked, vector)
        shelf = near.shelf
        words = view.collection.score(asked).parts["lexical"][0, view.columns]
        parts = searching.parts(view.collection.near(vector)[view.columns], shelf.embedded, words, mean)
        total = parts["semantic"] + parts["lexical"]
        if without in shelf.place:
            total[shelf.place[without]] = -np.inf
        ranked = Ranked(shelf, total, parts, in_order(total))
        least = 1e-6 if away else searching.least(total, noise, near.of)
        places = [place for place in ranked.order[:top] if total[place] >= least]
        matches = [ranked.match(rank, place) for rank, place in enumerate(places, 1)]
        return Ranking(matches, near.of, self.model, SCORING_VERSION, away, near.waiting)
