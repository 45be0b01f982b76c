"""Learned weights, held to brokers whose taste and whose way of reading a list are known."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.ranking import learning
from tests.ranking import brokers

BUILT_IN = {"semantic": 1.0, "lexical": 2.5, "sentence": 0.3}
START = np.array(list(BUILT_IN.values()))
WORDS = brokers.Broker(taste=(0.4, 1.5, 0.5), bias=-3.0, looks=1.0)  # likes shared words more than the ranking does


def taught(broker: brokers.Broker, needs: int, seed: int):
    made = brokers.world(needs, 50, seed)
    decided = brokers.decide(broker, made, seed + 9)
    ranks: dict[int, list[int]] = {}
    for one in decided:
        if one.taken:
            ranks.setdefault(int(one.need_id[5:]), []).append(one.rank)
    lessons = [learning.Lesson(made.parts[need] / START, np.array(r) - 1, np.array(r)) for need, r in ranks.items()]
    return lessons, learning.looking([one.rank for one in decided])


def quality(weights: dict[str, float], broker: brokers.Broker) -> float:
    """Return the mean true chance of the first eight, in a world that nobody learned from."""
    made = brokers.world(300, 50, 999)
    first = np.argsort(-(made.parts / START @ np.array(list(weights.values()))), axis=1)[:, :8]
    return float(np.take_along_axis(brokers.chances(broker, made), first, axis=1).mean())


@pytest.mark.parametrize("eta", [0.5, 1.0, 1.5])
def test_how_far_down_brokers_look_is_read_from_where_they_decided(eta):
    _, found = taught(brokers.Broker(looks=eta), 150, 1)
    assert found == pytest.approx(eta, abs=0.1)


def test_without_decisions_nothing_is_known_of_how_far_they_look():
    assert learning.looking([]) == 0.0


def test_learned_weights_put_better_startups_first_and_the_correction_is_why():
    lessons, eta = taught(WORDS, 150, 2)
    corrected, naive = learning.fit(lessons, BUILT_IN, eta), learning.fit(lessons, BUILT_IN, 0.0)
    assert quality(corrected, WORDS) > quality(naive, WORDS) + 0.005
    assert quality(naive, WORDS) > quality(BUILT_IN, WORDS) + 0.005


def test_the_first_part_keeps_its_weight_and_none_leaves_its_bounds():
    lessons, eta = taught(brokers.Broker(taste=(0.0, 8.0, -8.0), bias=-8.0), 100, 3)
    weights = learning.fit(lessons, BUILT_IN, eta)
    assert weights["semantic"] == 1.0
    assert weights["lexical"] == pytest.approx(2.5 * learning.MOST, rel=1e-3)
    assert weights["sentence"] >= 0.3 / learning.MOST * 0.999


def test_few_decisions_move_the_weights_little():
    lessons, eta = taught(WORDS, 150, 4)
    few, many = learning.fit(lessons[:4], BUILT_IN, eta), learning.fit(lessons, BUILT_IN, eta)
    assert abs(few["lexical"] - 2.5) < 0.5 * abs(many["lexical"] - 2.5)


def test_a_find_far_down_counts_more_but_not_without_end():
    assert learning.counts(np.array([1, 4, 50]), 1.0).tolist() == [1.0, 4.0, learning.HEAVIEST]


def test_the_trial_says_better_where_it_is_and_not_where_the_broker_agrees_with_the_ranking():
    lessons, eta = taught(WORDS, 150, 5)
    assert learning.trial(lessons, BUILT_IN, BUILT_IN, eta).better
    # In weighted parts the ranking's own taste is one of each; a broker of that taste teaches nothing.
    spreads = tuple(4 * spread for _, spread in brokers.PARTS.values())
    lessons, eta = taught(brokers.Broker(taste=spreads, bias=-4.0, looks=0.5), 150, 5)
    assert not learning.trial(lessons, BUILT_IN, BUILT_IN, eta).better


def test_the_slope_that_the_search_follows_is_the_true_one():
    lesson, step = taught(WORDS, 20, 6)[0][0], 1e-6
    value, slope = learning._surprise(lesson, START, 1.0)
    for place in range(3):
        beside = START + step * np.eye(3)[place]
        assert (learning._surprise(lesson, beside, 1.0)[0] - value) / step == pytest.approx(slope[place], rel=1e-3)


def test_the_report_names_who_would_gain_and_who_would_lose():
    before = {"n1": ["a", "b"], "n2": ["a", "c"], "n3": ["a", "b"]}
    after = {"n1": ["b", "a"], "n2": ["b", "c"], "n3": ["b", "d"]}
    found = learning.exposure(before, after)
    assert (found["needs"], found["changed"], found["shown"]) == (3, 2, [3, 4])
    assert found["gains"] == [["b", 2, 3], ["d", 0, 1]]
    assert found["losses"] == [["a", 3, 1]]
