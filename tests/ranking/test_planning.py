"""The plan for a round: the best there is, within every limit, and what a broker's own decisions cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from matcher.ranking import planning
from matcher.ranking.assignment import NO_PLACE, Lock, Round


def lp_worth(wanted: Round, scores: np.ndarray) -> float:
    """Return the optimum of the dense problem as a linear programme, solved by HiGHS: another way to the same."""
    needs, startups = scores.shape
    places = len(wanted.free) if wanted.free is not None else 0
    most = int(wanted.capacity.max(initial=0))
    x, z = needs * startups, needs * places
    v, w = startups * most, needs
    size = x + z + v + w
    cost = np.zeros(size)
    cost[:x] = -np.where(np.isfinite(scores), scores, 0).ravel()
    upper = np.concatenate([np.isfinite(scores).ravel().astype(float), np.full(z, np.inf), np.ones(v), np.ones(w)])
    for need, startup in wanted.forbidden:
        upper[need * startups + startup] = 0
    if places:
        cost[x : x + z] = np.where(np.isfinite(wanted.price), wanted.price, 0).ravel()
        upper[x : x + z] = np.where(np.isfinite(wanted.price), np.inf, 0).ravel()
    for startup in range(startups):
        for turn in range(most):
            at = x + z + startup * most + turn
            cost[at] = wanted.load * turn
            upper[at] = float(turn < wanted.capacity[startup])
    cost[x + z + v :] = -wanted.first
    less, limits, same, rights = [], [], [], []

    def row(**places_of: Any) -> np.ndarray:
        return np.zeros(size)

    for need in range(needs):
        one = row()
        one[need * startups : (need + 1) * startups] = 1
        less.append(one)
        limits.append(wanted.demand[need])
        served = -one
        served[x + z + v + need] = 1
        less.append(served)
        limits.append(0)
        if places:
            going = one.copy()
            going[x + need * places : x + (need + 1) * places] = -1
            same.append(going)
            rights.append(0)
    for startup in range(startups):
        one = row()
        one[startup:x:startups] = 1
        one[x + z + startup * most : x + z + (startup + 1) * most] = -1
        same.append(one)
        rights.append(0)
    for place in range(places):
        one = row()
        one[x + place : x + z : places] = 1
        less.append(one)
        limits.append(wanted.free[place])
    bounds = np.column_stack([np.zeros(size), upper])
    bounds = np.column_stack([np.zeros(size), upper])
    found = linprog(cost, np.array(less), np.array(limits), np.array(same), np.array(rights), bounds, method="highs")
    assert found.status == 0
    return -found.fun


def instance(seed: int, places: bool = True) -> tuple[Round, np.ndarray]:
    """Return a random round that is short of places and of startups, and its scores; many are equal."""
    rng = np.random.default_rng(seed)
    needs, startups, slots = rng.integers(3, 14), rng.integers(4, 25), rng.integers(1, 6)
    scores = rng.normal(0.4, 0.5, (needs, startups)).round(int(rng.integers(1, 9)))
    scores[(scores <= 0) | (rng.random(scores.shape) < 0.3)] = -np.inf
    price = np.where(rng.random((needs, slots)) < 0.4, np.inf, rng.random((needs, slots)) * 0.05)
    wanted = Round(
        demand=rng.integers(0, 4, needs),
        capacity=rng.integers(0, 4, startups),
        free=rng.integers(0, 4, slots) if places else None,
        price=price if places else None,
        first=float(rng.choice([0.0, 1.0])),
        load=float(rng.choice([0.0, 0.01])),
    )
    return wanted, scores


@pytest.mark.parametrize("seed", range(40))
def test_the_plan_is_the_optimum_of_the_dense_problem(seed: int) -> None:
    wanted, scores = instance(seed, places=bool(seed % 3))
    plan, _ = planning.solve_dense(wanted, scores, top=2)
    assert plan.worth == pytest.approx(lp_worth(wanted, scores), abs=1e-5)
    assert planning.solve(wanted, planning.dense(scores)).worth == pytest.approx(plan.worth, abs=1e-9)


@pytest.mark.parametrize("seed", range(40))
def test_no_limit_is_passed(seed: int) -> None:
    wanted, scores = instance(seed)
    plan, _ = planning.solve_dense(wanted, scores, top=3)
    assert (np.bincount(plan.need, minlength=len(wanted.demand)) <= wanted.demand).all()
    assert (np.bincount(plan.startup, minlength=len(wanted.capacity)) <= wanted.capacity).all()
    assert (np.bincount(plan.place, minlength=len(wanted.free)) <= wanted.free).all()
    assert np.isfinite(wanted.price[plan.need, plan.place]).all()
    assert np.isfinite(scores[plan.need, plan.startup]).all()
    assert len(plan.pairs()) == len(plan.need)


def test_arcs_that_were_left_out_come_in_where_they_help() -> None:
    scores = np.array([[0.9, 0.5, -np.inf], [0.8, -np.inf, 0.1]])
    wanted = Round(demand=np.array([1, 1]), capacity=np.array([1, 1, 1]))
    plan, arcs = planning.solve_dense(wanted, scores, top=1)
    assert plan.pairs() == {(0, 1), (1, 0)}
    assert (0, 1) in set(zip(arcs.need.tolist(), arcs.startup.tolist(), strict=True))


def test_greedy_ends_in_a_dead_end_that_the_plan_avoids() -> None:
    scores = np.array([[0.9, 0.8], [0.85, -np.inf]])
    wanted = Round(demand=np.array([1, 1]), capacity=np.array([1, 1]))
    assert planning.greedy(wanted, planning.dense(scores)).total == pytest.approx(0.9)
    assert planning.solve(wanted, planning.dense(scores)).total == pytest.approx(1.65)


def test_greedy_and_taking_turns_keep_the_limits_and_are_never_better() -> None:
    for seed in range(30):
        wanted, scores = instance(seed)
        wanted = Round(wanted.demand, wanted.capacity, wanted.free, wanted.price)
        arcs = planning.dense(scores)
        best = planning.solve(wanted, arcs)
        for other in (planning.greedy(wanted, arcs), planning.in_turn(wanted, arcs)):
            assert other.worth <= best.worth + 1e-9
            assert (np.bincount(other.place, minlength=len(wanted.free)) <= wanted.free).all()
            assert (np.bincount(other.startup, minlength=len(wanted.capacity)) <= wanted.capacity).all()


def test_ties_are_spread_over_the_startups() -> None:
    scores = np.full((4, 4), 0.5)
    wanted = Round(demand=np.ones(4, int), capacity=np.full(4, 4))
    plan = planning.solve(wanted, planning.dense(scores))
    assert sorted(plan.startup.tolist()) == [0, 1, 2, 3]


def test_a_price_of_load_outweighs_a_small_difference_only() -> None:
    scores = np.array([[0.500, 0.495], [0.500, 0.495]])
    wanted = Round(demand=np.ones(2, int), capacity=np.array([2, 2]), load=0.01)
    assert len(set(planning.solve(wanted, planning.dense(scores)).startup.tolist())) == 2
    scores[:, 1] = 0.4
    assert set(planning.solve(wanted, planning.dense(scores)).startup.tolist()) == {0}


def test_nobody_gets_a_second_before_all_have_a_first() -> None:
    scores = np.array([[0.9, 0.9], [0.1, 0.1]])
    wanted = Round(demand=np.array([2, 2]), capacity=np.array([1, 1]), first=1.0)
    assert sorted(planning.solve(wanted, planning.dense(scores)).need.tolist()) == [0, 1]


@pytest.mark.parametrize("seed", range(20))
def test_a_lock_and_a_no_are_kept_and_the_rest_is_the_best_that_goes_with_them(seed: int) -> None:
    wanted, scores = instance(seed)
    arcs = planning.dense(scores)
    plan = planning.solve(wanted, arcs)
    for need, startup in sorted(plan.pairs())[:3]:
        without = wanted.forbidding(need, startup)
        other = planning.solve(without, arcs)
        assert (need, startup) not in other.pairs()
        assert other.worth == pytest.approx(lp_worth(without, scores), abs=1e-5)
        assert other.worth <= plan.worth + 1e-9
    chosen = plan.pairs()
    for need, startup in list(zip(arcs.need.tolist(), arcs.startup.tolist(), strict=True))[:10]:
        if (need, startup) in chosen:
            continue
        locked = planning.solve(wanted.locking(Lock(need, startup)), arcs)
        assert bool(locked.broken) != ((need, startup) in locked.pairs())
        assert locked.worth <= plan.worth + 1e-9


def test_a_lock_costs_what_the_best_plan_with_it_is_short_of() -> None:
    scores = np.array([[0.9, 0.5], [0.8, 0.1]])
    wanted = Round(demand=np.array([1, 1]), capacity=np.array([1, 1]))
    arcs = planning.dense(scores)
    assert planning.solve(wanted, arcs).pairs() == {(0, 1), (1, 0)}
    locked = planning.solve(wanted.locking(Lock(0, 0)), arcs)
    assert locked.pairs() == {(0, 0), (1, 1)}
    assert planning.solve(wanted, arcs).worth - locked.worth == pytest.approx(0.3)


def test_a_lock_may_name_the_place_also_one_that_the_need_would_not_go_to() -> None:
    wanted = Round(demand=np.array([1]), capacity=np.array([1]), free=np.array([1, 1]), price=np.array([[0.0, np.inf]]))
    arcs = planning.dense(np.array([[0.5]]))
    plan = planning.solve(wanted.locking(Lock(0, 0, 1)), arcs)
    assert plan.triples() == {(0, 0, 1)}
    assert not plan.broken


def test_a_lock_that_cannot_be_kept_is_named_and_the_rest_planned() -> None:
    wanted = Round(
        demand=np.array([1, 1]), capacity=np.array([1, 1]), free=np.array([0, 1]),
        price=np.array([[0.0, np.inf], [np.inf, 0.0]]), locks=(Lock(0, 0),),
    )  # fmt: skip
    plan = planning.solve(wanted, planning.dense(np.full((2, 2), 0.5)))
    assert plan.broken == (Lock(0, 0),)
    assert plan.need.tolist() == [1]


def test_of_two_locks_of_one_startup_that_has_room_for_one_only_one_is_kept() -> None:
    wanted = Round(demand=np.array([1, 1]), capacity=np.array([1]), locks=(Lock(0, 0), Lock(1, 0)))
    plan = planning.solve(wanted, planning.dense(np.array([[0.9], [0.2]])))
    assert len(plan.broken) == 1
    assert len(plan.need) == 1


SHORT = [
    ("no_candidate", [[-np.inf, -np.inf], [0.5, -np.inf]], [1, 1], [1], [[0.0], [0.0]]),
    ("no_place", [[0.5, -np.inf], [-np.inf, 0.5]], [1, 1], [0, 1], [[0.0, np.inf], [0.0, 0.0]]),
    ("places_taken", [[0.5, -np.inf], [-np.inf, 0.9]], [1, 1], [1], [[0.0], [0.0]]),
    ("startups_taken", [[0.5, -np.inf], [0.9, -np.inf]], [1, 1], [2], [[0.0], [0.0]]),
]


@pytest.mark.parametrize(("code", "scores", "capacity", "free", "price"), SHORT)
def test_each_need_that_is_short_is_told_why(code: str, scores: Any, capacity: Any, free: Any, price: Any) -> None:
    wanted = Round(np.array([1, 1]), np.array(capacity), np.array(free), np.array(price))
    arcs = planning.dense(np.array(scores))
    found = planning.shortages(wanted, arcs, planning.solve(wanted, arcs))
    assert found[0].code == code
    assert found[0].missing == 1
    if code.endswith("taken"):
        assert found[0].needs == (1,)


@pytest.mark.parametrize("seed", range(60))
def test_whatever_is_short_has_a_reason(seed: int) -> None:
    wanted, scores = instance(seed, places=bool(seed % 3))
    arcs = planning.dense(scores)
    found = planning.shortages(wanted, arcs, planning.solve(wanted, arcs))
    assert "not_worth" not in {shortage.code for shortage in found.values()}


def test_an_empty_round_has_an_empty_plan() -> None:
    plan, _ = planning.solve_dense(Round(np.zeros(0, int), np.zeros(0, int)), np.zeros((0, 0)))
    assert plan.total == 0
    assert len(plan.need) == 0
    assert plan.place.tolist() == []
    assert NO_PLACE == -1
