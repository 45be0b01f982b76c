"""A case of the demo while it is played: its row, who acts for its sides, and what later steps need to know."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from ..hub import pairings
from ..hub.people import Viewer
from ..store import Store

Row = dict[str, Any]
Act = Callable[[str], object]
Step = tuple[int, Act]  # days before the loading, and what is done then
People = dict[tuple[str, str], Viewer]


def day(now: str, days: int) -> str:
    """Return the day so many days after (negative: before) a moment's."""
    return (date.fromisoformat(now[:10]) + timedelta(days=days)).isoformat()


class Played:
    """One row of `cases.jsonl` while it is played. `id` is the pairing's, once it is proposed."""

    def __init__(self, store: Store, row: Row, people: People, now: str) -> None:
        self.store, self.row, self.people, self.now = store, row, people, now
        self.days: dict[str, int] = row["days"]
        self.need_id: str = row["need_id"] if "need_id" in row else row["need"]["id"]
        self.id = ""
        self.kept: dict[str, str] = {}  # ids and tokens that later steps need, by what they stand for

    def by(self, side: str) -> Viewer:
        """Return who acts for a side of the case."""
        place = "" if side == "broker" else self.row["organisations"][side]
        return self.people[side, place]

    def period(self) -> tuple[str, str]:
        """Return the first and the last day of the booked place."""
        first, last = self.row["period"]
        return day(self.now, -first), day(self.now, -last)

    def end(self, now: str) -> None:
        """End the case with the reason and the words of the row."""
        said = self.row["end"]
        by = self.by(said.get("side", "broker"))
        pairings.end(self.store, by, self.id, said["reason"], said["note"], now)
