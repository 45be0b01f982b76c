"""Many brokers at once, in threads and in processes, on both engines: nothing oversold, lost or decided twice.

`MATCHER_RACE_ROUNDS` (default 1,000) is shared out over every engine, kind of worker and kind of race. In each
round 2, 4, 8 or 16 workers wait for each other and then press at the same moment. Whatever they meet but the errors
that the hub names for a place or a case that went to somebody else is unexpected and fails the test.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from matcher.hub import capacity, pairings, people
from matcher.hub.errors import Conflict, Full
from matcher.hub.ids import new_id
from matcher.store import Store, open_store
from tests import factories
from tests.conftest import ENGINES, Databases
from tests.factories import NOW

MOST = 16
CROWDS = (2, 4, 2, 8, 2, 4, 2, 4, 2, 2, 2, 16)  # workers, from round to round; most races in life are small
RACES = ("places", "limit", "decision")
WAYS = ("threads", "processes")
ROUNDS = -(-int(os.environ.get("MATCHER_RACE_ROUNDS", "1000")) // (len(RACES) * len(WAYS) * len(ENGINES)))
PATIENCE = 120  # seconds before a worker that hangs fails the test
LONGEST = PATIENCE + ROUNDS  # of all rounds: a second for each, on a busy machine
LATEST = "2027-03-01"

Outcome = tuple[int, int, str, str]  # round, worker, what came of it, and who was named as the first
Plan = list[list[dict[str, str]]]  # by round, by worker: the arguments of its step


def crowd(number: int) -> int:
    """Return how many workers take part in a round."""
    return CROWDS[number % len(CROWDS)]


def _first_day(worker: int) -> str:
    """Return another first day for each worker: the periods differ and share most of their days."""
    return (date(2026, 12, 1) + timedelta(days=worker)).isoformat()


class Scene:
    """The people and rows that all rounds of a test share, and the plan of who does what."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.brokers = [factories.create_person(store, "broker", name=f"Broker {n}") for n in range(MOST)]
        self.owner = factories.create_person(store, "owner")
        self.founders = [factories.create_person(store, "startup") for _ in range(MOST)]
        self.needs = [self.create_need() for _ in range(ROUNDS)]

    def create_need(self) -> str:
        return factories.create_need(self.store, self.owner.organisations("owner")[0], published=True)["id"]

    def create_startup(self, worker: int = 0, limit: int | None = None) -> str:
        own = self.founders[worker].organisations("startup")[0]
        return factories.create_startup(self.store, own, published=True, capacity=limit)["id"]

    def create_testbed(self, places: int, host: dict[str, Any] | None = None) -> str:
        return factories.create_testbed(self.store, host, published=True, places=places)["id"]

    def create_pairing(self, need: str, startup: str) -> str:
        """Insert a pairing that both sides accepted."""
        row = {
            "id": new_id(),
            "need_id": need,
            "startup_id": startup,
            "need_version": 1,
            "seen": "{}",
            "proposed_by": self.brokers[0].person_id,
            "proposed_at": NOW,
            "answer_by": "2026-12-31",
            "owner_accepted_at": NOW,
            "startup_accepted_at": NOW,
        }
        self.store.insert("pairing", row)
        return row["id"]

    def step(self, worker: int, pairing: str, testbed: str = "", side: str = "") -> dict[str, str]:
        person = {"owner": self.owner, "startup": self.founders[0]}.get(side, self.brokers[worker])
        given = {"person": person.person_id, "pairing": pairing, "testbed": testbed, "side": side}
        return {**given, "first": _first_day(worker)}


def plan_places(scene: Scene) -> Plan:
    """Each worker's case wants one testbed that has one, two or three places."""
    startups = [scene.create_startup(w) for w in range(MOST)]
    host = factories.create_organisation(scene.store, "host")
    plan = []
    for number, need in enumerate(scene.needs):
        testbed = scene.create_testbed(1 + number % 3, host)
        plan.append([scene.step(w, scene.create_pairing(need, startups[w]), testbed) for w in range(crowd(number))])
    return plan


def plan_limit(scene: Scene) -> Plan:
    """One startup that takes one test at once is wanted for each worker's need, each at a testbed of its own."""
    testbeds = [scene.create_testbed(1000) for _ in range(MOST)]
    others = [scene.create_need() for _ in range(MOST - 1)]
    plan = []
    for number, need in enumerate(scene.needs):
        startup = scene.create_startup(limit=1)
        cases = [scene.create_pairing(wanted, startup) for wanted in (need, *others[: crowd(number) - 1])]
        plan.append([scene.step(w, case, testbeds[w]) for w, case in enumerate(cases)])
    return plan


def plan_decision(scene: Scene) -> Plan:
    """One case: half confirm it, each at another testbed, while the others take a yes back, for one of the sides."""
    testbeds = [scene.create_testbed(1000) for _ in range(MOST)]
    startup = scene.create_startup()
    plan = []
    for number, need in enumerate(scene.needs):
        pairing = scene.create_pairing(need, startup)
        half = crowd(number) // 2
        confirms = [scene.step(w, pairing, testbeds[w]) for w in range(half)]
        sides = ("owner", "startup") if number % 2 else ("startup", "owner")
        declines = [scene.step(w, pairing, side=sides[w % 2]) for w in range(half, crowd(number))]
        plan.append([*confirms, *declines])
    return plan


PLANS: dict[str, Callable[[Scene], Plan]] = {"places": plan_places, "limit": plan_limit, "decision": plan_decision}


def take(store: Store, step: dict[str, str]) -> tuple[str, str]:
    """Take one step and return what came of it, and who was named when somebody else was first."""
    viewer = people.viewer(store, step["person"])
    assert viewer
    try:
        if step["side"]:
            pairings.decline(store, viewer, step["pairing"], step["side"], "not_now", "", NOW)
        else:
            pairings.confirm(store, viewer, step["pairing"], step["testbed"], step["first"], LATEST, NOW)
        return "done", viewer.name
    except Full as error:
        return error.code, ""
    except Conflict as error:
        return error.code, error.params.get("person", "")
    except Exception as error:
        return f"unexpected {type(error).__name__}: {error}", ""


def work(store: Store, worker: int, plan: Plan, barrier: Any) -> list[Outcome]:
    """Go through all rounds, each begun together with the other workers; who has no step in one lets it pass."""
    found = []
    for number, steps in enumerate(plan):
        barrier.wait(PATIENCE)
        if worker < len(steps):
            found.append((number, worker, *take(store, steps[worker])))
    return found


def in_threads(store: Store, url: str, plan: Plan) -> list[Outcome]:
    barrier, found = threading.Barrier(MOST), []
    threads = [
        threading.Thread(target=lambda w=w: found.extend(work(store, w, plan, barrier)), daemon=True)
        for w in range(MOST)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST)
    return found


class Crew:
    """Worker processes that live through all tests of this file: starting one costs more than its rounds."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.results, self.barrier = context.Queue(), context.Barrier(MOST)
        self.tasks = [context.Queue() for _ in range(MOST)]
        self.children = [
            context.Process(target=child, args=(w, self.tasks[w], self.barrier, self.results), daemon=True)
            for w in range(MOST)
        ]
        for process in self.children:
            process.start()

    def run(self, store: Store, url: str, plan: Plan) -> list[Outcome]:
        for tasks in self.tasks:
            tasks.put((url, plan))
        return [outcome for _ in self.tasks for outcome in self.results.get(timeout=LONGEST)]

    def go_home(self) -> None:
        for tasks in self.tasks:
            tasks.put(None)
        for process in self.children:
            process.join(PATIENCE)


def child(worker: int, tasks: Any, barrier: Any, results: Any) -> None:
    """Run one worker in a process of its own until there is no more to do."""
    while task := tasks.get():
        url, plan = task
        store = open_store(url)
        results.put(work(store, worker, plan, barrier))
        store.close()


@pytest.fixture(scope="module")
def crew() -> Iterator[Crew]:
    """Give the worker processes."""
    made = Crew()
    yield made
    made.go_home()


def race(databases: Databases, crew: Crew, engine: str, way: str, kind: str) -> tuple[Store, Plan, list[list[Outcome]]]:
    """Run all rounds and return the store, the plan, and the outcomes by round."""
    url = databases.url(engine, migrated=True)
    store = open_store(url)
    with store.atomic():
        plan = PLANS[kind](Scene(store))
    found = crew.run(store, url, plan) if way == "processes" else in_threads(store, url, plan)
    unexpected = [outcome for outcome in found if outcome[2].startswith("unexpected")]
    assert unexpected == []
    assert len(found) == sum(crowd(number) for number in range(ROUNDS))
    return store, plan, [[outcome for outcome in found if outcome[0] == number] for number in range(ROUNDS)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("engine", ENGINES)
def test_the_last_places_go_to_as_many_as_there_are(databases: Databases, crew: Crew, engine: str, way: str) -> None:
    store, plan, rounds = race(databases, crew, engine, way, "places")
    for number, outcomes in enumerate(rounds):
        places, wanted = 1 + number % 3, crowd(number)
        told = Counter(outcome[2] for outcome in outcomes)
        taken = min(places, wanted)
        assert told == Counter({"done": taken, "testbed_full": wanted - taken}), f"round {number}"
        testbed = plan[number][0]["testbed"]
        assert capacity.at_testbed(store, testbed, _first_day(0), LATEST) == taken
    check_record(store, confirmed=sum(min(1 + number % 3, crowd(number)) for number in range(ROUNDS)))
    store.close()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_startup_gets_no_more_tests_than_it_takes(databases: Databases, crew: Crew, engine: str, way: str) -> None:
    store, _, rounds = race(databases, crew, engine, way, "limit")
    for number, outcomes in enumerate(rounds):
        told = Counter(outcome[2] for outcome in outcomes)
        assert told == {"done": 1, "startup_full": crowd(number) - 1}, f"round {number}"
    check_record(store, confirmed=ROUNDS)
    store.close()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_case_is_decided_once_and_all_learn_by_whom(databases: Databases, crew: Crew, engine: str, way: str) -> None:
    store, _, rounds = race(databases, crew, engine, way, "decision")
    confirmed = 0
    for number, outcomes in enumerate(rounds):
        [(_, worker, _, winner)] = [outcome for outcome in outcomes if outcome[2] == "done"]
        won = worker < crowd(number) // 2
        code = "pairing_confirmed" if won else "pairing_declined"
        confirmed += won
        assert {outcome[2:] for outcome in outcomes if outcome[1] != worker} == {(code, winner)}, f"round {number}"
    decided = store.query(
        """select count(*) filter (where confirmed_at is not null and declined_at is null) as confirmed,
                  count(*) filter (where declined_at is not null and confirmed_at is null) as declined from pairing"""
    )
    assert decided == [{"confirmed": confirmed, "declined": ROUNDS - confirmed}]
    check_record(store, confirmed, declined=ROUNDS - confirmed)
    store.close()


def check_record(store: Store, confirmed: int, declined: int = 0) -> None:
    """Every decision left its access, its row in the record and its mail, and nothing else did."""
    assert store.query("select count(*) as n from access")[0]["n"] == confirmed
    recorded = store.query("select action, count(*) as n from audit where kind = 'pairing' group by action")
    expected = {"pairing.confirm": confirmed, "pairing.decline": declined}
    assert {row["action"]: row["n"] for row in recorded} == {name: n for name, n in expected.items() if n}
    told = store.query("select count(distinct params) as n from outbox where template = 'pairing_confirmed'")
    assert told[0]["n"] == confirmed


def test_all_rounds_together_are_as_many_as_were_asked_for() -> None:
    assert ROUNDS * len(RACES) * len(WAYS) * len(ENGINES) >= int(os.environ.get("MATCHER_RACE_ROUNDS", "1000"))
