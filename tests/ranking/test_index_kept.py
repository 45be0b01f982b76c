"""Who keeps the database's index, what is said where it cannot be kept, and what the hub does then."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from matcher import doctor, work
from matcher.config import Config
from matcher.ranking import indexing, pgvector
from matcher.ranking.ranker import Ranker
from matcher.store import Store
from tests.ranking import hub
from tests.settings import settings

IDENTITY = indexing.identity(hub.CountingEncoder())


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return settings(tmp_path, database_url="", index="pgvector")


@pytest.fixture
def stop() -> threading.Event:
    event = threading.Event()
    event.set()  # nothing waits
    return event


def filled(store: Store) -> Store:
    for number in range(12):
        hub.create_startup(store, f"sensorer av slag{number} för vatten", id=f"s{number:02d}")
    hub.embed(store, hub.CountingEncoder())
    return store


def found(store: Store) -> list[str]:
    ranking = Ranker(store, hub.CountingEncoder(), indexed=True).search("slag7 för vatten", "startup")
    return [match.id for match in ranking.matches]


def test_the_doctor_says_what_finds_the_nearest(store: Store, config: Config, stop: threading.Event) -> None:
    filled(store)
    told = doctor._index(replace(config, index="memory"), store, IDENTITY)
    assert (told.level, "exactly" in told.text) == ("fine", True)
    told = doctor._index(config, store, IDENTITY)
    if store.engine == "sqlite":
        assert (told.level, "needs PostgreSQL" in told.text) == ("wrong", True)
        return
    assert told.level == "note"
    assert "is being made (0 texts so far)" in told.text
    while work.keep_index(stop, store, IDENTITY):
        pass
    told = doctor._index(config, store, IDENTITY)
    assert (told.level, told.text) == ("fine", "pgvector answers: 12 of startup, 0 of need; 0 changes behind")
    hub.create_startup(store, "ny", id="new")
    told = doctor._index(config, store, IDENTITY)
    assert (told.level, told.text.endswith("; 1 changes behind")) == ("note", True)


def test_what_stands_and_does_not_answer_is_told_of(store: Store, config: Config, stop: threading.Event) -> None:
    if store.engine == "sqlite":
        return
    filled(store)
    while work.keep_index(stop, store, IDENTITY):
        pass
    with hub.out_of_the_way(store):
        told = doctor._index(config, store, IDENTITY)
    assert told.level == "wrong"
    assert "does not answer" in told.text
    assert "Until then each process holds every vector" in told.text


@pytest.mark.parametrize(
    ("drop", "told"),
    [
        ("drop extension vector cascade", "the extension `vector` was dropped from the database"),
        ("drop table public_nearest.need", "the tables of need in public_nearest were dropped"),
    ],
)
def test_what_is_dropped_is_told_of_and_made_anew(
    store: Store, config: Config, stop: threading.Event, drop: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    if store.engine == "sqlite":
        assert pgvector.lost(store) == ""
        return
    filled(store)
    while work.keep_index(stop, store, IDENTITY):
        pass
    store.execute(drop)
    said = doctor._index(config, store, IDENTITY)
    assert said.level == "wrong"
    assert said.text.startswith(told)
    assert "Until then each process holds every vector" in said.text
    assert found(store)[0] == "s07"
    while work.keep_index(stop, store, IDENTITY):
        pass
    assert told in caplog.text
    assert doctor._index(config, store, IDENTITY).level == "fine"


@pytest.mark.parametrize("fault", ["pgvector is not installed on the database server", "pgvector 0.7.4 is too old"])
def test_without_pgvector_the_hub_goes_on(
    store: Store,
    config: Config,
    stop: threading.Event,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    filled(store)
    monkeypatch.setattr(pgvector, "fault", lambda store: fault)
    assert work.keep_index(stop, store, IDENTITY) == 0
    assert fault in caplog.text
    told = doctor._index(config, store, IDENTITY)
    assert told.level == "wrong"
    assert fault in told.text
    assert "Until then each process holds every vector" in told.text
    assert found(store)[0] == "s07"


def test_a_server_that_grants_no_schema_is_told_of(
    store: Store, stop: threading.Event, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if store.engine == "sqlite":
        assert work.keep_index(stop, store, IDENTITY) == 0
        return
    filled(store)
    store.execute("create role guest")
    try:
        for grant in ("usage on schema public", "select, update on all tables in schema public"):
            store.execute(f"grant {grant} to guest")
        with store.atomic():
            store.execute("set local role guest")
            assert work.keep_index(stop, store, IDENTITY) == 0
            store.execute("reset role")
        assert "permission denied" in caplog.text
    finally:
        store.execute("drop owned by guest")
        store.execute("drop role guest")
    assert found(store)[0] == "s07"


def test_what_was_made_is_no_part_of_the_hub(store: Store, stop: threading.Event) -> None:
    before = [table.name for table in filled(store).tables()]
    while work.keep_index(stop, store, IDENTITY):
        pass
    assert [table.name for table in store.tables()] == before, "no copy, backup or export takes it"
