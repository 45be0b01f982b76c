"""The history of a booking in words, from the rows of the record."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from . import words
from .booking_words import ACTIONS

STOPPING = ("booking.decline", "booking.cancel", "booking.withdraw", "booking.undo")


def events(history: list[dict[str, Any]], inside: bool) -> list[dict[str, Any]]:
    """Return the events for the timeline macro; `inside`: for the host or a broker, who see what they passed over."""
    return [
        {
            "state": "stopped" if row["action"] in STOPPING else "done",
            "title": str(ACTIONS.get(row["action"], row["action"])),
            "when": words.moment(row["at"]),
            "iso": row["at"],
            "who": row["person"] or "",
            "text": _text(row["action"], row["detail"], inside),
        }
        for row in history
    ]


def _text(action: str, detail: dict[str, Any], inside: bool) -> str:
    if not detail:  # emptied, for it held a word about somebody who was erased
        return ""
    parts = [words.label("booking_reasons", detail["reason"])] if detail.get("reason") else []
    parts += [detail[name] for name in ("text", "note") if detail.get(name)]
    if action == "booking.request":
        parts.append(_days(detail))
    if action == "booking.score":
        parts.append(_scores(detail))
    if action == "booking.agree":
        parts.append(_("Holds until %(day)s", day=words.day(detail["ends_on"])))
    elif detail.get("answer_by"):
        parts.append(_("Answer by %(day)s", day=words.day(detail["answer_by"])))
    if inside and detail.get("passed"):
        waited = ngettext(
            "%(num)s on the waiting list had waited longer", "%(num)s had waited longer", detail["passed"]
        )
        parts.append(waited)
    if inside and detail.get("week_on"):
        said = {"day": words.day(detail["week_on"]), "hours": detail["hours"]}
        parts.append(
            _("More than the staff manages: %(hours)s hours in the week from %(day)s, taken on all the same", **said)
        )
    return " · ".join(parts)


def _days(detail: dict[str, Any]) -> str:
    first, last = words.day(detail["starts_on"]), words.day(detail["ends_on"])
    return _("%(testbed)s, %(first)s to %(last)s", testbed=detail["testbed"], first=first, last=last)


def _scores(detail: dict[str, Any]) -> str:
    said = {"operation": detail["operation_score"], "users": detail["users_score"]}
    return _("Operation %(operation)s of 5, users %(users)s of 5", **said)
