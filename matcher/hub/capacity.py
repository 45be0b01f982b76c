"""How many places are taken, counted day by day from the access rows; never a counter that could drift.

A period is a first and a last day as ISO text, both included. An access that was ended early holds its place
to the day before it ended: the place is free from the day of the decision on.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from ..store import Store
from . import fields
from .clock import day, days_between
from .errors import Invalid

LONGEST_DAYS = 731
Period = tuple[str, str]


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
    """Return the days that an access row (`starts_on`, `ends_on`, `ended_at`) really holds; may be empty."""
    if row["ended_at"] is None:
        return row["starts_on"], row["ends_on"]
    before = (date.fromisoformat(day(row["ended_at"])) - timedelta(days=1)).isoformat()
    return row["starts_on"], min(row["ends_on"], before)


def at_testbed(store: Store, testbed_id: str, starts_on: str, ends_on: str) -> int:
    """Return how many places of a testbed are taken on the fullest day of a period."""
    rows = store.query(
        """select starts_on, ends_on, ended_at from access
           where testbed_id = :id and starts_on <= :last and ends_on >= :first""",
        {"id": testbed_id, "first": starts_on, "last": ends_on},
    )
    return peak(map(held, rows), starts_on, ends_on)


def of_startup(store: Store, startup_id: str, starts_on: str, ends_on: str) -> int:
    """Return how many tests a startup has on the fullest day of a period."""
    rows = store.query(
        """select a.starts_on, a.ends_on, a.ended_at from access a join pairing p on p.id = a.pairing_id
           where p.startup_id = :id and a.starts_on <= :last and a.ends_on >= :first""",
        {"id": startup_id, "first": starts_on, "last": ends_on},
    )
    return peak(map(held, rows), starts_on, ends_on)


def running(store: Store, today: str) -> dict[str, int]:
    """Return how many tests each startup has on one day; those with none are left out. For the capacity gate."""
    rows = store.query(
        """select p.startup_id, count(*) as tests from access a join pairing p on p.id = a.pairing_id
           where a.starts_on <= :today and a.ends_on >= :today and a.ended_at is null group by p.startup_id""",
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


def offers(store: Store, starts_on: str, ends_on: str) -> list[dict[str, Any]]:
    """Return every published testbed with `free` (places free on all days of the period), `closed` (periods), `themes`.

    Three queries however many testbeds there are.
    """
    span = {"first": starts_on, "last": ends_on}
    testbeds = store.query(
        """select t.id, t.name, t.places, t.conditions, t.county_code, t.themes, t.organisation_id,
                  o.name as organisation
           from testbed t join organisation o on o.id = t.organisation_id
           where t.published_at is not null and t.withdrawn_at is null"""
    )
    taken = _by_testbed(
        store.query(
            """select testbed_id, starts_on, ends_on, ended_at from access
               where starts_on <= :last and ends_on >= :first""",
            span,
        )
    )
    closed = _by_testbed(
        store.query(
            """select testbed_id, starts_on, ends_on, reason from testbed_closure
               where starts_on <= :last and ends_on >= :first order by starts_on""",
            span,
        )
    )
    for row in testbeds:
        row["themes"] = json.loads(row["themes"])
        row["closed"] = closed[row["id"]]
        most = peak(map(held, taken[row["id"]]), starts_on, ends_on)
        row["free"] = 0 if row["closed"] else max(row["places"] - most, 0)
    return testbeds


def _by_testbed(rows: list[dict[str, Any]]) -> defaultdict[str, list[dict[str, Any]]]:
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["testbed_id"]].append(row)
    return found
