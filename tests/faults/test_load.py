"""Fifty people at once, a spike of two hundred during an import, and hours of it: `make test-load`.

The hub is the demo's, served as a hub serves it: gunicorn with its two workers, and the worker with the model. People
come over HTTP, each from an address of their own, read, search, look at ranked lists and write, and think in between.
"""

from __future__ import annotations

import os
import re
import secrets
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.hub import passwords
from matcher.store import Store, open_store
from tests import factories

from .chores import Import
from .crowd import KINDS, Person, Places, Reader, Seen
from .gauges import Gauges, sample
from .servers import BASE_URL, ROOT, until
from .visitors import Entrance, Lost, Visitor

MINUTES = float(os.environ.get("MATCHER_LOAD_MINUTES", "0"))
SOAK_MINUTES = float(os.environ.get("MATCHER_SOAK_MINUTES", "0"))
ADDRESS = "127.0.0.77"
PASSWORD = "gränslös tystnad 41"
CROWD, SPIKE = 50, 200
OWNED = {
    "owner": factories.create_need,
    "startup": factories.create_startup,
    "host": factories.create_testbed,
}
CALM = 30  # seconds after the spike until a page takes what it took before

pytestmark = pytest.mark.skipif(not MINUTES, reason="a quarter of an hour and more: make test-load")


class Hub:
    """The hub's processes, its database, and the people who may log in."""

    def __init__(self, store: Store, processes: list[subprocess.Popen], logs: list[Path]) -> None:
        self.store, self.logs = store, logs
        self.pids = [process.pid for process in processes]
        self.entrance = Entrance([ADDRESS])
        self.places = _places(store)
        self.emails = _people(store)

    def arrive(self, number: int, kind: str = "reader", own: str = "") -> Visitor:
        """Return the number-th visitor, at an address of their own; the owner of a noun logged in."""
        visitor = Visitor(self.entrance, f"127.77.{number // 250}.{1 + number % 250}")
        if own:
            email = next(email for email, noun in self.emails[kind] if noun == own)
            assert visitor.log_in(email, PASSWORD).status == 303
        return visitor

    def person(self, number: int, seen: Seen, stop: threading.Event) -> Person:
        """Return the number-th of a crowd: one in three reads, the others are brokers, owners, startups, hosts."""
        kind = ("reader", "reader", *KINDS)[number % 6]
        own = self.emails[kind][number // 6 % len(self.emails[kind])][1] if kind in self.emails else ""
        return (KINDS.get(kind) or Reader)(self.arrive(number, kind, own), own, self.places, seen, stop)

    def complaints(self) -> list[str]:
        """Return what the processes wrote about databases that are locked and requests that failed."""
        lines = [line for log in self.logs for line in log.read_text().splitlines()]
        return [line for line in lines if re.search(r"locked|Traceback|\"level\": ?\"(error|critical)", line, re.I)]


@pytest.fixture
def hub(databases, model_instance: Path, tmp_path: Path) -> Iterator[Hub]:
    instance = tmp_path / "instance"
    instance.mkdir()
    (instance / "models").symlink_to(model_instance / "models")
    url = databases.url(os.environ.get("MATCHER_LOAD_ENGINE", "sqlite"))
    settings = os.environ | {
        "PYTHONPATH": str(ROOT),
        "MATCHER_INSTANCE": str(instance),
        "DATABASE_URL": url,
        "MATCHER_SECRET_KEY": secrets.token_urlsafe(48),
        "MATCHER_BASE_URL": BASE_URL,
        "MATCHER_BIND": f"{ADDRESS}:8000",
    }
    subprocess.run([sys.executable, "-m", "matcher.cli", "demo"], env=settings, cwd=ROOT, check=True)
    store, logs = open_store(url), [tmp_path / "web.log", tmp_path / "work.log"]
    commands = (["gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"], ["matcher.cli", "work"])
    processes = []
    for command, log in zip(commands, logs, strict=True):
        with log.open("w") as out:
            processes.append(
                subprocess.Popen([sys.executable, "-m", *command], env=settings, cwd=ROOT, stdout=out, stderr=out)
            )
    try:
        made = Hub(store, processes, logs)
        until(lambda: _ready(made), "the hub answers")
        waits = "select count(*) as n from embedding where model <> '' and spoken_at is not null"
        until(lambda: store.query(waits)[0]["n"] > 200, "the demo is read", 300)
        yield made
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)
        store.close()


def test_fifty_people_a_spike_and_an_import(hub: Hub):
    seen = _crowd(hub, CROWD, MINUTES * 60)
    print(f"\n{CROWD} people for {MINUTES:g} minutes: {sum(seen.counts.values())} pages")
    _report(seen)
    assert seen.wrong == []
    before = _usual(hub)

    brought = Import(hub.store, hub.arrive(CROWD, "broker", hub.emails["broker"][0][1]))
    brought.upload(ADDRESS)
    brought.try_out(ADDRESS)
    brought.begin(ADDRESS)
    spike = _spike(hub)
    print(f"spike of {SPIKE}: {dict(sorted(spike.counts.items()))}")
    _report(spike)
    assert spike.wrong == []
    took = until(lambda: _usual(hub) <= 2 * before, "pages take what they took before", CALM)
    print(f"a page {1000 * before:.0f} ms before, at most twice that {took:.1f} s after the spike")
    brought.check(ADDRESS)
    assert hub.complaints() == []


@pytest.mark.skipif(not SOAK_MINUTES, reason="hours long: MATCHER_SOAK_MINUTES=120 make test-load")
def test_memory_and_open_files_stay_flat(hub: Hub):
    gauges = Gauges(hub.pids, SOAK_MINUTES * 60 / 240)
    began = sample(hub.pids)
    gauges.start()
    seen = _crowd(hub, CROWD // 2, SOAK_MINUTES * 60)
    gauges.stop.set()
    gauges.join()
    quarters = [gauges.quarter(number) for number in range(4)]
    print(f"\n{CROWD // 2} people for {SOAK_MINUTES:g} minutes: {sum(seen.counts.values())} pages; MB and open files")
    print(f"at first {sum(began.memory.values()):.0f}, {sum(began.files.values())}; by quarters: {quarters}")
    print(f"by process: {gauges.by_process()}")
    _report(seen)
    assert seen.wrong == []
    assert hub.complaints() == []
    (memory, files), (last_memory, last_files) = quarters[1], quarters[3]
    assert last_memory <= 1.05 * memory + 10
    assert last_files <= files + 5


def _crowd(hub: Hub, size: int, seconds: float) -> Seen:
    seen, stop = Seen(), threading.Event()
    people = [hub.person(number, seen, stop) for number in range(size)]
    for person in people:
        person.start()
    time.sleep(seconds)
    stop.set()
    for person in people:
        person.join(60)
    return seen


class _Hurried(Person):
    """One of many who come at the same moment and click on without thinking; told to wait, they do not mind."""

    allowed = frozenset({200, 429, 503})

    def think(self) -> None:
        pass

    def errand(self) -> None:
        for page, path in (
            ("first page", "/"),
            ("needs", "/needs"),
            ("a need", f"/needs/{self.one_of(self.places.needs)}"),
            ("search", f"/search?q=larm+{self.dice.randrange(1000)}"),
            ("testbeds", "/testbeds"),
        ):
            self.read(page, path)
        self.stop.set()


def _spike(hub: Hub) -> Seen:
    seen = Seen()
    people = [_Hurried(hub.arrive(1000 + number), "", hub.places, seen, threading.Event()) for number in range(SPIKE)]
    for person in people:
        person.start()
    for person in people:
        person.join(300)
    return seen


def _usual(hub: Hub) -> float:
    """Return the median seconds of a page for somebody who is there alone."""
    visitor, took = hub.arrive(CROWD + 1), []
    for _ in range(10):
        for path in ("/", "/needs", f"/needs/{hub.places.needs[0]}"):
            began = time.monotonic()
            assert visitor.get(path).status == 200
            took.append(time.monotonic() - began)
    return statistics.median(took)


def _report(seen: Seen) -> None:
    for page, seconds in sorted(seen.seconds.items()):
        cuts = statistics.quantiles(seconds, n=20) if len(seconds) > 1 else seconds * 19
        print(f"  {page:32} {len(seconds):6}  median {1000 * cuts[9]:6.0f} ms, 95 % within {1000 * cuts[18]:6.0f} ms")
    print(f"  {dict(sum((Counter({key.rpartition(' ')[2]: n}) for key, n in seen.counts.items()), Counter()))}")


def _ready(hub: Hub) -> bool:
    try:
        return Visitor(hub.entrance).get("/readyz").status == 200
    except Lost:
        return False


def _places(store: Store) -> Places:
    live = {
        "need": "published_at is not null and closed_at is null",
        "startup": "published_at is not null and hidden_at is null and merged_into is null",
        "testbed": "published_at is not null and withdrawn_at is null",
    }
    found = {
        kind: [row["id"] for row in store.query(f"select id from {kind} where {condition}")]
        for kind, condition in live.items()
    }
    cases = [row["id"] for row in store.query("select id from pairing where confirmed_at is not null")]
    return Places(found["need"], found["startup"], found["testbed"], cases)


def _people(store: Store) -> dict[str, list[tuple[str, str]]]:
    """Give each kind some people with a log-in and a noun of their own; return by kind the address and the noun."""
    hashed, found = passwords.hashed(PASSWORD), {}
    home = store.query("select id from organisation where kind = 'hub'")[0]["id"]
    for kind in KINDS:
        found[kind] = []
        for _ in range(10):
            person = factories.create_person(store, kind, home if kind == "broker" else None, password_hash=hashed)
            where = person.organisations(kind)[0]
            own = person.email if kind == "broker" else OWNED[kind](store, where, published=True)["id"]
            found[kind].append((person.email, own))
    return found
