from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from matcher.hub import limits
from matcher.hub.clock import later
from matcher.store import Store
from tests.conftest import ENGINES, Databases

ROOT = Path(__file__).parents[2]
NOW = "2026-11-20T09:07:00.000000Z"


def test_as_many_as_allowed_pass_and_the_next_is_told_when_to_come_back(store: Store) -> None:
    for _ in range(3):
        limits.count(store, "login:kim@example.org", 3, NOW)
    with pytest.raises(limits.TooMany) as caught:
        limits.count(store, "login:kim@example.org", 3, NOW)
    assert caught.value.params == {"minutes": 8}


def test_another_bucket_and_the_next_quarter_count_from_nothing(store: Store) -> None:
    limits.count(store, "a", 1, NOW)
    limits.count(store, "b", 1, NOW)
    limits.count(store, "a", 1, later(NOW, minutes=8))
    with pytest.raises(limits.TooMany):
        limits.count(store, "a", 1, later(NOW, minutes=7.9))


def test_long_buckets_that_begin_alike_are_not_one(store: Store) -> None:
    limits.count(store, "x" * 300 + "a", 1, NOW)
    limits.count(store, "x" * 300 + "b", 1, NOW)


def test_no_address_is_kept(store: Store) -> None:
    limits.count(store, "login:kim@example.org", 3, NOW)
    assert "kim" not in store.query("select bucket from attempt")[0]["bucket"]


def test_tries_at_the_same_moment_are_all_counted(store: Store) -> None:
    def many() -> None:
        for _ in range(10):
            limits.count(store, "same", 1000, NOW)

    threads = [Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.query("select count from attempt")[0]["count"] == 40


@pytest.mark.parametrize("engine", ENGINES)
def test_two_processes_on_one_database_let_no_more_through_than_one(databases: Databases, engine: str) -> None:
    url, limit, tries = databases.url(engine, migrated=True), 30, 25
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.hub.counting", url, str(tries), str(limit), NOW],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
        )
        for _ in range(2)
    ]  # fmt: skip
    answers = [worker.communicate(timeout=120) for worker in workers]
    assert [error for _, error in answers] == [b"", b""]
    passed = [int(out) for out, _ in answers]
    assert sum(passed) == limit < 2 * tries
    assert max(passed) <= tries


def test_counts_older_than_a_day_are_forgotten(store: Store) -> None:
    limits.count(store, "old", 1, NOW)
    limits.forget(store, later(NOW, days=0.9))
    assert len(store.query("select * from attempt")) == 1
    limits.forget(store, later(NOW, days=1.1))
    assert store.query("select * from attempt") == []


def test_what_is_over_one_limit_is_counted_nowhere_and_writes_nothing(store: Store) -> None:
    limits.count(store, "from", 1, NOW)
    before = store.query("select bucket, count from attempt")
    for number in range(3):
        with pytest.raises(limits.TooMany):
            limits.count_all(store, [(f"login:made-up-{number}@example.org", 10), ("from", 1)], NOW)
    assert store.query("select bucket, count from attempt") == before


def test_several_limits_are_counted_at_once(store: Store) -> None:
    limits.count_all(store, [("a", 2), ("b", 1)], NOW)
    with pytest.raises(limits.TooMany):
        limits.count_all(store, [("a", 2), ("b", 1)], NOW)
    limits.count(store, "a", 2, NOW)
    with pytest.raises(limits.TooMany):
        limits.count(store, "a", 2, NOW)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unix:"),
        (None, ""),
    ],
)
def test_the_addresses_of_one_ipv6_network_are_one_place(address: str | None, place: str) -> None:
    assert limits.place(address) == place
