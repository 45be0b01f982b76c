import time

import pytest

from matcher.hub.need_hints import Hint, hints
from tests.factories import NEED


def codes(**texts):
    return [(hint.field, hint.code) for hint in hints(texts)]


def test_a_well_written_need_gets_no_hints():
    assert hints(NEED) == []


def test_an_empty_draft_gets_no_hints():
    assert hints(dict.fromkeys(NEED, "")) == []


@pytest.mark.parametrize(
    ("effect", "word"),
    [
        ("Vi vill upphandla ett larm som fungerar på natten.", "upphandla"),
        ("En app där personalen ser vem som är uppe på natten.", "app"),
        ("Ett system ska larma när någon faller på natten.", "system ska"),
        ("A platform where staff can see who is awake at night.", "platform"),
    ],
)
def test_a_solution_in_the_wanted_effect_is_noticed(effect, word):
    assert hints({"effect": effect}) == [Hint("effect", "solution", word)]


def test_words_that_only_begin_alike_are_left_alone():
    assert codes(effect="Att personalen applåderas och att fallen blir färre varje natt.") == []


def test_a_measure_without_a_figure_is_noticed():
    assert codes(measure="Färre fall än förut.") == [("measure", "number")]


def test_short_texts_are_noticed():
    assert codes(description="Många faller.", effect="Färre fall.") == [("description", "short"), ("effect", "short")]


def test_all_that_looks_like_a_persons_is_named_at_once():
    """Who took away the number that was named sent the personal number on."""
    text = "Ring 070-123 45 67 eller anna@x.se, nummer 19800101-1234, eller anna@x.se igen."
    assert [one.found for one in hints({"tried": text})] == ["070-123 45 67", "anna@x.se", "19800101-1234"]


@pytest.mark.parametrize("who", ["19121212-1212", "anna.andersson@example.se", "070-123 45 67"])
def test_a_person_in_a_public_text_is_noticed(who):
    assert codes(tried=f"Fråga {who} om det.") == [("tried", "person")]


def test_the_problem_repeated_as_the_effect_is_noticed():
    text = "Många äldre faller på natten när de ska till toaletten och ingen märker det på länge."
    assert ("effect", "same") in codes(description=text, effect=text)


@pytest.mark.parametrize("text", ["a" * 100_000, "a." * 50_000, "1" * 100_000, "0 7" * 33_000])
def test_a_long_text_takes_no_time(text):
    began = time.process_time()
    hints({"description": text, "effect": text})
    assert time.process_time() - began < 2
