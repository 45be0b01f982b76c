"""The brokers' board: every case in the column of its stage, with what is next, who acts, and by when.

The stage is derived in SQL from the timestamps of the case, its agreement and its pilot; two queries, however many
cases there are. A column shows the first so many of its cases and tells how many it holds.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import agreements, cases, outcomes, pilots
from .clock import day, later
from .outcome_links import OPEN_DAYS
from .people import Viewer

Row = dict[str, Any]
STAGES = ("proposed", "accepted", "agreement", "access", "pilot", "decision", "follow_up", "ended")
SHOWN = 30

_STAGE = f"""case
    when p.declined_at is not null then 'ended'
    when p.confirmed_at is null and p.owner_accepted_at is not null and p.startup_accepted_at is not null
        then 'accepted'
    when p.confirmed_at is null then 'proposed'
    when pilot.started_at is not null and pilot.decided_at is null
        and (pilot.ends_on < :today or p.ended_at is not null) then 'decision'
    when {outcomes.BEGUN} >= :followed and not exists (
        select 1 from outcome o where o.pairing_id = p.id and o.month = {outcomes.MONTHS[-1]} and o.replaced_at is null)
        then 'follow_up'
    when p.ended_at is not null or pilot.decided_at is not null then 'ended'
    when pilot.started_at is not null then 'pilot'
    when exists (select 1 from agreement g where g.pairing_id = p.id and g.in_force_at is not null
                 and g.ended_at is null and g.ends_on >= :today) then 'access'
    else 'agreement' end"""
_HELD = f"""
        select p.id, p.need_id, p.testbed_id, p.proposed_at, p.answer_by, p.owner_accepted_at, p.startup_accepted_at,
               p.confirmed_at, p.declined_at, p.ended_at, p.ended_at as case_ended_at, p.reason,
               n.title as need_title, n.organisation_id as owner_organisation, o.name as owner_name,
               s.name as startup_name, s.organisation_id as startup_organisation,
               t.name as testbed_name, t.organisation_id as host_organisation,
               a.starts_on, a.ends_on, broker.name as broker, substitute.name as substitute,
               pilot.started_at, pilot.decided_at, pilot.ends_on as pilot_ends_on, {outcomes.BEGUN} as begun,
               (select g.id from agreement g where g.pairing_id = p.id and g.sent_at is not null
                and g.in_force_at is null and g.withdrawn_at is null) as sent_id,
               (select max(o.month) from outcome o where o.pairing_id = p.id and o.replaced_at is null) as answered,
               (select count(*) from prerequisite q where q.testbed_id = p.testbed_id and q.retired_at is null
                and not exists (select 1 from prerequisite_met m where m.pairing_id = p.id
                                and m.prerequisite_id = q.id and m.undone_at is null)) as unmet,
               (select count(*) from incident i where i.pilot_id = pilot.id and {pilots.HALTS}) as halting,
               (select count(*) from case_task k where k.pairing_id = p.id and k.removed_at is null
                and k.done_at is null and k.due_on < :today) as overdue,
               {_STAGE} as stage
        from pairing p
        join need n on n.id = p.need_id join organisation o on o.id = n.organisation_id
        join startup s on s.id = p.startup_id left join testbed t on t.id = p.testbed_id
        left join access a on a.pairing_id = p.id left join pilot on pilot.pairing_id = p.id
        left join case_holder h on h.pairing_id = p.id and h.replaced_at is null
        left join person broker on broker.id = coalesce(h.holder_id, p.proposed_by)
        left join person substitute on substitute.id = h.substitute_id"""
_BOARD = f"""
    with held as (
        {_HELD}
        where :me = '' or coalesce(h.holder_id, p.proposed_by) = :me or h.substitute_id = :me
    ), placed as (
        select held.*, count(*) over (partition by stage) as total, row_number() over (
            partition by stage
            order by case when stage = 'ended' then coalesce(ended_at, declined_at, decided_at) end desc,
                proposed_at, id) as place
        from held
    )
    select * from placed where place <= :shown order by place"""
_LIVE = f"select * from ({_HELD} where {{condition}}) c where stage not in ('follow_up', 'ended') order by id"
_SOME = f"{_HELD} where p.id in :ids"


def columns(store: Store, viewer: Viewer, now: str, *, mine: bool = False, review_days: int = 7) -> list[Row]:
    """Return the columns in the order of a case's life: `stage`, `total` cases and `cards`, the late first.

    A card is a row of names with `step` (as `cases.next_step` gives it), `overdue` (how many lines of its checklists
    are past their day) and `late`, for a step or a line. `mine` keeps the cases that the
    person holds or steps in for.
    """
    who = {"me": (viewer.person_id or "") if mine else "", "shown": SHOWN}
    found: dict[str, Row] = {stage: {"stage": stage, "total": 0, "cards": []} for stage in STAGES}
    for row in _stepped(store, _BOARD, who, now, review_days):
        step = row["step"]
        row["overdue"] = row["overdue"] if row["stage"] != "ended" else 0
        late = bool(row["overdue"]) or (bool(step["by"]) and step["by"] < day(now))
        found[row["stage"]]["total"] = row["total"]
        found[row["stage"]]["cards"].append({**row, "late": late})
    for column in found.values():
        if column["stage"] != "ended":
            column["cards"].sort(key=lambda card: (not card["late"], card["step"]["by"] or "9"))
    return list(found.values())


def waiting(store: Store, viewer: Viewer, now: str, review_days: int = 7) -> list[Row]:
    """Return the cases in which the own organisation acts next, what is due first on top; two queries.

    Each has `step` (as `next_step` gives it) and `late`. A test that just goes on waits for nobody, and what is asked
    months after a pilot has a form of its own (`outcome_links.waiting`).
    """
    condition, params = cases.of_own(viewer)  # not all that a broker sees: theirs stand on the desk
    rows = _stepped(store, _LIVE.format(condition=condition), params, now, review_days)
    mine = [
        row
        for row in rows
        if row["step"]["code"] != "finish" and set(cases.sides(viewer, row)) & set(row["step"]["who"])
    ]
    for row in mine:
        row["late"] = bool(row["step"]["by"]) and row["step"]["by"] < day(now)
    return sorted(mine, key=lambda row: (row["step"]["by"] or "9", row["id"]))


def steps(store: Store, ids: list[str], now: str, review_days: int = 7) -> dict[str, Row]:
    """Return by id what is next in each of some cases, as `next_step` gives it; two queries, however many there are."""
    return {row["id"]: row["step"] for row in _stepped(store, _SOME, {"ids": ids}, now, review_days)} if ids else {}


def _stepped(store: Store, sql: str, params: Row, now: str, review_days: int) -> list[Row]:
    """Return the cases that a query over `_HELD` finds, each with `step`."""
    days = {
        "today": day(now),
        "followed": outcomes.months_after(day(later(now, days=-OPEN_DAYS)), -outcomes.MONTHS[-1]),
    }
    rows = store.query(sql, {**params, **days})
    signed = _signed(store, [row["sent_id"] for row in rows if row["sent_id"]])
    return [{**row, "step": next_step(row, signed.get(row["sent_id"], set()), now, review_days)} for row in rows]


def _signed(store: Store, agreement_ids: list[str]) -> dict[str, set[str]]:
    """Return the sides that have signed, by the agreement's id."""
    found: dict[str, set[str]] = {}
    for row in store.query(
        "select agreement_id, side from signature where agreement_id in :ids", {"ids": agreement_ids}
    ):
        found.setdefault(row["agreement_id"], set()).add(row["side"])
    return found


def next_step(row: Row, signed: set[str], now: str, review_days: int = 7) -> Row:
    """Return what is next in a case of the board: `code`, `who` acts (sides) and `by` which day."""
    stage = row["stage"]
    if stage in ("proposed", "accepted"):
        return cases.next_step(row, now, review_days)
    if stage == "decision":
        return _step("decide", ["owner"], pilots.decide_by({**row, "ends_on": row["pilot_ends_on"]}))
    if stage == "follow_up":
        return _follow(row)
    if row["declined_at"] or row["ended_at"]:
        return _step("over", [], None)
    if stage == "ended" or row["ends_on"] < day(now):
        return _step("close_case", ["broker"], day(later(f"{row['ends_on']}T00:00:00Z", days=review_days)))
    if stage == "agreement" and row["sent_id"]:
        return _step("sign", [side for side in agreements.sides(row) if side not in signed], row["starts_on"])
    if stage == "agreement":
        return _step("agree", ["broker"], row["starts_on"])
    if stage == "access" and row["unmet"]:
        return _step("prerequisites", ["host", "startup"], row["starts_on"])
    if stage == "access":
        return _step("pilot", ["owner", "startup"], row["starts_on"])
    if row["halting"]:
        return _step("halted", ["owner", "broker"], None)
    return _step("finish", ["startup", "owner", "host"], row["pilot_ends_on"])


def _follow(row: Row) -> Row:
    """Return the next form of what came of a case that the owner has not answered, by the day on which it is due."""
    due = outcomes.due_days(day(row["begun"]))
    month = next(month for month in outcomes.MONTHS if month > (row["answered"] or 0))
    return _step("follow", ["owner"], due[month])


def _step(code: str, who: list[str], by: str | None) -> Row:
    return {"code": code, "who": who, "by": by}
