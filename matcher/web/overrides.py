"""What the broker overrides in a plan: how many startups a need gets, a lock, a no, each with its cost beforehand."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import candidates, needs, rounds
from ..hub.errors import Conflict, HubError, Invalid, NotFound
from ..ranking import planning, round_report
from ..ranking import rounds as boards
from ..ranking.assignment import NO_PLACE, Lock, Pair, Plan
from . import forms, plan_words, words
from .access import allowed, now, person, store
from .plans import COSTS_SHOWN, Row, blueprint, to_round

COST_SEEN = 0.005  # score: the pages write two decimals


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
        worth=plan.worth,
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
        (f"{slot.testbed['id']}@{slot.period[0]}", f"{slot.testbed['name']}, {words.quarter(slot.quarter)}")
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
    return to_round(row["id"])


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
    return to_round(row["round_id"])
