"""What the hub's list of ways to test or buy consists of: figures, ways, rules and their conditions.

`route_settings` reads it from its files, `route_rules` applies it. None of it is legal advice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

YEARS = 2  # the EU sets its thresholds anew every second year (directive 2014/24/EU, article 6)

# Every question but the amount, and what may be answered; not to know is an answer.
QUESTIONS: dict[str, tuple[str, ...]] = {
    "market": ("yes", "adapt", "no"),
    "research": ("yes", "no"),
    "dialogue": ("yes", "no"),
    "buyers": ("yes", "no"),
    "testbed": ("yes", "no"),
    "service": ("ordinary", "special", "exempt"),
    "utility": ("yes", "no"),
}
UNKNOWN = "unknown"
Words = Mapping[str, str]  # the same text by locale


@dataclass(frozen=True)
class Figure:
    """An amount in whole kronor that rules compare with. Days are ISO dates; `as_of` is when the source said so."""

    code: str
    amount: int
    name: Words
    law: Words
    check: Words
    source: str
    url: str
    applies_from: str
    as_of: str
    applies_until: str | None = None

    def doubt(self, today: str) -> str | None:
        """Return why the figure must be checked before it is relied on: `ended`, `old`, or None."""
        if self.applies_until and self.applies_until < today:
            return "ended"
        return "old" if years_later(self.as_of, YEARS) < today else None


@dataclass(frozen=True)
class Source:
    """Where a text comes from; `date` is its own, `read` the day it was read when it bears none."""

    title: str
    url: str
    date: str | None = None
    read: str | None = None


@dataclass(frozen=True)
class Item:
    """One line of a way's checklist."""

    id: str
    text: Words


@dataclass(frozen=True)
class Way:
    """One way to test or buy. `kind` is `other` (no procurement) or `procurement`."""

    code: str
    kind: str
    name: Words
    text: Words
    sources: tuple[Source, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Condition:
    """One line of a rule: `question` is answered by one of `values`, or the amount lies in [low, high) kronor.

    `low_figure` and `high_figure` name the figures that the bounds came from.
    """

    question: str
    values: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    low_figure: str | None = None
    high_figure: str | None = None


@dataclass(frozen=True)
class Rule:
    """A reason for or against a way, with the sentence that is shown. A rule without a condition always holds."""

    code: str
    way: str
    points: int
    stops: bool
    text: Words
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Guide:
    """The whole list. `faults` tells what was wrong with a hub's own files: those shipped were taken instead."""

    figures: Mapping[str, Figure]
    ways: tuple[Way, ...]
    rules: tuple[Rule, ...]
    serves: int
    faults: tuple[str, ...] = ()

    def way(self, code: str) -> Way | None:
        """Return a way by its code; None when it is no longer on the list."""
        return next((way for way in self.ways if way.code == code), None)


def years_later(day: str, years: int) -> str:
    """Return the same day so many years later as ISO text; 29 February becomes 1 March."""
    found = date.fromisoformat(day)
    try:
        return found.replace(year=found.year + years).isoformat()
    except ValueError:
        return date(found.year + years, 3, 1).isoformat()
