"""Dismissals: a broker takes a candidate off a need's list, with a reason, and can take that back."""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import locks, rankings, reasons, record
from .errors import Conflict, Denied, NotFound
from .ids import new_id
from .people import Viewer
from .permissions import can

_NAMED = """
    select d.*, person.name as dismissed_by_name, s.name as startup_name, n.title as need_title
    from dismissal d join startup s on s.id = d.startup_id join need n on n.id = d.need_id
    left join person on person.id = d.person_id"""


def load(store: Store, viewer: Viewer | None, dismissal_id: str) -> dict[str, Any]:
    """Return one dismissal with names, for brokers; raise NotFound."""
    rows = store.query(f"{_NAMED} where d.id = :id", {"id": dismissal_id})
    if not rows or not can(viewer, "dismissal", rows[0]):
        raise NotFound("dismissal")
    return rows[0]


def for_need(store: Store, need_id: str) -> dict[str, dict[str, Any]]:
    """Return the dismissals of a need that stand, by startup id, with who and why."""
    rows = store.query(f"{_NAMED} where d.need_id = :id and d.undone_at is null order by d.at", {"id": need_id})
    return {row["startup_id"]: row for row in rows}


def dismiss(
    store: Store, viewer: Viewer, need_id: str, startup_id: str, reason: str, note: str, now: str,
    seen: dict[str, Any] | None = None,
) -> str:  # fmt: skip
    """Take a startup off a need's list and return the id; raise Conflict when it is off already, or being paired.

    `seen` is what the ranking showed at that moment, so that something can be learned from the decision.
    """
    note = reasons.checked(reason, note, reasons.DISMISS, told="brokers")
    with viewer.deciding(store):
        locks.pair(store, startup_id, need_id)
        if not can(viewer, "dismissal"):
            raise Denied("denied")
        locks.unpaired(store, need_id, startup_id)
        known = for_need(store, need_id).get(startup_id)
        if known:
            raise Conflict("dismissed", person=known["dismissed_by_name"] or "", at=known["at"])
        row = {
            "id": new_id(),
            "need_id": need_id,
            "startup_id": startup_id,
            "person_id": viewer.person_id,
            "reason": reason,
            "note": note,
            "seen": None if seen is None else rankings.sealed(store, seen, now),
            "at": now,
        }
        store.insert("dismissal", row)
        record.write(
            store, viewer.person_id, "dismissal.create", "dismissal", row["id"], now,
            need_id=need_id, startup_id=startup_id, reason=reason,
        )  # fmt: skip
    return row["id"]


def undo(store: Store, viewer: Viewer, dismissal_id: str, now: str) -> dict[str, Any]:
    """Put a startup back on the list and return the dismissal; raise Conflict when somebody did that already."""
    with viewer.deciding(store):
        store.execute("update dismissal set note = note where id = :id", {"id": dismissal_id})
        row = load(store, viewer, dismissal_id)
        if row["undone_at"]:
            raise Conflict("dismissal_undone", at=row["undone_at"])
        store.execute("update dismissal set undone_at = :now where id = :id", {"now": now, "id": dismissal_id})
        record.write(store, viewer.person_id, "dismissal.undo", "dismissal", dismissal_id, now)
    return row
