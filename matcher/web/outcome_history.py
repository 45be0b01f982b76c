"""What a case's history tells of what came of it: one line for each answer and each step to a public page."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from . import words


def told(action: str, detail: dict[str, Any]) -> str:
    """Return what a row of the case's history tells; empty when its title says it all. Company figures stay out."""
    if action.startswith("outcome."):
        after = _("After %(n)s months", n=detail["month"])
        said = words.label("in_use_short", detail["in_use"]) if detail.get("in_use") else ""
        return " · ".join(part for part in (after, said, _fields(detail)) if part)
    return _fields(detail)


def _fields(detail: dict[str, Any]) -> str:
    return ", ".join(words.label("outcome_fields", name) for name in detail.get("changed", []))
