"""Finding a place by the days, against counting day by day; when a place is free next; what the list tells."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.hub import answer_times, capacity, distances, places, prerequisite_steps
from matcher.hub.ids import new_id
from matcher.store import Store
from tests.factories import NOW, create_organisation, create_person, create_testbed

from .cases import Case
from .test_feeds import ASKED, booking

DAY_ZERO = date(2027, 1, 1)
Days = tuple[int, int]


def day(number: int) -> str:
    return (DAY_ZERO + timedelta(days=number)).isoformat()


def days(span: Days) -> tuple[str, str]:
    return day(span[0]), day(span[1])


spans = st.tuples(st.integers(0, 25), st.integers(0, 25)).map(lambda span: (min(span), max(span)))
many = st.lists(spans, max_size=6)


def brute_free(held: list[Days], closed: list[Days], most: int, buffer_days: int, asked: Days) -> int:
    """Count by the words of the rule: each day and the buffer after the last, each hold with its buffer."""
    if any(first <= today <= last for today in range(asked[0], asked[1] + 1) for first, last in closed):
        return 0
    wanted = range(asked[0], asked[1] + buffer_days + 1)
    return max(min(most - sum(first <= today <= last + buffer_days for first, last in held) for today in wanted), 0)


@given(many, many, st.integers(0, 3), st.integers(0, 4), spans)
@settings(max_examples=300)
def test_what_is_free_is_that_of_counting_day_by_day(held, closed, most, buffer_days, asked) -> None:
    rows = [{"starts_on": day(first), "ends_on": day(last), "ended_at": None} for first, last in held]
    kept = [capacity.kept(row, buffer_days) for row in rows]
    found = capacity.free(kept, map(days, closed), most, buffer_days, days(asked))
    assert found == brute_free(held, closed, most, buffer_days, asked)


@given(many, many, st.integers(1, 2), st.integers(0, 4), spans, st.integers(0, 30))
@settings(max_examples=300)
def test_the_next_free_period_is_the_first_that_counting_day_by_day_finds(
    held, closed, most, buffer_days, asked, earliest
) -> None:
    rows = [{"starts_on": day(first), "ends_on": day(last), "ended_at": None} for first, last in held]
    kept = [capacity.kept(row, buffer_days) for row in rows]
    length = asked[1] - asked[0]
    expected = next(
        (first, first + length)
        for first in range(earliest, 200)
        if brute_free(held, closed, most, buffer_days, (first, first + length))
    )
    found = places.next_free(kept, [days(one) for one in closed], most, buffer_days, days(asked), day(earliest))
    assert found == days(expected)


def test_after_a_year_nothing_is_looked_for() -> None:
    shut = [(day(0), day(400))]
    assert places.next_free([], shut, 1, 0, (day(0), day(5)), day(0)) is None


@given(many, st.integers(1, 3), st.integers(0, 5))
@settings(max_examples=200)
def test_taking_only_what_is_free_oversells_no_day_and_leaves_the_buffer(wanted, most, buffer_days) -> None:
    taken: list[Days] = []
    for span in wanted:
        kept = [(day(first), day(last + buffer_days)) for first, last in taken]
        if capacity.free(kept, [], most, buffer_days, days(span)):
            taken.append(span)
    assert all(sum(a <= today <= b + buffer_days for a, b in taken) <= most for today in range(40))


FIRST, LAST = "2027-03-10", "2027-03-20"


def found(store: Store, first: str = FIRST, last: str = LAST, now: str = NOW) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in places.find(store, first, last, now)}


def test_tests_and_approved_bookings_take_places_and_requests_do_not(store: Store) -> None:
    case, testbed = Case(store), create_testbed(store, published=True, places=3)
    case.confirm(case.accepted(), testbed, "2027-03-01", "2027-03-12")
    own = case.founder.organisations("startup")[0]
    booking(store, testbed, own, starts_on="2027-03-12", ends_on="2027-03-15")
    booking(store, testbed, own, **ASKED)
    booking(store, testbed, own, cancelled_at=NOW, cancelled_side="host", reason="other")
    assert found(store)[testbed["id"]]["free"] == 1
    assert found(store, "2027-03-13", LAST)[testbed["id"]]["free"] == 2
    [same] = [row for row in places.openings(store, FIRST, LAST, NOW) if row["id"] == testbed["id"]]
    assert same["free"] == 1


def test_the_buffer_keeps_days_free_before_and_after(store: Store) -> None:
    case, testbed = Case(store), create_testbed(store, published=True, places=1, buffer_days=5)
    case.confirm(case.accepted(), testbed, "2027-03-01", "2027-03-06")
    rows = found(store, "2027-03-11", "2027-03-12")
    assert (rows[testbed["id"]]["free"], rows[testbed["id"]]["next"]) == (0, ("2027-03-12", "2027-03-13"))
    assert found(store, "2027-03-12", "2027-03-12")[testbed["id"]]["free"] == 1
    assert found(store, "2027-02-20", "2027-02-24")[testbed["id"]]["free"] == 0
    assert found(store, "2027-02-20", "2027-02-23")[testbed["id"]]["free"] == 1


def test_a_closed_testbed_says_why_and_when_it_is_free_next(store: Store) -> None:
    testbed = create_testbed(store, published=True)
    closure = {"id": "c1", "testbed_id": testbed["id"], "reason": "Renovering", "created_at": NOW}
    store.insert("testbed_closure", {**closure, "starts_on": "2027-03-15", "ends_on": "2027-04-30"})
    row = found(store)[testbed["id"]]
    assert (row["free"], [one["reason"] for one in row["closed"]]) == (0, ["Renovering"])
    assert row["next"] == ("2027-05-01", "2027-05-11")


def test_only_closed_days_that_touch_the_period_are_told(store: Store) -> None:
    testbed = create_testbed(store, published=True)
    periods = {
        "until": ("2027-03-01", FIRST),
        "from": (LAST, "2027-03-29"),
        "before": ("2027-02-01", "2027-03-09"),
        "after": ("2027-03-21", "2027-05-29"),
    }
    for name, (first, last) in periods.items():
        closure = {"id": name, "testbed_id": testbed["id"], "reason": name, "created_at": NOW}
        store.insert("testbed_closure", {**closure, "starts_on": first, "ends_on": last})
    row = found(store)[testbed["id"]]
    assert [one["reason"] for one in row["closed"]] == ["until", "from"]


def test_what_is_shut_or_taken_at_the_far_end_of_a_year_counts_too(store: Store) -> None:
    """The last period that is offered begins a year ahead and ends as long after that as was asked for."""
    far = places.shifted(FIRST, places.AHEAD_DAYS)
    ends = places.shifted(far, 10)
    shut, taken = (create_testbed(store, published=True, places=1, buffer_days=days) for days in (0, 4))
    for testbed in (shut, taken):
        closure = {"testbed_id": testbed["id"], "reason": "Ombyggnad", "created_at": NOW}
        store.insert(
            "testbed_closure",
            {"id": new_id(), **closure, "starts_on": FIRST, "ends_on": places.shifted(far, -1)},
        )
    assert found(store)[shut["id"]]["next"] == found(store)[taken["id"]]["next"] == (far, ends)
    closure = {"id": new_id(), "testbed_id": shut["id"], "reason": "Inventering", "created_at": NOW}
    store.insert("testbed_closure", {**closure, "starts_on": ends, "ends_on": ends})
    own = create_person(store, "startup").organisations("startup")[0]
    after = places.shifted(ends, 4)  # the last day that a test which ends then keeps the place from the next
    booking(store, taken, own, starts_on=after, ends_on=after)
    assert found(store)[shut["id"]]["next"] is None
    assert found(store)[taken["id"]]["next"] is None


def test_what_is_free_has_no_next_and_tells_how_its_host_answers(store: Store) -> None:
    testbed = create_testbed(store, published=True, buffer_days=3)
    row = found(store)[testbed["id"]]
    assert (row["next"], row["buffer_days"], row["free"]) == (None, 3, row["places"])
    assert row["answers"] == answer_times.of_hosts(store, [testbed["organisation_id"]], NOW)[testbed["organisation_id"]]


def test_a_period_is_looked_for_to_its_end_a_year_ahead(store: Store) -> None:
    """The last day that counts: a long period that begins a year from now is taken up to its own last day."""
    case, testbed = Case(store), create_testbed(store, published=True, places=1)
    case.confirm(case.accepted(), testbed, "2026-12-01", "2027-12-01")
    other = Case(store, case.broker)
    other.confirm(other.accepted(), testbed, "2027-12-20", "2028-03-01")
    asked = found(store, "2026-12-01", "2026-12-31")[testbed["id"]]
    assert asked["next"] is None


def test_where_every_day_that_something_ends_is_taken_there_is_no_next_period() -> None:
    assert places.next_free([], [], 0, 0, (day(0), day(5)), day(0)) is None


def test_the_next_period_begins_a_year_from_now_at_the_latest() -> None:
    assert places.next_free([(day(0), day(365))], [], 1, 0, (day(0), day(5)), day(0)) == (day(366), day(371))
    assert places.next_free([(day(0), day(366))], [], 1, 0, (day(0), day(5)), day(0)) is None


def test_a_testbed_without_places_is_never_free(store: Store) -> None:
    testbed = create_testbed(store, published=True, places=0)
    assert (found(store)[testbed["id"]]["free"], found(store)[testbed["id"]]["next"]) == (0, None)


def test_the_next_free_period_never_lies_in_the_past(store: Store) -> None:
    case, testbed = Case(store), create_testbed(store, published=True, places=1)
    case.confirm(case.accepted(), testbed, "2026-11-20", "2026-11-22")
    now = "2026-12-01T08:00:00.000000Z"
    assert found(store, "2026-11-21", "2026-12-02", now)[testbed["id"]]["next"] == ("2026-12-01", "2026-12-12")


def test_only_what_is_on_offer_is_found_and_only_what_everybody_may_see(store: Store) -> None:
    testbed = create_testbed(store, published=True, contact_name="Vera")
    create_testbed(store)
    create_testbed(store, published=True, withdrawn_at=NOW)
    rows = found(store)
    assert list(rows) == [testbed["id"]]
    assert "contact_name" not in rows[testbed["id"]]


def test_each_tells_what_it_asks_for(store: Store) -> None:
    host = create_person(store, "host")
    testbed = create_testbed(store, host.organisations("host")[0], published=True)
    for kind in ("insurance", "training", "training"):
        prerequisite_steps.add(store, host, testbed["id"], {"kind": kind, "text": "Intyg"}, NOW)
    gone = prerequisite_steps.add(store, host, testbed["id"], {"kind": "ethics", "text": "Intyg"}, NOW)
    prerequisite_steps.retire(store, host, testbed["id"], gone, NOW)
    assert found(store)[testbed["id"]]["asks"] == ["training", "insurance"]


def test_the_store_is_asked_as_often_for_many_as_for_few(store: Store) -> None:
    class Counting:
        def __init__(self) -> None:
            self.asked = 0

        def query(self, *args: Any) -> Any:
            self.asked += 1
            return store.query(*args)

    counts = []
    for _ in range(2):
        for _ in range(4):
            create_testbed(store, create_organisation(store, "host"), published=True)
        counting = Counting()
        places.find(counting, FIRST, LAST, NOW)
        counts.append(counting.asked)
    assert counts[0] == counts[1] <= 5


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        (("0180", "01"), ("1480", "14"), 390, 405),  # Stockholm – Göteborg, 398 km
        (("1280", "12"), (None, "12"), 0, 60),
        (("1280", None), ("1280", None), 0, 0),
    ],
)
def test_distances_are_as_the_crow_flies(one, other, low, high) -> None:
    assert low <= distances.kilometres(one, other) <= high
    assert distances.kilometres(one, other) == distances.kilometres(other, one)


def test_nowhere_is_no_distance() -> None:
    assert distances.kilometres((None, None), ("1280", "12")) is None
