"""Handling cases: the board of all, and of one its log with the hours of support and who holds it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import board as boards
from ..hub import case_log, cases, holders, people, still
from ..hub.catalogue import swedish_key
from ..hub.errors import Conflict, Invalid
from . import forms, timeline, words
from .access import allowed, may, now, person, settings, store
from .handling_words import hours

blueprint = Blueprint("cases", __name__)

Case = dict[str, Any]
NOTE = ("kind", "text", "hours", "on_day", "visible")
HOLDER = ("holder_id", "substitute_id")


@blueprint.get("/pairings/board")
@allowed("desk")
def board() -> str:
    """Show every case, or one's own, in the column of its stage."""
    mine = request.args.get("mine") == "yes"
    return render_template(
        "cases/board.html",
        columns=boards.columns(store(), person(), now(), mine=mine, review_days=settings().review_days),
        mine=mine,
        actors=timeline.actors,
    )


@blueprint.get("/pairings/<pairing_id>/log")
@allowed("pairing.view", cases.load)
def log(case: Case) -> str:
    """Show a case's log, the hours of support, and who holds it."""
    return _log_page(case)


def _log_page(
    case: Case, form: str = "", typed: dict[str, Any] | None = None, errors: dict[str, str] | None = None,
    notice: str = "",
) -> str:  # fmt: skip
    """Return the log's page; `form` names the one that was sent, whose fields come back as they were typed."""
    page = forms.page()
    rows, total = case_log.of_case(store(), person(), case["id"], page)
    return render_template(
        "cases/log.html",
        case=case,
        rows=[{**row, "may_strike": case_log.may_strike(person(), case, row)} for row in rows],
        page=page,
        pages=max(-(-total // case_log.PAGE), 1),
        page_url=lambda number: url_for("cases.log", pairing_id=case["id"], page=number),
        spent=case_log.minutes(store(), person(), case["id"]),
        held=holders.of_case(store(), case),
        earlier=holders.history(store(), case["id"])[1:],
        brokers=_brokers() if may("case.hold", case) else [],
        values={"kind": "log", "visible": "all", "on_day": now()[:10], **((typed or {}) if form == "write" else {})},
        chosen=typed if form == "hand" else None,
        errors=errors or {},
        stopped=notice,
        hours=hours,
        still_days=still.days(store(), case, now()),
        asked=still.asked(store(), case),
    )


def _brokers() -> list[tuple[str, str]]:
    rows = sorted(people.with_role(store(), "broker"), key=lambda row: swedish_key(row["name"]))
    return [(row["id"], row["name"]) for row in rows]


@blueprint.post("/pairings/<pairing_id>/log")
@allowed("case.log", cases.load)
def write(case: Case) -> Any:
    """Keep an entry in the log."""
    typed = forms.read(NOTE)
    try:
        case_log.write(store(), person(), case["id"], typed, now())
    except Invalid as error:
        return _log_page(case, "write", typed, forms.messages(error)), 422
    flash(_("The entry is kept."), "success")
    return redirect(url_for("cases.log", pairing_id=case["id"]), 303)


@blueprint.post("/pairings/<pairing_id>/log/strike")
@allowed("case.log", cases.load)
def strike(case: Case) -> Any:
    """Strike an entry out; it stays readable, and its time no longer counts."""
    try:
        case_log.strike(store(), person(), case["id"], request.form.get("note_id", "").replace("\x00", ""), now())
    except Conflict as error:
        return _log_page(case, notice=words.sentence(error)), 409
    flash(_("The entry is struck out. Its time no longer counts."), "success")
    return redirect(url_for("cases.log", pairing_id=case["id"]), 303)


@blueprint.post("/pairings/<pairing_id>/holder")
@allowed("case.hold", cases.load)
def hand(case: Case) -> Any:
    """Name who holds the case and who steps in."""
    typed = forms.read(HOLDER)
    try:
        changed = holders.hand(store(), person(), case["id"], typed, now())
    except Invalid as error:
        return _log_page(case, "hand", typed, forms.messages(error)), 422
    except Conflict as error:
        return _log_page(case, "hand", typed, notice=words.sentence(error)), 409
    flash(_("Kept, and they have been told.") if changed else _("Nothing was changed."), "success")
    return redirect(url_for("cases.log", pairing_id=case["id"]), 303)
