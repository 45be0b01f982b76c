"""The timetable of a match day in names: the pairs of a plan meet, each two organisations once."""

from __future__ import annotations

from typing import Any

from ..hub.rounds import LONGEST_DAY, minutes_of
from . import timetable

Row = dict[str, Any]


class DayTooLong(Exception):
    """The last meeting would end after midnight; `needed` is how many times one after the other there are."""

    def __init__(self, needed: int) -> None:
        super().__init__(f"{needed} meetings one after the other do not fit into the day")
        self.needed = needed


def meetings(rows: list[Row], row: Row) -> list[Row]:
    """Return the meetings of a round's plan (`rows` of round_report) in the order of the day; raise DayTooLong.

    Each has `table` (from 1), `starts` and `ends` (minutes from midnight, local time), `owner` and `startup` with
    their organisations' ids, and `needs`: what they meet about. Two that share several needs meet once.
    """
    met: dict[tuple[str, str], Row] = {}
    for one in rows:
        pair = (one["owner_id"], one["company_id"])
        found = met.setdefault(
            pair,
            {
                "owner_id": pair[0], "owner": one["owner"], "company_id": pair[1], "startup": one["startup"],
                "startup_id": one["startup_id"], "needs": [],
            },
        )  # fmt: skip
        found["needs"].append({"id": one["need_id"], "name": one["need"]})
    opens, step = minutes_of(row["opens_at"]) or 0, row["minutes"] + row["pause"]
    # First of all: laying out thousands of meetings takes minutes, and they never fit into a day.
    _fits(timetable.least(list(met), row["tables"]), opens, step, row["pause"])
    times = timetable.arrange(list(met), row["tables"])
    _fits(max((time for time, _ in times), default=-1) + 1, opens, step, row["pause"])
    placed = [
        {**one, "time": time, "table": table + 1, "starts": opens + time * step,
         "ends": opens + time * step + row["minutes"]}
        for one, (time, table) in zip(met.values(), times, strict=True)
    ]  # fmt: skip
    return sorted(placed, key=lambda one: (one["time"], one["table"]))


def _fits(needed: int, opens: int, step: int, pause: int) -> None:
    if opens + needed * step - pause > LONGEST_DAY:
        raise DayTooLong(needed)
