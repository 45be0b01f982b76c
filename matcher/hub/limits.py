"""Rate limits, counted in the store so that they hold across workers and hosts."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence

from ..store import Store
from .clock import later
from .errors import HubError

PERIOD_MINUTES = 15
# Of an IPv6 address the first 64 bits say whose it is (RFC 4291); the rest anybody may choose for themselves.
NETWORK_BITS = 64


class TooMany(HubError):
    """Too many tries from one place in a short time; `params["minutes"]` says after how many it may be tried again."""


def place(address: str | None) -> str:
    """Return what tries from a network address are counted as: itself, or the network that an IPv6 one lies in.

    One home has more IPv6 addresses than there are tries: counted apart, each would be the first.
    """
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), NETWORK_BITS), strict=False))


def count(store: Store, bucket: str, most: int, now: str) -> None:
    """Count one try in `bucket` within its quarter of an hour; raise TooMany past `most`.

    A bucket often names a person or an address on the network, so only its hash is kept, for a day.
    """
    count_all(store, [(bucket, most)], now)


def count_all(store: Store, buckets: Sequence[tuple[str, int]], now: str) -> None:
    """Count one try in several (bucket, most); raise TooMany when it is past any of them.

    What is refused is counted nowhere and writes nothing: who is over one limit can neither fill the table under
    names that they make up nor keep the others from writing.
    """
    minute = int(now[14:16])
    period = now[:14] + f"{minute // PERIOD_MINUTES * PERIOD_MINUTES:02d}"
    most = {hashlib.sha256(name.encode("utf8", "replace")).hexdigest(): limit for name, limit in buckets}
    held = store.query(
        "select bucket, count from attempt where period = :period and bucket in :buckets",
        {"period": period, "buckets": list(most)},
    )
    over = any(row["count"] >= most[row["bucket"]] for row in held)
    if not over:
        with store.atomic():
            for bucket in sorted(most):  # in one order, so that no two wait for each other
                rows = store.query(
                    """insert into attempt (bucket, period, count) values (:bucket, :period, 1)
                       on conflict (bucket, period) do update set count = attempt.count + 1 returning count""",
                    {"bucket": bucket, "period": period},
                )
                over = over or rows[0]["count"] > most[bucket]
    if over:
        raise TooMany("too_many", minutes=PERIOD_MINUTES - minute % PERIOD_MINUTES)


def forget(store: Store, now: str) -> None:
    """Delete counts older than a day."""
    store.execute("delete from attempt where period < :old", {"old": later(now, days=-1)[:16]})
