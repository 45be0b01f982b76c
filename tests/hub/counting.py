"""Counts tries of one bucket; run as a process beside others: ADDRESS TRIES LIMIT NOW, prints how many passed."""

from __future__ import annotations

import sys

from matcher.hub import limits
from matcher.store import open_store


def passed(url: str, tries: int, limit: int, now: str) -> int:
    """Try so often and return how many were let through."""
    store, through = open_store(url), 0
    for _ in range(tries):
        try:
            limits.count(store, "same", limit, now)
            through += 1
        except limits.TooMany:
            pass
    store.close()
    return through


if __name__ == "__main__":
    print(passed(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
