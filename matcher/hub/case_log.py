"""The log of a case: what was said and done outside the service, and the hours of support that it took.

Who is in the case writes for all sides; a broker may also write for the brokers alone. Nothing is changed or deleted:
an entry that is wrong is struck out by who wrote it, or by a broker, and stays readable as struck.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from ..store import Store
from . import cases, fields, locks, record
from .clock import day
from .errors import Conflict, Denied, Invalid, NotFound
from .ids import new_id
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
KINDS = ("log", "meeting", "call", "support")
VISIBLE = ("all", "brokers")
MOST_HOURS = 1_000
PAGE = 50


def _minutes(value: Any) -> int:
    """Return minutes of hours as they are typed: 1, 1,5, 1.25 or 1:30; nothing is none."""
    text = str("" if value is None else value).strip()[:40].replace(",", ".")
    if not text:
        return 0
    found = None
    if re.fullmatch(r"\d{1,4}(\.\d{1,2})?", text, re.ASCII):
        found = round(float(text) * 60)
    elif re.fullmatch(r"\d{1,4}:[0-5]\d", text, re.ASCII):
        hours, minutes = text.split(":")
        found = int(hours) * 60 + int(minutes)
    if found is None or found > MOST_HOURS * 60:
        raise PydanticCustomError("not_hours", "hours", {"value": text, "most": MOST_HOURS})
    return found


class NoteContent(fields.Content):
    """What an entry says. `hours` is typed as hours and kept as whole minutes."""

    kind: fields.choice("note_kinds", frozenset(KINDS), "log") = "log"
    text: fields.Text = ""
    hours: Annotated[int, BeforeValidator(_minutes)] = 0
    on_day: fields.Day = None
    visible: fields.choice("note_visible", frozenset(VISIBLE), "all") = "all"


def of_case(store: Store, viewer: Viewer, pairing_id: str, page: int = 1, size: int = PAGE) -> tuple[list[Row], int]:
    """Return a page of the entries that a person may read, newest first, and how many there are.

    Each with `person` (its writer's name) and `striker`. Only brokers read what was written for brokers.
    """
    condition, params = _readable(viewer, pairing_id)
    total = store.query(f"select count(*) as n from case_note c where {condition}", params)[0]["n"]
    rows = store.query(
        f"""select c.*, p.name as person, s.name as striker from case_note c
            left join person p on p.id = c.person_id left join person s on s.id = c.struck_by
            where {condition} order by c.on_day desc, c.at desc, c.id limit :limit offset :offset""",
        {**params, "limit": size, "offset": size * (max(page, 1) - 1)},
    )
    return rows, int(total)


def minutes(store: Store, viewer: Viewer, pairing_id: str) -> Row:
    """Return the minutes of support that a person may know of: `hub` (given by brokers), `sides`, and `total`."""
    condition, params = _readable(viewer, pairing_id)
    row = store.query(
        f"""select coalesce(sum(case when c.side = 'broker' then c.minutes else 0 end), 0) as hub,
                   coalesce(sum(c.minutes), 0) as total
            from case_note c where {condition} and c.struck_at is null""",
        params,
    )[0]
    hub, total = int(row["hub"]), int(row["total"])
    return {"hub": hub, "sides": total - hub, "total": total}


def _readable(viewer: Viewer, pairing_id: str) -> tuple[str, Row]:
    return "c.pairing_id = :id and (c.visible = 'all' or :broker = 1)", {
        "id": pairing_id,
        "broker": int(viewer.has("broker")),
    }


def write(store: Store, viewer: Viewer, pairing_id: str, given: Row, now: str) -> str:
    """Keep an entry and return its id. Raise Invalid; a day that has not come is none to log.

    The record tells that something was logged, by whom and how long it took, but not what.
    """
    content = fields.filled(NoteContent, given, {"text": "required"})
    on_day = content["on_day"] or day(now)
    if on_day > day(now):
        raise Invalid({"on_day": ("not_yet", {"value": on_day})})
    with viewer.deciding(store):
        case = locks.case(store, pairing_id)
        if not can(viewer, "case.log", case):
            raise Denied("denied")
        if content["visible"] == "brokers" and not viewer.has("broker"):
            raise Denied("denied")
        stands_for = cases.sides(viewer, case)
        row = {
            "id": new_id(), "pairing_id": pairing_id, "kind": content["kind"], "text": content["text"],
            "minutes": content["hours"], "on_day": on_day, "visible": content["visible"],
            "side": "broker" if "broker" in stands_for else stands_for[0], "person_id": viewer.person_id, "at": now,
        }  # fmt: skip
        store.insert("case_note", row)
        record.write(
            store, viewer.person_id, "case.note", "pairing", pairing_id, now,
            entry=row["kind"], spent=row["minutes"], visible=row["visible"],
        )  # fmt: skip
    return row["id"]


def strike(store: Store, viewer: Viewer, pairing_id: str, note_id: str, now: str) -> None:
    """Strike an entry out: its writer, or a broker. Its hours no longer count. Raise NotFound, Denied, Conflict."""
    with viewer.deciding(store):
        case = locks.case(store, pairing_id)
        condition, params = _readable(viewer, pairing_id)
        rows = store.query(f"select * from case_note c where {condition} and c.id = :note", {**params, "note": note_id})
        if not rows:
            raise NotFound("note")
        if not may_strike(viewer, case, rows[0]):
            raise Denied("denied")
        if rows[0]["struck_at"]:
            raise Conflict("note_struck", at=rows[0]["struck_at"])
        store.execute(
            "update case_note set struck_at = :now, struck_by = :by where id = :id",
            {"now": now, "by": viewer.person_id, "id": note_id},
        )
        record.write(
            store, viewer.person_id, "case.strike", "pairing", pairing_id, now,
            entry=rows[0]["kind"], visible=rows[0]["visible"],
        )  # fmt: skip


def may_strike(viewer: Viewer, case: Row, note: Row) -> bool:
    """Whether a person may strike an entry out."""
    return can(viewer, "case.log", case) and (viewer.has("broker") or note["person_id"] == viewer.person_id)
