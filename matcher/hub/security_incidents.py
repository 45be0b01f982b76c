"""The log of security incidents: what happened to the hub, and which report is due when.

Public bodies owe an early warning within 24 hours of noticing a significant incident, a notification within 72 hours
and a final report a month after it (cybersäkerhetslagen 2025:1506, 2 kap. 5–8 §§, in force since 2026-01-15; directive
(EU) 2022/2555, article 23.4); and where personal data are concerned a notification within 72 hours (GDPR, article 33).
The hub counts the hours and writes the text; whether an incident is significant, and where it is sent, people decide.

Each change keeps what stood before, in a table and not in the record: texts of an incident may name people, and a name
is taken out of a table's text where the record can only lose all that a row tells. A closed incident takes no change.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from ..store import Store
from . import clock, fields, record
from .errors import Conflict, Denied, Invalid, NotFound, Stale
from .ids import new_id
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
ZONE = ZoneInfo("Europe/Stockholm")
EFFECTS = ("confidentiality", "integrity", "availability")
ANSWERS = ("yes", "no", "unknown")
REPORTS = ("early", "notice", "privacy", "final")
SHOWN = 100
_HOURS = {"early": 24, "notice": 72, "privacy": 72}
_FINAL_DAYS = 30

_Answer = fields.choice("answers", frozenset(ANSWERS), "unknown")


def _clock_time(value: str) -> str:
    if value and not re.fullmatch(r"([01]?\d|2[0-3])[:.][0-5]\d", value, re.ASCII):
        raise PydanticCustomError("not_a_time", "time", {"value": value[:40]})
    return value.replace(".", ":").rjust(5, "0") if value else ""


class Content(fields.Content):
    """An incident as it is known so far. noticed_on and noticed_time are Swedish time."""

    title: fields.Name
    noticed_on: fields.Day = None
    noticed_time: Annotated[fields.Line, AfterValidator(_clock_time)] = ""
    effects: fields.listing("effects", frozenset(EFFECTS)) = []
    malicious: _Answer = "unknown"
    cross_border: _Answer = "unknown"
    personal: _Answer = "unknown"
    people: fields.number(0, 100_000_000) = None
    what: fields.Text = ""
    whose: fields.Text = ""
    consequences: fields.Text = ""
    measures: fields.Text = ""
    cause: fields.Text = ""
    contact: fields.Line = ""


FIELDS = tuple(Content.model_fields)


def listing(store: Store, viewer: Viewer) -> list[Row]:
    """Return the incidents, open ones first, then the latest, each with its reports (`due`)."""
    _require(viewer)
    rows = store.query(
        """select * from security_incident order by case when closed_at is null then 0 else 1 end,
                  noticed_at desc, id limit :shown""",
        {"shown": SHOWN},
    )
    return [_decoded(row) for row in rows]


def load(store: Store, viewer: Viewer, incident_id: str) -> Row:
    """Return one incident with its reports (`due`); raise NotFound."""
    _require(viewer)
    rows = store.query("select * from security_incident where id = :id", {"id": incident_id})
    if not rows:
        raise NotFound("security_incident")
    return _decoded(rows[0])


def due(row: Row) -> dict[str, dict[str, str | None]]:
    """Return by report when it is due (`by`) and when it was sent (`sent`); without personal data none to that end."""
    by = {name: clock.later(row["noticed_at"], minutes=60 * hours) for name, hours in _HOURS.items()}
    by["final"] = clock.later(row["notice_at"] or by["notice"], days=_FINAL_DAYS)
    if row["personal"] == "no":
        del by["privacy"]
    return {name: {"by": by[name], "sent": row[f"{name}_at"]} for name in REPORTS if name in by}


def create(store: Store, viewer: Viewer, given: Row, now: str) -> str:
    """Begin to log an incident and return its id; raise Invalid, Denied."""
    _require(viewer)
    row = {**_checked(given, now), "id": new_id(), "created_at": now, "created_by": viewer.person_id}
    with viewer.deciding(store):
        store.insert("security_incident", row)
        record.write(store, viewer.person_id, "security.begin", "security", row["id"], now)
    return row["id"]


def save(store: Store, viewer: Viewer, incident_id: str, given: Row, revision: int, now: str) -> None:
    """Keep what is known by now, and what stood before.

    Raise Invalid, Denied, NotFound, Stale when somebody saved in between, Conflict when it is closed.
    """
    _require(viewer)
    content = _checked(given, now)
    changed = ", ".join(f'"{name}" = :{name}' for name in content)
    with viewer.deciding(store):
        row = _open(store, viewer, incident_id)
        if row["revision"] != revision:
            raise Stale("stale", current=row)
        store.execute(
            f"update security_incident set {changed}, revision = revision + 1 where id = :id",
            {**content, "id": incident_id},
        )
        before = {name: row["kept"][name] for name in content if content[name] != row["kept"][name]}
        if before:
            kept = {"incident_id": incident_id, "revision": revision, "changed_at": now, "changed_by": viewer.person_id}
            store.insert("security_incident_change", {**kept, "before": json.dumps(before, ensure_ascii=False)})
        record.write(store, viewer.person_id, "security.save", "security", incident_id, now, changed=sorted(before))


def changes(store: Store, viewer: Viewer, incident_id: str) -> list[Row]:
    """Return the changes of an incident, newest first: `changed_at`, `person`, and `before`, what stood until then.

    `before` holds the fields that were changed, and `noticed_at` for the moment of noticing.
    """
    load(store, viewer, incident_id)
    rows = store.query(
        """select c.changed_at, c.before, person.name as person from security_incident_change c
           left join person on person.id = c.changed_by where c.incident_id = :id order by c.revision desc""",
        {"id": incident_id},
    )
    return [{**row, "before": _plain(json.loads(row["before"]))} for row in rows]


def _plain(before: Row) -> Row:
    return {name: json.loads(value) if name == "effects" else value for name, value in before.items()}


def _open(store: Store, viewer: Viewer, incident_id: str) -> Row:
    """Lock an incident and return it; raise Conflict when it is closed."""
    store.execute("update security_incident set revision = revision where id = :id", {"id": incident_id})
    row = load(store, viewer, incident_id)
    if row["closed_at"]:
        raise Conflict("incident_closed", at=row["closed_at"])
    return row


def sent(store: Store, viewer: Viewer, incident_id: str, report: str, now: str) -> None:
    """Note that a report was sent; raise Conflict when that is noted already, or the incident is closed."""
    if report not in due(load(store, viewer, incident_id)):
        raise NotFound("report")
    with viewer.deciding(store):
        _open(store, viewer, incident_id)
        if not store.execute(
            f"update security_incident set {report}_at = :now where id = :id and {report}_at is null",
            {"now": now, "id": incident_id},
        ):
            raise Conflict("report_sent")
        record.write(store, viewer.person_id, "security.sent", "security", incident_id, now, report=report)


def close(store: Store, viewer: Viewer, incident_id: str, now: str) -> bool:
    """Note that the incident is over and dealt with; return whether that is new: asked twice it stays closed."""
    return _turn(store, viewer, incident_id, "closed_at = :now", "closed_at is null", "security.close", now)


def reopen(store: Store, viewer: Viewer, incident_id: str, now: str) -> bool:
    """Open a closed incident again; return whether that is new: asked twice it stays open."""
    return _turn(store, viewer, incident_id, "closed_at = null", "closed_at is not null", "security.reopen", now)


def _turn(store: Store, viewer: Viewer, incident_id: str, change: str, held: str, action: str, now: str) -> bool:
    load(store, viewer, incident_id)
    with viewer.deciding(store):
        done = store.execute(
            f"update security_incident set {change} where id = :id and {held}", {"id": incident_id, "now": now}
        )
        if done:
            record.write(store, viewer.person_id, action, "security", incident_id, now)
    return bool(done)


def _require(viewer: Viewer) -> None:
    if not can(viewer, "admin"):
        raise Denied("denied")


def _checked(given: Row, now: str) -> Row:
    content = fields.validate(Content, given).model_dump()
    noticed_on, at = content.pop("noticed_on"), content.pop("noticed_time")
    if not noticed_on:
        raise Invalid({"noticed_on": ("required", {})})
    local = datetime.combine(datetime.fromisoformat(noticed_on), time.fromisoformat(at or "00:00"), ZONE)
    if clock.stamp(local) > now:
        raise Invalid({"noticed_on": ("in_future", {})})
    return {**content, "effects": json.dumps(content["effects"]), "noticed_at": clock.stamp(local)}


def _decoded(row: Row) -> Row:
    local = clock.parse(row["noticed_at"]).astimezone(ZONE)
    shown = {"noticed_on": local.date().isoformat(), "noticed_time": local.strftime("%H:%M")}
    return {**row, **shown, "kept": row, "effects": json.loads(row["effects"]), "due": due(row)}
