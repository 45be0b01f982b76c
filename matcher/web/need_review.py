"""A broker's review of a need: the text with its gaps marked beside it, publish, or send back with a comment."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import need_review, needs, record
from ..hub.clock import later
from ..hub.errors import Conflict, Invalid, Stale
from . import forms, need_words, words
from .access import allowed, now, person, settings, store
from .needs import blueprint, changed


@blueprint.get("/needs/<need_id>/review")
@allowed("need.review", needs.load)
def review(need: dict[str, Any]) -> Any:
    """Show a submitted need to be decided about; one that is decided already shows itself."""
    if need["status"] != "submitted":
        flash(_("This need is not waiting for review: somebody has decided, or it was not sent."), "info")
        return redirect(url_for("needs.show", need_id=need["id"]))
    reason = request.args.get("reason", "")
    reason = reason if reason in need_review.RETURN_REASONS else need_words.likely_reason(need)
    return _page(need, {"reason": reason, "comment": need_words.return_text(reason, need["language"])})


def _page(need: dict[str, Any], typed: dict[str, Any], errors: dict[str, str] | None = None, notice: str = "") -> str:
    marks = need_words.marked(need)
    return render_template(
        "needs/review.html",
        need=need,
        typed=typed,
        errors=errors or {},
        notice=notice,
        marks=marks,
        ready=[(code, need_words.return_text(code, need["language"])) for code in need_review.RETURN_REASONS],
        due=later(need["submitted_at"], days=settings().review_days),
        returned=[row for row in record.history(store(), "need", need["id"]) if row["action"] == "need.return"],
    )


@blueprint.post("/needs/<need_id>/publish")
@allowed("need.review", needs.load)
def publish(need: dict[str, Any]) -> Any:
    """Publish the text that was read; another text, or a decided need, is a conflict."""
    try:
        need_review.publish(store(), person(), need["id"], now(), revision=forms.revision())
    except Stale as error:
        newest = needs.load(store(), person(), need["id"])
        reason = need_words.likely_reason(newest)
        typed = {"reason": reason, "comment": need_words.return_text(reason, newest["language"])}
        return _page(newest, typed, notice=words.sentence(error)), 409
    changed(need["id"])
    flash(_("Published. The owner has been told, and the startups are being ranked."), "success")
    return redirect(url_for("needs.show", need_id=need["id"]), 303)


@blueprint.post("/needs/<need_id>/return")
@allowed("need.review", needs.load)
def send_back(need: dict[str, Any]) -> Any:
    """Send the need back to its owner with a reason and a comment."""
    if need["status"] != "submitted":
        raise Conflict("need_already_decided")
    typed = forms.read(("reason", "comment"))
    if said := _said_otherwise(need, typed):
        return _page(need, typed, {"comment": said}), 422
    try:
        need_review.send_back(store(), person(), need["id"], typed.get("reason", ""), typed.get("comment", ""), now())
    except Invalid as error:
        return _page(need, typed, forms.messages(error)), 422
    flash(_("Sent back. The owner has been told what to change."), "success")
    return redirect(url_for("needs.show", need_id=need["id"]), 303)


def _said_otherwise(need: dict[str, Any], typed: dict[str, Any]) -> str:
    """Return what is wrong with a comment that is the ready-made one of another reason than the one chosen.

    Both are kept: the owner reads the comment, the record tells the reason.
    """
    comment = " ".join(typed.get("comment", "").split())
    for code in need_review.RETURN_REASONS:
        if comment and comment == need_words.return_text(code, need["language"]) and code != typed.get("reason"):
            return _(
                "This is the ready-made comment for “%(reason)s”, and another reason is chosen. Change one of the two.",
                reason=words.label("return_reasons", code),
            )
    return ""
