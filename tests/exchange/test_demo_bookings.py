"""The demo's bookings: each stands where its row says, and the pages of hosts, askers and brokers have all of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from typing import Any

import pytest

from matcher.exchange import demo
from matcher.hub import answer_times, bookings, capacity, people, staff_load
from matcher.hub.people import Viewer
from matcher.store import Store, open_store
from matcher.store.schema import migrate

NOW = "2026-11-22T00:20:00.000000Z"  # a quarter past midnight: no step of today may lie ahead


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The demo, loaded once: the tests of this module only look at it."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'hub.db'}")
    migrate(store)
    demo.load(store, NOW)
    yield store
    store.close()


@pytest.fixture(scope="module")
def rows(hub: Store) -> list[dict[str, Any]]:
    """Every booking, each with `status`."""
    return bookings.listing(hub, people.SYSTEM, NOW)[0]


def account(store: Store, role: str) -> Viewer:
    email = next(one["email"] for one in demo.ACCOUNTS if one["role"] == role)
    found = people.viewer(store, store.query("select id from person where email = :email", {"email": email})[0]["id"])
    assert found
    return found


def test_each_stands_where_its_row_says(rows: list[dict[str, Any]]) -> None:
    said = {row["title"]: row["stage"] for row in demo.read("bookings")}
    assert {row["title"]: row["status"] for row in rows} == said
    assert set(said.values()) == set(bookings.STAGES) - {"used"}
    assert len({row["testbed_id"] for row in rows}) >= 8


def test_each_account_finds_something_that_waits(hub: Store) -> None:
    for role in ("host", "startup"):
        assert bookings.counts(hub, account(hub, role), NOW)["mine"] > 0, role
    assert bookings.counts(hub, account(hub, "owner"), NOW)["approved"] > 0


def test_no_testbed_holds_more_than_it_has_and_its_hosts_are_measured(hub: Store, rows: list[dict[str, Any]]) -> None:
    places = {row["id"]: row["places"] for row in hub.query("select id, places from testbed")}
    for row in rows:
        first = (date.fromisoformat(row["starts_on"]) - timedelta(days=10)).isoformat()
        assert capacity.at_testbed(hub, row["testbed_id"], first, row["ends_on"]) <= places[row["testbed_id"]]
    host = account(hub, "host").organisations("host")
    [found] = answer_times.of_hosts(hub, host, NOW).values()
    assert found.kept is not None
    assert 0 < found.kept < 1


def test_a_host_has_taken_on_more_than_its_staff_manages_with_open_eyes(hub: Store) -> None:
    load = staff_load.weeks(hub, "tb-vinterbana", "2026-12-28", "2027-01-31")
    assert max(load.values()) == 22


def test_a_demo_with_fewer_cases_leaves_out_what_lies_inside_them(
    databases: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, store = demo.read, databases.open("sqlite", migrated=True)
    monkeypatch.setattr(demo, "read", lambda name: islice(read(name), 3 if name == "cases" else None))
    demo.load(store, NOW)
    assert store.query("select id from booking where pairing_id is not null") == []
