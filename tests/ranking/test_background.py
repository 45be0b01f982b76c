import zipfile

import numpy as np
import pytest

from matcher.ranking.background import NEIGHBOURS, Background, Hubs, Mean, Texts, Wordiness, nearest_mean
from matcher.ranking.lexical import Index, terms


def unit(*rows):
    found = np.array(rows, dtype=np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def create_texts(count=3, dimensions=4, words="en text"):
    vectors = np.random.default_rng(count).normal(size=(count, dimensions))
    return Texts(unit(*vectors), [terms(f"{words} nummer{number}") for number in range(count)])


def test_texts_come_back_from_bytes_as_they_were():
    before = create_texts()
    after = Texts.from_bytes(before.to_bytes())
    assert np.array_equal(before.vectors, after.vectors)
    assert [row.to_bytes() for row in before.terms] == [row.to_bytes() for row in after.terms]


def test_bytes_of_something_else_are_refused():
    with pytest.raises((ValueError, zipfile.BadZipFile)):
        Texts.from_bytes(b"not an archive")


def test_as_many_vectors_as_terms():
    with pytest.raises(ValueError, match="2 vectors"):
        Texts(np.zeros((2, 3), np.float32), [])


def test_the_background_turns_with_the_direction_of_the_ranking():
    background = Background(create_texts(2), create_texts(3))
    assert len(background.turned().questions) == 3


def test_shipped_texts_that_the_hub_holds_itself_are_left_out():
    background = Background(create_texts(3), create_texts(3, words="ett annat"))
    rest = background.without(create_texts(2), Texts.none(4))
    assert (len(rest.questions), len(rest.documents)) == (1, 3)


def test_centring_takes_away_what_all_have_in_common():
    vectors = unit([1, 0, 9], [0, 1, 9], [-1, -1, 9])
    centred = Mean([vectors], np.empty((0, 3))).centre(vectors)
    assert (centred[0] @ centred[1]) < 0.1 < (vectors[0] @ vectors[1])
    assert np.allclose(np.linalg.norm(centred, axis=1), 1)


def test_a_vector_is_left_out_of_the_mean_that_it_is_measured_against():
    own = unit([1, 0, 0], [0, 1, 0], [0, 0, 1])
    alone = Mean([own[1:]], np.empty((0, 3))).centre(own[:1])
    assert np.allclose(Mean([own], np.empty((0, 3))).centre(own[:1], np.array([True])), alone, atol=1e-6)


def test_the_shipped_mean_gives_way_to_the_hub_s_own():
    shipped = unit(*[[0, 1]] * 50)
    young, old = (Mean([unit(*[[1, 0]] * count)], shipped) for count in (2, 2_000))
    probe = unit([1, 1])
    assert young.centre(probe)[0, 0] > 0.9
    assert old.centre(probe)[0, 1] > 0.9


def test_a_text_without_a_vector_moves_no_mean_and_stays_without():
    vectors = np.vstack([unit([1, 0], [0, 1]), np.zeros((1, 2), np.float32)])
    with_hole = Mean([vectors], np.empty((0, 2))).centre(vectors)
    assert np.allclose(with_hole[:2], Mean([vectors[:2]], np.empty((0, 2))).centre(vectors[:2]))
    assert not with_hole[2].any()


@pytest.mark.parametrize("questions", [NEIGHBOURS // 2, NEIGHBOURS, NEIGHBOURS + 1, 5 * NEIGHBOURS])
def test_hubs_without_a_question_are_those_of_the_other_questions(questions):
    scores = np.random.default_rng(1).normal(size=(questions, 7)).astype(np.float32)
    hubs = Hubs(scores)
    for left_out in range(questions):
        others = np.sort(np.delete(scores, left_out, axis=0), axis=0)[-NEIGHBOURS:]
        assert np.allclose(hubs.mean(left_out), others.mean(axis=0), atol=1e-6)


def test_hubs_of_all_questions_are_the_mean_of_the_nearest():
    scores = np.random.default_rng(1).normal(size=(30, 7)).astype(np.float32)
    assert np.allclose(Hubs(scores).mean(), np.sort(scores, axis=0)[-NEIGHBOURS:].mean(axis=0), atol=1e-6)


def test_without_questions_there_are_no_hubs():
    assert not Hubs(np.empty((0, 3), np.float32)).mean().any()


def test_the_nearest_mean_of_few_documents_is_that_of_all():
    assert nearest_mean(np.array([[1.0, 3.0]])).tolist() == [[2.0]]
    assert nearest_mean(np.empty((1, 0))).tolist() == [[0.0]]


DOCUMENTS = ["lekplats", "lekplats dagvatten skola parkering snö", "skola"]
QUESTIONS = ["dagvatten i skolan", "lekplats och parkering", "snö på skolan"]


def wordiness(questions):
    index = Index([terms(text) for text in DOCUMENTS])
    return index, Wordiness(index, [terms(text) for text in questions], [])


def test_a_wordy_document_is_expected_to_share_more():
    index, measured = wordiness(QUESTIONS)
    shares = index.share([terms("lekplatser")])
    assert measured.expected(shares, np.array([False]))[0].argmax() == 1


def test_the_expected_shares_of_a_question_sum_to_its_shares():
    index, measured = wordiness(QUESTIONS)
    shares = index.share([terms("lekplatser vid skolan")])
    assert np.isclose(measured.expected(shares, np.array([False])).sum(), shares.sum())


def test_the_asked_question_is_left_out_of_what_is_expected():
    index, measured = wordiness(QUESTIONS)
    shares = index.share([terms(QUESTIONS[0])])
    _, others = wordiness(QUESTIONS[1:])
    assert np.allclose(
        measured.expected(shares, np.array([True])), others.expected(shares, np.array([False])), atol=1e-6
    )
