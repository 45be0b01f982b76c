"""Bookings on both engines: who may ask and answer, what each step needs, and when the place may be used."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.hub import (
    access,
    booking_answers,
    booking_papers,
    booking_requests,
    bookings,
    capacity,
    cases,
    conflicts,
    feed_events,
    inbox,
    overview,
    pairings,
    prerequisite_steps,
    removals,
)
from matcher.hub.errors import Conflict, Denied, Full, Invalid, NotFound
from matcher.store import Store
from tests.factories import NOW, create_need, create_organisation, create_person, create_startup, create_testbed, grant

from .booked import FIRST, LAST, SCORES, TEXTS, Booked
from .cases import mails, recorded
from .pilots import Pilot

LATER = "2026-11-25T09:00:00.000000Z"
INSIDE = "2026-12-03T09:00:00.000000Z"
AFTER = "2026-12-15T09:00:00.000000Z"


@pytest.fixture
def scene(store: Store) -> Booked:
    return Booked(store)


def told(store: Store, template: str) -> list[str]:
    return [row["recipient"] for row in mails(store, template)]


def closure(testbed_id: str, first: str, last: str, reason: str) -> dict[str, Any]:
    found = {"id": f"closed-{first}", "testbed_id": testbed_id, "starts_on": first, "ends_on": last}
    return {**found, "reason": reason, "created_at": NOW}


# asking


def test_a_startup_asks_and_the_host_is_told_with_the_promised_day(store: Store, scene: Booked) -> None:
    booking = scene.ask()
    row = scene.row(booking)
    assert (row["organisation_id"], row["startup_id"], row["need_id"]) == (
        scene.startup["organisation_id"], scene.startup["id"], None,
    )  # fmt: skip
    assert row["promised_by"] == row["answer_by"] == "2026-11-30"
    assert scene.status(booking) == "requested"
    assert bookings.next_step(row, NOW) == {"code": "answer", "who": ["host"], "by": "2026-11-30"}
    assert told(store, "booking_requested") == [scene.host.email]
    assert recorded(store, booking) == ["booking.request"]


def test_the_first_day_that_is_asked_for_is_today_or_later(store: Store, scene: Booked) -> None:
    with pytest.raises(Invalid) as error:
        scene.ask(first="2026-11-19")
    assert error.value.errors == {"starts_on": ("period_begun", {"today_on": NOW[:10]})}
    assert scene.status(scene.ask(first=NOW[:10])) == "requested"


def test_an_owner_asks_for_its_need_or_for_an_idea_of_its_staff(store: Store, scene: Booked) -> None:
    home = scene.owner.organisations("owner")[0]
    assert scene.row(scene.ask(who=scene.owner))["organisation_id"] == home
    idea = scene.ask(who=scene.owner, title="Pröva en annan dörrlarmning", organisation_id=home)
    assert (scene.row(idea)["need_id"], scene.row(idea)["organisation_id"]) == (None, home)


def test_a_broker_asks_for_either_but_not_for_nobody(store: Store, scene: Booked) -> None:
    both = scene.ask(who=scene.broker, startup_id=scene.startup["id"], need_id=scene.need["id"])
    assert scene.row(both)["organisation_id"] == scene.startup["organisation_id"]
    assert scene.row(scene.ask(who=scene.broker))["organisation_id"] == scene.need["organisation_id"]
    with pytest.raises(Denied, match="booking_organisation"):
        scene.ask(who=scene.broker, organisation_id=scene.need["organisation_id"])


def test_who_asks_for_anothers_learns_nothing_of_what_stands_between_it_and_a_need(store: Store, scene: Booked) -> None:
    note = "Styrelsens ordförande är gift med enhetschefen."
    conflicts.declare(store, scene.broker, scene.need["id"], scene.startup["id"], note, NOW)
    for stranger in (create_person(store, "startup"), create_person(store, "owner"), scene.owner):
        with pytest.raises(Denied, match="booking_organisation"):
            scene.ask(who=stranger, startup_id=scene.startup["id"], need_id=scene.need["id"])
    with pytest.raises(Conflict, match="conflict_declared"):
        scene.ask(startup_id=scene.startup["id"], need_id=scene.need["id"])


def test_nobody_asks_for_what_is_not_theirs(store: Store, scene: Booked) -> None:
    other = create_person(store, "startup")
    with pytest.raises(Denied, match="booking_organisation"):
        scene.ask(who=other, startup_id=scene.startup["id"])
    with pytest.raises(Denied, match="booking_organisation"):
        scene.ask(who=scene.founder, need_id=scene.need["id"])
    with pytest.raises(Denied, match="booking_organisation"):
        scene.ask(who=scene.owner, organisation_id=create_organisation(store)["id"])
    with pytest.raises(Denied, match="denied"):
        scene.ask(who=scene.host, organisation_id=scene.testbed["organisation_id"])
    assert store.query("select id from booking") == []


def test_a_public_body_that_hosts_asks_at_its_own_testbed(store: Store, scene: Booked) -> None:
    both = create_organisation(store, "public")
    scene.testbed = create_testbed(store, both, published=True)
    person = grant(store, create_person(store, "host", both), "owner", both)
    booking = scene.ask(who=person, organisation_id=both["id"])
    assert bookings.sides(person, scene.row(booking)) == ["asker", "host"]


@pytest.mark.parametrize("column", ["hidden_at", "merged_at"])
def test_a_profile_that_nobody_sees_is_not_asked_for(store: Store, scene: Booked, column: str) -> None:
    store.execute(f"update startup set {column} = :now where id = :id", {"now": NOW, "id": scene.startup["id"]})
    with pytest.raises(Invalid) as error:
        scene.ask()
    assert error.value.errors == {"startup_id": ("required_choice", {})}


def test_a_need_that_is_closed_is_not_asked_for(store: Store, scene: Booked) -> None:
    store.execute("update need set closed_at = :now where id = :id", {"now": NOW, "id": scene.need["id"]})
    with pytest.raises(Conflict, match="need_not_open"):
        scene.ask(who=scene.owner)
    with pytest.raises(Conflict, match="need_not_open"):
        scene.ask(startup_id=scene.startup["id"], need_id=scene.need["id"])


@pytest.mark.parametrize(
    ("typed", "field", "code"),
    [
        ({"title": " "}, "title", "required"),
        ({"title": "x" * 201}, "title", "too_long"),
        ({"benefit_operation": ""}, "benefit_operation", "required"),
        ({"benefit_users": ""}, "benefit_users", "required"),
        ({"staff_hours": "-1"}, "staff_hours", "number_range"),
        ({"first": "2026-12-14", "last": "2026-12-01"}, "ends_on", "period"),
        ({"first": "2026-11-01", "last": "2026-11-19"}, "ends_on", "period_over"),
        ({"first": ""}, "starts_on", "required_day"),
        ({"last": "2029-12-01"}, "ends_on", "period_long"),
    ],
)
def test_what_a_request_must_say(store: Store, scene: Booked, typed: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(Invalid) as error:
        scene.ask(**typed)
    assert error.value.errors[field][0] == code
    assert store.query("select id from booking") == []


def test_all_that_is_wrong_is_said_at_once(store: Store, scene: Booked) -> None:
    with pytest.raises(Invalid) as error:
        scene.ask(first="", title="", benefit_users="")
    assert set(error.value.errors) == {"starts_on", "title", "benefit_users"}


def test_closed_days_cannot_be_asked_for(store: Store, scene: Booked) -> None:
    closure = {"id": "c1", "testbed_id": scene.testbed["id"], "reason": "Jul", "created_at": NOW}
    store.insert("testbed_closure", {**closure, "starts_on": LAST, "ends_on": "2026-12-31"})
    with pytest.raises(Conflict, match="testbed_closed"):
        scene.ask()
    scene.ask(last="2026-12-13")


def test_the_same_is_not_asked_twice_nor_more_than_can_be_answered(
    store: Store, scene: Booked, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.ask()
    with pytest.raises(Conflict, match="booking_twice"):
        scene.ask()
    monkeypatch.setattr(booking_requests, "MOST_OPEN", 2)
    scene.ask(last="2026-12-15")
    with pytest.raises(Conflict, match="bookings_many"):
        scene.ask(last="2026-12-16")


def test_a_request_blocks_nobody(store: Store, scene: Booked) -> None:
    scene.ask()
    assert capacity.at_testbed(store, scene.testbed["id"], FIRST, LAST) == 0
    scene.confirm(scene.accepted(), scene.testbed, FIRST, LAST)


# asking back, and the clock


def test_a_question_stops_the_clock_until_the_reply(store: Store, scene: Booked) -> None:
    booking = scene.ask(first="2026-12-09")
    booking_answers.ask(store, scene.host, booking, {"question": "Behövs ström?"}, NOW)
    row = scene.row(booking)
    assert (bookings.status(row, NOW), row["question"], row["answered_at"]) == ("asked", "Behövs ström?", NOW)
    assert bookings.next_step(row, NOW)["who"] == ["asker"]
    assert told(store, "booking_asked") == [scene.founder.email]
    assert booking_requests.reply(store, scene.founder, booking, {"reply": "Nej."}, LATER) == "2026-12-05"
    assert (scene.row(booking)["promised_by"], scene.status(booking)) == ("2026-11-30", "requested")
    assert told(store, "booking_replied") == [scene.host.email]
    assert [(one["question"], one["reply"]) for one in bookings.questions(store, booking)] == [
        ("Behövs ström?", "Nej.")
    ]
    booking_answers.ask(store, scene.host, booking, {"question": "Och nät?"}, LATER)
    assert scene.status(booking) == "asked"


def test_one_question_at_a_time_and_no_reply_without_one(store: Store, scene: Booked) -> None:
    booking = scene.ask()
    with pytest.raises(Conflict, match="booking_no_question"):
        booking_requests.reply(store, scene.founder, booking, {"reply": "Hej"}, NOW)
    booking_answers.ask(store, scene.host, booking, {"question": "Behövs ström?"}, NOW)
    with pytest.raises(Conflict, match="booking_asked"):
        booking_answers.ask(store, scene.broker, booking, {"question": "Behövs nät?"}, NOW)
    for empty in ({}, {"reply": " "}):
        with pytest.raises(Invalid):
            booking_requests.reply(store, scene.founder, booking, empty, NOW)


def test_only_the_host_and_brokers_answer_and_only_the_asker_replies(store: Store, scene: Booked) -> None:
    booking, stranger = scene.ask(), create_person(store, "host")
    for who in (scene.founder, scene.owner, stranger):
        for step in (
            lambda: booking_answers.ask(store, who, booking, {"question": "?"}, NOW),  # noqa: B023
            lambda: booking_answers.score(store, who, booking, SCORES, NOW),  # noqa: B023
            lambda: booking_answers.wait(store, who, booking, "", NOW),  # noqa: B023
            lambda: booking_answers.approve(store, who, booking, SCORES, NOW),  # noqa: B023
            lambda: booking_answers.decline(store, who, booking, "no_fit", "", NOW),  # noqa: B023
        ):
            with pytest.raises(Denied):
                step()
    for step in (
        lambda: booking_requests.withdraw(store, scene.host, booking, "", NOW),
        lambda: booking_requests.reply(store, scene.host, booking, {"reply": "Ja"}, NOW),
    ):
        with pytest.raises(Denied):
            step()
    assert scene.status(booking) == "requested"


# the answer


def test_approving_promises_the_place_and_tells_the_asker(store: Store, scene: Booked) -> None:
    booking = scene.approve(scene.ask(), LATER, note="Välkomna in bakvägen.")
    row = scene.row(booking)
    assert (row["operation_score"], row["users_score"], row["scored_by"]) == (4, 5, scene.host.person_id)
    assert (row["answered_at"], row["note"], scene.status(booking)) == (LATER, "Välkomna in bakvägen.", "approved")
    assert capacity.at_testbed(store, scene.testbed["id"], FIRST, LAST) == 1
    [own] = overview.own_testbeds(store, scene.host, NOW)
    assert (own["running"], own["coming"]) == (0, 1)
    assert told(store, "booking_approved") == [scene.founder.email]
    assert recorded(store, booking) == ["booking.approve", "booking.request", "booking.score"]


def test_both_benefits_are_scored_before_a_yes(store: Store, scene: Booked) -> None:
    booking = scene.ask()
    with pytest.raises(Invalid) as error:
        booking_answers.approve(store, scene.host, booking, {"operation_score": "3"}, NOW)
    assert error.value.errors == {"users_score": ("required_score", {})}
    for wrong in ("0", "6", "bra"):
        with pytest.raises(Invalid):
            booking_answers.score(store, scene.host, booking, {**SCORES, "users_score": wrong}, NOW)
    booking_answers.score(store, scene.host, booking, {"operation_score": "2", "users_score": "3"}, NOW)
    booking_answers.approve(store, scene.host, booking, {}, LATER)
    assert (scene.row(booking)["operation_score"], scene.row(booking)["users_score"]) == (2, 3)


def test_a_full_testbed_takes_nobody_and_nothing_of_the_attempt_stays(store: Store, scene: Booked) -> None:
    scene.approve(scene.ask())
    second = scene.ask(first="2026-12-14", last="2026-12-20")
    with pytest.raises(Full, match="testbed_full"):
        scene.approve(second)
    assert (scene.row(second)["scored_at"], scene.status(second)) == (None, "requested")
    scene.approve(scene.ask(first="2026-12-15", last="2026-12-20"))


def test_a_booking_and_a_case_do_not_share_a_place(store: Store, scene: Booked) -> None:
    scene.approve(scene.ask())
    with pytest.raises(Full):
        scene.confirm(scene.accepted(), scene.testbed, FIRST, LAST)


def test_the_buffer_after_each_is_kept_free(store: Store) -> None:
    scene = Booked(store, buffer_days=3)
    scene.approve(scene.ask())
    for first, last in (("2026-12-17", "2026-12-20"), ("2026-11-25", "2026-11-28")):
        with pytest.raises(Full):
            scene.approve(scene.ask(first=first, last=last))
    scene.approve(scene.ask(first="2026-12-18", last="2026-12-20"))
    scene.approve(scene.ask(first="2026-11-25", last="2026-11-27"))


def test_a_testbed_that_closed_meanwhile_or_was_withdrawn_is_not_promised(store: Store, scene: Booked) -> None:
    booking = scene.ask()
    closure = {"id": "c1", "testbed_id": scene.testbed["id"], "reason": "Jul", "created_at": NOW}
    store.insert("testbed_closure", {**closure, "starts_on": LAST, "ends_on": LAST})
    with pytest.raises(Conflict, match="testbed_closed"):
        scene.approve(booking)
    store.execute("update testbed set withdrawn_at = :now", {"now": NOW})
    with pytest.raises(Conflict, match="testbed_withdrawn"):
        scene.approve(booking)
    booking_answers.decline(store, scene.host, booking, "no_place", "", NOW)


@pytest.mark.parametrize("column", ["hidden_at", "merged_at"])
def test_a_profile_that_was_hidden_or_merged_meanwhile_is_promised_nothing(
    store: Store, scene: Booked, column: str
) -> None:
    asked = scene.ask()
    store.execute(f"update startup set {column} = :now where id = :id", {"now": NOW, "id": scene.startup["id"]})
    with pytest.raises(Conflict, match="startup_not_live"):
        scene.approve(asked)
    assert scene.status(asked) == "requested"


def test_a_need_that_was_closed_meanwhile_is_promised_nothing(store: Store, scene: Booked) -> None:
    asked = scene.ask(who=scene.owner)
    store.execute("update need set closed_at = :now where id = :id", {"now": NOW, "id": scene.need["id"]})
    with pytest.raises(Conflict, match="need_not_open"):
        scene.approve(asked)


def test_a_conflict_of_interest_declared_meanwhile_blocks_the_yes(store: Store, scene: Booked) -> None:
    asked = scene.ask(startup_id=scene.startup["id"], need_id=scene.need["id"])
    declared = conflicts.declare(store, scene.broker, scene.need["id"], scene.startup["id"], "Släkt.", NOW)
    with pytest.raises(Conflict, match="conflict_declared"):
        scene.approve(asked)
    conflicts.lift(store, scene.broker, declared, NOW)
    assert scene.status(scene.approve(asked)) == "approved"


def test_a_startup_gets_no_more_tests_than_it_takes(store: Store) -> None:
    scene = Booked(store, limit=1, places=5)
    scene.approve(scene.ask())
    with pytest.raises(Conflict, match="startup_full"):
        scene.approve(scene.ask(last="2026-12-10"))
    with pytest.raises(Conflict, match="startup_full"):
        scene.confirm(scene.accepted(), create_testbed(store, published=True), FIRST, LAST)
    assert capacity.running(store, FIRST) == {scene.startup["id"]: 1}
    scene.approve(scene.ask(who=scene.owner))


def test_what_is_asked_for_later_turns_a_booking_red_and_its_asker_is_told(store: Store, scene: Booked) -> None:
    booking = scene.approve(scene.ask())
    scene.agree(booking)
    asked = scene.ask_for()
    assert "prerequisite" in bookings.missing(store, scene.row(booking), NOW)
    assert told(store, "booking_unmet") == [scene.founder.email]
    scene.meet(booking, asked)
    assert "prerequisite" not in bookings.missing(store, scene.row(booking), NOW)


def test_what_the_testbed_asks_for_stands_green_before_a_yes(store: Store, scene: Booked) -> None:
    asked, booking = scene.ask_for(), scene.ask()
    with pytest.raises(Conflict, match="booking_unmet") as error:
        scene.approve(booking)
    assert error.value.params["unmet"] == ["Introduktion i brandskydd"]
    scene.meet(booking, asked)
    with pytest.raises(Conflict, match="prerequisite_met"):
        scene.meet(booking, asked)
    scene.approve(booking)
    scene.agree(booking)
    assert bookings.missing(store, scene.row(booking), INSIDE) == []
    booking_papers.undo(store, scene.broker, booking, asked, NOW)
    assert sorted(told(store, "booking_unmet")) == sorted([scene.founder.email, scene.host.email])
    assert bookings.missing(store, scene.row(booking), INSIDE) == ["prerequisite"]
    assert bookings.next_step(scene.row(booking), INSIDE, ["prerequisite"])["code"] == "prerequisite"
    with pytest.raises(Conflict, match="prerequisite_not_met"):
        booking_papers.undo(store, scene.host, booking, asked, NOW)


def test_a_tick_belongs_to_its_own_booking_and_testbed(store: Store, scene: Booked) -> None:
    asked, first, second = scene.ask_for(), scene.ask(), scene.ask(first="2027-01-01", last="2027-01-05")
    scene.meet(first, asked)
    with pytest.raises(Conflict, match="booking_unmet"):
        scene.approve(second)
    other = create_testbed(store, published=True)
    foreign = prerequisite_steps.add(store, scene.broker, other["id"], {"kind": "ethics", "text": "Etik"}, NOW)
    with pytest.raises(NotFound):
        scene.meet(first, foreign)
    with pytest.raises(Denied):
        booking_papers.meet(store, scene.founder, second, asked, "", NOW)


def test_more_work_than_the_staff_manages_is_only_taken_with_open_eyes(store: Store) -> None:
    scene = Booked(store, places=5, staff_hours=10)
    scene.approve(scene.ask(staff_hours="6"))
    second = scene.ask(first="2026-12-10", last="2026-12-16", staff_hours="5")
    with pytest.raises(Conflict, match="booking_staff") as error:
        scene.approve(second)
    assert error.value.params == {"week_on": "2026-12-07", "hours": 11, "limit": 10}
    scene.approve(second, manage=True)
    [kept] = store.query(
        "select detail from audit where action = 'booking.approve' and subject_id = :id", {"id": second}
    )
    assert '"hours": 11' in kept["detail"]
    scene.approve(scene.ask(first="2026-12-21", last="2026-12-27", staff_hours="10"))
    scene.approve(scene.ask(first="2026-12-10", last="2026-12-11"))


def test_a_no_carries_a_reason(store: Store, scene: Booked) -> None:
    booking = scene.ask()
    for reason, note in (("because", ""), ("other", "")):
        with pytest.raises(Invalid):
            booking_answers.decline(store, scene.host, booking, reason, note, NOW)
    booking_answers.decline(store, scene.host, booking, "staff", "Vi bygger om.", NOW)
    assert (scene.status(booking), scene.row(booking)["answered_at"]) == ("declined", NOW)
    assert told(store, "booking_declined") == [scene.founder.email]


def test_who_comes_second_learns_who_decided(store: Store, scene: Booked) -> None:
    declined, withdrawn, approved = scene.ask(), scene.ask(last="2026-12-15"), scene.ask(last="2026-12-16")
    booking_answers.decline(store, scene.host, declined, "no_fit", "", NOW)
    booking_requests.withdraw(store, scene.founder, withdrawn, "", NOW)
    scene.approve(approved)
    for booking, code, person in (
        (declined, "booking_declined", scene.host),
        (withdrawn, "booking_withdrawn", scene.founder),
        (approved, "booking_approved", scene.host),
    ):
        with pytest.raises(Conflict, match=code) as error:
            booking_answers.approve(store, scene.broker, booking, SCORES, LATER)
        assert error.value.params["person"] == person.name


def test_a_request_lapses_with_its_last_day(store: Store, scene: Booked) -> None:
    booking = scene.ask()
    assert scene.status(booking, AFTER) == "lapsed"
    with pytest.raises(Conflict, match="booking_lapsed"):
        scene.approve(booking, AFTER)
    with pytest.raises(Conflict, match="booking_lapsed"):
        booking_requests.withdraw(store, scene.founder, booking, "", AFTER)
    assert bookings.missing(store, scene.row(booking), AFTER) == ["ended"]


# papers, cancelling


def test_the_door_opens_with_a_yes_papers_and_the_first_day(store: Store, scene: Booked) -> None:
    booking = scene.ask()
    assert bookings.missing(store, scene.row(booking), NOW) == ["approved", "agreement", "not_begun"]
    scene.approve(booking)
    assert bookings.missing(store, scene.row(booking), INSIDE) == ["agreement"]
    with pytest.raises(Invalid) as error:
        scene.agree(booking, until="2026-12-13")
    assert error.value.errors["agreed_until"][0] == "agreement_covers"
    scene.agree(booking)
    assert bookings.missing(store, scene.row(booking), NOW) == ["not_begun"]
    assert bookings.missing(store, scene.row(booking), INSIDE) == []
    assert bookings.missing(store, scene.row(booking), AFTER) == ["over"]
    with pytest.raises(Denied):
        booking_papers.agree(store, scene.founder, booking, {"agreed_until": LAST, "agreed_note": "x"}, NOW)
    with pytest.raises(Conflict, match="booking_over"):
        booking_papers.agree(store, scene.host, booking, {"agreed_until": LAST, "agreed_note": "x"}, AFTER)


def test_the_door_is_shut_on_a_day_when_the_testbed_is_closed(store: Store, scene: Booked) -> None:
    booking = scene.approve(scene.ask())
    scene.agree(booking)
    closed = ("2026-12-03", "2026-12-04", "Vattenläcka")
    store.insert("testbed_closure", closure(scene.testbed["id"], *closed))
    row = scene.row(booking)
    assert bookings.missing(store, row, INSIDE) == ["closed"]
    assert bookings.next_step(row, INSIDE, ["closed"])["code"] == "closed"
    assert bookings.missing(store, row, "2026-12-05T09:00:00.000000Z") == []
    store.insert("testbed_closure", closure(scene.testbed["id"], "2026-11-20", "2026-12-01", "Ombyggnad"))
    assert bookings.missing(store, row, NOW) == ["not_begun"]


def test_the_place_of_a_case_is_shut_while_the_testbed_is_closed_and_what_is_ahead_goes_on(store: Store) -> None:
    case = Pilot(store)
    begun = f"{case.first}T09:00:00.000000Z"
    store.insert("testbed_closure", closure(case.testbed["id"], case.first, case.first, "Vattenläcka"))
    row = cases.fetch(store, case.id)
    assert access.missing(store, row, begun) == ["closed"]
    assert access.red(store, row, begun) == []
    assert [one["reason"] for one in access.closures(store, row, begun)] == ["Vattenläcka"]
    assert access.missing(store, row, f"{case.ends}T09:00:00.000000Z") == []
    assert access.closures(store, row, f"{case.ends}T09:00:00.000000Z") == []


@pytest.mark.parametrize("tie", ["same", "unit of the host", "unit of the asker"])
def test_no_papers_within_one_organisation(store: Store, scene: Booked, tie: str) -> None:
    home = create_organisation(store, "public")
    unit = home if tie == "same" else create_organisation(store, "public", parent_id=home["id"])
    asker, host = (unit, home) if tie != "unit of the asker" else (home, unit)
    scene.testbed = create_testbed(store, host, published=True)
    scene.host, owner = create_person(store, "host", host), create_person(store, "owner", asker)
    booking = scene.approve(scene.ask(who=owner, organisation_id=asker["id"]))
    assert bookings.missing(store, scene.row(booking), INSIDE) == []


@pytest.mark.parametrize(("who", "side"), [("founder", "asker"), ("host", "host"), ("broker", "broker")])
def test_each_side_may_cancel_and_the_place_is_free_at_once(store: Store, scene: Booked, who: str, side: str) -> None:
    booking = scene.approve(scene.ask())
    with pytest.raises(Invalid):
        booking_answers.cancel(store, getattr(scene, who), booking, "", "", NOW)
    booking_answers.cancel(store, getattr(scene, who), booking, "not_now", "", NOW)
    row = scene.row(booking)
    assert (scene.status(booking), row["cancelled_side"]) == ("cancelled", side)
    assert capacity.at_testbed(store, scene.testbed["id"], FIRST, LAST) == 0
    assert bookings.missing(store, row, INSIDE) == ["ended"]
    everybody = {scene.founder.email, scene.host.email}
    assert set(told(store, "booking_cancelled")) == everybody - {getattr(scene, who).email}


def test_what_was_cancelled_on_its_way_held_its_place_until_then(store: Store) -> None:
    scene = Booked(store, buffer_days=2)
    booking = scene.approve(scene.ask())
    booking_answers.cancel(store, scene.host, booking, "staff", "", INSIDE)
    assert capacity.at_testbed(store, scene.testbed["id"], FIRST, "2026-12-02") == 1
    assert capacity.at_testbed(store, scene.testbed["id"], "2026-12-04", LAST) == 1
    assert capacity.at_testbed(store, scene.testbed["id"], "2026-12-05", LAST) == 0


def test_only_what_is_approved_and_goes_on_can_be_cancelled(store: Store, scene: Booked) -> None:
    booking, stranger = scene.ask(), create_person(store, "owner")
    with pytest.raises(Conflict, match="booking_not_approved"):
        booking_answers.cancel(store, scene.host, booking, "not_now", "", NOW)
    scene.approve(booking)
    with pytest.raises(Denied):
        booking_answers.cancel(store, stranger, booking, "not_now", "", NOW)
    with pytest.raises(Conflict, match="booking_over"):
        booking_answers.cancel(store, scene.host, booking, "not_now", "", AFTER)
    booking_answers.cancel(store, scene.host, booking, "not_now", "", NOW)
    with pytest.raises(Conflict, match="booking_cancelled"):
        booking_answers.cancel(store, scene.host, booking, "not_now", "", NOW)


# bookings and cases


def promised(scene: Booked) -> str:
    return scene.approve(scene.ask(startup_id=scene.startup["id"], need_id=scene.need["id"]))


def test_a_confirmation_takes_the_promised_place_and_nothing_is_counted_twice(store: Store) -> None:
    scene = Booked(store, limit=1)
    asked = scene.ask_for()
    booking = scene.ask(startup_id=scene.startup["id"], need_id=scene.need["id"])
    scene.meet(booking, asked)
    scene.approve(booking)
    case = scene.accepted()
    row = store.query("select * from pairing where id = :id", {"id": case})[0]
    assert [one["id"] for one in bookings.promised(store, row, NOW)] == [booking]
    with pytest.raises(Full):
        scene.confirm(case, scene.testbed, FIRST, LAST)
    scene.confirm(case, scene.testbed, FIRST, LAST, booking_id=booking)
    assert scene.status(booking) == "used"
    assert capacity.at_testbed(store, scene.testbed["id"], FIRST, LAST) == 1
    assert capacity.of_startup(store, scene.startup["id"], FIRST, LAST) == 1
    [met] = store.query("select * from prerequisite_met where pairing_id = :id", {"id": case})
    assert (met["prerequisite_id"], met["met_by"]) == (asked, scene.host.person_id)
    assert bookings.missing(store, scene.row(booking), INSIDE) == ["agreement"]
    assert [one["id"] for one in bookings.of_case(store, case, NOW)] == [booking]
    with pytest.raises(Conflict, match="booking_used"):
        booking_answers.cancel(store, scene.host, booking, "not_now", "", NOW)


def test_a_place_that_is_promised_to_others_is_not_used(store: Store, scene: Booked) -> None:
    own, case = scene.approve(scene.ask()), scene.accepted()
    free = create_testbed(store, published=True)
    for testbed, booking in ((scene.testbed, own), (free, own)):
        with pytest.raises(Conflict, match="booking_not_usable"):
            scene.confirm(case, testbed, FIRST, LAST, booking_id=booking)
    booking_answers.cancel(store, scene.host, own, "not_now", "", NOW)
    theirs = promised(scene)
    with pytest.raises(Conflict, match="booking_not_usable"):
        scene.confirm(case, free, FIRST, LAST, booking_id=theirs)
    booking_answers.cancel(store, scene.host, theirs, "not_now", "", NOW)
    with pytest.raises(Conflict, match="booking_not_usable"):
        scene.confirm(case, scene.testbed, FIRST, LAST, booking_id=theirs)


@pytest.mark.parametrize("days", [(FIRST, "2026-12-20"), ("2027-02-01", "2027-02-14"), (FIRST, "2026-12-10")])
def test_a_case_takes_over_the_days_that_were_promised_and_no_others(store: Store, days: tuple[str, str]) -> None:
    scene = Booked(store, staff_hours=10)
    booking, case = promised(scene), scene.accepted()
    with pytest.raises(Conflict, match="booking_other_days") as error:
        scene.confirm(case, scene.testbed, *days, booking_id=booking)
    assert (error.value.params["starts_on"], error.value.params["ends_on"]) == (FIRST, LAST)
    assert scene.status(booking) == "approved"


def test_a_confirmation_that_fails_leaves_the_booking_as_it_was(store: Store, scene: Booked) -> None:
    booking, case = promised(scene), scene.accepted()
    closure = {"id": "c1", "testbed_id": scene.testbed["id"], "reason": "Jul", "created_at": NOW}
    store.insert("testbed_closure", {**closure, "starts_on": LAST, "ends_on": LAST})
    with pytest.raises(Conflict, match="testbed_closed"):
        scene.confirm(case, scene.testbed, FIRST, LAST, booking_id=booking)
    assert scene.status(booking) == "approved"


class InCase(Pilot):
    """A case with its place, and bookings inside it."""

    def ask(self, first: str, last: str, who: Any = None, now: str = NOW, **typed: Any) -> str:
        given = {**TEXTS, "starts_on": first, "ends_on": last, **typed}
        return booking_requests.request(
            self.store, who or self.founder, self.testbed["id"], given, now, pairing_id=self.id
        )


def test_inside_a_case_booking_opens_when_its_place_is_green(store: Store) -> None:
    case = InCase(store, agreed=False)
    asked = prerequisite_steps.add(store, case.host, case.testbed["id"], {"kind": "safety", "text": "Brand"}, NOW)
    with pytest.raises(Conflict, match="booking_red") as error:
        case.ask(FIRST, LAST)
    assert error.value.params["red"] == ["agreement", "prerequisite"]
    case.agree()
    prerequisite_steps.meet(store, case.host, case.id, asked, "", NOW)
    booking = case.ask(FIRST, LAST, staff_hours="4")
    assert bookings.missing(store, bookings.fetch(store, booking), INSIDE) == ["approved"]
    prerequisite_steps.undo(store, case.host, case.id, asked, NOW)
    with pytest.raises(Conflict, match="booking_red"):
        booking_answers.approve(store, case.host, booking, SCORES, NOW)
    prerequisite_steps.meet(store, case.host, case.id, asked, "", NOW)
    booking_answers.approve(store, case.host, booking, SCORES, NOW)
    assert capacity.at_testbed(store, case.testbed["id"], FIRST, LAST) == 1
    assert bookings.missing(store, bookings.fetch(store, booking), INSIDE) == []
    later_days = bookings.fetch(store, case.ask("2026-12-10", "2026-12-11"))
    assert bookings.missing(store, later_days, INSIDE) == ["approved", "not_begun"]


def test_what_lies_in_a_case_ends_with_it(store: Store) -> None:
    case = InCase(store)
    early, promised_one, asked = case.ask(FIRST, FIRST), case.ask("2026-12-05", "2026-12-12"), case.ask(LAST, LAST)
    for one in (early, promised_one):
        booking_answers.approve(store, case.host, one, SCORES, NOW)
    pairings.end(store, case.broker, case.id, "other", "Bolaget lägger ner.", INSIDE)
    rows = {one: bookings.fetch(store, one) for one in (early, promised_one, asked)}
    stages = [bookings.status(rows[one], INSIDE) for one in (early, promised_one, asked)]
    assert stages == ["finished", "ended", "ended"]
    assert bookings.missing(store, rows[promised_one], INSIDE) == ["ended"]
    assert inbox.rows(store, "bookings_unanswered", "2026-12-12T09:00:00.000000Z") == []
    for step in (
        lambda: booking_answers.approve(store, case.host, asked, SCORES, INSIDE),
        lambda: booking_answers.cancel(store, case.host, promised_one, "not_now", "", INSIDE),
    ):
        with pytest.raises(Conflict, match="booking_case_ended"):
            step()
    found = {row["uid"]: row for row in feed_events.of_testbed(store, case.testbed["id"], INSIDE)}
    assert found[f"booking-{early}"]["state"] == "confirmed"
    assert {found[f"booking-{one}"]["state"] for one in (promised_one, asked)} == {"cancelled"}
    listed = {one: bookings.listing(store, case.broker, INSIDE, stage=one)[0] for one in ("finished", "ended")}
    assert [row["id"] for row in listed["finished"]] == [early]
    assert {row["id"] for row in listed["ended"]} == {promised_one, asked}
    assert bookings.counts(store, case.broker, INSIDE)["ended"] == 2


def test_what_ended_with_its_case_is_asked_for_anew_outside_it(store: Store) -> None:
    case = InCase(store)
    case.ask(LAST, LAST)
    pairings.end(store, case.broker, case.id, "other", "Bolaget lägger ner.", INSIDE)
    given, whose = {**TEXTS, "starts_on": LAST, "ends_on": LAST}, {"startup_id": case.startup["id"]}
    anew = booking_requests.request(store, case.founder, case.testbed["id"], given, INSIDE, **whose)
    assert bookings.status(bookings.fetch(store, anew), INSIDE) == "requested"


def test_a_booking_in_a_case_is_its_sides_own_and_within_its_days(store: Store) -> None:
    case = InCase(store)
    for first, last, field in (("2026-11-30", LAST, "starts_on"), (FIRST, "2027-02-01", "ends_on")):
        with pytest.raises(Invalid) as error:
            case.ask(first, last)
        assert error.value.errors[field][0] == "booking_outside"
    with pytest.raises(Denied):
        case.ask(FIRST, LAST, who=create_person(store, "startup"))
    assert bookings.fetch(store, case.ask(FIRST, LAST, who=case.owner))["asker_name"] != ""
    booking = case.ask(FIRST, "2026-12-05")
    for viewer in (case.owner, case.founder, case.host, case.broker):
        assert bookings.load(store, viewer, booking)["id"] == booking
    with pytest.raises(Conflict, match="booking_in_case"):
        booking_answers.wait(store, case.host, booking, "", NOW)
    with pytest.raises(Conflict, match="booking_in_case"):
        booking_papers.agree(store, case.host, booking, {"agreed_until": LAST, "agreed_note": "x"}, NOW)
    case.testbed = create_testbed(store, published=True)
    with pytest.raises(Conflict, match="booking_other_testbed"):
        case.ask(FIRST, LAST)


# reading


def test_each_sees_only_what_is_theirs(store: Store, scene: Booked) -> None:
    mine, theirs = scene.ask(), scene.ask(who=scene.owner)
    stranger = [create_person(store, role) for role in ("owner", "startup", "host")]
    seen = {
        who: {row["id"] for row in bookings.listing(store, getattr(scene, who), NOW)[0]}
        for who in ("founder", "owner", "host", "broker")
    }
    assert seen == {"founder": {mine}, "owner": {theirs}, "host": {mine, theirs}, "broker": {mine, theirs}}
    assert [bookings.listing(store, who, NOW)[1] for who in stranger] == [0, 0, 0]
    for viewer in (scene.owner, None, *stranger):
        with pytest.raises(NotFound):
            bookings.load(store, viewer, mine)


def test_a_startup_that_asks_for_a_need_is_not_seen_by_the_needs_owner(store: Store, scene: Booked) -> None:
    booking = scene.ask(startup_id=scene.startup["id"], need_id=scene.need["id"])
    with pytest.raises(NotFound):
        bookings.load(store, scene.owner, booking)


def test_what_waits_for_me_stands_first_with_the_days_left(store: Store, scene: Booked) -> None:
    answered = scene.approve(scene.ask())
    asked, new = scene.ask(first="2027-01-01", last="2027-01-05"), scene.ask(first="2027-02-01", last="2027-02-05")
    booking_answers.ask(store, scene.host, asked, {"question": "?"}, NOW)
    rows, total = bookings.listing(store, scene.host, LATER)
    assert [(row["id"], row["mine"]) for row in rows] == [(new, True), (asked, False), (answered, False)]
    assert (total, bookings.days_left(rows[0], LATER)) == (3, 5)
    rows, _ = bookings.listing(store, scene.founder, LATER)
    assert (rows[0]["id"], rows[0]["mine"]) == (asked, True)
    assert bookings.counts(store, scene.host, LATER)["mine"] == 1
    assert bookings.listing(store, scene.host, LATER, stage="approved")[1] == 1


def test_the_stages_in_the_store_are_those_of_the_rows(store: Store) -> None:
    scene = Booked(store, places=9)
    ids = [scene.ask(last=f"2026-12-{day}") for day in range(10, 19)]
    booking_answers.ask(store, scene.host, ids[1], {"question": "?"}, NOW)
    booking_answers.wait(store, scene.host, ids[2], "", NOW)
    scene.approve(ids[3])
    booking_answers.decline(store, scene.host, ids[4], "no_fit", "", NOW)
    booking_requests.withdraw(store, scene.founder, ids[5], "", NOW)
    scene.approve(ids[6])
    booking_answers.cancel(store, scene.host, ids[6], "not_now", "", NOW)
    used = promised(scene)
    scene.confirm(scene.accepted(), scene.testbed, FIRST, LAST, booking_id=used)
    for moment in (NOW, AFTER, "2027-03-01T09:00:00.000000Z"):
        found = {one: bookings.listing(store, scene.broker, moment, stage=one)[0] for one in bookings.STAGES}
        assert sum(len(rows) for rows in found.values()) == len(ids) + 1
        assert all(row["status"] == one for one, rows in found.items() for row in rows)
        counted = bookings.counts(store, scene.broker, moment)
        assert {one: counted[one] for one in bookings.STAGES} == {one: len(rows) for one, rows in found.items()}


def test_the_line_between_needs_and_bookings_holds_when_either_goes(store: Store, scene: Booked) -> None:
    need, startup = create_need(store, published=True), create_startup(store, published=True)
    scene.ask(who=scene.broker, startup_id=startup["id"], need_id=need["id"])
    assert removals.in_use(store, "need", need["id"])
    assert removals.in_use(store, "startup", startup["id"])
    assert removals.in_use(store, "testbed", scene.testbed["id"])
