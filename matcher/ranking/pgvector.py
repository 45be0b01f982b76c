"""The vectors of a kind in PostgreSQL with pgvector, for hubs whose web processes should not hold them.

What is in `embedding` is the truth. Beside it, in a schema of their own, stand tables that are made from it
(`pgvector_build`): the centred vectors as halfvec under an HNSW graph, and the four-grams of each text. The graph is
approximate: what it finds is scored again, exactly, by the stored float32 vectors, and where a filter keeps little all
that it keeps is read instead. Nobody is shown anything from these tables but ids; a row that was hidden or deleted a
moment ago is not found in the nouns' own tables any more.

HNSW: Malkov and Yashunin, 2018. Iterative scans: pgvector 0.8.0, 2024-10-30.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..store import Store, StoreBusy, StoreError, StoreUnavailable, UnknownName
from .lexical import Terms
from .nearest import Filter, Found
from .tongues import Frame, language

KINDS = ("startup", "need")
LAYOUT = 1  # change it with the tables or the options of their graph: what was made otherwise is made anew
COLUMNS = ("id", "vector", "features")
OLDEST = (0, 8, 0)  # iterative scans: before them a filter loses rows
WIDEST = 4000  # dimensions that an HNSW graph of halfvec takes

LOOKED_AT = 400  # hnsw.ef_search; measured with `make bench`, docs/measurements.md
SPARE = 4  # times as many are looked at exactly as are asked for: half precision shuffles those that are nearly equal
# Microseconds, of 100,000 rows of 384 dimensions (docs/measurements.md): a row that the graph meets, one that a filter
# keeps and that is compared, one that is looked at to see whether the filter keeps it.
MET, COMPARED, SCANNED = 60.0, 15.0, 1.5
MORE_MEMORY = 8  # times work_mem that an iterative scan may take


@dataclass(frozen=True)
class Mark:
    """What one table holds: vectors of `model` (`width`,), of every row up to `seq`; made at `made_at` of `size` rows.

    held: rows in it, embedded: those with a vector.
    """

    name: str
    model: str
    width: int
    seq: int
    layout: int
    size: int
    held: int
    embedded: int
    made_at: str


class PgvectorIndex:
    """The nearest of one kind, found by the database. Raises what the store raises when that is away."""

    def __init__(self, store: Store, kind: str, identity: tuple[str, int]) -> None:
        """Find vectors of a model and width (`identity`) alone; those of another are never compared."""
        self._store, self._kind, self._identity = store, kind, identity
        self._frames: dict[str, Frame] = {}

    def mark(self) -> Mark | None:
        """Return what the table holds; None where there is none, or one of another model, width or layout."""
        found = marks(self._store).get(self._kind) if self._store.engine == "postgresql" else None
        return found if found and fits(found, self._identity) else None

    def fault(self) -> str:
        """Return why the database does not answer from the table though that stands; empty when it answers."""
        try:
            with self._store.atomic():
                self.nearest(np.full(self._identity[1], self._identity[1] ** -0.5, np.float32), 1)
        except (StoreBusy, StoreUnavailable):
            raise
        except StoreError as error:
            return str(error).partition("\n")[0]
        return ""

    def nearest(self, vector: np.ndarray, count: int, only: Filter | None = None) -> Found:
        """See Nearest.nearest. Raises LookupError where the table is not ready."""
        mark = self.mark()
        if mark is None:
            raise LookupError(f"the index of {self._kind} is not ready")
        ids = self.candidates(mark, vector, SPARE * count, only)
        places, vectors = self._exact(mark, ids)
        scores = vectors @ vector
        order = sorted(range(len(places)), key=lambda place: (-scores[place], places[place]))
        return [(places[place], float(scores[place])) for place in order[:count]]

    def candidates(self, mark: Mark, vector: np.ndarray, count: int, only: Filter | None = None) -> list[str]:
        """Return the ids of the `count` nearest by half precision; the graph may miss one."""
        table, asked = f"{schema(self._store)}.{self._kind}", {"asked": written(vector), "count": count}
        where, values = _where(self._kind, only)
        bar = _bar(mark.embedded, count, scanned=bool(only and only.condition))
        with self._store.atomic():
            kept = self._kept(only, mark, bar)
            if kept > bar:
                found = self._by_graph(table, where, {**asked, **values}, mark.embedded / kept)
                if len(found) >= count:
                    return found
            if where:  # each by its key, not all of them beside each other
                self._store.query(f"select {_set({'enable_hashjoin': 'off', 'enable_mergejoin': 'off'})}")
            # Few are kept, or those that are lie so far from the question that the graph gave up before it met them.
            rows = self._store.query(
                f"""with kept as materialized (select v.id, v.vector <#> :asked::halfvec as distance
                    from {table} v {where or "where true"} and v.vector is not null)
                    select id from kept order by distance, id limit :count""",
                {**asked, **values},
            )
        return [row["id"] for row in rows]

    def by_words(self, asked: Terms, weights: np.ndarray, count: int) -> list[str]:
        """Return the ids of those that have most of some features (m,) by their weights (m,), the most first."""
        pairs = json.dumps([[int(one), float(weight)] for one, weight in zip(asked.ids, weights, strict=True)])
        with self._store.atomic():
            self._store.query("select set_config('enable_seqscan', 'off', true) as one")
            rows = self._store.query(
                f"""select v.id, sum((a.pair ->> 1)::float8) as score from jsonb_array_elements(:pairs::jsonb) a (pair)
                    join {schema(self._store)}.{self._kind} v on v.features @> array[(a.pair ->> 0)::integer]
                    group by v.id order by 2 desc, 1 limit :count""",
                {"pairs": pairs, "count": count},
            )
        return [row["id"] for row in rows]

    def _kept(self, only: Filter | None, mark: Mark, bar: int) -> int:
        """Return about how many rows a filter keeps; not counted beyond `bar`."""
        named = mark.embedded if only is None or only.ids is None else len(only.ids)
        if only is None or not only.condition or named <= bar:
            return named
        met = f"select 1 from {self._kind} n where {only.condition} limit :most"
        asked = {**only.values, "most": bar + 1}
        return min(named, self._store.query(f"select count(*) as n from ({met}) kept", asked)[0]["n"])

    def _by_graph(self, table: str, where: str, asked: dict[str, Any], one_in: float) -> list[str]:
        tuples = math.ceil(max(20_000, 4 * one_in * (LOOKED_AT + asked["count"])))
        settings = {
            "hnsw.iterative_scan": "strict_order",
            "hnsw.ef_search": LOOKED_AT,
            "hnsw.max_scan_tuples": tuples,
            "hnsw.scan_mem_multiplier": MORE_MEMORY,
            "enable_seqscan": "off",  # the graph's order or nothing
            "enable_sort": "off",
        }
        self._store.query(f"select {_set(settings)}")
        rows = self._store.query(
            f"select v.id from {table} v {where} order by v.vector <#> :asked::halfvec limit :count", asked
        )
        self._store.query(
            "select set_config('enable_seqscan', 'on', true) as a, set_config('enable_sort', 'on', true) as b"
        )
        return [row["id"] for row in rows]

    def _exact(self, mark: Mark, ids: Sequence[str]) -> tuple[list[str], np.ndarray]:
        """Return the ids of those that still have their vector, and the vectors (n, d) as float32, centred."""
        rows = self._store.query(
            """select subject_id as id, vector, terms from embedding
               where kind = :kind and subject_id in :ids and model = :model and length(vector) = :bytes""",
            {"kind": self._kind, "ids": list(ids), "model": mark.model, "bytes": 4 * mark.width},
        )
        vectors = np.stack([np.frombuffer(row["vector"], "<f4") for row in rows]) if rows else np.empty((0, mark.width))
        languages = [language(Terms.from_bytes(row["terms"])) for row in rows]
        return [row["id"] for row in rows], self.frame(mark).centre(vectors, languages)

    def frame(self, mark: Mark) -> Frame:
        """Return what the vectors in the table were centred by."""
        if mark.made_at not in self._frames:
            rows = self._store.query(
                f"select frame from {schema(self._store)}.mark where name = :kind", {"kind": self._kind}
            )
            self._frames = {mark.made_at: Frame.from_bytes(rows[0]["frame"])}
        return self._frames[mark.made_at]


def schema(store: Store) -> str:
    """Return the schema of the tables that are made, beside the hub's own: no copy and no backup takes them."""
    return f"{_current(store)}_nearest"


@lru_cache(maxsize=32)
def _current(store: Store) -> str:
    return store.query("select current_schema() as name")[0]["name"]


def marks(store: Store) -> dict[str, Mark]:
    """Return the marks of all tables by name; none where nothing was ever made, or it was dropped since."""
    rows = _marked(store, "name, model, width, seq, layout, size, held, embedded, made_at", "=")
    return {row["name"]: Mark(**row) for row in rows}


def lost(store: Store) -> str:
    """Return what was dropped of that which was made here, in words; empty where all stands or nothing ever did."""
    names = [row["name"] for row in _marked(store, "name", "<>")] if store.engine == "postgresql" else []
    if not names:
        return ""
    if not store.query("select 1 as one from pg_extension where extname = 'vector'"):
        return "the extension `vector` was dropped from the database"
    return f"the tables of {', '.join(sorted(names))} in {schema(store)} were dropped"


def _marked(store: Store, columns: str, whole: str) -> list[dict[str, Any]]:
    """Return the marks whose tables are `whole` ("=") or not ("<>"): dropping the extension takes a column, no mark."""
    try:
        with store.atomic():  # within a block of somebody's a failure must not end that
            return store.query(
                f"""select {columns} from {schema(store)}.mark m where {len(COLUMNS)} {whole}
                    (select count(*) from pg_attribute a
                     where a.attrelid = to_regclass('{schema(store)}.' || m.name) and a.attname in :columns)""",
                {"columns": COLUMNS},
            )
    except UnknownName:
        return []


def fits(mark: Mark, identity: tuple[str, int]) -> bool:
    """Whether a table holds vectors of this model and width, laid out as this program reads them."""
    return (mark.model, mark.width, mark.layout) == (*identity, LAYOUT)


def fault(store: Store) -> str:
    """Return why this database cannot hold the index, with the remedy; empty when it can."""
    if store.engine != "postgresql":
        return "MATCHER_INDEX=pgvector needs PostgreSQL (DATABASE_URL)"
    rows = store.query("select default_version, installed_version from pg_available_extensions where name = 'vector'")
    if not rows:
        return "pgvector is not installed on the database server: install version 0.8.0 or newer there"
    at_hand, installed = rows[0]["default_version"], rows[0]["installed_version"]
    if _version(installed or at_hand) >= OLDEST:
        return ""
    if _version(at_hand) >= OLDEST:
        return f"the database uses pgvector {installed}: run `alter extension vector update` in it ({at_hand} is there)"
    return f"pgvector {installed or at_hand} is too old, filters would lose rows: install 0.8.0 or newer on the server"


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdecimal())


def written(vector: np.ndarray) -> str:
    """Return a vector (d,) as pgvector reads it; five digits are more than a half float holds."""
    return f"[{','.join([f'{value:.5g}' for value in vector.tolist()])}]"


def _bar(size: int, count: int, *, scanned: bool) -> int:
    """Return up to how many kept rows (k) of `size` an exact scan is quicker than the graph.

    The graph meets count · size ÷ k rows until it has found enough. An exact scan compares k, and looks at all of them
    where a condition has no index (`scanned`). Where the two are equal is the root of a square.
    """
    looked = SCANNED * size if scanned else 0.0
    return int((math.sqrt(looked**2 + 4 * COMPARED * MET * count * size) - looked) / (2 * COMPARED))


def _set(settings: dict[str, Any]) -> str:
    """Return calls that change settings until the transaction ends."""
    return ", ".join(
        f"set_config('{name}', '{value}', true) as s{n}" for n, (name, value) in enumerate(settings.items())
    )


def _where(kind: str, only: Filter | None) -> tuple[str, dict[str, Any]]:
    """Return the join and the condition that a filter makes, and its values."""
    if only is None or (only.ids is None and not only.condition):
        return "", {}
    ids = "v.id in (select jsonb_array_elements_text(:only_ids::jsonb))" if only.ids is not None else "true"
    values = {**only.values, **({"only_ids": json.dumps(list(only.ids))} if only.ids is not None else {})}
    join = f"join {kind} n on n.id = v.id" if only.condition else ""
    return f"{join} where {ids} and ({only.condition or 'true'})", values
