"""Which ways fit a need's answers: pure functions over answers and the hub's list. No store, no clock.

A condition is true, false, or open because nobody knows the answer. A rule with all conditions true has fired; one
with none false and some open waits. Ways are ranked by what fired; a way whose stopping rule fired is not offered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .route_guide import QUESTIONS, UNKNOWN, Condition, Figure, Guide, Rule, Way, Words

Answers = Mapping[str, Any]  # each of QUESTIONS → a choice or "unknown"; amount → whole kronor or None


@dataclass(frozen=True)
class Reason:
    """A rule that fired, its sentence in each language's template, and the figures it compared the amount with."""

    rule: Rule
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Open:
    """A rule that waits: `unknown` are the conditions whose answers nobody knows."""

    rule: Rule
    unknown: tuple[Condition, ...]


@dataclass(frozen=True)
class Standing:
    """How a way stands: its points, what fired and what waits. `first`: no procurement, and it serves."""

    way: Way
    points: int
    first: bool
    fired: tuple[Reason, ...]
    waits: tuple[Open, ...]


@dataclass(frozen=True)
class Advice:
    """The ranked ways, those that may come in once more is known, and those that are out, with why."""

    ranked: tuple[Standing, ...]
    possible: tuple[Standing, ...]
    out: tuple[Standing, ...]

    def rank(self, code: str) -> int | None:
        """Return the place of a way from 1; None when it is not ranked."""
        return next((place for place, one in enumerate(self.ranked, 1) if one.way.code == code), None)

    def standing(self, code: str) -> Standing | None:
        """Return how a way stands, ranked or not; None when the list does not have it."""
        every = (*self.ranked, *self.possible, *self.out)
        return next((one for one in every if one.way.code == code), None)


def nothing_known() -> dict[str, Any]:
    """Return the answers of somebody who knows nothing yet."""
    return {**dict.fromkeys(QUESTIONS, UNKNOWN), "amount": None}


def holds(condition: Condition, answers: Answers) -> bool | None:
    """Return whether a condition holds; None when the answer it asks for is not known."""
    answer = answers.get(condition.question)
    if condition.question == "amount":
        if answer is None:
            return None
        above = condition.low is None or answer >= condition.low
        return above and (condition.high is None or answer < condition.high)
    if answer in condition.values:
        return True
    return None if answer in (None, UNKNOWN) and UNKNOWN not in condition.values else answer in condition.values


def advise(guide: Guide, answers: Answers) -> Advice:
    """Return the ways in the order in which they should be thought of. The same answers give the same order."""
    standings = [_standing(guide, way, answers) for way in guide.ways]
    place = {way.code: number for number, way in enumerate(guide.ways)}
    ranked = [one for one in standings if not _stopped(one) and _speaks(one)]
    ranked.sort(key=lambda one: (not one.first, -one.points, place[one.way.code]))
    rest = [one for one in standings if one not in ranked]
    possible = [one for one in rest if not _stopped(one) and any(wait.rule.points > 0 for wait in one.waits)]
    return Advice(tuple(ranked), tuple(possible), tuple(one for one in rest if one not in possible))


def _standing(guide: Guide, way: Way, answers: Answers) -> Standing:
    fired, waits = [], []
    for rule in guide.rules:
        if rule.way != way.code:
            continue
        said = [(condition, holds(condition, answers)) for condition in rule.when]
        if all(one for _, one in said):
            fired.append(Reason(rule, _figures(guide, rule)))
        elif all(one is not False for _, one in said):
            waits.append(Open(rule, tuple(condition for condition, one in said if one is None)))
    points = sum(reason.rule.points for reason in fired)
    return Standing(way, points, way.kind == "other" and points >= guide.serves, tuple(fired), tuple(waits))


def _stopped(standing: Standing) -> bool:
    return any(reason.rule.stops for reason in standing.fired)


def _speaks(standing: Standing) -> bool:
    return any(reason.rule.points > 0 for reason in standing.fired)


def _figures(guide: Guide, rule: Rule) -> tuple[Figure, ...]:
    codes = [code for one in rule.when for code in (one.high_figure, one.low_figure) if code]
    return tuple(guide.figures[code] for code in dict.fromkeys(codes))


def unknown(answers: Answers) -> list[str]:
    """Return the questions that nobody could answer, in their order; the amount first."""
    first = ["amount"] if answers.get("amount") is None else []
    return first + [name for name in QUESTIONS if answers.get(name) in (None, UNKNOWN)]


def amounts(rule: Rule, answers: Answers) -> dict[str, int]:
    """Return the amounts that a rule's sentence speaks of, in kronor: amount, from, under."""
    bounds = next((one for one in rule.when if one.question == "amount"), None)
    found = {} if bounds is None else {"amount": answers.get("amount"), "from": bounds.low, "under": bounds.high}
    return {name: value for name, value in found.items() if value is not None}


def kept(advice: Advice, code: str, answers: Answers) -> dict[str, Any]:
    """Return what is stored with a choice, as plain JSON: the place, and what fired with its amounts and figures."""
    standing = advice.standing(code)
    fired = [] if standing is None else standing.fired
    return {
        "rank": advice.rank(code),
        "of": len(advice.ranked),
        "fired": [
            {
                "code": reason.rule.code,
                "points": reason.rule.points,
                "stops": reason.rule.stops,
                "text": dict(reason.rule.text),
                "amounts": amounts(reason.rule, answers),
                "figures": [
                    {"code": one.code, "amount": one.amount, "as_of": one.as_of, "law": _plain(one.law)}
                    for one in reason.figures
                ],
            }
            for reason in fired
        ],
    }


def _plain(words: Words) -> dict[str, str]:
    return dict(words)
