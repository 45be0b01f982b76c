"""What happens while a pilot runs, and how it ends: readings, incidents, more time, the decision."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_babel import gettext as _

from ..hub import cases, feedback, incidents, indicators, pilot_ends, readings
from ..hub.errors import NotFound
from . import forms, pilot_words, words
from .access import allowed, now, person, store
from .pilots import Case, blueprint, drawn, page, required, take, with_readings

READING = ("on_day", "value", "note")
INCIDENT = ("happened_on", "what", "severity", "done")
DECISION = ("decision", "evidence", "lesson", "early_reason")


@blueprint.get("/pairings/<pairing_id>/pilot/reading")
@allowed("pilot.read", cases.load)
def reading(case: Case) -> str:
    """Show the form for a reading: of the indicator, or in place of the reading, that the address names."""
    return _reading_page(case, request.args.get("indicator", ""), request.args.get("reading", ""))


@blueprint.post("/pairings/<pairing_id>/pilot/reading")
@allowed("pilot.read", cases.load)
def enter_reading(case: Case) -> Any:
    """Keep a reading, or put another in the place of one that was wrong."""
    typed = forms.read((*READING, "reason"))
    which, wrong = request.form.get("indicator", ""), request.form.get("reading", "")
    values = {name: typed.get(name, "") for name in READING}

    def step() -> None:
        if wrong:
            readings.correct(store(), person(), case["id"], wrong, values, typed.get("reason", ""), now())
        else:
            readings.enter(store(), person(), case["id"], which, values, now())

    done = _("The reading is corrected.") if wrong else _("The reading is entered.")
    return take(case, step, done, lambda **told: _reading_page(case, which, wrong, typed, **told))


@blueprint.post("/pairings/<pairing_id>/pilot/reading/withdraw")
@allowed("pilot.read", cases.load)
def withdraw_reading(case: Case) -> Any:
    """Strike a reading out."""
    which, reason = request.form.get("reading", ""), request.form.get("reason", "")
    return take(
        case,
        lambda: readings.withdraw(store(), person(), case["id"], which, reason, now()),
        _("The reading is struck out."),
        lambda **told: _reading_page(case, "", which, None, **told),
    )


def _reading_page(
    case: Case, which: str, wrong: str = "", typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None, notice: str = "",
) -> str:  # fmt: skip
    row = required(case)
    measured = indicators.of_pilot(store(), row["id"])
    old = next(
        (one for rows in readings.of_pilot(store(), row["id"]).values() for one in rows if one["id"] == wrong), None
    )
    if (wrong and old is None) or (which and which not in {one["id"] for one in measured}):
        raise NotFound("reading")
    values = {"on_day": now()[:10]}
    if old:
        values = {"on_day": old["on_day"], "value": words.figure(old["value"], typed=True), "note": old["note"]}
        which = old["indicator_id"]
    return render_template(
        "pilots/reading.html", case=case, pilot=row, indicators=measured, which=which or measured[0]["id"], old=old,
        values={**values, **(typed or {})}, errors=errors or {}, notice=notice,
    )  # fmt: skip


@blueprint.post("/pairings/<pairing_id>/pilot/extend")
@allowed("pilot.edit", cases.load)
def extend(case: Case) -> Any:
    """Give the pilot more time, with a reason."""
    ends_on, reason = request.form.get("ends_on", ""), request.form.get("reason", "")
    return take(
        case,
        lambda: pilot_ends.extend(store(), person(), case["id"], ends_on, reason, now()),
        _("The pilot has more time, and everybody in the case has been told."),
        lambda **told: page(case, "extend", **told),
    )


@blueprint.get("/pairings/<pairing_id>/pilot/incident")
@allowed("pilot.incident", cases.load)
def incident(case: Case) -> str:
    """Show the form for an incident."""
    return _incident_page(case, {"happened_on": now()[:10]})


@blueprint.post("/pairings/<pairing_id>/pilot/incident")
@allowed("pilot.incident", cases.load)
def report_incident(case: Case) -> Any:
    """Keep an incident; a serious one is mailed to all sides."""
    typed = forms.read(INCIDENT)
    mailed = typed.get("severity") in incidents.SEVERITIES[1:]
    return take(
        case,
        lambda: incidents.report(store(), person(), case["id"], typed, now()),
        _("The incident is kept, and all sides have been mailed.") if mailed else _("The incident is kept."),
        lambda **told: _incident_page(case, typed, **told),
    )


def _incident_page(case: Case, values: dict[str, Any], errors: dict[str, str] | None = None, notice: str = "") -> str:
    required(case)
    return render_template(
        "pilots/incident.html", case=case, values=values, errors=errors or {}, notice=notice,
        severities=words.choices("severities"),
    )  # fmt: skip


@blueprint.post("/pairings/<pairing_id>/pilot/incident/handled")
@allowed("pilot.edit", cases.load)
def handle_incident(case: Case) -> Any:
    """Say what was done about an incident."""
    which, done = request.form.get("incident", ""), request.form.get("done", "")
    return take(
        case,
        lambda: incidents.handle(store(), person(), case["id"], which, done, now()),
        _("It is noted what was done."),
        lambda **told: page(case, f"handled-{which}", **told),
    )


@blueprint.get("/pairings/<pairing_id>/pilot/decision")
@allowed("pilot.decide", cases.load)
def decision(case: Case) -> str:
    """Show the form for the decision, beside what was measured and said."""
    return _decision_page(case, {})


@blueprint.post("/pairings/<pairing_id>/pilot/decision")
@allowed("pilot.decide", cases.load)
def decide(case: Case) -> Any:
    """Decide what becomes of the pilot."""
    typed = forms.read(DECISION)
    return take(
        case,
        lambda: pilot_ends.decide(store(), person(), case["id"], typed, now()),
        _("The decision is recorded, and everybody in the case has been told."),
        lambda **told: _decision_page(case, typed, **told),
    )


def _decision_page(case: Case, values: dict[str, Any], errors: dict[str, str] | None = None, notice: str = "") -> str:
    row = required(case)
    measured = indicators.of_pilot(store(), row["id"])
    return render_template(
        "pilots/decision.html",
        case=case,
        pilot=row,
        values=values,
        errors=errors or {},
        notice=notice,
        early=pilot_ends.is_early(row, now()),
        indicators=[drawn(row, one, read) for one, read in with_readings(row, measured)],
        rounds=feedback.of_pilot(store(), row["id"], now()),
        incidents=incidents.of_pilot(store(), row["id"]),
        decisions=[(code, text, pilot_words.DECISION_HINTS[code]) for code, text in words.choices("decisions")],
    )
