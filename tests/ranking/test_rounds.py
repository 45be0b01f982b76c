"""A round as it stands: places by the day, what stops a pair, and previews that are true when tried."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matcher.ranking import planning, round_report, rounds
from matcher.ranking.assignment import Arcs, Lock

NOW = "2026-11-22T09:00:00.000000Z"
QUARTER = ("2027-01-01", "2027-03-31")
NEED = {
    "name": "Behov", "organisation_id": "kommun", "organisation": "Kommunen", "county_code": "12", "themes": [],
    "languages": ["sv"], "language": "sv", "min_readiness": None, "local": None, "valid_until": None,
    "wanted_by": None, "testbed_id": None,
}  # fmt: skip
STARTUP = {
    "name": "Bolag", "organisation_id": "bolag", "organisation": "Bolaget", "regions": [], "readiness": 7,
    "languages": ["sv"], "language": "sv", "capacity": 1,
}  # fmt: skip
TESTBED = {"name": "Bädd", "places": 2, "county_code": "12", "themes": [], "buffer_days": 0, "held": [], "closed": []}


def board(scores: Any, needs: Any = None, startups: Any = None, testbeds: Any = (), **given: Any) -> rounds.Board:
    matrix = np.array(scores, float)
    needs = needs or [{} for _ in matrix]
    startups = startups or [{} for _ in matrix[0]]
    row = {
        "need_ids": [f"n{at}" for at in range(len(needs))], "startup_ids": [f"s{at}" for at in range(len(startups))],
        "starts_on": "2027-01-01", "quarters": given.pop("quarters", 1), "days": 56, "demand": given.pop("demand", 1),
        "most": given.pop("most", None), "places": "yes" if testbeds else None, "least": 0.1, "model": "m",
        "scoring": "1",
    }  # fmt: skip
    facts = rounds.Facts(
        {f"n{at}": {"id": f"n{at}", **NEED, **one} for at, one in enumerate(needs)},
        {f"s{at}": {"id": f"s{at}", **STARTUP, **one} for at, one in enumerate(startups)},
        given.pop("refused", {}),
        given.pop("under_way", []),
        [{"id": f"t{at}", **TESTBED, **one} for at, one in enumerate(testbeds)],
    )
    return rounds.board(facts, row, planning.dense(matrix), given.pop("rules", []), given.pop("demands", {}), NOW)


def test_arcs_are_packed_and_unpacked() -> None:
    arcs = planning.dense(np.array([[0.5, -np.inf], [0.25, 0.125]]))
    found = rounds.unpack(rounds.pack(arcs))
    assert (found.need.tolist(), found.startup.tolist()) == (arcs.need.tolist(), arcs.startup.tolist())
    assert found.score.tolist() == arcs.score.tolist()
    assert len(rounds.unpack(b"")) == 0


@pytest.mark.parametrize(
    ("held", "closed", "expected"),
    [
        ([], [], (2, "2027-01-01")),
        ([("2027-01-01", "2027-03-31")], [], (1, "2027-01-01")),
        ([("2026-12-01", "2027-01-31")], [], (2, "2027-02-01")),
        ([], [("2027-01-01", "2027-02-10")], (0, "2027-01-01")),
        ([], [("2027-01-01", "2027-01-20")], (2, "2027-01-21")),
        ([("2027-01-01", "2027-02-15"), ("2027-02-16", "2027-03-31")], [], (1, "2027-01-01")),
    ],
)
def test_places_are_counted_day_by_day_on_the_stretch_with_most_room(held: Any, closed: Any, expected: Any) -> None:
    assert rounds.room({**TESTBED, "held": held, "closed": closed}, QUARTER, 56) == expected


def test_what_is_left_of_a_quarter_may_be_too_short() -> None:
    assert rounds.room(TESTBED, ("2027-03-01", "2027-03-31"), 56)[0] == 0


def test_the_days_after_a_test_are_kept_free_for_resetting_but_may_be_closed() -> None:
    april, testbed = ("2027-04-01", "2027-04-30"), {**TESTBED, "places": 1, "buffer_days": 7}
    held = {**testbed, "held": [("2027-05-05", "2027-05-31")]}
    assert rounds.room(held, april, 27) == (1, "2027-04-01")
    assert rounds.room(held, april, 28)[0] == 0
    assert rounds.room({**testbed, "closed": [("2027-05-01", "2027-05-31")]}, april, 30) == (1, "2027-04-01")


@pytest.mark.parametrize(
    ("code", "need", "startup", "more"),
    [
        ("readiness", {"min_readiness": 8}, {}, {}),
        ("region", {"local": "yes"}, {"regions": ["01"]}, {}),
        ("language", {"languages": ["fi"]}, {}, {}),
        ("own", {"organisation_id": "bolag"}, {}, {}),
        ("dismissed", {}, {}, {"refused": {("n0", "s0"): "dismissed"}}),
        ("met", {}, {}, {"refused": {("n0", "s0"): "met"}}),
        ("paired", {}, {}, {"under_way": [{"need_id": "n0", "startup_id": "s0"}]}),
        ("", {}, {"capacity": None, "readiness": None}, {}),
    ],
)
def test_what_stops_a_pair(code: str, need: Any, startup: Any, more: Any) -> None:
    made = board([[0.9]], [need], [startup], **more)
    assert made.stopped.tolist() == [code]
    assert len(rounds.solve(made).need) == (code == "")


def test_what_is_under_way_takes_demand_and_capacity() -> None:
    made = board([[0.9, 0.8], [0.7, 0.6]], under_way=[{"need_id": "n0", "startup_id": "s1"}])
    assert (made.wanted.demand.tolist(), made.wanted.capacity.tolist()) == ([0, 1], [1, 0])


def test_an_owners_testbed_is_the_only_one_and_else_a_theme_is_shared() -> None:
    needs = [{"testbed_id": "t1"}, {"themes": ["water"]}, {"themes": ["school"]}]
    beds = [{"themes": ["water"]}, {"themes": ["streets"]}]
    price = board(np.full((3, 1), 0.5), needs, testbeds=beds).wanted.price
    assert np.isfinite(price).tolist() == [[False, True], [True, False], [False, False]]


def test_a_test_begins_no_later_than_the_quarter_of_the_day_it_is_wanted_by() -> None:
    price = board([[0.5]], [{"wanted_by": "2027-05-10"}], testbeds=[{}], quarters=4).wanted.price
    assert np.isfinite(price).tolist() == [[True, True, False, False]]


def test_too_late_and_no_testbed_are_told_apart() -> None:
    needs = [{"wanted_by": "2026-12-01"}, {"themes": ["school"]}, {"testbed_id": "gone"}]
    made = board(np.full((3, 3), 0.5), needs, testbeds=[{"themes": ["water"]}])
    made = replace(made, facts=made.facts)
    codes = {row["need_id"]: row["code"] for row in round_report.short(made, rounds.solve(made))}
    assert codes == {"n0": "too_late", "n1": "no_testbed", "n2": "testbed_gone"}


def test_no_place_names_quarter_and_testbed() -> None:
    made = board([[0.5]], [{"wanted_by": "2027-06-30"}], testbeds=[{"places": 0}], quarters=2)
    [row] = round_report.short(made, rounds.solve(made))
    assert (row["code"], row["params"]["quarters"]) == ("no_place", ["2027 Q1", "2027 Q2"])
    assert row["params"]["testbeds"]["names"] == ["Bädd"]


def test_none_of_the_candidates_is_told_with_what_stops_each() -> None:
    made = board([[0.5, 0.4]], startups=[{"languages": ["fi"]}, {"capacity": 0}])
    [row] = round_report.short(made, rounds.solve(made))
    assert (row["code"], row["params"]["codes"]) == ("all_stopped", {"language": 1, "capacity": 1})


def test_a_lock_of_a_stopped_pair_is_void_and_says_why() -> None:
    rule = {"id": "r", "need_id": "n0", "startup_id": "s0", "kind": "lock", "testbed_id": None, "starts_on": None}
    made = board([[0.9, 0.5]], startups=[{"languages": ["fi"]}, {}], rules=[rule])
    assert round_report.broken(made, rounds.solve(made)) == [(rule, "language")]
    assert rounds.solve(made).pairs() == {(0, 1)}


@pytest.mark.parametrize("seed", range(25))
def test_what_a_preview_shows_is_what_comes_and_nothing_else_moves(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.random((8, 10)).round(3)
    beds = [{"places": int(number)} for number in rng.integers(1, 3, 3)]
    made = board(scores, testbeds=beds, quarters=2)
    plan = rounds.solve(made)
    need, startup = int(rng.integers(8)), int(rng.integers(10))
    for wanted in (made.wanted.locking(Lock(need, startup)), made.wanted.forbidding(need, startup)):
        shown = round_report.preview(made, plan, wanted)
        after = rounds.solve(replace(made, wanted=wanted))
        assert shown.cost == pytest.approx(plan.worth - after.worth, abs=1e-6)
        assert shown.cost >= -1e-6
        moved = {
            name for name in range(8)
            if {one for one in plan.triples() if one[0] == name} != {one for one in after.triples() if one[0] == name}
        }  # fmt: skip
        assert {row["need_id"] for row, _, _ in shown.changes} == {f"n{name}" for name in moved}


def test_figures_tell_the_worst_off_and_what_is_left_empty() -> None:
    made = board([[0.9, 0.2], [0.8, 0.05]], testbeds=[{"places": 3}])
    found = round_report.figures(made, rounds.solve(made))
    assert (found.tests, found.served, found.free, found.empty) == (2, 2, 3, 1)
    assert found.worst == pytest.approx(0.2)


def test_a_pair_that_has_no_score_cannot_be_asked_for() -> None:
    assert Arcs(np.array([0]), np.array([1]), np.array([0.5])).value((0, 0)) is None
    with pytest.raises(ValueError, match="not in list"):
        board([[0.5]]).at("n0", "s9")


def test_a_rounds_own_number_counts_what_is_under_way_too() -> None:
    running = [{"id": "p", "need_id": "n1", "startup_id": "s0", "starts_on": None, "ends_on": None}]
    made = board([[0.9, 0.5], [0.1, 0.2]], most=1, under_way=running)
    assert made.wanted.capacity.tolist() == [0, 1], "a startup with a case is not given one test more than is allowed"
    assert rounds.solve(made).pairs() == {(0, 1)}
