"""What a case's history tells of its pilot: one line for each step."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from . import words


def told(action: str, detail: dict[str, Any]) -> str:
    """Return what a row of the case's history tells of a step in the pilot; empty when its title says it all."""
    if action == "pilot.save":
        return ", ".join(words.label("pilot_fields", name) for name in detail.get("changed", []))
    if action in ("pilot.start", "pilot.extend"):
        until = _("until %(day)s", day=words.day(detail["ends_on"]))
        return " · ".join(part for part in (until, detail.get("note", "")) if part)
    if action.startswith(("pilot.indicator", "pilot.reading")):
        return _measured(detail)
    if action == "pilot.incident":
        return f"{words.label('severity_names', detail['severity'])}: {detail['note']}"
    if action == "pilot.decide":
        return f"{words.label('decisions', detail['decision'])} · {detail['lesson']}"
    if action.startswith("feedback."):
        number = _("Round %(number)s", number=detail["number"])
        return " · ".join(part for part in (number, detail.get("note", "")) if part)
    return str(detail.get("note", ""))


def _measured(detail: dict[str, Any]) -> str:
    parts = [detail["name"]]
    if "target" in detail:
        parts.append(
            _(
                "from %(baseline)s to %(target)s %(unit)s",
                baseline=words.figure(detail["baseline"]),
                target=words.figure(detail["target"]),
                unit=detail["unit"],
            )
        )
    if "value" in detail:
        before, value = words.figure(detail["before"]), words.figure(detail["value"])
        parts.append(_("%(before)s became %(value)s %(unit)s", before=before, value=value, unit=detail["unit"]))
    return " · ".join([*parts, *([detail["note"]] if detail.get("note") else [])])
