"""Calendar quarters: the periods in which a round gives places. Days are ISO text, a period includes both its days."""

from __future__ import annotations

from datetime import date, timedelta

Period = tuple[str, str]


def first_day(day: str) -> str:
    """Return the first day of the quarter that a day lies in."""
    return _quarter(date.fromisoformat(day), 0).isoformat()


def next_first_day(day: str) -> str:
    """Return the first day of the quarter after the one that a day lies in."""
    return _quarter(date.fromisoformat(day), 1).isoformat()


def span(starts_on: str, count: int) -> list[Period]:
    """Return `count` quarters from the one that begins at `starts_on`."""
    first = date.fromisoformat(starts_on)
    return [
        (_quarter(first, turn).isoformat(), (_quarter(first, turn + 1) - timedelta(days=1)).isoformat())
        for turn in range(count)
    ]


def name(day: str) -> str:
    """Return the quarter of a day as people write it: `2027 Q1`."""
    found = date.fromisoformat(day)
    return f"{found.year} Q{(found.month + 2) // 3}"


def _quarter(day: date, later: int) -> date:
    months = day.year * 12 + (day.month - 1) // 3 * 3 + 3 * later
    return date(months // 12, months % 12 + 1, 1)
