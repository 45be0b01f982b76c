"""Who is told of a step in a booking, and the reminders before and after the promised day. Each mail goes once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..store import Store
from . import bookings, mail, needs, parties, people, waiting_list
from .clock import day, later
from .people import Viewer

Row = dict[str, Any]
REMIND_DAYS = 3
LAPSED_DAYS = 14  # for so long the asker is still told that the days went by without an answer


def of_side(store: Store, side: str, row: Row) -> list[Row]:
    """Return the people of one side of a booking: asker, host or broker (id, name, email, locale)."""
    if side == "host":
        return parties.of_side(store, "host", row)
    if side == "broker":
        return people.with_role(store, "broker")
    return _askers(store, row)


def _askers(store: Store, row: Row) -> list[Row]:
    """Return the startup's people, else the need's, else who asked; and who asked, also a broker, while they act so."""
    wrote = people.acting(store, row["requested_by"], row["asker_organisation"], "owner", "startup")
    if row["startup_id"] and row["startup_organisation"] == row["asker_organisation"]:
        return [*wrote, *people.in_organisation(store, row["asker_organisation"], "startup")]
    if row["need_id"]:
        found = store.query("select person_id, organisation_id from need where id = :id", {"id": row["need_id"]})
        return [*wrote, *needs.owners(store, found[0])]
    return wrote or people.in_organisation(store, row["asker_organisation"], "owner")


def tell(store: Store, viewer: Viewer, row: Row, to: Iterable[str], event: str, now: str, **more: Any) -> int:
    """Queue the mail `booking_EVENT` to the people of some sides, each once, but not to the one who acts."""
    told = parties.others((person for side in to for person in of_side(store, side, row)), viewer)
    return mail.queue(
        store, f"booking.{event}:{row['id']}:{now}", told, f"booking_{event}", now,
        **params(row), actor=viewer.name, **more,
    )  # fmt: skip


def params(row: Row) -> Row:
    """Return what every mail about a booking may name: what is asked for, by whom, and whom to ask on either side."""
    return {
        "booking_id": row["id"], "title": row["title"], "testbed": row["testbed_name"], "asker": row["asker_name"],
        "starts_on": row["starts_on"], "ends_on": row["ends_on"], "answer_by": row["answer_by"],
        "contact": row["contact_name"], "contact_email": row["contact_email"],
        "requester": row["requester"] or row["asker_name"], "requester_email": row["requester_email"] or "",
    }  # fmt: skip


def remind(store: Store, now: str) -> int:
    """Queue what is due: hosts before the day to answer by, askers after it, both when one who waits has room now.

    Days that went by without an answer are told of too: a request at short notice has no other end.
    """
    due = store.query(
        """select b.id from booking b
           where b.approved_at is null and b.declined_at is null and b.withdrawn_at is null and b.waiting_at is null
             and b.ends_on >= :long_ago and b.answer_by <= :soon and b.requested_at < :lately
             and not exists (select 1 from booking_question q where q.booking_id = b.id and q.replied_at is null)""",
        # Who was asked today need not be reminded today.
        {
            "long_ago": day(later(now, days=-LAPSED_DAYS)),
            "soon": day(later(now, days=REMIND_DAYS)),
            "lately": later(now, days=-1),
        },
    )
    with store.atomic():
        told = sum(_about_room(store, booking_id, now) for booking_id in waiting_list.note_room(store, now))
    return told + sum(_about_answer(store, row["id"], now) for row in due)


def _about_answer(store: Store, booking_id: str, now: str) -> int:
    with store.atomic():
        row = bookings.locked(store, booking_id)
        stage = bookings.status(row, now)
        if stage not in ("requested", "lapsed"):
            return 0
        late = row["answer_by"] < day(now)
        kind, side = ("late", "asker") if late else ("reminder", "host")
        if stage == "lapsed":
            kind = "lapsed"
        return mail.queue(
            store, f"booking.{kind}:{row['id']}:{row['answer_by']}", of_side(store, side, row), f"booking_{kind}", now,
            **params(row),
        )  # fmt: skip


def _about_room(store: Store, booking_id: str, now: str) -> int:
    row = bookings.fetch(store, booking_id)
    told = {one["email"]: one for side in ("host", "asker") for one in of_side(store, side, row)}.values()
    return mail.queue(
        store, f"booking.room:{row['id']}:{row['room_at']}", told, "booking_room", now, **params(row),
    )  # fmt: skip
