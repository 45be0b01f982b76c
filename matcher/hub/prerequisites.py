"""What a testbed asks for before anybody works there: training, safety, insurance, ethics, data protection.

What is asked for, and what of it is met in a case; the steps are in `prerequisite_steps`.
"""

from __future__ import annotations

from typing import Any

from ..store import Store

Row = dict[str, Any]
KINDS = ("training", "safety", "insurance", "ethics", "data_protection", "other")


def of_testbed(store: Store, testbed_id: str) -> list[Row]:
    """Return what a testbed asks for now, in the order of the kinds."""
    rows = store.query(
        "select id, testbed_id, kind, text, created_at from prerequisite where testbed_id = :id and retired_at is null",
        {"id": testbed_id},
    )
    return sorted(rows, key=lambda row: (KINDS.index(row["kind"]), row["created_at"], row["id"]))


def of_case(store: Store, case: Row) -> list[Row]:
    """Return what the testbed of a case asks for, each with `met_at`, `met_by` (a name) and `note` when it is met."""
    met = {
        row["prerequisite_id"]: row
        for row in store.query(
            """select m.prerequisite_id, m.met_at, m.note, p.name as met_by from prerequisite_met m
               left join person p on p.id = m.met_by where m.pairing_id = :id and m.undone_at is null""",
            {"id": case["id"]},
        )
    }
    nothing = {"met_at": None, "met_by": None, "note": ""}
    return [
        {**row, **{name: met.get(row["id"], nothing)[name] for name in nothing}}
        for row in of_testbed(store, case["testbed_id"] or "")
    ]
