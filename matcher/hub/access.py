"""May the place be used now? Derived each time from the case, its agreement and what the testbed asks for.

Nothing stores "open": no order of clicks, import, call or clock can leave it standing when the agreement ends.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import agreements, prerequisites
from .clock import day

Row = dict[str, Any]
CLOCK = ("not_begun", "over")  # what time alone changes


def missing(store: Store, case: Row, now: str) -> list[str]:
    """Return why the place of a case may not be used now, in the order in which it is put right; empty when it may.

    none: no place is booked. ended: the case was ended. over: its last day has passed. agreement: none is in force
    today. prerequisite: something the testbed asks for is not met. not_begun: its first day is yet to come.
    """
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
        *(["not_begun"] if case["starts_on"] > day(now) else []),
    ]


def _agreed(store: Store, case: Row, now: str, begins: str) -> bool:
    row = agreements.signed(store, case["id"], now)
    return row is not None and row["starts_on"] <= day(begins) <= row["ends_on"]


def is_open(store: Store, case: Row, now: str) -> bool:
    """Return whether the place may be used at this moment."""
    return not missing(store, case, now)
