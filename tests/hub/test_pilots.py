"""Pilots on both engines: what a start needs, who may start one, and how facts are saved."""

from __future__ import annotations

import json
from typing import Any

import pytest

from matcher.hub import agreements, cases, conflicts, pairings, pilots
from matcher.hub.errors import Conflict, Denied, Invalid, Stale
from matcher.store import ConstraintViolation, Store
from tests.factories import NOW, create_person

from .cases import FIRST, LAST, Case, mails, recorded
from .pilots import BEGUN, ENDS, FACTS, OVER, Pilot, days_on


@pytest.fixture
def pilot(store: Store) -> Pilot:
    return Pilot(store)


def red(pilot: Pilot, now: str = NOW) -> list[str]:
    case = cases.fetch(pilot.store, pilot.id)
    settled = pilots.settled(pilot.store, case, pilots.of_case(pilot.store, pilot.id), now)
    return [code for code, done in settled if not done]


def start(pilot: Pilot, now: str = BEGUN, who: Any = None) -> Any:
    return pilots.start(pilot.store, who or pilot.owner, pilot.id, now)


def test_before_anybody_has_written_everything_is_red_but_the_place(pilot: Pilot) -> None:
    assert red(pilot) == [
        "question", "starts_on", "ends_on", "runner", "signer", "route", "indicators", "personal_data", "patients",
        "research", "security",
    ]  # fmt: skip
    with pytest.raises(Conflict) as error:
        start(pilot)
    assert error.value.code == "pilot_not_ready"
    assert error.value.params["count"] == 11


def test_with_all_facts_it_starts_and_everybody_is_told(pilot: Pilot) -> None:
    pilot.start()
    assert pilot.status(BEGUN) == "running"
    assert {mail["recipient"] for mail in mails(pilot.store, "pairing_pilot_started")} == {
        pilot.founder.email, pilot.host.email, pilot.broker.email,
    }  # fmt: skip
    assert "pilot.start" in recorded(pilot.store, pilot.id)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"question": ""}, "question"),
        ({"starts_on": ""}, "starts_on"),
        ({"ends_on": ""}, "ends_on"),
        ({"runner_role": ""}, "runner"),
        ({"signer_name": ""}, "signer"),
        ({"route": ""}, "route"),
        ({"personal_data": "unknown"}, "personal_data"),
        ({"impact_assessment": "unknown"}, "impact_assessment"),
        ({"impact_assessment": "no"}, "impact_assessment"),
        ({"patients": "unknown"}, "patients"),
        ({"research": "unknown"}, "research"),
        ({"patients": "yes"}, "review_board"),
        ({"research": "yes", "review_board": "no"}, "review_board"),
        ({"security": "no"}, "security"),
    ],
)
def test_each_fact_that_is_missing_stops_the_start_by_its_name(pilot: Pilot, change: dict[str, str], code: str) -> None:
    pilot.prepare(**change)
    assert red(pilot) == [code]
    with pytest.raises(Conflict, match="pilot_not_ready") as error:
        start(pilot)
    assert error.value.params["missing"] == [code]
    assert pilot.row["started_at"] is None


def test_what_needs_no_answer_is_not_asked_for(pilot: Pilot) -> None:
    pilot.prepare(personal_data="no", impact_assessment="unknown")
    assert red(pilot) == []


def test_no_start_without_an_agreement_in_force(store: Store) -> None:
    pilot = Pilot(store, agreed=False)
    pilot.prepare()
    assert red(pilot) == ["access_agreement"]
    with pytest.raises(Conflict, match="pilot_not_ready"):
        start(pilot)


def test_no_start_after_the_agreement_ended(pilot: Pilot) -> None:
    pilot.prepare()
    agreements.end(pilot.store, pilot.broker, pilot.id, 1, "Slut.", NOW)
    with pytest.raises(Conflict, match="pilot_not_ready"):
        start(pilot)


def test_no_start_once_its_last_day_has_passed(pilot: Pilot) -> None:
    pilot.prepare()
    assert red(pilot, OVER) == ["not_past"]


def test_no_start_while_a_conflict_of_interest_stands(pilot: Pilot) -> None:
    pilot.prepare()
    conflicts.declare(pilot.store, pilot.owner, pilot.need["id"], pilot.startup["id"], "Släkt.", NOW)
    with pytest.raises(Conflict, match="conflict_declared"):
        start(pilot)


def test_it_may_be_started_before_the_first_day_of_the_place(pilot: Pilot) -> None:
    pilot.start(now=NOW)
    assert pilot.status(NOW) == "running"


def test_a_second_start_learns_who_did_it(pilot: Pilot) -> None:
    pilot.start()
    with pytest.raises(Conflict) as error:
        start(pilot)
    assert error.value.params == {"person": pilot.owner.name, "at": BEGUN}


@pytest.mark.parametrize("who", ["founder", "host"])
def test_only_the_owner_and_brokers_save_and_start(pilot: Pilot, who: str) -> None:
    with pytest.raises(Denied):
        pilot.save(who=getattr(pilot, who), question="Ny?")
    pilot.prepare()
    with pytest.raises(Denied):
        start(pilot, who=getattr(pilot, who))
    with pytest.raises(Denied):
        start(pilot, who=create_person(pilot.store, "owner"))


@pytest.mark.parametrize(
    ("days", "field", "code"),
    [
        ({"starts_on": FIRST, "ends_on": FIRST}, "ends_on", "pilot_order"),
        ({"starts_on": "2026-12-20", "ends_on": "2026-12-10"}, "ends_on", "pilot_order"),
        ({"ends_on": "2026-11-19"}, "ends_on", "period_over"),
        ({"starts_on": "2026-11-30"}, "starts_on", "pilot_place"),
        ({"starts_on": FIRST, "ends_on": "2027-02-01"}, "ends_on", "pilot_place"),
        ({"ends_on": "i vår"}, "ends_on", "not_a_date"),
    ],
)
def test_days_that_no_pilot_can_have_are_not_saved(pilot: Pilot, days: dict[str, str], field: str, code: str) -> None:
    with pytest.raises(Invalid) as error:
        pilot.save(**days)
    assert error.value.errors[field][0] == code
    assert pilots.of_case(pilot.store, pilot.id) is None


def test_the_last_day_of_the_place_is_the_last_a_pilot_can_have(pilot: Pilot) -> None:
    assert pilot.save(starts_on=FIRST, ends_on=LAST) == ["starts_on", "ends_on"]


def test_two_who_save_at_once_do_not_overwrite_each_other(pilot: Pilot) -> None:
    pilot.save(question="Den första")
    with pytest.raises(Stale) as error:
        pilot.save(revision=0, question="Den andra")
    assert error.value.params["current"]["question"] == "Den första"
    assert pilot.row["question"] == "Den första"


def test_after_the_start_persons_may_change_but_not_what_it_is_judged_by(pilot: Pilot) -> None:
    pilot.start()
    assert pilot.save(BEGUN, signer_name="Ny Chef", question=FACTS["question"]) == ["signer_name"]
    with pytest.raises(Conflict, match="pilot_started"):
        pilot.save(BEGUN, question="En annan fråga?")
    with pytest.raises(Conflict, match="pilot_started"):
        pilot.save(BEGUN, ends_on="2027-01-20")
    with pytest.raises(Invalid):
        pilot.save(BEGUN, runner_name="")
    with pytest.raises(Conflict, match="pilot_started"):
        pilot.indicator(BEGUN)


def test_a_case_that_is_not_accepted_has_no_pilot(store: Store) -> None:
    case = Case(store)
    pairing_id = case.propose()
    with pytest.raises(Conflict, match="pairing_not_accepted"):
        pilots.save(store, case.owner, pairing_id, FACTS, 0, NOW)


def test_before_a_place_is_booked_the_facts_may_be_written_but_not_started(store: Store) -> None:
    case = Case(store)
    pairing_id = case.accepted()
    pilots.save(store, case.owner, pairing_id, {**FACTS, "starts_on": FIRST, "ends_on": ENDS}, 0, NOW)
    with pytest.raises(Conflict) as error:
        pilots.start(store, case.owner, pairing_id, NOW)
    assert "access_none" in error.value.params["missing"]


def test_a_case_that_was_ended_takes_no_facts_and_no_start(pilot: Pilot) -> None:
    pilot.prepare()
    pairings.end(pilot.store, pilot.broker, pilot.id, "safety", "", NOW)
    for step in (lambda: pilot.save(question="Ny?"), lambda: start(pilot)):
        with pytest.raises(Conflict, match="pairing_ended"):
            step()


def test_status_follows_the_clock(pilot: Pilot) -> None:
    pilot.prepare()
    assert pilot.status(NOW) == "prepared"
    start(pilot)
    assert pilot.status(f"{ENDS}T23:59:00.000000Z") == "running"
    assert pilot.status(OVER) == "over"
    assert pilots.decide_by(pilot.row) == "2027-02-14"
    assert not pilots.overdue(pilot.row, days_on(OVER, 29))
    assert pilots.overdue(pilot.row, days_on(OVER, 30))


def test_a_pilot_whose_case_was_ended_is_over_from_that_day(pilot: Pilot) -> None:
    pilot.start()
    pairings.end(pilot.store, pilot.broker, pilot.id, "safety", "", BEGUN)
    assert pilot.status(BEGUN) == "over"
    assert pilots.last_day(pilot.row) == FIRST


@pytest.mark.parametrize(
    "change",
    [
        "personal_data = 'unknown'", "security = 'no'", "route = ''", "ends_on = starts_on", "patients = 'yes'",
        "impact_assessment = 'no'", "decision = 'stop'",
    ],
)  # fmt: skip
def test_the_store_itself_refuses_a_started_pilot_without_its_facts(pilot: Pilot, change: str) -> None:
    pilot.start()
    with pytest.raises(ConstraintViolation):
        pilot.store.execute(f"update pilot set {change}")


def test_what_changed_is_recorded_by_name(pilot: Pilot) -> None:
    pilot.save(question="Vad?", route="Upphandling")
    rows = pilot.store.query("select detail from audit where action = 'pilot.save'")
    assert json.loads(rows[0]["detail"]) == {"changed": ["question", "route"]}


def test_saving_nothing_begins_no_pilot(pilot: Pilot) -> None:
    assert pilot.save() == []
    assert pilots.of_case(pilot.store, pilot.id) is None
    assert "pilot.save" not in recorded(pilot.store, pilot.id)
