"""The PostgreSQL server is killed with SIGKILL while brokers confirm: what was acknowledged is there, whole, once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

import psutil
import pytest

from matcher.hub import chain, pairings
from matcher.hub.errors import Conflict
from matcher.store import Store, StoreBusy, StoreUnavailable, open_store
from matcher.store.schema import migrate
from tests.factories import NOW

from .killing import KILLS, Moments
from .servers import Postgres, server_of_its_own, until
from .test_kills import AT_A_TIME, FIRST, LAST, Cases

ROUNDS = max(3, KILLS // 30)
AT_MOST = 0.5  # seconds of confirming before a kill
PATIENCE = 60


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server of this test's own, which waits for the disk as one does that is meant to keep what it says."""
    with server_of_its_own("127.0.0.41") as made:
        made.start()
        yield made


class Brokers:
    """Two at once confirm the cases of a portion, each once; what they heard is kept."""

    def __init__(self, store: Store, cases: Cases) -> None:
        self.store, self.cases = store, cases
        self.told: Counter[str] = Counter()
        self.acknowledged: set[str] = set()
        self.unexpected: list[str] = []

    def start(self) -> list[threading.Thread]:
        portion = self.cases.next()
        halves = [portion[: AT_A_TIME // 2], portion[AT_A_TIME // 2 :]]
        threads = [threading.Thread(target=self._confirm, args=(half,), daemon=True) for half in halves]
        for thread in threads:
            thread.start()
        return threads

    def _confirm(self, portion: list[tuple[str, str]]) -> None:
        for case, testbed in portion:
            try:
                pairings.confirm(self.store, self.cases.broker, case, testbed, FIRST, LAST, NOW)
            except (StoreUnavailable, StoreBusy):
                self.told["away"] += 1  # not known: it may have been kept just before
                return
            except Conflict as error:
                self.told[error.code] += 1
            except Exception as error:
                self.unexpected.append(repr(error))
            else:
                self.acknowledged.add(case)


def kill(server: Postgres, alone: bool) -> None:
    """End all processes of the server, or its first one alone: the others notice and go."""
    found = [one for one in psutil.process_iter(["cmdline"]) if str(server.data) in (one.info["cmdline"] or [])]
    [first] = [one for one in found if one.parent() not in found]
    left = first.children(recursive=True)
    if alone:
        first.kill()
        psutil.wait_procs(left, PATIENCE)
    server.host.kill()


def answers(store: Store) -> bool:
    try:
        return store.query("select 1 as one") == [{"one": 1}]
    except StoreUnavailable:
        return False


def test_what_was_acknowledged_outlives_the_server(server: Postgres) -> None:
    store = open_store(server.url)
    migrate(store)
    cases = Cases(store)
    brokers, when, cut = Brokers(store, cases), Moments(AT_MOST), 0
    for number in range(ROUNDS):
        before = brokers.told["away"]
        threads = brokers.start()
        for thread in threads:
            thread.join(when.next() / len(threads))  # a moment of chance in the time that they take
        kill(server, alone=number % 2 == 1)
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a broker still waits"
        cut += brokers.told["away"] > before
        when.saw(brokers.told["away"] == before)
        server.start()
        until(lambda: answers(store), "the pool has found the server again", PATIENCE)
    assert brokers.unexpected == []
    assert cut >= ROUNDS // 3  # some were cut in the middle, or this shows nothing
    confirmed = {row["id"] for row in store.query("select id from pairing where confirmed_at is not null")}
    assert brokers.acknowledged <= confirmed
    assert len(confirmed - brokers.acknowledged) <= 2 * cut  # kept, and the answer was lost: one for each broker
    assert Counter(row["pairing_id"] for row in store.query("select pairing_id from access")) == Counter(confirmed)
    recorded = store.query("select subject_id from audit where action = 'pairing.confirm'")
    assert Counter(row["subject_id"] for row in recorded) == Counter(confirmed)
    told = store.query("select distinct event from outbox where template = 'pairing_confirmed'")
    assert {row["event"].split(":")[1] for row in told} == confirmed
    assert not chain.verify(store).faults
    lost = len(confirmed - brokers.acknowledged)
    print(f"{ROUNDS} kills of the server, {cut} in the middle of a confirmation")
    print(f"{len(brokers.acknowledged)} confirmations acknowledged, {lost} kept whose answer was lost")
    store.close()
