"""A testbed's calendar day by day, who is in it, and how much of a quarter is used."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.hub import occupancy
from matcher.hub import places as offered_places
from tests.factories import NOW, create_testbed

from .test_feeds import ASKED, booking


@pytest.fixture
def testbed(store):
    return create_testbed(store, published=True, places=2, buffer_days=3)


@pytest.fixture
def book(store, case, testbed):
    own = case.founder.organisations("startup")[0]
    return lambda first, last, **columns: booking(store, testbed, own, starts_on=first, ends_on=last, **columns)


@pytest.fixture
def close(store, testbed):
    def closing(first, last):
        row = {"id": first, "testbed_id": testbed["id"], "reason": "Jul", "created_at": NOW}
        store.insert("testbed_closure", {**row, "starts_on": first, "ends_on": last})

    return closing


def states(store, testbed, first, last):
    return [(day.on[-2:], day.state, day.free) for day in occupancy.days(store, testbed["id"], first, last)]


def test_a_day_is_free_full_kept_free_or_closed(store, testbed, book, close):
    book("2027-03-01", "2027-03-04")
    book("2027-03-04", "2027-03-06")
    book("2027-03-04", "2027-03-04", **ASKED)
    close("2027-03-10", "2027-03-11")
    assert states(store, testbed, "2027-03-03", "2027-03-11") == [
        ("03", "free", 1),
        ("04", "full", 0),
        ("05", "buffer", 0),
        ("06", "buffer", 0),
        ("07", "buffer", 0),
        ("08", "free", 1),
        ("09", "free", 1),
        ("10", "closed", 0),
        ("11", "closed", 0),
    ]


def test_what_ended_before_the_period_still_keeps_its_first_days_free(store, testbed, book):
    for _ in range(2):
        book("2027-02-20", "2027-02-27")
    assert states(store, testbed, "2027-03-01", "2027-03-03") == [
        ("01", "buffer", 0),
        ("02", "buffer", 0),
        ("03", "free", 2),
    ]


DAY_ZERO = date(2027, 3, 1)
spans = st.tuples(st.integers(-10, 30), st.integers(0, 12))


@given(st.lists(spans, max_size=6), st.lists(spans, max_size=2), st.integers(0, 4), st.integers(1, 3))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_day_is_as_counted_by_the_words_and_a_free_one_can_be_booked(
    store, case, testbed, held, closed, buffer_days, places
):
    for table in ("booking", "testbed_closure"):
        store.execute(f"delete from {table}")
    given_ = {"buffer": buffer_days, "places": places, "id": testbed["id"]}
    store.execute("update testbed set buffer_days = :buffer, places = :places where id = :id", given_)
    own = case.founder.organisations("startup")[0]

    def day(number: int) -> str:
        return (DAY_ZERO + timedelta(days=number)).isoformat()

    for first, length in held:
        booking(store, testbed, own, starts_on=day(first), ends_on=day(first + length))
    for number, (first, length) in enumerate(closed):
        row = {"id": f"c{number}", "testbed_id": testbed["id"], "reason": "Jul", "created_at": NOW}
        store.insert("testbed_closure", {**row, "starts_on": day(first), "ends_on": day(first + length)})
    found = occupancy.days(store, testbed["id"], day(0), day(30))
    for number, one in enumerate(found):
        shut = any(first <= number <= first + length for first, length in closed)
        taken = sum(first <= number <= first + length for first, length in held)
        kept = sum(first <= number <= first + length + buffer_days for first, length in held)
        assert (one.on, one.taken, one.buffer) == (day(number), taken, kept - taken)
        assert one.free == (0 if shut else max(places - kept, 0))
        assert (one.state == "closed") == shut
    offered = {row["id"]: row for row in offered_places.openings(store, day(0), day(0), NOW)}[testbed["id"]]
    following = occupancy.days(store, testbed["id"], day(0), day(buffer_days))
    least = min(max(places - one.taken - one.buffer, 0) for one in following)
    assert offered["free"] == (0 if found[0].state == "closed" else least)


def test_who_is_there_is_named_on_the_days_that_are_held(store, case, testbed, book):
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed, "2027-02-10", "2027-03-02")
    booked = book("2027-03-05", "2027-03-20", cancelled_at="2027-03-10T09:00:00.000000Z", cancelled_side="host",
                  reason="other", startup_id=case.startup["id"])  # fmt: skip
    book("2027-03-05", "2027-03-20", **ASKED)
    book("2027-03-05", "2027-03-20", cancelled_at=NOW, cancelled_side="host", reason="other")
    found = occupancy.named(store, testbed["id"], "2027-03-01", "2027-03-31")
    assert [(row["pairing_id"], row["booking_id"], row["ends_on"]) for row in found] == [
        (pairing_id, None, "2027-03-02"),
        (None, booked, "2027-03-09"),
    ]
    assert [row["who"] for row in found] == [case.startup["name"]] * 2
    assert found[0]["title"] == case.need["title"]


def test_a_quarter_counts_place_days_that_were_open(store, testbed, book, close):
    book("2026-12-30", "2027-01-09")
    book("2027-01-05", "2027-01-05")
    close("2027-01-08", "2027-01-17")
    first, second = occupancy.used(store, testbed["id"], "2027-01-01", 2)
    assert (first["starts_on"], first["ends_on"], first["open"]) == ("2027-01-01", "2027-03-31", 2 * 80)
    assert (first["taken"], first["share"]) == (8, pytest.approx(8 / 160))
    assert (second["taken"], second["share"]) == (0, 0.0)


def test_a_quarter_that_was_closed_has_no_share(store, testbed, close):
    close("2027-01-01", "2027-03-31")
    assert occupancy.used(store, testbed["id"], "2027-01-01", 1)[0]["share"] is None


def test_more_than_there_is_place_for_is_no_more_than_full(store, testbed, book):
    for _ in range(3):  # places were taken away after they were promised
        book("2027-01-01", "2027-03-31")
    assert occupancy.used(store, testbed["id"], "2027-01-01", 1)[0]["share"] == 1.0


def test_months_follow_each_other_over_the_year():
    assert occupancy.months("2026-11-22", 3) == [
        ("2026-11-01", "2026-11-30"),
        ("2026-12-01", "2026-12-31"),
        ("2027-01-01", "2027-01-31"),
    ]
