"""A decision at the moment when its person or another of the case is erased, or when the last day ends."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from psycopg.errors import DeadlockDetected

from matcher.hub import cases, chain, clock, directory, erasure, locks, pairings, people
from matcher.hub.clock import later
from matcher.hub.errors import HubError
from matcher.store import Store, StoreBusy, open_store
from tests import factories
from tests.conftest import ENGINES, Databases
from tests.factories import NOW
from tests.hub.cases import FIRST, LAST, Case

ROUNDS = max(8, int(os.environ.get("MATCHER_RACE_ROUNDS", "1000")) // 100)  # on each engine, of each race
PATIENCE = 60  # seconds before a worker that hangs fails the test


def at_once(**steps: Callable[[], Any]) -> dict[str, str]:
    """Take all steps at the same moment and return what came of each: done, or the code of the hub's refusal.

    Who is told that the store is busy tries again, as the page says. That two waited for each other is none of it.
    """
    together, told = threading.Barrier(len(steps)), dict[str, str]()

    def take(name: str, step: Callable[[], Any]) -> None:
        together.wait(PATIENCE)
        while name not in told:
            try:
                step()
                told[name] = "done"
            except HubError as error:
                told[name] = error.code
            except StoreBusy as error:
                if isinstance(error.__cause__, DeadlockDetected):
                    told[name] = "deadlock"
            except Exception as error:
                told[name] = f"unexpected {error!r}"

    threads = [threading.Thread(target=take, args=one, daemon=True) for one in steps.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert set(told) == set(steps), "somebody still waits"
    return told


def whole(store: Store, pairing: str) -> bool:
    """Whether a case is confirmed; with its place and its row in the record, each once, or with none of them."""
    confirmed = store.query("select confirmed_at from pairing where id = :id", {"id": pairing})[0]["confirmed_at"]
    counts = [
        store.query("select count(*) as n from access where pairing_id = :id", {"id": pairing})[0]["n"],
        store.query(
            "select count(*) as n from audit where subject_id = :id and action = 'pairing.confirm'", {"id": pairing}
        )[0]["n"],
    ]
    assert counts == [int(confirmed is not None)] * 2
    return confirmed is not None


def found(store: Store, *words: str) -> list[str]:
    """Return the tables in which one of the words stands."""
    rows = {table.name: str(store.query(f'select * from "{table.name}"')) for table in store.tables()}
    return sorted(name for name, text in rows.items() if any(word in text for word in words))


@pytest.mark.parametrize("who", ["broker", "startup"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_confirmation_against_an_erasure_is_whole_and_has_a_holder(
    databases: Databases, engine: str, who: str
) -> None:
    store = open_store(databases.url(engine, migrated=True))
    heirs = {one.person_id: one for one in (factories.create_person(store, "broker") for _ in range(2))}
    confirmed = 0
    for number in range(ROUNDS):
        name, email = f"Zebulon{number}x Qvist{who}", f"zebulon{number}x@example.org"
        broker = factories.create_person(store, "broker", **({"name": name, "email": email} if who == "broker" else {}))
        case = Case(store, broker)
        if who == "startup":
            given = {"name": name, "email": email, "id": case.founder.person_id}
            store.execute("update person set name = :name, email = :email where id = :id", given)
        pairing, testbed = case.accepted(), factories.create_testbed(store, published=True)
        gone = broker if who == "broker" else case.founder
        told = at_once(
            confirm=lambda case=case, pairing=pairing, testbed=testbed: case.confirm(pairing, testbed),
            erase=lambda gone=gone: erasure.erase(store, gone.person_id or "", None, NOW),
        )
        assert told["erase"] == "done", told
        assert told["confirm"] in ("done", "denied"), told
        assert whole(store, pairing) == (told["confirm"] == "done")
        confirmed += told["confirm"] == "done"
        assert found(store, name, email) == []
        if who == "broker":
            held = cases.fetch(store, pairing)
            assert held["holder_id"] in heirs
            if told["confirm"] == "denied":
                pairings.decline(store, heirs[held["holder_id"]], pairing, "broker", "no_place", "", NOW)
    assert not chain.verify(store).faults
    print(f"{engine}, {who}: {confirmed} of {ROUNDS} confirmed")
    store.close()


def _lose(store: Store, person_id: str, loss: str, administrator: str) -> None:
    if loss == "erased":
        erasure.erase(store, person_id, None, NOW)
    elif loss == "closed":
        directory.disable(store, person_id, administrator, NOW)
    else:
        people.revoke(store, people.roles(store, person_id)[0]["id"], administrator, NOW)


@pytest.mark.parametrize("loss", ["erased", "closed", "revoked"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_yes_stands_before_the_end_of_the_right_to_it_or_not_at_all(
    databases: Databases, engine: str, loss: str
) -> None:
    """The record has an order: no yes comes after the erasure, the closing or the revocation of who said it."""
    store = open_store(databases.url(engine, migrated=True))
    administrator, said = factories.create_person(store, "administrator").person_id or "", 0
    for _ in range(ROUNDS):
        case = Case(store)
        pairing, founder = case.propose(), case.founder.person_id or ""
        told = at_once(
            yes=lambda case=case, pairing=pairing: pairings.accept(store, case.founder, pairing, "startup", NOW),
            end=lambda founder=founder: _lose(store, founder, loss, administrator),
        )
        assert told["end"] == "done", told
        assert told["yes"] in ("done", "denied"), told
        ends = {"erased": "person.erase", "closed": "person.disable", "revoked": "role.revoke"}
        rows = store.query(
            """select action from audit where (subject_id = :pairing and action = 'pairing.accept')
               or (subject_id = :founder and action = :end) order by n""",
            {"pairing": pairing, "founder": founder, "end": ends[loss]},
        )
        assert [row["action"] for row in rows] == ["pairing.accept"] * (told["yes"] == "done") + [ends[loss]]
        accepted = store.query("select startup_accepted_at from pairing where id = :id", {"id": pairing})
        assert (accepted[0]["startup_accepted_at"] is not None) == (told["yes"] == "done")
        said += told["yes"] == "done"
    print(f"{engine}, {loss}: {said} of {ROUNDS} said yes in time")
    store.close()


def test_an_erasure_and_a_decision_about_what_names_the_person_never_wait_for_each_other(databases: Databases) -> None:
    """The testbed is locked, an erasure that empties testbed and need begins, and only then the need is locked.

    SQLite has one lock for all.
    """
    url = databases.url("postgresql", migrated=True)
    store, watching = open_store(url), open_store(url)
    case, gone = Case(store), factories.create_person(store, "owner", name="Zebulon Qvist", email="zebulon@example.org")
    pairing = case.accepted()
    testbed = factories.create_testbed(store, published=True, contact_name=gone.name, contact_email=gone.email)
    store.execute("update need set contact = :text", {"text": f"{gone.name} <{gone.email}>"})
    told = []

    def erase() -> None:
        told.append("begun")
        erasure.erase(store, gone.person_id or "", None, NOW)
        told.append("done")

    other = threading.Thread(target=erase, daemon=True)
    with case.broker.deciding(store):
        locks.testbed(store, testbed["id"])
        other.start()
        until = time.monotonic() + PATIENCE
        while not watching.query("select 1 as waits from pg_locks where not granted"):
            assert time.monotonic() < until, told
        case.confirm(pairing, testbed)
    other.join(PATIENCE)
    assert told == ["begun", "done"]
    assert whole(store, pairing)
    assert found(store, gone.name, gone.email) == []
    store.close()
    watching.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_at_the_end_of_the_last_day_only_who_was_in_time_counts(databases: Databases, engine: str) -> None:
    """One clock says that it is still the last day, another that it is over; the startup's yes and the confirmation."""
    store = open_store(databases.url(engine, migrated=True))
    first = 0
    for _ in range(ROUNDS):
        case, testbed = Case(store), None
        testbed = factories.create_testbed(store, published=True, places=1)
        pairing = case.propose(answer_days=7)
        pairings.accept(store, case.owner, pairing, "owner", NOW)
        last = date.fromisoformat(clock.day(later(NOW, days=7)))
        store.execute("update need set valid_until = :day where id = :id", {"day": str(last), "id": case.need["id"]})
        in_time, too_late = f"{last}T23:59:59.900000Z", f"{last + timedelta(days=1)}T00:00:00.100000Z"
        assert (clock.day(in_time), clock.day(too_late)) == (str(last), str(last + timedelta(days=1)))
        colleague = factories.grant(
            store, factories.create_person(store, None), "startup", case.founder.organisations("startup")[0]
        )

        def confirm(now: str, case: Case = case, pairing: str = pairing, testbed: dict = testbed) -> None:
            pairings.confirm(store, case.broker, pairing, testbed["id"], FIRST, LAST, now)

        told = at_once(
            early_yes=lambda case=case, pairing=pairing, now=in_time: pairings.accept(
                store, case.founder, pairing, "startup", now
            ),
            late_yes=lambda person=colleague, pairing=pairing, now=too_late: pairings.accept(
                store, person, pairing, "startup", now
            ),
            confirm=lambda now=in_time, confirm=confirm: confirm(now),
            late_confirm=lambda now=too_late, confirm=confirm: confirm(now),
        )
        assert told["early_yes"] == "done", told
        assert told["late_yes"] in ("pairing_expired", "pairing_accepted", "pairing_confirmed"), told
        assert told["confirm"] in ("done", "pairing_not_accepted"), told
        assert told["late_confirm"] in ("need_expired", "pairing_not_accepted", "pairing_confirmed"), told
        row = store.query("select * from pairing where id = :id", {"id": pairing})[0]
        assert (row["startup_accepted_at"], row["startup_accepted_by"]) == (in_time, case.founder.person_id)
        assert whole(store, pairing) == (told["confirm"] == "done")
        first += told["confirm"] == "done"
    assert not chain.verify(store).faults
    print(f"{engine}: {first} of {ROUNDS} confirmed at the last moment")
    store.close()
