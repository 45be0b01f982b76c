"""What can be ranked, held in memory: a copy of the published rows with their vectors and words.

Each process has its own and brings it up to date before every use: rows carry the number of their last change
(`seq`), so one small query asks for what is new.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..store import Store
from .background import Texts
from .lexical import Terms

PAGE = 2_000

_COLUMNS = {
    "need": """n.title as name, n.county_code, n.municipality_code, n.languages, n.language, n.themes, n.beneficiaries,
        n.min_readiness, n.local, n.valid_until, n.budget, n.published_at, n.organisation_id,
        case when n.published_at is not null and n.closed_at is null then 1 else 0 end as live""",
    "startup": """n.name, n.regions, n.languages, n.language, n.themes, n.seeks, n.readiness, n.capacity, n.hidden_at,
        n.hidden_reason, n.flagged_at, n.published_at, n.organisation_id,
        case when n.published_at is not null and n.hidden_at is null and n.merged_into is null
             then 1 else 0 end as live""",
    "testbed": """n.name, n.county_code, n.themes, n.language, n.places, n.answer_days, n.published_at, n.organisation_id,
        case when n.published_at is not null and n.withdrawn_at is null then 1 else 0 end as live""",
}
_LISTS = ("languages", "themes", "beneficiaries", "regions", "seeks")


@dataclass(frozen=True)
class Shelf:
    """The things of one kind at one moment: `rows` with their facts, `texts` in the same order, `place` by id."""

    rows: list[dict[str, Any]]
    texts: Texts
    place: dict[str, int]
    seq: int
    without_vector: int


@dataclass
class Mirror:
    """The live copy of one kind. `shelf()` is safe to call from many threads; the shelf it gives never changes."""

    store: Store
    kind: str
    model: str
    dimensions: int
    _held: dict[str, tuple[dict[str, Any], np.ndarray, Terms]] = field(default_factory=dict)
    _shelf: Shelf | None = None
    _seq: int = 0
    _gone: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def shelf(self) -> Shelf:
        """Return the things as they are in the store now."""
        with self._lock:
            changed = self._refresh()
            changed = self._forget() or changed
            if changed or self._shelf is None:
                self._shelf = self._make()
            return self._shelf

    def _refresh(self) -> bool:
        changed = False
        while rows := self.store.query(
            f"""select n.id, n.seq, o.name as organisation, {_COLUMNS[self.kind]}, e.model, e.vector, e.terms
                from {self.kind} n join organisation o on o.id = n.organisation_id
                left join embedding e on e.kind = '{self.kind}' and e.subject_id = n.id
                where n.seq > :seq order by n.seq limit {PAGE}""",
            {"seq": self._seq},
        ):
            for row in rows:
                changed = self._take(row) or changed
            self._seq = rows[-1]["seq"]
        return changed

    def _forget(self) -> bool:
        """Drop what was deleted (an import undone, a person's erasure): such a row has no `seq` left to be seen by."""
        gone = self.store.query(
            "select subject_id, seq from removal where kind = :kind and seq > :seq order by seq",
            {"kind": self.kind, "seq": self._gone},
        )
        if gone:
            self._gone = gone[-1]["seq"]
        return any([self._held.pop(row["subject_id"], None) is not None for row in gone])

    def _take(self, row: dict[str, Any]) -> bool:
        vector, terms, model = row.pop("vector"), row.pop("terms"), row.pop("model")
        if not row.pop("live") or terms is None:
            return self._held.pop(row["id"], None) is not None
        for name in _LISTS:
            if name in row:
                row[name] = json.loads(row[name])
        usable = model == self.model and len(vector) == 4 * self.dimensions
        # A row of zeros stands for "no vector yet": the scoring then ranks it by its words.
        dense = np.frombuffer(vector, "<f4") if usable else np.zeros(self.dimensions, np.float32)
        self._held[row["id"]] = (row, dense, Terms.from_bytes(terms))
        return True

    def _make(self) -> Shelf:
        held = list(self._held.values())
        rows = [row for row, _, _ in held]
        vectors = np.stack([dense for _, dense, _ in held]) if held else np.empty((0, self.dimensions), np.float32)
        texts = Texts(vectors, [terms for _, _, terms in held])
        place = {row["id"]: position for position, row in enumerate(rows)}
        return Shelf(rows, texts, place, self._seq, int((~vectors.any(axis=1)).sum()))
