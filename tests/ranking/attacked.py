"""A demo hub in which companies do to their profiles what might lift them: the texts as kept, read and ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from matcher.hub import doubts, need_content, startups
from matcher.hub.clock import now
from matcher.hub.people import SYSTEM
from matcher.ranking import gaming, indexing, reading
from matcher.ranking.background import Texts
from matcher.store import Store
from tests import factories

from .demo import FIRST, Demo


class _Undone(Exception):
    """Ends a transaction of which nothing is to stay."""


@dataclass(frozen=True)
class Seen:
    """What a hub makes of profiles that were saved: the texts that it ranks, and the codes that the brokers see."""

    texts: list[str]
    codes: list[set[str]]


class Hub:
    """The demo hub in a store, where everything has its words: what reading a profile takes."""

    def __init__(self, store: Store, demo: Demo) -> None:
        """Fill an empty store with the demo's needs and startups; no model is needed."""
        self.store = store
        companies: dict[str, Any] = {}
        for row in demo.needs:
            content = {name: row.get(name) or "" for name in need_content.TEXTS}
            factories.create_need(store, published=True, **content)
        for row in demo.startups:
            name = row["organisation_id"]
            companies[name] = companies.get(name) or factories.create_organisation(store, "company")
            content = {name: row.get(name) or "" for name in startups.TEXTS}
            columns = {"id": row["id"], "themes": row["themes"], "language": row["language"]}
            factories.create_startup(store, companies[name], published=True, **content, **columns)
        while indexing.read_words(store):
            pass

    def saves(self, startup_id: str, typed: dict[str, Any]) -> Seen:
        """Return what is read and told of a profile that is saved so; nothing of it stays in the store."""
        try:
            with self.store.atomic():
                self._save(startup_id, typed)
                seen = self._read([startup_id])
                raise _Undone
        except _Undone:
            return seen

    def as_they_are(self, startup_ids: Sequence[str]) -> Seen:
        """Return what is read of profiles that are saved as they stand: every need was published before."""
        try:
            with self.store.atomic():
                for name in startup_ids:
                    self._save(name, {})
                self.store.execute(
                    "update startup set updated_at = :now where id in :ids", {"now": now(), "ids": list(startup_ids)}
                )
                seen = self._read(startup_ids)
                raise _Undone
        except _Undone:
            return seen

    def adds(self, startup_id: str, typed: Sequence[dict[str, Any]]) -> Seen:
        """Return what is read of further profiles of a company, saved and published one after the other."""
        row = self._row(startup_id)
        try:
            with self.store.atomic():
                made = []
                for fields in typed:
                    content = {name: row[name] for name in startups.StartupContent.model_fields} | fields
                    made.append(startups.create(self.store, None, row["organisation_id"], content, now()))
                    startups.publish(self.store, None, made[-1], now())
                    indexing.keep_words(self.store, "startup", self._row(made[-1]))
                seen = self._read(made, kept=True)
                raise _Undone
        except _Undone:
            return seen

    def _save(self, startup_id: str, typed: dict[str, Any]) -> None:
        row = self._row(startup_id)
        startups.save(self.store, SYSTEM, startup_id, typed, row["revision"], now())

    def _row(self, startup_id: str) -> dict[str, Any]:
        return startups.decode(self.store.query("select * from startup where id = :id", {"id": startup_id})[0])

    def _read(self, ids: Sequence[str], *, kept: bool = False) -> Seen:
        rows = [self._row(name) for name in ids]
        found = reading.read(self.store, "startup", rows)
        if not kept:
            for row in rows:
                doubts.read(self.store, row["id"], found[row["id"]].found, row["updated_at"])
        codes = [{one["code"] for one in doubts.of_startup(self.store, name)} for name in ids]
        return Seen([found[name].texts.whole for name in ids], codes)


class Ranked:
    """The places of profiles that were changed, each by itself among the other companies as they are."""

    def __init__(self, demo: Demo, own: Sequence[int], texts: Sequence[str]) -> None:
        """own: of each text the place of the startup that it stands for, among those of the demo.

        The statistics of the hub are those from before the change, as they are in the product for a while.
        """
        self._demo, self._own, self._texts = demo, list(own), list(texts)
        more = demo.texts(self._texts, "passage")
        self._collection = demo.collection.with_documents(more)
        self._scores = self._collection.score(demo.questions, np.arange(len(demo.needs)))
        self._known = Texts(np.concatenate([demo.documents.vectors, more.vectors]), demo.documents.terms + more.terms)

    def held(self, numbers: Sequence[int], need: int, *, instead: bool = True) -> int:
        """Return how many of the first places for a need these texts hold, by their numbers.

        instead: in the place of the startups that they stand for, else beside them, and these are counted too.
        """
        size = len(self._demo.startups)
        more = [size + number for number in numbers]
        own = {self._own[number] for number in numbers}
        columns = np.array([place for place in range(size) if not (instead and place in own)] + more)
        count = more if instead else [*more, *own]
        order = columns[np.argsort(-self._total(need, columns)[columns], kind="stable")]
        order = gaming.spread(order, self._known)[0]
        return len(set(order[:FIRST].tolist()) & set(count))

    def _total(self, need: int, columns: np.ndarray) -> np.ndarray:
        row = slice(need, need + 1)
        parts = {name: part[row] for name, part in self._scores.parts.items()}
        one = replace(self._scores, parts=parts, questions=self._scores.questions[row])
        first = columns[np.argsort(-one.total[0, columns], kind="stable")[:20]][None]
        texts = self._demo.offers + self._texts
        heard = {place: self._demo.said(texts[place], "passage") for place in first[0].tolist()}
        asked = Texts(self._demo.questions.vectors[row], self._demo.questions.terms[row])
        return self._collection.look_closer(
            one, asked, heard, [self._demo.said(self._demo.asked[need], "query")], first
        ).total[0]
