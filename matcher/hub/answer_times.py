"""How long hosts take to answer who asks for a place, measured: a promise is worth what it is kept to.

Counted are the requests of the last year that had their first answer (a question, yes, no or the waiting list), and
those that had none by the promised day. Who took the request back before that day, or ended the case it
lay in, is not the host's doing.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

from ..store import Store
from .clock import day, days_between, later

YEAR_DAYS = 365
LEAST = 3  # requests; fewer say nothing about how a host answers


@dataclass(frozen=True)
class Measured:
    """Over `count` requests: `days` to the first answer (median of the answered), `kept` (share within the promise).

    Both are None under LEAST requests, and `days` when none was answered.
    """

    count: int
    days: float | None
    kept: float | None


def of_hosts(store: Store, organisation_ids: list[str], now: str) -> dict[str, Measured]:
    """Return by organisation how it answers for its testbeds; an organisation that nobody asked has a count of 0."""
    asked: dict[str, list[dict[str, Any]]] = {name: [] for name in organisation_ids}
    for row in store.query(
        """select t.organisation_id, b.requested_at, b.answered_at, b.promised_by,
                  coalesce(b.withdrawn_at, a.ended_at) as withdrawn_at
           from booking b join testbed t on t.id = b.testbed_id left join access a on a.pairing_id = b.pairing_id
           where t.organisation_id in :ids and b.requested_at > :since and b.requested_at <= :now""",
        {"ids": organisation_ids, "since": later(now, days=-YEAR_DAYS), "now": now},
    ):
        asked[row["organisation_id"]].append(row)
    return {name: measured(rows, now) for name, rows in asked.items()}


def measured(rows: list[dict[str, Any]], now: str) -> Measured:
    """Return the measure of requests (`requested_at`, `answered_at`, `promised_by`, `withdrawn_at`)."""
    answered = [row for row in rows if row["answered_at"]]
    silent = [row for row in rows if not row["answered_at"] and day(row["withdrawn_at"] or now) > row["promised_by"]]
    count = len(answered) + len(silent)
    if count < LEAST:
        return Measured(count, None, None)
    days = [days_between(row["requested_at"], row["answered_at"]) for row in answered]
    kept = sum(day(row["answered_at"]) <= row["promised_by"] for row in answered)
    return Measured(count, float(median(days)) if days else None, kept / count)
