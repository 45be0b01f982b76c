"""Rounds: one plan over all open needs, with the broker's own locks and noes. A plan only suggests.

A round keeps the scores of the day it was made (`arcs`, opaque here) and its terms. What is free, who is paired and
which conditions hold is read anew each time it is looked at. Facts for planning are in `round_facts.py`.
"""

from __future__ import annotations

import json
from typing import Any

from ..store import Store
from . import fields, quarters, record
from .clock import day
from .errors import Conflict, Denied, Invalid, NotFound
from .ids import new_id
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
KINDS = ("lock", "forbid")
PAGE = 20
MATCH_DAY = ("held_on", "opens_at", "minutes", "pause", "tables")
LONGEST_DAY = 24 * 60

_NAMED = """
    select r.*, n.title as need_title, s.name as startup_name, t.name as testbed_name, p.name as person,
           round.closed_at as round_closed_at
    from round_rule r join need n on n.id = r.need_id join startup s on s.id = r.startup_id
    join round on round.id = r.round_id
    left join testbed t on t.id = r.testbed_id left join person p on p.id = r.person_id"""


class RoundContent(fields.Content):
    """The terms of a round; `least` is the lowest score that is worth a test."""

    name: fields.Title
    starts_on: fields.Day = None
    quarters: fields.number(1, 8) = None
    days: fields.number(1, 90) = None
    demand: fields.number(1, 10) = None
    most: fields.number(1, 100) = None
    places: fields.choice("places", frozenset({"yes"})) = None
    least: fields.decimal(0, 3) = None


class MatchDayContent(fields.Content):
    """When the chosen meet: a day, the first meeting's time, minutes a meeting and between two, tables."""

    held_on: fields.Day = None
    opens_at: fields.Line = ""
    minutes: fields.number(5, 240) = None
    pause: fields.number(0, 120) = None
    tables: fields.number(1, 500) = None


class DemandContent(fields.Content):
    """How many startups a need asks for in a round."""

    demand: fields.number(0, 10) = None


def terms(data: Row, now: str) -> Row:
    """Return the checked terms of a round with what is usual where nothing was said; raise Invalid."""
    content = fields.validate(RoundContent, data)
    starts_on = quarters.first_day(content.starts_on) if content.starts_on else quarters.next_first_day(day(now))
    if quarters.span(starts_on, 1)[0][1] < day(now):
        raise Invalid({"starts_on": ("past", {"past_on": content.starts_on})})
    return {
        "name": content.name,
        "starts_on": starts_on,
        "quarters": content.quarters or 4,
        "days": content.days or 56,
        "demand": content.demand or 1,
        "most": content.most,
        "places": content.places,
        "least": 0.1 if content.least is None else content.least,
    }


def create(store: Store, viewer: Viewer, checked: Row, scored: Row, now: str) -> str:
    """Keep a new round and return its id; `scored` is what the ranking gave.

    scored: model, scoring, need_ids, startup_ids (lists in the order that the arcs count in) and arcs (bytes);
    by_words: how many of these texts had not been read, so that words alone gave their scores.
    """
    _broker(viewer)
    row = {"id": new_id(), **checked, **_kept(scored), "made_at": now, "person_id": viewer.person_id, "created_at": now}
    with viewer.deciding(store):
        store.insert("round", row)
        record.write(store, viewer.person_id, "round.create", "round", row["id"], now, **_told(checked, scored))
    return row["id"]


def remake(store: Store, viewer: Viewer, round_id: str, scored: Row, now: str) -> None:
    """Give an open round the scores of today; terms, locks and noes stay."""
    with viewer.deciding(store):
        row = _locked(store, viewer, round_id)
        kept = {**_kept(scored), "made_at": now}
        assignments = ", ".join(f"{name} = :{name}" for name in kept)
        store.execute(f"update round set {assignments} where id = :id", {**kept, "id": row["id"]})
        record.write(store, viewer.person_id, "round.remake", "round", round_id, now, **_told({}, scored))


def close(store: Store, viewer: Viewer, round_id: str, now: str) -> None:
    """Close a round: it can still be read, but nothing in it changes any more."""
    with viewer.deciding(store):
        _locked(store, viewer, round_id)
        store.execute("update round set closed_at = :now where id = :id", {"now": now, "id": round_id})
        record.write(store, viewer.person_id, "round.close", "round", round_id, now)


def load(store: Store, viewer: Viewer | None, round_id: str) -> Row:
    """Return one round, for brokers, its id lists parsed; raise NotFound."""
    rows = store.query(
        """select r.*, p.name as person from round r left join person p on p.id = r.person_id where r.id = :id""",
        {"id": round_id},
    )
    if not rows or not can(viewer, "plan", rows[0]):
        raise NotFound("round")
    return {**rows[0], **{name: json.loads(rows[0][name]) for name in ("need_ids", "startup_ids")}}


def load_need(store: Store, viewer: Viewer | None, round_id: str, need_id: str) -> Row:
    """Return a round with `need_id` that is part of it, for brokers; raise NotFound."""
    row = load(store, viewer, round_id)
    if need_id not in row["need_ids"]:
        raise NotFound("need")
    return {**row, "need_id": need_id}


def listing(store: Store, page: int = 1) -> tuple[list[Row], int]:
    """Return a page of the rounds and how many there are: open ones first, the newest on top.

    Each with the broker's name and how many locks and noes stand (`rules`).
    """
    total = store.query("select count(*) as n from round")[0]["n"]
    rows = store.query(
        """select r.id, r.name, r.starts_on, r.quarters, r.made_at, r.created_at, r.closed_at, r.held_on, r.places,
                  p.name as person,
                  (select count(*) from round_rule u where u.round_id = r.id and u.undone_at is null) as rules
           from round r left join person p on p.id = r.person_id
           order by r.closed_at is not null, r.created_at desc, r.id limit :limit offset :offset""",
        {"limit": PAGE, "offset": PAGE * (max(page, 1) - 1)},
    )
    return rows, total


def rules(store: Store, round_id: str) -> list[Row]:
    """Return the locks and noes of a round that stand, oldest first, with names."""
    return store.query(f"{_NAMED} where r.round_id = :id and r.undone_at is null order by r.at, r.id", {"id": round_id})


def load_rule(store: Store, viewer: Viewer | None, rule_id: str) -> Row:
    """Return one lock or no with names, for brokers; raise NotFound."""
    rows = store.query(f"{_NAMED} where r.id = :id", {"id": rule_id})
    if not rows or not can(viewer, "plan", rows[0]):
        raise NotFound("rule")
    return rows[0]


def add_rule(
    store: Store, viewer: Viewer, round_id: str, need_id: str, startup_id: str, kind: str, now: str, *,
    cost: float | None = None, note: str = "", testbed_id: str | None = None, starts_on: str | None = None,
) -> str:  # fmt: skip
    """Lock a startup to a need, or say no to it; return the rule's id. What stood between the two gives way.

    cost: what it was shown to cost. testbed_id with starts_on (the first day of a quarter): the place to lock.
    """
    note = fields.note("note", note)
    if kind not in KINDS:
        raise Invalid({"kind": ("required_choice", {})})
    with viewer.deciding(store):
        row = _locked(store, viewer, round_id)
        _known(row, need_id, startup_id)
        for held in rules(store, round_id):
            if (held["need_id"], held["startup_id"]) == (need_id, startup_id):
                _undo(store, viewer, held, now)
        rule = {
            "id": new_id(), "round_id": round_id, "need_id": need_id, "startup_id": startup_id, "kind": kind,
            "testbed_id": testbed_id or None, "starts_on": starts_on or None, "cost": cost, "note": note,
            "person_id": viewer.person_id, "at": now,
        }  # fmt: skip
        store.insert("round_rule", rule)
        record.write(
            store, viewer.person_id, f"round.{kind}", "round", round_id, now,
            need_id=need_id, startup_id=startup_id, cost=cost, note=note,
            **({"testbed_id": testbed_id, "starts_on": starts_on} if testbed_id else {}),
        )  # fmt: skip
    return rule["id"]


def undo_rule(store: Store, viewer: Viewer, rule_id: str, now: str) -> Row:
    """Take a lock or a no back and return it; raise Conflict when somebody did that already."""
    with viewer.deciding(store):
        _locked(store, viewer, load_rule(store, viewer, rule_id)["round_id"])  # the round first, as in add_rule
        row = load_rule(store, viewer, rule_id)
        if row["undone_at"]:
            raise Conflict("round_rule_undone", at=row["undone_at"])
        _undo(store, viewer, row, now)
    return row


def demands(store: Store, round_id: str) -> dict[str, int]:
    """Return how many startups needs ask for, where that differs from the round's own number."""
    rows = store.query("select need_id, demand from round_demand where round_id = :id", {"id": round_id})
    return {row["need_id"]: row["demand"] for row in rows}


def set_demand(store: Store, viewer: Viewer, round_id: str, need_id: str, demand: str | int, now: str) -> int:
    """Say how many startups a need asks for in this round (0 leaves it out) and return it."""
    wanted = fields.validate(DemandContent, {"demand": demand}).demand
    if wanted is None:
        raise Invalid({"demand": ("number_range", {"low": 0, "high": 10, "value": ""})})
    with viewer.deciding(store):
        row = _locked(store, viewer, round_id)
        _known(row, need_id, None)
        store.upsert(
            "round_demand", {"round_id": round_id, "need_id": need_id, "demand": wanted}, ["round_id", "need_id"]
        )
        record.write(store, viewer.person_id, "round.demand", "round", round_id, now, need_id=need_id, demand=wanted)
    return wanted


def set_match_day(store: Store, viewer: Viewer, round_id: str, data: Row, now: str) -> None:
    """Say when and where the chosen meet; raise Invalid per field."""
    content = fields.validate(MatchDayContent, data)
    wrong: dict[str, tuple[str, Row]] = {}
    if not content.held_on:
        wrong["held_on"] = ("required_day", {})
    elif content.held_on < day(now):
        wrong["held_on"] = ("past", {"past_on": content.held_on})
    if minutes_of(content.opens_at) is None:
        wrong["opens_at"] = ("not_a_time", {"value": content.opens_at[:20]})
    if wrong:
        raise Invalid(wrong)
    row = {
        "held_on": content.held_on,
        "opens_at": content.opens_at,
        "minutes": content.minutes or 20,
        "pause": 5 if content.pause is None else content.pause,
        "tables": content.tables or 10,
    }
    with viewer.deciding(store):
        _locked(store, viewer, round_id)
        assignments = ", ".join(f"{name} = :{name}" for name in row)
        store.execute(f"update round set {assignments} where id = :id", {**row, "id": round_id})
        record.write(store, viewer.person_id, "round.match_day", "round", round_id, now, **row)


def minutes_of(text: str) -> int | None:
    """Return a time of day (`09:00`) as minutes from midnight; None when it is none."""
    hours, colon, rest = text.replace(".", ":").partition(":")
    if not (colon and hours.isdecimal() and rest.isdecimal() and len(hours) <= 2 and len(rest) == 2):
        return None
    minutes = int(hours) * 60 + int(rest)
    return minutes if int(rest) < 60 and minutes < LONGEST_DAY else None


def _kept(scored: Row) -> Row:
    ids = {name: json.dumps(scored[name]) for name in ("need_ids", "startup_ids")}
    figures = {name: scored[name] for name in ("model", "scoring", "arcs")}
    return {**figures, "by_words": scored.get("by_words", 0), **ids}


def _told(checked: Row, scored: Row) -> Row:
    return {
        **checked,
        "needs": len(scored["need_ids"]),
        "startups": len(scored["startup_ids"]),
        "model": scored["model"],
        "scoring": scored["scoring"],
    }


def _undo(store: Store, viewer: Viewer, rule: Row, now: str) -> None:
    store.execute(
        "update round_rule set undone_at = :now, undone_by = :by where id = :id",
        {"now": now, "by": viewer.person_id, "id": rule["id"]},
    )
    record.write(
        store, viewer.person_id, "round.undo", "round", rule["round_id"], now,
        rule=rule["kind"], need_id=rule["need_id"], startup_id=rule["startup_id"],
    )  # fmt: skip


def _known(row: Row, need_id: str, startup_id: str | None) -> None:
    """Raise NotFound unless the need and the startup are part of the round."""
    if need_id not in json.loads(row["need_ids"]):
        raise NotFound("need")
    if startup_id is not None and startup_id not in json.loads(row["startup_ids"]):
        raise NotFound("startup")


def _locked(store: Store, viewer: Viewer, round_id: str) -> Row:
    """Lock a round's row by a write and return it as stored; raise Conflict when it is closed."""
    _broker(viewer)
    rows = store.query("update round set name = name where id = :id returning *", {"id": round_id})
    if not rows:
        raise NotFound("round")
    if rows[0]["closed_at"]:
        raise Conflict("round_closed", at=rows[0]["closed_at"])
    return rows[0]


def _broker(viewer: Viewer) -> None:
    if not can(viewer, "plan"):
        raise Denied("denied")
