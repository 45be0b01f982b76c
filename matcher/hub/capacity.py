"""How many places are taken, counted day by day from live rows; never a counter that could drift.

Two kinds of rows hold a place: the access of a case, and a booking outside a case that the host approved (`HELD`).
A period is a first and a last day as ISO text, both included. What was ended early holds its place to the day
before it ended: the place is free from the day of the decision on. After each the testbed keeps `buffer_days` free
for cleaning and resetting, and so it does after the period that is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from ..store import Store
from . import fields
from .clock import day, days_between
from .errors import Conflict, Full, Invalid

LONGEST_DAYS = 731
MOST_BUFFER = 60  # days; the table's own limit
Period = tuple[str, str]

# What holds a place, as SQL: testbed, startup (a booking may have none), days, and whose it is. A booking that was used
# by a case holds nothing more, the case's access does; one inside a case never did.
HELD = """
    (select a.testbed_id, p.startup_id, a.starts_on, a.ends_on, a.ended_at, a.pairing_id, null as booking_id
     from access a join pairing p on p.id = a.pairing_id
     union all
     select b.testbed_id, b.startup_id, b.starts_on, b.ends_on, b.cancelled_at, null, b.id from booking b
     where b.approved_at is not null and b.used_at is null and b.pairing_id is null)"""


class _PeriodContent(fields.Content):
    starts_on: fields.Day = None
    ends_on: fields.Day = None


def period(starts_on: str | None, ends_on: str | None, now: str) -> Period:
    """Return a checked period: both days given, in order, not over already, at most two years; else raise Invalid."""
    content = fields.validate(_PeriodContent, {"starts_on": starts_on, "ends_on": ends_on})
    first, last = content.starts_on, content.ends_on
    missing = {name: ("required_day", {}) for name, value in (("starts_on", first), ("ends_on", last)) if not value}
    if missing or first is None or last is None:
        raise Invalid(missing)
    if last < first:
        raise Invalid({"ends_on": ("period", {})})
    if last < day(now):
        raise Invalid({"ends_on": ("period_over", {})})
    if days_between(first, last) >= LONGEST_DAYS:
        raise Invalid({"ends_on": ("period_long", {"years": 2})})
    return first, last


def period_ahead(starts_on: str | None, ends_on: str | None, now: str) -> Period:
    """Return a checked period as `period` does, whose first day is today or later: for what is asked for anew."""
    days = period(starts_on, ends_on, now)
    if days[0] < day(now):
        raise Invalid({"starts_on": ("period_begun", {"today_on": day(now)})})
    return days


def peak(periods: Iterable[Period], starts_on: str, ends_on: str) -> int:
    """Return the most periods that hold one and the same day between the two days, both included.

    Two tests that follow each other share no day, so the number of overlapping rows would count too many.
    """
    changes: list[tuple[str, int]] = []
    for first, last in periods:
        first, last = max(first, starts_on), min(last, ends_on)
        if first <= last:
            changes += [(first, 0), (last, 1)]  # on one day, who comes is counted before who leaves
    most = here = 0
    for _, leaves in sorted(changes):
        here += -1 if leaves else 1
        most = max(most, here)
    return most


def held(row: dict[str, Any]) -> Period:
    """Return the days that a row of HELD (`starts_on`, `ends_on`, `ended_at`) really holds; may be empty."""
    if row["ended_at"] is None:
        return row["starts_on"], row["ends_on"]
    return row["starts_on"], min(row["ends_on"], shifted(day(row["ended_at"]), -1))


def kept(row: dict[str, Any], buffer_days: int) -> Period:
    """Return the days on which nobody else can have the place of a row of HELD: what it holds and the buffer after."""
    first, last = held(row)
    return (first, shifted(last, buffer_days)) if first <= last else (first, last)


def shifted(on_day: str, days: int) -> str:
    """Return the day that many days after (or, negative, before) another."""
    return (date.fromisoformat(on_day) + timedelta(days=days)).isoformat()


def around(starts_on: str, ends_on: str) -> dict[str, str]:
    """Return `first` and `last` as parameters of a query for rows that can matter to a period, whatever the buffer."""
    return {"first": shifted(starts_on, -MOST_BUFFER), "last": shifted(ends_on, MOST_BUFFER)}


def at_testbed(store: Store, testbed_id: str, starts_on: str, ends_on: str) -> int:
    """Return how many places of a testbed are taken on the fullest day of a period, buffers counted."""
    rows = store.query(
        f"""select h.starts_on, h.ends_on, h.ended_at, t.buffer_days
            from {HELD} h join testbed t on t.id = h.testbed_id
            where h.testbed_id = :id and h.starts_on <= :last and h.ends_on >= :first""",
        {"id": testbed_id, **around(starts_on, ends_on)},
    )
    buffer_days = rows[0]["buffer_days"] if rows else 0
    return peak((kept(row, buffer_days) for row in rows), starts_on, shifted(ends_on, buffer_days))


def free(taken: Iterable[Period], closed: Iterable[Period], places: int, buffer_days: int, asked: Period) -> int:
    """Return how many places are free on every day of a period and of the buffer after it; 0 when a day is closed.

    taken: the days of what is held, buffers with them.
    """
    first, last = asked
    if any(start <= last and end >= first for start, end in closed):
        return 0
    return max(places - peak(taken, first, shifted(last, buffer_days)), 0)


def of_startup(store: Store, startup_id: str, starts_on: str, ends_on: str) -> int:
    """Return how many tests a startup has on the fullest day of a period."""
    rows = store.query(
        f"""select h.starts_on, h.ends_on, h.ended_at from {HELD} h
            where h.startup_id = :id and h.starts_on <= :last and h.ends_on >= :first""",
        {"id": startup_id, "first": starts_on, "last": ends_on},
    )
    return peak(map(held, rows), starts_on, ends_on)


def running(store: Store, today: str) -> dict[str, int]:
    """Return how many tests each startup has on one day; those with none are left out. For the capacity gate."""
    rows = store.query(
        f"""select h.startup_id, count(*) as tests from {HELD} h
            where h.starts_on <= :today and h.ends_on >= :today and h.ended_at is null and h.startup_id is not null
            group by h.startup_id""",
        {"today": day(today)},
    )
    return {row["startup_id"]: row["tests"] for row in rows}


def closures(store: Store, testbed_id: str, starts_on: str, ends_on: str) -> list[dict[str, Any]]:
    """Return the closed periods of a testbed that touch a period, first day first."""
    return store.query(
        """select starts_on, ends_on, reason from testbed_closure
           where testbed_id = :id and starts_on <= :last and ends_on >= :first order by starts_on""",
        {"id": testbed_id, "first": starts_on, "last": ends_on},
    )


def refuse_closed(store: Store, testbed: dict[str, Any], days: Period) -> None:
    """Raise Conflict when a testbed is closed on one of the days."""
    closed = closures(store, testbed["id"], *days)
    if closed:
        shut = {"starts_on": closed[0]["starts_on"], "ends_on": closed[0]["ends_on"]}
        raise Conflict("testbed_closed", testbed=testbed["name"], **shut)


def refuse_full(store: Store, testbed: dict[str, Any], days: Period) -> None:
    """Raise Full unless a place is free on every day of the period. The testbed's row is locked."""
    if at_testbed(store, testbed["id"], *days) >= testbed["places"]:
        raise Full(
            "testbed_full", testbed=testbed["name"], places=testbed["places"], starts_on=days[0], ends_on=days[1]
        )


def refuse_busy(store: Store, startup: dict[str, Any], days: Period) -> None:
    """Raise Conflict when a startup would run more tests at once than it said it can; null means it did not say."""
    limit = startup["capacity"]
    if limit is not None and of_startup(store, startup["id"], *days) >= limit:
        raise Conflict("startup_full", startup=startup["name"], limit=limit)


def taken(store: Store, first: str, last: str) -> defaultdict[str, list[Period]]:
    """Return by testbed the days between two that nobody else can have: of all that is held, buffers with them."""
    found: defaultdict[str, list[Period]] = defaultdict(list)
    for row in store.query(
        f"""select h.testbed_id, h.starts_on, h.ends_on, h.ended_at, t.buffer_days
            from {HELD} h join testbed t on t.id = h.testbed_id
            where h.starts_on <= :last and h.ends_on >= :first""",
        around(first, last),
    ):
        found[row["testbed_id"]].append(kept(row, row["buffer_days"]))
    return found


def shut(store: Store, first: str, last: str) -> defaultdict[str, list[dict[str, Any]]]:
    """Return by testbed its closed periods that touch a period, with their reasons, first day first."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in store.query(
        """select testbed_id, starts_on, ends_on, reason from testbed_closure
           where starts_on <= :last and ends_on >= :first order by starts_on""",
        {"first": first, "last": last},
    ):
        found[row["testbed_id"]].append(row)
    return found


def days_of(row: dict[str, Any]) -> Period:
    """Return the first and the last day of a row."""
    return row["starts_on"], row["ends_on"]
