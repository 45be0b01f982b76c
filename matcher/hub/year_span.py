"""A calendar year in Swedish time. It begins at 23:00 UTC on New Year's Eve, when Sweden always has winter time.

What was done at half past midnight on New Year's Day thus belongs to the new year, though its stored moment, in UTC,
still bears the old one.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from .clock import day, later, parse

ZONE = ZoneInfo("Europe/Stockholm")
FIRST_YEAR, LAST_YEAR = 2000, 2199


def bounds(year: int) -> tuple[str, str]:
    """Return the first moment of a year and the first of the next, as UTC text."""
    return f"{year - 1:04}-12-31T23:00:00.000000Z", f"{year:04}-12-31T23:00:00.000000Z"


def before(year: int) -> str:
    """Return the last moment before a year begins."""
    return f"{year - 1:04}-12-31T22:59:59.999999Z"


def last_moment(year: int, now: str) -> str:
    """Return the last moment of a year, or now while the year goes on."""
    return min(now, before(year + 1))


def year_of(moment: str) -> int:
    """Return the calendar year of a moment."""
    return int(day(later(moment, minutes=60))[:4])


def swedish_day(moment: str) -> str:
    """Return the day of a moment in Swedish time, summer time and all."""
    return parse(moment).astimezone(ZONE).date().isoformat()
