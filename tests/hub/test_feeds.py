"""Calendar feeds: whose a link is, what it shows at the moment of reading, and when it ends."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.hub import directory, feed_events, feeds, pairings, people
from matcher.hub.errors import NotFound
from matcher.hub.ids import new_id
from matcher.store import Store
from tests.factories import NOW, create_person, create_testbed, grant

from .cases import recorded

LATER = "2026-11-25T09:00:00.000000Z"
TABLES = ("feed", "feed_read")


def booking(store: Store, testbed: dict[str, Any], organisation_id: str, **columns: Any) -> str:
    """Insert a booking as it stands, approved unless told otherwise."""
    said = {
        "benefit_operation": "Tid",
        "benefit_users": "Trygghet",
        "answer_by": "2026-12-01",
        "promised_by": "2026-12-01",
    }
    days = {"starts_on": "2027-03-01", "ends_on": "2027-03-31"}
    scored = {"operation_score": 3, "users_score": 4, "scored_at": NOW, "approved_at": NOW, "answered_at": NOW}
    row = {"id": new_id(), "testbed_id": testbed["id"], "organisation_id": organisation_id, "title": "Prov", **said}
    store.insert("booking", {**row, **days, "requested_at": NOW, **scored, **columns})
    return row["id"]


ASKED = dict.fromkeys(("operation_score", "users_score", "scored_at", "approved_at", "answered_at"))


@pytest.fixture
def testbed(store: Store, host):
    return create_testbed(store, host.organisations("host")[0], published=True)


def states(events: list[dict[str, Any]]) -> dict[str, tuple[str, str, str]]:
    return {event["uid"]: (event["state"], event["starts_on"], event["ends_on"]) for event in events}


def test_a_link_opens_by_its_token_only_and_shows_whose_it_is(store, host):
    feed_id, token = feeds.make(store, host, None, NOW)
    row = feeds.by_token(store, token)
    assert (row["id"], row["viewer"].person_id, row["testbed"]) == (feed_id, host.person_id, None)
    assert token not in str(store.query("select * from feed"))
    with pytest.raises(NotFound):
        feeds.by_token(store, feed_id)


def test_a_new_link_ends_the_old_one_to_the_same_calendar_and_no_other(store, host, testbed):
    _, own = feeds.make(store, host, None, NOW)
    _, old = feeds.make(store, host, testbed["id"], NOW)
    new_feed, new = feeds.make(store, host, testbed["id"], LATER)
    assert feeds.by_token(store, own)["testbed"] is None
    assert feeds.by_token(store, new)["testbed"]["id"] == testbed["id"]
    with pytest.raises(NotFound):
        feeds.by_token(store, old)
    assert [row["testbed"] for row in feeds.of_person(store, host)] == [None, testbed["name"]]
    assert recorded(store, new_feed) == ["feed.make"]


def test_two_people_have_a_link_each_to_one_testbed(store, host, testbed):
    colleague = create_person(store, "host", testbed["organisation_id"])
    _, one = feeds.make(store, host, testbed["id"], NOW)
    _, other = feeds.make(store, colleague, testbed["id"], NOW)
    assert feeds.by_token(store, one)["viewer"] != feeds.by_token(store, other)["viewer"]


def test_an_ended_link_is_gone_and_another_persons_cannot_be_ended(store, host):
    feed_id, token = feeds.make(store, host, None, NOW)
    with pytest.raises(NotFound):
        feeds.revoke(store, create_person(store, "broker"), feed_id, LATER)
    feeds.revoke(store, host, feed_id, LATER)
    for again in (lambda: feeds.by_token(store, token), lambda: feeds.revoke(store, host, feed_id, LATER)):
        with pytest.raises(NotFound):
            again()
    assert recorded(store, feed_id) == ["feed.make", "feed.revoke"]


def test_a_link_to_anothers_testbed_is_not_made(store, testbed):
    for stranger in (create_person(store, "host"), create_person(store, "startup")):
        with pytest.raises(NotFound):
            feeds.make(store, stranger, testbed["id"], NOW)
    assert store.query("select * from feed") == []


def test_the_rights_are_those_at_the_moment_of_reading(store, case, host, testbed):
    _, link = feeds.make(store, host, testbed["id"], NOW)
    [held] = people.roles(store, host.person_id)
    people.revoke(store, held["id"], case.broker.person_id, NOW)
    with pytest.raises(NotFound):
        feeds.by_token(store, link)
    grant(store, host, "host", testbed["organisation_id"])
    assert feeds.by_token(store, link)["testbed"]["id"] == testbed["id"]


def test_a_closed_account_reads_nothing(store, host):
    _, token = feeds.make(store, host, None, NOW)
    directory.disable(store, host.person_id, create_person(store, "administrator").person_id, NOW)
    with pytest.raises(NotFound):
        feeds.by_token(store, token)


def test_reading_is_noted_once_a_day(store, host):
    feed_id, _ = feeds.make(store, host, None, NOW)
    assert feeds.load(store, host, feed_id)["read_on"] is None
    for moment in (NOW, NOW, LATER):
        feeds.was_read(store, feed_id, moment)
    assert feeds.load(store, host, feed_id)["read_on"] == "2026-11-25"


def test_everybody_in_a_case_sees_its_test_and_nobody_else_does(store, case, host, testbed):
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed)
    for viewer in (case.owner, case.founder, case.broker, host):
        [event] = feed_events.of_person(store, viewer, NOW)
        assert (event["uid"], event["what"], event["state"]) == (f"case-{pairing_id}", "case", "confirmed")
        assert (event["startup"], event["testbed"]) == (case.startup["name"], testbed["name"])
    strangers = [create_person(store, role) for role in ("broker", "owner", "startup", "host")]
    assert [feed_events.of_person(store, viewer, NOW) for viewer in strangers] == [[], [], [], []]


def test_an_asked_booking_is_tentative_an_approved_one_stands_and_what_came_to_nothing_is_cancelled(
    store, case, host, testbed
):
    own = case.founder.organisations("startup")[0]
    gone = {"declined_at": LATER, "reason": "other", "answered_at": LATER}
    ids = {
        "asked": booking(store, testbed, own, **ASKED),
        "confirmed": booking(store, testbed, own),
        "declined": booking(store, testbed, own, **{**ASKED, **gone}),
        "withdrawn": booking(store, testbed, own, **{**ASKED, "withdrawn_at": LATER}),
        "cancelled": booking(store, testbed, own, cancelled_at=LATER, cancelled_side="host", reason="other"),
    }
    found = {event["uid"].removeprefix("booking-"): event for event in feed_events.of_person(store, case.founder, NOW)}
    assert {name: found[key]["state"] for name, key in ids.items()} == {
        "asked": "asked", "confirmed": "confirmed",
        "declined": "cancelled", "withdrawn": "cancelled", "cancelled": "cancelled",
    }  # fmt: skip
    assert found[ids["cancelled"]]["changed_at"] == LATER
    assert states(feed_events.of_person(store, host, NOW)) == states(list(found.values()))


def test_what_was_ended_early_stands_on_the_days_that_it_held(store, case, testbed):
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed, "2026-12-01", "2027-01-31")
    pairings.end(store, case.broker, pairing_id, "completed", "", "2026-12-20T10:00:00.000000Z")
    own = case.founder.organisations("startup")[0]
    ended = {"cancelled_at": "2027-03-10T08:00:00.000000Z", "cancelled_side": "asker", "reason": "other"}
    booked = booking(store, testbed, own, **ended)
    assert states(feed_events.of_person(store, case.founder, "2027-03-11T00:00:00.000000Z")) == {
        f"case-{pairing_id}": ("confirmed", "2026-12-01", "2026-12-19"),
        f"booking-{booked}": ("confirmed", "2027-03-01", "2027-03-09"),
    }


def test_a_booking_that_a_case_used_is_told_of_once(store, case, testbed):
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed)
    own = case.founder.organisations("startup")[0]
    booking(store, testbed, own, used_at=NOW, used_pairing_id=pairing_id)
    assert list(states(feed_events.of_person(store, case.founder, NOW))) == [f"case-{pairing_id}"]


def test_a_testbeds_calendar_holds_its_own_and_its_closed_periods(store, case, host, testbed):
    other = create_testbed(store, testbed["organisation_id"], published=True)
    own = case.founder.organisations("startup")[0]
    booked = booking(store, testbed, own)
    booking(store, other, own)
    closure = {"id": "c1", "testbed_id": testbed["id"], "reason": "Jul", "created_at": NOW}
    store.insert("testbed_closure", {**closure, "starts_on": "2026-12-24", "ends_on": "2026-12-26"})
    assert states(feed_events.of_testbed(store, testbed["id"], NOW)) == {
        f"booking-{booked}": ("confirmed", "2027-03-01", "2027-03-31"),
        "closure-c1": ("confirmed", "2026-12-24", "2026-12-26"),
    }


def test_what_ended_long_ago_is_left_out(store, case, testbed):
    own = case.founder.organisations("startup")[0]
    booking(store, testbed, own)
    assert feed_events.of_person(store, case.founder, "2027-06-29T00:00:00.000000Z") != []
    assert feed_events.of_person(store, case.founder, "2027-06-30T00:00:00.000000Z") == []
