"""The chance of a match, held to brokers whose behaviour is known."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.ranking import calibration
from tests.ranking import brokers


def judged(needs: int, seed: int, most: int = 5, **behaviour):
    broker = brokers.Broker(**behaviour)
    made = brokers.world(needs, 40, seed, empty=broker.empty)
    given = calibration.sample(brokers.decide(broker, made, seed + 100, most=most))
    true = brokers.chances(broker, made)[:, :most].ravel()
    return given, true


def test_the_chance_of_unseen_needs_is_near_the_true_one():
    given, true = judged(200, seed=1)
    figures = calibration.measure(given)
    assert figures["brier"] < np.mean(true * (1 - true)) + 0.01  # the least that any forecast could reach
    assert figures["brier"] < 0.9 * figures["brier_of_the_mean"]
    assert figures["calibration_error"] < 0.05
    found = calibration.unseen(given)
    assert np.mean(np.abs(found.chances - true)) < 0.06


def test_the_interval_holds_the_true_chance():
    inside = []
    for seed in range(3):
        given, true = judged(100, seed)
        found = calibration.unseen(given)
        told = ~np.isnan(found.low)
        assert told.mean() > 0.9
        inside.append(np.mean((found.low[told] <= true[told]) & (true[told] <= found.high[told])))
    assert np.mean(inside) > 0.9


def test_a_broker_who_decides_by_lot_gets_the_mean_and_no_promises():
    given, _ = judged(100, seed=3, taste=(0.0, 0.0, 0.0), bias=0.0)
    figures = calibration.measure(given)
    assert figures["brier"] == pytest.approx(0.25, abs=0.02)
    assert calibration.unseen(given).chances.std() < 0.1


def test_many_decisions_bend_the_line_where_the_broker_does():
    given, _ = judged(250, seed=4)
    assert "scores" in calibration.fit(given).calibration
    few, _ = judged(60, seed=4)
    assert "slope" in calibration.fit(few).calibration


def test_probably_nothing_is_right_four_times_in_five():
    said = right = 0
    for seed in range(4):
        given, _ = judged(120, seed, empty=0.3, taste=(1.5, 1.0, 0.5), bias=0.0)
        figures = calibration.measure(given)["nothing"]
        said, right = said + figures["said"], right + figures["right"]
        assert figures["empty"] < 0.5 * figures["looked"]  # saying it always would be wrong more often than right
    assert said >= 60
    assert right / said >= 0.75


def test_probably_nothing_is_never_said_above_an_even_chance():
    best, empty = np.linspace(0.1, 0.9, 20), np.ones(20, bool)
    assert calibration._nothing(best, empty)["below"] == pytest.approx(best[best < 0.5][-1])


def test_the_threshold_ends_where_it_was_last_right():
    best, empty = np.linspace(0.01, 0.2, 20), np.r_[np.ones(15, bool), np.zeros(5, bool)]
    below = calibration._nothing(best, empty)["below"]
    assert best[14] < below < best[15]
    assert calibration._nothing(best[:9], empty[:9]) is None  # of too few needs


def test_probably_nothing_is_not_said_where_every_need_finds_something():
    given, _ = judged(100, seed=5, bias=-1.0)
    assert calibration.fit(given).nothing is None


@pytest.mark.parametrize(("needs", "bias"), [(9, -3.0), (20, 9.0)])
def test_too_few_decisions_or_none_of_one_kind_are_not_enough(needs, bias):
    given, _ = judged(needs, seed=6, bias=bias)
    assert not given.enough


def test_fifty_decisions_are_enough():
    given, _ = judged(10, seed=7)
    assert given.enough
    assert calibration.fit(given).counted


def test_figures_of_two_versions_are_never_put_together():
    broker, made = brokers.Broker(), brokers.world(5, 10, 1)
    both = brokers.decide(broker, made, 1) + brokers.decide(broker, made, 2, scoring="1+w1")
    with pytest.raises(ValueError, match="several versions"):
        calibration.sample(both)


def test_the_calibration_error_is_the_mean_distance_over_bins():
    chances = np.repeat([0.2, 0.8], 50)
    taken = np.r_[np.ones(20), np.zeros(30), np.ones(40), np.zeros(10)]  # 0.4 and 0.8 in truth
    assert calibration.calibration_error(chances, taken, bins=2) == pytest.approx(0.1)
    assert calibration.brier(chances, taken) == pytest.approx((20 * 0.64 + 30 * 0.04 + 40 * 0.04 + 10 * 0.64) / 100)
