"""The periods in which a testbed is closed: shut by its host or an import, opened again, told to whom they touch."""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import affected, capacity, fields, record, testbeds
from .clock import day
from .errors import Conflict, Invalid, NotFound
from .ids import new_id
from .people import SYSTEM, Viewer

# That are not over yet, of one testbed: each calendar, also a visitor's, counts day by day through all of them.
MOST = 100


class Closure(fields.Content):
    """What is typed to close a period."""

    starts_on: fields.Day = None
    ends_on: fields.Day = None
    reason: fields.Line = ""


def of(store: Store, testbed_id: str, now: str | None = None) -> list[dict[str, Any]]:
    """Return the closed periods in order of time; with `now` only those that are not over yet."""
    return store.query(
        "select * from testbed_closure where testbed_id = :id and ends_on >= :today order by starts_on, ends_on, id",
        {"id": testbed_id, "today": day(now) if now else ""},
    )


def close_period(
    store: Store, viewer: Viewer | None, testbed_id: str, starts_on: str, ends_on: str, reason: str, now: str,
    seen: str = "",
) -> str:  # fmt: skip
    """Close a testbed from one day to another, both included; return the closure's id.

    Raises Invalid for a missing day or reason, an end before the start or before today; Conflict when this very period
    is closed already, when MOST are kept, or naming whom it affects until they have been `seen` (see `affected`; an
    import asks nobody). What is booked stands, and both sides are told.
    """
    typed = fields.validate(Closure, {"starts_on": starts_on, "ends_on": ends_on, "reason": reason})
    lacking = {name: ("required", {}) for name, value in typed.model_dump().items() if not value}
    if lacking:
        raise Invalid(lacking)
    if typed.ends_on < typed.starts_on:
        raise Invalid({"ends_on": ("period", {})})
    if typed.ends_on < day(now):
        raise Invalid({"ends_on": ("period_over", {})})
    closure_id = new_id()
    with (viewer or SYSTEM).deciding(store):
        testbeds.locked(store, testbed_id)
        days = typed.model_dump()
        _refuse_twice(store, testbed_id, days)
        if len(of(store, testbed_id, now)) >= MOST:
            raise Conflict("closures_many", most=MOST)
        rows = affected.find(store, testbed_id, typed.starts_on, typed.ends_on, now)
        if viewer:
            affected.confirmed(rows, seen)
        store.insert("testbed_closure", {"id": closure_id, "testbed_id": testbed_id, **days, "created_at": now})
        testbeds.update(store, testbed_id, {})
        told = affected.tell(
            store, viewer, rows, "testbed_closed", now,
            closed_on=typed.starts_on, opens_after_on=typed.ends_on, why=typed.reason.rstrip(" ."),
        )  # fmt: skip
        by = viewer and viewer.person_id
        record.write(store, by, "testbed.close_period", "testbed", testbed_id, now, **days, told=told)
    return closure_id


def _refuse_twice(store: Store, testbed_id: str, days: dict[str, Any]) -> None:
    """Raise Conflict when the testbed is closed on just these days for just this reason: the form was sent twice."""
    same = """select 1 from testbed_closure
              where testbed_id = :id and starts_on = :starts_on and ends_on = :ends_on and reason = :reason"""
    if store.query(same, {"id": testbed_id, **days}):
        raise Conflict("testbed_closed_already", **days)


def open_period(store: Store, viewer: Viewer, testbed_id: str, closure_id: str, now: str) -> None:
    """Remove a closed period of this testbed; raise NotFound when it is gone already. Those it touched are told."""
    with viewer.deciding(store):
        testbeds.locked(store, testbed_id)
        rows = store.query(
            "delete from testbed_closure where id = :id and testbed_id = :testbed returning starts_on, ends_on, reason",
            {"id": closure_id, "testbed": testbed_id},
        )
        if not rows:
            raise NotFound("closure")
        testbeds.update(store, testbed_id, {})
        days = rows[0]["starts_on"], rows[0]["ends_on"]
        # Where another closed period lies in these days nobody can be told that they are open.
        touched = [] if capacity.closures(store, testbed_id, *days) else affected.find(store, testbed_id, *days, now)
        told = affected.tell(
            store, viewer, touched, "testbed_opened", now, closed_on=days[0], opens_after_on=days[1]
        )  # fmt: skip
        record.write(store, viewer.person_id, "testbed.open_period", "testbed", testbed_id, now, **rows[0], told=told)
