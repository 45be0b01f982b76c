"""What a testbed asks for, red and green in one booking. Ticking is in `booking_papers.py`.

Inside a case the case's ticks count; a case that takes the place of a booking over keeps the booking's (`carry`).
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import cases, prerequisites
from .ids import new_id

Row = dict[str, Any]
_NOTHING = {"met_at": None, "met_by": None, "note": ""}


def of_booking(store: Store, row: Row) -> list[Row]:
    """Return what the testbed asks for, each with `met_at`, `met_by` (a name) and `note` when it is met."""
    case = row["pairing_id"] or row["used_pairing_id"]
    if case:
        return prerequisites.of_case(store, cases.fetch(store, case))
    met = {
        one["prerequisite_id"]: one
        for one in store.query(
            """select m.prerequisite_id, m.met_at, m.note, p.name as met_by from booking_met m
               left join person p on p.id = m.met_by where m.booking_id = :id and m.undone_at is null""",
            {"id": row["id"]},
        )
    }
    return [
        {**one, **{name: met.get(one["id"], _NOTHING)[name] for name in _NOTHING}}
        for one in prerequisites.of_testbed(store, row["testbed_id"])
    ]


def red(store: Store, row: Row) -> list[str]:
    """Return the texts of what is not met."""
    return [one["text"] for one in of_booking(store, row) if not one["met_at"]]


def carry(store: Store, row: Row, pairing_id: str) -> None:
    """Let what was met in a booking be met in the case that its place goes to, by whom and when it was ticked."""
    for one in store.query(
        "select prerequisite_id, note, met_at, met_by from booking_met where booking_id = :id and undone_at is null",
        {"id": row["id"]},
    ):
        store.insert("prerequisite_met", {"id": new_id(), "pairing_id": pairing_id, **one})
