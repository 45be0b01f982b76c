"""Time as the store keeps it: UTC ISO text to the microsecond for moments, plain ISO text for days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

AHEAD_MINUTES = 5  # the clocks of two hosts may differ by so much


def now() -> str:
    """Return this moment as UTC ISO text, for instance `2026-11-22T08:30:00.000000Z`."""
    return stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    """Return an aware datetime as the store's text; text order is time order, for the year has four digits always.

    Raises OverflowError for a moment whose UTC lies outside the calendar: whoever takes one with a zone asks first.
    """
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse(text: str) -> datetime:
    """Return the aware datetime of the store's text."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def later(moment: str, *, days: float = 0, minutes: float = 0) -> str:
    """Return the moment that many days and minutes after (or, negative, before) `moment`."""
    return stamp(parse(moment) + timedelta(days=days, minutes=minutes))


def latest(now: str) -> str:
    """Return the latest moment that a clock which goes right can have written by `now`.

    What bears a later one was written while a clock was ahead, and now it goes right again. Whatever gives access for
    a time counts as over then: it would else be good until the wrong moment comes, which may be a year away.
    """
    return later(now, minutes=AHEAD_MINUTES)


def day(moment: str) -> str:
    """Return the UTC day of a moment as ISO text."""
    return moment[:10]


def days_between(earlier: str, moment: str) -> int:
    """Return whole days from one day or moment to another; negative when it lies before."""
    return (date.fromisoformat(moment[:10]) - date.fromisoformat(earlier[:10])).days
