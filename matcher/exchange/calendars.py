"""Calendar files (iCalendar, RFC 5545), written by the `icalendar` library."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from icalendar import Calendar, Event


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
