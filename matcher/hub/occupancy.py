"""A testbed's calendar: what each day holds, who it is (for host and brokers), and how much of a quarter was used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ..store import Store
from . import capacity, quarters
from .capacity import Period, shifted
from .clock import days_between

Row = dict[str, Any]


@dataclass(frozen=True)
class Day:
    """One day: how many places are `taken` by tests and bookings, how many more kept free after them (`buffer`).

    state: closed, free, full, or buffer (no place is free, and one would be but for the days kept free).
    """

    on: str
    state: str
    free: int
    taken: int
    buffer: int


def days(store: Store, testbed_id: str, first: str, last: str) -> list[Day]:
    """Return each day of a period, both ends included, for whoever looks: only counts."""
    testbed, held = _testbed(store, testbed_id), _held(store, testbed_id, first, last)
    taken = _counted((capacity.held(row) for row in held), first, last)
    kept = _counted((capacity.kept(row, testbed["buffer_days"]) for row in held), first, last)
    closed = _counted(_closed(store, testbed_id, first, last), first, last)
    return [
        _day(on, testbed["places"], taken[on], kept[on], bool(closed[on]))
        for on in (shifted(first, number) for number in range(days_between(first, last) + 1))
    ]


def _day(on: str, places: int, taken: int, kept: int, closed: bool) -> Day:
    free = 0 if closed else max(places - kept, 0)
    state = "closed" if closed else "free" if free else "buffer" if taken < places else "full"
    return Day(on, state, free, taken, kept - taken)


def named(store: Store, testbed_id: str, first: str, last: str) -> list[Row]:
    """Return who has a place in a period, first day first, for the host and the brokers.

    Each with `starts_on` and `ends_on` as really held, `title`, `who`, and `pairing_id` or `booking_id`.
    """
    rows = store.query(
        f"""select h.starts_on, h.ends_on, h.ended_at, h.pairing_id, h.booking_id,
                   coalesce(n.title, b.title) as title, coalesce(s.name, o.name) as who, b.staff_hours
            from {capacity.HELD} h
            left join pairing p on p.id = h.pairing_id left join need n on n.id = p.need_id
            left join startup s on s.id = h.startup_id
            left join booking b on b.id = h.booking_id left join organisation o on o.id = b.organisation_id
            where h.testbed_id = :id and h.starts_on <= :last and h.ends_on >= :first
            order by h.starts_on, h.ends_on, title""",
        {"id": testbed_id, "first": first, "last": last},
    )
    found = [{**row, **dict(zip(("starts_on", "ends_on"), capacity.held(row), strict=True))} for row in rows]
    return [row for row in found if row["starts_on"] <= row["ends_on"] and row["ends_on"] >= first]


def used(store: Store, testbed_id: str, first: str, count: int) -> list[Row]:
    """Return for `count` quarters from the one that begins at `first` how much of the testbed is taken.

    Each with `starts_on`, `open` (place-days on days that are not closed, by the places that there are now), `taken`
    (of these), and `share` (None when nothing was open). Days that are kept free after a booking are not taken.
    """
    spans = quarters.span(first, count)
    last = spans[-1][1]
    places = _testbed(store, testbed_id)["places"]
    taken = _counted(map(capacity.held, _held(store, testbed_id, first, last)), first, last)
    closed = _counted(_closed(store, testbed_id, first, last), first, last)
    return [_quarter(span, places, taken, closed) for span in spans]


def _quarter(span: Period, places: int, taken: Counter[str], closed: Counter[str]) -> Row:
    on_days = [shifted(span[0], number) for number in range(days_between(*span) + 1)]
    is_open = [on for on in on_days if not closed[on]]
    there, used_days = places * len(is_open), sum(min(taken[on], places) for on in is_open)
    share = used_days / there if there else None
    return {"starts_on": span[0], "ends_on": span[1], "open": there, "taken": used_days, "share": share}


def months(first: str, count: int) -> list[Period]:
    """Return `count` calendar months from the one that a day lies in, as first and last days."""
    begins = date.fromisoformat(first).replace(day=1)
    found = []
    for _ in range(count):
        after = (begins + timedelta(days=32)).replace(day=1)
        found.append((begins.isoformat(), (after - timedelta(days=1)).isoformat()))
        begins = after
    return found


def _testbed(store: Store, testbed_id: str) -> Row:
    return store.query("select places, buffer_days from testbed where id = :id", {"id": testbed_id})[0]


def _held(store: Store, testbed_id: str, first: str, last: str) -> list[Row]:
    return store.query(
        f"""select h.starts_on, h.ends_on, h.ended_at from {capacity.HELD} h
            where h.testbed_id = :id and h.starts_on <= :last and h.ends_on >= :first""",
        {"id": testbed_id, **capacity.around(first, last)},
    )


def _closed(store: Store, testbed_id: str, first: str, last: str) -> list[Period]:
    rows = capacity.closures(store, testbed_id, first, last)
    return [(row["starts_on"], row["ends_on"]) for row in rows]


def _counted(periods: Iterable[Period], first: str, last: str) -> Counter[str]:
    """Count by day, between two days, how many periods hold it."""
    found: Counter[str] = Counter()
    for start, end in periods:
        start, end = max(start, first), min(end, last)
        if start <= end:
            found.update(shifted(start, number) for number in range(days_between(start, end) + 1))
    return found
