"""Places and staff counted day by day, from a photograph alone: what holds a place, and when nobody else can have it.

A day is its number in the calendar (`date.toordinal`), so that a period is a range; day 1 was a Monday.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

from .camera import Photo, Row


def days(first: str, last: str, more: int = 0) -> range:
    """Return the days from one to another, both included, and so many more after them."""
    return range(date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal() + 1 + more)


def held(row: Row, ended_at: str | None) -> range:
    """Return the days of a row; of one that was ended, those before the day on which it was."""
    whole = days(row["starts_on"], row["ends_on"])
    return range(whole.start, min(whole.stop, date.fromisoformat(ended_at[:10]).toordinal())) if ended_at else whole


def holders(photo: Photo) -> Iterator[tuple[str, str | None, range]]:
    """Yield testbed, startup and days of all that holds a place: cases, and what a host promised outside them."""
    for row in photo["access"].values():
        yield row["testbed_id"], photo["pairing"][row["pairing_id"]]["startup_id"], held(row, row["ended_at"])
    for row in photo["booking"].values():
        if row["approved_at"] and not row["pairing_id"] and not row["used_pairing_id"]:
            yield row["testbed_id"], row["startup_id"], held(row, row["cancelled_at"])


def taken(photo: Photo, testbed: Row) -> Counter[int]:
    """Count by day the places that nobody else can have: those held, and after each the days for resetting."""
    found: Counter[int] = Counter()
    for testbed_id, _, there in holders(photo):
        if testbed_id == testbed["id"] and there:
            found.update(range(there.start, there.stop + testbed["buffer_days"]))
    return found


def fits(here: Counter[int], testbed: Row, row: Row) -> bool:
    """Whether one more would leave no day with more than there are places, its own days for resetting with it."""
    asked = days(row["starts_on"], row["ends_on"], testbed["buffer_days"])
    return all(here[on] < testbed["places"] for on in asked)


def overbooked(photo: Photo) -> Iterator[str]:
    """Yield what is wrong when a day has more than there are places."""
    for testbed in photo["testbed"].values():
        if any(there > testbed["places"] for there in taken(photo, testbed).values()):
            yield "a place is booked twice"


def busy(photo: Photo, row: Row) -> bool:
    """Whether the startup of a row has, on one of its days, as many tests as it takes at once."""
    startup, asked = photo["startup"][row["startup_id"]], days(row["starts_on"], row["ends_on"])
    tests: Counter[int] = Counter()
    for _, startup_id, there in holders(photo):
        if startup_id == row["startup_id"]:
            tests.update(there)
    return startup["capacity"] is not None and any(tests[on] >= startup["capacity"] for on in asked)


def closed(photo: Photo, row: Row, on: str = "") -> bool:
    """Whether the testbed of a row is closed on a day, or on one of the days of the row."""
    first, last = on or row["starts_on"], on or row["ends_on"]
    return any(
        one["testbed_id"] == row["testbed_id"] and one["starts_on"] <= last and first <= one["ends_on"]
        for one in photo["testbed_closure"].values()
    )


def heavy(photo: Photo, row: Row) -> bool:
    """Whether a booking would make a week heavier than the testbed's staff manages."""
    limit, load = photo["testbed"][row["testbed_id"]]["staff_hours"], Counter[int]()
    for one in photo["booking"].values():
        if one["testbed_id"] == row["testbed_id"] and one["approved_at"]:
            case = one["pairing_id"] or one["used_pairing_id"]
            ended = [access["ended_at"] for access in photo["access"].values() if access["pairing_id"] == case]
            there = held(one, one["cancelled_at"] or (ended[0] if ended else None))
            load.update(dict.fromkeys(_weeks(there), one["staff_hours"] or 0))
    asked = _weeks(days(row["starts_on"], row["ends_on"]))
    return bool(row["staff_hours"] and limit is not None) and any(
        load[week] + row["staff_hours"] > limit for week in asked
    )


def _weeks(there: range) -> set[int]:
    return {(on - 1) // 7 for on in there}
