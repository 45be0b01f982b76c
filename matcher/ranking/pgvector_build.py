"""Making the tables of `pgvector` and keeping them in step: small steps, each a transaction, by any number of workers.

A step first takes a lock that only one session can have; who does not get it goes on with something else. A table is
made beside the one that answers and takes its place when it is whole. Its mark says how far it has come by the change
counter (`seq`), so one that was killed goes on where it stopped. A row that is deleted leaves in the same transaction
(`on delete cascade`): a person's erasure leaves nothing behind here, whatever the worker does.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from ..hub import clock, record
from ..hub.published import live
from ..store import Store, StoreUnavailable
from . import pgvector
from .background import Side, Texts
from .lexical import Terms
from .pgvector import KINDS, LAYOUT, WIDEST, Mark, PgvectorIndex
from .tongues import Frame, language

PAGE = 2_000
SAMPLE = 20_000  # texts whose means all vectors are centred by
OUTGROWN = 2  # times as many texts as it was made of: the means are taken anew
FEW = 1_000
# More of both where many texts are nearly alike: a graph of few links then falls into islands (docs/measurements.md).
LINKS, BREADTH = 16, 128
MEMORY = "1GB"
log = logging.getLogger(__name__)


class Builder:
    """Keeps the tables of one model. `step` is called again and again; raises what the store raises."""

    def __init__(self, store: Store, identity: tuple[str, int]) -> None:
        self._store, self._identity = store, identity
        self._model, self._width = identity
        self._mark = f"{pgvector.schema(store)}.mark"

    def step(self) -> int:
        """Do the next portion of what is due; return 0 where nothing is, or another worker does it."""
        held, counter = pgvector.marks(self._store), record.last_seq(self._store)
        for kind in KINDS:
            mark = held.get(kind)
            if mark and mark.seq >= counter and self._is_right(mark):
                continue
            with self._store.atomic():
                done = self._step(kind) if self._alone() else 0
            if done:
                return done
        return 0

    def _alone(self) -> bool:
        lock = f"select pg_try_advisory_xact_lock(hashtext('{self._mark}')) as got"
        return bool(self._store.query(lock)[0]["got"])

    def _step(self, kind: str) -> int:
        gone = pgvector.lost(self._store)
        self._prepare()
        held = pgvector.marks(self._store)
        mark, coming = held.get(kind), held.get(_next(kind))
        if mark and self._is_right(mark):
            return self._take_in(kind, mark)
        if coming is None or not pgvector.fits(coming, self._identity):
            if gone:
                log.warning("the index of %s is made anew: %s", kind, gone)
            return self._begin(kind)
        return self._take_in(kind, coming) or self._finish(kind)

    def _is_right(self, mark: Mark) -> bool:
        return pgvector.fits(mark, self._identity) and mark.embedded <= OUTGROWN * mark.size + FEW

    def _prepare(self) -> None:
        self._store.execute(f"create schema if not exists {pgvector.schema(self._store)}")
        self._store.execute("create extension if not exists vector")
        self._store.execute(
            f"""create table if not exists {self._mark} (name text primary key, model text not null,
                width integer not null, seq bigint not null, layout integer not null, size bigint not null,
                held bigint not null, embedded bigint not null, made_at text not null, frame bytea not null)"""
        )

    def _begin(self, kind: str) -> int:
        """Start a table beside the one that answers; what of another model was begun is thrown away."""
        name, table = _next(kind), self._table(_next(kind))
        size, frame = self._frame(kind)  # before the table: its reference stops all writing to the nouns
        self._store.execute(f"drop table if exists {table}")
        self._store.execute(
            f"""create table {table} (id text primary key references {kind} (id) on delete cascade,
                vector halfvec({self._width}), features integer[] not null)"""
        )
        row = {"name": name, "model": self._model, "width": self._width, "seq": 0, "layout": LAYOUT, "size": size}
        row |= {"held": 0, "embedded": 0, "made_at": clock.now(), "frame": frame.to_bytes()}
        self._store.execute(f"delete from {self._mark} where name = :name", {"name": name})
        self._store.insert(self._mark, [row])
        return 1

    def _frame(self, kind: str) -> tuple[int, Frame]:
        """Return how many texts have their vector, and what these are centred by: the means of so many of them."""
        having = f"""from {kind} n join embedding e on e.kind = '{kind}' and e.subject_id = n.id
                     where {live(kind, "n")} and e.model = :model and length(e.vector) = :bytes"""
        values = {"model": self._model, "bytes": 4 * self._width}
        rows = self._store.query(
            f"select e.vector, e.terms {having} order by md5(n.id) limit :sample", {**values, "sample": SAMPLE}
        )
        vectors = [np.frombuffer(row["vector"], "<f4") for row in rows]
        stacked = np.stack(vectors) if vectors else np.empty((0, self._width), np.float32)
        texts = Texts(stacked, [Terms.from_bytes(row["terms"]) for row in rows])
        size = self._store.query(f"select count(*) as n {having}", values)[0]["n"]
        return size, Side(texts, Texts.none(self._width)).frame()

    def _take_in(self, kind: str, mark: Mark) -> int:
        """Take in the next rows that have changed since the mark, in the order of their numbers."""
        counter = record.last_seq(self._store)
        # The nouns are locked first, as by whoever deletes one: in another order the two would wait for each other.
        rows = self._store.query(
            f"""select n.id, n.seq, case when {live(kind, "n")} then 1 else 0 end as live, e.model, e.vector, e.terms
                from {kind} n left join embedding e on e.kind = '{kind}' and e.subject_id = n.id
                where n.seq > :seq order by n.seq limit {PAGE} for key share of n""",
            {"seq": mark.seq},
        )
        table = self._table(mark.name)
        if rows:
            self._store.execute(f"delete from {table} where id in :ids", {"ids": [row["id"] for row in rows]})
            self._store.insert(table, self._made(kind, mark, [row for row in rows if row["live"] and row["terms"]]))
        seen = rows[-1]["seq"] if rows else 0
        seq = seen if len(rows) == PAGE else max(seen, counter)
        counts = f"select count(*) as held, count(vector) as embedded from {table}"
        if seq > mark.seq:
            self._store.execute(
                f"""update {self._mark} set seq = :seq, held = c.held, embedded = c.embedded
                    from ({counts}) c where name = :name""",
                {"seq": seq, "name": mark.name},
            )
        return len(rows)

    def _made(self, kind: str, mark: Mark, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        terms = [Terms.from_bytes(row["terms"]) for row in rows]
        usable = [row["model"] == self._model and len(row["vector"]) == 4 * self._width for row in rows]
        nothing = np.zeros(self._width, np.float32)
        raw = [np.frombuffer(row["vector"], "<f4") if ok else nothing for row, ok in zip(rows, usable, strict=True)]
        frame = self._store.query(f"select frame from {self._mark} where name = :name", {"name": mark.name})
        languages = [language(one) for one in terms]
        centred = Frame.from_bytes(frame[0]["frame"]).centre(np.stack(raw), languages) if rows else []
        return [
            {
                "id": row["id"],
                "vector": pgvector.written(vector) if ok else None,
                "features": "{" + ",".join(map(str, one.ids.tolist())) + "}",
            }
            for row, ok, vector, one in zip(rows, usable, centred, terms, strict=True)
        ]

    def _finish(self, kind: str) -> int:
        """Make the graph of a table that is full; at the next step let the table take the place of the one before it.

        Two steps: taking the place needs a lock that is waited for some seconds only, the graph takes minutes.
        """
        name, table = _next(kind), self._table(_next(kind))
        if not self._store.query(
            """select 1 as one from pg_indexes
               where schemaname = :schema and tablename = :name and indexdef like '%gin%'""",
            {"schema": pgvector.schema(self._store), "name": name},
        ):
            self._index(table)
            return 1
        self._store.execute(f"drop table if exists {self._table(kind)}")
        self._store.execute(f"alter table {table} rename to {kind}")
        self._store.execute(f"delete from {self._mark} where name = :name", {"name": kind})
        self._store.execute(f"update {self._mark} set name = :kind where name = :name", {"kind": kind, "name": name})
        return 1

    def _index(self, table: str) -> None:
        self._store.query(f"select set_config('maintenance_work_mem', '{MEMORY}', true) as memory")
        if self._width <= WIDEST:
            graph = f"""create index on {table} using hnsw (vector halfvec_ip_ops)
                        with (m = {LINKS}, ef_construction = {BREADTH})"""
            try:
                with self._store.atomic():
                    self._store.execute(graph)
            except StoreUnavailable:  # several at it share memory, and a container may have little to share
                self._store.query("select set_config('max_parallel_maintenance_workers', '0', true) as alone")
                self._store.execute(graph)
        self._store.execute(f"create index on {table} using gin (features)")
        self._store.execute(f"analyze {table}")

    def _table(self, name: str) -> str:
        return f"{pgvector.schema(self._store)}.{name}"


def drop(store: Store) -> None:
    """Throw all of it away: the truth stands in `embedding`."""
    store.execute(f"drop schema if exists {pgvector.schema(store)} cascade")


def behind(store: Store, kind: str, identity: tuple[str, int]) -> int | None:
    """Return how many rows have changed since the table saw them; None while there is none that answers."""
    mark = PgvectorIndex(store, kind, identity).mark()
    if mark is None:
        return None
    return store.query(f"select count(*) as n from {kind} where seq > :seq", {"seq": mark.seq})[0]["n"]


def _next(kind: str) -> str:
    return f"{kind}_next"
