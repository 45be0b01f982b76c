import numpy as np
import pytest

from matcher.ranking import evidence


def rows(*vectors):
    found = np.array(vectors, dtype=np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_the_pairs_are_the_nearest_and_the_best_stands_first():
    found = evidence.find(rows([1, 0, 0], [0, 1, 0.2]), rows([0, 1, 0], [1, 0.5, 0]))
    assert [(pair.asked, pair.answer) for pair in found.pairs] == [(1, 0), (0, 1)]


def test_no_sentence_of_the_profile_is_shown_twice():
    found = evidence.find(rows([1, 0], [1, 0.1], [1, 0.2]), rows([1, 0]))
    assert [pair.answer for pair in found.pairs] == [0]


def test_another_sentence_of_the_need_goes_before_the_same_once_more():
    asked, answers = rows([1, 0, 0], [0, 0.7, 1]), rows([1, 0, 0], [1, 0.1, 0], [0, 0, 1])
    assert {pair.asked for pair in evidence.find(asked, answers, pairs=2).pairs} == {0, 1}


def test_at_most_the_wanted_number_of_pairs():
    assert len(evidence.find(np.eye(6), np.eye(6), pairs=3).pairs) == 3


def test_a_poor_pair_is_shown_only_if_there_is_no_better():
    found = evidence.find(rows([1, 0]), rows([0, 1], [-0.1, 1]))
    assert len(found.pairs) == 1
    assert found.uncovered == [0]


def test_what_nothing_answers_is_uncovered():
    assert evidence.find(rows([1, 0], [0, 1]), rows([1, 0.1])).uncovered == [1]


@pytest.mark.parametrize(("asked", "answers", "uncovered"), [(0, 3, []), (2, 0, [0, 1]), (0, 0, [])])
def test_a_side_without_sentences_gives_no_pairs(asked, answers, uncovered):
    found = evidence.find(np.empty((asked, 4)), np.empty((answers, 4)))
    assert (found.pairs, found.uncovered) == ([], uncovered)


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


def test_words_that_only_begin_alike_are_not_shared():
    assert marked("kommunikation", "kommunen") == ([], [])
