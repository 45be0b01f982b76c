"""The route of a need: a few questions, the ways they lead to, the choice with its checklist, and innovation."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from ..hub import route_notes, routes
from ..hub.clock import day
from ..hub.errors import Conflict, Invalid, Stale
from ..hub.route_guide import QUESTIONS, UNKNOWN, Guide
from ..hub.route_rules import Standing, advise, amounts, unknown
from . import forms, route_words, words
from .access import allowed, now, person, store
from .route_words import guide

blueprint = Blueprint("routes", __name__)

NAMES = ("amount", *QUESTIONS)


@blueprint.get("/needs/<need_id>/route")
@allowed("need.route", routes.load)
def show(need: dict[str, Any]) -> str:
    """Show the ways that fit what is known about a need, and what was chosen."""
    return _page(need)


@blueprint.post("/needs/<need_id>/route")
@allowed("need.route", routes.load)
def answer(need: dict[str, Any]) -> Any:
    """Keep the answers as a new version; the page then shows the ways they lead to."""
    typed = forms.read(NAMES)
    try:
        routes.answer(store(), person(), need["id"], typed, _number("number"), now())
    except Invalid as error:
        return _page(need, typed=typed, errors=forms.messages(error)), 422
    except Stale as error:
        return _page(need, typed=typed, notice=words.sentence(error)), 409
    flash(_("Your answers are kept. The ways stand in the order in which they should be thought of."), "success")
    return redirect(url_for("routes.show", need_id=need["id"]), 303)


@blueprint.post("/needs/<need_id>/route/choice")
@allowed("need.route", routes.load)
def choose(need: dict[str, Any]) -> Any:
    """Keep which way was chosen and why."""
    typed = forms.read(("way", "why", "replaces"))
    way, why = typed.get("way", ""), typed.get("why", "")
    try:
        routes.choose(
            store(), person(), guide(), need["id"], way, why, _number("number"), typed.get("replaces", ""), now()
        )
    except Invalid as error:
        said = forms.messages(error)
        return _page(need, errors=_at_way(said, way), chosen=(way, why)), 422
    except Conflict as error:
        return _page(need, notice=words.sentence(error), chosen=(way, why)), 409
    flash(_("The way is chosen. Its checklist stands first on the page."), "success")
    return redirect(url_for("routes.show", need_id=need["id"]), 303)


@blueprint.post("/needs/<need_id>/route/checklist")
@allowed("need.route", routes.load)
def tick(need: dict[str, Any]) -> Any:
    """Tick and untick what is done of the chosen way's checklist."""
    typed = forms.read(("way", "was", "items"), ("was", "items"))
    was, wanted = typed.get("was", []), typed.get("items", [])
    try:
        changed = route_notes.tick(store(), person(), guide(), need["id"], typed.get("way", ""), was, wanted, now())
    except Conflict as error:
        return _page(need, notice=words.sentence(error)), 409
    if changed:
        flash(ngettext("%(num)s line of the checklist changed.", "%(num)s lines of the checklist changed.", changed))
    return redirect(url_for("routes.show", need_id=need["id"], _anchor="checklist"), 303)


@blueprint.post("/needs/<need_id>/route/innovation")
@allowed("need.route", routes.load)
def consider(need: dict[str, Any]) -> Any:
    """Keep whether innovation was considered, with how, or why not."""
    typed = forms.read(("considered", "innovation_note"))
    considered, note = typed.get("considered", ""), typed.get("innovation_note", "")
    try:
        route_notes.consider(store(), person(), need["id"], considered, note, now())
    except Invalid as error:
        return _page(need, errors=forms.messages(error), innovation_typed=typed), 422
    flash(_("Kept, with your name and the day."), "success")
    return redirect(url_for("routes.show", need_id=need["id"], _anchor="innovation"), 303)


def _number(name: str) -> int:
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def _at_way(said: dict[str, str], way: str) -> dict[str, str]:
    """Return the errors of a choice under the field of the way's own form on the page."""
    return {f"{name}-{way}" if name == "why" and way else name: text for name, text in said.items()}


def _page(
    need: dict[str, Any], *, typed: dict[str, Any] | None = None, errors: dict[str, str] | None = None,
    notice: str = "", chosen: tuple[str, str] = ("", ""), innovation_typed: dict[str, Any] | None = None,
) -> str:  # fmt: skip
    """Return the page; `typed` are answers as typed, `chosen` the way and why of a choice that was not kept."""
    known, latest = guide(), routes.latest(store(), need["id"])
    answers = latest["answers"]
    advice = advise(known, answers)
    picked = routes.choices(store(), need["id"])
    stands = next((row for row in picked if not row["replaced_at"]), None)
    return render_template(
        "routes/show.html",
        need=need,
        latest=latest,
        values=_values(need, latest) if typed is None else typed,
        errors=errors or {},
        notice=notice,
        chosen=chosen,
        guide=known,
        advice=advice,
        cards=[_card(one, answers) for one in advice.ranked],
        possible=[_card(one, answers) for one in advice.possible],
        out=[_card(one, answers) for one in advice.out],
        unknown=[words.label("route_unknown", name) for name in unknown(answers)],
        doubts=_doubts(known, [*advice.ranked, *advice.out]),
        stands=stands,
        picked=picked,
        ticks=route_notes.ticks(store(), need["id"], stands["way"]) if stands else {},
        before=routes.done_before(store(), person(), need["id"]),
        versions=routes.versions(store(), need["id"]) if latest["number"] > 1 else [],
        considered=route_notes.innovation(store(), need["id"]),
        innovation_typed=innovation_typed or {},
        questions=QUESTIONS,
        words=route_words,
    )


def _values(need: dict[str, Any], latest: dict[str, Any]) -> dict[str, Any]:
    """Return what stands in the form: the answers, or before the first ones what the need itself tells."""
    answers = {**latest["answers"], "amount": route_words.typed(latest["answers"]["amount"])}
    if latest["number"]:
        return answers
    return {**answers, "testbed": "yes" if need.get("testbed_id") else UNKNOWN}


def _card(standing: Standing, answers: dict[str, Any]) -> dict[str, Any]:
    """Return a way for the page: what fired with its amounts and figures, and what waits, in words."""
    used = {figure.code: (figure, figure.doubt(day(now()))) for reason in standing.fired for figure in reason.figures}
    return {
        "figures": list(used.values()),
        "way": standing.way,
        "first": standing.first,
        "reasons": [
            {
                "text": route_words.sentence(reason.rule.text, amounts(reason.rule, answers)),
                "speaks": None if reason.rule.points == 0 and not reason.rule.stops else reason.rule.points > 0,
                "figures": [(figure, figure.doubt(day(now()))) for figure in reason.figures],
            }
            for reason in standing.fired
        ],
        "waits": route_words.waiting(standing.waits),
    }


def _doubts(known: Guide, standings: list[Standing]) -> list[tuple[Any, str]]:
    """Return the figures that this advice rests on and that must be checked first, each with why."""
    used = {figure.code for one in standings for reason in one.fired for figure in reason.figures}
    found = [(figure, figure.doubt(day(now()))) for code, figure in known.figures.items() if code in used]
    return [(figure, why) for figure, why in found if why]
