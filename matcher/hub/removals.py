"""Deleting a noun's row for good. What other processes hold in memory learns of it by the change feed."""

from __future__ import annotations

from ..store import ConstraintViolation, Store
from . import record

_BELONGING = {
    "need": (
        "need_version:need_id",
        "ranking_run:need_id",
        "round_demand:need_id",
        "round_rule:need_id",
        "route_answer:need_id",
        "copied_need:need_id",
    ),
    "startup": (
        "doubt:startup_id",
        "exposure:startup_id",
        "merge_offer:keep_id",
        "merge_offer:drop_id",
        "round_rule:startup_id",
    ),
    "testbed": ("testbed_closure:testbed_id", "round_rule:testbed_id", "prerequisite:testbed_id", "feed:testbed_id"),
}
_DECIDED = {
    "need": (
        "pairing:need_id", "interest:need_id", "share:need_id", "dismissal:need_id", "conflict:need_id",
        "route_choice:need_id", "innovation_answer:need_id", "need_question:need_id", "spread_letter:need_id",
        "booking:need_id",
    ),
    "startup": (
        "pairing:startup_id", "interest:startup_id", "share:startup_id", "dismissal:startup_id",
        "conflict:startup_id", "startup:merged_into", "spread_letter:startup_id", "booking:startup_id",
    ),
    "testbed": ("pairing:testbed_id", "access:testbed_id", "need:testbed_id", "booking:testbed_id"),
}  # fmt: skip


def in_use(store: Store, kind: str, subject_id: str) -> bool:
    """Whether a decision or an answer stands on the row: such a row stays."""
    return any(
        store.query(f"select 1 as found from {table} where {column} = :id limit 1", {"id": subject_id})
        for table, column in (item.split(":") for item in _DECIDED[kind])
    )


def remove(store: Store, kind: str, subject_id: str) -> None:
    """Delete a row that the caller has locked, and what belongs to it, in the caller's transaction.

    The audit rows about it stay. Raise ConstraintViolation when something new stands on it.
    """
    for table, column in (item.split(":") for item in _BELONGING[kind]):
        store.execute(f"delete from {table} where {column} = :id", {"id": subject_id})
    for table in ("sentence", "embedding", "past_text", "map_point"):
        store.execute(f"delete from {table} where kind = :kind and subject_id = :id", {"kind": kind, "id": subject_id})
    store.execute(f"delete from {kind} where id = :id", {"id": subject_id})
    store.upsert(
        "removal", {"kind": kind, "subject_id": subject_id, "seq": record.next_seq(store)}, ["kind", "subject_id"]
    )


def remove_unused_organisation(store: Store, organisation_id: str, since: str) -> bool:
    """Delete an organisation that was made at `since` or later when nothing refers to it; return whether it went.

    The foreign keys say what refers to it, also in tables that come later.
    """
    try:
        with store.atomic():
            return bool(
                store.execute(
                    "delete from organisation where id = :id and created_at >= :since",
                    {"id": organisation_id, "since": since},
                )
            )
    except ConstraintViolation:
        return False
