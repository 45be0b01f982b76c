"""Who is affected when a host closes a testbed, takes it away or has less room: the host is told before.

Both sides are told of a closure or a withdrawal after.

Nothing is cancelled by it: a test or a booking stands until somebody ends or cancels it. The host is asked once more,
about those who are affected at that moment (`seen`); who comes in between is asked about again.
"""

from __future__ import annotations

import hashlib
from typing import Any

from ..store import Store
from . import booking_mails, bookings, capacity, cases, occupancy, parties, people
from .clock import day
from .errors import Conflict
from .people import Viewer

Row = dict[str, Any]
LAST_DAY = "9999-12-31"
SIDES = ("owner", "startup", "host", "broker")


def find(store: Store, testbed_id: str, first: str, last: str, now: str) -> list[Row]:
    """Return the tests, bookings and open requests that lie between two days, today or later; first day first.

    As `occupancy.named` gives them, with `asked`: whether it is a request that the host has not answered.
    """
    first = max(first, day(now))
    if last < first:
        return []
    held = [{**row, "asked": False} for row in occupancy.named(store, testbed_id, first, last)]
    asked = store.query(
        """select b.starts_on, b.ends_on, null as pairing_id, b.id as booking_id, b.title, o.name as who
           from booking b join organisation o on o.id = b.organisation_id
           where b.testbed_id = :id and b.pairing_id is null and b.approved_at is null and b.declined_at is null
             and b.withdrawn_at is null and b.starts_on <= :last and b.ends_on >= :first
           order by b.starts_on, b.requested_at, b.id""",
        {"id": testbed_id, "first": first, "last": last},
    )
    return held + [{**row, "asked": True} for row in asked]


def crowded(store: Store, testbed_id: str, places: int, buffer_days: int, now: str) -> list[Row]:
    """Return the tests and bookings, today or later, that would be more than so many places hold; as `find` does.

    With each the days that are kept free after it. What is over counts by these days alone.
    """
    today = day(now)
    rows = occupancy.named(store, testbed_id, capacity.shifted(today, -capacity.MOST_BUFFER), LAST_DAY)
    kept = [capacity.kept(row, buffer_days) for row in rows]
    return [
        {**row, "asked": False}
        for row, (first, last) in zip(rows, kept, strict=True)
        if row["ends_on"] >= today and capacity.peak(kept, max(first, today), last) > places
    ]


def confirmed(rows: list[Row], seen: str) -> None:
    """Raise Conflict with who is affected, and the new `seen`, unless the person has been shown these very ones."""
    if rows and seen != mark(rows):
        raise Conflict("testbed_affected", rows=rows, seen=mark(rows))


def mark(rows: list[Row]) -> str:
    """Return what stands for these rows on these days."""
    text = "\n".join(sorted(f"{_id(row)} {row['starts_on']} {row['ends_on']}" for row in rows))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _id(row: Row) -> str:
    return row["pairing_id"] or row["booking_id"]


def tell(store: Store, viewer: Viewer | None, rows: list[Row], event: str, now: str, **params: Any) -> int:
    """Queue the mail about `event` to both sides of each row, and return how many are new."""
    who = viewer or people.SYSTEM
    told = 0
    for row in rows:
        if row["pairing_id"]:
            case = cases.fetch(store, row["pairing_id"])
            told += parties.tell(store, who, case, SIDES, event, now, **params)
        else:
            booking = bookings.fetch(store, row["booking_id"])
            told += booking_mails.tell(store, who, booking, ("asker", "host"), event, now, asked=row["asked"], **params)
    return told
