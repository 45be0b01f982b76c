import numpy as np
import pytest

from matcher.ranking import searching


def test_what_all_have_in_common_with_a_question_says_nothing():
    cosine = np.full(100, 0.3, np.float32)
    cosine[7] = 0.6
    parts = searching.parts(cosine, np.ones(100, bool), np.zeros(100))
    assert parts["semantic"][7] == pytest.approx(0.6, abs=0.05)
    assert abs(parts["semantic"][8]) < 0.05


def test_without_a_vector_only_words_count():
    parts = searching.parts(np.array([0.5, 0.1]), np.array([False, True]), np.array([0.8, -0.2]))
    assert parts["semantic"][0] == 0
    assert parts["lexical"].tolist() == pytest.approx([0.64, 0.0])


def test_the_bar_is_higher_among_many_and_under_a_good_best():
    nothing = [searching.least(np.zeros(size)) for size in (1, 10, 100, 10_000)]
    assert nothing[0] == nothing[1] < nothing[2] < nothing[3]
    assert searching.least(np.array([2.0, 0.1])) == pytest.approx(0.8)


def test_an_empty_shelf_has_a_bar_too():
    assert searching.least(np.empty(0)) > 0


def test_unit_leaves_nothing_as_nothing():
    assert searching.unit(np.array([3.0, 4.0])).tolist() == pytest.approx([0.6, 0.8])
    assert not searching.unit(np.zeros(2)).any()
