from __future__ import annotations

import numpy as np
import pytest

from matcher.ranking import exposure


def test_a_startup_counts_once_a_list():
    counts = exposure.appearances([np.array([0, 1]), np.array([1, 1, 2])], 5)
    assert counts.tolist() == [1, 2, 1, 0, 0]


def test_the_figures_of_lists_that_one_startup_takes():
    found = exposure.measure(np.array([10, 0, 0, 0, 0]), 10)
    assert (found.startups, found.lists, found.highest) == (5, 10, 10)
    assert found.coverage == pytest.approx(0.2)
    assert found.gini == pytest.approx(0.8)  # one of five has it all: 1 − 1/5
    assert found.skewness == pytest.approx(1.5)  # worked by hand: mean 2, E(x−2)³ = 96, σ = 4


def test_all_shown_as_often_is_even():
    found = exposure.measure(np.full(7, 3), 21)
    assert (found.coverage, found.skewness, found.gini) == (1.0, 0.0, pytest.approx(0.0))


def test_nobody_shown_and_nobody_there_are_no_errors():
    assert exposure.measure(np.zeros(3, int), 0).coverage == 0
    assert exposure.measure(np.zeros(0, int), 5).startups == 0


def test_skewness_has_the_side_of_the_tail():
    assert exposure.skewness(np.array([0, 0, 0, 9])) > 0 > exposure.skewness(np.array([9, 9, 9, 0]))


def test_a_few_lists_cannot_cover_many():
    assert exposure.best_possible(1000, 20) == pytest.approx(0.2)
    assert exposure.best_possible(5, 3) == 1.0
    assert exposure.best_possible(0, 3) == 0.0


def test_the_list_one_looks_at_is_none_of_the_others():
    assert [exposure.elsewhere(7, rank) for rank in (1, 10, 11)] == [6, 6, 7]
    assert exposure.elsewhere(0, 3) == 0  # counted before it came into this list
    assert exposure.elsewhere(None, 3) is None
