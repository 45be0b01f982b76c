"""Pilots: the test of a case in its place, from the facts before it to the decision after it.

One pilot a case. It is prepared, runs from the moment somebody starts it, is over when its last day has passed,
and decided when the owner's side (or a broker for it) has said adopt, adapt, test again or stop (`pilot_ends.py`).
The facts that a start needs are in `pilot_facts.py`, what is measured in `indicators.py` and `readings.py`.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import access, conflicts, locks, parties, pilot_facts, record
from .clock import day, later
from .errors import Conflict, Denied, Invalid, Stale
from .ids import new_id
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
DECISION_DAYS = 30
SIDES = ("owner", "startup", "host", "broker")

# The condition on `i` for an incident that stops its pilot until somebody has said what was done about it.
HALTS = "i.severity = 'stops' and i.handled_at is null"
_NAMED = f"""
    select t.*, c.ended_at as case_ended_at, starter.name as started_by_name, decider.name as decided_by_name,
           updater.name as updated_by_name,
           (select count(*) from indicator i where i.pilot_id = t.id) as indicators,
           (select min(i.happened_on) from incident i where i.pilot_id = t.id and {HALTS}) as halted_on
    from pilot t join pairing c on c.id = t.pairing_id
    left join person starter on starter.id = t.started_by left join person decider on decider.id = t.decided_by
    left join person updater on updater.id = t.updated_by"""


def of_case(store: Store, pairing_id: str) -> Row | None:
    """Return the pilot of a case, or None when nobody has begun one.

    With names, how many `indicators` it has, and `halted_on`: the day of what stopped it, as long as that is open.
    """
    rows = store.query(f"{_NAMED} where t.pairing_id = :id", {"id": pairing_id})
    return rows[0] if rows else None


def status(row: Row, now: str) -> str:
    """Return prepared, running, over (its last day has passed, undecided) or decided."""
    if row["decided_at"]:
        return "decided"
    if not row["started_at"]:
        return "prepared"
    return "over" if last_day(row) < day(now) or row["case_ended_at"] else "running"


def last_day(row: Row) -> str:
    """Return the pilot's last day: the one agreed on, or the day on which its case was ended before."""
    ended = row["case_ended_at"]
    return min(row["ends_on"], day(ended)) if ended else row["ends_on"]


def decide_by(row: Row) -> str:
    """Return the day by which a started pilot is to be decided, thirty days after its last."""
    return day(later(f"{last_day(row)}T00:00:00Z", days=DECISION_DAYS))


def overdue(row: Row, now: str) -> bool:
    """Whether a pilot that is over should have been decided before today."""
    return status(row, now) == "over" and decide_by(row) < day(now)


def closed(store: Store, case: Row, now: str) -> list[str]:
    """Return why the place may not be used; a first day ahead, or a day closed, is no hindrance to a start."""
    return access.red(store, case, now)


def settled(store: Store, case: Row, row: Row | None, now: str) -> list[tuple[str, bool]]:
    """Return (code, whether it is settled) of all that a start of the case's pilot needs."""
    known = row or {**pilot_facts.EMPTY, "indicators": 0}
    return pilot_facts.settled(known, known["indicators"], case, closed(store, case, now), now)


def save(store: Store, viewer: Viewer, pairing_id: str, data: Row, revision: int, now: str) -> list[str]:
    """Save the facts in `data` and return the names of those that changed; `revision` is 0 before the first.

    Raise Stale when somebody saved in between, Conflict for what cannot change once the pilot has started.
    """
    with viewer.deciding(store):
        case = locked(store, viewer, pairing_id, "pilot.edit")
        row = of_case(store, pairing_id)
        known = row or {**pilot_facts.EMPTY, "revision": 0, "started_at": None, "decided_at": None}
        undecided(known)
        if revision != known["revision"]:
            raise Stale("stale", current=known)
        content = _after_start(data, known) if known["started_at"] else pilot_facts.checked(data, known, case, now)
        changed = [name for name in content if content[name] != known[name]]
        if changed:
            row = row or begun(store, viewer, case, now)
            change(store, row["id"], {name: content[name] for name in changed}, viewer, now)
            record.write(store, viewer.person_id, "pilot.save", "pairing", pairing_id, now, changed=changed)
    return changed


def _after_start(data: Row, row: Row) -> Row:
    """Return what may still change of a started pilot: who runs and signs, and the plan for afterwards."""
    content = pilot_facts.fields.validate(pilot_facts.FactsContent, data).model_dump(include=set(data))
    if any(content[name] != row[name] for name in set(content) - pilot_facts.AFTER_START):
        raise Conflict("pilot_started", person=row["started_by_name"] or "", at=row["started_at"])
    empty = [name for name in (*pilot_facts.PERSONS, "route") if name in content and not content[name]]
    if empty:
        raise Invalid({name: ("required", {}) for name in empty})
    return content


def change(store: Store, pilot_id: str, content: Row, viewer: Viewer, now: str) -> None:
    """Write columns of a locked pilot and count its revision. The names come from the code, never from a form."""
    columns = "".join(f"{name} = :{name}, " for name in content)
    store.execute(
        f"update pilot set {columns} revision = revision + 1, updated_at = :now, updated_by = :by where id = :id",
        {**content, "now": now, "by": viewer.person_id, "id": pilot_id},
    )


def start(store: Store, viewer: Viewer, pairing_id: str, now: str) -> Row:
    """Start the pilot and return it; everybody in the case is told.

    Raise Conflict `pilot_not_ready` with the codes of all that is missing, and for a declared conflict of interest.
    """
    with viewer.deciding(store):
        case = locked(store, viewer, pairing_id, "pilot.edit")
        row = of_case(store, pairing_id)
        if row and row["started_at"]:
            raise Conflict("pilot_started", person=row["started_by_name"] or "", at=row["started_at"])
        conflicts.refuse(store, case["need_id"], case["startup_id"])
        missing = [code for code, done in settled(store, case, row, now) if not done]
        if missing or row is None:
            raise Conflict("pilot_not_ready", count=len(missing), missing=missing)
        change(store, row["id"], {"started_at": now, "started_by": viewer.person_id}, viewer, now)
        told = {"question": row["question"], "first": row["starts_on"], "last": row["ends_on"]}
        parties.tell(store, viewer, case, SIDES, "pilot_started", now, **told)
        record.write(
            store, viewer.person_id, "pilot.start", "pairing", pairing_id, now,
            starts_on=row["starts_on"], ends_on=row["ends_on"],
        )  # fmt: skip
    return {**row, "started_at": now}


def locked(store: Store, viewer: Viewer, pairing_id: str, action: str, *, ended: bool = False) -> Row:
    """Lock a case by a write and return it for a step in its pilot; raise Denied, or Conflict once it is closed.

    `ended`: the step may also be taken after the case was ended, as the decision and what it rests on may.
    """
    case = locks.case(store, pairing_id)
    if not can(viewer, action, case):
        raise Denied("denied")
    if case["declined_at"]:
        raise Conflict("pairing_declined", person=case["decliner"] or "", at=case["declined_at"])
    if case["ended_at"] and not ended:
        raise Conflict("pairing_ended", person=case["ender"] or "", at=case["ended_at"])
    if not (case["owner_accepted_at"] and case["startup_accepted_at"]):
        raise Conflict("pairing_not_accepted", answer_by=case["answer_by"])
    return case


def begun(store: Store, viewer: Viewer, case: Row, now: str) -> Row:
    """Return the case's pilot, made empty where there is none; raise Conflict once it is decided."""
    row = of_case(store, case["id"])
    if row is None:
        first = {"id": new_id(), "pairing_id": case["id"], "created_at": now, "updated_at": now}
        store.insert("pilot", {**first, "updated_by": viewer.person_id})
        return of_case(store, case["id"]) or {}
    undecided(row)
    return row


def started(store: Store, case: Row) -> Row:
    """Return the case's pilot once it has started; raise Conflict before that."""
    row = of_case(store, case["id"])
    if row is None or not row["started_at"]:
        raise Conflict("pilot_not_started")
    return row


def undecided(row: Row) -> None:
    """Raise Conflict that tells who decided a pilot and when, if somebody did."""
    if row["decided_at"]:
        raise Conflict("pilot_decided", person=row["decided_by_name"] or "", at=row["decided_at"])
