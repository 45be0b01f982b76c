"""What a testbed asks for, written and met: the host writes it once, and in each case somebody says that it is met.

Whatever takes a place away that was open is told to those who have it.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import affected, cases, fields, locks, parties, prerequisites, record, testbeds
from .clock import day
from .errors import Conflict, Denied, NotFound
from .ids import new_id
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
MOST = 20


class Content(fields.Content):
    """One thing that is asked for."""

    kind: fields.choice("prerequisites", frozenset(prerequisites.KINDS), "other") = "other"
    text: fields.Title


def add(store: Store, viewer: Viewer, testbed_id: str, given: Row, now: str) -> str:
    """Ask for one thing more and return its id: it counts at once, and those who have a place are told."""
    content = fields.validate(Content, given)
    with viewer.deciding(store):
        _locked_testbed(store, viewer, testbed_id)
        if len(prerequisites.of_testbed(store, testbed_id)) >= MOST:
            raise Conflict("prerequisites_many", most=MOST)
        row = {"id": new_id(), "testbed_id": testbed_id, **content.model_dump(), "created_at": now}
        store.insert("prerequisite", row)
        held = [one for one in affected.find(store, testbed_id, day(now), affected.LAST_DAY, now) if not one["asked"]]
        told = affected.tell(store, viewer, held, "unmet", now, text=content.text)
        record.write(
            store, viewer.person_id, "prerequisite.add", "testbed", testbed_id, now, text=content.text, told=told
        )
    return row["id"]


def retire(store: Store, viewer: Viewer, testbed_id: str, prerequisite_id: str, now: str) -> None:
    """Ask for a thing no longer; who met it stays in the record."""
    with viewer.deciding(store):
        _locked_testbed(store, viewer, testbed_id)
        rows = store.query(
            """update prerequisite set retired_at = :now
               where id = :id and testbed_id = :testbed and retired_at is null returning text""",
            {"now": now, "id": prerequisite_id, "testbed": testbed_id},
        )
        if not rows:
            raise NotFound("prerequisite")
        record.write(store, viewer.person_id, "prerequisite.retire", "testbed", testbed_id, now, text=rows[0]["text"])


def meet(store: Store, viewer: Viewer, pairing_id: str, prerequisite_id: str, note: str, now: str) -> None:
    """Say that a thing is met in a case, with a note of how that is known; raise Conflict when it is met already."""
    note = fields.note("note", note)
    with viewer.deciding(store):
        one = _in_case(store, viewer, pairing_id, prerequisite_id)
        if one["met_at"]:
            raise Conflict("prerequisite_met", person=one["met_by"] or "", at=one["met_at"])
        store.insert(
            "prerequisite_met",
            {
                "id": new_id(), "pairing_id": pairing_id, "prerequisite_id": prerequisite_id, "note": note,
                "met_at": now, "met_by": viewer.person_id,
            },
        )  # fmt: skip
        record.write(
            store, viewer.person_id, "prerequisite.meet", "pairing", pairing_id, now, text=one["text"], note=note
        )


def undo(store: Store, viewer: Viewer, pairing_id: str, prerequisite_id: str, now: str) -> None:
    """Say that a thing is not met after all: the place is closed until it is."""
    with viewer.deciding(store):
        one = _in_case(store, viewer, pairing_id, prerequisite_id)
        if not one["met_at"]:
            raise Conflict("prerequisite_not_met")
        store.execute(
            """update prerequisite_met set undone_at = :now, undone_by = :by
               where pairing_id = :pairing and prerequisite_id = :id and undone_at is null""",
            {"now": now, "by": viewer.person_id, "pairing": pairing_id, "id": prerequisite_id},
        )
        case = cases.fetch(store, pairing_id)
        parties.tell(store, viewer, case, ("owner", "startup", "host", "broker"), "unmet", now, text=one["text"])
        record.write(store, viewer.person_id, "prerequisite.undo", "pairing", pairing_id, now, text=one["text"])


def _locked_testbed(store: Store, viewer: Viewer, testbed_id: str) -> Row:
    row = testbeds.locked(store, testbed_id)
    if not can(viewer, "testbed.edit", row):
        raise Denied("denied")
    return row


def _in_case(store: Store, viewer: Viewer, pairing_id: str, prerequisite_id: str) -> Row:
    """Lock the case and return one of the things asked for in it."""
    case = locks.case(store, pairing_id)
    if not can(viewer, "prerequisite.meet", case) or not {"host", "broker"} & set(cases.sides(viewer, case)):
        raise Denied("denied")
    if not case["confirmed_at"] or case["ended_at"]:
        raise Conflict("agreement_no_place")
    found = [one for one in prerequisites.of_case(store, case) if one["id"] == prerequisite_id]
    if not found:
        raise NotFound("prerequisite")
    return found[0]
