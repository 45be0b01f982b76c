"""The plan for a whole round: what it suggests, why a need is short, and what each rule of the broker costs.

A need's candidates and the broker's own locks and noes are in `overrides.py`, the timetable of a match day in
`match_day.py`. A plan only suggests: from a row the broker proposes a pairing by the same form as the desk's.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _

from ..hub import limits, quarters, record, round_facts, rounds
from ..hub.errors import Conflict, Invalid
from ..ranking import round_report, round_scores
from ..ranking import rounds as boards
from ..ranking.assignment import Plan
from . import forms, plan_words, words
from .access import allowed, now, person, settings, store
from .ranking import ranker

blueprint = Blueprint("plans", __name__, url_prefix="/plans")

Row = dict[str, Any]
USUAL = {"places": "yes", "quarters": 4, "days": 56, "demand": 1}
TERMS = ("name", "starts_on", "quarters", "days", "demand", "most", "places", "least")
AT_ONCE = 400  # needs: ranking more of them takes longer than a page may; the command line does it
COSTS_SHOWN = 20_000  # pairs: of a larger round a cost is shown on the page of the change only
SHOWN = 100  # rows of a page
RANKED_A_QUARTER = 20  # rounds, of an hour and a person: each ranks all open needs


@blueprint.get("/")
@allowed("plan")
def listing() -> str:
    """Show the rounds and the form for a new one."""
    return _listing()


def _listing(typed: Any = None, errors: dict[str, str] | None = None) -> str:
    first, page = quarters.next_first_day(now()[:10]), forms.page()
    rows, total = rounds.listing(store(), page)
    pages = max(-(-total // rounds.PAGE), 1)
    if page > pages:  # an old address: the last page, not one that says there are no rounds
        page = pages
        rows, _total = rounds.listing(store(), page)
    return render_template(
        "plans/listing.html",
        rows=rows,
        page=page,
        pages=pages,
        page_url=forms.page_address("plans.listing"),
        typed=typed if typed is not None else {**USUAL, "least": words.decimals(0.1)},
        firsts=[(period[0], words.quarter(period[0]).capitalize()) for period in quarters.span(first, 4)],
        errors=errors or {},
    )


@blueprint.post("/")
@allowed("plan")
def create() -> Any:
    """Rank all open needs and keep a new round."""
    typed = forms.read(TERMS)
    try:
        terms = rounds.terms(typed, now())
        round_id = rounds.create(store(), person(), terms, _scored(terms), now())
    except Invalid as error:
        return _listing(typed, forms.messages(error)), 422
    except TooLarge as error:
        return _listing(typed, {"name": str(error)}), 422
    flash(_("The plan is made. It suggests; nothing has been proposed to anybody."), "success")
    return to_round(round_id)


class TooLarge(Exception):
    """A round that no page can make, with the sentence that says what to do."""


def _scored(terms: Row) -> Row:
    """Return the scores of today for a round; raise TooMany when one person asks for that again and again."""
    limits.count(store(), f"plan:{person().person_id}", RANKED_A_QUARTER, now())
    count = round_facts.how_many(store(), now())
    if count > AT_ONCE:
        raise TooLarge(
            _(
                "The hub has %(count)s open needs, and a page can rank %(limit)s at once. "
                "Run “matcher plan --save NAME” on the server; the round then shows up here.",
                count=count, limit=AT_ONCE,
            )
        )  # fmt: skip
    try:
        return round_scores.make(store(), ranker(), terms, now())
    except round_scores.NothingToPlan:
        raise TooLarge(_("There is nothing to plan yet: it takes an open need and a published startup.")) from None


@blueprint.get("/<round_id>")
@allowed("plan", rounds.load)
def show(row: Row) -> str:
    """Show the plan of a round: the tests it suggests, who is short and why, the locks, the comparison with greedy."""
    board = boards.load(store(), row, now())
    plan = boards.solve(board)
    listed = round_report.rows(board, plan)
    pages = max(-(-len(listed) // SHOWN), 1)
    number = min(forms.page(), pages)  # beyond the last page nothing would seem to be suggested at all
    short = round_report.short(board, plan)
    return render_template(
        "plans/show.html",
        row=row,
        rows=listed[(number - 1) * SHOWN : number * SHOWN],
        short=short[:SHOWN],
        short_total=len(short),
        figures=round_report.compared(board, plan),
        worth=plan.worth,
        rules=_rules(board, plan),
        broken={rule["id"]: plan_words.broken(code) for rule, code in round_report.broken(board, plan) if rule},
        under_way=_under_way(board),
        why=plan_words.why,
        last=quarters.span(row["starts_on"], row["quarters"])[-1][0],
        answer_days=settings().answer_days,
        history=list(reversed(record.history(store(), "round", row["id"])))[:20],
        page=number,
        pages=pages,
        page_url=lambda page: url_for("plans.show", round_id=row["id"], page=page),
        wide=True,
    )


def _rules(board: boards.Board, plan: Plan) -> list[Row]:
    """Return the rules with what each costs now: what the plan would be worth more without it."""
    small = len(board.arcs) <= COSTS_SHOWN and len(board.rules) <= 20
    return [{**rule, "now": _rule_cost(board, plan, rule) if small else None} for rule in board.rules]


def _rule_cost(board: boards.Board, plan: Plan, rule: Row) -> float | None:
    if any(rule["id"] == void["id"] for void, _code in board.void):
        return None
    return -round_report.cost(board, plan, board.wanted.without(*board.at(rule["need_id"], rule["startup_id"])))


def _under_way(board: boards.Board) -> list[Row]:
    """Return the cases that the plan counts as taken, of needs and startups that are part of it, in names."""
    facts = board.facts
    return [
        {**one, "need": facts.needs[one["need_id"]]["name"], "startup": facts.startups[one["startup_id"]]["name"]}
        for one in facts.under_way
        if one["need_id"] in facts.needs and one["startup_id"] in facts.startups
    ][:SHOWN]


@blueprint.post("/<round_id>/remake")
@allowed("plan", rounds.load)
def remake(row: Row) -> Any:
    """Rank all open needs anew for a round; its terms, locks and noes stay."""
    try:
        rounds.remake(store(), person(), row["id"], _scored(row), now())
        flash(_("The plan has the scores of today."), "success")
    except TooLarge as error:
        flash(str(error), "warning")
    except Conflict as error:
        flash(words.sentence(error), "warning")
    return to_round(row["id"])


@blueprint.post("/<round_id>/close")
@allowed("plan", rounds.load)
def close(row: Row) -> Any:
    """Close a round."""
    try:
        rounds.close(store(), person(), row["id"], now())
        flash(_("The round is closed."), "success")
    except Conflict as error:
        flash(words.sentence(error), "info")
    return to_round(row["id"])


def to_round(round_id: str) -> Any:
    """Go to the page of a round."""
    return redirect(url_for("plans.show", round_id=round_id), 303)
