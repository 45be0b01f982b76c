"""A plan in names and figures: its rows, why a need is short, how it compares with greedy, what an override costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import planning, rounds
from .assignment import NO_PLACE, Lock, Plan, Round
from .planning import Shortage
from .rounds import Board

Row = dict[str, Any]
NAMED = 3  # how many names a reason gives


@dataclass(frozen=True)
class Figures:
    """What a plan comes to.

    total: sum of the scores. served of asked needs have at least one startup; worst: the score of the best startup
    of the need that is worst off among those served. empty of free places are left over (0 of 0 without places).
    """

    tests: int
    total: float
    asked: int
    served: int
    worst: float
    empty: int
    free: int
    busiest: int


def figures(board: Board, plan: Plan) -> Figures:
    """Return the figures of a plan."""
    best = np.full(len(board.wanted.demand), -np.inf)
    np.maximum.at(best, plan.need, plan.score)
    served = np.isfinite(best)
    free = 0 if board.wanted.free is None else int(board.wanted.free.sum())
    return Figures(
        tests=len(plan.need),
        total=round(plan.total, 6),
        asked=int((board.wanted.demand > 0).sum()),
        served=int(served.sum()),
        worst=float(best[served].min()) if served.any() else 0.0,
        empty=free - len(plan.need) if free else 0,
        free=free,
        busiest=int(np.bincount(plan.startup).max(initial=0)),
    )


def compared(board: Board, plan: Plan) -> dict[str, Figures]:
    """Return the figures of the plan, of taking the best pair first, and of taking one need after the other."""
    return {
        "plan": figures(board, plan),
        "greedy": figures(board, planning.greedy(board.wanted, board.open)),
        "in_turn": figures(board, planning.in_turn(board.wanted, board.open)),
    }


def rows(board: Board, plan: Plan) -> list[Row]:
    """Return the tests of a plan in names, by need, the best first; `rule` is the lock that holds a row, if any."""
    locks = {(rule["need_id"], rule["startup_id"]): rule for rule in board.rules if rule["kind"] == "lock"}
    order, places = np.lexsort((-plan.score, plan.need)), ranks(board, plan)
    return [_row(board, locks, int(places[at]), *(column[at] for column in _columns(plan))) for at in order]


def _columns(plan: Plan) -> tuple[np.ndarray, ...]:
    return plan.need, plan.startup, plan.place, plan.score


def _row(
    board: Board, locks: dict[tuple[str, str], Row], rank: int, need: int, startup: int, place: int, score: float
) -> Row:
    one, other = board.need(need), board.startup(startup)
    slot = board.slots[place] if place != NO_PLACE else None
    return {
        "need_id": one["id"],
        "need": one["name"],
        "owner": one["organisation"],
        "owner_id": one["organisation_id"],
        "startup_id": other["id"],
        "startup": other["name"],
        "company_id": other["organisation_id"],
        "score": round(float(score), 6),
        "rank": rank,
        "testbed_id": slot and slot.testbed["id"],
        "testbed": slot and slot.testbed["name"],
        "quarter": slot and slot.quarter,
        "period": slot and slot.period[0],
        "starts_on": slot and slot.starts_on,
        "rule": locks.get((one["id"], other["id"])),
    }


def ranks(board: Board, plan: Plan) -> np.ndarray:
    """Return (tests,): the place of each test's startup in its need's own list, what is stopped counted too."""
    arcs = board.arcs
    order = np.lexsort((arcs.score, arcs.need))
    needs, scores = arcs.need[order], arcs.score[order]
    first, after = np.searchsorted(needs, plan.need), np.searchsorted(needs, plan.need, "right")
    better = [
        end - start - np.searchsorted(scores[start:end], score + 1e-9, "right")
        for start, end, score in zip(first, after, plan.score, strict=True)
    ]
    return 1 + np.array(better, np.int64)


def short(board: Board, plan: Plan) -> list[Row]:
    """Return the needs that get fewer startups than they ask for: `code`, `params` for the sentence, and `missing`."""
    return [
        {
            "need_id": board.need(need)["id"],
            "need": board.need(need)["name"],
            "owner": board.need(need)["organisation"],
            "missing": shortage.missing,
            **_why(board, need, shortage, plan.startup[plan.need == need]),
        }
        for need, shortage in rounds.shortages(board, plan).items()
    ]


def _why(board: Board, need: int, shortage: Shortage, have: np.ndarray) -> Row:
    if shortage.code == "no_candidate":
        return _no_candidate(board, need, have)
    if shortage.code == "startups_taken":
        return _reason("startups_taken", startups=_names(board.startup(at) for at in shortage.startups),
                       needs=_names(board.need(at) for at in shortage.needs))  # fmt: skip
    if shortage.code == "places_taken":
        return _reason("places_taken", **_where(board, shortage.places),
                       needs=_names(board.need(at) for at in shortage.needs))  # fmt: skip
    if shortage.code == "no_place":
        return _no_place(board, need, shortage.places)
    return _reason(shortage.code)


def _no_candidate(board: Board, need: int, have: np.ndarray) -> Row:
    """Say what stops the startups that are near enough and not in the plan for this need already (`have`)."""
    own = (board.arcs.need == need) & ~np.isin(board.arcs.startup, have)
    if not own.any():
        return _reason("nobody_near", least=board.row["least"], have=len(have))
    codes: dict[str, int] = {}
    for startup, code in zip(board.arcs.startup[own].tolist(), board.stopped[own].tolist(), strict=True):
        forbidden = (need, startup) in board.wanted.forbidden
        why = code or ("forbidden" if forbidden else "capacity")
        codes[why] = codes.get(why, 0) + 1
    return _reason("all_stopped", count=int(own.sum()), codes=codes, have=len(have))


def _no_place(board: Board, need: int, places: tuple[int, ...]) -> Row:
    one = board.need(need)
    if places:
        return _reason("no_place", **_where(board, places))
    fitting = [slot for slot in board.slots if rounds.suits(one, slot.testbed)]
    if fitting:
        return _reason("too_late", day=one["wanted_by"])
    return _reason("testbed_gone" if one["testbed_id"] else "no_testbed")


def _where(board: Board, places: tuple[int, ...]) -> Row:
    slots = [board.slots[place] for place in places]
    spans = sorted({slot.period[0] for slot in slots})
    by_first = {slot.period[0]: slot.quarter for slot in slots}
    return {
        "quarters": [by_first[first] for first in spans],
        "testbeds": _names({slot.testbed["id"]: slot.testbed for slot in slots}.values()),
    }


def _names(rows: Any) -> Row:
    names = [row["name"] for row in rows]
    return {"names": names[:NAMED], "more": max(len(names) - NAMED, 0)}


def _reason(code: str, **params: Any) -> Row:
    return {"code": code, "params": params}


def broken(board: Board, plan: Plan) -> list[tuple[Row, str]]:
    """Return the rules that the plan could not keep, each with a code that says why."""
    found = list(board.void)
    by_pair = {(rule["need_id"], rule["startup_id"]): rule for rule in board.rules}
    for lock in plan.broken:
        rule = by_pair.get((board.row["need_ids"][lock.need], board.row["startup_ids"][lock.startup]))
        found.append((rule or {}, why_broken(board, lock)))
    return found


def why_broken(board: Board, lock: Lock) -> str:
    """Return why a lock cannot be kept: too many of its need, of its startup, of its place, or no place at all."""
    wanted = board.wanted
    if sum(held.need == lock.need for held in wanted.locks) > wanted.demand[lock.need]:
        return "lock_demand"
    if sum(held.startup == lock.startup for held in wanted.locks) > wanted.capacity[lock.startup]:
        return "lock_capacity"
    return "lock_place"


@dataclass(frozen=True)
class Preview:
    """What a lock or a no would do. cost: what the plan would be worth less (see assignment.Plan.worth).

    changes: (need, before, after), each a list of rows, for every need whose row would be another. broken: why it,
    or a lock that stands already, could not be kept; None if all can.
    """

    cost: float
    changes: list[tuple[Row, list[Row], list[Row]]]
    before: Figures
    after: Figures
    broken: str | None


def preview(board: Board, plan: Plan, wanted: Round) -> Preview:
    """Return what another round (`wanted`) would change in the plan of this one."""
    changed = Board(board.row, board.facts, board.arcs, board.stopped, board.slots, wanted, board.rules, board.void)
    after = rounds.solve(changed)
    # Of two locks that exclude each other either may be the one that gives way: neither is taken for the other.
    newly = [lock for lock in after.broken if lock not in plan.broken]
    why = why_broken(changed, newly[0]) if newly else None
    return Preview(
        cost=round(plan.worth - after.worth, 6),
        changes=_changes(rows(board, plan), rows(changed, after)),
        before=figures(board, plan),
        after=figures(changed, after),
        broken=why,
    )


def cost(board: Board, plan: Plan, wanted: Round) -> float:
    """Return what the plan would be worth less under another round."""
    return round(plan.worth - planning.solve(wanted, board.open).worth, 6)


def _changes(before: list[Row], after: list[Row]) -> list[tuple[Row, list[Row], list[Row]]]:
    def keyed(found: list[Row]) -> dict[str, list[Row]]:
        by_need: dict[str, list[Row]] = {}
        for row in found:
            by_need.setdefault(row["need_id"], []).append(row)
        return by_need

    def same(row: Row) -> tuple[Any, ...]:
        return row["startup_id"], row["testbed_id"], row["period"]

    one, other = keyed(before), keyed(after)
    return [
        ((one.get(name) or other[name])[0], one.get(name, []), other.get(name, []))
        for name in dict.fromkeys([*one, *other])
        if sorted(map(same, one.get(name, [])), key=str) != sorted(map(same, other.get(name, [])), key=str)
    ]


def candidates(board: Board, plan: Plan, need_id: str, top: int = 12) -> list[Row]:
    """Return the best startups of one need: score, rank, what stops each, and where the plan has it."""
    need = board.row["need_ids"].index(need_id)
    own = np.flatnonzero(board.arcs.need == need)
    own = own[np.lexsort((board.arcs.startup[own], -board.arcs.score[own]))][:top]
    forbidden = {at for one, at in board.wanted.forbidden if one == need}
    found = []
    for turn, at in enumerate(own.tolist(), 1):
        startup, name = int(board.arcs.startup[at]), board.row["startup_ids"][int(board.arcs.startup[at])]
        known = board.facts.startups.get(name)
        if known is None:
            continue
        with_needs = [board.need(int(one))["name"] for one in plan.need[plan.startup == startup] if int(one) != need]
        found.append(
            {
                "startup_id": name, "startup": known["name"], "owner": known["organisation"], "rank": turn,
                "score": round(float(board.arcs.score[at]), 6), "stopped": str(board.stopped[at]),
                "here": (need, startup) in plan.pairs(), "elsewhere": with_needs, "forbidden": startup in forbidden,
                "locked": any((lock.need, lock.startup) == (need, startup) for lock in board.wanted.locks),
            }
        )  # fmt: skip
    return found


def as_data(board: Board, plan: Plan) -> Row:
    """Return a whole plan as plain data, for JSON."""
    listed = [{name: value for name, value in row.items() if name != "rule"} | {"locked": bool(row["rule"])}
              for row in rows(board, plan)]  # fmt: skip
    return {
        "model": board.row["model"],
        "scoring": board.row["scoring"],
        "by_words": board.row["by_words"],
        "starts_on": board.row["starts_on"],
        "quarters": board.row["quarters"],
        "worth": round(plan.worth, 6),
        "figures": {name: vars(found) for name, found in compared(board, plan).items()},
        "rows": listed,
        "short": short(board, plan),
        "broken": [
            {"need_id": rule.get("need_id"), "startup_id": rule.get("startup_id"), "code": code}
            for rule, code in broken(board, plan)
        ],
    }
