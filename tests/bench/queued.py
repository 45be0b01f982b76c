"""Texts that wait: the worker's rate against the library's plain encode, and how long pages take meanwhile.

Twenty thousand texts take a quarter of an hour and more on a core, so as many are taken as MATCHER_BENCH_TEXTS says
(2,000), in nine portions; in between the library encodes the same texts, sorted by length as it does.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from sentence_transformers import SentenceTransformer

from matcher import config as configuration
from matcher.hub import clock, record, startups
from matcher.hub.ids import new_id
from matcher.ranking import indexing, weights
from matcher.ranking.encoder import load_encoder
from matcher.store import Store

from . import served
from .material import Apart, rows
from .served import ROUNDS, Asked, Server
from .timing import Rate

TEXTS = int(os.environ.get("MATCHER_BENCH_TEXTS") or 2_000)
CALLERS = 2  # people who ask at a time while the worker reads
LONGEST = 1_800  # seconds for one portion
TEXT_FIELDS = tuple(name for name in startups.TEXTS if name != "name")
HELD = (("sentence", "subject_id"), ("embedding", "subject_id"), ("doubt", "startup_id"), ("startup", "id"))


@dataclass(frozen=True)
class Round:
    """What one portion took: seconds of the worker and of the library, and the p95 of pages at rest and meanwhile."""

    ours: float
    theirs: float
    idle: list[Asked]
    busy: list[Asked]


def run(encoder: Apart) -> Iterator[Rate]:
    """Measure the real worker on a copy of the demo hub; the library runs in the process apart."""
    folder = served.copy(served.demo())
    port = served.free_port()
    env = served.environment(folder, port)
    store = served.of(folder)
    settings = configuration.read()
    model = indexing.model_name(load_encoder(settings.model, settings.instance))
    worker = served.matcher(env, "work")
    hub = served.gunicorn("wsgi:app", env, port, "/readyz")
    try:
        cookie = served.broker(hub.address)
        lists = [f"/desk/needs/{name}" for name in served.broker_needs(hub.address, cookie)]
        pages = (("the catalogue", ["/needs"], ""), ("the ranked list", lists, cookie))
        for _, paths, cookies in pages:
            _asked(hub, paths, cookies, 5)
        found = [_round(encoder, store, model, hub, pages, number) for number in range(ROUNDS)]
    finally:
        hub.stop()
        served.end(worker)
        store.close()
    portion = TEXTS // ROUNDS
    ours, theirs = ([portion / getattr(one, side) for one in found] for side in ("ours", "theirs"))
    yield Rate(f"{portion * ROUNDS:,} queued profiles embedded by the worker, against plain sorted encode: a second",
               "≥ 0.95", statistics.median(a / b for a, b in zip(ours, theirs, strict=True)),
               statistics.median(ours), statistics.median(theirs), "/s")  # fmt: skip
    for place, (name, _, _) in enumerate(pages):
        busy, idle = ([getattr(one, side)[place].p95 for one in found] for side in ("busy", "idle"))
        yield Rate(f"{name} for {CALLERS} at a time while texts are embedded, against at rest: p95", "≤ 1.5",
                   statistics.median(a / b for a, b in zip(busy, idle, strict=True)),
                   statistics.median(busy), statistics.median(idle), "ms")  # fmt: skip


def _asked(hub: Server, paths: list[str], cookie: str, seconds: float = served.SECONDS) -> Asked:
    return served.ask(hub.address, paths, CALLERS, cookie, seconds)


def _round(encoder: Apart, store: Store, model: str, hub: Server, pages: tuple, number: int) -> Round:
    texts = encoder.call(_Plain(number))
    served.until(lambda: not served.left(store, model), LONGEST, "the worker is at rest")
    idle = [_asked(hub, paths, cookie) for _, paths, cookie in pages]
    added = _add(store, number)
    start = time.monotonic()
    served.until(lambda: not _waiting(store, added), LONGEST, "a portion is embedded")
    ours = time.monotonic() - start
    _forget(store, added)
    added = _add(store, number)  # again, and this time people ask meanwhile; its sentences come after, if it is short
    busy = [_asked(hub, paths, cookie) for _, paths, cookie in pages]
    _forget(store, added)
    return Round(ours, texts, idle, busy)


@dataclass(frozen=True)
class _Plain:
    """Encodes a portion by the library alone, in the process apart; returns the seconds that it takes."""

    number: int

    def __call__(self) -> float:
        folder = weights.ensure_model(configuration.read().instance / "models")
        plain = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        torch.set_num_threads(os.cpu_count() or 1)
        texts = ["\n".join(startups.sections(row)) for row in _portion(self.number)]
        start = time.monotonic()
        plain.encode(texts, prompt="passage: ", normalize_embeddings=True, show_progress_bar=False)
        return time.monotonic() - start


def _portion(number: int) -> list[dict[str, object]]:
    """Return profiles of the demo, each with a word more that no other has."""
    held, size = rows("startups"), TEXTS // ROUNDS
    return [
        {**held[place % len(held)], "description": f"{held[place % len(held)]['description']} Nr {place}."}
        for place in range(number * size, (number + 1) * size)
    ]


def _add(store: Store, number: int) -> list[str]:
    """Add a portion as drafts: pages stay as they are, and the worker embeds drafts like all others."""
    owner = store.query("select organisation_id, person_id from startup order by id limit 1")[0]
    now = clock.now()
    with store.atomic():
        made = [
            {
                "id": new_id(), **owner, "seq": record.next_seq(store), "created_at": now, "updated_at": now,
                "name": str(row["name"]), **{name: str(row.get(name) or "") for name in TEXT_FIELDS},
            }
            for row in _portion(number)
        ]  # fmt: skip
        for row in made:
            store.insert("startup", row)
    return [row["id"] for row in made]


def _waiting(store: Store, ids: list[str]) -> int:
    found = store.query(
        "select count(*) as n from embedding where kind = 'startup' and subject_id in :ids and length(vector) > 0",
        {"ids": ids},
    )
    return len(ids) - found[0]["n"]


def _forget(store: Store, ids: list[str]) -> None:
    """Take a portion away again, so that the worker does not go on with its sentences."""
    with store.atomic():
        for table, column in HELD:
            store.execute(f"delete from {table} where {column} in :ids", {"ids": ids})
