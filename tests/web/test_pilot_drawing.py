"""An indicator as a picture: what stands where, also for values and days that are hard to draw."""

from __future__ import annotations

import math
from typing import Any

import pytest

from matcher.web import pilot_drawing

FIRST, LAST, TODAY = "2026-12-01", "2027-01-15", "2026-12-20"


def draw(values: list[tuple[str, float]], baseline: float = 5.0, target: float = 3.0, **days: str) -> Any:
    readings = [{"on_day": day, "value": value} for day, value in values]
    given = {"first": FIRST, "last": LAST, "today": TODAY, **days}
    return pilot_drawing.draw({"baseline": baseline, "target": target}, readings, **given)


def test_higher_values_stand_higher_and_later_days_further_right():
    chart = draw([("2026-12-01", 5.0), ("2026-12-10", 4.0), ("2027-01-15", 3.0)])
    places = [(x, y) for x, y, _row in chart.dots]
    assert [x for x, _ in places] == sorted(x for x, _ in places)
    assert [y for _, y in places] == sorted(y for _, y in places)
    assert (places[0][0], places[-1][0]) == (chart.left, chart.right)
    assert (places[0][1], places[-1][1]) == (chart.baseline, chart.target)
    assert chart.path.count("L") == 2


@pytest.mark.parametrize(
    ("values", "baseline", "target"),
    [
        ([], 5.0, 5.0), ([], 0.0, 0.0), ([("2026-12-02", 0.0)], 0.0, 0.0), ([("2026-12-02", 1e12)], -1e12, 0.000001),
        ([("2020-01-01", 1.0), ("2027-06-01", 900.0)], 5.0, 3.0),
    ],
)  # fmt: skip
def test_everything_lies_within_the_picture(values: list, baseline: float, target: float):
    chart = draw(values, baseline, target)
    lines = [chart.baseline, chart.target, *(y for _x, y, _row in chart.dots)]
    assert all(math.isfinite(y) and 0 <= y <= chart.bottom for y in lines)
    assert all(chart.left <= x <= chart.right for x, _y, _row in chart.dots)


def test_a_reading_outside_the_pilots_days_widens_the_picture():
    chart = draw([("2026-11-20", 5.0), ("2027-02-01", 3.0)])
    assert (chart.first, chart.last) == ("2026-11-20", "2027-02-01")


def test_the_words_of_lines_that_lie_close_stand_apart():
    for baseline, target in ((5.0, 5.0), (5.0, 4.9), (4.9, 5.0)):
        chart = draw([("2026-12-02", 50.0)], baseline, target)
        assert abs(chart.baseline_words - chart.target_words) >= pilot_drawing.LINE_GAP


@pytest.mark.parametrize(("today", "drawn"), [("2026-11-30", False), ("2026-12-20", True), ("2027-01-16", False)])
def test_today_is_drawn_while_the_pilot_runs(today: str, drawn: bool):
    assert (draw([], today=today).today is not None) == drawn
