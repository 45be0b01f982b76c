"""Incidents in a pilot: what happened, how serious it is, what was done. Serious ones are mailed to all sides at once.

One that `stops` the pilot halts it: no new feedback round until the owner's side or a broker has said what was done.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import fields, parties, pilots, record
from .clock import day
from .errors import Conflict, Invalid, NotFound
from .ids import new_id
from .people import Viewer

Row = dict[str, Any]
SEVERITIES = ("low", "serious", "stops")
SHOWN = 100


class IncidentContent(fields.Content):
    """An incident as somebody tells it."""

    happened_on: fields.Day = None
    what: fields.Text = ""
    severity: fields.choice("severities", frozenset(SEVERITIES)) = None
    done: fields.Text = ""


def of_pilot(store: Store, pilot_id: str) -> list[Row]:
    """Return a pilot's incidents, the latest first, at most a page, with the names of who told and who handled."""
    return store.query(
        """select i.*, p.name as person, h.name as handled_by_name from incident i
           left join person p on p.id = i.person_id left join person h on h.id = i.handled_by
           where i.pilot_id = :id order by i.happened_on desc, i.at desc, i.id limit :shown""",
        {"id": pilot_id, "shown": SHOWN},
    )


def halting(store: Store, pilot_id: str) -> list[Row]:
    """Return the incidents that stop a pilot until somebody has said what was done about them."""
    return store.query(
        f"""select i.id, i.what, i.happened_on from incident i where i.pilot_id = :id and {pilots.HALTS}
            order by i.happened_on, i.id""",
        {"id": pilot_id},
    )


def report(store: Store, viewer: Viewer, pairing_id: str, data: Row, now: str) -> str:
    """Keep an incident and return its id; all sides are mailed unless it is a low one. Raise Invalid, Conflict."""
    content = _checked(data, now)
    with viewer.deciding(store):
        case = pilots.locked(store, viewer, pairing_id, "pilot.incident", ended=True)
        pilot = pilots.started(store, case)
        row = {"id": new_id(), "pilot_id": pilot["id"], "person_id": viewer.person_id, "at": now, **content}
        store.insert("incident", row)
        if content["severity"] != "low":
            parties.tell(store, viewer, case, pilots.SIDES, "incident", now, **content)
        record.write(
            store, viewer.person_id, "pilot.incident", "pairing", pairing_id, now,
            severity=content["severity"], on_day=content["happened_on"], note=content["what"],
        )  # fmt: skip
    return row["id"]


def handle(store: Store, viewer: Viewer, pairing_id: str, incident_id: str, done: str, now: str) -> None:
    """Say what was done about an incident; one that stopped the pilot no longer does. Owner's side or a broker."""
    done = fields.written("done", done)
    with viewer.deciding(store):
        case = pilots.locked(store, viewer, pairing_id, "pilot.edit", ended=True)
        rows = store.query(
            """select i.*, h.name as handled_by_name from incident i join pilot t on t.id = i.pilot_id
               left join person h on h.id = i.handled_by where i.id = :id and t.pairing_id = :pairing""",
            {"id": incident_id, "pairing": pairing_id},
        )
        if not rows:
            raise NotFound("incident")
        row = rows[0]
        if row["handled_at"]:
            raise Conflict("incident_handled", person=row["handled_by_name"] or "", at=row["handled_at"])
        store.execute(
            "update incident set done = :done, handled_at = :now, handled_by = :by where id = :id",
            {"done": done, "now": now, "by": viewer.person_id, "id": incident_id},
        )
        if row["severity"] != "low":
            told = {"what": row["what"], "severity": row["severity"], "done": done}
            parties.tell(store, viewer, case, pilots.SIDES, "incident_handled", now, **told)
        record.write(store, viewer.person_id, "pilot.incident_handled", "pairing", pairing_id, now, note=done)


def _checked(data: Row, now: str) -> Row:
    required = {"happened_on": "required_day", "what": "required", "severity": "required_choice"}
    content = fields.filled(IncidentContent, data, required)
    if content["happened_on"] > day(now):
        raise Invalid({"happened_on": ("day_ahead", {})})
    return content
