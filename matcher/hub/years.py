"""The year in figures: what was done, how long it took, what was promised, and what is in use at its end.

Nothing is counted in advance. Every figure is the list of what it counts (`Figure.items`), drawn from the moments
that stand in the rows, so that the figure and the list behind it cannot differ. A year is a calendar year in Swedish
time: it begins at 23:00 UTC on New Year's Eve, so what was done at half past midnight belongs to the new year. Promised
days are days, and whether one was kept is told as on the pages of the case (UTC days, `clock.day`).

A step counts in the year in which it was first taken: the steps of a year are not the fate of one year's needs. What is
in use is a stock, the latest answers at the year's last moment (or now, in the year that goes on).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any
from zoneinfo import ZoneInfo

from ..store import Store
from . import outcomes, pilot_ends
from .clock import day, days_between, later, parse, stamp

Row = dict[str, Any]
ZONE = ZoneInfo("Europe/Stockholm")
FIRST_YEAR, LAST_YEAR = 2000, 2199
FEW = 5  # fewer than this of people are not told: the figure could point at one of them

# The steps from a need to something in use, in their order, and what each list holds.
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
class Scope:
    """Whose year: organisations (None: the whole hub), and a county's needs only where one is named."""

    organisations: tuple[str, ...] | None = None
    county: str = ""


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
    items: tuple[Item, ...] = field(default=())

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


def bounds(year: int) -> tuple[str, str]:
    """Return the first moment of a Swedish year and the first of the next, as UTC text: at new year it is UTC+1."""
    return f"{year - 1:04}-12-31T23:00:00.000000Z", f"{year:04}-12-31T23:00:00.000000Z"


def year_of(moment: str) -> int:
    """Return the Swedish calendar year of a moment."""
    return int(day(later(moment, minutes=60))[:4])


def last_moment(year: int, now: str) -> str:
    """Return the last moment of a year, or now while the year goes on."""
    return min(now, _before(bounds(year)[1]))


def _before(moment: str) -> str:
    return stamp(parse(moment)).replace("T23:00:00.000000", "T22:59:59.999999")


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
    read = _Read(store, scope, year, now)
    parts = (_needs, _steps, _use, _times, _suppliers, _people)
    found: dict[str, Iterable[Item]] = _promised(read, review_days)
    for part in parts:
        found |= part(read)
    return {code: Figure(code, tuple(sorted(found[code], key=lambda item: (item.at, item.id)))) for code in CODES}


class _Read:
    """What a year's figures are drawn from, read once: cases of all years, needs, and the span of the year."""

    def __init__(self, store: Store, scope: Scope, year: int, now: str) -> None:
        self.store, self.scope, self.year, self.now = store, scope, year, now
        self.first, self.next = bounds(year)
        self.where, self.params = _narrowed(scope)
        every = [_with_times(row) for row in store.query(f"{_CASES} where {self.where}", self.params)]
        # Who is a supplier for the first time is asked of all the owner's cases, whatever the county.
        self.first_time = first_cases(every)
        self.cases = [row for row in every if not scope.county or row["county_code"] == scope.county]
        self.by_id = {row["id"]: row for row in self.cases}

    def within(self, moment: str | None) -> bool:
        """Whether a moment lies in the year and has come."""
        return bool(moment) and self.first <= moment < self.next and moment <= self.now

    def rows(self, select: str, condition: str = "1 = 1", **params: Any) -> list[Row]:
        """Return rows of a query that names the need `n`, within the scope and its county."""
        county = " and n.county_code = :county" if self.scope.county else ""
        given = {**self.params, **params, "county": self.scope.county, "first": self.first, "next": self.next}
        return self.store.query(f"{select} where {self.where}{county} and {condition}", given)


_CASES = """
    select p.id, p.need_id, p.startup_id, p.proposed_at, p.answer_by, p.owner_accepted_at, p.startup_accepted_at,
           p.confirmed_at, p.declined_at, p.declined_side, p.ended_at, p.reason, n.published_at, n.organisation_id,
           n.county_code, n.themes, s.organisation_id as supplier, pilot.started_at, pilot.decided_at, pilot.decision,
           (select min(a.in_force_at) from agreement a where a.pairing_id = p.id) as agreed_at
    from pairing p join need n on n.id = p.need_id join startup s on s.id = p.startup_id
    left join pilot on pilot.pairing_id = p.id"""


def cases(store: Store, scope: Scope) -> list[Row]:
    """Return the moments of every case of a scope, whatever the year, by when it was proposed."""
    where, params = _narrowed(scope)
    county = " and n.county_code = :county" if scope.county else ""
    rows = store.query(
        f"{_CASES} where {where}{county} order by p.proposed_at, p.id", {**params, "county": scope.county}
    )
    return [_with_times(row) for row in rows]


def _with_times(row: Row) -> Row:
    both = row["owner_accepted_at"] and row["startup_accepted_at"]
    accepted = max(row["owner_accepted_at"], row["startup_accepted_at"]) if both else None
    return {
        **row,
        "accepted_at": accepted,
        "answered_at": min(filter(None, (accepted, row["declined_at"])), default=None),
    }


def _narrowed(scope: Scope) -> tuple[str, Row]:
    if scope.organisations is None:
        return "1 = 1", {}
    return "n.organisation_id in :organisations", {"organisations": list(scope.organisations)}


def first_cases(rows: Sequence[Row]) -> set[str]:
    """Return the ids of the cases that were a company's first confirmed one with their owner's organisation."""
    found: dict[tuple[str, str], str] = {}
    confirmed = [row for row in rows if row["confirmed_at"]]
    for row in sorted(confirmed, key=lambda row: (row["confirmed_at"], row["id"])):
        found.setdefault((row["supplier"], row["organisation_id"]), row["id"])
    return set(found.values())


def _case(row: Row, at: str, value: int | None = None) -> Item:
    return Item("case", row["id"], at, value, row["id"], row["need_id"])


def _needs(read: _Read) -> Row:
    """Return the lists of needs: published, innovation considered, and first shown or proposed a candidate."""
    published = read.rows(
        "select n.id, n.published_at as at from need n", "n.published_at >= :first and n.published_at < :next"
    )
    considered = read.rows(
        """select n.id, min(i.answered_at) as at from innovation_answer i join need n on n.id = i.need_id""",
        "i.considered = 'yes' group by n.id",
    )
    shown = read.rows(
        """select n.id, min(c.at) as at from need n join (
               select need_id, at from share union all select need_id, proposed_at as at from pairing
           ) c on c.need_id = n.id""",
        "1 = 1 group by n.id",
    )  # fmt: skip
    return {
        code: [Item("need", row["id"], row["at"], need_id=row["id"]) for row in rows if read.within(row["at"])]
        for code, rows in (("published", published), ("considered", considered), ("shown", shown))
    }


_STEPS = {
    "proposed": "proposed_at", "declined": "declined_at", "confirmed": "confirmed_at", "agreed": "agreed_at",
    "begun": "started_at", "decided": "decided_at",
}  # fmt: skip


def _steps(read: _Read) -> Row:
    """Return the lists of cases by the step that they took in the year, and how pilots were decided."""
    found = {
        code: [_case(row, row[column]) for row in read.cases if read.within(row[column])]
        for code, column in _STEPS.items()
    }
    for code in pilot_ends.DECISIONS:
        found[f"decided_{code}"] = [item for item in found["decided"] if read.by_id[item.id]["decision"] == code]
    startups = {item.id: read.by_id[item.id]["startup_id"] for item in found["proposed"]}
    firsts: dict[str, Item] = {}
    for item in sorted(found["proposed"], key=lambda item: item.at):
        firsts.setdefault(startups[item.id], Item("startup", startups[item.id], item.at))
    return {**found, "companies": firsts.values(), "amount": _amounts(read, found["agreed"])}


def _amounts(read: _Read, agreed: Sequence[Item]) -> list[Item]:
    """Return the kronor of the cases whose first agreement came in force in the year, by their newest at its end."""
    end, ids = last_moment(read.year, read.now), [item.id for item in agreed]
    rows = read.store.query(
        """select pairing_id, terms from agreement
           where pairing_id in :ids and in_force_at is not null and in_force_at <= :end order by number""",
        {"ids": ids, "end": end},
    )
    newest = {row["pairing_id"]: json.loads(row["terms"]).get("amount") for row in rows}
    at = {item.id: item.at for item in agreed}
    return [_case(read.by_id[one], at[one], amount) for one, amount in newest.items() if amount]


def _use(read: _Read) -> Row:
    """Return the cases in use at the end of the year, and those that were not yet, or were only, at its beginning."""
    end = last_moment(read.year, read.now)
    at_end, before = (_in_use(read, moment) for moment in (end, _before(read.first)))
    found = {
        "in_use": at_end,
        "newly_in_use": [item for one, item in at_end.items() if one not in before],
        "no_longer": [item for one, item in before.items() if one not in at_end],
    }
    answers = outcomes.latest(read.store, end)
    hours = [
        _case(read.by_id[one], item.at, answers[one]["hours"]) for one, item in at_end.items() if answers[one]["hours"]
    ]
    spread = [
        _case(read.by_id[one], item.at, len(answers[one]["spread"]))
        for one, item in at_end.items()
        if answers[one]["spread"]
    ]
    return {**found, "in_use": at_end.values(), "hours": hours, "spread": spread}


def _in_use(read: _Read, moment: str) -> dict[str, Item]:
    """Return the cases whose latest answer at a moment says in use, wholly or partly; the same as `outcomes.in_use`."""
    return {
        one: _case(read.by_id[one], answer["answered_at"])
        for one, answer in outcomes.latest(read.store, moment).items()
        if one in read.by_id and answer["in_use"] in ("yes", "partly")
    }


def _times(read: _Read) -> Row:
    """Return the cases that took a step in the year, with the days since the step before."""
    end = last_moment(read.year, read.now)
    taken = _into_use(read, end)
    ways = {
        "need_to_match": ("published_at", "confirmed_at"),
        "match_to_test": ("confirmed_at", "started_at"),
        "need_to_test": ("published_at", "started_at"),
    }
    found = {
        code: [
            _case(row, row[until], max(0, days_between(row[since], row[until])))
            for row in read.cases
            if row[since] and read.within(row[until])
        ]
        for code, (since, until) in ways.items()
    }
    used = [
        _case(row, taken[row["id"]], max(0, days_between(row["started_at"], taken[row["id"]])))
        for row in read.cases
        if row["started_at"] and read.within(taken.get(row["id"]))
    ]
    return {**found, "test_to_use": used}


def _into_use(read: _Read, end: str) -> dict[str, str]:
    """Return case → the moment of the first answer that says in use and stood at the end."""
    rows = read.store.query(
        """select pairing_id as id, min(answered_at) as at from outcome
           where in_use in ('yes', 'partly') and answered_at <= :end and (replaced_at is null or replaced_at > :end)
           group by pairing_id""",
        {"end": end},
    )
    return {row["id"]: row["at"] for row in rows}


def _promised(read: _Read, review_days: int) -> Row:
    """Return what was promised for a day of the year that has come or was answered before, and what was kept."""
    interests = read.rows(
        """select i.id, i.need_id, i.answer_by, i.answered_at from interest i join need n on n.id = i.need_id""",
        "i.withdrawn_at is null",
    )
    asked = [row for row in read.cases if not (row["declined_side"] == "broker" and not row["accepted_at"])]
    due = {
        "interests": [(Item("interest", row["id"], f"{row['answer_by']}", need_id=row["need_id"]), row["answered_at"])
                      for row in interests],
        "pairings": [(_case(row, row["answer_by"]), row["answered_at"]) for row in asked],
        "reviews": _reviews(read, review_days),
    }  # fmt: skip
    found: dict[str, list[Item]] = {}
    for promise, rows in due.items():
        in_year = [(item, done) for item, done in rows if item.at[:4] == f"{read.year:04}"]
        standing = [(item, done) for item, done in in_year if (done and done <= read.now) or item.at < day(read.now)]
        found[f"{promise}_due"] = [item for item, _ in standing]
        found[f"{promise}_kept"] = [item for item, done in standing if done and day(done) <= item.at]
    return found


def _reviews(read: _Read, review_days: int) -> list[tuple[Item, str | None]]:
    """Return each time that a need was sent for review, with the promised day and when it was answered, if it was.

    A need that is sent back loses the moment it was sent, so this is read from the record.
    """
    rows = read.rows(
        """select a.subject_id as id, a.at, a.action from audit a join need n on n.id = a.subject_id""",
        """a.kind = 'need' and a.action in ('need.submit', 'need.publish', 'need.return', 'need.close')
           order by a.subject_id, a.at, a.id""",
    )
    found: list[tuple[Item, str | None]] = []
    for row in rows:
        if row["action"] == "need.submit":
            by = day(later(row["at"], days=review_days))
            found.append((Item("need", row["id"], by, need_id=row["id"]), None))
        elif found and found[-1][0].id == row["id"] and found[-1][1] is None:
            found[-1] = (found[-1][0], row["at"])
    return found


def _suppliers(read: _Read) -> Row:
    """Return the confirmed cases that were a company's first with their owner, and whom owners said they knew."""
    confirmed = [row for row in read.cases if read.within(row["confirmed_at"])]
    said = read.rows(
        """select sh.id, sh.need_id, sh.commented_at, sh.known_before from share sh join need n on n.id = sh.need_id""",
        "sh.known_before is not null and sh.commented_at >= :first and sh.commented_at < :next",
    )
    return {
        "first_time": [_case(row, row["confirmed_at"]) for row in confirmed if row["id"] in read.first_time],
        **{
            f"known_{code}": [
                Item("share", row["id"], row["commented_at"], need_id=row["need_id"])
                for row in said
                if row["known_before"] == code and read.within(row["commented_at"])
            ]
            for code in ("yes", "no")
        },
    }


def _people(read: _Read) -> Row:
    """Return the people who did something in a case in the year, and the answers that staff gave in feedback."""
    people = read.rows(
        """select a.person_id as id, min(a.at) as at from audit a
           join pairing p on p.id = a.subject_id join need n on n.id = p.need_id""",
        "a.kind = 'pairing' and a.person_id is not null and a.at >= :first and a.at < :next group by a.person_id",
    )
    answers = read.rows(
        """select f.id, f.on_day as at, t.pairing_id from feedback_answer f join feedback_round r on r.id = f.round_id
           join pilot t on t.id = r.pilot_id join pairing p on p.id = t.pairing_id join need n on n.id = p.need_id""",
        "f.on_day >= :first_day and f.on_day <= :last_day",
        first_day=f"{read.year:04}-01-01", last_day=min(f"{read.year:04}-12-31", day(read.now)),
    )  # fmt: skip
    return {
        "people": [Item("person", row["id"], row["at"]) for row in people if read.within(row["at"])],
        "feedback": [Item("answer", row["id"], row["at"], case_id=row["pairing_id"]) for row in answers],
    }


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


def share(found: Figures, part: str, whole: str | Callable[[Figures], int]) -> float | None:
    """Return what share (0..1) one figure is of another; None where there is nothing to share."""
    of = whole(found) if callable(whole) else found[whole].number
    return found[part].number / of if of else None
