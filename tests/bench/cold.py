"""From nothing to the first ranked page of a hub with 10,000 profiles, against loading the model alone.

The two are new processes in turn. A ranked page needs no model while the vectors are there, but a hub is started with
its worker: both are started at the same moment, and the page is waited for.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import requests

from matcher.hub import record
from matcher.hub.ids import new_id
from matcher.store import Store

from . import served
from .material import NOISE, Apart
from .served import ROUNDS
from .timing import Rate

PROFILES = 10_000
LOADED = (
    "from matcher import config\nfrom matcher.ranking.encoder import load_encoder\nsettings = config.read()\n"
    "load_encoder(settings.model, settings.instance).encode(['one'], 'query')"
)


def run(encoder: Apart) -> Iterator[Rate]:
    """Measure by the clock and by processor time of the pages alone, and with the worker beside them."""
    folder = served.copy(served.demo())
    store = served.of(folder)
    _grow(store, PROFILES)
    store.close()
    port = served.free_port()
    env = served.environment(folder, port)
    hub = served.gunicorn("wsgi:app", env, port, "/readyz")
    cookie = served.broker(hub.address)
    page = f"{hub.address}/desk/needs/{served.broker_needs(hub.address, cookie)[0]}"
    hub.stop()
    found = [(_alone(env), _page(env, port, page, cookie, False), _page(env, port, page, cookie, True))
             for _ in range(ROUNDS)]  # fmt: skip
    for place, name in enumerate(("", ", with the worker, which loads the model too"), 1):
        for unit, what in enumerate(("by the clock", "processor time")):
            ours, model = ([1000 * one[side][unit] for one in found] for side in (place, 0))
            ratio = statistics.median(a / b for a, b in zip(ours, model, strict=True))
            yield Rate(f"{PROFILES:,} profiles, first ranked page from cold{name}, against loading the model: {what}",
                       "≤ 1.3", ratio, statistics.median(ours), statistics.median(model), "ms")  # fmt: skip


def _alone(env: dict[str, str]) -> tuple[float, float]:
    """Return the seconds and the processor seconds of a process that loads the model and embeds a word."""
    start, before = time.monotonic(), os.times()
    subprocess.run([sys.executable, "-c", LOADED], env={**os.environ, **env}, cwd=served.ROOT, check=True)
    after = os.times()
    took = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - start, took


def _page(env: dict[str, str], port: int, address: str, cookie: str, with_worker: bool) -> tuple[float, float]:
    """Return the same of a hub that is started and asked for a ranked list until it is there."""
    start = time.monotonic()
    worker = served.matcher(env, "work") if with_worker else None
    hub = served.gunicorn("wsgi:app", env, port, "/healthz")
    answer = requests.get(address, headers={"Cookie": cookie}, timeout=120)
    took = time.monotonic() - start
    spent = hub.seconds() + (served.processor_seconds(worker.pid) if worker else 0.0)
    hub.stop()
    if worker:
        served.end(worker)
    if answer.status_code != 200 or "<li" not in answer.text:
        raise RuntimeError(f"no ranked page: {answer.status_code}")
    return took, spent


def _grow(store: Store, size: int) -> None:
    """Repeat the published profiles up to a number, their vectors with noise, their words as they are."""
    rows = store.query(
        "select * from startup where published_at is not null and hidden_at is null and merged_into is null"
    )
    vectors = {row["subject_id"]: row for row in store.query("select * from embedding where kind = 'startup'")}
    random = np.random.default_rng(0)
    with store.atomic():
        for number in range(size - len(rows)):
            row = rows[number % len(rows)]
            made = {**row, "id": new_id(), "seq": record.next_seq(store), "name": f"{row['name']} {number}"}
            made |= {"source": "", "external_id": ""}
            held = vectors[row["id"]]
            vector = np.frombuffer(held["vector"], "<f4")
            noise = random.standard_normal(len(vector), dtype=np.float32)
            vector = vector + NOISE * noise / np.linalg.norm(noise)
            store.insert("startup", made)
            kept = {
                **held,
                "subject_id": made["id"],
                "vector": (vector / np.linalg.norm(vector)).astype("<f4").tobytes(),
            }
            store.insert("embedding", kept)
