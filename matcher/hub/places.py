"""Finding a place by the days: every testbed on offer, with what is free on all of them, or when it is free next."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from ..store import Store
from . import answer_times, capacity, prerequisites, published, testbeds
from .capacity import Period, shifted
from .clock import day, days_between

Row = dict[str, Any]
AHEAD_DAYS = 366  # how far ahead the next free period is looked for


def find(store: Store, starts_on: str, ends_on: str, now: str) -> list[Row]:
    """Return every published testbed with what it has free on all days of a period, and what its host asks for.

    Each as of `openings`, with `asks` (kinds of what it asks for) and `answers` (how its host answers) besides.
    As many queries however many testbeds there are.
    """
    rows = openings(store, starts_on, ends_on, now)
    answers = answer_times.of_hosts(store, sorted({row["organisation_id"] for row in rows}), now)
    asks = _asks(store, [row["id"] for row in rows])
    for row in rows:
        row["asks"], row["answers"] = asks[row["id"]], answers[row["organisation_id"]]
    return rows


def openings(store: Store, starts_on: str, ends_on: str, now: str) -> list[Row]:
    """Return every published testbed with what it has free on all days of a period, or when it is free next.

    Each with `free` (places), `closed` (periods) and `next`: the next free period of the same length where none is
    free, None when there is none within a year. Three queries however many testbeds there are.
    """
    rows = _on_offer(store)
    last = shifted(max(starts_on, day(now)), AHEAD_DAYS + days_between(starts_on, ends_on))
    held, closed = capacity.taken(store, starts_on, last), capacity.shut(store, starts_on, last)
    for row in rows:
        kept, shut = held[row["id"]], [capacity.days_of(one) for one in closed[row["id"]]]
        row["free"] = capacity.free(kept, shut, row["places"], row["buffer_days"], (starts_on, ends_on))
        row["closed"] = [
            one for one in closed[row["id"]] if one["starts_on"] <= ends_on and one["ends_on"] >= starts_on
        ]
        row["next"] = None if row["free"] else _next(kept, shut, row, (starts_on, ends_on), now)
    return rows


def next_free(
    kept: list[Period], closed: list[Period], places: int, buffer_days: int, asked: Period, earliest: str
) -> Period | None:
    """Return the first period as long as the one asked for, from `earliest` on and within a year, with a place free.

    A period that could not begin a day earlier begins right after something ends, or on the first day.
    """
    length = days_between(*asked)
    begins = {earliest, *(shifted(end, 1) for _, end in (*kept, *closed) if end >= earliest)}
    for first in sorted(begins):
        if days_between(earliest, first) > AHEAD_DAYS:
            return None
        period = (first, shifted(first, length))
        if capacity.free(kept, closed, places, buffer_days, period):
            return period
    return None


def _next(kept: list[Period], closed: list[Period], row: Row, asked: Period, now: str) -> Period | None:
    if not row["places"]:
        return None
    return next_free(kept, closed, row["places"], row["buffer_days"], asked, max(asked[0], day(now)))


def _on_offer(store: Store) -> list[Row]:
    rows = store.query(
        f"""select t.*, o.name as organisation from testbed t join organisation o on o.id = t.organisation_id
           where {published.live("testbed", "t")} order by t.id"""
    )
    return [testbeds.public(testbeds.decode(row)) for row in rows]


def _asks(store: Store, testbed_ids: list[str]) -> defaultdict[str, list[str]]:
    """Return by testbed the kinds of what it asks for, each once, in their order."""
    rows = store.query(
        "select distinct testbed_id, kind from prerequisite where retired_at is null and testbed_id in :ids",
        {"ids": testbed_ids},
    )
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: prerequisites.KINDS.index(row["kind"])):
        found[row["testbed_id"]].append(row["kind"])
    return found
