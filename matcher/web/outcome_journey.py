"""What came of it and the public page as the last steps of a case's journey."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _

from ..hub import outcomes, releases
from ..hub.people import Viewer
from ..hub.permissions import can
from ..store import Store
from . import words

Row = dict[str, Any]


def steps(store: Store, viewer: Viewer, case: Row, now: str) -> list[Row]:
    """Return the last steps of the journey: title, state, text, url. The public page only for those who release it."""
    state, text = _outcome(store, case, now)
    found = [
        {
            "title": _("What came of it"),
            "state": state,
            "text": text,
            "url": url_for("outcomes.show", pairing_id=case["id"]),
        }
    ]
    return [*found, _release(store, case)] if can(viewer, "release.view", case) else found


def _outcome(store: Store, case: Row, now: str) -> tuple[str, str]:
    begun = outcomes.begun(store, case)
    if begun is None:
        if case["ended_at"]:
            return "stopped", _("Ended without a result to follow up. What was learned stands in the case.")
        return "next", _("Six, twelve and 24 months after the decision the owner is asked whether it is in use.")
    answers = outcomes.standing_answers(store, case["id"])
    current, due = outcomes.current(begun, now), outcomes.due_days(begun)
    coming = next((_("Asked next on %(day)s.", day=words.day(on)) for on in due.values() if on > now[:10]), "")
    if current is None:
        return "next", coming
    if current not in answers:
        return "now", _("%(who)s answers whether it is in use after %(n)s months.", who=case["owner_name"], n=current)
    said = words.label("in_use_short", answers[current]["in_use"])
    return "done", f"{_('%(answer)s after %(n)s months', answer=said, n=current)}. {coming}".strip()


def _release(store: Store, case: Row) -> Row:
    row = releases.of_case(store, case)
    waits = [case[f"{side}_name"] for side in releases.SIDES if not row[f"{side}_released_at"]]
    public = releases.is_public(row)
    return {
        "title": _("Public page"),
        "state": "done" if public else "next",
        "text": _("Both sides have released it.") if public else _("Waits for: %(names)s.", names=", ".join(waits)),
        "url": url_for("releases.review", pairing_id=case["id"]),
    }
