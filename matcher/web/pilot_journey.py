"""The pilot as one step of a case's journey: how it stands, and what is awaited of whom."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from ..hub import pilots
from ..store import Store
from . import words

Row = dict[str, Any]


def step(store: Store, case: Row, now: str) -> Row:
    """Return the pilot's step for the journey: title, state, text, url."""
    row = pilots.of_case(store, case["id"])
    state, text = _told(store, case, row, pilots.status(row, now) if row else "none", now)
    url = url_for("pilots.show", pairing_id=case["id"])
    return {"title": _("Pilot"), "state": state, "text": text, "url": url}


def _told(store: Store, case: Row, row: Row | None, status: str, now: str) -> tuple[str, str]:
    if row is None or status == "prepared":
        return _before(store, case, row, now)
    if status == "running" and row["halted_on"]:
        since = words.day(row["halted_on"])
        return "now", _("Stopped since %(day)s, until it is said what was done.", day=since)
    if status == "running":
        return "now", _("Runs until %(day)s.", day=words.day(row["ends_on"]))
    if status == "over":
        by = words.day(pilots.decide_by(row))
        return "now", _("Over. %(who)s decides what becomes of it by %(day)s.", who=case["owner_name"], day=by)
    told, day = words.label("decisions", row["decision"]), words.day(row["decided_at"])
    return "stopped" if row["decision"] == "stop" else "done", f"{told} ({day})"


def _before(store: Store, case: Row, row: Row | None, now: str) -> tuple[str, str]:
    if case["ended_at"]:
        return "stopped", _("It was never started.")
    missing = sum(not done for _code, done in pilots.settled(store, case, row, now))
    if not missing:
        return "now", _("Everything is settled: it may start.")
    return "next", ngettext(
        "%(num)s thing is missing before it may start.", "%(num)s things are missing before it may start.", missing
    )
