"""Incidents, more time, decisions and reminders on both engines."""

from __future__ import annotations

import json
from threading import Thread
from typing import Any

import pytest

from matcher.hub import inbox, incidents, pairings, pilot_ends, pilots, reminders
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound
from matcher.store import ConstraintViolation, Store

from .cases import FIRST, LAST, mails
from .pilots import BEGUN, DECISION, ENDS, OVER, Pilot, days_on

INCIDENT = {"happened_on": FIRST, "what": "Sensorn blev het.", "severity": "serious", "done": "Urkopplad."}


@pytest.fixture
def pilot(store: Store) -> Pilot:
    found = Pilot(store)
    found.start()
    return found


def report(pilot: Pilot, who: str = "host", **changes: str) -> str:
    return incidents.report(pilot.store, getattr(pilot, who), pilot.id, {**INCIDENT, **changes}, BEGUN)


@pytest.mark.parametrize("who", ["owner", "founder", "host", "broker"])
def test_everybody_in_the_case_reports_incidents_and_the_others_are_mailed_at_once(pilot: Pilot, who: str) -> None:
    report(pilot, who)
    everybody = {pilot.owner.email, pilot.founder.email, pilot.host.email, pilot.broker.email}
    told = {mail["recipient"] for mail in mails(pilot.store, "pairing_incident")}
    assert told == everybody - {getattr(pilot, who).email}


def test_a_low_incident_is_kept_and_not_mailed(pilot: Pilot) -> None:
    report(pilot, severity="low")
    assert mails(pilot.store, "pairing_incident") == []
    assert [row["severity"] for row in incidents.of_pilot(pilot.store, pilot.row["id"])] == ["low"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"happened_on": ""}, "required_day"), ({"happened_on": "2026-12-02"}, "day_ahead"),
        ({"what": " "}, "required"),
        ({"severity": ""}, "required_choice"), ({"severity": "huge"}, "unknown_choice"),
    ],
)  # fmt: skip
def test_an_incident_says_when_what_and_how_serious(pilot: Pilot, change: dict[str, str], code: str) -> None:
    with pytest.raises(Invalid) as error:
        report(pilot, **change)
    assert [found for found, _ in error.value.errors.values()] == [code]


def test_one_that_stops_halts_until_the_owner_says_what_was_done(pilot: Pilot) -> None:
    incident = report(pilot, severity="stops")
    assert [row["id"] for row in incidents.halting(pilot.store, pilot.row["id"])] == [incident]
    with pytest.raises(Denied):
        incidents.handle(pilot.store, pilot.founder, pilot.id, incident, "Bytt.", BEGUN)
    with pytest.raises(Invalid):
        incidents.handle(pilot.store, pilot.owner, pilot.id, incident, "", BEGUN)
    incidents.handle(pilot.store, pilot.owner, pilot.id, incident, "Bytt.", BEGUN)
    assert incidents.halting(pilot.store, pilot.row["id"]) == []
    with pytest.raises(Conflict, match="incident_handled") as error:
        incidents.handle(pilot.store, pilot.broker, pilot.id, incident, "Igen.", BEGUN)
    assert error.value.params == {"person": pilot.owner.name, "at": BEGUN}
    assert len(mails(pilot.store, "pairing_incident_handled")) == 3


def test_an_incident_is_reported_also_after_the_case_was_ended_and_of_no_other_case(pilot: Pilot) -> None:
    pairings.end(pilot.store, pilot.broker, pilot.id, "safety", "", BEGUN)
    incident = report(pilot)
    other = Pilot(pilot.store)
    other.start()
    with pytest.raises(NotFound):
        incidents.handle(pilot.store, other.owner, other.id, incident, "Nej.", BEGUN)


# --- more time ---


def extend(pilot: Pilot, ends_on: str = LAST, reason: str = "Semester.", now: str = BEGUN, who: str = "owner") -> Any:
    return pilot_ends.extend(pilot.store, getattr(pilot, who), pilot.id, ends_on, reason, now)


def test_more_time_has_a_reason_that_everybody_reads(pilot: Pilot) -> None:
    extend(pilot)
    assert pilot.row["ends_on"] == LAST
    params = json.loads(mails(pilot.store, "pairing_pilot_extended")[0]["params"])
    assert (params["before"], params["last"], params["reason_given"]) == (ENDS, LAST, "Semester.")


def test_more_time_may_be_given_after_the_last_day(pilot: Pilot) -> None:
    extend(pilot, now=OVER)
    assert pilot.status(OVER) == "running"


@pytest.mark.parametrize(
    ("ends_on", "reason", "code"),
    [
        (LAST, "", "required"), ("", "Semester.", "required_day"), (ENDS, "Semester.", "pilot_later"),
        ("2027-01-10", "Semester.", "pilot_later"), ("2027-02-01", "Semester.", "pilot_place"),
    ],
)  # fmt: skip
def test_more_time_is_later_and_within_the_place(pilot: Pilot, ends_on: str, reason: str, code: str) -> None:
    with pytest.raises(Invalid) as error:
        extend(pilot, ends_on, reason)
    assert [found for found, _ in error.value.errors.values()] == [code]
    assert pilot.row["ends_on"] == ENDS


def test_the_startup_gives_itself_no_more_time(pilot: Pilot) -> None:
    with pytest.raises(Denied):
        extend(pilot, who="founder")


# --- the decision ---


@pytest.mark.parametrize("decision", pilot_ends.DECISIONS)
def test_a_decision_is_kept_with_evidence_and_lesson_and_told(pilot: Pilot, decision: str) -> None:
    pilot.decide(decision=decision)
    row = pilot.row
    assert (row["decision"], row["evidence"], row["lesson"], row["decided_side"]) == (
        decision, DECISION["evidence"], DECISION["lesson"], "owner",
    )  # fmt: skip
    assert pilot.status(OVER) == "decided"
    assert len(mails(pilot.store, "pairing_pilot_decided")) == 3


def test_a_broker_decides_for_the_owner(pilot: Pilot) -> None:
    pilot.decide(who=pilot.broker)
    assert pilot.row["decided_side"] == "broker"


@pytest.mark.parametrize("who", ["founder", "host"])
def test_nobody_else_decides(pilot: Pilot, who: str) -> None:
    with pytest.raises(Denied):
        pilot.decide(who=getattr(pilot, who))


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"decision": ""}, "decision", "required_choice"),
        ({"decision": "buy"}, "decision", "unknown_choice"),
        ({"evidence": ""}, "evidence", "required"),
        ({"lesson": "Bra."}, "lesson", "lesson_short"),
        ({"lesson": ""}, "lesson", "lesson_short"),
    ],
)
def test_a_decision_lacks_nothing(pilot: Pilot, change: dict[str, str], field: str, code: str) -> None:
    with pytest.raises(Invalid) as error:
        pilot.decide(**change)
    assert error.value.errors[field][0] == code
    assert pilot.row["decided_at"] is None


def test_a_second_decision_tells_who_decided_and_when(pilot: Pilot) -> None:
    pilot.decide()
    with pytest.raises(Conflict, match="pilot_decided") as error:
        pilot.decide(who=pilot.broker, decision="stop")
    assert error.value.params == {"person": pilot.owner.name, "at": OVER}
    assert pilot.row["decision"] == "adopt"


def test_of_many_who_decide_at_once_one_is_heard_and_the_others_learn_who(pilot: Pilot) -> None:
    heard: list[str] = []

    def decide(decision: str) -> None:
        try:
            pilot.decide(decision=decision)
            heard.append(decision)
        except Conflict as error:
            heard.append(error.code)

    threads = [Thread(target=decide, args=(decision,)) for decision in pilot_ends.DECISIONS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard.count("pilot_decided") == 3
    assert pilot.row["decision"] in heard
    rows = pilot.store.query("select count(*) as n from audit where action = 'pilot.decide'")
    assert rows[0]["n"] == 1


def test_before_the_last_day_a_decision_says_why(pilot: Pilot) -> None:
    with pytest.raises(Invalid) as error:
        pilot.decide(BEGUN)
    assert error.value.errors == {"early_reason": ("required_early", {"last": ENDS})}
    pilot.decide(BEGUN, early_reason="Företaget lade ner.")
    assert pilot.row["early_reason"] == "Företaget lade ner."


def test_on_the_last_day_no_reason_is_needed_and_none_is_kept(pilot: Pilot) -> None:
    pilot.decide(f"{ENDS}T12:00:00.000000Z", early_reason="Onödigt.")
    assert pilot.row["early_reason"] == ""


def test_a_pilot_whose_case_was_ended_is_still_decided_and_its_lesson_kept(pilot: Pilot) -> None:
    pairings.end(pilot.store, pilot.broker, pilot.id, "startup_unable", "Konkurs.", BEGUN)
    pilot.decide(BEGUN, decision="stop")
    assert pilot.row["decision"] == "stop"


def test_what_never_started_is_not_decided(store: Store) -> None:
    pilot = Pilot(store)
    pilot.prepare()
    with pytest.raises(Conflict, match="pilot_not_started"):
        pilot.decide()


@pytest.mark.parametrize("change", ["lesson = ''", "evidence = ''", "decision = null", "started_at = null"])
def test_the_store_itself_keeps_a_decision_whole(pilot: Pilot, change: str) -> None:
    pilot.decide()
    with pytest.raises(ConstraintViolation):
        pilot.store.execute(f"update pilot set {change}")


# --- nobody forgets it ---


def test_who_decides_is_reminded_a_week_before_the_end_and_once(pilot: Pilot) -> None:
    soon = days_on(OVER, -8)
    assert pilot_ends.remind(pilot.store, days_on(OVER, -9)) == 0
    assert reminders.send(pilot.store, soon) >= 2
    assert {mail["recipient"] for mail in mails(pilot.store, "pilot_due")} == {pilot.owner.email, pilot.broker.email}
    assert pilot_ends.remind(pilot.store, days_on(soon, 1)) == 0


def test_a_moved_end_is_reminded_of_again(pilot: Pilot) -> None:
    pilot_ends.remind(pilot.store, days_on(OVER, -2))
    extend(pilot, now=days_on(OVER, -2))
    assert pilot_ends.remind(pilot.store, f"{LAST}T08:00:00.000000Z") == 2


def test_thirty_days_after_the_end_it_is_red_on_the_desk_and_the_owner_is_reminded(pilot: Pilot) -> None:
    day_30, day_31 = days_on(OVER, 29), days_on(OVER, 30)
    assert pilot_ends.remind(pilot.store, day_30) == 0
    assert [(row["id"], row["late"]) for row in inbox.rows(pilot.store, "pilots_undecided", day_30)] == [
        (pilot.id, False)
    ]
    assert pilots.overdue(pilot.row, day_31)
    assert pilot_ends.remind(pilot.store, day_31) == 2
    assert pilot_ends.remind(pilot.store, days_on(day_31, 1)) == 0
    row = inbox.rows(pilot.store, "pilots_undecided", day_31)[0]
    assert (row["due"], row["late"]) == (pilots.decide_by(pilot.row), True)


def test_a_case_that_was_ended_early_counts_from_that_day(pilot: Pilot) -> None:
    pairings.end(pilot.store, pilot.broker, pilot.id, "safety", "", BEGUN)
    row = inbox.rows(pilot.store, "pilots_undecided", days_on(BEGUN, 1))[0]
    assert (row["since"], row["due"]) == (FIRST, "2026-12-31")
    assert pilot_ends.remind(pilot.store, days_on(BEGUN, 31)) == 2
    assert {
        mail["template"] for mail in pilot.store.query("select template from outbox where template like 'pilot%'")
    } == {"pilot_overdue"}


def test_what_is_decided_or_not_started_is_nobodys_reminder(store: Store) -> None:
    pilot = Pilot(store)
    pilot.prepare()
    assert inbox.rows(store, "pilots_undecided", days_on(OVER, 60)) == []
    assert pilot_ends.remind(store, days_on(OVER, 60)) == 0
    pilots.start(store, pilot.owner, pilot.id, BEGUN)
    pilot.decide()
    assert inbox.rows(store, "pilots_undecided", days_on(OVER, 60)) == []
    assert pilot_ends.remind(store, days_on(OVER, 60)) == 0
