"""Readings of a pilot's indicators over time. A wrong one is replaced, never rewritten: the old one stays, struck."""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import fields, indicators, pilots, record
from .clock import day
from .errors import Conflict, Invalid, NotFound
from .ids import new_id
from .people import Viewer

Row = dict[str, Any]
MOST = 1_000  # readings of a pilot: one a day of three indicators for nearly a year
_NAMED = """
    select r.*, i.pilot_id, i.unit, i.name as indicator, p.name as person, w.name as withdrawn_by_name
    from reading r join indicator i on i.id = r.indicator_id
    left join person p on p.id = r.person_id left join person w on w.id = r.withdrawn_by"""


class ReadingContent(fields.Content):
    """A value that somebody read off on a day."""

    on_day: fields.Day = None
    value: indicators.Figure = None
    note: fields.Text = ""


def of_pilot(store: Store, pilot_id: str) -> dict[str, list[Row]]:
    """Return a pilot's readings by indicator id, in the order of their days; those withdrawn too. One query."""
    found: dict[str, list[Row]] = {}
    for row in store.query(f"{_NAMED} where i.pilot_id = :id order by r.on_day, r.at, r.id", {"id": pilot_id}):
        found.setdefault(row["indicator_id"], []).append(row)
    return found


def standing(rows: list[Row]) -> list[Row]:
    """Return the readings that count: those not withdrawn."""
    return [row for row in rows if not row["withdrawn_at"]]


def enter(store: Store, viewer: Viewer, pairing_id: str, indicator_id: str, data: Row, now: str) -> str:
    """Keep a reading of one of the pilot's indicators and return its id; raise Invalid, NotFound, Conflict.

    The same value for the same day twice is a button pressed twice, and refused.
    """
    content = _checked(data, now)
    with viewer.deciding(store):
        pilot = _open(store, viewer, pairing_id)
        indicator = _indicator(store, pilot, indicator_id)
        reading_id = _keep(store, viewer, indicator, content, now)
        record.write(
            # With the pilot, not with the case: a reading a day would bury the case's history.
            store, viewer.person_id, "pilot.reading", "pilot", pilot["id"], now, name=indicator["name"],
            value=content["value"], unit=indicator["unit"], on_day=content["on_day"], note=content["note"],
        )  # fmt: skip
    return reading_id


def correct(store: Store, viewer: Viewer, pairing_id: str, reading_id: str, data: Row, reason: str, now: str) -> str:
    """Replace a reading by another and return the new one's id; the old one stays, with the reason."""
    content, reason = _checked(data, now), fields.written("reason", reason)
    with viewer.deciding(store):
        pilot = _open(store, viewer, pairing_id)
        old = _standing(store, pilot, reading_id)
        _withdraw(store, viewer, reading_id, reason, now)
        new = _keep(store, viewer, _indicator(store, pilot, old["indicator_id"]), content, now)
        record.write(
            store, viewer.person_id, "pilot.reading_corrected", "pairing", pairing_id, now, name=old["indicator"],
            unit=old["unit"], before=old["value"], value=content["value"], on_day=content["on_day"], note=reason,
        )  # fmt: skip
    return new


def withdraw(store: Store, viewer: Viewer, pairing_id: str, reading_id: str, reason: str, now: str) -> None:
    """Strike a reading out that should not be there at all; it stays in the table, with the reason."""
    reason = fields.written("reason", reason)
    with viewer.deciding(store):
        pilot = _open(store, viewer, pairing_id)
        old = _standing(store, pilot, reading_id)
        _withdraw(store, viewer, reading_id, reason, now)
        record.write(
            store, viewer.person_id, "pilot.reading_withdrawn", "pairing", pairing_id, now, name=old["indicator"],
            unit=old["unit"], before=old["value"], on_day=old["on_day"], note=reason,
        )  # fmt: skip


def _checked(data: Row, now: str) -> Row:
    content = fields.filled(ReadingContent, data, {"on_day": "required_day", "value": "required_figure"})
    if content["on_day"] > day(now):
        raise Invalid({"on_day": ("day_ahead", {})})
    return content


def _open(store: Store, viewer: Viewer, pairing_id: str) -> Row:
    """Lock the case and return its pilot while it takes readings: from the start until it is decided."""
    pilot = pilots.started(store, pilots.locked(store, viewer, pairing_id, "pilot.read", ended=True))
    pilots.undecided(pilot)
    return pilot


def _indicator(store: Store, pilot: Row, indicator_id: str) -> Row:
    rows = store.query(
        "select * from indicator where id = :id and pilot_id = :pilot", {"id": indicator_id, "pilot": pilot["id"]}
    )
    if not rows:
        raise NotFound("indicator")
    return rows[0]


def _standing(store: Store, pilot: Row, reading_id: str) -> Row:
    rows = store.query(f"{_NAMED} where r.id = :id and i.pilot_id = :pilot", {"id": reading_id, "pilot": pilot["id"]})
    if not rows:
        raise NotFound("reading")
    if rows[0]["withdrawn_at"]:
        raise Conflict("reading_withdrawn", person=rows[0]["withdrawn_by_name"] or "", at=rows[0]["withdrawn_at"])
    return rows[0]


def _withdraw(store: Store, viewer: Viewer, reading_id: str, reason: str, now: str) -> None:
    store.execute(
        "update reading set withdrawn_at = :now, withdrawn_by = :by, withdrawn_reason = :reason where id = :id",
        {"now": now, "by": viewer.person_id, "reason": reason, "id": reading_id},
    )


def _keep(store: Store, viewer: Viewer, indicator: Row, content: Row, now: str) -> str:
    same = store.query(
        """select p.name as person, r.at from reading r left join person p on p.id = r.person_id
           where r.indicator_id = :indicator and r.on_day = :on_day and r.value = :value and r.withdrawn_at is null""",
        {"indicator": indicator["id"], "on_day": content["on_day"], "value": content["value"]},
    )
    if same:
        raise Conflict("reading_exists", person=same[0]["person"] or "", at=same[0]["at"])
    held = store.query(
        """select count(*) as n from reading r join indicator i on i.id = r.indicator_id
           where i.pilot_id = :pilot""",
        {"pilot": indicator["pilot_id"]},
    )
    if held[0]["n"] >= MOST:
        raise Conflict("readings_full", most=MOST)
    row = {"id": new_id(), "indicator_id": indicator["id"], "person_id": viewer.person_id, "at": now}
    store.insert("reading", {**row, **content})
    return row["id"]
