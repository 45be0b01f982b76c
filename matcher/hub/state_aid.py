"""The value given to each company, counted over three rolling years against a limit: the hub's register of small aid.

The limit, its rule, source and date stand in `data/state_aid.json` (euro, and the rate that makes it kronor). A group
counts as one: a company, its parent and the parent's other companies. So do organisations that are one company: with
one organisation number, or with profiles that a broker merged. This is a register, not legal advice.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from ..store import Store
from . import cases, company_numbers, fields, record
from .clock import day
from .entry_lines import line_of_key
from .errors import Conflict, Denied, Invalid, NotFound
from .ids import new_id
from .people import Viewer
from .permissions import can
from .reference import DATA
from .swedish import swedish_key

Row = dict[str, Any]
KINDS = ("testbed", "support", "grant", "other")
MOST = 100_000_000  # kronor in one row
SHIPPED = DATA / "state_aid.json"


class SettingsError(Exception):
    """The limit's file cannot be used; the message names the file, the line and what is wrong."""


@dataclass(frozen=True)
class Limit:
    """The limit in whole kronor over so many rolling years; `warn` is the sum from which one is warned."""

    kronor: int
    warn: int
    years: int
    euro: int
    rate: float
    rule: str
    rule_sv: str
    source: str
    as_of: str


class Content(fields.Content):
    """What is written about a value given: kronor, when, what kind; `beyond` is the ground for more than the limit."""

    amount: fields.number(1, MOST) = None
    given_on: fields.Day = None
    kind: fields.choice("aid_kinds", frozenset(KINDS)) = None
    note: fields.Text = ""
    beyond: fields.Line = ""


@cache
def limit() -> Limit:
    """Return the limit as it is configured; raise SettingsError."""
    return read(SHIPPED)


def read(path: Path) -> Limit:
    """Return the limit of a file; raise SettingsError, which names the file, the line and what is wrong."""
    try:
        text = path.read_text(encoding="utf8")
        found = json.loads(text)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path.name}: {error}") from None
    for name, fault in _FAULTS.items():
        if not isinstance(found, dict) or name not in found:
            raise SettingsError(f"{path.name}: line 1: {name} is missing")
        if said := fault(found[name]):
            raise SettingsError(f"{path.name}: line {line_of_key(text, name)}: {name} {said}")
    kronor = int(found["limit_eur"] * found["kronor_per_euro"])
    return Limit(
        kronor, int(kronor * found["warn_at"]), found["years"], found["limit_eur"], found["kronor_per_euro"],
        found["rule"], found["rule_sv"], found["source"], found["as_of"],
    )  # fmt: skip


def _whole(value: Any) -> str:
    return "" if type(value) is int and value > 0 else "must be a whole number above nought"


def _number(value: Any) -> str:
    return "" if type(value) in (int, float) and value > 0 else "must be a number above nought"


def _share(value: Any) -> str:
    return "" if type(value) in (int, float) and 0 < value <= 1 else "must be a share above 0 and at most 1"


def _written(value: Any) -> str:
    return "" if isinstance(value, str) and value.strip() else "must be a text"


def _dated(value: Any) -> str:
    try:
        return "" if date.fromisoformat(value).isoformat() == value else "must be a day written as 2026-01-31"
    except (TypeError, ValueError):
        return "must be a day written as 2026-01-31"


_FAULTS = {
    "limit_eur": _whole, "years": _whole, "kronor_per_euro": _number, "warn_at": _share, "rule": _written,
    "rule_sv": _written, "source": _written, "as_of": _dated,
}  # fmt: skip


def group(store: Store, organisation_id: str) -> list[str]:
    """Return the ids of the companies that count as one with this one, itself among them."""
    groups = _groups(store)
    own = groups.get(organisation_id)
    return sorted(one for one, found in groups.items() if found == own) if own else [organisation_id]


def _groups(store: Store) -> dict[str, str]:
    """Return for each organisation that counts as one with another the group it is in; who stands alone is left out.

    What makes two count as one is followed to its end, from whichever side: what B shares with A, and A with C.
    """
    links = store.query(
        """select id as one, parent_id as other from organisation where parent_id is not null
           union select id, merged_into from organisation where merged_into is not null
           union select dropped.organisation_id, kept.organisation_id from startup dropped
                 join startup kept on kept.id = dropped.merged_into"""
    )
    links += _of_one_number(store)
    groups: dict[str, str] = {}
    members: dict[str, list[str]] = {}
    for link in links:
        one, other = (groups.get(end, end) for end in (link["one"], link["other"]))
        joined = members.pop(other, [other]) if one != other else []
        members[one] = [*members.get(one, [one]), *joined]
        groups |= dict.fromkeys(members[one], one)
    return groups


def _of_one_number(store: Store) -> list[Row]:
    """Return as links the organisations that carry one number, but those of which it is only their own word.

    Whoever types a rival's number would read what the rival was given, and spend what is left of it.
    """
    rows = store.query(
        """select id, orgnr from organisation where orgnr in (
               select orgnr from organisation where orgnr is not null group by orgnr having count(*) > 1) order by id"""
    )
    doubted = company_numbers.typed_itself(store, (row["id"] for row in rows))
    first: dict[str, str] = {}
    known = [row for row in rows if row["id"] not in doubted]
    return [{"one": row["id"], "other": first.setdefault(row["orgnr"], row["id"])} for row in known]


def begins(on: str) -> str:
    """Return the first day of the rolling years that end on a day."""
    last = date.fromisoformat(on)
    years = limit().years
    try:
        return last.replace(year=last.year - years).isoformat()
    except ValueError:  # 29 February
        return last.replace(year=last.year - years, day=28).isoformat()


def given(store: Store, organisation_id: str, on: str) -> int:
    """Return the kronor given to a company's group in the rolling years that end on a day, that day included."""
    return _given(store, group(store, organisation_id), on)


def _given(store: Store, ids: list[str], on: str) -> int:
    return store.query(
        """select coalesce(sum(amount), 0) as n from state_aid
           where organisation_id in :ids and cancelled_at is null and given_on > :first and given_on <= :on""",
        {"ids": ids, "first": begins(on), "on": on},
    )[0]["n"]


def fullest(store: Store, organisation_id: str, given_on: str, today: str) -> int:
    """Return the most that any rolling period holds in which a value given on a day would count, that value aside.

    A row may be entered late: what was given after it also counts in periods that hold both.
    """
    ids = group(store, organisation_id)
    later = store.query(
        """select distinct given_on from state_aid
           where organisation_id in :ids and cancelled_at is null and given_on >= :on order by given_on""",
        {"ids": ids, "on": given_on},
    )
    ends = [given_on, *(row["given_on"] for row in later if begins(row["given_on"]) < given_on)]
    return max(_given(store, ids, end) for end in ends)


def of_organisation(store: Store, organisation_id: str) -> list[Row]:
    """Return all rows of a company, newest first, with who wrote them (`person`) and which case they belong to."""
    return store.query(
        """select a.*, p.name as person, n.title as need, pairing.need_id from state_aid a
           left join person p on p.id = a.person_id left join pairing on pairing.id = a.pairing_id
           left join need n on n.id = pairing.need_id
           where a.organisation_id = :id order by a.given_on desc, a.at desc, a.id""",
        {"id": organisation_id},
    )


def companies(store: Store, now: str) -> list[Row]:
    """Return every company that was given something, in Swedish order.

    Each with `sum`, what its group was given in the rolling years that end today, and `latest`, its own latest day.
    """
    today, groups = day(now), _groups(store)
    rows = store.query(
        """select o.id, o.name, max(a.given_on) as latest,
                  sum(case when a.given_on > :first and a.given_on <= :today then a.amount else 0 end) as own
           from state_aid a join organisation o on o.id = a.organisation_id
           where a.cancelled_at is null group by o.id, o.name""",
        {"first": begins(today), "today": today},
    )
    sums: dict[str, int] = {}
    for row in rows:
        root = groups.get(row["id"], row["id"])
        sums[root] = sums.get(root, 0) + int(row["own"])
    found = [{**row, "sum": sums[groups.get(row["id"], row["id"])]} for row in rows]
    return sorted(found, key=lambda row: swedish_key(row["name"]))


def load(store: Store, viewer: Viewer | None, organisation_id: str) -> Row:
    """Return a company whose register the person may read; raise NotFound."""
    rows = store.query(
        """select o.id, o.id as organisation_id, o.name, o.orgnr from organisation o
           where o.id = :id
             and (o.kind = 'company' or exists (select 1 from startup s where s.organisation_id = o.id))""",
        {"id": organisation_id},
    )
    if not rows or not can(viewer, "aid.view", rows[0]):
        raise NotFound("organisation")
    return rows[0]


def enter(store: Store, viewer: Viewer, organisation_id: str, typed: Row, now: str, pairing_id: str = "") -> str:
    """Write down a value given and return the row's id; more than the limit allows needs a ground of its own."""
    content = fields.validate(Content, typed)
    _check(content, now)
    with viewer.deciding(store):
        company = _locked(store, viewer, organisation_id)
        if pairing_id and cases.fetch(store, pairing_id)["startup_organisation"] != organisation_id:
            raise NotFound("pairing")
        total = fullest(store, organisation_id, content.given_on or "", day(now)) + (content.amount or 0)
        if total > limit().kronor and not content.beyond:
            raise Invalid({"amount": ("aid_limit", {"total": total, "limit": limit().kronor})})
        row = {
            "id": new_id(), "organisation_id": organisation_id, "pairing_id": pairing_id or None,
            **content.model_dump(), "person_id": viewer.person_id, "at": now,
        }  # fmt: skip
        store.insert("state_aid", row)
        about = {"startup": company["name"], "amount": content.amount, "given_on": content.given_on}
        record.write(store, viewer.person_id, "aid.enter", "organisation", organisation_id, now, **about)
    return row["id"]


def cancel(store: Store, viewer: Viewer, organisation_id: str, aid_id: str, now: str) -> None:
    """Strike out a row that was wrong; it stays readable and no longer counts."""
    with viewer.deciding(store):
        _locked(store, viewer, organisation_id)
        rows = store.query(
            """update state_aid set cancelled_at = :now, cancelled_by = :by
               where id = :id and organisation_id = :organisation and cancelled_at is null returning amount""",
            {"now": now, "by": viewer.person_id, "id": aid_id, "organisation": organisation_id},
        )
        if not rows:
            raise Conflict("aid_cancelled")
        record.write(
            store, viewer.person_id, "aid.cancel", "organisation", organisation_id, now, amount=rows[0]["amount"]
        )


def _check(content: Content, now: str) -> None:
    errors: dict[str, tuple[str, Row]] = {}
    if content.amount is None:
        errors["amount"] = ("number_range", {"low": 1, "high": MOST, "value": ""})
    if content.kind is None:
        errors["kind"] = ("required_choice", {})
    if not content.given_on:
        errors["given_on"] = ("required_day", {})
    elif content.given_on > day(now):
        errors["given_on"] = ("day_ahead", {})
    if errors:
        raise Invalid(errors)


def _locked(store: Store, viewer: Viewer, organisation_id: str) -> Row:
    """Lock the rows of the company's group, so that two who write at once count each other's; return its own."""
    if not can(viewer, "aid.keep"):
        raise Denied("denied")
    rows = [
        row
        for one in group(store, organisation_id)
        for row in store.query("update organisation set name = name where id = :id returning *", {"id": one})
    ]
    own = [row for row in rows if row["id"] == organisation_id]
    if not own:
        raise NotFound("organisation")
    return own[0]
