"""Feedback rounds: opened and read by the sides of a case, answered on a phone by a secret link without an account."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _

from ..hub import cases, feedback, limits, pilots
from ..hub.errors import Conflict, Invalid, NotFound
from . import forms, pilot_words, words
from .access import allowed, now, person, place, settings, store

blueprint = Blueprint("feedback", __name__)

Row = dict[str, Any]
# Within a quarter of an hour: one address, which may be a whole workplace behind one door, and one round.
ANSWERS_FROM_ONE, ANSWERS_OF_ROUND = 60, 300


@blueprint.get("/pairings/<pairing_id>/pilot/feedback")
@allowed("feedback.open", cases.load)
def ask(case: Row) -> str:
    """Show the form that opens a round."""
    return _ask_page(case, {"days": feedback.ROUND_DAYS})


@blueprint.post("/pairings/<pairing_id>/pilot/feedback")
@allowed("feedback.open", cases.load)
def start(case: Row) -> Any:
    """Open a round and show its link."""
    typed = forms.read(("question", "days"))
    question, days = typed.get("question", ""), typed.get("days", "")
    try:
        round_id, token = feedback.open_round(store(), person(), case["id"], question, days, now())
    except Invalid as error:
        return _ask_page(case, typed, forms.messages(error)), 422
    except Conflict as error:
        return _ask_page(case, typed, notice=words.sentence(error)), 409
    return _with_link(case, round_id, token, _("The round is open, and the sides have got the link by mail."))


def _ask_page(case: Row, values: Row, errors: dict[str, str] | None = None, notice: str = "") -> str:
    row = pilots.of_case(store(), case["id"])
    if row is None or not row["started_at"]:
        raise NotFound("pilot")
    return render_template("feedback/ask.html", case=case, values=values, errors=errors or {}, notice=notice)


def _with_link(case: Row, round_id: str, token: str, done: str) -> Any:
    """Go to the round's page, which shows its link this once: only a hash of it is kept."""
    session["feedback_link"] = [round_id, token]
    flash(done, "success")
    return redirect(url_for("feedback.show", pairing_id=case["id"], feedback_id=round_id), 303)


@blueprint.get("/pairings/<pairing_id>/pilot/feedback/<feedback_id>")
@allowed("pairing.view", feedback.load)
def show(case: Row) -> str:
    """Show one round: its answers, what the startup changed, and its link right after it was made."""
    return _page(case)


def _page(case: Row, errors: dict[str, str] | None = None, notice: str = "", typed: str | None = None) -> str:
    found = case["round"]
    row = next(one for one in feedback.of_pilot(store(), found["pilot_id"], now()) if one["id"] == found["id"])
    held = session.get("feedback_link") or ["", ""]
    token = held[1] if held[0] == row["id"] else ""
    if token and request.method == "GET":
        session.pop("feedback_link")
    page, total = forms.page(), feedback.texts(store(), row["id"])
    return render_template(
        "feedback/show.html",
        case=case,
        round=row,
        address=settings().base_url + url_for("feedback.form", feedback_token=token) if token else "",
        answers=feedback.answers(store(), row["id"], page),
        texts=total,
        page=page,
        pages=max(-(-total // feedback.PAGE), 1),
        page_url=lambda number: url_for("feedback.show", pairing_id=case["id"], feedback_id=row["id"], page=number),
        kinds=pilot_words.ROUND_KINDS,
        changed=row["changed"] if typed is None else typed,
        errors=errors or {},
        notice=notice,
    )


@blueprint.post("/pairings/<pairing_id>/pilot/feedback/<feedback_id>/link")
@allowed("feedback.open", feedback.load)
def renew(case: Row) -> Any:
    """Make a new link for the round; the old one no longer works."""
    try:
        token = feedback.renew_link(store(), person(), case["id"], case["round"]["id"], now())
    except Conflict as error:
        return _page(case, notice=words.sentence(error)), 409
    return _with_link(case, case["round"]["id"], token, _("There is a new link. The old one no longer works."))


@blueprint.post("/pairings/<pairing_id>/pilot/feedback/<feedback_id>/close")
@allowed("feedback.open", feedback.load)
def close(case: Row) -> Any:
    """Close the round before its day."""
    try:
        feedback.close(store(), person(), case["id"], case["round"]["id"], now())
    except Conflict as error:
        return _page(case, notice=words.sentence(error)), 409
    flash(_("The feedback round is closed."), "success")
    return redirect(_address(case), 303)


@blueprint.post("/pairings/<pairing_id>/pilot/feedback/<feedback_id>/changed")
@allowed("feedback.answer", feedback.load)
def say_changed(case: Row) -> Any:
    """Keep what the startup changed after the round."""
    text = request.form.get("changed", "")
    try:
        feedback.say_changed(store(), person(), case["id"], case["round"]["id"], text, now())
    except Invalid as error:
        return _page(case, forms.messages(error), typed=text), 422
    except Conflict as error:
        return _page(case, notice=words.sentence(error), typed=text), 409
    flash(_("Saved, and the others have been told."), "success")
    return redirect(_address(case), 303)


def _address(case: Row) -> str:
    return url_for("feedback.show", pairing_id=case["id"], feedback_id=case["round"]["id"])


def _by_token(store_: Any, viewer: Any, feedback_token: str) -> Row:
    """Return the round of a link, for whoever holds it."""
    return {**feedback.by_token(store_, feedback_token, now()), "token": feedback_token}


@blueprint.get("/feedback/<feedback_token>")
@allowed("public", _by_token)
def form(row: Row) -> str:
    """Show the question to whoever holds the link, or say that the round is closed and whom to ask."""
    return _answer_page(row)


@blueprint.post("/feedback/<feedback_token>")
@allowed("public", _by_token)
def answer(row: Row) -> Any:
    """Take one answer; nothing is kept of who gave it."""
    limits.count(store(), f"feedback-from:{place()}", ANSWERS_FROM_ONE, now())
    limits.count(store(), f"feedback:{row['id']}", ANSWERS_OF_ROUND, now())
    grade, text = request.form.get("grade", ""), request.form.get("text", "")
    try:
        feedback.answer(store(), row["token"], grade, text, now())
    except Invalid as error:
        return _answer_page(row, forms.messages(error)), 422
    except Conflict as error:
        fresh = {**feedback.by_token(store(), row["token"], now()), "token": row["token"]}
        return _answer_page(fresh, notice=words.sentence(error)), 409
    return redirect(url_for("feedback.thanks", feedback_token=row["token"]), 303)


@blueprint.get("/feedback/<feedback_token>/thanks")
@allowed("public", _by_token)
def thanks(row: Row) -> str:
    """Thank for an answer, and offer the form to the next who holds the phone."""
    return render_template("feedback/thanks.html", round=row)


def _answer_page(row: Row, errors: dict[str, str] | None = None, notice: str = "") -> str:
    return render_template(
        "feedback/form.html", round=row, typed=request.form, errors=errors or {}, notice=notice,
        grades=words.choices("grades"), limit=feedback.TEXT_LIMIT,
    )  # fmt: skip
