"""A case as a line of time: what was done, who acts now and by when, what comes after."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from ..hub import board
from . import handling_words, outcome_history, pilot_history, words
from .access import now, settings, store

STOPPING = ("pairing.decline", "pairing.end")
_THEIRS = {"brokers": ("broker",), "owner": ("broker", "owner")}
# Drafts of an agreement are the brokers' own, and so is who asked the owner's side.
_FOR = {"agreement.draft": "brokers", "agreement.change": "brokers", "spread.ask": "owner"}
LATER = {
    "answer": ("book", "start"),
    "answer_owner": ("book", "start"),
    "answer_startup": ("book", "start"),
    "extend_or_close": (),
    "confirm": ("start",),
    "agree": ("sign", "start", "finish"),
    "sign": ("start", "finish"),
    "prerequisites": ("start", "finish"),
    "pilot": ("finish",),
    "start": ("finish",),
    "halted": ("finish", "decide"),
    "finish": ("decide",),
    "decide": ("follow",),
}


def events(case: dict[str, Any], history: list[dict[str, Any]], step: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the events for the timeline macro, from the record's rows and the next step."""
    done = [_done(row) for row in history]
    if step["code"] == "over":
        return done
    now = {
        "state": "now",
        "title": words.label("next_steps", step["code"]),
        "when": words.due(step),
        "iso": step["by"],
        "who": actors(case, step["who"]),
    }
    return [*done, now, *({"state": "next", "title": title} for title in coming(step["code"]))]


def readable(history: list[dict[str, Any]], sides: list[str]) -> list[dict[str, Any]]:
    """Return the rows of a case's record that its sides may read: what is for some is not told to the others."""
    sent = {row["detail"].get("number") for row in history if row["action"] == "agreement.send"}
    return [row for row in history if _for(row, sent) not in _THEIRS or set(_THEIRS[_for(row, sent)]) & set(sides)]


def _for(row: dict[str, Any], sent: set[int | None]) -> str:
    """Return whom a row is for, as `visible` names them; `sent`: the numbers of the agreements that were ever sent.

    The action decides where the row does not say it: older ones do not, nor those that were emptied.
    """
    if row["action"] == "agreement.withdraw" and row["detail"].get("number") not in sent:
        return "brokers"
    return row["detail"].get("visible") or _FOR.get(row["action"], "all")


def with_steps(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of `cases.listing` with the `step` that comes next in each, agreement and pilot counted in."""
    steps = board.steps(store(), [row["id"] for row in rows], now(), settings().review_days)
    return [{**row, "step": steps[row["id"]]} for row in rows]


def coming(code: str) -> list[str]:
    """Return in words what comes after a next step."""
    known = {
        "book": _("The broker books a place at a testbed"),
        "sign": _("All sides sign the agreement"),
        "start": _("The test starts"),
        "decide": _("The owner of the need decides what becomes of it"),
        "follow": _("The hub asks after 6, 12 and 24 months what came of it"),
        "finish": _("The test ends and the place is free again"),
    }
    return [known[one] for one in LATER.get(code, ())]


def actors(case: dict[str, Any], sides: list[str]) -> str:
    """Return the names of those who must act."""
    names = {
        "owner": case["owner_name"],
        "startup": case["startup_name"],
        "host": case["testbed_name"],
        "broker": case["broker"] or _("the broker"),
    }
    return ", ".join(names[side] for side in sides if names[side])


def _done(row: dict[str, Any]) -> dict[str, Any]:
    detail = row["detail"]
    return {
        "state": "stopped" if row["action"] in STOPPING and detail.get("reason") != "completed" else "done",
        "title": _title(row),
        "when": words.moment(row["at"]),
        "iso": row["at"],
        "who": row["person"] or "",
        "text": _text(row["action"], detail),
    }


def _title(row: dict[str, Any]) -> str:
    side = row["detail"].get("side")
    said = words.label("pairing_actions", row["action"])
    return _("%(what)s by %(side)s", what=said, side=words.label("sides", side)) if side else said


def _text(action: str, detail: dict[str, Any]) -> str:
    """Return what was said; the message of a proposal stands on the page by itself."""
    if not detail:  # emptied, for it held a word about somebody who was erased
        return ""
    if action.startswith(("pilot.", "feedback.")):
        return pilot_history.told(action, detail)
    if action.startswith("case."):
        return handling_words.told(action, detail)
    if action.startswith(("outcome.", "release.")):
        return outcome_history.told(action, detail)
    parts = [words.label("reasons", detail["reason"])] if detail.get("reason") else []
    parts += [detail["note"]] if detail.get("note") and action != "pairing.propose" else []
    if detail.get("testbed"):
        first, last = words.day(detail["starts_on"]), words.day(detail["ends_on"])
        parts.append(_("%(testbed)s, %(first)s to %(last)s", testbed=detail["testbed"], first=first, last=last))
    elif detail.get("answer_by"):
        parts.append(_("Answer by %(day)s", day=words.day(detail["answer_by"])))
    return " · ".join(parts)
