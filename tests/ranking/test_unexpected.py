from matcher.ranking import unexpected
from matcher.ranking.unexpected import Candidate

CARE, ROADS = frozenset({"care"}), frozenset({"roads"})


def usual(count=12, score=0.8):
    return [Candidate(score + 0.7, CARE, 9), *(Candidate(score - number / 100, CARE, 9) for number in range(1, count))]


def test_the_usual_list_has_nobody_unexpected():
    assert unexpected.choose(usual()) is None


def test_one_of_another_field_is_brought_up():
    candidates = usual()
    candidates[10] = Candidate(0.7, ROADS, 9)
    assert unexpected.choose(candidates) == (10, "field")


def test_one_that_is_seldom_shown_is_brought_up():
    candidates = usual()
    candidates[9] = Candidate(0.7, CARE, 1)
    assert unexpected.choose(candidates) == (9, "seldom")


def test_both_reasons_win_over_one_and_a_better_rank():
    candidates = usual()
    candidates[9], candidates[11] = Candidate(0.7, CARE, 0), Candidate(0.695, ROADS, 0)
    assert unexpected.choose(candidates) == (11, "field")


def test_below_the_floor_nobody_is_plausible():
    candidates = usual()
    candidates[10] = Candidate(0.3, ROADS, 0)
    assert unexpected.choose(candidates) is None


def test_how_far_a_list_falls_decides_and_not_where_its_figures_lie():
    low = [Candidate(one.score - 1, one.themes, one.lists) for one in usual()]
    low[10] = Candidate(-0.3, ROADS, 9)
    assert unexpected.choose(low) == (10, "field")
    low[10] = Candidate(-0.32, ROADS, 9)
    assert unexpected.choose(low) is None


def test_no_lists_counted_yet_is_not_the_same_as_none():
    candidates = usual()
    candidates[9] = Candidate(0.7, CARE, None)
    assert unexpected.choose(candidates) is None


def test_a_short_list_stays_as_it_is():
    assert unexpected.choose([Candidate(0.8, ROADS, 0)] * 8) is None


def test_a_weak_list_has_no_place_for_it():
    candidates = [Candidate(-0.1 - number / 100, CARE, 9) for number in range(12)]
    candidates[10] = Candidate(-0.1, ROADS, 0)
    assert unexpected.choose(candidates) is None


def test_the_others_keep_their_order():
    assert unexpected.moved(range(12), 10) == [0, 1, 2, 3, 4, 5, 6, 10, 7, 8, 9, 11]
