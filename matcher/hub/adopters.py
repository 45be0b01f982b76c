"""Who uses a solution: the organisations in whose latest outcome, or before one in whose decision, it is in use.

A solution is a startup's profile. Of a case that both sides have released everybody may know it; its own sides and
the brokers know it of theirs.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import cases
from .people import Viewer

Row = dict[str, Any]
MOST = 100
RELEASED = "(r.owner_released_at is not null and r.startup_released_at is not null)"

# What holds today: the answer of the highest month that stands, else the decision about the pilot.
_USE = """coalesce(u.in_use, case when pilot.decision in ('adopt', 'adapt') then 'yes' else 'no' end)"""
_JOINS = """
    from pairing p join need n on n.id = p.need_id join organisation o on o.id = n.organisation_id
    join startup s on s.id = p.startup_id left join testbed t on t.id = p.testbed_id
    left join pilot on pilot.pairing_id = p.id left join release r on r.pairing_id = p.id
    left join spread_consent c on c.pairing_id = p.id and c.closed_at is null
    left join outcome u on u.pairing_id = p.id and u.replaced_at is null and not exists (
        select 1 from outcome newer where newer.pairing_id = p.id and newer.replaced_at is null
        and newer.month > u.month)"""
_HOLDS = f"p.confirmed_at is not null and {_USE} in ('yes', 'partly')"
_COLUMNS = f"""
    p.id as pairing_id, p.startup_id, s.name as startup_name, p.need_id, n.organisation_id, o.name as owner_name,
    n.title as case_title, n.language, {_USE} as in_use, u.month, u.answered_at, pilot.decision, pilot.decided_at,
    case when {RELEASED} then 1 else 0 end as released, case when c.pairing_id is null then 0 else 1 end as answers"""


def of_startup(store: Store, viewer: Viewer | None, startup_id: str) -> list[Row]:
    """Return the cases in which a startup's solution is in use, as far as the person may know. One query.

    Each with whose it is, `in_use` (yes, partly), since when, whether it is `released`, and whether its people have
    said that others may ask them (`answers`).
    """
    return _of(store, viewer, "p.startup_id = :id", startup_id)


def of_case(store: Store, viewer: Viewer | None, pairing_id: str) -> list[Row]:
    """Return what `of_startup` does for the startup of a case. One query."""
    return _of(store, viewer, "p.startup_id = (select startup_id from pairing where id = :id)", pairing_id)


def _of(store: Store, viewer: Viewer | None, whose: str, subject_id: str) -> list[Row]:
    condition, params = cases.visible(viewer)
    return store.query(
        f"""select {_COLUMNS} {_JOINS} where {_HOLDS} and {whose} and ({RELEASED} or {condition})
            order by coalesce(u.answered_at, pilot.decided_at) desc, p.id limit :most""",
        {**params, "id": subject_id, "most": MOST},
    )


def solutions(store: Store) -> list[Row]:
    """Return the solutions that are in use somewhere, for brokers: startup, in how many cases, last known when."""
    return store.query(
        f"""select p.startup_id, s.name as startup_name, count(*) as cases,
                   count(distinct n.organisation_id) as organisations,
                   max(coalesce(u.answered_at, pilot.decided_at)) as known_at {_JOINS} where {_HOLDS}
            group by p.startup_id, s.name order by organisations desc, known_at desc, p.startup_id limit :most""",
        {"most": MOST},
    )


def organisations(store: Store, startup_id: str) -> set[str]:
    """Return the organisations that use a solution, also those that an owner has named as having taken it up."""
    rows = store.query(
        f"""select n.organisation_id as id, place.organisation_id as place_id {_JOINS}
            left join outcome_spread place on place.outcome_id = u.id where {_HOLDS} and p.startup_id = :startup""",
        {"startup": startup_id},
    )
    return {found for row in rows for found in row.values() if found}
