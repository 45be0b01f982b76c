"""What the planning of a round has to know of the hub as it is now. A fixed number of queries, however large it is."""

from __future__ import annotations

import json
from typing import Any

from ..store import Store
from . import capacity, conflicts, published
from .clock import day

Row = dict[str, Any]


_OPEN_NEEDS = f"from need n where {published.wanted('n')}"


def open_needs(store: Store, now: str) -> list[Row]:
    """Return the needs that a round is made of: published, open, not expired; whole rows, in the order of their ids."""
    return store.query(f"select n.* {_OPEN_NEEDS} order by n.id", {"today": day(now)})


def how_many(store: Store, now: str) -> int:
    """Return how many needs a round would be made of now."""
    return store.query(f"select count(*) as n {_OPEN_NEEDS}", {"today": day(now)})[0]["n"]


def needs(store: Store, ids: list[str], now: str) -> dict[str, Row]:
    """Return by id what planning asks of the needs that are still open."""
    rows = store.query(
        f"""select n.id, n.title as name, n.organisation_id, n.person_id, o.name as organisation, n.county_code,
                  n.themes, n.languages, n.language, n.min_readiness, n.local, n.valid_until, n.wanted_by, n.testbed_id
           from need n join organisation o on o.id = n.organisation_id
           where n.id in :ids and {published.wanted("n")}""",
        {"ids": ids, "today": day(now)},
    )
    return {row["id"]: _parsed(row, ("themes", "languages")) for row in rows}


def startups(store: Store, ids: list[str]) -> dict[str, Row]:
    """Return by id what planning asks of the startups that are still on offer."""
    rows = store.query(
        f"""select s.id, s.name, s.organisation_id, o.name as organisation, s.regions, s.readiness, s.languages,
                  s.language, s.capacity
           from startup s join organisation o on o.id = s.organisation_id
           where s.id in :ids and {published.live("startup", "s")}""",
        {"ids": ids},
    )
    return {row["id"]: _parsed(row, ("regions", "languages")) for row in rows}


def under_way(store: Store, starts_on: str) -> list[Row]:
    """Return the pairings that a round counts as taken: proposed or accepted, or with a test that reaches into it."""
    return store.query(
        """select p.id, p.need_id, p.startup_id, a.starts_on, a.ends_on
           from pairing p left join access a on a.pairing_id = p.id
           where p.declined_at is null and p.ended_at is null and (p.confirmed_at is null or a.ends_on >= :first)
           order by p.proposed_at, p.id""",
        {"first": starts_on},
    )


def refused(store: Store) -> dict[tuple[str, str], str]:
    """Return by (need id, startup id) why the two are out of the question: dismissed, conflict, or met in a case."""
    rows = store.query(
        f"""select need_id, startup_id, 'dismissed' as why from dismissal where undone_at is null
           union all select need_id, startup_id, 'conflict' from {conflicts.OF_COMPANY} c
           union all select need_id, startup_id, 'met' from pairing"""
    )
    return {(row["need_id"], row["startup_id"]): row["why"] for row in sorted(rows, key=lambda row: row["why"])}


def has_testbeds(store: Store) -> bool:
    """Whether any testbed is on offer."""
    return bool(store.query(f"select 1 as found from testbed t where {published.live('testbed', 't')} limit 1"))


def testbeds(store: Store, first: str, last: str) -> list[Row]:
    """Return every published testbed with the periods that are `held` (by tests, buffers with them) and `closed`."""
    rows = store.query(
        f"""select t.id, t.name, t.places, t.buffer_days, t.county_code, t.themes, o.name as organisation
           from testbed t join organisation o on o.id = t.organisation_id
           where {published.live("testbed", "t")} order by t.name, t.id"""
    )
    taken, closed = capacity.taken(store, first, last), capacity.shut(store, first, last)
    return [
        {
            **_parsed(row, ("themes",)),
            "held": taken[row["id"]],
            "closed": [capacity.days_of(one) for one in closed[row["id"]]],
        }
        for row in rows
    ]


def _parsed(row: Row, lists: tuple[str, ...]) -> Row:
    return {**row, **{name: json.loads(row[name]) for name in lists}}
