"""Questions about a need: asked by one, answered to all who have it open; and the ledger of who was told what."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from ..hub import needs, questions
from ..hub.errors import Conflict, Invalid
from ..hub.need_content import expired
from . import forms, words
from .access import allowed, now, person, settings, store

blueprint = Blueprint("questions", __name__)

Need = dict[str, Any]


@blueprint.get("/needs/<need_id>/questions")
@allowed("question.view", needs.load)
def show(need: Need) -> str:
    """Show what has been asked and answered about a need; to its own side also who was told, to be printed."""
    return _page(need)


def _page(
    need: Need, typed: dict[str, Any] | None = None, errors: dict[str, str] | None = None, which: str = "",
    notice: str = "",
) -> str:  # fmt: skip
    """Return the page; `which` is the question whose answer was sent, whose fields come back as they were typed."""
    return render_template(
        "questions/show.html",
        need=need,
        rows=questions.of_need(store(), person(), need),
        told=questions.ledger(store(), person(), need),
        open=bool(need["published_at"]) and not need["closed_at"] and not expired(need, now()),
        typed=typed or {},
        errors=errors or {},
        summary=[(f"{name}-{which}" if which else name, text) for name, text in (errors or {}).items()],
        which=which,
        stopped=notice,
    )


@blueprint.post("/needs/<need_id>/questions")
@allowed("question.ask", needs.load)
def ask(need: Need) -> Any:
    """Ask a question."""
    typed = forms.read(("asked",))
    try:
        questions.ask(store(), person(), need["id"], typed.get("asked", ""), now(), settings().review_days)
    except Invalid as error:
        return _page(need, typed, forms.messages(error)), 422
    except Conflict as error:
        return _page(need, typed, notice=words.sentence(error)), 409
    flash(
        _("Your question is on its way. The answer goes to all who have the need open, without your name."), "success"
    )
    return redirect(url_for("questions.show", need_id=need["id"]), 303)


@blueprint.post("/needs/<need_id>/questions/answer")
@allowed("need.route", needs.load)
def answer(need: Need) -> Any:
    """Answer a question to all who have the need open."""
    typed, which = forms.read(("question", "answer")), request.form.get("question_id", "").replace("\x00", "")
    try:
        told = questions.answer(store(), person(), need["id"], which, typed, now())
    except Invalid as error:
        return _page(need, typed, forms.messages(error), which), 422
    except Conflict as error:
        return _page(need, typed, which=which, notice=words.sentence(error)), 409
    flash(ngettext("Answered, and %(num)s person has been told.", "Answered, and %(num)s people have been told.", told))
    return redirect(url_for("questions.show", need_id=need["id"]), 303)
