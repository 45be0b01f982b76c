"""Rate limits, counted in the store so that they hold across workers and hosts."""

from __future__ import annotations

import hashlib

from ..store import Store
from .clock import later
from .errors import HubError

PERIOD_MINUTES = 15


class TooMany(HubError):
    """Too many tries from one place in a short time; `params["minutes"]` says after how many it may be tried again."""


def count(store: Store, bucket: str, most: int, now: str) -> None:
    """Count one try in `bucket` within its quarter of an hour; raise TooMany past `most`.

    A bucket often names a person or an address on the network, so only its hash is kept, for a day.
    """
    minute = int(now[14:16])
    period = now[:14] + f"{minute // PERIOD_MINUTES * PERIOD_MINUTES:02d}"
    with store.atomic():
        rows = store.query(
            """insert into attempt (bucket, period, count) values (:bucket, :period, 1)
               on conflict (bucket, period) do update set count = attempt.count + 1 returning count""",
            {"bucket": hashlib.sha256(bucket.encode("utf8", "replace")).hexdigest(), "period": period},
        )
    if rows[0]["count"] > most:
        raise TooMany("too_many", minutes=PERIOD_MINUTES - minute % PERIOD_MINUTES)


def forget(store: Store, now: str) -> None:
    """Delete counts older than a day."""
    store.execute("delete from attempt where period < :old", {"old": later(now, days=-1)[:16]})
