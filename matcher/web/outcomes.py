"""What came of a case: its forms by secret link and on the case, the answers that stand, and their correction."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import cases, limits, outcome_links, outcomes
from ..hub.errors import Conflict, Invalid
from ..hub.permissions import can
from . import forms, words
from .access import allowed, may, now, person, place, store, viewer

blueprint = Blueprint("outcomes", __name__)

Row = dict[str, Any]
# Answers from one place within a quarter of an hour.
ANSWERS_FROM_ONE = 60
IN_USE_KINDS = {"yes": "success", "partly": "warning", "no": "neutral"}
# The first organisations of an answer stand in fields of their own, which offer the hub's names.
PLACES = 3


@blueprint.get("/pairings/<pairing_id>/outcome")
@allowed("pairing.view", cases.load)
def show(case: Row) -> str:
    """Show when each form is due, what was answered, and what one may answer or correct."""
    begun = outcomes.begun(store(), case)
    company = may("outcome.company", case)
    return render_template(
        "outcomes/show.html",
        case=case,
        begun=begun,
        due=outcomes.due_days(begun) if begun else {},
        current=outcomes.current(begun, now()),
        answers=outcomes.standing_answers(store(), case["id"]),
        company=outcomes.standing_answers(store(), case["id"], "startup") if company else {},
        kinds=IN_USE_KINDS,
    )


@blueprint.get("/pairings/<pairing_id>/outcome/answer")
@allowed("outcome.answer", cases.load)
def answer_form(case: Row) -> Any:
    """Show the owner's form: the one that is due, or an answer to correct (`?month=`)."""
    return _form(case, "owner")


@blueprint.post("/pairings/<pairing_id>/outcome/answer")
@allowed("outcome.answer", cases.load)
def answer(case: Row) -> Any:
    """Keep or correct the owner's answer."""
    return _keep(case, "owner")


@blueprint.get("/pairings/<pairing_id>/outcome/company")
@allowed("outcome.company", cases.load)
def company_form(case: Row) -> Any:
    """Show the startup's form: two numbers."""
    return _form(case, "startup")


@blueprint.post("/pairings/<pairing_id>/outcome/company")
@allowed("outcome.company", cases.load)
def answer_company(case: Row) -> Any:
    """Keep or correct the startup's two numbers."""
    return _keep(case, "startup")


@blueprint.get("/outcome/<outcome_token>")
@allowed("public", lambda store, _viewer, outcome_token: outcome_links.load(store, outcome_token))
def by_link(link: Row) -> str:
    """Show the form that a secret link opens, or the answers that stand."""
    return _link_page(link)


@blueprint.post("/outcome/<outcome_token>")
@allowed("public", lambda store, _viewer, outcome_token: outcome_links.load(store, outcome_token))
def answer_by_link(link: Row) -> Any:
    """Keep the answer that came by link; the first one counts."""
    limits.count(store(), f"outcome-from:{place()}", ANSWERS_FROM_ONE, now())
    typed = _typed(link["side"])
    try:
        outcome_links.answer(store(), viewer(), link["token"], typed, now())
    except Invalid as error:
        return _link_page(link, typed, forms.messages(error)), 422
    except Conflict as error:
        return _link_page(link, typed, notice=words.sentence(error)), 409
    flash(_("Thank you. Your answer is kept, and the others have been told."), "success")
    return redirect(url_for("outcomes.by_link", outcome_token=link["token"]), 303)


def _link_page(link: Row, typed: Row | None = None, errors: dict[str, str] | None = None, notice: str = "") -> str:
    begun, side = outcomes.begun(store(), link), link["side"]
    month = outcome_links.month(store(), link, now())
    standing = outcomes.standing_answers(store(), link["id"], side)
    who = viewer()
    return render_template(
        "outcomes/by_link.html",
        case=link,
        side=side,
        month=month,
        due_on=outcomes.due_days(begun)[month] if begun else None,
        answer=standing.get(month),
        open=outcome_links.is_open(store(), link, now()),
        followed=begun is not None,
        corrects=can(who, outcomes.ACTIONS[side], link),
        typed=typed or {},
        kept=_said(typed) if notice and typed else [],
        errors=errors or {},
        notice=notice,
        kinds=IN_USE_KINDS,
        **_choices(side, typed or {}),
    )


def _form(
    case: Row, side: str, typed: Row | None = None, errors: dict[str, str] | None = None, notice: str = ""
) -> Any:
    standing = outcomes.standing_answers(store(), case["id"], side)
    month = _month(standing) or outcomes.current(outcomes.begun(store(), case), now())
    if month is None:
        flash(_("No form is due in this case yet. Below is when the first one is."), "info")
        return redirect(url_for("outcomes.show", pairing_id=case["id"]))
    stands = standing.get(month)
    shown = typed if typed is not None else _as_typed(stands) if stands else {}
    return render_template(
        "outcomes/form.html",
        case=case,
        side=side,
        month=month,
        answer=stands,
        typed=shown,
        kept=_said(typed) if notice and typed else [],
        errors=errors or {},
        notice=notice,
        **_choices(side, shown),
    )


def _month(standing: dict[int, Row]) -> int | None:
    """Return the month that the address or the form names, when there is an answer of it to correct."""
    text = request.values.get("month", "")
    return next((month for month in standing if str(month) == text), None)


def _keep(case: Row, side: str) -> Any:
    typed, text = _typed(side), request.form.get("month", "")
    month = next((month for month in outcomes.MONTHS if str(month) == text), 0)
    try:
        if not month:
            raise Conflict("outcome_not_due")
        seen = request.form.get("seen", "")
        outcomes.answer(store(), person(), case["id"], side, month, typed, seen, now())
    except Invalid as error:
        return _form(case, side, typed, forms.messages(error)), 422
    except Conflict as error:
        return _form(case, side, typed, notice=words.sentence(error)), 409
    flash(_("Your answer is kept, and the others have been told."), "success")
    return redirect(url_for("outcomes.show", pairing_id=case["id"]), 303)


def _typed(side: str) -> Row:
    """Return what the form held; where it has spread comes from fields of their own and a text of lines."""
    if side == "startup":
        return forms.read(outcomes.COMPANY_FIELDS)
    given = forms.read(outcomes.FIELDS, ("perspectives",))
    places = [place for place in request.form.getlist("place") if place.strip()]
    return {**given, "spread": "\n".join([*places, given.get("spread", "")]).strip()}


def _as_typed(answer: Row) -> Row:
    """Return an answer as the form holds it."""
    return {**answer, "spread": "\n".join(place["name"] for place in answer.get("spread", []))}


def _choices(side: str, typed: Row) -> Row:
    """Return what the owner's form offers: the hub's organisations, and where it has spread in its two places."""
    if side == "startup":
        return {}
    lines = [line for line in typed.get("spread", "").split("\n") if line.strip()]
    places = [*lines[:PLACES], *[""] * (PLACES - len(lines[:PLACES]))]
    return {"organisations": outcomes.organisations(store()), "places": places, "more": "\n".join(lines[PLACES:])}


def _said(typed: Row) -> list[str]:
    """Return the texts of a form that was not saved, so that none is lost."""
    group = words.LABELS["outcome_fields"]
    return [f"{group.get(name, name)}: {value}" for name, value in typed.items() if isinstance(value, str) and value]


@blueprint.after_request
def _never_stored(response: Response) -> Response:
    """Keep what a secret link shows out of every cache, for visitors too."""
    response.headers["Cache-Control"] = "no-store"
    return response
