"""The drawer: cases that were declined, ended or stopped, and whether the reason still holds.

A case is taken out of the drawer by people: this only tells that a reason has lapsed. Whether a new need is like the
one it was about is measured in `ranking`.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import capacity, conflicts
from .clock import day, later
from .published import live, wanted

Row = dict[str, Any]
YEARS_DAYS = 3 * 365
MOST = 300
NOT_NOW_DAYS, SILENCE_DAYS, PLACE_DAYS = 180, 180, 90
NO_MONEY = ("none", "unknown")

_STOPPED_AT = "coalesce(p.declined_at, case when pilot.decision = 'stop' then pilot.decided_at end, p.ended_at)"
# When a noun's record last tells that a field was changed; its name stands in quotes in the detail's JSON text.
_CHANGED = """(select max(a.at) from audit a where a.kind = '{kind}' and a.subject_id = {id}
    and a.action = '{kind}.save' and replace(a.detail, '"{field}"', '') <> a.detail)"""


def stopped(store: Store, now: str) -> list[Row]:
    """Return the cases that came to nothing within three years, last stopped first, at most MOST. One query.

    A case that was completed is none of them, nor one whose two sides are in a case again, or were in one that came
    further. Only startups that are published now are told of. `how`: declined, ended or stopped (after a pilot).
    """
    return store.query(
        f"""select p.id as pairing_id, p.need_id, p.startup_id, p.reason, p.note, n.title as case_title, n.language,
                   n.organisation_id, o.name as owner_name, s.name as startup_name,
                   s.organisation_id as startup_organisation, s.capacity, s.readiness, n.budget, n.min_readiness,
                   {_STOPPED_AT} as stopped_at, pilot.lesson,
                   case when {wanted("n")} then 1 else 0 end as need_open,
                   case when p.declined_at is not null then 'declined' when pilot.decision = 'stop' then 'stopped'
                        else 'ended' end as how,
                   {_CHANGED.format(kind="startup", id="s.id", field="readiness")} as readiness_changed,
                   {_CHANGED.format(kind="need", id="n.id", field="budget")} as budget_changed
            from pairing p join need n on n.id = p.need_id join organisation o on o.id = n.organisation_id
            join startup s on s.id = p.startup_id left join pilot on pilot.pairing_id = p.id
            where {_STOPPED_AT} > :since
              and (p.declined_at is not null or pilot.decision = 'stop'
                   or (p.ended_at is not null and p.reason <> 'completed' and pilot.decided_at is null))
              and {live("startup", "s")}
              and not exists (select 1 from pairing q where q.need_id = p.need_id and q.startup_id = p.startup_id
                              and q.id <> p.id and (q.proposed_at > p.proposed_at
                                                    or (q.declined_at is null and q.ended_at is null)))
              and not exists (select 1 from {conflicts.OF_COMPANY} c
                              where c.need_id = p.need_id and c.startup_id = p.startup_id)
            order by stopped_at desc, p.id limit :most""",
        {"since": later(now, days=-YEARS_DAYS), "today": day(now), "most": MOST},
    )


def lapsed(row: Row, running: int, now: str) -> str:
    """Return why the reason of a stopped case no longer holds, as a code; empty while it holds or cannot be told.

    running: how many tests the startup has under way.
    """
    if not row["need_open"] or row["how"] == "stopped":
        return ""
    reason, since = row["reason"], row["stopped_at"]
    if reason in ("no_capacity", "startup_unable"):
        return "room" if row["capacity"] is None or running < row["capacity"] else ""
    if reason == "not_now":
        return "time" if _passed(since, NOT_NOW_DAYS, now) else ""
    if reason == "readiness":
        enough = (row["readiness"] or 0) >= (row["min_readiness"] or 1)
        return "readiness" if enough and (row["readiness_changed"] or "") > since else ""
    if reason == "budget":
        if (row["budget_changed"] or "") > since and row["budget"] not in NO_MONEY:
            return "budget"
        return "new_year" if now[:4] > since[:4] else ""
    if reason == "no_answer":
        return "silence" if _passed(since, SILENCE_DAYS, now) else ""
    if reason in ("no_place", "host_unable"):
        return "place" if _passed(since, PLACE_DAYS, now) else ""
    return ""


def _passed(since: str, days: int, now: str) -> bool:
    return later(since, days=days) <= now


def again(store: Store, now: str) -> list[Row]:
    """Return the stopped cases with `lapsed`; two queries."""
    running = capacity.running(store, day(now))
    return [{**row, "lapsed": lapsed(row, running.get(row["startup_id"], 0), now)} for row in stopped(store, now)]


def fresh(store: Store, now: str) -> list[Row]:
    """Return the needs that are open now, newest first, with who is in a case about each already. Two queries."""
    rows = store.query(
        f"""select n.id, n.organisation_id, n.title, n.language, n.published_at, o.name as owner_name
           from need n join organisation o on o.id = n.organisation_id
           where {wanted("n")}
           order by n.published_at desc, n.id limit 1000""",
        {"today": day(now)},
    )
    taken: dict[str, set[str]] = {row["id"]: set() for row in rows}
    for found in store.query(
        f"""select need_id, startup_id from pairing
            union select need_id, startup_id from {conflicts.OF_COMPANY} c"""
    ):
        if found["need_id"] in taken:
            taken[found["need_id"]].add(found["startup_id"])
    return [{**row, "met": taken[row["id"]]} for row in rows]
