from itertools import combinations as groups

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matcher.ranking import combinations

ANSWERED = 0.5


def near(*rows):
    return np.array([[float(mark) / 10 for mark in row] for row in rows], np.float32)


def test_two_that_complete_each_other():
    found = combinations.best(near("990000", "009900", "900000"), ANSWERED)
    assert found.startups == (0, 1)
    assert (found.answered, found.alone, found.of) == (4, 2, 6)
    assert found.answers == [[0, 1], [2, 3]]


def test_one_that_answers_all_needs_nobody():
    assert combinations.best(near("999999", "990000", "009900"), ANSWERED) is None


def test_one_sentence_more_is_chance():
    assert combinations.best(near("999900", "000090"), ANSWERED) is None


def test_three_only_where_the_third_adds_something():
    assert combinations.best(near("990000", "009900", "990000"), ANSWERED).startups == (0, 1)
    assert combinations.best(near("990000", "009900", "000099"), ANSWERED).startups == (0, 1, 2)


def test_a_sentence_goes_to_the_nearest():
    assert combinations.best(near("996600", "007799"), ANSWERED).answers == [[0, 1], [2, 3, 4, 5]]


def test_nothing_to_combine():
    assert combinations.best(np.zeros((0, 5)), ANSWERED) is None
    assert combinations.best(np.zeros((5, 0)), ANSWERED) is None
    assert combinations.best(np.zeros((1, 5)), ANSWERED) is None


@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=2, max_size=6))
def test_no_pair_or_three_answers_more(rows):
    met = np.array(rows, float)
    found = combinations.best(met, ANSWERED)
    most = max(int(met[list(group)].any(axis=0).sum()) for size in (2, 3) for group in groups(range(len(met)), size))
    alone = int(met.sum(axis=1).max())
    if found is None:
        assert most < alone + combinations.LEAST_GAIN
    else:
        assert found.answered == most
        assert all(found.answers)
