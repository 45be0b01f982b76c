"""What came of a case: one short answer at 6, 12 and 24 months after its decision, and the headline figure, in use.

Who is asked? The owner of the need about the use, the startup about its company. The months count from the pilot's
decision or, where there was no pilot, from the day the test was completed; a case that was stopped is not asked.
An answer is never overwritten: a correction is a new row, and the one before keeps the moment it was replaced.
Links, mails and reminders are in `outcome_links.py`.
"""

from __future__ import annotations

import calendar
import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from ..store import Store
from . import fields, locks, parties, record, reference
from .clock import day
from .errors import Conflict, Denied, Invalid, NotFound
from .ids import new_id
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
MONTHS = (6, 12, 24)
IN_USE = ("yes", "partly", "no")
VALUES = ("economic", "social", "functional", "environmental")
LEVELS = ("none", "some", "large")
MOST_NAMES = 40
# Nobody is behind a secret link that the hub knows by name; the link is the right to answer.
BY_LINK = Viewer(person_id=None, name="", email="", locale="sv", keyboard=False, roles=frozenset())

# The moment from which the months count, on p (pairing) and pilot; null: nobody is asked.
BEGUN = """case when pilot.decided_at is not null then
        (case when pilot.decision = 'stop' then null else pilot.decided_at end)
    when p.ended_at is not null and p.reason = 'completed' then p.ended_at end"""
_LEVEL = fields.choice("levels", frozenset(LEVELS))
_STANDS = "{0}.answered_at <= :now and ({0}.replaced_at is null or {0}.replaced_at > :now)"
_LATEST = f"""
    from outcome o where {_STANDS.format("o")} and not exists (
        select 1 from outcome later where later.pairing_id = o.pairing_id and later.month > o.month
        and {_STANDS.format("later")})"""


class OutcomeContent(fields.Content):
    """The owner's answer. `used_by` is how many use it, `hours` how many a week it frees (negative: takes more)."""

    in_use: fields.choice("in_use", frozenset(IN_USE)) = None
    why_not: fields.Text = ""
    used_by: fields.number(1, 10_000_000) = None
    used_by_whom: fields.Line = ""
    spread: fields.Text = ""
    economic: _LEVEL = None
    economic_note: fields.Line = ""
    social: _LEVEL = None
    social_note: fields.Line = ""
    functional: _LEVEL = None
    functional_note: fields.Line = ""
    environmental: _LEVEL = None
    environmental_note: fields.Line = ""
    perspectives: fields.listing("perspectives", reference.codes("perspectives")) = []
    hours: fields.number(-100_000, 100_000) = None
    work: fields.Text = ""


class CompanyContent(fields.Content):
    """The startup's answer: how many work there and how many customers it has."""

    jobs: fields.number(0, 1_000_000) = None
    customers: fields.number(0, 100_000_000) = None


FIELDS = tuple(OutcomeContent.model_fields)
COMPANY_FIELDS = tuple(CompanyContent.model_fields)
TABLES = {"owner": "outcome", "startup": "outcome_company"}
ACTIONS = {"owner": "outcome.answer", "startup": "outcome.company"}


def months_after(begun: str, months: int) -> str:
    """Return the day so many calendar months after a day; the last of the month where there is no such day."""
    first = date.fromisoformat(begun[:10])
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1])).isoformat()


def begun(store: Store, case: Row) -> str | None:
    """Return the day from which the months count; None while nothing is decided, or when the case was stopped."""
    rows = store.query(
        f"select {BEGUN} as begun from pairing p left join pilot on pilot.pairing_id = p.id where p.id = :id",
        {"id": case["id"]},
    )
    return day(rows[0]["begun"]) if rows and rows[0]["begun"] else None


def due_days(begun_on: str) -> dict[int, str]:
    """Return month → the day on which its form is due."""
    return {month: months_after(begun_on, month) for month in MONTHS}


def current(begun_on: str | None, now: str) -> int | None:
    """Return the month whose form is due now: the last whose day has come. None before the first."""
    due = [month for month, on in due_days(begun_on).items() if on <= day(now)] if begun_on else []
    return due[-1] if due else None


def checked(side: str, given: Row) -> fields.Content:
    """Return a side's answer as it is kept; raise Invalid for all that is wrong or missing."""
    content = fields.validate(OutcomeContent if side == "owner" else CompanyContent, given)
    errors = _missing(content) if isinstance(content, OutcomeContent) else _uncounted(content)
    if errors:
        raise Invalid(errors)
    return content


def _missing(content: OutcomeContent) -> dict[str, tuple[str, Row]]:
    errors: dict[str, tuple[str, Row]] = {}
    if not content.in_use:
        errors["in_use"] = ("required_choice", {})
    elif content.in_use != "yes" and not content.why_not:
        errors["why_not"] = ("required_why_not", {})
    if content.in_use == "no" and content.used_by:
        errors["used_by"] = ("used_by_nobody", {})
    if len(_names(content.spread)) > MOST_NAMES:
        errors["spread"] = ("too_many_names", {"limit": MOST_NAMES})
    elif any(len(name) > fields.TITLE_LIMIT for name in _names(content.spread)):
        errors["spread"] = ("name_long", {"limit": fields.TITLE_LIMIT})
    return errors


def _uncounted(content: fields.Content) -> dict[str, tuple[str, Row]]:
    return {name: ("required_number", {}) for name in COMPANY_FIELDS if getattr(content, name) is None}


def _names(text: str) -> list[str]:
    """Return the organisations of a text, one a line, each once."""
    return list(dict.fromkeys(" ".join(line.split()) for line in text.split("\n") if line.strip()))


def answer(
    store: Store, viewer: Viewer, pairing_id: str, side: str, month: int, given: Row, seen: str, now: str
) -> None:
    """Keep what somebody who is logged in answers for a side, or corrects; a broker may do so for both.

    `seen` is the id of the answer that stood when the form was opened, empty for none. Raise Conflict when another
    stands now, and when the month's form is not due.
    """
    if side not in TABLES or month not in MONTHS:
        raise NotFound("outcome")
    with viewer.deciding(store):
        case = locks.case(store, pairing_id)
        if not can(viewer, ACTIONS[side], case):
            raise Denied("denied")
        keep(store, viewer, case, side, month, given, seen, now)


def keep(store: Store, viewer: Viewer, case: Row, side: str, month: int, given: Row, seen: str, now: str) -> None:
    """Keep an answer in the caller's transaction, the case locked; see `answer`. The others are told."""
    table, standing = TABLES[side], standing_answers(store, case["id"], side).get(month)
    if (standing["id"] if standing else "") != seen:
        raise _answered(standing)
    if not standing and current(begun(store, case), now) != month:
        raise Conflict("outcome_not_due")
    content = checked(side, given).model_dump()
    names = _names(content.pop("spread", ""))
    changed = _changed(standing, {**content, "spread": names}) if standing else []
    if standing and not changed:
        return
    store.execute(
        f"update {table} set replaced_at = :now where pairing_id = :id and month = :month and replaced_at is null",
        {"now": now, "id": case["id"], "month": month},
    )
    row = {"id": new_id(), "pairing_id": case["id"], "month": month, "answered_at": now}
    kept = {name: json.dumps(value) if name == "perspectives" else value for name, value in content.items()}
    store.insert(table, {**row, **kept, "answered_by": viewer.person_id})
    _keep_spread(store, row["id"], names)
    _tell(store, viewer, case, side, month, content, bool(standing), now)
    said = {"in_use": content["in_use"]} if side == "owner" else content
    verb = "outcome.correct" if standing else ACTIONS[side]
    more = {"changed": changed} if standing else {}
    record.write(store, viewer.person_id, verb, "pairing", case["id"], now, month=month, side=side, **said, **more)


def _answered(standing: Row | None) -> Conflict:
    if standing is None:
        return Conflict("outcome_gone")
    return Conflict("outcome_answered", person=standing["person"] or "", at=standing["answered_at"])


def _changed(standing: Row, content: Row) -> list[str]:
    before = {**standing, "spread": [place["name"] for place in standing.get("spread", [])]}
    return [name for name, value in content.items() if before.get(name) != value]


def _keep_spread(store: Store, outcome_id: str, names: Sequence[str]) -> None:
    known = {row["name"].casefold(): row["id"] for row in organisations(store)} if names else {}
    for position, name in enumerate(names):
        found = known.get(name.casefold())
        store.insert(
            "outcome_spread", {"outcome_id": outcome_id, "position": position, "name": name, "organisation_id": found}
        )


def _tell(store: Store, viewer: Viewer, case: Row, side: str, month: int, content: Row, again: bool, now: str) -> None:
    """Tell the others what was answered; the figures of a company go to its own people and the broker only."""
    if side == "owner":
        sides, event = ("owner", "startup", "host", "broker"), "outcome_answered"
        said = {"in_use": content["in_use"], "why_not": content["why_not"]}
    else:
        sides, event, said = ("startup", "broker"), "outcome_company", content
    parties.tell(store, viewer, case, sides, event, now, month=month, again=again, **said)


def organisations(store: Store) -> list[Row]:
    """Return id and name of the public bodies and hosts of the hub, for saying where something has spread."""
    return store.query(
        """select id, name from organisation where kind in ('public', 'host') and merged_into is null
           order by name, id"""
    )


def standing_answers(store: Store, pairing_id: str, side: str = "owner") -> dict[int, Row]:
    """Return month → the answer that stands, lists parsed, with `person` (None: by link). At most two queries."""
    table = TABLES[side]
    rows = store.query(
        f"""select a.*, person.name as person from {table} a left join person on person.id = a.answered_by
            where a.pairing_id = :id and a.replaced_at is null order by a.month""",
        {"id": pairing_id},
    )
    return {row["month"]: row for row in decoded(store, rows)} if side == "owner" else {r["month"]: r for r in rows}


def decoded(store: Store, rows: list[Row]) -> list[Row]:
    """Return answers with `perspectives` parsed and `spread`: `name` and `organisation_id` of each place."""
    places: dict[str, list[Row]] = {row["id"]: [] for row in rows}
    for place in (
        store.query(
            """select outcome_id, name, organisation_id from outcome_spread where outcome_id in :ids
           order by outcome_id, position""",
            {"ids": list(places)},
        )
        if places
        else []
    ):
        places[place["outcome_id"]].append(place)
    return [{**row, "perspectives": json.loads(row["perspectives"]), "spread": places[row["id"]]} for row in rows]


def latest(store: Store, now: str, pairing_ids: Sequence[str] | None = None) -> dict[str, Row]:
    """Return pairing id → the owner's answer of the highest month that stood at `now`; all cases, or those named."""
    if pairing_ids is not None and not pairing_ids:
        return {}
    narrowed, params = ("", {}) if pairing_ids is None else (" and o.pairing_id in :ids", {"ids": list(pairing_ids)})
    rows = store.query(f"select o.* {_LATEST}{narrowed} order by o.pairing_id", {"now": now, **params})
    return {row["pairing_id"]: row for row in decoded(store, rows)}


def use(store: Store, now: str) -> dict[str, int]:
    """Return how many cases' latest answer at `now` says yes, partly and no."""
    rows = store.query(f"select o.in_use, count(*) as number {_LATEST} group by o.in_use", {"now": now})
    return dict.fromkeys(IN_USE, 0) | {row["in_use"]: int(row["number"]) for row in rows}


def in_use(store: Store, now: str) -> int:
    """Return in how many cases the solution is in use, wholly or partly, by the latest answer at `now`.

    The headline figure of the service; `latest` gives the cases behind it.
    """
    counted = use(store, now)
    return counted["yes"] + counted["partly"]
