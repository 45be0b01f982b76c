"""The year's pictures as SVG: bars for the steps, boxes for the days, each beside its figures in a table.

Widths and places are attributes in a box of 0 to 100 across; classes and attributes only, no style.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..hub import years
from ..hub.years import Figures, Spread


@dataclass(frozen=True)
class Bar:
    """A step of the year: its figure's code, its number, and how long its bar is (0..100)."""

    code: str
    number: int
    length: float


@dataclass(frozen=True)
class Box:
    """Days of a step: the whole reach from `low` to `high`, the box between the quartiles, and the median (0..100)."""

    code: str
    spread: Spread | None
    low: float = 0
    left: float = 0
    middle: float = 0
    right: float = 0
    high: float = 0


def bars(found: Figures) -> list[Bar]:
    """Return the steps of the year as bars, the longest as long as the picture."""
    most = max(found[code].number for code in years.FUNNEL) or 1
    return [Bar(code, found[code].number, round(100 * found[code].number / most, 1)) for code in years.FUNNEL]


def boxes(found: Figures) -> list[Box]:
    """Return the days of each step as boxes on one scale, from 0 to the longest."""
    spreads = [(code, found[code].spread) for code in years.TIMES]
    most = max((spread.highest for _, spread in spreads if spread), default=0) or 1
    return [_box(code, spread, most) for code, spread in spreads]


def _box(code: str, spread: Spread | None, most: float) -> Box:
    if spread is None:
        return Box(code, None)
    places = (spread.lowest, spread.lower, spread.median, spread.upper, spread.highest)
    return Box(code, spread, *(round(100 * value / most, 1) for value in places))
