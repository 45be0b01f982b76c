"""A pilot's page, and the facts before it: what is asked for, the check, the indicators, the start.

What happens while it runs and how it ends is in `pilot_course.py`, which adds its pages to this blueprint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import (
    cases,
    copies,
    feedback,
    incidents,
    indicators,
    pilot_facts,
    pilots,
    readings,
    reference,
    routes,
)
from ..hub.errors import Conflict, Invalid, NotFound, Stale
from . import forms, pilot_drawing, pilot_words, route_words, words
from .access import allowed, may, now, person, store
from .stale import differing

blueprint = Blueprint("pilots", __name__)

Case = dict[str, Any]
FACTS = ("question", "starts_on", "ends_on", *pilot_facts.PERSONS, "route", "route_code")
CHECKS = (*pilot_facts.CHECKS, "checks_note")
# Before the start the form's own page is not there: what stood in the way is told on the pilot's.
NO_FORM = ("pilot_not_started", "pairing_not_accepted", "pairing_declined")


@blueprint.get("/pairings/<pairing_id>/pilot")
@allowed("pairing.view", cases.load)
def show(case: Case) -> str:
    """Show a case's pilot: where it stands, what is missing or next, what was measured, said and decided."""
    return page(case)


def page(case: Case, form: str = "", errors: dict[str, str] | None = None, notice: str = "") -> str:
    """Return a pilot's page; `form` names the one that was sent, whose fields come back as they were typed."""
    row = pilots.of_case(store(), case["id"])
    measured = indicators.of_pilot(store(), row["id"]) if row else []
    told = incidents.of_pilot(store(), row["id"]) if row else []
    status = pilots.status(row, now()) if row else "none"
    said = "halted" if row and row["halted_on"] and status == "running" else status
    return render_template(
        "pilots/show.html",
        case=case,
        pilot=row,
        status=status,
        said=said,
        kind="danger" if row and pilots.overdue(row, now()) else pilot_words.STATUS_KINDS[said],
        settled=_settled(case, row) if status in ("none", "prepared") else [],
        decide_by=pilots.decide_by(row) if row and row["started_at"] else None,
        late=bool(row) and pilots.overdue(row, now()),
        closed=pilots.closed(store(), case, now()) if status == "running" else [],
        way=route_words.way_name(row["route_code"]) if row and row["route_code"] else "",
        indicators=[drawn(row, one, read) for one, read in with_readings(row, measured)] if row else [],
        offered=_offered(case, measured) if status in ("none", "prepared") else [],
        rounds=feedback.of_pilot(store(), row["id"], now()) if row else [],
        incidents=told,
        halting=[one for one in told if one["severity"] == "stops" and not one["handled_at"]],
        checks=dict(pilot_facts.checks(row)) if row else {},
        round_kinds=pilot_words.ROUND_KINDS,
        severity_kinds=pilot_words.SEVERITY_KINDS,
        form=form,
        typed=request.form if form else {},
        errors=errors or {},
        summary=[(f"{name}-{form}", text) for name, text in (errors or {}).items()],
        notice=notice,
    )


def _settled(case: Case, row: Case | None) -> list[tuple[bool, str, str, str]]:
    """Return (settled, what, what to do, where) of all that a start needs, for the list in red and green."""
    return [
        (
            done,
            words.label("pilot_settled", code),
            "" if done else words.label("pilot_to_do", code),
            "" if done else _where(case, code),
        )
        for code, done in pilots.settled(store(), case, row, now())
    ]


def _where(case: Case, code: str) -> str:
    """Return the address where something red is put right; empty where it is not this person's to do."""
    if code in ("access_agreement", "access_prerequisite"):
        return url_for("agreements.show", pairing_id=case["id"])
    if code.startswith("access") or not may("pilot.edit", case):
        return ""
    form = "pilots.indicator" if code == "indicators" else "pilots.facts"
    anchors = {"not_past": "ends_on", "in_place": "starts_on", "runner": "runner_name", "signer": "signer_name"}
    form = "pilots.checks" if code in pilot_facts.CHECKS else form
    return url_for(form, pairing_id=case["id"], _anchor=None if code == "indicators" else anchors.get(code, code))


def with_readings(row: Case, measured: list[Case]) -> list[tuple[Case, list[Case]]]:
    """Return a pilot's indicators, each with its readings, those struck out too."""
    held = readings.of_pilot(store(), row["id"])
    return [(one, held.get(one["id"], [])) for one in measured]


def drawn(row: Case, indicator: Case, read: list[Case]) -> Case:
    """Return an indicator with its readings and, once the pilot has started, their picture."""
    standing = readings.standing(read)
    latest = standing[-1] if standing else None
    drawn = row["started_at"] and pilot_drawing.draw(indicator, standing, row["starts_on"], row["ends_on"], now()[:10])
    return {
        **indicator,
        "readings": list(reversed(read)),
        "latest": latest,
        "reached": indicators.reached(indicator, latest["value"]) if latest else None,
        "chart": drawn,
    }


def take(case: Case, step: Callable[[], Any], done: str, again: Callable[..., str], to: str = "") -> Any:
    """Take a step and go to the pilot's page, or to `to`; what stands in the way is told where it was typed.

    `again(errors=…, notice=…)` renders the page that the form was on.
    """
    try:
        step()
    except Invalid as error:
        return again(errors=forms.messages(error)), 422
    except Conflict as error:
        told = {"notice": words.sentence(error)}
        return page(case, **told) if error.code in NO_FORM else again(**told), 409
    flash(done, "success")
    return redirect(to or url_for("pilots.show", pairing_id=case["id"]), 303)


def required(case: Case) -> Case:
    """Return the case's pilot; a page about what happens in one is not there before it."""
    row = pilots.of_case(store(), case["id"])
    if row is None or not row["started_at"]:
        raise NotFound("pilot")
    return row


@blueprint.get("/pairings/<pairing_id>/pilot/facts")
@allowed("pilot.edit", cases.load)
def facts(case: Case) -> str:
    """Show the form for the facts of a pilot."""
    return _facts_page(case, "facts", FACTS)


@blueprint.post("/pairings/<pairing_id>/pilot/facts")
@allowed("pilot.edit", cases.load)
def save_facts(case: Case) -> Any:
    """Save the facts that the form held."""
    return _save(case, "facts", FACTS, _("The facts are saved."))


@blueprint.get("/pairings/<pairing_id>/pilot/checks")
@allowed("pilot.edit", cases.load)
def checks(case: Case) -> str:
    """Show the ethics and privacy check."""
    return _facts_page(case, "checks", CHECKS)


@blueprint.post("/pairings/<pairing_id>/pilot/checks")
@allowed("pilot.edit", cases.load)
def save_checks(case: Case) -> Any:
    """Save the answers of the ethics and privacy check."""
    return _save(case, "checks", CHECKS, _("The answers are saved."))


def _save(case: Case, form: str, names: tuple[str, ...], done: str) -> Any:
    typed = forms.read(names)
    if "route_code" in typed and typed["route_code"] not in {code for code, _name in _ways()}:
        typed["route_code"] = ""
    try:
        pilots.save(store(), person(), case["id"], typed, forms.revision(), now())
    except Invalid as error:
        return _facts_page(case, form, names, typed, forms.messages(error)), 422
    except Stale as error:
        saved = error.params["current"]
        return _facts_page(case, form, names, typed, stale=differing(saved, typed)), 409
    except Conflict as error:
        return _facts_page(case, form, names, typed, notice=words.sentence(error)), 409
    flash(done, "success")
    return redirect(url_for("pilots.show", pairing_id=case["id"]), 303)


def _facts_page(
    case: Case, form: str, names: tuple[str, ...], typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None, stale: list[str] | None = None, notice: str = "",
) -> str:  # fmt: skip
    row = pilots.of_case(store(), case["id"])
    saved = row or {**pilot_facts.EMPTY, "revision": 0, "started_at": None}
    # Who sees the two texts side by side and saves again means to replace the one that was saved.
    revision = saved["revision"] if typed is None or stale else forms.revision()
    return render_template(
        f"pilots/{form}.html",
        case=case,
        pilot=saved,
        values={**saved, **(typed or {})},
        revision=revision,
        errors=errors or {},
        stale=stale or [],
        notice=notice,
        names=names,
        answers=words.choices("check_answers"),
        ways=_ways(),
        chosen=_chosen_way(case),
        rules=_rules(),
    )


def _ways() -> list[tuple[str, str]]:
    """Return (code, name) of the ways to test or buy that the hub knows."""
    return [(way.code, route_words.said(way.name)) for way in route_words.guide().ways]


def _chosen_way(case: Case) -> str:
    """Return the way that was chosen for the case's need, as a first suggestion; empty when none was."""
    standing = routes.standing(store(), case["need_id"])
    return standing["way"] if standing else ""


def _rules() -> list[dict[str, str]]:
    """Return where the questions of the check come from, in the reader's language."""
    return [
        {
            **row,
            **{
                name: route_words.said({code: row[f"{name}_{code}"] for code in ("sv", "en")})
                for name in ("name", "text")
            },
        }
        for row in reference.rows("pilot_rules")
    ]


@blueprint.get("/pairings/<pairing_id>/pilot/indicator")
@allowed("pilot.edit", cases.load)
def indicator(case: Case) -> str:
    """Show the form for an indicator: a new one, or the one that the address names."""
    which = request.args.get("indicator", "")
    return _indicator_page(case, which, None if which else _brought(case, request.args.get("brought", "")))


def _offered(case: Case, measured: list[Case]) -> list[tuple[int, Case]]:
    """Return with their numbers the indicators that came with a copied need, but for those that are here already."""
    here = {one["name"] for one in measured}
    return [
        (number, one)
        for number, one in enumerate(copies.indicators_for(store(), case["need_id"]), 1)
        if one["name"] not in here
    ]


def _brought(case: Case, number: str) -> Case | None:
    """Return what a form begins with when it starts from an indicator that came with the need; the baseline is new."""
    found = {str(place): one for place, one in _offered(case, [])}.get(number)
    if found is None:
        return None
    return {name: words.figure(found[name], typed=True) if name == "target" else found[name] for name in copies.OFFERED}


@blueprint.post("/pairings/<pairing_id>/pilot/indicator")
@allowed("pilot.edit", cases.load)
def save_indicator(case: Case) -> Any:
    """Add or change an indicator."""
    typed, which = forms.read(indicators.REQUIRED), request.form.get("indicator", "")
    return take(
        case,
        lambda: indicators.save(store(), person(), case["id"], which, typed, now()),
        _("The indicator is saved."),
        lambda **told: _indicator_page(case, which, typed, **told),
    )


@blueprint.post("/pairings/<pairing_id>/pilot/indicator/remove")
@allowed("pilot.edit", cases.load)
def remove_indicator(case: Case) -> Any:
    """Take an indicator away before the start."""
    which = request.form.get("indicator", "")
    step = lambda: indicators.remove(store(), person(), case["id"], which, now())  # noqa: E731 — as beside it
    return take(case, step, _("The indicator is taken away."), lambda **told: page(case, **told))


def _indicator_page(
    case: Case, which: str, typed: dict[str, Any] | None = None, errors: dict[str, str] | None = None, notice: str = ""
) -> str:
    row = pilots.of_case(store(), case["id"])
    held = {one["id"]: one for one in (indicators.of_pilot(store(), row["id"]) if row else [])}
    if which and which not in held:
        raise NotFound("indicator")
    saved = {**held[which]} if which else {}
    saved |= {name: words.figure(saved[name], typed=True) for name in ("baseline", "target") if name in saved}
    return render_template(
        "pilots/indicator.html", case=case, which=which, values={**saved, **(typed or {})}, errors=errors or {},
        notice=notice, started=bool(row and row["started_at"]),
    )  # fmt: skip


@blueprint.post("/pairings/<pairing_id>/pilot/start")
@allowed("pilot.edit", cases.load)
def start(case: Case) -> Any:
    """Start the pilot when nothing is red."""
    done = _("The pilot is started, and everybody in the case has been told.")
    return take(
        case, lambda: pilots.start(store(), person(), case["id"], now()), done, lambda **told: page(case, **told)
    )
