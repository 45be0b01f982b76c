"""What a field is called in a list of errors: each line of a form's error summary names the field it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, request
from flask_babel import lazy_gettext as _l

from . import words

# The pages of a noun, and the group of `words.LABELS` that names the noun's own fields.
_GROUPS = {
    "agreements": "agreement_fields",
    "bookings": "booking_fields",
    "cases": "handling_fields",
    "feedback": "pilot_fields",
    "needs": "need_fields",
    "pilots": "pilot_fields",
    "startups": "startup_fields",
    "testbeds": "testbed_fields",
    "routes": "route_questions",
    "outcomes": "outcome_fields",
    "releases": "outcome_fields",
    "years": "year_measures",
    "security": "security_fields",
}
# Every other field of a form. A page that calls one otherwise says so to the summary (`names`).
_COMMON: dict[str, Any] = {
    "beyond": _l("Another ground than aid of minor importance"),
    "given_on": _l("Day"),
    "amount": _l("Amount in kronor"),
    "answer": _l("The answer"),
    "answer_days": _l("Days to answer"),
    "asked": _l("Your question"),
    "comment": _l("Comment"),
    "considered": _l("Was innovation considered?"),
    "county_code": _l("County"),
    "days": _l("Shortest test"),
    "demand": _l("Startups for each need"),
    "email": _l("E-mail"),
    "ends_on": _l("Last day"),
    "file": _l("File"),
    "flag": _l("What do you want to know?"),
    "held_on": _l("Day"),
    "hide": _l("Why?"),
    "innovation_note": _l("How, or why not?"),
    "kind": _l("Kind"),
    "least": _l("Lowest score worth a test"),
    "message": _l("A word to both sides"),
    "minutes": _l("A meeting"),
    "most": _l("At most so many needs for each startup"),
    "municipality_code": _l("Municipality"),
    "name": _l("Name"),
    "note": _l("In your own words"),
    "opens_at": _l("First meeting"),
    "otp": _l("Code"),
    "organisation_id": _l("Organisation"),
    "orgnr": _l("Organisation number"),
    "password": _l("Password"),
    "pause": _l("Between two"),
    "present": _l("Present password"),
    "question": _l("The question as all will read it"),
    "quarters": _l("How many quarters"),
    "reason": _l("Reason"),
    "recovery": _l("Recovery code"),
    "role": _l("Role"),
    "starts_on": _l("First day"),
    "subject": _l("Subject"),
    "tables": _l("Tables"),
    "testbed_id": _l("Testbed"),
    "text": _l("In your own words"),
    "ties": _l("Ties to the owner of the need"),
    "website": _l("Website"),
    "why": _l("Why this way?"),
}


def field_name(name: str) -> str:
    """Return what a field of this request's page is called; an empty text when it has no name of its own.

    `name` is the field's id, which on a page with several forms ends in the form's own (`note-decline`).
    """
    plain = name.partition("-")[0]
    group = words.LABELS.get(_GROUPS.get(request.blueprint or "", ""), {})
    return str(group.get(plain) or _COMMON.get(plain, ""))


def error_line(name: str, text: str, names: Mapping[str, Any] | None = None) -> str:
    """Return an error with its field's name before it, as `names` or the page calls it."""
    called = (names or {}).get(name.partition("-")[0])
    called = field_name(name) if called is None else str(called)
    if not called:
        return text
    return f"{called} {text}" if called.endswith("?") else f"{called}: {text}"


def install(app: Flask) -> None:
    """Give the names to the summary of errors (`templates/_macros/forms.html`)."""
    app.jinja_env.globals.update(error_line=error_line)
