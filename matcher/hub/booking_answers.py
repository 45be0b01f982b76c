"""The host's answer to a booking: ask, score, put on the waiting list, approve, decline; and cancelling one.

When is a testbed full? In `approve`, as in `pairings.confirm`: the first statement locks the testbed's row by a
write, then the places are counted day by day (`capacity.py`). The locks keep the order testbed, startup, need,
pairing, booking. Papers, ticks and the use by a case are in `booking_papers.py`.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import (
    access,
    booking_checks,
    booking_mails,
    bookings,
    capacity,
    cases,
    fields,
    locks,
    reasons,
    record,
    staff_load,
    waiting_list,
)
from .booking_requests import refuse_decided, refuse_gone, refuse_over
from .errors import Conflict, Denied
from .ids import new_id
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
SCORES = ("operation_score", "users_score")
DECLINE = ("no_place", "staff", "no_fit", "benefit", "terms", "safety", "other")
CANCEL = ("not_now", "no_capacity", "staff", "other_chosen", "terms", "safety", "closed", "other")


class _Scores(fields.Content):
    operation_score: fields.number(1, 5) = None
    users_score: fields.number(1, 5) = None


class _Question(fields.Content):
    question: fields.Text = ""


def ask(store: Store, viewer: Viewer, booking_id: str, given: Row, now: str) -> None:
    """Ask the asker something; the clock of the promised answer stands still until the reply."""
    text = fields.filled(_Question, given, {"question": "required"})["question"]
    with viewer.deciding(store):
        row = _open(store, viewer, booking_id, now)
        if row["asked_at"]:
            raise Conflict("booking_asked", at=row["asked_at"])
        question = {"id": new_id(), "booking_id": booking_id, "question": text, "asked_at": now}
        store.insert("booking_question", {**question, "asked_by": viewer.person_id})
        _answered(store, booking_id, now)
        booking_mails.tell(store, viewer, row, ("asker",), "asked", now, question=text)
        record.write(store, viewer.person_id, "booking.ask", "booking", booking_id, now, note=text)


def score(store: Store, viewer: Viewer, booking_id: str, given: Row, now: str) -> None:
    """Keep the host's scores of both benefits, 1 to 5; they may be changed until the answer."""
    scores = fields.filled(_Scores, given, dict.fromkeys(SCORES, "required_score"))
    with viewer.deciding(store):
        _open(store, viewer, booking_id, now)
        _keep_scores(store, viewer, booking_id, scores, now)


def wait(store: Store, viewer: Viewer, booking_id: str, note: str, now: str) -> None:
    """Put a request on the waiting list: both are told when its days become free."""
    note = fields.note("note", note)
    with viewer.deciding(store):
        locks.testbed(store, bookings.fetch(store, booking_id)["testbed_id"])  # one that is withdrawn has no line
        row = _open(store, viewer, booking_id, now)
        if row["pairing_id"]:
            raise Conflict("booking_in_case")
        if row["waiting_at"]:
            raise Conflict("booking_waiting", at=row["waiting_at"])
        store.execute(
            "update booking set waiting_at = :now, waiting_by = :by, answered_at = coalesce(answered_at, :now) "
            "where id = :id",
            {"now": now, "by": viewer.person_id, "id": booking_id},
        )
        booking_mails.tell(store, viewer, row, ("asker",), "waiting", now, note=note)
        record.write(store, viewer.person_id, "booking.wait", "booking", booking_id, now, note=note)


def approve(store: Store, viewer: Viewer, booking_id: str, given: Row, now: str, manage: bool = False) -> None:
    """Promise the place. `given` holds the scores (unless kept before) and a note; `manage`: too much work is accepted.

    Raises Full when no place is free on every day, Invalid without scores, and Conflict when anything else stands in
    the way: another decision, a closure, something red, the startup's own limit, the staff's load, a profile or need
    that is no longer there to be seen, a conflict of interest.
    """
    note = fields.note("note", given.get("note", ""))
    typed = {name: given.get(name) for name in SCORES}
    with viewer.deciding(store):
        before = bookings.fetch(store, booking_id)
        testbed, startup = locks.testbed(store, before["testbed_id"]), {}
        if before["pairing_id"]:
            locks.case(store, before["pairing_id"])
        else:
            startup = refuse_gone(store, before, now)
        row = _open(store, viewer, booking_id, now)
        scores = _scores(row, typed)
        _refuse_red(store, row, now)
        days = (row["starts_on"], row["ends_on"])
        capacity.refuse_closed(store, testbed, days)
        if not row["pairing_id"]:  # inside a case the case's access holds the place
            capacity.refuse_full(store, testbed, days)
        if startup:
            capacity.refuse_busy(store, startup, days)
        over = _check_staff(store, row, manage)
        _keep_scores(store, viewer, booking_id, scores, now)
        store.execute(
            """update booking set approved_at = :now, approved_by = :by, note = :note,
                      answered_at = coalesce(answered_at, :now) where id = :id""",
            {"now": now, "by": viewer.person_id, "note": note, "id": booking_id},
        )
        passed = 0 if row["pairing_id"] else len(waiting_list.before(store, row, now))
        row = bookings.fetch(store, booking_id)
        lacking = bookings.missing(store, row, now)
        booking_mails.tell(store, viewer, row, ("asker",), "approved", now, note=note, lacking=lacking)
        record.write(
            store, viewer.person_id, "booking.approve", "booking", booking_id, now,
            note=note, **scores, **({"passed": passed} if passed else {}), **over,
        )  # fmt: skip


def decline(store: Store, viewer: Viewer, booking_id: str, reason: str, note: str, now: str) -> None:
    """Say no, with a reason that the asker reads."""
    note = reasons.checked(reason, note, DECLINE)
    with viewer.deciding(store):
        row = _open(store, viewer, booking_id, now)
        store.execute(
            """update booking set declined_at = :now, declined_by = :by, reason = :reason, note = :note,
                      answered_at = coalesce(answered_at, :now) where id = :id""",
            {"now": now, "by": viewer.person_id, "reason": reason, "note": note, "id": booking_id},
        )
        booking_mails.tell(store, viewer, row, ("asker",), "declined", now, reason=reason, note=note)
        record.write(store, viewer.person_id, "booking.decline", "booking", booking_id, now, reason=reason, note=note)


def cancel(store: Store, viewer: Viewer, booking_id: str, reason: str, note: str, now: str) -> None:
    """Give an approved booking up, for the asker, the host or the hub; its place is free at once."""
    note = reasons.checked(reason, note, CANCEL)
    with viewer.deciding(store):
        row = bookings.locked(store, booking_id)
        own = bookings.sides(viewer, row)
        if not can(viewer, "booking.cancel", row) or not own:
            raise Denied("denied")
        _refuse_unapproved(row, now)
        side = next(one for one in ("asker", "host", "broker") if one in own)
        store.execute(
            """update booking set cancelled_at = :now, cancelled_by = :by, cancelled_side = :side, reason = :reason,
                      note = :note where id = :id""",
            {"now": now, "by": viewer.person_id, "side": side, "reason": reason, "note": note, "id": booking_id},
        )
        said = {"side": side, "reason": reason, "note": note}
        booking_mails.tell(store, viewer, row, ("asker", "host"), "cancelled", now, **said)
        record.write(store, viewer.person_id, "booking.cancel", "booking", booking_id, now, **said)


def _open(store: Store, viewer: Viewer, booking_id: str, now: str) -> Row:
    """Lock a booking that awaits its answer, for its host or a broker."""
    row = bookings.locked(store, booking_id)
    if not can(viewer, "booking.answer", row):
        raise Denied("denied")
    refuse_decided(row, now)
    return row


def _refuse_unapproved(row: Row, now: str) -> None:
    """Raise Conflict unless a booking is approved, not used by a case, and not over."""
    refuse_over(row, now)
    if bookings.status(row, now) != "approved":
        raise Conflict("booking_not_approved")


def _scores(row: Row, typed: Row) -> Row:
    """Return the scores that hold: what is typed now, else what was kept before; raise Invalid without."""
    if row["scored_at"] and not any(typed.values()):
        return {name: row[name] for name in SCORES}
    return fields.filled(_Scores, typed, dict.fromkeys(SCORES, "required_score"))


def _keep_scores(store: Store, viewer: Viewer, booking_id: str, scores: Row, now: str) -> None:
    store.execute(
        """update booking set operation_score = :operation_score, users_score = :users_score, scored_at = :now,
                  scored_by = :by where id = :id""",
        {**scores, "now": now, "by": viewer.person_id, "id": booking_id},
    )
    record.write(store, viewer.person_id, "booking.score", "booking", booking_id, now, **scores)


def _answered(store: Store, booking_id: str, now: str) -> None:
    """Keep when the host first gave any answer: what its promise is measured by."""
    store.execute(
        "update booking set answered_at = coalesce(answered_at, :now) where id = :id", {"now": now, "id": booking_id}
    )


def _refuse_red(store: Store, row: Row, now: str) -> None:
    """Raise Conflict naming what is red: what the testbed asks for, or what closes the case's place."""
    if row["pairing_id"]:
        case = cases.fetch(store, row["pairing_id"])
        red = access.red(store, case, now)
        if red:
            raise Conflict("booking_red", red=red)
    texts = booking_checks.red(store, row)
    if texts:
        raise Conflict("booking_unmet", unmet=texts)


def _check_staff(store: Store, row: Row, manage: bool) -> Row:
    """Return what the record keeps of too much work that the host accepted; raise Conflict when it did not."""
    found = staff_load.too_much(store, row)
    if found is None:
        return {}
    week, hours = found
    if not manage:
        raise Conflict("booking_staff", week_on=week, hours=hours, limit=row["testbed_hours"])
    return {"week_on": week, "hours": hours}
