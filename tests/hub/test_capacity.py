from __future__ import annotations

import contextlib
import os
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.hub import capacity
from matcher.hub.errors import Conflict, Full, Invalid
from matcher.hub.places import openings
from matcher.store import Store
from tests.factories import NOW, create_need, create_startup, create_testbed

from .cases import Case

DAY_ZERO = date(2027, 1, 1)
SEQUENCES = int(os.environ.get("MATCHER_SEQUENCES", "60"))  # on each engine; `make test-faults` takes 10,000


def day(number: int) -> str:
    return (DAY_ZERO + timedelta(days=number)).isoformat()


numbers = st.integers(0, 25)
spans = st.tuples(numbers, numbers)
accesses = st.lists(st.tuples(numbers, numbers, st.none() | numbers), max_size=12)


def brute_force(rows: list[tuple[int, int, int | None]], first: int, last: int) -> int:
    """Count every day of the period one by one, straight from the words of the rule."""
    return max(
        (
            sum(1 for start, end, ended in rows if start <= today <= end and (ended is None or today < ended))
            for today in range(first, last + 1)
        ),
        default=0,
    )


@given(accesses, spans)
def test_the_peak_is_that_of_counting_day_by_day(
    rows: list[tuple[int, int, int | None]], span: tuple[int, int]
) -> None:
    first, last = sorted(span)
    kept: list[dict[str, Any]] = [
        {
            "starts_on": day(start),
            "ends_on": day(end),
            "ended_at": None if ended is None else f"{day(ended)}T12:00:00.000000Z",
        }
        for start, end, ended in rows
        if start <= end
    ]
    expected = brute_force([row for row in rows if row[0] <= row[1]], first, last)
    assert capacity.peak(map(capacity.held, kept), day(first), day(last)) == expected


@given(st.lists(spans, max_size=10), st.integers(1, 3))
def test_taking_what_the_rule_lets_through_never_oversells_a_day(wanted: list[tuple[int, int]], places: int) -> None:
    taken: list[tuple[int, int, None]] = []
    for span in wanted:
        first, last = sorted(span)
        periods = [(day(start), day(end)) for start, end, _ in taken]
        if capacity.peak(periods, day(first), day(last)) < places:
            taken.append((first, last, None))
    assert brute_force(list(taken), 0, 25) <= places


def test_a_test_that_ended_on_its_first_day_holds_nothing() -> None:
    row = {"starts_on": "2027-01-05", "ends_on": "2027-01-20", "ended_at": "2027-01-05T08:00:00.000000Z"}
    assert capacity.peak([capacity.held(row)], "2027-01-01", "2027-01-31") == 0


def test_offers_tell_what_is_free_on_every_day_and_what_is_closed(store: Store) -> None:
    case = Case(store)
    taken, closed = create_testbed(store, published=True, places=2), create_testbed(store, published=True)
    create_testbed(store)
    create_testbed(store, published=True, withdrawn_at=NOW)
    case.confirm(case.accepted(), taken, "2026-12-10", "2026-12-20")
    closure = {"id": "c1", "testbed_id": closed["id"], "reason": "Sommar", "created_at": NOW}
    store.insert("testbed_closure", {**closure, "starts_on": "2026-12-24", "ends_on": "2026-12-26"})

    def free(first: str, last: str) -> dict[str, int]:
        return {row["id"]: row["free"] for row in openings(store, first, last, NOW)}

    assert free("2026-12-01", "2026-12-15") == {taken["id"]: 1, closed["id"]: 2}
    assert free("2026-12-21", "2026-12-31") == {taken["id"]: 2, closed["id"]: 0}
    [row] = [row for row in openings(store, "2026-12-26", "2026-12-31", NOW) if row["id"] == closed["id"]]
    assert [found["reason"] for found in row["closed"]] == ["Sommar"]


def test_running_counts_the_tests_of_one_day(store: Store) -> None:
    case = Case(store)
    case.confirm(case.accepted(), create_testbed(store, published=True), "2026-12-10", "2026-12-20")
    assert capacity.running(store, "2026-12-09") == {}
    assert capacity.running(store, "2026-12-10") == {case.startup["id"]: 1}
    assert capacity.running(store, "2026-12-21") == {}


kinds = st.sampled_from(["access", "booking", "cancelled", "used", "asked"])
holds = st.lists(st.tuples(numbers, st.integers(0, 8), kinds, numbers), max_size=8)


@settings(max_examples=SEQUENCES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(holds, spans, st.integers(0, 5), st.integers(1, 3), st.none() | spans)
def test_a_place_is_free_when_counting_day_by_day_finds_one(
    store: Store, rows: list[tuple[int, int, str, int]], span: tuple[int, int], buffer: int, places: int,
    shut: tuple[int, int] | None,
) -> None:  # fmt: skip
    """Places, buffers, closures, cases and bookings of every kind against the words of the rule, for each day."""
    first, last = sorted(span)
    taken: Counter[int] = Counter()
    with contextlib.suppress(_Undone), store.atomic():
        testbed = create_testbed(store, published=True, places=places, buffer_days=buffer)
        host = testbed["organisation_id"]
        need = create_need(store, published=True)
        for number, (start, length, kind, ended) in enumerate(rows):
            hold(store, testbed["id"], host, need["id"], f"{number}", (start, start + length), kind, ended)
            end = start + length
            end = min(end, ended - 1) if kind == "cancelled" else end
            if kind != "asked" and start <= end:
                taken.update(range(start, end + buffer + 1))
        if shut:
            closure = {"id": "c", "testbed_id": testbed["id"], "reason": "x", "created_at": NOW}
            store.insert("testbed_closure", {**closure, "starts_on": day(min(shut)), "ends_on": day(max(shut))})
        most = max(taken[today] for today in range(first, last + buffer + 1))
        assert capacity.at_testbed(store, testbed["id"], day(first), day(last)) == most
        closed = shut is not None and min(shut) <= last and max(shut) >= first
        [offer] = [row for row in openings(store, day(first), day(last), NOW) if row["id"] == testbed["id"]]
        assert offer["free"] == (0 if closed else max(places - most, 0))
        raise _Undone


class _Undone(Exception):
    """Takes back what an example wrote."""


def hold(
    store: Store, testbed: str, organisation: str, need: str, number: str, span: tuple[int, int], kind: str, ended: int
) -> None:
    """Insert what holds a place, or did, or only asks for it: `span` are its first and last day."""
    days = {"starts_on": day(span[0]), "ends_on": day(span[1])}
    if kind in ("access", "used"):
        startup = create_startup(store, published=True)["id"]
        yes = {"owner_accepted_at": NOW, "startup_accepted_at": NOW, "confirmed_at": NOW, "answer_by": day(0)}
        pairing = {"id": f"p{number}", "need_id": need, "startup_id": startup, "testbed_id": testbed, **yes}
        store.insert("pairing", {**pairing, "need_version": 1, "seen": "{}", "proposed_at": NOW})
        store.insert(
            "access", {"id": number, "pairing_id": f"p{number}", "testbed_id": testbed, "opened_at": NOW, **days}
        )
    if kind == "access":
        return
    row = {
        "id": number, "testbed_id": testbed, "organisation_id": organisation, "title": "x", "benefit_operation": "x",
        "benefit_users": "x", "requested_at": NOW, "promised_by": day(0), "answer_by": day(0), **days,
    }  # fmt: skip
    if kind != "asked":
        row |= {"approved_at": NOW, "answered_at": NOW, "scored_at": NOW, "operation_score": 3, "users_score": 3}
    if kind == "cancelled":
        moment = f"{day(ended)}T12:00:00.000000Z"
        row |= {"cancelled_at": moment, "cancelled_side": "host", "reason": "staff"}
    if kind == "used":
        row |= {"used_at": NOW, "used_pairing_id": f"p{number}"}
    store.insert("booking", row)


@pytest.mark.parametrize(
    ("first", "last", "errors"),
    [
        ("", "", {"starts_on": ("required_day", {}), "ends_on": ("required_day", {})}),
        ("", "2026-12-01", {"starts_on": ("required_day", {})}),
        ("2026-12-01", "", {"ends_on": ("required_day", {})}),
        ("2026-12-02", "2026-12-01", {"ends_on": ("period", {})}),
        ("2026-11-01", "2026-11-19", {"ends_on": ("period_over", {})}),
        ("2026-12-01", "2028-12-01", {"ends_on": ("period_long", {"years": 2})}),
    ],
)
def test_what_is_wrong_with_a_period_is_said_at_its_day(first: str, last: str, errors: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as error:
        capacity.period(first, last, NOW)
    assert error.value.errors == errors


def test_a_period_may_be_one_day_today_and_two_years_at_most() -> None:
    assert capacity.period("2026-11-20", "2026-11-20", NOW) == ("2026-11-20", "2026-11-20")
    assert capacity.period("2026-12-01", "2028-11-30", NOW) == ("2026-12-01", "2028-11-30")
    assert capacity.period("2026-11-01", "2026-12-01", NOW) == ("2026-11-01", "2026-12-01")


def test_what_is_asked_for_anew_begins_today_at_the_earliest() -> None:
    assert capacity.period_ahead("2026-11-20", "2026-12-01", NOW) == ("2026-11-20", "2026-12-01")
    with pytest.raises(Invalid) as error:
        capacity.period_ahead("2026-11-19", "2026-12-01", NOW)
    assert error.value.errors == {"starts_on": ("period_begun", {"today_on": "2026-11-20"})}


def test_who_is_refused_learns_of_what_and_for_which_days(store: Store) -> None:
    testbed, startup = create_testbed(store, published=True, places=0), create_startup(store, capacity=0)
    days = ("2026-12-01", "2026-12-05")
    with pytest.raises(Full) as full:
        capacity.refuse_full(store, testbed, days)
    told = {"testbed": testbed["name"], "places": 0, "starts_on": days[0], "ends_on": days[1]}
    assert (full.value.code, full.value.params) == ("testbed_full", told)
    with pytest.raises(Conflict) as busy:
        capacity.refuse_busy(store, startup, days)
    assert (busy.value.code, busy.value.params) == ("startup_full", {"startup": startup["name"], "limit": 0})
    closure = {"id": "c1", "testbed_id": testbed["id"], "reason": "Sommar", "created_at": NOW}
    store.insert("testbed_closure", {**closure, "starts_on": "2026-12-05", "ends_on": "2026-12-09"})
    capacity.refuse_closed(store, testbed, ("2026-12-01", "2026-12-04"))
    with pytest.raises(Conflict) as closed:
        capacity.refuse_closed(store, testbed, days)
    told = {"testbed": testbed["name"], "starts_on": "2026-12-05", "ends_on": "2026-12-09"}
    assert (closed.value.code, closed.value.params) == ("testbed_closed", told)


def test_an_offer_names_its_themes(store: Store) -> None:
    create_testbed(store, published=True, themes=["elderly_care"])
    [offer] = openings(store, "2026-12-01", "2026-12-02", NOW)
    assert offer["themes"] == ["elderly_care"]
