"""Cases for somebody outside who evaluates the hub: stages and dates, with ids that lead nowhere and no names.

An id is a keyed hash (HMAC-SHA-256 with a key derived from the hub's secret), the same in every export of a hub, so
that two years can be laid side by side, and not to be turned back without the key. The rows tell of organisations and
companies; who knows the hub well may recognise a case by its dates, so they are handed to the evaluator, not published.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from ..store import Store
from . import outcomes
from .year_facts import Scope, cases, first_cases
from .year_span import swedish_day, year_of

Row = dict[str, Any]
STAGES = ("proposed", "declined", "confirmed", "agreement", "pilot", "decided", "in_use")
_MOMENTS = {
    "need_published_on": "published_at", "shown_on": "shown_at", "proposed_on": "proposed_at",
    "accepted_on": "accepted_at", "declined_on": "declined_at", "confirmed_on": "confirmed_at",
    "agreement_on": "agreed_at", "pilot_started_on": "started_at", "decided_on": "decided_at", "ended_on": "ended_at",
}  # fmt: skip


def rows(store: Store, scope: Scope, year: int | None, now: str, secret: str) -> list[Row]:
    """Return a row per case, those alone that took a step or were answered in `year` if one is named. Four queries."""
    key = hashlib.sha256(f"matcher year export\0{secret}".encode()).digest()
    found = cases(store, scope)
    firsts = first_cases(cases(store, Scope(scope.organisations)))
    shown = _shown(store)
    answers = _answers(store, now)
    made = []
    for case in found:
        case = {**case, "shown_at": shown.get((case["need_id"], case["startup_id"]))}
        given = answers.get(case["id"], {})
        moments = [case[column] for column in _MOMENTS.values()] + [answer["answered_at"] for answer in given.values()]
        in_year = [moment for moment in moments if moment and (year is None or year_of(moment) == year)]
        if in_year:
            made.append(_row(case, given, case["id"] in firsts, key))
    return made


def _shown(store: Store) -> dict[tuple[str, str], str]:
    rows = store.query("select need_id, startup_id, min(at) as at from share group by need_id, startup_id")
    return {(row["need_id"], row["startup_id"]): row["at"] for row in rows}


def _answers(store: Store, now: str) -> dict[str, dict[int, Row]]:
    """Return case → month → the owner's answer that stands."""
    found: dict[str, dict[int, Row]] = {}
    for row in store.query(
        """select pairing_id, month, in_use, answered_at from outcome
           where answered_at <= :now and (replaced_at is null or replaced_at > :now) order by pairing_id, month""",
        {"now": now},
    ):
        found.setdefault(row["pairing_id"], {})[row["month"]] = row
    return found


def _row(case: Row, answers: dict[int, Row], first_time: bool, key: bytes) -> Row:
    dates = {name: _on(case[column]) for name, column in _MOMENTS.items()}
    uses = {
        f"{what}_{month}": value
        for month in outcomes.MONTHS
        for what, value in (
            ("in_use", answers[month]["in_use"] if month in answers else None),
            ("answered_on", _on(answers[month]["answered_at"]) if month in answers else None),
        )
    }
    return {
        "case": pseudonym(key, "case", case["id"]),
        "need": pseudonym(key, "need", case["need_id"]),
        "owner": pseudonym(key, "organisation", case["organisation_id"]),
        "startup": pseudonym(key, "organisation", case["supplier"]),
        "county_code": case["county_code"],
        "themes": json.loads(case["themes"]),
        "stage": _stage(case, answers),
        **dates,
        "declined_by": case["declined_side"],
        "reason": case["reason"],
        "decision": case["decision"],
        "first_time": ("yes" if first_time else "no") if case["confirmed_at"] else None,
        **uses,
    }


def _stage(case: Row, answers: dict[int, Row]) -> str:
    """Return the furthest stage that a case reached; in use by the latest answer."""
    latest = answers[max(answers)]["in_use"] if answers else "no"
    reached = {
        "in_use": latest in ("yes", "partly"),
        "decided": case["decided_at"],
        "pilot": case["started_at"],
        "agreement": case["agreed_at"],
        "confirmed": case["confirmed_at"],
        "declined": case["declined_at"],
    }
    return next((stage for stage, holds in reached.items() if holds), "proposed")


def pseudonym(key: bytes, kind: str, thing_id: str) -> str:
    """Return sixteen hexadecimal digits that stand for a thing."""
    return hmac.new(key, f"{kind}\0{thing_id}".encode(), "sha256").hexdigest()[:16]


def _on(moment: str | None) -> str | None:
    """Return the Swedish day of a moment, so that a recount by calendar year comes to the report's figures."""
    return swedish_day(moment) if moment else None
