import numpy as np
import pytest

from matcher.ranking import lexical
from matcher.ranking.tongues import Level, language

TEXTS = {
    "sv": "Vi har ett problem som är svårt, och det behöver lösas för att inte bli större.",
    "en": "We have a problem that is hard, and it needs to be solved for the people of the city.",
    "no": "Vi har et problem som er vanskelig, og det må løses for at folk ikke skal lide av det.",
    "da": "Vi har et problem som er svært, og det skal løses af os for at folk ikke bliver syge efter det.",
    "fi": "Meillä on ongelma, ja se on ratkaistava niin että kaikki voivat hyvin kun talvi tulee.",
}


@pytest.mark.parametrize(("name", "text"), TEXTS.items())
def test_a_text_has_the_language_of_its_function_words(name, text):
    assert language(lexical.terms(text)) == name


@pytest.mark.parametrize("text", ["", "snow", "12345", "Forum Andersson Fortum"])
def test_a_text_without_function_words_has_none(text):
    assert language(lexical.terms(text)) == ""


def unit(rows):
    rows = np.array(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_texts_of_two_languages_about_the_same_thing_meet():
    swedish, english = [5.0, 0.0], [0.0, 5.0]
    topics = np.eye(8)
    rows = unit([[*topic, *swedish] for topic in topics] + [[*topic, *english] for topic in topics])
    names = ["sv"] * 8 + ["en"] * 8
    level = Level([(rows, names)]).applied(rows, names)
    before, after = rows @ rows.T, level @ level.T
    assert before[0, 8] < before[0, 1], "the same topic in English is further than another in Swedish"
    assert after[0, 8] > after[0, 1]


def test_one_language_alone_is_left_as_it_is():
    rows = unit(np.random.default_rng(1).normal(size=(6, 4)))
    assert np.allclose(Level([(rows, ["sv"] * 6)]).applied(rows, ["sv"] * 6), rows, atol=1e-6)
    assert np.allclose(Level([(rows, [""] * 6)]).applied(rows, [""] * 6), rows)


def test_an_unknown_language_and_a_missing_vector_are_left_as_they_are():
    rows = unit(np.random.default_rng(1).normal(size=(4, 4)))
    level = Level([(rows, ["sv", "sv", "en", "en"])])
    assert np.allclose(level.applied(rows[:1], ["pl"]), rows[:1], atol=1e-6)
    assert not level.applied(np.zeros((1, 4), np.float32), ["en"]).any()


def test_a_text_is_no_part_of_what_is_taken_from_it():
    rows = unit(np.random.default_rng(1).normal(size=(5, 4)))
    names = ["sv", "sv", "sv", "en", "fi"]
    level = Level([(rows, names)])
    alone = level.applied(rows[4:], ["fi"], np.array([True]))
    assert np.allclose(alone, rows[4:], atol=1e-6), "the only Finnish text has nothing in common with others"
    assert not np.allclose(level.applied(rows[4:], ["fi"]), rows[4:], atol=1e-3)
