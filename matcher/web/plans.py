"""The plan for a whole round: what it suggests, why a need is short, and what each of the broker's overrides costs.

The timetable of a match day is in `match_day.py`. A plan only suggests: from a row the broker proposes a pairing by
the same form as the desk's.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import candidates, limits, needs, quarters, record, round_facts, rounds
from ..hub.errors import Conflict, HubError, Invalid, NotFound
from ..ranking import planning, round_report, round_scores
from ..ranking import rounds as boards
from ..ranking.assignment import NO_PLACE, Lock, Pair, Plan
from . import forms, plan_words, words
from .access import allowed, now, person, settings, store
from .ranking import ranker

blueprint = Blueprint("plans", __name__, url_prefix="/plans")

Row = dict[str, Any]
TERMS = ("name", "starts_on", "quarters", "days", "demand", "most", "places", "least")
AT_ONCE = 400  # needs: ranking more of them takes longer than a page may; the command line does it
COSTS_SHOWN = 20_000  # pairs: of a larger round a cost is shown on the page of the change only
SHOWN = 100  # rows of a page
COST_SEEN = 0.005  # score: the pages write two decimals
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
        typed=typed if typed is not None else {"places": "yes", "quarters": 4, "days": 56, "demand": 1, "least": 10},
        firsts=[(period[0], quarters.name(period[0])) for period in quarters.span(first, 4)],
        quarter=quarters.name,
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
    return _to(round_id)


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
        rules=_rules(board, plan),
        broken={rule["id"]: plan_words.broken(code) for rule, code in round_report.broken(board, plan) if rule},
        under_way=_under_way(board),
        why=plan_words.why,
        quarter=quarters.name,
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
    return _to(row["id"])


@blueprint.post("/<round_id>/close")
@allowed("plan", rounds.load)
def close(row: Row) -> Any:
    """Close a round."""
    try:
        rounds.close(store(), person(), row["id"], now())
        flash(_("The round is closed."), "success")
    except Conflict as error:
        flash(words.sentence(error), "info")
    return _to(row["id"])


@blueprint.get("/<round_id>/needs/<need_id>")
@allowed("plan", rounds.load_need)
def need(row: Row) -> Any:
    """Show the candidates of one need in a round, with what a lock of each would cost."""
    return _need(row)


def _need(row: Row, errors: dict[str, str] | None = None) -> str:
    board = boards.load(store(), row, now())
    plan = boards.solve(board)
    one = needs.load(store(), person(), row["need_id"])
    listed = round_report.candidates(board, plan, row["need_id"])
    if len(board.arcs) <= COSTS_SHOWN:
        for candidate in listed:
            candidate["cost"] = _lock_cost(board, plan, row["need_id"], candidate)
    short = {found["need_id"]: found for found in round_report.short(board, plan)}
    return render_template(
        "plans/need.html",
        row=row,
        need=one,
        rows=listed,
        here=[found for found in round_report.rows(board, plan) if found["need_id"] == row["need_id"]],
        short=plan_words.why(short[row["need_id"]]) if row["need_id"] in short else "",
        demand=rounds.demands(store(), row["id"]).get(row["need_id"], row["demand"]),
        stop=plan_words.stop,
        typed=request.form,
        errors=errors or {},
        wide=True,
    )


def _lock_cost(board: boards.Board, plan: Plan, need_id: str, candidate: Row) -> float | None:
    if candidate["stopped"] or candidate["here"]:
        return None
    lock = Lock(*board.at(need_id, candidate["startup_id"]))
    found = planning.solve(board.wanted.locking(lock), board.open)
    return None if set(found.broken) - set(plan.broken) else round(plan.worth - found.worth, 6)


@blueprint.post("/<round_id>/needs/<need_id>/demand")
@allowed("plan", rounds.load_need)
def demand(row: Row) -> Any:
    """Say how many startups a need asks for."""
    try:
        rounds.set_demand(store(), person(), row["id"], row["need_id"], request.form.get("demand", ""), now())
    except Invalid as error:
        return _need(row, forms.messages(error)), 422
    except Conflict as error:
        flash(words.sentence(error), "warning")
    else:
        flash(_("The plan counts with the new number."), "success")
    return redirect(url_for("plans.need", round_id=row["id"], need_id=row["need_id"]), 303)


def _pair(*ids: Any, **names: Any) -> Row:
    """Load a round with a need and a startup of it."""
    startup_id = names.pop("startup_id")
    row = rounds.load_need(*ids, **names)
    if startup_id not in row["startup_ids"]:
        raise NotFound("startup")
    return {**row, "startup_id": startup_id}


@blueprint.get("/<round_id>/needs/<need_id>/startups/<startup_id>")
@allowed("plan", _pair)
def change(row: Row) -> str:
    """Show what a lock or a no would change, and its cost, before it is taken."""
    return _change(row, request.args)


def _change(row: Row, typed: Any, errors: dict[str, str] | None = None, notice: str = "") -> str:
    kind = "forbid" if typed.get("kind") == "forbid" else "lock"
    board = boards.load(store(), row, now())
    plan = boards.solve(board)
    pair = board.at(row["need_id"], row["startup_id"])
    stopped, found = _stopped(board, pair), None
    place = _place(board, typed.get("place", ""))
    if kind == "lock" and typed.get("place") and place is None:
        notice = notice or _("That testbed or quarter is not in the round any more. Choose another place.")
    if not stopped:
        found = _preview(board, plan, kind, pair, place)
    return render_template(
        "plans/change.html",
        row=row,
        kind=kind,
        need=needs.load(store(), person(), row["need_id"]),
        startup=board.facts.startups.get(row["startup_id"]) or _gone(row["startup_id"]),
        stopped=plan_words.stop(stopped) if stopped else "",
        found=found,
        broken=plan_words.broken(found.broken) if found and found.broken else "",
        place="" if place is None else typed.get("place", ""),
        slots=_free_slots(board, pair[0]),
        typed=typed,
        errors=errors or {},
        notice=notice,
        wide=True,
    )


def _gone(startup_id: str) -> Row:
    """Return the name of a startup that is no longer on offer."""
    return {"name": candidates.names(store(), [startup_id]).get(startup_id) or _("a startup that is gone")}


def _preview(board: boards.Board, plan: Plan, kind: str, pair: Pair, place: int | None) -> round_report.Preview:
    if kind == "forbid":
        return round_report.preview(board, plan, board.wanted.forbidding(*pair))
    lock = Lock(*pair, NO_PLACE if place is None else place)
    return round_report.preview(board, plan, board.wanted.locking(lock))


def _stopped(board: boards.Board, pair: Pair) -> str:
    """Return the code of what stops a pair; one that has no score in this round counts as too far away."""
    at = ((board.arcs.need == pair[0]) & (board.arcs.startup == pair[1])).nonzero()[0]
    return str(board.stopped[at[0]]) if len(at) else "not_scored"


def _place(board: boards.Board, text: str) -> int | None:
    """Return the position of a typed place (`TESTBED@2027-01-01`), None for the best one or none at all."""
    testbed_id, _at, starts_on = text.rpartition("@")
    return boards.slot_at(board.slots, testbed_id, starts_on)


def _free_slots(board: boards.Board, need: int) -> list[tuple[str, str]]:
    """Return the places with room, those that suit the need first: (value, words)."""
    price = board.wanted.price
    found = [
        (price[need, at], at, slot)
        for at, slot in enumerate(board.slots)
        if slot.free and price is not None and price[need, at] < float("inf")
    ]
    return [
        (f"{slot.testbed['id']}@{slot.period[0]}", f"{slot.testbed['name']}, {slot.quarter}")
        for _price, _at, slot in sorted(found, key=lambda one: one[:2])
    ]


@blueprint.post("/<round_id>/needs/<need_id>/startups/<startup_id>")
@allowed("plan", _pair)
def override(row: Row) -> Any:
    """Take a lock or a no, with the cost that stands in the record; what cannot be kept is not taken."""
    typed = forms.read(("kind", "place", "note", "cost"))
    board = boards.load(store(), row, now())
    pair, kind = board.at(row["need_id"], row["startup_id"]), typed.get("kind", "")
    place = _place(board, typed.get("place", ""))
    if kind not in rounds.KINDS or _stopped(board, pair):
        return _change(row, typed, notice=_("This cannot be planned. Look at what stops it.")), 409
    if kind == "lock" and typed.get("place") and place is None:
        return _change(row, typed), 409  # the place that was asked for; another one costs something else
    found = _preview(board, boards.solve(board), kind, pair, place)
    if found.broken:
        return _change(row, typed, notice=plan_words.broken(found.broken)), 409
    if _dearer(typed.get("cost"), found.cost):
        notice = _("The plan has changed meanwhile, and this costs something else now. Read it once more.")
        return _change(row, typed, notice=notice), 409
    slot = board.slots[place] if place is not None and kind == "lock" else None
    try:
        rounds.add_rule(
            store(), person(), row["id"], row["need_id"], row["startup_id"], kind, now(), cost=found.cost,
            note=typed.get("note", ""), testbed_id=slot and slot.testbed["id"], starts_on=slot and slot.period[0],
        )  # fmt: skip
    except Invalid as error:
        return _change(row, typed, forms.messages(error)), 422
    except Conflict as error:
        return _change(row, typed, notice=words.sentence(error)), 409
    flash(_("Locked.") if kind == "lock" else _("The plan goes without this pair now."), "success")
    return _to(row["id"])


def _dearer(shown: str | None, cost: float) -> bool:
    """Whether the cost differs, as the pages write it, from the one that was shown before; None: none was shown."""
    try:
        return shown is not None and abs(float(shown) - cost) > COST_SEEN
    except ValueError:
        return True


@blueprint.post("/rules/<rule_id>/undo")
@allowed("plan", rounds.load_rule)
def undo_rule(row: Row) -> Any:
    """Take a lock or a no back."""
    try:
        rounds.undo_rule(store(), person(), row["id"], now())
        flash(_("Taken back. The plan counts without it now."), "success")
    except HubError as error:
        flash(words.sentence(error), "info")
    return _to(row["round_id"])


def _to(round_id: str) -> Any:
    return redirect(url_for("plans.show", round_id=round_id), 303)
