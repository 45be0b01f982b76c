"""What a year's figures are drawn from, read once: cases of all years, and what was done in needs around this one.

Each row bears `organisation_id`, whose need it is about, so that the figures of units are drawn from the same rows. The
number of queries does not grow with what there is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ..store import Store
from .clock import day, later
from .year_span import before, bounds, last_moment

Row = dict[str, Any]

_CASES = """
    select p.id, p.need_id, p.startup_id, p.proposed_at, p.answer_by, p.owner_accepted_at, p.startup_accepted_at,
           p.confirmed_at, p.declined_at, p.declined_side, p.ended_at, p.reason, n.published_at, n.organisation_id,
           n.county_code, n.themes, s.organisation_id as supplier, pilot.started_at, pilot.decided_at, pilot.decision,
           (select min(a.in_force_at) from agreement a where a.pairing_id = p.id) as agreed_at
    from pairing p join need n on n.id = p.need_id join startup s on s.id = p.startup_id
    left join pilot on pilot.pairing_id = p.id"""


@dataclass(frozen=True)
class Scope:
    """Whose year: organisations (None: the whole hub), and a county's needs only where one is named."""

    organisations: tuple[str, ...] | None = None
    county: str = ""


class Facts:
    """The rows of a scope and a year. `first` and `next` bound the year, `end` is its last moment or now."""

    def __init__(self, store: Store, scope: Scope, year: int, now: str, review_days: int) -> None:
        self._store, self._scope = store, scope
        self.year, self.now, self.review_days = year, now, review_days
        (self.first, self.next), self.end = bounds(year), last_moment(year, now)
        every = cases(store, Scope(scope.organisations))
        # Who is a supplier for the first time is asked of all the owner's cases, whatever the county.
        self.first_cases = first_cases(every)
        self.cases = [row for row in every if not scope.county or row["county_code"] == scope.county]
        self.needs, self.terms = self._needs(), self._terms()
        answers = _answers(store, self.end)
        self.at_end, self.before = _latest(answers, self.end), _latest(answers, before(year))
        self.into_use = _into_use(answers, self.end)
        self.interests, self.reviews, self.shares = self._interests(), self._reviews(), self._shares()
        self.people, self.feedback = self._people(), self._feedback()

    def within(self, moment: str | None) -> bool:
        """Whether a moment lies in the year and has come."""
        return moment is not None and self.first <= moment < self.next and moment <= self.now

    def _rows(self, select: str, condition: str = "1 = 1", **params: Any) -> list[Row]:
        """Return the rows of a query that names the need `n`, within the scope."""
        where, given = _narrowed(self._scope)
        given |= {"first": self.first, "next": self.next, "end": self.end, **params}
        return self._store.query(f"{select} where {where} and {condition}", given)

    def _needs(self) -> list[Row]:
        """Return needs with `code` and `at`: published, first said to have considered innovation, first shown one."""
        where, _given = _narrowed(self._scope)
        return self._rows(
            f"""select 'published' as code, n.id, n.organisation_id, n.published_at as at from need n
                where {where} and n.published_at >= :first and n.published_at < :next
                union all select 'considered' as code, n.id, n.organisation_id, min(i.answered_at) as at
                from innovation_answer i join need n on n.id = i.need_id
                where {where} and i.considered = 'yes' group by n.id, n.organisation_id
                union all select 'shown' as code, n.id, n.organisation_id, min(c.at) as at from need n join (
                    select need_id, at from share union all select need_id, proposed_at as at from pairing
                ) c on c.need_id = n.id""",
            "1 = 1 group by n.id, n.organisation_id",
        )

    def _terms(self) -> dict[str, Row]:
        """Return case → the terms of its newest agreement that came in force by the end."""
        rows = self._rows(
            """select a.pairing_id, a.terms from agreement a join pairing p on p.id = a.pairing_id
               join need n on n.id = p.need_id""",
            "a.in_force_at is not null and a.in_force_at <= :end order by a.number",
        )
        return {row["pairing_id"]: json.loads(row["terms"]) for row in rows}

    def _interests(self) -> list[Row]:
        return self._rows(
            """select i.id, i.need_id, n.organisation_id, i.answer_by, i.answered_at
               from interest i join need n on n.id = i.need_id""",
            "i.withdrawn_at is null and i.answer_by >= :from_day and i.answer_by <= :until_day",
            **self._days(),
        )

    def _reviews(self) -> list[Row]:
        """Return each time that a need was sent for review, with its promised day and when it was answered, if it was.

        A need that is sent back loses the moment at which it was sent, so this is read from the record.
        """
        rows = self._rows(
            """select a.subject_id as need_id, n.organisation_id, a.at, a.action
               from audit a join need n on n.id = a.subject_id""",
            """a.kind = 'need' and a.action in ('need.submit', 'need.publish', 'need.return', 'need.close')
               order by a.subject_id, a.at, a.id""",
        )
        found: list[Row] = []
        for row in rows:
            if row["action"] == "need.submit":
                found.append({**row, "answer_by": day(later(row["at"], days=self.review_days)), "answered_at": None})
            elif found and found[-1]["need_id"] == row["need_id"] and not found[-1]["answered_at"]:
                found[-1]["answered_at"] = row["at"]
        return found

    def _shares(self) -> list[Row]:
        return self._rows(
            """select sh.id, sh.need_id, n.organisation_id, sh.commented_at, sh.known_before
               from share sh join need n on n.id = sh.need_id""",
            "sh.known_before is not null and sh.commented_at >= :first and sh.commented_at < :next",
        )

    def _people(self) -> list[Row]:
        return self._rows(
            """select a.person_id, n.organisation_id, min(a.at) as at from audit a
               join pairing p on p.id = a.subject_id join need n on n.id = p.need_id""",
            """a.kind = 'pairing' and a.person_id is not null and a.at >= :first and a.at < :next
               group by a.person_id, n.organisation_id""",
        )

    def _feedback(self) -> list[Row]:
        return self._rows(
            """select f.id, f.on_day, t.pairing_id, n.organisation_id from feedback_answer f
               join feedback_round r on r.id = f.round_id join pilot t on t.id = r.pilot_id
               join pairing p on p.id = t.pairing_id join need n on n.id = p.need_id""",
            "f.on_day >= :from_day and f.on_day <= :until_day",
            **self._days(),
        )

    def _days(self) -> dict[str, str]:
        return {"from_day": f"{self.year:04}-01-01", "until_day": f"{self.year:04}-12-31"}


def _answers(store: Store, end: str) -> list[Row]:
    """Return every answer of an owner by the end, also those replaced, with how many places it names (`spread`)."""
    return store.query(
        """select o.pairing_id, o.month, o.in_use, o.answered_at, o.replaced_at, o.hours,
                  (select count(*) from outcome_spread s where s.outcome_id = o.id) as spread
           from outcome o where o.answered_at <= :end order by o.pairing_id, o.month""",
        {"end": end},
    )


def _standing(answers: list[Row], moment: str) -> list[Row]:
    return [
        row
        for row in answers
        if row["answered_at"] <= moment and (row["replaced_at"] is None or row["replaced_at"] > moment)
    ]


def _latest(answers: list[Row], moment: str) -> dict[str, Row]:
    """Return case → the answer of the highest month that stood at a moment, as `outcomes.latest` does."""
    return {row["pairing_id"]: row for row in _standing(answers, moment)}


def _into_use(answers: list[Row], end: str) -> dict[str, str]:
    """Return case → the moment of the first answer that says in use and stood at the end."""
    found: dict[str, str] = {}
    for row in _standing(answers, end):
        if row["in_use"] in ("yes", "partly"):
            found[row["pairing_id"]] = min(row["answered_at"], found.get(row["pairing_id"], row["answered_at"]))
    return found


def cases(store: Store, scope: Scope) -> list[Row]:
    """Return the moments of every case of a scope, whatever the year, by when it was proposed. One query.

    `accepted_at` is when the second side said yes, `answered_at` when that was, or when somebody said no.
    """
    where, params = _narrowed(scope)
    return [_with_answer(row) for row in store.query(f"{_CASES} where {where} order by p.proposed_at, p.id", params)]


def _with_answer(row: Row) -> Row:
    both = row["owner_accepted_at"] and row["startup_accepted_at"]
    accepted = max(row["owner_accepted_at"], row["startup_accepted_at"]) if both else None
    return {**row, "accepted_at": accepted, "answered_at": accepted or row["declined_at"]}


def first_cases(rows: list[Row]) -> set[str]:
    """Return the ids of the cases that were a company's first confirmed one with their owner's organisation."""
    found: dict[tuple[str, str], str] = {}
    confirmed = [row for row in rows if row["confirmed_at"]]
    for row in sorted(confirmed, key=lambda row: (row["confirmed_at"], row["id"])):
        found.setdefault((row["supplier"], row["organisation_id"]), row["id"])
    return set(found.values())


def _narrowed(scope: Scope) -> tuple[str, Row]:
    """Return the condition on the need `n`, and its parameters."""
    county, given = ("n.county_code = :county", {"county": scope.county}) if scope.county else ("1 = 1", {})
    if scope.organisations is None:
        return county, given
    return f"n.organisation_id in :organisations and {county}", {**given, "organisations": list(scope.organisations)}
