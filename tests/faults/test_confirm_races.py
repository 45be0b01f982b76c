"""A confirmation at the moment when its broker or the startup's person is erased, or when the last day ends."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from matcher.hub import cases, chain, clock, erasure, pairings
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

    Who is told that the store is busy tries again, as the page says.
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
            except StoreBusy:
                continue
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
    heirs = {factories.create_person(store, "broker").person_id for _ in range(2)}
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
        if who == "startup":  # a broker who confirms while being erased may still be named in the mails of it
            assert found(store, name, email) == []
        if who == "broker":
            held = cases.fetch(store, pairing)
            assert held["holder_id"] in heirs
            store.execute(
                "update pairing set declined_at = :now where id = :id and confirmed_at is null",
                {"now": NOW, "id": pairing},
            )
    assert not chain.verify(store).faults
    print(f"{engine}, {who}: {confirmed} of {ROUNDS} confirmed")
    store.close()


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
