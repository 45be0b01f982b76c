"""Beside a need's route: what is ticked on the chosen way's checklist, and whether innovation was considered.

Each with who and when; nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..store import Store
from . import fields, record, routes
from .errors import Conflict, Invalid
from .ids import new_id
from .people import Viewer
from .route_guide import Guide


def ticks(store: Store, need_id: str, way: str) -> dict[str, dict[str, Any]]:
    """Return what is ticked on a way's checklist: item → `person` and ticked_at."""
    rows = store.query(
        """select t.item, t.ticked_at, p.name as person from route_tick t left join person p on p.id = t.ticked_by
           where t.need_id = :id and t.way = :way and t.undone_at is null""",
        {"id": need_id, "way": way},
    )
    return {row["item"]: row for row in rows}


def tick(
    store: Store, viewer: Viewer, guide: Guide, need_id: str, way: str, was: Iterable[str], wanted: Iterable[str],
    now: str,
) -> int:  # fmt: skip
    """Tick and untick items of the chosen way's checklist and return how many changed.

    `was` are the items that stood ticked on the page, `wanted` those ticked when it was sent: only what the person
    changed is changed, so that two people can tick at once. Raise Conflict when another way has been chosen.
    """
    was, wanted = set(was), set(wanted)
    with viewer.deciding(store):
        routes.held(store, viewer, need_id)
        chosen = routes.standing(store, need_id)
        if chosen is None or chosen["way"] != way:
            raise Conflict("route_other_way")
        listed = guide.way(way)
        known = {item.id for item in listed.items} if listed else set()
        ticked = ticks(store, need_id, way)
        added = [item for item in sorted((wanted - was) & known) if item not in ticked]
        gone = [item for item in sorted(was - wanted) if item in ticked]
        for item in added:
            row = {"id": new_id(), "need_id": need_id, "way": way, "item": item}
            store.insert("route_tick", {**row, "ticked_by": viewer.person_id, "ticked_at": now})
            record.write(store, viewer.person_id, "need.route_tick", "need", need_id, now, way=way, item=item)
        for item in gone:
            store.execute(
                """update route_tick set undone_at = :now, undone_by = :by
                   where need_id = :id and way = :way and item = :item and undone_at is null""",
                {"now": now, "by": viewer.person_id, "id": need_id, "way": way, "item": item},
            )
            record.write(store, viewer.person_id, "need.route_untick", "need", need_id, now, way=way, item=item)
    return len(added) + len(gone)


def innovation(store: Store, need_id: str) -> list[dict[str, Any]]:
    """Return what was answered to "was innovation considered?", newest first, with `person`."""
    return store.query(
        """select i.*, p.name as person from innovation_answer i left join person p on p.id = i.answered_by
           where i.need_id = :id order by i.number desc""",
        {"id": need_id},
    )


def consider(store: Store, viewer: Viewer, need_id: str, considered: str, note: str, now: str) -> None:
    """Keep whether innovation was considered (yes or no) and how, or why not; a second answer stands beside it.

    Raise Invalid, Conflict for a need that is closed. The same said again is kept once.
    """
    if considered not in ("yes", "no"):
        raise Invalid({"considered": ("required_choice", {})})
    note = fields.written("innovation_note", note)
    with viewer.deciding(store):
        routes.held(store, viewer, need_id)
        before = innovation(store, need_id)
        if before and (before[0]["considered"], before[0]["note"]) == (considered, note):
            return
        number = before[0]["number"] + 1 if before else 1
        row = {"need_id": need_id, "number": number, "considered": considered, "note": note}
        store.insert("innovation_answer", {**row, "answered_by": viewer.person_id, "answered_at": now})
        record.write(store, viewer.person_id, "need.route_innovation", "need", need_id, now, considered=considered)
