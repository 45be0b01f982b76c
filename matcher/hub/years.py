"""The year in figures: what was done, how long it took, what was promised, and what is in use at its end.

Nothing is counted in advance. Every figure is the list of what it counts (`Figure.items`), drawn from the moments
that stand in the rows (`year_facts.py`), so that a figure and the list behind it cannot differ. Years are calendar
years in Swedish time (`year_span.py`). Promised days are days, and whether one was kept is told as on the pages of the
case (UTC days, `clock.day`).

A step counts in the year in which it was first taken: the steps of a year are not the fate of one year's needs. What is
in use is a stock, the latest answers at the year's last moment (or now, in the year that goes on).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from ..store import Store
from . import pilot_ends
from .clock import day, days_between
from .year_facts import Facts, Row, Scope
from .year_span import FIRST_YEAR, year_of

FEW = 5  # fewer than this of people are not told: the figure could point at one of them

# The steps from a need to something in use, in their order.
FUNNEL = ("published", "shown", "confirmed", "agreed", "begun", "decided", "in_use")
TIMES = ("need_to_match", "match_to_test", "test_to_use", "need_to_test")
PROMISES = ("interests", "pairings", "reviews")
DECIDED = tuple(f"decided_{code}" for code in pilot_ends.DECISIONS)
# What is about people, and told only from FEW upwards; the lists behind never name them.
PROTECTED = ("people", "feedback", "known_yes", "known_no")
# Figures that are the sum of what each in the list holds, not how many there are.
SUMS = ("amount", "hours", "spread")
CODES = (
    "published", "considered", "shown", "proposed", "declined", "confirmed", "agreed", "begun", "decided", *DECIDED,
    "in_use", "newly_in_use", "no_longer", *TIMES,
    *(f"{promise}_{part}" for promise in PROMISES for part in ("due", "kept")),
    "first_time", "known_yes", "known_no", "companies", "amount", "hours", "spread", "feedback", "people",
)  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One thing in the list behind a figure: a need, case, interest, share, startup, answer or person, and when.

    `value` is what it adds to a sum, or its days. `case_id` is the case to open, where there is one.
    """

    kind: str
    id: str
    at: str
    value: int | None = None
    case_id: str = ""
    need_id: str = ""


@dataclass(frozen=True)
class Spread:
    """The middle of some days and how they spread: lowest, lower quarter, median, upper quarter, highest."""

    n: int
    lowest: float
    lower: float
    median: float
    upper: float
    highest: float


@dataclass(frozen=True)
class Figure:
    """A figure of a year by its code, and the list that it is: `number` is how many, or the sum of their values."""

    code: str
    items: tuple[Item, ...] = ()

    @property
    def number(self) -> int:
        """Return how many things the list holds; of a sum, what their values add up to."""
        return sum(item.value or 0 for item in self.items) if self.code in SUMS else len(self.items)

    @property
    def protected(self) -> bool:
        """Whether the figure is about people, and so not told below FEW."""
        return self.code in PROTECTED

    @property
    def spread(self) -> Spread | None:
        """Return median and quartiles of the days in the list; None for an empty one."""
        days = sorted(item.value for item in self.items if item.value is not None)
        if not days:
            return None
        lower, _, upper = quantiles(days, n=4, method="inclusive") if len(days) > 1 else days * 3
        return Spread(len(days), days[0], lower, median(days), upper, days[-1])


Figures = dict[str, Figure]
Lists = dict[str, Iterable[Item]]


def known(store: Store, now: str) -> list[int]:
    """Return the years that can be asked for, the newest first: from the first step on record to this year."""
    rows = store.query(
        """select min(at) as first from (
               select min(published_at) as at from need union all select min(proposed_at) as at from pairing) found"""
    )
    this = year_of(now)
    return list(range(this, min(max(year_of(rows[0]["first"] or now), FIRST_YEAR), this) - 1, -1))


def figures(store: Store, scope: Scope, year: int, now: str, review_days: int = 7) -> Figures:
    """Return every figure of a year by its code. The number of queries does not grow with what is counted."""
    return drawn(Facts(store, scope, year, now, review_days))


def drawn(facts: Facts, organisations: Iterable[str] | None = None) -> Figures:
    """Return the figures of what was read, or of some organisations in it alone. No query."""
    part = _Part(facts, None if organisations is None else frozenset(organisations))
    found: Lists = {}
    for draw in (_needs, _steps, _use, _times, _promised, _suppliers, _people):
        found |= draw(part)
    return {code: Figure(code, tuple(sorted(found[code], key=lambda item: (item.at, item.id)))) for code in CODES}


class _Part:
    """The facts of some organisations."""

    def __init__(self, facts: Facts, organisations: frozenset[str] | None) -> None:
        self.facts, self._organisations = facts, organisations
        self.cases = self.of(facts.cases)
        self.by_id = {row["id"]: row for row in self.cases}
        self.within = facts.within

    def of(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows that are about these organisations' needs."""
        return [row for row in rows if self._organisations is None or row["organisation_id"] in self._organisations]


def _case(row: Row, at: str, value: int | None = None) -> Item:
    return Item("case", row["id"], at, value, row["id"], row["need_id"])


def _needs(part: _Part) -> Lists:
    """Return the lists of needs: published, innovation considered, and first shown or proposed a candidate."""
    found: dict[str, list[Item]] = {"published": [], "considered": [], "shown": []}
    for row in part.of(part.facts.needs):
        if part.within(row["at"]):
            found[row["code"]].append(Item("need", row["id"], row["at"], need_id=row["id"]))
    return found


_STEPS = {
    "proposed": "proposed_at", "declined": "declined_at", "confirmed": "confirmed_at", "agreed": "agreed_at",
    "begun": "started_at", "decided": "decided_at",
}  # fmt: skip


def _steps(part: _Part) -> Lists:
    """Return the lists of cases by the step that they took in the year, with how pilots were decided and at what price.

    The price of a case is that of its newest agreement, told in the year in which its first came in force.
    """
    found: dict[str, list[Item]] = {
        code: [_case(row, row[column]) for row in part.cases if part.within(row[column])]
        for code, column in _STEPS.items()
    }
    for code in pilot_ends.DECISIONS:
        found[f"decided_{code}"] = [item for item in found["decided"] if part.by_id[item.id]["decision"] == code]
    companies: dict[str, Item] = {}
    for item in sorted(found["proposed"], key=lambda item: item.at):
        startup = part.by_id[item.id]["startup_id"]
        companies.setdefault(startup, Item("startup", startup, item.at))
    priced = ((item, part.facts.terms.get(item.id, {}).get("amount")) for item in found["agreed"])
    amount = [_case(part.by_id[item.id], item.at, price) for item, price in priced if price]
    return {**found, "companies": companies.values(), "amount": amount}


def _use(part: _Part) -> Lists:
    """Return the cases in use at the end of the year, and those that were not yet, or were only, at its beginning."""
    answers = part.facts.at_end
    at_end, before = _in_use(part, answers), _in_use(part, part.facts.before)
    hours = [_case(part.by_id[one], item.at, answers[one]["hours"]) for one, item in at_end.items()]
    spread = [_case(part.by_id[one], item.at, answers[one]["spread"]) for one, item in at_end.items()]
    return {
        "in_use": at_end.values(),
        "newly_in_use": [item for one, item in at_end.items() if one not in before],
        "no_longer": [item for one, item in before.items() if one not in at_end],
        "hours": [item for item in hours if item.value],
        "spread": [item for item in spread if item.value],
    }


def _in_use(part: _Part, answers: dict[str, Row]) -> dict[str, Item]:
    """Return the cases whose latest answer says in use, wholly or partly, as `outcomes.in_use` counts them."""
    return {
        one: _case(part.by_id[one], answer["answered_at"])
        for one, answer in answers.items()
        if one in part.by_id and answer["in_use"] in ("yes", "partly")
    }


_WAYS = {
    "need_to_match": ("published_at", "confirmed_at"),
    "match_to_test": ("confirmed_at", "started_at"),
    "need_to_test": ("published_at", "started_at"),
    "test_to_use": ("started_at", "used_at"),
}


def _times(part: _Part) -> Lists:
    """Return the cases that took a step in the year, with the days since the step before."""
    rows = [{**row, "used_at": part.facts.into_use.get(row["id"])} for row in part.cases]
    return {
        code: [
            _case(row, row[until], max(0, days_between(row[since], row[until])))
            for row in rows
            if row[since] and part.within(row[until])
        ]
        for code, (since, until) in _WAYS.items()
    }


def _promised(part: _Part) -> Lists:
    """Return what was promised for a day of the year that has come or was answered before, and what was kept."""
    facts = part.facts
    asked = [row for row in part.cases if row["declined_side"] != "broker" or row["accepted_at"]]
    promises = {
        "interests": [(row, Item("interest", row["id"], row["answer_by"], need_id=row["need_id"]))
                      for row in part.of(facts.interests)],
        "pairings": [(row, _case(row, row["answer_by"])) for row in asked],
        "reviews": [(row, Item("need", row["need_id"], row["answer_by"], need_id=row["need_id"]))
                    for row in part.of(facts.reviews)],
    }  # fmt: skip
    found: Lists = {}
    for promise, rows in promises.items():
        due = [(row, item) for row, item in rows if item.at[:4] == f"{facts.year:04}" and _due(row, facts.now)]
        found[f"{promise}_due"] = [item for _, item in due]
        found[f"{promise}_kept"] = [item for row, item in due if _answered(row, facts.now) <= row["answer_by"]]
    return found


def _due(row: Row, now: str) -> bool:
    return row["answer_by"] < day(now) or _answered(row, now) <= day(now)


def _answered(row: Row, now: str) -> str:
    """Return the day of an answer; a day after all others while there is none."""
    return day(row["answered_at"]) if row["answered_at"] and row["answered_at"] <= now else "9999-12-31"


def _suppliers(part: _Part) -> Lists:
    """Return the confirmed cases that were a company's first with their owner, and whom owners said they knew."""
    facts = part.facts
    found: Lists = {
        f"known_{code}": [
            Item("share", row["id"], row["commented_at"], need_id=row["need_id"])
            for row in part.of(facts.shares)
            if row["known_before"] == code and part.within(row["commented_at"])
        ]
        for code in ("yes", "no")
    }
    confirmed = [row for row in part.cases if part.within(row["confirmed_at"])]
    first = [_case(row, row["confirmed_at"]) for row in confirmed if row["id"] in facts.first_cases]
    return {**found, "first_time": first}


def _people(part: _Part) -> Lists:
    """Return the people who did something in a case in the year, and the answers that staff gave in feedback."""
    people: dict[str, Item] = {}
    for row in sorted(part.of(part.facts.people), key=lambda row: row["at"]):
        if part.within(row["at"]):
            people.setdefault(row["person_id"], Item("person", row["person_id"], row["at"]))
    answers = [
        Item("answer", row["id"], row["on_day"], case_id=row["pairing_id"])
        for row in part.of(part.facts.feedback)
        if row["on_day"] <= day(part.facts.now)
    ]
    return {"people": people.values(), "feedback": answers}


def told(found: Figures, code: str) -> int | None:
    """Return a figure as it may be told; None where it is about people and too small.

    Of parts that make up a whole, none is told when one is too small: the other would give it away.
    """
    parts = ("known_yes", "known_no") if code in ("known_yes", "known_no") else (code,)
    if code not in PROTECTED:
        return found[code].number
    asked = sum(found[part].number for part in parts)
    if asked and min(found[part].number for part in parts) < FEW:
        return None
    return found[code].number


def share(found: Figures, part: str, whole: str) -> float | None:
    """Return what share (0..1) one figure is of another; None where there is nothing to share."""
    return found[part].number / found[whole].number if found[whole].number else None
