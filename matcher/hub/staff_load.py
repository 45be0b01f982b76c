"""How many hours of a host's staff are promised, week by week (from Monday), by approved bookings in and outside cases.

A booking touches a week when one of its days lies in it. One that was cancelled, or whose case was ended, counts to
the day before.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from ..store import Store
from . import capacity

Row = dict[str, Any]


def mondays(starts_on: str, ends_on: str) -> list[str]:
    """Return the Monday of every week that a period touches, in order."""
    first, last = date.fromisoformat(starts_on), date.fromisoformat(ends_on)
    monday = first - timedelta(days=first.weekday())
    return [(monday + timedelta(days=7 * week)).isoformat() for week in range((last - monday).days // 7 + 1)]


def weeks(store: Store, testbed_id: str, starts_on: str, ends_on: str) -> dict[str, int]:
    """Return by Monday the hours that are promised in each week that a period touches; weeks without are left out."""
    asked = mondays(starts_on, ends_on)
    rows = store.query(
        """select b.starts_on, b.ends_on, coalesce(b.cancelled_at, a.ended_at) as ended_at, b.staff_hours
           from booking b left join access a on a.pairing_id = coalesce(b.pairing_id, b.used_pairing_id)
           where b.testbed_id = :id and b.approved_at is not null and b.staff_hours > 0
             and b.starts_on <= :last and b.ends_on >= :first""",
        {"id": testbed_id, "first": asked[0], "last": capacity.shifted(asked[-1], 6)},
    )
    load: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        first, last = capacity.held(row)
        for monday in mondays(first, last) if first <= last else ():
            load[monday] += row["staff_hours"]
    return {monday: load[monday] for monday in asked if load[monday]}


def too_much(store: Store, row: Row) -> tuple[str, int] | None:
    """Return the first week (its Monday) that a booking would make heavier than the testbed manages, and its hours.

    None when it would not, or when the booking or the testbed says nothing of hours.
    """
    if not row["staff_hours"] or row["testbed_hours"] is None:
        return None
    load = weeks(store, row["testbed_id"], row["starts_on"], row["ends_on"])
    for monday in mondays(row["starts_on"], row["ends_on"]):
        hours = load.get(monday, 0) + row["staff_hours"]
        if hours > row["testbed_hours"]:
            return monday, hours
    return None
