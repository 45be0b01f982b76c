"""Rate limits, counted in the store so that they hold across workers and hosts."""

from __future__ import annotations

from ..store import Store
from .clock import later
from .errors import HubError


class TooMany(HubError):
    """Too many tries from one place in a short time."""


def count(store: Store, bucket: str, most: int, now: str) -> None:
    """Count one try in `bucket` within its quarter of an hour; raise TooMany past `most`."""
    period = now[:14] + f"{int(now[14:16]) // 15 * 15:02d}"
    with store.atomic():
        rows = store.query(
            """insert into attempt (bucket, period, count) values (:bucket, :period, 1)
               on conflict (bucket, period) do update set count = attempt.count + 1 returning count""",
            {"bucket": bucket[:200], "period": period},
        )
    if rows[0]["count"] > most:
        raise TooMany("too_many", minutes=15)


def forget(store: Store, now: str) -> None:
    """Delete counts older than a day."""
    store.execute("delete from attempt where period < :old", {"old": later(now, days=-1)[:16]})
