"""The best plan for a whole round: needs × startups × places. Arrays in, arrays out; decides nothing.

Only the best arcs of each need enter the network (`flow`) at first. The prices of the solved network then tell which
of the others could still improve it; those are added and it is solved again, until none can (column generation,
Dantzig & Wolfe 1960). The plan is then the best of the dense problem too, not only of the arcs that were looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .assignment import NO_PLACE, Arcs, Plan, Round, allowed, worth_of
from .flow import Solved

TOP = 50  # arcs a need that enter the network at first


def dense(scores: np.ndarray) -> Arcs:
    """Return all pairs of a (needs, startups) matrix but those at -inf."""
    need, startup = np.nonzero(np.isfinite(scores))
    return Arcs(need, startup, scores[need, startup].astype(np.float64))


def best(scores: np.ndarray, top: int = TOP) -> Arcs:
    """Return the `top` best pairs of each row of a (needs, startups) matrix, those at -inf left out."""
    top = min(top, scores.shape[1])
    if not top:
        return dense(scores)
    columns = np.argpartition(-scores, top - 1, axis=1)[:, :top]
    need = np.repeat(np.arange(len(scores)), top)
    startup = columns.ravel()
    score = scores[need, startup].astype(np.float64)
    return Arcs(need, startup, score).kept(np.isfinite(score))


def solve_dense(wanted: Round, scores: np.ndarray, top: int = TOP) -> tuple[Plan, Arcs]:
    """Return the best plan over all pairs of a (needs, startups) matrix, and the arcs that it was found among."""
    arcs = best(scores, top)
    held = {(lock.need, lock.startup) for lock in wanted.locks} - set(
        zip(arcs.need.tolist(), arcs.startup.tolist(), strict=True)
    )
    if held:
        need, startup = np.array(sorted(held), np.int64).T
        arcs = arcs.joined(Arcs(need, startup, scores[need, startup].astype(np.float64)))
    while True:
        solved = Solved(wanted, arcs)
        missing = solved.missing(scores)
        if not len(missing):
            return solved.plan(), arcs
        arcs = arcs.joined(missing)


def solve(wanted: Round, arcs: Arcs) -> Plan:
    """Return the best plan over the given pairs."""
    return Solved(wanted, arcs).plan()


def greedy(wanted: Round, arcs: Arcs) -> Plan:
    """Return what choosing the best pair first gives, each time with its cheapest place: no look ahead."""
    arcs = arcs.kept(allowed(wanted, arcs))
    return _take(wanted, arcs.kept(np.lexsort((arcs.startup, arcs.need, -arcs.score))))


def in_turn(wanted: Round, arcs: Arcs) -> Plan:
    """Return what taking one need after the other gives, each with the best that is left: how a desk works."""
    arcs = arcs.kept(allowed(wanted, arcs))
    return _take(wanted, arcs.kept(np.lexsort((arcs.startup, -arcs.score, arcs.need))))


def _take(wanted: Round, arcs: Arcs) -> Plan:
    """Walk down the arcs as they stand and take each that is still possible."""
    demand, capacity = wanted.demand.copy(), wanted.capacity.copy()
    free = None if wanted.free is None else wanted.free.copy()
    rows: list[tuple[int, int]] = []
    for at in range(len(arcs)):
        need, startup = int(arcs.need[at]), int(arcs.startup[at])
        if demand[need] <= 0 or capacity[startup] <= 0:
            continue
        place = NO_PLACE
        if free is not None:
            price = np.where(free > 0, wanted.price[need], np.inf)
            place = int(np.argmin(price)) if len(price) else 0
            if not len(price) or not np.isfinite(price[place]):
                continue
            free[place] -= 1
        demand[need] -= 1
        capacity[startup] -= 1
        rows.append((at, place))
    at, place = (np.array(rows, np.int64).reshape(-1, 2)).T
    chosen = arcs.kept(at)
    worth = worth_of(wanted, chosen.need, chosen.startup, place, chosen.score)
    return Plan(chosen.need, chosen.startup, place, chosen.score, float(chosen.score.sum()), worth, (), len(arcs))


@dataclass(frozen=True)
class Shortage:
    """Why a need gets `missing` fewer startups than it asks for; `code` and the positions that it is about.

    no_candidate: no startup may meet it. no_place: no place that it can use has room at all. places_taken: they had
    room, but `needs` are there. startups_taken: all its candidates (`startups`) are with `needs`.
    """

    code: str
    missing: int
    needs: tuple[int, ...] = ()
    startups: tuple[int, ...] = ()
    places: tuple[int, ...] = ()


def shortages(wanted: Round, arcs: Arcs, plan: Plan) -> dict[int, Shortage]:
    """Return by need why it is short of startups, for those that are."""
    arcs = arcs.kept(allowed(wanted, arcs))
    served = np.bincount(plan.need, minlength=len(wanted.demand))
    used = np.bincount(plan.startup, minlength=len(wanted.capacity))
    found: dict[int, Shortage] = {}
    for need in np.flatnonzero(served < wanted.demand).tolist():
        missing = int(wanted.demand[need] - served[need])
        own = set(plan.startup[plan.need == need].tolist())
        able = [one for one in arcs.startup[arcs.need == need].tolist() if one not in own and wanted.capacity[one] > 0]
        found[need] = _shortage(wanted, plan, need, missing, able, used)
    return found


def _shortage(wanted: Round, plan: Plan, need: int, missing: int, able: list[int], used: np.ndarray) -> Shortage:
    if not able:
        return Shortage("no_candidate", missing)
    if wanted.free is not None:
        usable = np.flatnonzero(np.isfinite(wanted.price[need]))
        room = usable[wanted.free[usable] > 0]
        if not len(room):
            return Shortage("no_place", missing, places=tuple(usable.tolist()))
        held = np.bincount(plan.place[plan.place >= 0], minlength=len(wanted.free))
        if (held[room] >= wanted.free[room]).all():
            there = np.isin(plan.place, room) & (plan.need != need)
            return Shortage("places_taken", missing, _distinct(plan.need[there]), places=tuple(room.tolist()))
    if all(used[one] >= wanted.capacity[one] for one in able):
        there = np.isin(plan.startup, able) & (plan.need != need)
        return Shortage("startups_taken", missing, _distinct(plan.need[there]), tuple(able))
    return Shortage("not_worth", missing)


def _distinct(values: np.ndarray) -> tuple[int, ...]:
    return tuple(dict.fromkeys(values.tolist()))
