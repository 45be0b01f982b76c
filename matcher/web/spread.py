"""Spread from a case: who uses the solution, a pilot copied into a draft, a question to those who have done it.

What brokers do of their own accord, the radar and the drawer, is in `radar`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import adopters, askings, cases, copies, limits, need_catalogue, needs, pilot_lessons
from ..hub.errors import Conflict, Invalid, NotFound
from . import forms, words
from .access import allowed, may, now, person, store, viewer
from .ranking import ranker, saved
from .route_words import guide, said

blueprint = Blueprint("spread", __name__)

Row = dict[str, Any]
QUESTIONS_A_QUARTER = 10  # of an hour and a person, before any is looked at
LESSONS = 3
USE_KINDS = {"yes": "success", "partly": "warning"}


@blueprint.get("/pairings/<pairing_id>/spread")
@allowed("spread.view", cases.load)
def show(case: Row) -> str:
    """Show to those in a case who else uses the solution, who has copied the pilot, and what was asked."""
    return _page(case)


def _page(case: Row, notice: str = "") -> str:
    who = person()
    inside = bool({"owner", "broker"} & set(cases.sides(who, case)))
    return render_template(
        "spread/show.html",
        case=case,
        adopters=adopters.of_startup(store(), who, case["startup_id"]),
        kinds=USE_KINDS,
        copied=copies.of_case(store(), who, case["id"]),
        consent=askings.consent(store(), case["id"]),
        questions=askings.questions(store(), case["id"]) if inside else [],
        inside=inside,
        notice=notice,
    )


@blueprint.post("/pairings/<pairing_id>/spread/open")
@allowed("spread.open", cases.load)
def open_case(case: Row) -> Any:
    """Say that others may ask about a case."""
    done = _("Others may ask you now. A question comes as mail to your people; your addresses stay inside.")
    return _say(case, lambda: askings.opened(store(), person(), case["id"], now()), done)


@blueprint.post("/pairings/<pairing_id>/spread/close")
@allowed("spread.open", cases.load)
def close_case(case: Row) -> Any:
    """Say that nobody may ask any more."""
    done = _("Nobody can ask you about this case any more.")
    return _say(case, lambda: askings.closed(store(), person(), case["id"], now()), done)


def _say(case: Row, step: Callable[[], None], done: str) -> Any:
    try:
        step()
    except Conflict as error:
        return _page(case, words.sentence(error)), 409
    flash(done, "success")
    return redirect(url_for("spread.show", pairing_id=case["id"]), 303)


@blueprint.get("/pairings/<pairing_id>/copy")
@allowed("spread.copy", copies.source)
def copy_form(found: Row) -> str:
    """Show what a copy of a pilot brings, and ask whose draft it becomes."""
    return _copy_page(found)


@blueprint.post("/pairings/<pairing_id>/copy")
@allowed("spread.copy", copies.source)
def copy(found: Row) -> Any:
    """Make the draft and go on to its text."""
    chosen = request.form.get("organisation_id", "")
    try:
        need_id = copies.copy(store(), person(), found["id"], chosen, now())
    except Invalid as error:
        return _copy_page(found, chosen, forms.messages(error)), 422
    except Conflict as error:
        return _copy_page(found, chosen, notice=words.sentence(error)), 409
    saved("need", needs.load(store(), person(), need_id))
    flash(_("The draft is made. Change what was theirs to what is yours, a page at a time."), "success")
    return redirect(url_for("needs.edit", need_id=need_id, step="title"), 303)


def _copy_page(found: Row, chosen: str = "", errors: dict[str, str] | None = None, notice: str = "") -> str:
    choices = need_catalogue.posting_for(store(), person())
    own = set(person().organisations("owner"))
    offered = [one for one in choices if person().has("broker") or one[0] in own]
    return render_template(
        "spread/copy.html",
        found=found,
        brought=told(copies.brought(store(), found)),
        offered=offered,
        chosen=chosen or (offered[0][0] if len(offered) == 1 else ""),
        errors=errors or {},
        notice=notice,
    )


def told(brought: Row) -> Row:
    """Return what a copy brought, with the way and the lines of its checklist in words as far as they are known."""
    way = guide().way(brought["way"]) if brought["way"] else None
    texts = {item.id: said(item.text) for item in way.items} if way else {}
    items = [texts[item] for item in brought["checklist"] if item in texts]
    return {**brought, "way": said(way.name) if way else "", "checklist": items}


@blueprint.get("/pairings/<pairing_id>/ask")
@allowed("spread.ask", askings.load)
def ask_form(found: Row) -> str:
    """Show the form of a question to those who have done it, and what one has asked before."""
    return _ask_page(found)


@blueprint.post("/pairings/<pairing_id>/ask")
@allowed("spread.ask", askings.load)
def ask(found: Row) -> Any:
    """Send a question."""
    limits.count(store(), f"asking:{person().person_id}", QUESTIONS_A_QUARTER, now())
    text = request.form.get("text", "")
    try:
        askings.ask(store(), person(), found["id"], text, now())
    except Invalid as error:
        return _ask_page(found, text, forms.messages(error)), 422
    except Conflict as error:
        return _ask_page(found, text, notice=words.sentence(error)), 409
    flash(_("Sent. They answer you by mail, to the address of your account."), "success")
    return redirect(url_for("spread.ask_form", pairing_id=found["id"]), 303)


def _ask_page(found: Row, text: str = "", errors: dict[str, str] | None = None, notice: str = "") -> str:
    return render_template(
        "spread/ask.html", found=found, text=text, errors=errors or {}, notice=notice, limit=askings.LIMIT,
        asked=askings.asked_by(store(), person(), found["id"]),
    )  # fmt: skip


@blueprint.get("/needs/<need_id>/lessons")
@allowed("need.route", needs.load)
def lessons(need: Row) -> str:
    """Show what was learned in pilots like a need; its pages fetch it afterwards, so that nobody waits for it."""
    known = pilot_lessons.known(store(), person(), need["id"])
    near = ranker().near_to(need, [row["need_id"] for row in known]).nearest(need["id"], LESSONS) if known else []
    by_need: dict[str, list[Row]] = {}
    for row in known:
        by_need.setdefault(row["need_id"], []).append(row)
    part = request.headers.get("HX-Request") == "true"
    return render_template(
        "spread/_near_lessons.html" if part else "spread/lessons.html",
        need=need,
        near=[row for name, _score in near for row in by_need[name]],
    )


def beside(pairing_id: str) -> Row:
    """Return what stands beside a released case: who uses the solution, and whether one may copy and ask."""
    who = viewer()
    return {
        "adopters": adopters.of_case(store(), who, pairing_id),
        "kinds": USE_KINDS,
        "copies": may("spread.copy") and _there(copies.source, pairing_id),
        "asks": may("spread.ask") and _there(askings.load, pairing_id),
    }


def _there(load: Callable[..., Row], pairing_id: str) -> bool:
    try:
        load(store(), viewer(), pairing_id)
    except NotFound:
        return False
    return True


def copied_from(need: Row, inside: bool) -> Row | None:
    """Return what a need was copied from and brought, for its own side and the brokers."""
    found = copies.of_need(store(), viewer(), need["id"]) if inside else None
    return {**found, "brought": told(found["brought"])} if found else None
