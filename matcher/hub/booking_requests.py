"""Asking for a place: the request, the reply to a host's question, and taking the request back.

Asked for by a startup (for its profile, maybe for a need), by a public body (for a need of its own, or for an idea of
its own staff), or by a broker for either. Inside a case it is asked for by one of its sides or a broker, once the
case's place is green.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import access, booking_mails, bookings, capacity, cases, conflicts, fields, locks, need_content, record
from .clock import day, days_between, later
from .errors import Conflict, Denied, Invalid
from .ids import new_id
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
MOST_OPEN = 20  # that one asker may have unanswered at one testbed
REQUIRED = dict.fromkeys(("title", "benefit_operation", "benefit_users"), "required")


class Content(fields.Content):
    """What a request says; both benefits must be said, hours of the host's staff may wait."""

    title: fields.Name = ""
    benefit_operation: fields.Text = ""
    benefit_users: fields.Text = ""
    staff_hours: fields.number(0, 1000) = None
    message: fields.Text = ""


class _Reply(fields.Content):
    reply: fields.Text = ""


def request(
    store: Store, viewer: Viewer, testbed_id: str, given: Row, now: str, *,
    startup_id: str = "", need_id: str = "", organisation_id: str = "", pairing_id: str = "",
) -> str:  # fmt: skip
    """Ask for a place and return the booking's id; the host is told, with the day it promises to answer by.

    Raises Invalid for what is typed, Denied for a startup, need or organisation that is not the person's to ask for,
    Conflict when the testbed is closed on the days, or the case's place is not open yet.
    """
    content, days = _checked(given, now)
    whose = {"startup_id": startup_id or None, "need_id": need_id or None, "pairing_id": pairing_id or None}
    with viewer.deciding(store):
        testbed = locks.testbed(store, testbed_id)
        if pairing_id:
            whose |= _in_case(store, viewer, testbed_id, pairing_id, days, now)
        else:
            whose["organisation_id"] = _on_behalf(store, viewer, startup_id, need_id, organisation_id, now)
        capacity.refuse_closed(store, testbed, days)
        _refuse_more(store, testbed_id, whose["organisation_id"], content, days, now)
        promised_by = day(later(now, days=testbed["answer_days"]))
        answer_by = _before_it_begins(promised_by, days[0], now)
        row = {
            "id": new_id(), "testbed_id": testbed_id, **whose, **content, "starts_on": days[0], "ends_on": days[1],
            "requested_at": now, "requested_by": viewer.person_id, "promised_by": promised_by, "answer_by": answer_by,
        }  # fmt: skip
        store.insert("booking", row)
        booking = bookings.fetch(store, row["id"])
        booking_mails.tell(
            store, viewer, booking, ("host",), "requested", now,
            benefit_operation=content["benefit_operation"], benefit_users=content["benefit_users"],
            message=content["message"],
        )  # fmt: skip
        record.write(
            store, viewer.person_id, "booking.request", "booking", row["id"], now,
            title=content["title"], testbed=testbed["name"], starts_on=days[0], ends_on=days[1], answer_by=answer_by,
        )  # fmt: skip
    return row["id"]


def _before_it_begins(promised_by: str, starts_on: str, now: str) -> str:
    """Return the day to answer by: the promised one, or the first day of what is asked for if that comes before.

    The host is reminded, and the asker and the brokers told, by this day; the promise is measured by its own.
    """
    return min(promised_by, max(starts_on, day(now)))


def _checked(given: Row, now: str) -> tuple[Row, capacity.Period]:
    """Return the checked content and days; raise one Invalid for both."""
    errors: dict[str, Any] = {}
    days = ("", "")
    try:
        days = capacity.period_ahead(given.get("starts_on"), given.get("ends_on"), now)
    except Invalid as error:
        errors = error.errors
    content = fields.filled(Content, {name: given.get(name) for name in Content.model_fields}, REQUIRED, errors)
    return content, days


def _in_case(store: Store, viewer: Viewer, testbed_id: str, pairing_id: str, days: capacity.Period, now: str) -> Row:
    """Return whose a booking inside a case is; raise unless its place is green and the days lie within it."""
    case = locks.case(store, pairing_id)
    own = cases.sides(viewer, case)
    if not {"owner", "startup", "broker"} & set(own) or not can(viewer, "booking.create", case):
        raise Denied("denied")
    red = access.red(store, case, now)
    if red:
        raise Conflict("booking_red", red=red)
    if case["testbed_id"] != testbed_id:
        raise Conflict("booking_other_testbed", testbed=case["testbed_name"])
    if days[0] < case["starts_on"] or days[1] > case["ends_on"]:
        within = {"starts_on": case["starts_on"], "ends_on": case["ends_on"]}
        outside = "starts_on" if days[0] < case["starts_on"] else "ends_on"
        raise Invalid({outside: ("booking_outside", within)})
    side = "owner" if "owner" in own else "startup"
    return {
        "organisation_id": case[f"{side}_organisation"], "startup_id": case["startup_id"], "need_id": case["need_id"],
    }  # fmt: skip


def _on_behalf(store: Store, viewer: Viewer, startup_id: str, need_id: str, organisation_id: str, now: str) -> str:
    """Return the organisation that a booking outside a case is for; raise unless the person may ask for it."""
    if not can(viewer, "booking.create"):
        raise Denied("denied")
    startup = _published(store, "startup", startup_id) if startup_id else None
    need = _published(store, "need", need_id) if need_id else None
    asker = (startup or need or {"organisation_id": organisation_id})["organisation_id"]
    role = ("startup",) if startup else ("owner", "startup") if need else ("owner",)
    if not viewer.acts_for(asker, *role) and not (viewer.has("broker") and (startup or need)):
        raise Denied("booking_organisation")
    # Only now: what stands between a startup and a need (a conflict of interest, who declared it) is not for strangers.
    refuse_gone(store, {"startup_id": startup_id, "need_id": need_id}, now)
    return asker


def refuse_gone(store: Store, row: Row, now: str) -> Row:
    """Lock the startup and the need of a booking outside a case; raise Conflict when either is no longer on offer.

    Return the startup, or nothing when the booking is for none.

    Asked again at the answer: in the meantime a profile may be hidden, a need closed, a conflict of interest declared.
    """
    startup, need = (_locked(store, kind, row[f"{kind}_id"]) for kind in ("startup", "need"))
    if startup and need:
        locks.live(startup, need, now)
        conflicts.refuse(store, need["id"], startup["id"])
    elif startup and (not startup["published_at"] or startup["hidden_at"] or startup["merged_at"]):
        raise Conflict("startup_not_live", startup=startup["name"])
    elif need and (not need["published_at"] or need["closed_at"] or need_content.expired(need, now)):
        raise Conflict("need_not_open", need=need["title"])
    return startup


def _locked(store: Store, kind: str, subject_id: str | None) -> Row:
    """Lock a startup or a need and return it; nothing when there is none."""
    rows = store.query(f"update {kind} set seq = seq where id = :id returning *", {"id": subject_id or ""})
    return rows[0] if rows else {}


def _published(store: Store, kind: str, subject_id: str) -> Row:
    """Lock a startup or a need and return it; raise Invalid unless it is published and not hidden."""
    row = _locked(store, kind, subject_id)
    if not row.get("published_at") or row.get("hidden_at") or row.get("merged_at"):
        raise Invalid({f"{kind}_id": ("required_choice", {})})
    return row


def _refuse_more(
    store: Store, testbed_id: str, organisation_id: str, content: Row, days: capacity.Period, now: str
) -> None:
    """Raise Conflict for the same request sent twice, and for more open ones than anybody can answer."""
    rows = store.query(
        """select b.title, b.starts_on, b.ends_on from booking b left join access a on a.pairing_id = b.pairing_id
           where b.testbed_id = :testbed and b.organisation_id = :organisation and b.ends_on >= :today
             and b.approved_at is null and b.declined_at is null and b.withdrawn_at is null
             and (a.ended_at is null or b.ends_on < substr(a.ended_at, 1, 10))""",
        {"testbed": testbed_id, "organisation": organisation_id, "today": day(now)},
    )
    if any((row["title"], row["starts_on"], row["ends_on"]) == (content["title"], *days) for row in rows):
        raise Conflict("booking_twice", title=content["title"])
    if len(rows) >= MOST_OPEN:
        raise Conflict("bookings_many", most=MOST_OPEN)


def reply(store: Store, viewer: Viewer, booking_id: str, given: Row, now: str) -> str:
    """Answer the host's question and return the new day to answer by: the days that the question stood do not count."""
    text = fields.filled(_Reply, given, {"reply": "required"})["reply"]
    with viewer.deciding(store):
        row = bookings.locked(store, booking_id)
        if not can(viewer, "booking.reply", row):
            raise Denied("denied")
        refuse_decided(row, now)
        if not row["asked_at"]:
            raise Conflict("booking_no_question")
        store.execute(
            "update booking_question set reply = :reply, replied_at = :now, replied_by = :by where id = :id",
            {"reply": text, "now": now, "by": viewer.person_id, "id": row["question_id"]},
        )
        stood = days_between(row["asked_at"], now)
        answer_by = _before_it_begins(capacity.shifted(row["answer_by"], stood), row["starts_on"], now)
        store.execute("update booking set answer_by = :by where id = :id", {"by": answer_by, "id": booking_id})
        moved = {**row, "answer_by": answer_by}
        booking_mails.tell(store, viewer, moved, ("host",), "replied", now, question=row["question"], reply=text)
        record.write(
            store, viewer.person_id, "booking.reply", "booking", booking_id, now, note=text, answer_by=answer_by
        )
    return answer_by


def withdraw(store: Store, viewer: Viewer, booking_id: str, note: str, now: str) -> None:
    """Take a request back before it is answered, also from the waiting list; the host is told."""
    note = fields.note("note", note)
    with viewer.deciding(store):
        row = bookings.locked(store, booking_id)
        if not can(viewer, "booking.reply", row):
            raise Denied("denied")
        refuse_decided(row, now)
        store.execute(
            "update booking set withdrawn_at = :now, withdrawn_by = :by, note = :note where id = :id",
            {"now": now, "by": viewer.person_id, "note": note, "id": booking_id},
        )
        booking_mails.tell(store, viewer, row, ("host", "asker"), "withdrawn", now, note=note)
        record.write(store, viewer.person_id, "booking.withdraw", "booking", booking_id, now, note=note)


def refuse_decided(row: Row, now: str) -> None:
    """Raise Conflict that tells who decided a booking, what and when, if somebody or the clock did."""
    if bookings.status(row, now) == "ended":
        raise Conflict("booking_case_ended", at=row["case_ended_at"])
    decided = (
        ("declined", "decliner"), ("withdrawn", "withdrawer"), ("cancelled", "canceller"), ("approved", "approver"),
    )  # fmt: skip
    for what, who in decided:
        if row[f"{what}_at"]:
            raise Conflict(f"booking_{what}", person=row[who] or "", at=row[f"{what}_at"])
    if bookings.status(row, now) == "lapsed":
        raise Conflict("booking_lapsed", ends_on=row["ends_on"])


def refuse_over(row: Row, now: str) -> None:
    """Raise Conflict unless a booking goes on: it awaits its answer, or is promised and neither used nor over."""
    stage = bookings.status(row, now)
    if stage == "used":
        raise Conflict("booking_used", at=row["used_at"])
    if stage == "finished":
        raise Conflict("booking_over", ends_on=row["ends_on"])
    if stage != "approved":
        refuse_decided(row, now)
