"""What comes beside the host's yes: signed papers, ticks, and the case that takes the place over."""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import booking_checks, booking_mails, bookings, capacity, fields, record
from .booking_requests import refuse_over
from .errors import Conflict, Denied, Invalid, NotFound
from .ids import new_id
from .people import Viewer
from .permissions import can

Row = dict[str, Any]


class _Agreement(fields.Content):
    agreed_until: fields.Day = None
    agreed_note: fields.Text = ""


def agree(store: Store, viewer: Viewer, booking_id: str, given: Row, now: str) -> None:
    """Note the signed agreement of a booking outside a case: its last day, and where it is kept."""
    needed = {"agreed_until": "required_day", "agreed_note": "required"}
    content = fields.filled(_Agreement, given, needed)
    with viewer.deciding(store):
        row = _papers(store, viewer, booking_id, now)
        if content["agreed_until"] < row["ends_on"]:
            days = {"starts_on": row["starts_on"], "ends_on": row["ends_on"]}
            raise Invalid({"agreed_until": ("agreement_covers", days)})
        store.execute(
            """update booking set agreed_at = :now, agreed_by = :by, agreed_until = :agreed_until,
                      agreed_note = :agreed_note where id = :id""",
            {"now": now, "by": viewer.person_id, "id": booking_id, **content},
        )
        booking_mails.tell(store, viewer, row, ("asker", "host"), "agreed", now, until=content["agreed_until"])
        record.write(
            store, viewer.person_id, "booking.agree", "booking", booking_id, now,
            ends_on=content["agreed_until"], note=content["agreed_note"],
        )  # fmt: skip


def meet(store: Store, viewer: Viewer, booking_id: str, prerequisite_id: str, note: str, now: str) -> None:
    """Say that something the testbed asks for is met in a booking, with a note of how that is known."""
    note = fields.note("note", note)
    with viewer.deciding(store):
        one = _asked_for(store, viewer, booking_id, prerequisite_id, now)
        if one["met_at"]:
            raise Conflict("prerequisite_met", person=one["met_by"] or "", at=one["met_at"])
        met = {"id": new_id(), "booking_id": booking_id, "prerequisite_id": prerequisite_id, "note": note}
        store.insert("booking_met", {**met, "met_at": now, "met_by": viewer.person_id})
        record.write(store, viewer.person_id, "booking.meet", "booking", booking_id, now, text=one["text"], note=note)


def undo(store: Store, viewer: Viewer, booking_id: str, prerequisite_id: str, now: str) -> None:
    """Say that a thing is not met after all: the place may not be used until it is."""
    with viewer.deciding(store):
        one = _asked_for(store, viewer, booking_id, prerequisite_id, now)
        if not one["met_at"]:
            raise Conflict("prerequisite_not_met")
        store.execute(
            """update booking_met set undone_at = :now, undone_by = :by
               where booking_id = :booking and prerequisite_id = :id and undone_at is null""",
            {"now": now, "by": viewer.person_id, "booking": booking_id, "id": prerequisite_id},
        )
        row = bookings.fetch(store, booking_id)
        booking_mails.tell(store, viewer, row, ("asker", "host"), "unmet", now, text=one["text"])
        record.write(store, viewer.person_id, "booking.undo", "booking", booking_id, now, text=one["text"])


def use(
    store: Store, viewer: Viewer, booking_id: str, case: Row, testbed_id: str, days: capacity.Period, now: str
) -> None:
    """Let a case take over the place that a booking holds, inside the transaction that confirms it.

    Raises Conflict unless it is an approved one of the same startup, need, testbed and days: the host promised these,
    and its staff's hours are counted on them.
    """
    row = bookings.locked(store, booking_id)
    same = all(row[name] == case[name] for name in ("startup_id", "need_id")) and row["testbed_id"] == testbed_id
    if bookings.status(row, now) != "approved" or row["pairing_id"] or not same:
        raise Conflict("booking_not_usable", title=row["title"])
    if capacity.days_of(row) != days:
        raise Conflict("booking_other_days", title=row["title"], starts_on=row["starts_on"], ends_on=row["ends_on"])
    store.execute(
        "update booking set used_at = :now, used_pairing_id = :pairing where id = :id",
        {"now": now, "pairing": case["id"], "id": booking_id},
    )
    booking_checks.carry(store, row, case["id"])
    record.write(store, viewer.person_id, "booking.use", "booking", booking_id, now)


def _papers(store: Store, viewer: Viewer, booking_id: str, now: str) -> Row:
    """Lock a booking outside a case that goes on, for its host or a broker."""
    row = bookings.locked(store, booking_id)
    if not can(viewer, "booking.answer", row):
        raise Denied("denied")
    if row["pairing_id"]:
        raise Conflict("booking_in_case")
    refuse_over(row, now)
    return row


def _asked_for(store: Store, viewer: Viewer, booking_id: str, prerequisite_id: str, now: str) -> Row:
    """Lock the booking and return one of the things asked for in it."""
    row = _papers(store, viewer, booking_id, now)
    found = [one for one in booking_checks.of_booking(store, row) if one["id"] == prerequisite_id]
    if not found:
        raise NotFound("prerequisite")
    return found[0]
