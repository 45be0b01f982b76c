"""May the place be used now? Derived each time from the case, its agreement and what the testbed asks for.

Nothing stores "open": no order of clicks, import, call or clock can leave it standing when the agreement ends.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import agreements, capacity, prerequisites
from .clock import day

Row = dict[str, Any]
NO_PLACE = ("none", "ended", "over")  # nothing more is asked about these


def missing(store: Store, case: Row, now: str) -> list[str]:
    """Return why the place of a case may not be used now, in the order in which it is put right; empty when it may.

    none: no place is booked. ended: the case was ended. over: its last day has passed. agreement: none is in force
    today. prerequisite: something the testbed asks for is not met. not_begun: its first day is yet to come. closed:
    the testbed is closed today.
    """
    found = red(store, case, now)
    if set(found) & set(NO_PLACE):
        return found
    if case["starts_on"] > day(now):
        return [*found, "not_begun"]
    return [*found, *(["closed"] if is_closed(store, case, now) else [])]


def red(store: Store, case: Row, now: str) -> list[str]:
    """Return what of `missing` does not go by with the days: what somebody must put right, also for days ahead."""
    if not case["confirmed_at"]:
        return ["none"]
    if case["ended_at"]:
        return ["ended"]
    if case["ends_on"] < day(now):
        return ["over"]
    begins = max(now, f"{case['starts_on']}T00:00:00Z")  # an agreement for later days counts on them
    return [
        *([] if _agreed(store, case, now, begins) else ["agreement"]),
        *(["prerequisite"] if any(not row["met_at"] for row in prerequisites.of_case(store, case)) else []),
    ]


def closures(store: Store, row: Row, now: str) -> list[Row]:
    """Return the closed periods of the testbed on the days of a case or a booking that are not over yet."""
    if not row["starts_on"] or row["ends_on"] < day(now):
        return []
    return capacity.closures(store, row["testbed_id"], max(row["starts_on"], day(now)), row["ends_on"])


def is_closed(store: Store, row: Row, now: str) -> bool:
    """Whether today is one of the days of a case or a booking, and the testbed is closed on it."""
    return row["starts_on"] <= day(now) and any(one["starts_on"] <= day(now) for one in closures(store, row, now))


def _agreed(store: Store, case: Row, now: str, begins: str) -> bool:
    row = agreements.signed(store, case["id"], now)
    return row is not None and row["starts_on"] <= day(begins) <= row["ends_on"]


def is_open(store: Store, case: Row, now: str) -> bool:
    """Return whether the place may be used at this moment."""
    return not missing(store, case, now)
