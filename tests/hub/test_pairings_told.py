"""What a step in a case leaves behind, to the letter: its row in the record, whom it tells, why it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from matcher.hub import addressees, cases, dismissals, interests, locks, pairings, people, reasons
from matcher.hub.clock import later
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound
from matcher.store import Store
from tests.factories import NOW, create_person, create_testbed, grant

from .booked import Booked
from .cases import FIRST, LAST, Case, mails

NEXT = later(NOW, minutes=1)
AFTER = "2027-02-01T09:00:00.000000Z"


def last_row(store: Store, kind: str = "pairing") -> dict[str, Any]:
    """Return the last row of the record about a kind of thing, its details parsed."""
    [row] = store.query("select * from audit where kind = :kind order by n desc limit 1", {"kind": kind})
    return {**row, "detail": json.loads(row["detail"])}


def told_of(store: Store, template: str) -> dict[str, dict[str, Any]]:
    """Return what each reader of a mail is told, by address."""
    return {mail["recipient"]: json.loads(mail["params"]) for mail in mails(store, template)}


def check_record(store: Store, action: str, pairing_id: str, by: str | None, **detail: Any) -> None:
    row = last_row(store)
    assert (row["action"], row["subject_id"], row["person_id"]) == (action, pairing_id, by)
    assert row["detail"] == detail


def test_each_step_is_recorded_with_who_and_what(store: Store, case: Case, testbed: dict[str, Any]) -> None:
    pairing_id = case.propose(message="Hej")
    broker, owner = case.broker.person_id, case.owner.person_id
    check_record(store, "pairing.propose", pairing_id, broker, note="Hej", answer_by="2026-12-04")
    pairings.extend(store, case.broker, pairing_id, 7, NEXT)
    check_record(store, "pairing.extend", pairing_id, broker, answer_by="2026-11-27")
    pairings.accept(store, case.owner, pairing_id, "owner", NEXT)
    check_record(store, "pairing.accept", pairing_id, owner, side="owner")
    pairings.accept(store, case.founder, pairing_id, "startup", NEXT)
    case.confirm(pairing_id, testbed)
    told = {"testbed": testbed["name"], "starts_on": FIRST, "ends_on": LAST}
    check_record(store, "pairing.confirm", pairing_id, broker, **told)
    pairings.end(store, case.owner, pairing_id, "safety", "Läckage", "2026-12-20T09:00:00.000000Z")
    check_record(store, "pairing.end", pairing_id, owner, side="owner", reason="safety", note="Läckage")


def test_a_no_is_recorded_with_its_side_and_reason_and_told_to_the_others(store: Store, case: Case) -> None:
    pairing_id = case.propose()
    pairings.decline(store, case.owner, pairing_id, "owner", "budget", " Kanske i vår. ", NOW)
    said = {"side": "owner", "reason": "budget", "note": "Kanske i vår."}
    check_record(store, "pairing.decline", pairing_id, case.owner.person_id, **said)
    told = told_of(store, "pairing_declined")
    assert set(told) == {case.founder.email, case.broker.email}
    assert all(params.items() >= {**said, "actor": case.owner.name}.items() for params in told.values())


def test_when_a_startup_says_no_the_owner_and_the_broker_are_told(store: Store, case: Case) -> None:
    pairings.decline(store, case.founder, case.propose(), "startup", "no_fit", "", NOW)
    assert set(told_of(store, "pairing_declined")) == {case.owner.email, case.broker.email}


def test_the_others_are_told_of_an_end_with_its_reason(store: Store, case: Case, testbed: dict[str, Any]) -> None:
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed)
    pairings.end(store, case.founder, pairing_id, "no_effect", "Ingen skillnad.", NOW)
    told = told_of(store, "pairing_ended")
    contacts = {testbed["contact_email"], testbed["backup_email"]}
    assert set(told) == {case.owner.email, case.broker.email, *contacts}
    said = {"side": "startup", "reason": "no_effect", "note": "Ingen skillnad."}
    assert all(params.items() >= said.items() for params in told.values())
    assert cases.fetch(store, pairing_id)["access_ended_at"] == NOW


def test_a_broker_ends_a_case_as_the_broker_whatever_else_they_are(
    store: Store, case: Case, testbed: dict[str, Any]
) -> None:
    both = grant(store, case.broker, "owner", case.need["organisation_id"])
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed)
    pairings.end(store, both, pairing_id, "safety", "", NOW)
    assert cases.fetch(store, pairing_id)["ended_side"] == "broker"


def test_what_is_closed_after_its_period_keeps_the_days_it_had(
    store: Store, case: Case, testbed: dict[str, Any]
) -> None:
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed)
    pairings.end(store, case.broker, pairing_id, "completed", "", AFTER)
    assert cases.fetch(store, pairing_id)["access_ended_at"] is None


def test_an_end_needs_a_reason_of_its_own_list(store: Store, case: Case, testbed: dict[str, Any]) -> None:
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed)
    for reason, note, errors in (
        ("budget", "", {"reason": ("required_choice", {})}),
        ("other", " ", {"note": ("required_other", {})}),
    ):
        with pytest.raises(Invalid) as error:
            pairings.end(store, case.owner, pairing_id, reason, note, NOW)
        assert error.value.errors == errors
    assert cases.fetch(store, pairing_id)["ended_at"] is None


def test_a_note_that_brokers_alone_read_says_so(store: Store) -> None:
    with pytest.raises(Invalid) as error:
        reasons.checked("other", "", reasons.DISMISS, told="brokers")
    assert error.value.errors == {"note": ("required_other_brokers", {})}
    assert reasons.checked("no_fit", " ja ", reasons.DISMISS) == "ja"


@pytest.mark.parametrize("side", ["", "host", "nobody"])
def test_a_side_that_does_not_answer_cannot_say_no(store: Store, case: Case, side: str) -> None:
    with pytest.raises(Invalid) as error:
        pairings.decline(store, case.owner, case.propose(), side, "no_fit", "", NOW)
    assert list(error.value.errors) == ["reason"]


@pytest.mark.parametrize("side", ["", "host", "broker"])
def test_only_owner_and_startup_say_yes(store: Store, case: Case, side: str) -> None:
    pairing_id = case.propose()
    with pytest.raises(Denied, match=r"^denied$"):
        pairings.accept(store, case.owner, pairing_id, side, NOW)
    assert cases.fetch(store, pairing_id)["owner_accepted_at"] is None


def test_a_side_declines_for_itself_and_only_a_broker_for_the_hub(store: Store, case: Case) -> None:
    pairing_id = case.propose()
    for who, side, reason in ((case.owner, "broker", "no_place"), (case.owner, "startup", "no_fit"),
                              (case.broker, "owner", "no_fit")):  # fmt: skip
        with pytest.raises(Denied, match=r"^denied$"):
            pairings.decline(store, who, pairing_id, side, reason, "", NOW)
    assert cases.fetch(store, pairing_id)["declined_at"] is None


def test_a_stranger_ends_nothing(store: Store, case: Case, testbed: dict[str, Any]) -> None:
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed)
    with pytest.raises(Denied, match=r"^denied$"):
        pairings.end(store, create_person(store, "owner"), pairing_id, "safety", "", NOW)


@pytest.mark.parametrize("days", ["", None])
def test_more_time_is_a_number_of_days(store: Store, case: Case, days: Any) -> None:
    with pytest.raises(Invalid) as error:
        pairings.extend(store, case.broker, case.propose(), days, NOW)
    assert error.value.errors == {"answer_days": ("number_range", {"low": 1, "high": 90, "value": ""})}


def test_more_time_is_told_with_the_new_day(store: Store, case: Case) -> None:
    pairing_id = case.propose()
    pairings.extend(store, case.broker, pairing_id, 30, NOW)
    told = told_of(store, "pairing_extended")
    assert {email: params["answer_by"] for email, params in told.items()} == {
        case.owner.email: "2026-12-20",
        case.founder.email: "2026-12-20",
    }


def refusal(step: Any) -> tuple[str, dict[str, Any]]:
    with pytest.raises(Conflict) as error:
        step()
    return error.value.code, error.value.params


def test_a_refusal_says_what_stands_in_the_way(store: Store, case: Case, testbed: dict[str, Any]) -> None:
    pairing_id = case.propose()
    late = "2026-12-05T08:00:00.000000Z"
    assert refusal(lambda: case.confirm(pairing_id, testbed)) == ("pairing_not_accepted", {"answer_by": "2026-12-04"})
    assert refusal(lambda: pairings.accept(store, case.owner, pairing_id, "owner", late)) == (
        "pairing_expired",
        {"answer_by": "2026-12-04", "person": case.broker.name},
    )
    pairings.accept(store, case.owner, pairing_id, "owner", NOW)
    pairings.accept(store, case.founder, pairing_id, "startup", NEXT)
    assert refusal(lambda: pairings.extend(store, case.broker, pairing_id, 7, NEXT)) == (
        "pairing_both_accepted",
        {"at": NEXT},
    )
    assert refusal(lambda: pairings.end(store, case.broker, pairing_id, "safety", "", NOW)) == (
        "pairing_not_confirmed",
        {},
    )
    store.execute("update testbed set withdrawn_at = :now", {"now": NOW})
    assert refusal(lambda: case.confirm(pairing_id, testbed)) == ("testbed_withdrawn", {"testbed": testbed["name"]})


def test_the_yes_that_came_last_is_the_one_that_is_told_whoever_gave_it(store: Store, case: Case) -> None:
    pairing_id = case.propose()
    pairings.accept(store, case.founder, pairing_id, "startup", NOW)
    pairings.accept(store, case.owner, pairing_id, "owner", NEXT)
    assert refusal(lambda: pairings.extend(store, case.broker, pairing_id, 7, NEXT))[1] == {"at": NEXT}


def test_what_is_not_there_is_named(store: Store, case: Case, testbed: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as unknown:
        pairings.confirm(store, case.broker, case.accepted(), "nothing", FIRST, LAST, NOW)
    assert unknown.value.errors == {"testbed_id": ("required_testbed", {})}
    for step, what in (
        (lambda: locks.pair_of(store, "nothing"), "pairing"),
        (lambda: locks.pair(store, "nothing", case.need["id"]), "startup"),
        (lambda: locks.pair(store, case.startup["id"], "nothing"), "need"),
        (lambda: cases.load(store, case.broker, "nothing"), "pairing"),
        (lambda: cases.fetch(store, "nothing"), "pairing"),
        (lambda: pairings.extend(store, case.broker, "nothing", 7, NOW), "pairing"),
    ):
        with pytest.raises(NotFound, match=rf"^{what}$"):
            step()


def test_a_suggested_testbed_stands_with_the_proposal_and_holds_no_place(
    store: Store, case: Case, testbed: dict[str, Any]
) -> None:
    pairing_id = case.propose(testbed_id=testbed["id"])
    assert cases.fetch(store, pairing_id)["testbed_id"] == testbed["id"]
    assert store.query("select id from access") == []


def test_a_proposal_takes_an_earlier_dismissal_back_and_records_both(store: Store, case: Case) -> None:
    interest_id = interests.create(store, case.founder, case.need["id"], case.startup["id"], "Vi provar.", NOW)
    dismissals.dismiss(store, case.broker, case.need["id"], case.startup["id"], "no_fit", "", NOW)
    [dismissal] = store.query("select id from dismissal")
    case.propose()
    for kind, action, subject in (("interest", "interest.propose", interest_id),
                                  ("dismissal", "dismissal.undo", dismissal["id"])):  # fmt: skip
        row = last_row(store, kind)
        assert (row["action"], row["subject_id"], row["person_id"]) == (action, subject, case.broker.person_id)
    assert store.query("select undone_at from dismissal") == [{"undone_at": NOW}]


def test_a_booked_place_becomes_the_case_s(store: Store) -> None:
    scene = Booked(store)
    booking_id = scene.approve(scene.ask(startup_id=scene.startup["id"], need_id=scene.need["id"]))
    pairing_id = scene.accepted()
    scene.confirm(pairing_id, scene.testbed, "2026-12-01", "2026-12-14", booking_id)
    assert scene.row(booking_id)["used_pairing_id"] == pairing_id


def test_a_promised_day_is_seven_days_away_where_nobody_says_otherwise(store: Store, case: Case) -> None:
    row = cases.fetch(store, case.accepted())
    assert cases.next_step(row, NOW)["by"] == "2026-11-27"


def test_a_contact_who_was_sent_away_is_told_of_nothing_more(store: Store, case: Case) -> None:
    testbed = create_testbed(store, published=True, contact_email="stays@example.org")
    gone = create_person(store, "host", testbed["organisation_id"])
    store.execute("update testbed set backup_email = :email where id = :id", {"email": gone.email, "id": testbed["id"]})
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed)
    assert gone.email in told_of(store, "pairing_confirmed")
    [held] = people.roles(store, gone.person_id)
    people.revoke(store, held["id"], case.broker.person_id, NOW)
    pairings.end(store, case.broker, pairing_id, "other", "Värden har lagt ner.", NEXT)
    assert "stays@example.org" in told_of(store, "pairing_ended")  # nobody acts for the host now
    assert gone.email not in told_of(store, "pairing_ended")
    [waits] = [mail for mail in mails(store, "pairing_confirmed") if mail["recipient"] == gone.email]
    assert not addressees.may_read(store, {**waits, "params": json.loads(waits["params"])})
