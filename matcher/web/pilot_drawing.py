"""An indicator over time as SVG: its readings against baseline and target. Classes and attributes only, no style.

The box is as wide as a phone, so that words in it are as large there as around it. The page has the same as a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..hub.clock import days_between

Row = dict[str, Any]
WIDTH, HEIGHT = 340, 190
LEFT, RIGHT, TOP, BOTTOM = 12, 12, 20, 26
LINE_GAP = 18  # between the words of two lines that lie close


@dataclass(frozen=True)
class Chart:
    """What the SVG shows, in the box's own units: two lines with the places of their words, dots and their path."""

    baseline: float
    target: float
    baseline_words: float
    target_words: float
    dots: list[tuple[float, float, Row]]
    path: str
    first: str
    last: str
    today: float | None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def draw(indicator: Row, readings: Sequence[Row], first: str, last: str, today: str) -> Chart:
    """Draw the readings that stand, between the pilot's first and last day and wider where a reading lies outside."""
    days = [first, last, *(row["on_day"] for row in readings)]
    first, last = min(days), max(days)
    low, high = _span([indicator["baseline"], indicator["target"], *(row["value"] for row in readings)])
    length = max(days_between(first, last), 1)

    def across(day: str) -> float:
        return round(LEFT + days_between(first, day) / length * (WIDTH - LEFT - RIGHT), 1)

    def down(value: float) -> float:
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    dots = [(across(row["on_day"]), down(row["value"]), row) for row in readings]
    baseline, target = down(indicator["baseline"]), down(indicator["target"])
    return Chart(
        baseline, target, *_words(baseline, target), dots, _path(dots), first, last,
        across(today) if first < today < last else None,
    )  # fmt: skip


def _span(values: Sequence[float]) -> tuple[float, float]:
    """Return the lowest and the highest value of the picture, with some air; never the same."""
    low, high = min(values), max(values)
    air = (high - low) * 0.1 or abs(high) * 0.1 or 1.0
    return low - air, high + air


def _path(dots: Sequence[tuple[float, float, Row]]) -> str:
    return "".join(f"{'L' if number else 'M'}{x:g} {y:g}" for number, (x, y, _) in enumerate(dots))


def _words(baseline: float, target: float) -> tuple[float, float]:
    """Return how far down the words of the two lines stand: above their lines, and apart where the lines are close.

    The baseline's stand at the end and the target's at the beginning, where the readings usually are not.
    """
    above = (baseline - 4, target - 4)
    if abs(baseline - target) >= LINE_GAP:
        return above
    return (baseline + 14, target - 4) if baseline >= target else (baseline - 4, target + 14)
