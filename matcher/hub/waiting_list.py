"""The waiting list of a testbed: who stands before whom, and who could have a place now. First in line first."""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import capacity, published
from .clock import day

Row = dict[str, Any]
_WAITS = """
    b.waiting_at is not null and b.approved_at is null and b.declined_at is null and b.withdrawn_at is null
    and b.pairing_id is null"""


def before(store: Store, row: Row, now: str) -> list[Row]:
    """Return who stands on the list before a booking for days that overlap with it, buffers counted; longest first.

    Before one that is not on the list stands everybody who is.
    """
    place = (row["waiting_at"], row["id"]) if row["waiting_at"] else None
    rows = store.query(
        f"""select b.id, b.title, b.starts_on, b.ends_on, b.waiting_at, o.name as asker_name
            from booking b join organisation o on o.id = b.organisation_id
            where b.testbed_id = :testbed and b.id <> :id and {_WAITS}
              and b.ends_on >= :today and b.starts_on <= :last and b.ends_on >= :first
            order by b.waiting_at, b.id""",
        {
            "testbed": row["testbed_id"],
            "id": row["id"],
            "today": day(now),
            "first": capacity.shifted(row["starts_on"], -row["buffer_days"]),
            "last": capacity.shifted(row["ends_on"], row["buffer_days"]),
        },
    )
    return [one for one in rows if place is None or (one["waiting_at"], one["id"]) < place]


def can_go(store: Store, now: str) -> list[str]:
    """Return the ids of those on a waiting list whose days are free now, in the order of their lines.

    Who stands first is counted as if the place were theirs already, so that one place is not offered to two. A few
    queries, however many wait.
    """
    waiting = store.query(
        f"""select b.id, b.testbed_id, b.starts_on, b.ends_on, t.places, t.buffer_days
            from booking b join testbed t on t.id = b.testbed_id
            where {_WAITS} and b.ends_on >= :today and {published.live("testbed", "t")}
            order by b.waiting_at, b.id""",
        {"today": day(now)},
    )
    if not waiting:
        return []
    room = _Room(store, waiting)
    return [row["id"] for row in waiting if room.take(row)]


def standing(store: Store, row: Row, ahead: list[Row]) -> tuple[int, str]:
    """Return how many places are free now on the days of a request outside a case, and how it stands in its line.

    room: one of them is for it, those `ahead` (`before`) counted as if theirs were taken. line: they are for those.
    wait: nothing is free.
    """
    here = {name: row[name] for name in ("testbed_id", "places", "buffer_days")}
    room = _Room(store, [*ahead, row])
    free = room.free(row)
    for one in ahead:
        room.take({**one, **here})
    return free, "wait" if not free else "room" if room.free(row) else "line"


class _Room:
    """What is free at the testbeds on the days of some requests, and what is left when one after another takes it."""

    def __init__(self, store: Store, asked: list[Row]) -> None:
        span = min(row["starts_on"] for row in asked), max(row["ends_on"] for row in asked)
        self.held, self.closed = capacity.taken(store, *span), capacity.shut(store, *span)

    def free(self, row: Row) -> int:
        """Return how many places are free on all days of a request."""
        shut = map(capacity.days_of, self.closed[row["testbed_id"]])
        held = self.held[row["testbed_id"]]
        return capacity.free(held, shut, row["places"], row["buffer_days"], capacity.days_of(row))

    def take(self, row: Row) -> bool:
        """Take a place for a request where one is free, and return whether it was."""
        if not self.free(row):
            return False
        self.held[row["testbed_id"]].append((row["starts_on"], capacity.shifted(row["ends_on"], row["buffer_days"])))
        return True


def note_room(store: Store, now: str) -> list[str]:
    """Write down for whom there is room since now, and for whom no longer; return the ids of the former.

    Whoever had room, lost it and has it again is told again.
    """
    ids = can_go(store, now)
    store.execute(
        f"update booking as b set room_at = null where b.room_at is not null and {_WAITS} and b.id not in :ids",
        {"ids": ids},
    )
    rows = store.query(
        f"update booking as b set room_at = :now where b.id in :ids and b.room_at is null and {_WAITS} returning id",
        {"now": now, "ids": ids},
    )
    return [row["id"] for row in rows]
