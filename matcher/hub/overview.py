"""The hub at a glance: public figures of what is open and confirmed, and what is a person's own."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from ..store import Store
from . import capacity, published, startups, testbeds
from .clock import day
from .people import Viewer

OWN_LIMIT = 50


def counts(store: Store, now: str) -> dict[str, int]:
    """Return how many needs, startups and testbeds are published, and how many pairings were ever confirmed."""
    rows = store.query(
        f"""select
              (select count(*) from need n where {published.wanted("n")}) as needs,
              (select count(*) from startup s where {published.live("startup", "s")}) as startups,
              (select count(*) from testbed t where {published.live("testbed", "t")}) as testbeds,
              (select count(*) from pairing where confirmed_at is not null) as pairings""",
        {"today": day(now)},
    )
    return {name: int(value) for name, value in rows[0].items()}


def confirmed_by_theme(store: Store) -> list[tuple[str, int]]:
    """Return (theme code, confirmed pairings of needs with that theme), the most first; a need may have several."""
    rows = store.query(
        "select n.themes from pairing p join need n on n.id = p.need_id where p.confirmed_at is not null"
    )
    found = Counter(theme for row in rows for theme in json.loads(row["themes"]))
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def hubs(store: Store) -> list[dict[str, Any]]:
    """Return name and website of the hubs that run this service, the oldest first."""
    return store.query(
        "select name, website from organisation where kind = 'hub' and merged_into is null order by created_at, id"
    )


def own_startups(store: Store, viewer: Viewer) -> list[dict[str, Any]]:
    """Return the profiles of the companies that a person acts for, with `percent` complete and what is `lacking`."""
    rows = store.query(
        """select s.*, o.name as organisation, o.orgnr as orgnr from startup s
           join organisation o on o.id = s.organisation_id
           where s.organisation_id in :own and s.merged_into is null order by s.created_at, s.id limit :limit""",
        {"own": viewer.organisations("startup"), "limit": OWN_LIMIT},
    )
    found = []
    for row in map(startups.decode, rows):
        percent, lacking = startups.completeness(row)
        found.append({**row, "percent": percent, "lacking": lacking})
    return found


def own_testbeds(store: Store, viewer: Viewer, now: str) -> list[dict[str, Any]]:
    """Return the testbeds that a person hosts, with how many places are held today (`running`) and later (`coming`)."""
    rows = store.query(
        f"""select t.*, o.name as organisation,
                  count(h.starts_on) filter (where h.starts_on <= :today) as running,
                  count(h.starts_on) filter (where h.starts_on > :today) as coming
           from testbed t join organisation o on o.id = t.organisation_id
           left join {capacity.HELD} h on h.testbed_id = t.id and h.ended_at is null and h.ends_on >= :today
           where t.organisation_id in :own group by t.id, o.name order by t.created_at, t.id limit :limit""",
        {"own": viewer.organisations("host"), "today": day(now), "limit": OWN_LIMIT},
    )
    return [testbeds.decode(row) for row in rows]
