"""Confirms one case and says how it went: run by itself, so that a write or sync of its own can be made to fail.

python -m tests.faults.confirming DATABASE_URL BROKER CASE TESTBED
"""

from __future__ import annotations

import sys

from matcher.hub import pairings, people
from matcher.store import StoreError, open_store
from tests.factories import NOW

FIRST, LAST = "2026-12-01", "2026-12-14"


def main(url: str, broker: str, case: str, testbed: str) -> None:
    """Print `confirmed`, or the name of the store's error."""
    store = open_store(url, wait_ms=500)
    who = people.viewer(store, broker)
    assert who
    print("begin", flush=True)
    try:
        pairings.confirm(store, who, case, testbed, FIRST, LAST, NOW)
    except StoreError as error:
        print(type(error).__name__, flush=True)
    else:
        print("confirmed", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
