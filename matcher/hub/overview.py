"""The hub in figures, for the public pages: counts of what is open and of what was confirmed."""

from __future__ import annotations

import json
from collections import Counter

from ..store import Store
from .clock import day


def counts(store: Store, now: str) -> dict[str, int]:
    """Return how many needs, startups and testbeds are published, and how many pairings were ever confirmed."""
    rows = store.query(
        """select
             (select count(*) from need where published_at is not null and closed_at is null
              and (valid_until is null or valid_until >= :today)) as needs,
             (select count(*) from startup where published_at is not null and hidden_at is null
              and merged_into is null) as startups,
             (select count(*) from testbed where published_at is not null and withdrawn_at is null) as testbeds,
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
