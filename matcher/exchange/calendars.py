"""Calendar files (iCalendar, RFC 5545), written by the `icalendar` library."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from icalendar import Calendar, Event

REFRESH = timedelta(hours=4)


@dataclass(frozen=True)
class Entry:
    """One event: `uid` is the same in every version of the file; `starts` and `ends` are aware."""

    uid: str
    starts: datetime
    ends: datetime
    title: str
    place: str = ""
    text: str = ""


def calendar(name: str, entries: Iterable[Entry], made: datetime) -> bytes:
    """Return a calendar file of events, in UTC, so that every program shows the same moment; made: when it was."""
    file = Calendar()
    file.add("prodid", "-//Matcher//match day//EN")
    file.add("version", "2.0")
    file.add("method", "PUBLISH")
    file.add("x-wr-calname", name)
    for entry in entries:
        event = Event()
        event.add("uid", entry.uid)
        event.add("dtstamp", made.astimezone(UTC))
        event.add("dtstart", entry.starts.astimezone(UTC))
        event.add("dtend", entry.ends.astimezone(UTC))
        event.add("summary", entry.title)
        if entry.place:
            event.add("location", entry.place)
        if entry.text:
            event.add("description", entry.text)
        file.add_component(event)
    return file.to_ical()


@dataclass(frozen=True)
class WholeDays:
    """One event of whole days, `first` and `last` both included; `changed` (aware) is when it last became otherwise.

    status: CONFIRMED, TENTATIVE or CANCELLED. link: the page that tells more.
    """

    uid: str
    first: date
    last: date
    title: str
    status: str
    changed: datetime
    place: str = ""
    text: str = ""
    link: str = ""


def feed(name: str, entries: Iterable[WholeDays]) -> bytes:
    """Return a calendar to be read again and again, the same bytes while nothing has changed.

    The events block nobody's time: a test that runs for two months is no meeting of two months.
    """
    file = Calendar()
    file.add("prodid", "-//Matcher//calendar feed//EN")
    file.add("version", "2.0")
    file.add("method", "PUBLISH")
    file.add("x-wr-calname", name)
    file.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    for entry in entries:
        event = Event()
        event.add("uid", entry.uid)
        event.add("dtstamp", entry.changed.astimezone(UTC))
        event.add("last-modified", entry.changed.astimezone(UTC))
        event.add("dtstart", entry.first)
        event.add("dtend", entry.last + timedelta(days=1))  # the first day that is no longer part of it
        event.add("summary", entry.title)
        event.add("status", entry.status)
        event.add("transp", "TRANSPARENT")
        for field, value in (("location", entry.place), ("description", entry.text), ("url", entry.link)):
            if value:
                event.add(field, value)
        file.add_component(event)
    return file.to_ical()
