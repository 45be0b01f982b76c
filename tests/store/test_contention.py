"""Many at once: threads, processes and forks, on the real engines."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from matcher.store import Store, StoreBusy, open_store
from matcher.store.schema import migrate

from .buyer import buy
from .conftest import SHELVES

ROOT = Path(__file__).parents[2]
ENGINES = ["sqlite", "postgresql"]


def sold(store: Store) -> int:
    return store.query("select count(*) as n from book")[0]["n"]


def with_places(store: Store, places: int) -> Store:
    store.execute("delete from book")
    store.execute("update shelf set places = :places", {"places": places})
    return store


def test_threads_never_oversell_and_never_fail(library: Store):
    store, threads, rounds = with_places(library, 50), 8, 25
    together = threading.Barrier(threads)

    def work(thread: int) -> int:
        together.wait()
        return sum(buy(store, f"{thread}-{i}") for i in range(rounds))

    with ThreadPoolExecutor(threads) as pool:
        bought = list(pool.map(work, range(threads)))
    assert sum(bought) == sold(store) == 50


@pytest.mark.parametrize("engine", ENGINES)
def test_processes_never_oversell_and_never_fail(databases, engine: str):
    url = databases.url(engine)
    store = open_store(url)
    migrate(store, [SHELVES])
    store.insert("shelf", {"id": "s1", "label": "a", "places": 30})
    buyers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.store.buyer", url, str(i), "25"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
        )
        for i in range(4)
    ]
    answers = [buyer.communicate(timeout=120) for buyer in buyers]
    assert [error for _, error in answers] == [b""] * 4
    assert sum(int(out) for out, _ in answers) == sold(store) == 30
    store.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_lock_that_is_not_given_up_is_store_busy(databases, engine: str):
    url = databases.url(engine)
    holder, waiter = open_store(url), open_store(url, wait_ms=50)
    migrate(holder, [SHELVES])
    holder.insert("shelf", {"id": "s1", "label": "a"})
    with holder.atomic():
        holder.execute("update shelf set places = 2")
        with pytest.raises(StoreBusy):
            waiter.execute("update shelf set places = 3")
        with pytest.raises(StoreBusy), waiter.atomic():
            waiter.execute("update shelf set places = 3")
    waiter.execute("update shelf set places = places + 1")
    assert holder.query("select places from shelf") == [{"places": 3}]
    holder.close()
    waiter.close()


def test_reading_does_not_wait_for_a_writer(library: Store):
    with library.atomic():
        library.execute("update shelf set places = 9")
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(library.query, "select places from shelf").result(timeout=2) == [{"places": 2}]


def test_a_child_process_opens_its_own_connection(library: Store):
    with library.atomic():
        library.execute("update shelf set places = 7")
        child = os.fork()
        if not child:
            code = 1
            try:
                code = 0 if library.query("select places from shelf") == [{"places": 2}] else 2
                library.close()
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        library.execute("update shelf set places = places + 1")
    assert library.query("select places from shelf") == [{"places": 8}]


def test_two_who_lock_crosswise_are_told_to_try_again(library: Store):
    library.insert("shelf", {"id": "s2", "label": "b"})
    together = threading.Barrier(2, timeout=10)

    def cross(first: str, second: str) -> str:
        try:
            with library.atomic():
                library.execute("update shelf set places = 1 where id = :id", {"id": first})
                if library.engine == "postgresql":
                    together.wait()  # on SQLite the second one cannot even begin
                library.execute("update shelf set places = 1 where id = :id", {"id": second})
        except StoreBusy:
            return "busy"
        return "done"

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(cross, ["s1", "s2"], ["s2", "s1"]))
    assert sorted(answers) == (["busy", "done"] if library.engine == "postgresql" else ["done", "done"])
