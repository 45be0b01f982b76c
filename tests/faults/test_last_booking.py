"""Two to sixteen at once want the last place of a testbed, hosts for bookings and brokers for cases: one gets it."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest

from matcher.hub import booking_answers, booking_requests, capacity, pairings
from matcher.hub.errors import Full
from matcher.hub.ids import new_id
from matcher.store import Store, open_store
from tests import factories
from tests.conftest import ENGINES, Databases
from tests.factories import NOW
from tests.hub.booked import FIRST, LAST, SCORES, TEXTS

CROWDS = (16, 2, 8, 4, 16, 4)  # workers, from round to round
MOST = max(CROWDS)
PATIENCE = 120  # seconds before a worker that hangs fails the test


class Scene:
    """A testbed with one place for each round; as many bookings that await an answer as cases."""

    def __init__(self, store: Store) -> None:
        self.store, self.broker = store, factories.create_person(store, "broker")
        self.host = factories.create_person(store, "host")
        self.owner = factories.create_person(store, "owner")
        self.home = self.owner.organisations("owner")[0]

    def plan(self) -> list[tuple[str, list[str]]]:
        """Return for each round the testbed, and the ids of bookings and cases in turn."""
        rounds = []
        for number, wanted in enumerate(CROWDS):
            given = {"published": True, "places": 1, "buffer_days": number % 2}
            testbed = factories.create_testbed(self.store, self.host.organisations("host")[0], **given)["id"]
            rounds.append((testbed, [self.case() if one % 2 else self.booking(testbed, one) for one in range(wanted)]))
        return rounds

    def booking(self, testbed: str, number: int) -> str:
        given = {**TEXTS, "title": f"Idé {number}", "starts_on": FIRST, "ends_on": LAST}
        return booking_requests.request(self.store, self.owner, testbed, given, NOW, organisation_id=self.home)

    def case(self) -> str:
        need = factories.create_need(self.store, self.home, published=True)["id"]
        startup = factories.create_startup(self.store, published=True)["id"]
        row = {"id": new_id(), "need_id": need, "startup_id": startup, "need_version": 1, "seen": "{}"}
        yes = {"owner_accepted_at": NOW, "startup_accepted_at": NOW, "proposed_at": NOW, "answer_by": "2026-12-31"}
        self.store.insert("pairing", {**row, **yes, "proposed_by": self.broker.person_id})
        return row["id"]

    def take(self, worker: int, testbed: str, wanted: str) -> str:
        try:
            if worker % 2:
                pairings.confirm(self.store, self.broker, wanted, testbed, FIRST, LAST, NOW)
            else:
                booking_answers.approve(self.store, self.host, wanted, SCORES, NOW)
            return "done"
        except Full as error:
            return error.code
        except Exception as error:
            return f"unexpected {type(error).__name__}: {error}"


@pytest.mark.parametrize("engine", ENGINES)
def test_of_all_who_want_the_last_place_one_gets_it(databases: Databases, engine: str) -> None:
    store = open_store(databases.url(engine, migrated=True))
    with store.atomic():
        scene = Scene(store)
        plan = scene.plan()
    barrier, met = threading.Barrier(MOST), []

    def work(worker: int) -> None:
        for number, (testbed, wanted) in enumerate(plan):
            barrier.wait(PATIENCE)
            if worker < len(wanted):
                met.append((number, scene.take(worker, testbed, wanted[worker])))

    threads: list[Any] = [threading.Thread(target=work, args=(one,), daemon=True) for one in range(MOST)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    found = Counter(met)
    told = [{why: n for (at, why), n in found.items() if at == number} for number in range(len(CROWDS))]
    assert told == [{"done": 1, "testbed_full": wanted - 1} for wanted in CROWDS]
    for testbed, _ in plan:
        assert capacity.at_testbed(store, testbed, FIRST, LAST) == 1
    kept = store.query("select action, count(*) as n from audit group by action")
    decided = {row["action"]: row["n"] for row in kept}
    assert decided.get("booking.approve", 0) + decided.get("pairing.confirm", 0) == len(CROWDS)
    assert decided.get("booking.score", 0) == decided.get("booking.approve", 0)
    store.close()
