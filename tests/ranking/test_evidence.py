import numpy as np

from matcher.ranking import evidence

NONE = -np.inf


def best_pairs(*worth, wanted=3):
    """Return the (asked, answer) pairs found in each table."""
    places, found = evidence.best_pairs(np.array(worth, float), wanted)
    return [
        [tuple(pair) for pair, there in zip(pairs, known, strict=True) if there]
        for pairs, known in zip(places.tolist(), found.tolist(), strict=True)
    ]


def test_the_pairs_are_the_nearest_and_the_best_stands_first():
    assert best_pairs([[0.1, 0.8], [0.9, 0.7]]) == [[(1, 0), (0, 1)]]


def test_the_best_stands_first_also_where_it_could_only_be_taken_last():
    assert best_pairs([[0.9, 0.8]]) == [[(0, 0), (0, 1)]]
    assert best_pairs([[0.5, 0.4, 0.3], [0.1, 0.1, 0.1]], wanted=3) == [[(0, 0), (0, 2), (1, 1)]]


def test_no_sentence_of_the_profile_is_shown_twice():
    assert best_pairs([[0.9], [0.8], [0.7]]) == [[(0, 0)]]


def test_another_sentence_of_the_need_goes_before_the_same_once_more():
    assert best_pairs([[0.9, 0.8, 0.7], [0.1, 0.2, 0.3]], wanted=2) == [[(0, 0), (1, 2)]]


def test_a_single_sentence_of_the_need_meets_one_after_the_other():
    assert best_pairs([[0.2, 0.9, 0.5, 0.1]]) == [[(0, 1), (0, 2), (0, 0)]]


def test_each_profile_gets_its_own_and_never_a_sentence_that_it_has_not():
    one, other = [[0.9, NONE], [0.5, NONE]], [[0.1, 0.2], [0.3, 0.1]]
    assert best_pairs(one, other) == [[(0, 0)], [(1, 0), (0, 1)]]


def test_at_most_the_wanted_number_of_pairs():
    assert [len(pairs) for pairs in best_pairs(np.eye(6), wanted=3)] == [3]


def marked(one, other):
    in_one, in_other = evidence.shared_words(one, other)
    return [one[start:end] for start, end in in_one], [other[start:end] for start, end in in_other]


def test_an_inflected_word_is_shared():
    assert marked("Äldre faller på natten", "Vi upptäcker när någon fallit") == ([], [])
    assert marked("Snöröjningen är sen", "Vi säljer snöröjning") == (["Snöröjningen"], ["snöröjning"])


def test_a_part_of_a_compound_is_shared():
    assert marked("Läckor i vattenledningar", "Sensorer för ledningar") == (["vattenledningar"], ["ledningar"])


def test_grammar_is_not_shared():
    assert marked("Detta skulle kunna hjälpa", "Detta skulle stödja") == ([], [])
    assert marked("ingen blir liggande", "utan att ingen vet något") == ([], [])


def test_words_that_only_begin_alike_are_not_shared():
    assert marked("kommunikation", "kommunen") == ([], [])
