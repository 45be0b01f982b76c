import numpy as np
import pytest

from matcher.ranking import lexical, scoring
from matcher.ranking.background import Background, Texts
from matcher.ranking.encoder import TinyEncoder

ENCODER = TinyEncoder(64)
NEEDS = [
    "äldre faller nattetid på boendet",
    "snöröjning av cykelvägar",
    "dagvatten svämmar över vid skyfall",
    "barn väntar länge på logoped",
    "matsvinn i skolköket",
    "tomma lokaler i centrum",
]
STARTUPS = [
    "sensor som märker att äldre faller nattetid",
    "självgående snöröjning för cykelvägar",
    "mätare i dagvatten som varnar före skyfall",
    "logoped på distans för barn",
    "våg som mäter matsvinn i kök",
    "plattform för allt inom innovation",
    "hyr ut tomma lokaler per timme",
]


def create_texts(texts, prompt="passage"):
    return Texts(ENCODER.encode(texts, prompt), [lexical.terms(text) for text in texts])


def create_collection(startups=STARTUPS, needs=NEEDS, shipped=None):
    return scoring.Collection(create_texts(startups), create_texts(needs), shipped)


def without_vectors(texts):
    return Texts(np.zeros_like(texts.vectors), texts.terms)


@pytest.mark.parametrize(("need", "startup"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 6)])
def test_what_answers_the_need_comes_first(need, startup):
    scores = create_collection().score(create_texts(NEEDS[need : need + 1]), np.array([need]))
    assert scores.total[0].argmax() == startup


def test_the_total_is_the_sum_of_the_weighed_parts():
    scores = create_collection().score(create_texts(NEEDS))
    assert set(scores.parts) == {"semantic", "lexical"}
    assert np.allclose(scores.total, sum(scores.weights[name] * part for name, part in scores.parts.items()))


def test_one_question_alone_gets_what_it_gets_among_many():
    collection, needs, own = create_collection(), create_texts(NEEDS), np.arange(len(NEEDS))
    together = collection.score(needs, own).total
    for place in own:
        alone = collection.score(needs.take(np.array([place])), np.array([place])).total
        assert np.allclose(alone[0], together[place], atol=1e-5)


def test_the_asked_need_is_no_part_of_what_it_is_measured_against():
    needs = create_texts(NEEDS)
    rest = scoring.Collection(create_texts(STARTUPS), needs.take(np.arange(1, len(NEEDS))))
    asked = needs.take(np.array([0]))
    among = create_collection().score(asked, np.array([0])).total
    # The others are centred by a mean that the asked one is in: a difference of the second order.
    assert np.allclose(among, rest.score(asked).total, atol=0.1)
    assert (among.argsort() == rest.score(asked).total.argsort()).all()


def test_without_the_model_the_words_alone_rank():
    asked = without_vectors(create_texts(["snöröjning på cykelväg"]))
    scores = create_collection().score(asked)
    assert not scores.parts["semantic"].any()
    assert scores.total[0].argmax() == 1


def test_a_document_that_is_not_embedded_yet_is_ranked_by_its_words():
    documents = create_texts(STARTUPS)
    documents.vectors[1] = 0
    scores = scoring.Collection(documents, create_texts(NEEDS)).score(create_texts(["snöröjning på cykelväg"]))
    assert scores.parts["semantic"][0, 1] == 0
    assert scores.parts["lexical"][0].argmax() == 1
    assert np.isfinite(scores.total).all()


def test_a_hub_that_suits_everybody_is_pressed_down():
    rng = np.random.default_rng(3)
    needs = rng.normal(size=(40, 16)) + 3 * np.eye(16)[0]
    documents = np.vstack([needs[:20] + 0.9 * rng.normal(size=(20, 16)), needs.mean(axis=0)])
    none = [lexical.terms("")]
    sides = [
        Texts((side / np.linalg.norm(side, axis=1, keepdims=True)).astype(np.float32), none * len(side))
        for side in (documents, needs)
    ]
    plain = sides[1].vectors @ sides[0].vectors.T
    product = scoring.Collection(*sides).score(sides[1], np.arange(40)).total
    assert (plain.argmax(axis=1) == 20).mean() >= 0.3
    assert (product.argmax(axis=1) == 20).mean() <= 0.1


def test_a_hub_without_texts_gives_no_scores():
    collection = scoring.Collection(Texts.none(64), Texts.none(64))
    assert collection.score(create_texts(["vad som helst"])).total.shape == (1, 0)


def test_one_startup_and_no_need_can_be_ranked():
    collection = scoring.Collection(create_texts(STARTUPS[:1]), Texts.none(64))
    assert np.isfinite(collection.score(create_texts(["fall"])).total).all()


def test_the_shipped_background_is_not_ranked():
    shipped = Background(create_texts(NEEDS), create_texts(STARTUPS))
    scores = create_collection(STARTUPS[:2], NEEDS[:1], shipped).score(create_texts(NEEDS[:1]), np.array([0]))
    assert scores.total.shape == (1, 2)
    assert scores.total[0].argmax() == 0


def test_a_hub_of_nothing_but_shipped_texts_scores_as_without_them():
    shipped = Background(create_texts(NEEDS), create_texts(STARTUPS))
    asked, own = create_texts(NEEDS), np.arange(len(NEEDS))
    assert np.allclose(
        create_collection(shipped=shipped).score(asked, own).total, create_collection().score(asked, own).total
    )


def test_an_empty_text_gets_scores_that_are_numbers():
    assert np.isfinite(create_collection().score(create_texts([""])).total).all()


def look_closer(sentences, asked="äldre faller nattetid"):
    collection, question = create_collection(), create_texts([asked])
    before = collection.score(question)
    vectors = {place: ENCODER.encode(found, "passage") for place, found in sentences.items()}
    return before, collection.look_closer(before, question, vectors)


def test_the_document_with_the_nearest_sentence_gains():
    before, after = look_closer({3: ["äldre faller nattetid"], 5: ["plattform för allt"]})
    assert after.parts["sentence"][0, 3] > 0 > after.parts["sentence"][0, 5]
    assert (after.total - before.total)[0, 3] > 0


def test_a_document_without_sentences_keeps_its_score():
    before, after = look_closer({3: ["äldre faller nattetid"], 5: ["plattform för allt"]})
    assert np.array_equal(before.total[0, [0, 1, 2, 4, 6]], after.total[0, [0, 1, 2, 4, 6]])


def test_the_gains_of_a_closer_look_even_out():
    _, after = look_closer({place: [text] for place, text in enumerate(STARTUPS)})
    assert np.isclose(after.parts["sentence"].sum(), 0, atol=1e-5)


def test_the_first_are_in_order_and_equal_ones_as_they_stand():
    scores = scoring.Scores({"semantic": np.array([[1.0, 3.0, 1.0, 2.0]])}, {"semantic": 1.0})
    assert scores.first(3).tolist() == [[1, 3, 0]]
