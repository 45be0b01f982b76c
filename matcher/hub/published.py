"""What is published at this moment, as one SQL condition for each kind: every query that asks takes it from here.

A need that is open may have passed its own last day: pages still show it, `wanted` leaves it out.
"""

from __future__ import annotations

_LIVE = {
    "need": "{0}.published_at is not null and {0}.closed_at is null",
    "startup": "{0}.published_at is not null and {0}.hidden_at is null and {0}.merged_into is null",
    "testbed": "{0}.published_at is not null and {0}.withdrawn_at is null",
}


def live(kind: str, name: str) -> str:
    """Return the condition for rows of a kind (need, startup, testbed) by the name that the query gives them."""
    return f"({_LIVE[kind].format(name)})"


def wanted(name: str) -> str:
    """Return the condition for needs that are open and have not passed their last day; the query gives `:today`."""
    return f"({_LIVE['need'].format(name)} and ({name}.valid_until is null or {name}.valid_until >= :today))"
