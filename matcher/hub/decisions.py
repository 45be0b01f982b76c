"""What brokers and both sides decided about pairs, with what the ranking showed of each when it was decided.

A confirmed pairing was taken up; a declined one and a dismissed candidate were not. A no that says nothing about how
well the two fit (a conflict of interest, a condition, an old acquaintance, a need that changed) is no decision here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ..store import Store

NOT_ABOUT_FIT = ("conflict", "gate", "known", "need_changed", "no_place")
"""Reasons (hub/reasons.py) for a no that would have been the same whatever the two texts said."""

_DECIDED = """
    select need_id, startup_id, 1 as taken, confirmed_at as at, seen, null as reason
    from pairing where confirmed_at is not null
    union all
    select need_id, startup_id, 0, declined_at, seen, reason from pairing where declined_at is not null
    union all
    select need_id, startup_id, 0, at, seen, reason from dismissal where undone_at is null
"""


@dataclass(frozen=True)
class Decision:
    """One decided pair: `rank` is its place in the list (1 is best), `parts` what its score was made of, weighted.

    scoring and model: the versions that made the figures; figures of two versions are never put together.
    texts: hashes of the need's and the startup's text, where they were kept.
    """

    need_id: str
    startup_id: str
    taken: bool
    at: str
    rank: int
    parts: dict[str, float]
    scoring: str
    model: str
    texts: dict[str, str]


def taken(store: Store) -> list[Decision]:
    """Return every decision whose figures were kept, oldest first; of a pair decided twice the last one.

    Left out: those made while the model was away (words alone ranked), and those of a startup that no list held.
    """
    rows = store.query(f"select * from ({_DECIDED}) as decided order by at, need_id, startup_id")
    found = {(row["need_id"], row["startup_id"]): row for row in rows if row["reason"] not in NOT_ABOUT_FIT}
    made = [_decision(row, json.loads(row["seen"])) for row in found.values() if row["seen"]]
    return [decision for decision in made if decision]


def _decision(row: dict[str, Any], seen: dict[str, Any]) -> Decision | None:
    if not seen.get("parts") or not seen.get("rank") or seen.get("lexical_only"):
        return None
    return Decision(
        row["need_id"], row["startup_id"], bool(row["taken"]), row["at"], int(seen["rank"]), dict(seen["parts"]),
        seen.get("scoring") or "", seen.get("model") or "", seen.get("texts") or {},
    )  # fmt: skip


def count(store: Store) -> int:
    """Return how many rows could be decisions: cheap to ask, to see whether there is anything new."""
    return int(store.query(f"select count(*) as n from ({_DECIDED}) as decided")[0]["n"])
