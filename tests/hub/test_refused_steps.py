"""What a step in a case that comes too late is told, to the letter: who was first, when, and what they decided."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.hub import cases, locks, pairings, people
from matcher.hub.clock import later
from matcher.hub.errors import Conflict, Denied
from matcher.store import Store
from tests.factories import NOW, create_organisation, create_person

from .cases import FIRST, LAST, Case
from .test_pairings_told import refusal, told_of

NEXT = later(NOW, minutes=1)


def test_a_step_on_what_is_not_live_names_it(store: Store, case: Case) -> None:
    startup, need = case.startup, case.need
    name, title = {"startup": startup["name"]}, {"need": need["title"]}
    gone = {"published_at": None}, {"hidden_at": NOW}, {"merged_at": NOW}
    told = [
        *((startup | changed, need, "startup_not_live", name) for changed in gone),
        (startup, need | {"published_at": None}, "need_not_open", title),
        (startup, need | {"closed_at": NOW}, "need_not_open", title),
        (startup, need | {"valid_until": "2026-11-19"}, "need_expired", title | {"valid_until": "2026-11-19"}),
        (startup | {"organisation_id": need["organisation_id"]}, need, "own_need", {}),
    ]
    for offered, asked, code, params in told:
        assert refusal(lambda offered=offered, asked=asked: locks.live(offered, asked, NOW)) == (code, params)
    locks.live(startup, need, NOW)


def test_who_comes_after_a_no_a_yes_or_an_end_is_told_whose_and_when(
    store: Store, case: Case, testbed: dict[str, Any]
) -> None:
    declined = case.propose()
    pairings.decline(store, case.founder, declined, "startup", "no_fit", "", NEXT)
    said = {"person": case.founder.name, "at": NEXT}
    assert refusal(lambda: pairings.accept(store, case.owner, declined, "owner", NEXT)) == ("pairing_declined", said)
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed)
    days = {"testbed": testbed["name"], "starts_on": FIRST, "ends_on": LAST}
    said = {"person": case.broker.name, "at": NOW, **days}
    assert refusal(lambda: pairings.extend(store, case.broker, pairing_id, 7, NEXT)) == ("pairing_confirmed", said)
    pairings.end(store, case.owner, pairing_id, "safety", "", NEXT)
    said = {"person": case.owner.name, "at": NEXT}
    assert refusal(lambda: pairings.extend(store, case.broker, pairing_id, 7, NEXT)) == ("pairing_ended", said)


def test_who_says_yes_twice_is_told_who_did_before(store: Store, case: Case) -> None:
    pairing_id = case.propose()
    pairings.accept(store, case.owner, pairing_id, "owner", NOW)
    said = {"person": case.owner.name, "at": NOW}
    assert refusal(lambda: pairings.accept(store, case.owner, pairing_id, "owner", NEXT)) == ("pairing_accepted", said)


def test_where_nobody_is_left_to_name_nobody_is(store: Store, case: Case) -> None:
    """Rows of people who were erased keep what was decided and when; the page then names nobody."""
    row = {
        "declined_at": None, "ended_at": None, "confirmed_at": None, "decliner": None, "ender": None, "confirmer": None,
        "testbed_name": "Labbet", "starts_on": FIRST, "ends_on": LAST,
    }  # fmt: skip
    for step in ("declined", "ended", "confirmed"):
        with pytest.raises(Conflict) as error:
            locks.undecided(row | {f"{step}_at": NOW})
        assert (error.value.code, error.value.params["person"]) == (f"pairing_{step}", "")
    locks.undecided(row)
    case.propose()
    store.execute("update pairing set proposed_by = null")
    code, params = refusal(case.propose)
    assert (code, params["person"], params["at"]) == ("pairing_exists", "", NOW)
    [pairing_id] = [row["id"] for row in store.query("select id from pairing")]
    late = "2026-12-05T08:00:00.000000Z"
    assert refusal(lambda: pairings.accept(store, case.owner, pairing_id, "owner", late))[1]["person"] == ""
    pairings.accept(store, case.owner, pairing_id, "owner", NOW)
    store.execute("update pairing set owner_accepted_by = null")
    assert refusal(lambda: pairings.accept(store, case.owner, pairing_id, "owner", NEXT))[1]["person"] == ""


def test_a_yes_is_told_to_the_others_with_whose_it_was(store: Store, case: Case) -> None:
    pairing_id = case.propose()
    pairings.accept(store, case.owner, pairing_id, "owner", NOW)
    told = told_of(store, "pairing_accepted")
    assert {email: params["side"] for email, params in told.items()} == dict.fromkeys(
        (case.founder.email, case.broker.email), "owner"
    )
    pairings.accept(store, case.founder, pairing_id, "startup", NEXT)
    told = told_of(store, "pairing_both_accepted")
    assert {email: params["side"] for email, params in told.items()} == dict.fromkeys(
        (case.owner.email, case.broker.email), "startup"
    )


def test_who_does_not_say_how_long_an_answer_may_take_gives_two_weeks(store: Store, case: Case) -> None:
    pairing_id = pairings.propose(store, case.broker, case.need["id"], case.startup["id"], "", {}, NOW)
    assert cases.fetch(store, pairing_id)["answer_by"] == "2026-12-04"
    pairings.decline(store, case.founder, pairing_id, "startup", "no_fit", "", NOW)
    assert cases.fetch(store, case.propose(answer_days=""))["answer_by"] == "2026-12-04"


def test_a_case_that_is_ended_on_its_last_day_was_ended_and_the_day_after_it_had_finished(
    store: Store, case: Case, testbed: dict[str, Any]
) -> None:
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed)
    row = cases.fetch(store, pairing_id)
    assert cases.status(row, f"{LAST}T12:00:00.000000Z") == "confirmed"
    assert cases.status(row | {"ended_at": f"{LAST}T12:00:00.000000Z"}, NOW) == "ended"
    assert cases.status(row, later(f"{LAST}T12:00:00.000000Z", days=1)) == "finished"


def test_any_broker_gives_more_time_and_no_host_does(store: Store, case: Case) -> None:
    """Extending and confirming are the hub's: no side of the case is asked for, and none makes up for the role."""
    pairing_id = case.propose()
    other = create_person(store, "broker")
    assert pairings.extend(store, other, pairing_id, 7, NOW) == "2026-11-27"
    host = people.viewer(store, create_person(store, "host", create_organisation(store, "host")["id"]).person_id)
    with pytest.raises(Denied):
        pairings.extend(store, host, pairing_id, 7, NOW)
