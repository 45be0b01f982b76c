from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from matcher.hub import cases, conflicts, dismissals, interests, merging, pairings
from matcher.hub.clock import later
from matcher.hub.errors import Conflict, Denied, Full, Invalid, NotFound
from matcher.store import Store
from tests.factories import NOW, create_need, create_person, create_startup, create_testbed, grant

from .cases import FIRST, LAST, SEEN, Case, mails, recorded


def row(store: Store, pairing_id: str) -> dict[str, Any]:
    return cases.fetch(store, pairing_id)


def test_a_proposal_keeps_what_was_seen_and_which_version_of_the_need(store: Store, case: Case) -> None:
    found = row(store, case.propose())
    assert found["seen"] == SEEN
    assert found["need_version"] == case.need["version"]


def test_both_sides_are_told_of_a_proposal_with_the_day_to_answer_by(store: Store, case: Case) -> None:
    pairing_id = case.propose(message="Träffas i december?")
    told = mails(store, "pairing_proposed")
    assert {mail["recipient"] for mail in told} == {case.owner.email, case.founder.email}
    params = json.loads(told[0]["params"])
    assert params["answer_by"] == "2026-12-04"
    assert params["message"] == "Träffas i december?"
    assert params["broker_email"] == case.broker.email
    assert recorded(store, pairing_id) == ["pairing.propose"]


def test_the_same_two_are_not_proposed_twice_and_one_learns_who_did_it(case: Case) -> None:
    pairing_id = case.propose()
    with pytest.raises(Conflict) as error:
        case.propose()
    assert error.value.code == "pairing_exists"
    assert error.value.params == {"person": case.broker.name, "at": NOW, "pairing_id": pairing_id}


def beside(case: Case) -> dict[str, Any]:
    """Return a second profile of the case's company."""
    return create_startup(case.store, case.startup["organisation_id"], published=True)


def test_a_company_has_one_case_with_a_need_at_a_time_whichever_its_profile(store: Store, case: Case) -> None:
    """With a second profile the owner met the same company twice, and it had two answers to one need."""
    first, second = case.startup, beside(case)
    pairing_id = case.propose()
    with pytest.raises(Conflict) as error:
        pairings.propose(store, case.broker, case.need["id"], second["id"], "", SEEN, NOW)
    assert error.value.code == "pairing_of_company"
    given = {"startup": first["name"], "person": case.broker.name, "at": NOW, "pairing_id": pairing_id}
    assert error.value.params == given
    with pytest.raises(Conflict, match="pairing_of_company"):
        interests.create(store, case.founder, case.need["id"], second["id"], "Vi kan.", NOW)
    other = create_need(store, published=True)
    assert pairings.propose(store, case.broker, other["id"], second["id"], "", SEEN, NOW), "another need"
    assert dismissals.dismiss(store, case.broker, case.need["id"], second["id"], "too_generic", "", NOW)
    pairings.decline(store, case.owner, pairing_id, "owner", "no_fit", "", NOW)
    assert pairings.propose(store, case.broker, case.need["id"], second["id"], "", SEEN, NOW)


def test_when_a_test_of_the_company_has_ended_its_other_profile_may_be_proposed(store: Store, case: Case) -> None:
    second, pairing_id = beside(case), case.accepted()
    case.confirm(pairing_id, create_testbed(store, published=True))
    with pytest.raises(Conflict, match="pairing_of_company"):
        pairings.propose(store, case.broker, case.need["id"], second["id"], "", SEEN, NOW)
    pairings.end(store, case.broker, pairing_id, "completed", "", NOW)
    assert pairings.propose(store, case.broker, case.need["id"], second["id"], "", SEEN, NOW)


def test_companies_whose_profiles_were_merged_are_one(store: Store, case: Case) -> None:
    second, pairing_id, kept = beside(case), case.propose(), create_startup(store, published=True)
    row = {"id": "offer", "keep_id": kept["id"], "drop_id": case.startup["id"], "reason": "name", "found_at": NOW}
    store.insert("merge_offer", row)
    merging.merge(store, case.broker, "offer", kept["id"], NOW)
    with pytest.raises(Conflict) as error:
        pairings.propose(store, case.broker, case.need["id"], second["id"], "", SEEN, NOW)
    assert (error.value.params["startup"], error.value.params["pairing_id"]) == (kept["name"], pairing_id)


def test_of_two_profiles_that_are_proposed_at_once_one_is(store: Store, case: Case) -> None:
    second, colleague = beside(case), create_person(store, "broker")
    with ThreadPoolExecutor(1) as pool:
        with store.atomic():
            case.propose()
            given = (store, colleague, case.need["id"], second["id"], "", SEEN, NOW)
            asked = pool.submit(pairings.propose, *given)
            with pytest.raises(TimeoutError):
                asked.result(0.3)
        with pytest.raises(Conflict, match="pairing_of_company"):
            asked.result(20)


def test_a_declined_pair_may_be_proposed_again(store: Store, case: Case) -> None:
    first = case.propose()
    pairings.decline(store, case.founder, first, "startup", "no_capacity", "", NOW)
    assert case.propose(now=later(NOW, days=30)) != first


@pytest.mark.parametrize(
    ("table", "change", "code"),
    [
        ("need", "closed_at = '2026-11-20T08:00:00Z'", "need_not_open"),
        ("need", "published_at = null", "need_not_open"),
        ("need", "valid_until = '2026-11-19'", "need_expired"),
        ("startup", "hidden_at = '2026-11-20T08:00:00Z'", "startup_not_live"),
        ("startup", "published_at = null", "startup_not_live"),
        ("startup", "merged_at = '2026-11-20T08:00:00Z'", "startup_not_live"),
    ],
)
@pytest.mark.parametrize("step", ["propose", "confirm"])
def test_only_live_needs_and_startups_are_paired(
    store: Store, case: Case, testbed: dict[str, Any], step: str, table: str, change: str, code: str
) -> None:
    pairing_id = case.accepted() if step == "confirm" else ""
    store.execute(f"update {table} set {change}")
    with pytest.raises(Conflict) as error:
        case.confirm(pairing_id, testbed) if pairing_id else case.propose()
    assert error.value.code == code


def test_nobody_is_paired_with_their_own_need(store: Store, case: Case) -> None:
    store.execute("update need set organisation_id = :id", {"id": case.startup["organisation_id"]})
    with pytest.raises(Conflict, match="own_need"):
        case.propose()


@pytest.mark.parametrize("who", ["owner", "founder"])
def test_only_a_broker_proposes(store: Store, case: Case, who: str) -> None:
    case.broker = getattr(case, who)
    with pytest.raises(Denied):
        case.propose()
    assert store.query("select id from pairing") == []


@pytest.mark.parametrize("days", [0, 91, "", "soon"])
def test_the_days_to_answer_are_a_number_in_range(case: Case, days: Any) -> None:
    if days == "":
        assert case.propose(answer_days=days)
        return
    with pytest.raises(Invalid) as error:
        case.propose(answer_days=days)
    assert "answer_days" in error.value.errors


def test_a_suggested_testbed_must_be_on_offer(store: Store, case: Case) -> None:
    hidden = create_testbed(store)
    with pytest.raises(Invalid) as error:
        case.propose(testbed_id=hidden["id"])
    assert error.value.errors == {"testbed_id": ("required_choice", {})}


def test_a_proposal_answers_a_waiting_interest(store: Store, case: Case) -> None:
    interest_id = interests.create(store, case.founder, case.need["id"], case.startup["id"], "Vi provar.", NOW)
    case.propose()
    found = interests.load(store, case.broker, interest_id)
    assert (found["answer"], found["answered_by"]) == ("proposed", case.broker.person_id)


def test_the_second_yes_makes_it_accepted_and_tells_the_broker(store: Store, case: Case) -> None:
    pairing_id = case.propose()
    pairings.accept(store, case.founder, pairing_id, "startup", NOW)
    assert cases.status(row(store, pairing_id), NOW) == "proposed"
    assert {mail["recipient"] for mail in mails(store, "pairing_accepted")} == {case.owner.email, case.broker.email}
    pairings.accept(store, case.owner, pairing_id, "owner", NOW)
    assert cases.status(row(store, pairing_id), NOW) == "accepted"
    assert case.broker.email in {mail["recipient"] for mail in mails(store, "pairing_both_accepted")}


def test_one_side_answers_once(store: Store, case: Case) -> None:
    pairing_id = case.propose()
    pairings.accept(store, case.owner, pairing_id, "owner", NOW)
    with pytest.raises(Conflict) as error:
        pairings.accept(store, case.owner, pairing_id, "owner", later(NOW, days=1))
    assert error.value.params == {"person": case.owner.name, "at": NOW}


@pytest.mark.parametrize(("who", "side"), [("owner", "startup"), ("founder", "owner"), ("broker", "owner")])
def test_nobody_answers_for_another_side(store: Store, case: Case, who: str, side: str) -> None:
    pairing_id = case.propose()
    with pytest.raises(Denied):
        pairings.accept(store, getattr(case, who), pairing_id, side, NOW)
    assert recorded(store, pairing_id) == ["pairing.propose"]


def test_an_answer_after_the_day_is_too_late_until_the_broker_extends(store: Store, case: Case) -> None:
    pairing_id = case.propose()
    last_day, after = "2026-12-04T23:00:00.000000Z", "2026-12-05T08:00:00.000000Z"
    pairings.accept(store, case.founder, pairing_id, "startup", last_day)
    with pytest.raises(Conflict, match="pairing_expired"):
        pairings.accept(store, case.owner, pairing_id, "owner", after)
    assert cases.status(row(store, pairing_id), after) == "expired"
    assert pairings.extend(store, case.broker, pairing_id, 7, after) == "2026-12-12"
    assert [mail["recipient"] for mail in mails(store, "pairing_extended")] == [case.owner.email]
    pairings.accept(store, case.owner, pairing_id, "owner", after)
    assert cases.status(row(store, pairing_id), after) == "accepted"


def test_only_a_broker_extends_and_only_while_somebody_has_to_answer(store: Store, case: Case) -> None:
    pairing_id = case.propose()
    with pytest.raises(Denied):
        pairings.extend(store, case.owner, pairing_id, 7, NOW)
    case.accept(pairing_id)
    with pytest.raises(Conflict, match="pairing_both_accepted"):
        pairings.extend(store, case.broker, pairing_id, 7, NOW)


@pytest.mark.parametrize(
    ("who", "side", "reason"),
    [("owner", "owner", "budget"), ("founder", "startup", "no_capacity"), ("broker", "broker", "no_answer")],
)
def test_each_side_and_the_broker_may_decline_and_the_others_get_the_reason(
    store: Store, case: Case, who: str, side: str, reason: str
) -> None:
    pairing_id = case.accepted()
    pairings.decline(store, getattr(case, who), pairing_id, side, reason, "Kanske i vår.", NOW)
    found = row(store, pairing_id)
    assert (cases.status(found, NOW), found["declined_side"], found["reason"]) == ("declined", side, reason)
    told = mails(store, "pairing_declined")
    everybody = {case.owner.email, case.founder.email, case.broker.email}
    assert {mail["recipient"] for mail in told} == everybody - {getattr(case, who).email}
    assert json.loads(told[0]["params"])["note"] == "Kanske i vår."


@pytest.mark.parametrize(
    ("reason", "note", "field"),
    [("", "", "reason"), ("no_answer", "", "reason"), ("other", " ", "note"), ("other", "x" * 8_001, "note")],
)
def test_a_no_needs_a_reason_of_its_side(store: Store, case: Case, reason: str, note: str, field: str) -> None:
    pairing_id = case.propose()
    with pytest.raises(Invalid) as error:
        pairings.decline(store, case.owner, pairing_id, "owner", reason, note, NOW)
    assert list(error.value.errors) == [field]


def test_a_decided_case_tells_the_second_who_decided_what_and_when(
    store: Store, case: Case, testbed: dict[str, Any]
) -> None:
    pairing_id = case.accepted()
    pairings.decline(store, case.founder, pairing_id, "startup", "no_capacity", "", NOW)
    with pytest.raises(Conflict) as error:
        case.confirm(pairing_id, testbed)
    assert error.value.code == "pairing_declined"
    assert error.value.params == {"person": case.founder.name, "at": NOW}


def test_confirming_opens_access_and_tells_everybody(store: Store, case: Case, testbed: dict[str, Any]) -> None:
    host = create_person(store, "host", testbed["organisation_id"])
    pairing_id = case.accepted()
    access_id = case.confirm(pairing_id, testbed)
    access = store.query("select * from access")
    assert [(a["id"], a["testbed_id"], a["starts_on"], a["ends_on"]) for a in access] == [
        (access_id, testbed["id"], FIRST, LAST)
    ]
    told = {mail["recipient"] for mail in mails(store, "pairing_confirmed")}
    assert told == {case.owner.email, case.founder.email, host.email}
    assert recorded(store, pairing_id).count("pairing.confirm") == 1


def test_a_host_without_a_log_in_is_reached_at_the_testbeds_contacts(
    store: Store, case: Case, testbed: dict[str, Any]
) -> None:
    case.confirm(case.accepted(), testbed)
    told = {mail["recipient"] for mail in mails(store, "pairing_confirmed")}
    assert {testbed["contact_email"], testbed["backup_email"]} <= told


def test_a_case_is_confirmed_once(case: Case, testbed: dict[str, Any]) -> None:
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed)
    with pytest.raises(Conflict) as error:
        case.confirm(pairing_id, testbed)
    assert error.value.code == "pairing_confirmed"
    assert error.value.params["person"] == case.broker.name


def test_without_both_answers_nothing_is_confirmed(store: Store, case: Case, testbed: dict[str, Any]) -> None:
    pairing_id = case.propose()
    pairings.accept(store, case.owner, pairing_id, "owner", NOW)
    with pytest.raises(Conflict, match="pairing_not_accepted"):
        case.confirm(pairing_id, testbed)


def test_both_answers_in_time_may_be_confirmed_after_the_day(store: Store, case: Case, testbed: dict[str, Any]) -> None:
    pairing_id = case.accepted()
    after = later(NOW, days=20)
    pairings.confirm(store, case.broker, pairing_id, testbed["id"], "2026-12-20", LAST, after)
    assert cases.status(row(store, pairing_id), after) == "confirmed"


@pytest.mark.parametrize("who", ["owner", "founder"])
def test_only_a_broker_confirms(store: Store, case: Case, testbed: dict[str, Any], who: str) -> None:
    pairing_id = case.accepted()
    case.broker = getattr(case, who)
    with pytest.raises(Denied):
        case.confirm(pairing_id, testbed)
    assert store.query("select id from access") == []


def test_a_full_testbed_takes_nobody_and_nothing_of_the_attempt_stays(
    store: Store, case: Case, testbed: dict[str, Any]
) -> None:
    case.confirm(case.accepted(), testbed)
    other = Case(store, case.broker)
    pairing_id = other.accepted()
    before = recorded(store, pairing_id)
    with pytest.raises(Full) as error:
        other.confirm(pairing_id, testbed, LAST, "2027-03-01")
    assert error.value.params["testbed"] == testbed["name"]
    assert recorded(store, pairing_id) == before
    assert row(store, pairing_id)["testbed_id"] is None
    other.confirm(pairing_id, testbed, "2027-02-01", "2027-03-01")


def test_places_are_counted_day_by_day_not_by_the_row(store: Store) -> None:
    broker = create_person(store, "broker")
    two = create_testbed(store, published=True, places=2)
    for first, last in [("2026-12-01", "2026-12-10"), ("2026-12-11", "2026-12-20"), ("2026-12-05", "2026-12-15")]:
        case = Case(store, broker)
        case.confirm(case.accepted(), two, first, last)
    last_case = Case(store, broker)
    pairing_id = last_case.accepted()
    with pytest.raises(Full):
        last_case.confirm(pairing_id, two, "2026-12-15", "2026-12-31")
    last_case.confirm(pairing_id, two, "2026-12-16", "2026-12-31")


@pytest.mark.parametrize("days", [("2026-11-30", "2026-12-01"), ("2027-01-15", "2027-01-16"), (FIRST, LAST)])
def test_no_day_of_the_period_may_be_closed(
    store: Store, case: Case, testbed: dict[str, Any], days: tuple[str, str]
) -> None:
    closure = {"id": "c1", "testbed_id": testbed["id"], "reason": "Sommar", "created_at": NOW}
    store.insert("testbed_closure", {**closure, "starts_on": days[0], "ends_on": days[1]})
    with pytest.raises(Conflict) as error:
        case.confirm(case.accepted(), testbed)
    assert (error.value.code, error.value.params["starts_on"]) == ("testbed_closed", days[0])


@pytest.mark.parametrize("change", ["withdrawn_at = '2026-11-20T08:00:00Z'", "published_at = null"])
def test_a_testbed_that_is_not_on_offer_takes_nobody(
    store: Store, case: Case, testbed: dict[str, Any], change: str
) -> None:
    pairing_id = case.accepted()
    store.execute(f"update testbed set {change}")
    with pytest.raises(Conflict, match="testbed_withdrawn"):
        case.confirm(pairing_id, testbed)


@pytest.mark.parametrize(
    ("first", "last", "field", "code"),
    [
        ("", LAST, "starts_on", "required_day"),
        ("2026-12-02", "2026-12-01", "ends_on", "period"),
        ("2026-11-01", "2026-11-19", "ends_on", "period_over"),
        ("2026-12-01", "2028-12-01", "ends_on", "period_long"),
        ("1899-01-01", LAST, "starts_on", "date_range"),
        ("tomorrow", LAST, "starts_on", "not_a_date"),
    ],
)
def test_the_period_must_be_sane(
    case: Case, testbed: dict[str, Any], first: str, last: str, field: str, code: str
) -> None:
    with pytest.raises(Invalid) as error:
        case.confirm(case.accepted(), testbed, first, last)
    assert error.value.errors[field][0] == code


def test_a_startup_runs_no_more_tests_at_once_than_it_said(store: Store, testbed: dict[str, Any]) -> None:
    case = Case(store, capacity=1)
    case.confirm(case.accepted(), testbed)
    second = Case(store, case.broker)
    second.founder, second.startup = case.founder, case.startup
    other = create_testbed(store, published=True)
    pairing_id = second.accepted()
    with pytest.raises(Conflict) as error:
        second.confirm(pairing_id, other)
    assert error.value.params == {"startup": case.startup["name"], "limit": 1}
    second.confirm(pairing_id, other, "2027-02-01", "2027-03-01")


def test_a_startup_that_said_nothing_about_its_capacity_is_not_stopped(store: Store, testbed: dict[str, Any]) -> None:
    case = Case(store, capacity=None)
    assert case.confirm(case.accepted(), testbed)


@pytest.mark.parametrize("step", ["propose", "confirm"])
def test_a_conflict_of_interest_stops_the_broker(store: Store, case: Case, testbed: dict[str, Any], step: str) -> None:
    pairing_id = case.accepted() if step == "confirm" else ""
    conflicts.declare(store, case.owner, case.need["id"], case.startup["id"], "Min bror äger bolaget.", NOW)
    with pytest.raises(Conflict) as error:
        case.confirm(pairing_id, testbed) if pairing_id else case.propose()
    assert (error.value.code, error.value.params["person"]) == ("conflict_declared", case.owner.name)


@pytest.mark.parametrize("who", ["owner", "founder", "broker", "host"])
def test_every_side_may_end_early_and_the_others_get_the_reason(
    store: Store, case: Case, testbed: dict[str, Any], who: str
) -> None:
    host = create_person(store, "host", testbed["organisation_id"])
    people = {"owner": case.owner, "founder": case.founder, "broker": case.broker, "host": host}
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed)
    middle = "2026-12-20T10:00:00.000000Z"
    pairings.end(store, people[who], pairing_id, "no_effect", "Ingen skillnad efter tre veckor.", middle)
    found = row(store, pairing_id)
    assert cases.status(found, middle) == "ended"
    assert found["ended_side"] == {"founder": "startup"}.get(who, who)
    told = {mail["recipient"] for mail in mails(store, "pairing_ended")}
    assert told == {person.email for person in people.values()} - {people[who].email}


def test_ending_frees_the_place_from_that_day_on(store: Store, case: Case, testbed: dict[str, Any]) -> None:
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed)
    pairings.end(store, case.broker, pairing_id, "safety", "", "2026-12-20T10:00:00.000000Z")
    other = Case(store, case.broker)
    second = other.accepted()
    with pytest.raises(Full):
        other.confirm(second, testbed, "2026-12-19", "2027-01-10")
    other.confirm(second, testbed, "2026-12-20", "2027-01-10")


def test_what_was_never_confirmed_cannot_be_ended(store: Store, case: Case) -> None:
    with pytest.raises(Conflict, match="pairing_not_confirmed"):
        pairings.end(store, case.broker, case.accepted(), "completed", "", NOW)


def test_an_ended_case_stays_ended(store: Store, case: Case, testbed: dict[str, Any]) -> None:
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed)
    pairings.end(store, case.owner, pairing_id, "agreement", "", NOW)
    with pytest.raises(Conflict) as error:
        pairings.end(store, case.broker, pairing_id, "safety", "", NOW)
    assert (error.value.code, error.value.params["person"]) == ("pairing_ended", case.owner.name)


def test_after_the_period_a_broker_closes_the_case_and_the_two_may_meet_again(
    store: Store, case: Case, testbed: dict[str, Any]
) -> None:
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed)
    after = "2027-02-01T09:00:00.000000Z"
    assert cases.status(row(store, pairing_id), after) == "finished"
    with pytest.raises(Denied):
        pairings.end(store, case.owner, pairing_id, "completed", "", after)
    pairings.end(store, case.broker, pairing_id, "completed", "", after)
    assert cases.status(row(store, pairing_id), after) == "finished"
    assert case.propose(now=after)


def test_an_unknown_case_is_not_found(store: Store, case: Case, testbed: dict[str, Any]) -> None:
    steps: list[Callable[[], Any]] = [
        lambda: pairings.accept(store, case.owner, "nothing", "owner", NOW),
        lambda: pairings.decline(store, case.owner, "nothing", "owner", "no_fit", "", NOW),
        lambda: case.confirm("nothing", testbed),
        lambda: pairings.end(store, case.broker, "nothing", "completed", "", NOW),
    ]
    for step in steps:
        with pytest.raises(NotFound):
            step()


def test_a_person_with_two_roles_answers_as_the_side_they_name(store: Store, case: Case) -> None:
    both = grant(store, case.broker, "owner", case.need["organisation_id"])
    pairing_id = case.propose()
    pairings.accept(store, both, pairing_id, "owner", NOW)
    assert row(store, pairing_id)["owner_accepted_by"] == both.person_id
