"""What can be ranked, held in memory: a copy of the published rows with their vectors and words.

Each process has its own and brings it up to date before every use: every change takes a number from one counter
(`seq`), so one look at the counter tells whether anything is new, and rows with higher numbers are what is new.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..store import Store
from .background import Texts
from .lexical import Terms

PAGE = 2_000
BY_WORDS = " (words)"  # ends the stamp of a text that is ranked by its words alone

# What the gates, the filters of the pages and the search ask for; pages fetch what they show.
_COLUMNS = {
    "need": """n.title as name, n.language, n.languages, n.county_code, n.min_readiness, n.local, n.valid_until,
        n.budget, n.wanted_by, n.testbed_id, case when n.runner = '' then '' else 'named' end as runner,
        case when n.published_at is not null and n.closed_at is null then 1 else 0 end as live""",
    "startup": """n.name, n.language, n.languages, n.regions, n.seeks, n.themes, n.readiness, n.capacity,
        case when n.published_at is not null and n.hidden_at is null and n.merged_into is null
             then 1 else 0 end as live""",
    "testbed": """n.name, n.language,
        case when n.published_at is not null and n.withdrawn_at is null then 1 else 0 end as live""",
}
_LISTS = ("languages", "regions", "seeks", "themes")


@dataclass(frozen=True)
class Shelf:
    """The things of one kind at one moment, in the order of their ids, the same in every process.

    rows: their facts. texts: vectors and words in the same order; zeros stand for "no vector yet". place: by id.
    stamps: what each is ranked by; two rows of one id and stamp have the same vector and words. embedded: (n,) bool.
    """

    rows: list[dict[str, Any]]
    texts: Texts
    place: dict[str, int]
    stamps: list[str]
    embedded: np.ndarray


@dataclass(slots=True)
class _Held:
    row: dict[str, Any]
    vector: np.ndarray
    terms: Terms
    text: str
    embedded: bool


@lru_cache(maxsize=10_000)
def _decoded(text: str) -> tuple[str, ...]:
    """Return what a column lists; most rows list what others do, and share it: a third of what a row takes."""
    return tuple(json.loads(text))


class Mirror:
    """The live copy of one kind. `shelf` is safe to call from many threads; the shelf it gives never changes."""

    def __init__(self, store: Store, kind: str, model: str, dimensions: int) -> None:
        """Hold vectors (dimensions,) of `model`, and words alone of what has none by it."""
        self._store, self._kind, self._model, self._dimensions = store, kind, model, dimensions
        self._held: dict[str, _Held] = {}
        self._seen = self._row_seq = self._removal_seq = 0
        self._lock = threading.Lock()
        self._shelf = self._make()

    def shelf(self, counter: int) -> Shelf:
        """Return the things as they are in the store, where the change feed had come to `counter` or further."""
        with self._lock:
            if counter > self._seen:
                changed = self._refresh()
                changed = self._forget() or changed
                if changed:
                    self._shelf = self._make()
                self._seen = counter
            return self._shelf

    def _refresh(self) -> bool:
        changed = False
        while rows := self._store.query(
            f"""select n.id, n.seq, {_COLUMNS[self._kind]}, e.model, e.vector, e.terms, e.text_hash
                from {self._kind} n left join embedding e on e.kind = '{self._kind}' and e.subject_id = n.id
                where n.seq > :seq order by n.seq limit {PAGE}""",
            {"seq": self._row_seq},
        ):
            for row in rows:
                changed = self._take(row) or changed
            self._row_seq = rows[-1]["seq"]
        return changed

    def _forget(self) -> bool:
        """Drop what was deleted (an import undone, a person's erasure): such a row has no `seq` left to be seen by."""
        gone = self._store.query(
            "select subject_id, seq from removal where kind = :kind and seq > :seq order by seq",
            {"kind": self._kind, "seq": self._removal_seq},
        )
        if gone:
            self._removal_seq = gone[-1]["seq"]
        before = len(self._held)
        for row in gone:
            self._held.pop(row["subject_id"], None)
        return len(self._held) < before

    def _take(self, row: dict[str, Any]) -> bool:
        vector, terms, model, text = (row.pop(name) for name in ("vector", "terms", "model", "text_hash"))
        if not row.pop("live") or terms is None:
            return self._held.pop(row["id"], None) is not None
        for name in _LISTS:
            if name in row:
                row[name] = _decoded(row[name])
        usable = model == self._model and len(vector) == 4 * self._dimensions
        dense = np.frombuffer(vector, "<f4") if usable else np.zeros(self._dimensions, np.float32)
        self._held[row["id"]] = _Held(row, dense, Terms.from_bytes(terms), text, usable)
        return True

    def _make(self) -> Shelf:
        ids = sorted(self._held)
        held = [self._held[name] for name in ids]
        vectors = np.stack([one.vector for one in held]) if held else np.empty((0, self._dimensions), np.float32)
        for one, vector in zip(held, vectors, strict=True):
            one.vector = vector  # a view: what the database gave is let go
        return Shelf(
            rows=[one.row for one in held],
            texts=Texts(vectors, [one.terms for one in held]),
            place={name: position for position, name in enumerate(ids)},
            stamps=[one.text if one.embedded else one.text + BY_WORDS for one in held],
            embedded=np.array([one.embedded for one in held], bool),
        )
