"""Interests: a startup says what it would do about a need; a broker answers by the promised day."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import clock, conflicts, interests, need_content, needs, reasons
from ..hub.errors import Conflict, Invalid
from . import forms, words
from .access import allowed, now, person, settings, store
from .pairings import blueprint

Row = dict[str, Any]


@blueprint.get("/interests")
@allowed("account")
def interest_list() -> str:
    """Show the interests that this person may see: a startup its own, a broker all."""
    page = forms.page()
    found, total = interests.listing(store(), person(), now(), page=page)
    return render_template(
        "interests/listing.html",
        rows=found,
        page=page,
        pages=max(-(-total // interests.PAGE), 1),
        page_url=lambda number: url_for("pairings.interest_list", page=number),
    )


@blueprint.get("/needs/<need_id>/interest")
@allowed("interest.create", needs.load)
def express(need: Row) -> str:
    """Show the form for expressing interest beside what the need asks."""
    return _form(need, {})


@blueprint.post("/needs/<need_id>/interest")
@allowed("interest.create", needs.load)
def send_interest(need: Row) -> Any:
    """Send an interest to the brokers."""
    typed = forms.read(("startup_id", "message", "ties"))
    given = (typed.get("startup_id", ""), typed.get("message", ""))
    days = settings().review_days
    try:
        interest_id = interests.create(store(), person(), need["id"], *given, now(), days, ties=typed.get("ties", ""))
    except Invalid as error:
        return _form(need, typed, forms.messages(error)), 422
    except Conflict as error:
        return _form(need, typed, notice=words.sentence(error)), 409
    flash(_("Your interest has been sent. You get an answer by the day below."), "success")
    return redirect(url_for("pairings.interest", interest_id=interest_id), 303)


def _form(need: Row, typed: Row, errors: dict[str, str] | None = None, notice: str = "") -> str:
    return render_template(
        "interests/express.html",
        need=need,
        profiles=interests.profiles(store(), person(), need["id"]),
        competing=interests.competition(store(), [need["id"]]).get(need["id"], 0),
        open=need["status"] == "published" and not need_content.expired(need, now()),
        typed=typed,
        errors=errors or {},
        notice=notice,
        answer_by=clock.later(now(), days=settings().review_days),
    )


@blueprint.get("/interests/<interest_id>")
@allowed("interest.view", interests.load)
def interest(row: Row) -> str:
    """Show one interest, its answer or the day it is promised, and what this person may do."""
    return _page(row)


def _page(row: Row, form: str = "", errors: dict[str, str] | None = None, notice: str = "") -> str:
    return render_template(
        "interests/show.html",
        row=row,
        status=interests.status(row, now()),
        conflict=conflicts.standing_one(store(), row["need_id"], row["startup_id"]),
        reasons={"decline": reasons.INTEREST, "withdraw": reasons.WITHDRAW},
        form=form,
        typed=request.form if form else {},
        errors=errors or {},
        notice=notice,
        answer_days=settings().answer_days,
    )


@blueprint.post("/interests/<interest_id>/decline")
@allowed("interest.answer", interests.load)
def decline_interest(row: Row) -> Any:
    """Answer with no and a reason."""
    return _decide(row, "decline", interests.decline, _("Answered. The startup has been told the reason."))


@blueprint.post("/interests/<interest_id>/withdraw")
@allowed("interest.withdraw", interests.load)
def withdraw_interest(row: Row) -> Any:
    """Take an interest back."""
    return _decide(row, "withdraw", interests.withdraw, _("Withdrawn. The brokers have been told."))


def _decide(row: Row, form: str, step: Any, done: str) -> Any:
    given = forms.read(("reason", "note"))
    try:
        step(store(), person(), row["id"], given.get("reason", ""), given.get("note", ""), now())
    except Invalid as error:
        return _page(row, form, forms.messages(error)), 422
    except Conflict as error:
        return _page(interests.load(store(), person(), row["id"]), form, notice=words.sentence(error)), 409
    flash(done, "success")
    return redirect(url_for("pairings.interest", interest_id=row["id"]), 303)
