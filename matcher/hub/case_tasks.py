"""What is to be done in a case, a line each, in the phase of procurement or of development: ticked with who and when.

The lines come from the hub's checklists (`checklists.py`) when somebody puts one to use, and from those in the case.
The procurement's lines are for the owner's side and the brokers: the startup may become a bidder.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..store import Store
from . import fields, locks, record
from .checklists import PHASES, Checklists
from .clock import day
from .errors import Conflict, Denied, Invalid, NotFound
from .ids import new_id
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
MOST = 100
LINE_LIMIT = 500


class TaskContent(fields.Content):
    """A line of one's own: its phase, what is to be done, why, and by when."""

    phase: fields.choice("phases", frozenset(PHASES)) = None
    task: fields.Text = ""
    task_why: fields.Text = ""
    due_on: fields.Day = None


def phases(viewer: Viewer, case: Row) -> list[str]:
    """Return the phases whose lines a person may see in a case."""
    return [phase for phase in PHASES if phase != "procurement" or can(viewer, "case.plan", case)]


def of_case(store: Store, viewer: Viewer, case: Row, now: str) -> dict[str, list[Row]]:
    """Return the lines that a person may see by phase, each with `doer` (who ticked it) and `late`."""
    rows = store.query(
        """select t.*, p.name as doer from case_task t left join person p on p.id = t.done_by
           where t.pairing_id = :id and t.removed_at is null order by t.position, t.added_at, t.id""",
        {"id": case["id"]},
    )
    found: dict[str, list[Row]] = {phase: [] for phase in phases(viewer, case)}
    for row in rows:
        if row["phase"] in found:
            late = bool(row["due_on"]) and not row["done_at"] and row["due_on"] < day(now)
            found[row["phase"]].append({**row, "late": late})
    return found


def overdue(store: Store, viewer: Viewer, case: Row, now: str) -> int:
    """Return how many lines that a person may see are past their day in a case that is not over."""
    if case["declined_at"] or case["ended_at"]:
        return 0
    rows = store.query(
        """select count(*) as n from case_task where pairing_id = :id and removed_at is null and done_at is null
           and due_on < :today and phase in :phases""",
        {"id": case["id"], "today": day(now), "phases": phases(viewer, case)},
    )
    return int(rows[0]["n"])


def begin(store: Store, viewer: Viewer, pairing_id: str, phase: str, lists: Checklists, now: str) -> int:
    """Put the hub's checklist of a phase to use in a case and return how many lines are new.

    Lines that the case has stay as they are. The texts are kept in the person's language; `text` of a line whose code
    the list still holds is shown in the reader's.
    """
    if phase not in PHASES:
        raise Invalid({"phase": ("required_choice", {})})
    with viewer.deciding(store):
        _locked(store, viewer, pairing_id, "case.plan")
        there = store.query(
            "select phase, code from case_task where pairing_id = :id and removed_at is null", {"id": pairing_id}
        )
        known = {row["code"] for row in there if row["phase"] == phase}
        new = [item for item in lists.of(phase) if item.code not in known]
        _room(there, len(new))
        for position, item in enumerate(new):
            texts = {"text": item.text[viewer.locale], "why": item.why[viewer.locale]}
            _insert(store, viewer, pairing_id, {"phase": phase, "code": item.code, **texts}, position, now)
        if new:
            record.write(
                store, viewer.person_id, "case.checklist", "pairing", pairing_id, now,
                phase=phase, lines=len(new), visible=_visible(phase),
            )  # fmt: skip
    return len(new)


def add(store: Store, viewer: Viewer, pairing_id: str, given: Row, now: str) -> str:
    """Add a line of one's own and return its id."""
    content = fields.filled(TaskContent, given, {"phase": "required_choice", "task": "required"})
    for name in ("task", "task_why"):
        if len(content[name]) > LINE_LIMIT:
            raise Invalid({name: ("too_long", {"limit": LINE_LIMIT, "length": len(content[name])})})
    with viewer.deciding(store):
        _locked(store, viewer, pairing_id, "case.plan")
        there = store.query(
            "select id from case_task where pairing_id = :id and removed_at is null", {"id": pairing_id}
        )
        _room(there, 1)
        texts = {"text": content["task"], "why": content["task_why"], "due_on": content["due_on"]}
        task_id = _insert(store, viewer, pairing_id, {"phase": content["phase"], **texts}, MOST, now)
        record.write(
            store, viewer.person_id, "case.task", "pairing", pairing_id, now,
            phase=content["phase"], lines=1, visible=_visible(content["phase"]),
        )  # fmt: skip
    return task_id


def tick(
    store: Store, viewer: Viewer, pairing_id: str, phase: str, was: Iterable[str], wanted: Iterable[str], now: str
) -> int:
    """Tick and untick lines of a phase and return how many changed.

    `was` are the ids that stood ticked on the page, `wanted` those ticked when it was sent: only what the person
    changed is changed, so that two can tick at once.
    """
    was, wanted = set(was), set(wanted)
    with viewer.deciding(store):
        case = _locked(store, viewer, pairing_id, "case.log")
        held = {row["id"]: row for row in of_case(store, viewer, case, now).get(phase, [])}
        ticked = [one for one in sorted(wanted - was) if one in held and not held[one]["done_at"]]
        undone = [one for one in sorted(was - wanted) if one in held and held[one]["done_at"]]
        for done, ids in ((now, ticked), (None, undone)):
            if ids:
                store.execute(
                    "update case_task set done_at = :now, done_by = :by where id in :ids",
                    {"now": done, "by": viewer.person_id if done else None, "ids": ids},
                )
                record.write(
                    store, viewer.person_id, "case.tick" if done else "case.untick", "pairing", pairing_id, now,
                    phase=phase, lines=len(ids), visible=_visible(phase),
                )  # fmt: skip
    return len(ticked) + len(undone)


def set_day(store: Store, viewer: Viewer, pairing_id: str, task_id: str, due_on: str, now: str) -> None:
    """Say by which day a line is to be done; an empty day takes it away."""
    on = fields.validate(TaskContent, {"due_on": due_on}).due_on
    with viewer.deciding(store):
        row = _one(store, _locked(store, viewer, pairing_id, "case.plan"), task_id)
        store.execute("update case_task set due_on = :on where id = :id", {"on": on, "id": task_id})
        record.write(
            store, viewer.person_id, "case.task_day", "pairing", pairing_id, now,
            phase=row["phase"], due_on=on or "", visible=_visible(row["phase"]),
        )  # fmt: skip


def remove(store: Store, viewer: Viewer, pairing_id: str, task_id: str, now: str) -> None:
    """Take a line away that this case does not need; the row stays, with who did it."""
    with viewer.deciding(store):
        row = _one(store, _locked(store, viewer, pairing_id, "case.plan"), task_id)
        store.execute(
            "update case_task set removed_at = :now, removed_by = :by where id = :id",
            {"now": now, "by": viewer.person_id, "id": task_id},
        )
        record.write(
            store, viewer.person_id, "case.task_removed", "pairing", pairing_id, now,
            phase=row["phase"], lines=1, visible=_visible(row["phase"]),
        )  # fmt: skip


def _visible(phase: str) -> str:
    """Return who may read in a case's history that lines of a phase changed: `all`, or the owner's side (`owner`)."""
    return "owner" if phase == "procurement" else "all"


def _locked(store: Store, viewer: Viewer, pairing_id: str, action: str) -> Row:
    case = locks.case(store, pairing_id)
    if not can(viewer, action, case):
        raise Denied("denied")
    if case["declined_at"]:
        raise Conflict("pairing_declined", person=case["decliner"] or "", at=case["declined_at"])
    return case


def _one(store: Store, case: Row, task_id: str) -> Row:
    rows = store.query(
        "select * from case_task where id = :id and pairing_id = :case and removed_at is null",
        {"id": task_id, "case": case["id"]},
    )
    if not rows:
        raise NotFound("task")
    return rows[0]


def _room(there: list[Row], more: int) -> None:
    if len(there) + more > MOST:
        raise Conflict("tasks_full", most=MOST)


def _insert(store: Store, viewer: Viewer, pairing_id: str, given: Row, position: int, now: str) -> str:
    row = {"id": new_id(), "pairing_id": pairing_id, "position": position, **given}
    store.insert("case_task", {**row, "added_at": now, "added_by": viewer.person_id})
    return row["id"]
