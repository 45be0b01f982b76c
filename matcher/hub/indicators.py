"""What a pilot is judged by: one to three indicators, each with baseline, target and how it is measured.

They are settled before the start; a target that moves afterwards would prove nothing.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from ..store import Store
from . import fields, pilots, record
from .errors import Conflict, NotFound
from .ids import new_id
from .people import Viewer
from .pilot_facts import INDICATORS_MOST

Row = dict[str, Any]
REQUIRED = ("name", "unit", "baseline", "target", "method", "measured_by", "uncertainty")
_FIGURE = re.compile(r"-?\d{1,12}(\.\d{1,6})?", re.ASCII)


def _figure(value: Any) -> float | None:
    typed = fields.clean(str("" if value is None else value)[:80]).strip()
    if not typed:
        return None
    # A typed minus sign, a Swedish decimal comma. Of the spaces those between thousands alone: `5 1` may be 5,1.
    text = fields.ungrouped(typed.replace("\u2212", "-")).replace(",", ".")
    if not _FIGURE.fullmatch(text):
        raise PydanticCustomError("not_a_figure", "figure", {"value": typed[:40]})
    return float(text)


Figure = Annotated[float | None, BeforeValidator(_figure)]


class IndicatorContent(fields.Content):
    """An indicator as somebody writes it: every field is required."""

    name: fields.Line = ""
    unit: fields.Line = ""
    baseline: Figure = None
    target: Figure = None
    method: fields.Text = ""
    measured_by: fields.Line = ""
    uncertainty: fields.Text = ""


def direction(row: Row) -> str:
    """Return where an indicator should go from its baseline: up, down, or keep (stay where it is)."""
    if row["target"] == row["baseline"]:
        return "keep"
    return "up" if row["target"] > row["baseline"] else "down"


def reached(row: Row, value: float) -> bool | None:
    """Whether a value is at the target or beyond; None where the value is to be kept, for which no line is drawn."""
    wanted = direction(row)
    if wanted == "keep":
        return None
    return value >= row["target"] if wanted == "up" else value <= row["target"]


def of_pilot(store: Store, pilot_id: str) -> list[Row]:
    """Return a pilot's indicators in their order, each with its `direction`."""
    rows = store.query("select * from indicator where pilot_id = :id order by position", {"id": pilot_id})
    return [{**row, "direction": direction(row)} for row in rows]


def save(store: Store, viewer: Viewer, pairing_id: str, indicator_id: str, data: Row, now: str) -> str:
    """Add an indicator (`indicator_id` empty) or change one, and return its id; raise Invalid, Conflict, NotFound.

    Refused once the pilot has started, and for a fourth.
    """
    content = fields.filled(IndicatorContent, data, dict.fromkeys(REQUIRED, "required"))
    with viewer.deciding(store):
        pilot, rows = _open(store, viewer, pairing_id, now)
        if indicator_id:
            before = _one(rows, indicator_id)
            names = ", ".join(f"{name} = :{name}" for name in content)
            store.execute(f"update indicator set {names} where id = :id", {**content, "id": indicator_id})
            if all(before[name] == content[name] for name in content):
                return indicator_id
        else:
            taken = {row["position"] for row in rows}
            free = [number for number in range(1, INDICATORS_MOST + 1) if number not in taken]
            if not free:
                raise Conflict("indicators_full", most=INDICATORS_MOST)
            indicator_id = new_id()
            place = {"id": indicator_id, "pilot_id": pilot["id"], "position": free[0], "created_at": now}
            store.insert("indicator", {**place, **content})
        kept = {name: content[name] for name in ("name", "unit", "baseline", "target")}
        record.write(store, viewer.person_id, "pilot.indicator", "pairing", pairing_id, now, **kept)
    return indicator_id


def remove(store: Store, viewer: Viewer, pairing_id: str, indicator_id: str, now: str) -> None:
    """Take an indicator away before the start; the record keeps what it said."""
    with viewer.deciding(store):
        _, rows = _open(store, viewer, pairing_id, now)
        row = _one(rows, indicator_id)
        store.execute("delete from indicator where id = :id", {"id": indicator_id})
        record.write(
            store, viewer.person_id, "pilot.indicator_removed", "pairing", pairing_id, now,
            name=row["name"], unit=row["unit"], baseline=row["baseline"], target=row["target"],
        )  # fmt: skip


def _open(store: Store, viewer: Viewer, pairing_id: str, now: str) -> tuple[Row, list[Row]]:
    """Lock the case and return its pilot, made where there is none, and its indicators; raise once it has started."""
    case = pilots.locked(store, viewer, pairing_id, "pilot.edit")
    pilot = pilots.begun(store, viewer, case, now)
    if pilot["started_at"]:
        raise Conflict("pilot_started", person=pilot["started_by_name"] or "", at=pilot["started_at"])
    return pilot, of_pilot(store, pilot["id"])


def _one(rows: list[Row], indicator_id: str) -> Row:
    found = [row for row in rows if row["id"] == indicator_id]
    if not found:
        raise NotFound("indicator")
    return found[0]
