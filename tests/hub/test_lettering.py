import pytest

from matcher.hub import lettering
from matcher.hub.fields import clean


@pytest.mark.parametrize("mark", ["\u200b", "\u2060", "\ufeff", "\u00ad", "\u3164", "\u2800", "\U000e0041", "\u0007"])
def test_what_prints_nothing_is_taken_out(mark):
    assert lettering.visible(f"snö{mark}röjning") == "snöröjning"
    assert lettering.hidden(f"snö{mark}röjning") == 1


def test_a_turn_of_direction_between_words_parts_them():
    assert lettering.visible("färre\u202efall") == "färre fall"


def test_letters_that_pose_as_latin_ones_are_written_as_such():
    assert lettering.visible("Äldrе fаller οm natten") == "Äldre faller om natten"
    assert lettering.hidden("Äldrе fаller οm natten") == 3


@pytest.mark.parametrize(
    "text", ["Пожилые люди падают ночью", "Οι ηλικιωμένοι πέφτουν", "Så å ä ö 15 µg 🚒 é", "Москва är en stad"]
)
def test_real_words_of_any_script_stay(text):
    assert lettering.visible(text) == text
    assert lettering.hidden(text) == 0


def test_every_text_that_is_saved_is_cleared_of_them():
    assert clean("Fär\u200bre\u202e fаll") == "Färre fall"


def test_letters_and_their_marks_are_put_together_before_anything_is_checked():
    assert clean("A\u030angstro\u0308m, e\u0301") == "\u00c5ngstr\u00f6m, \u00e9"
