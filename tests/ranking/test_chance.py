from __future__ import annotations

import json
from dataclasses import replace

import pytest

from matcher.ranking.chance import Chance, wilson

COUNTED = [0] * 101
COUNTED[70], COUNTED[72], COUNTED[5] = 30, 30, 4
TAKEN = [0] * 101
TAKEN[70], TAKEN[72] = 20, 22
MODEL = Chance(
    ("lexical", "semantic"), (0.2, 0.4), (0.1, 0.2), (0.5, 1.0), 0.0, {"slope": 1.0, "offset": 0.0},
    tuple(COUNTED), tuple(TAKEN),
)  # fmt: skip
SEVEN_OF_TEN = {"lexical": 0.2, "semantic": 0.575}  # the sigmoid of 0.875 is 0.706


def test_the_chance_is_the_calibrated_regression_over_the_parts():
    assert MODEL.chance({"lexical": 0.2, "semantic": 0.4}) == pytest.approx(0.5)
    assert MODEL.chance(SEVEN_OF_TEN) == pytest.approx(0.7058, abs=1e-4)
    assert MODEL.chance({"semantic": 0.4}) == pytest.approx(1 / (1 + 2.71828), abs=1e-4)  # a part it lacks is 0


def test_an_isotonic_line_is_followed_and_held_at_its_ends():
    line = replace(MODEL, calibration={"scores": [-1.0, 1.0], "chances": [0.1, 0.9]})
    assert line.chance({"lexical": 0.2, "semantic": 0.4}) == pytest.approx(0.5)
    assert line.chance({"lexical": 9.0, "semantic": 9.0}) == pytest.approx(0.9)


def test_what_became_of_decisions_like_it_is_told_with_an_interval():
    found = MODEL.estimate(SEVEN_OF_TEN)
    assert (found.taken, found.of) == (42, 60)
    assert found.chance == pytest.approx(0.7058, abs=1e-4)
    assert found.low == pytest.approx(0.581, abs=0.001)  # Wilson's interval of 0.7058 seen 60 times, by hand
    assert found.high == pytest.approx(0.806, abs=0.001)


def test_nothing_is_said_where_too_few_were_like_it():
    assert MODEL.estimate({"lexical": 0.2, "semantic": -0.2}) is None


def test_wilson_stays_within_zero_and_one():
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(0, 10)
    assert (low, round(high, 4)) == (0.0, 0.2775)
    assert wilson(10, 10)[1] == 1.0


def test_probably_nothing_needs_a_threshold_and_a_list_below_it():
    weak, good = {"lexical": 0.0, "semantic": 0.0}, SEVEN_OF_TEN
    assert not MODEL.probably_nothing([weak])
    careful = replace(MODEL, nothing={"below": 0.3})
    assert careful.probably_nothing([weak] * 8)
    assert not careful.probably_nothing([weak, good])
    assert careful.probably_nothing([weak] * 8 + [good])  # the ninth is not on the first screen
    assert not careful.probably_nothing([])


def test_a_model_is_plain_numbers_and_comes_back_the_same():
    data = json.loads(json.dumps(MODEL.as_data(), allow_nan=False))
    assert Chance.from_data(data) == MODEL
