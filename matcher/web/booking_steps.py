"""Every step in a booking after it was asked for: the host's answers, the asker's reply, papers, ticks, cancelling."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _

from ..hub import booking_answers, booking_papers, booking_requests, bookings
from . import forms
from .access import allowed, now, person, store
from .bookings import blueprint, decide

Row = dict[str, Any]


@blueprint.post("/bookings/<booking_id>/ask")
@allowed("booking.answer", bookings.load)
def ask(booking: Row) -> Any:
    """Ask whoever asked something back."""
    given, done = forms.read(("question",)), _("Sent. The promised time stands still until they answer.")
    return decide(booking, "ask", lambda: booking_answers.ask(store(), person(), booking["id"], given, now()), done)


@blueprint.post("/bookings/<booking_id>/reply")
@allowed("booking.reply", bookings.load)
def reply(booking: Row) -> Any:
    """Answer the host's question."""
    given, done = forms.read(("reply",)), _("Sent. The host has been told.")
    return decide(
        booking, "reply", lambda: booking_requests.reply(store(), person(), booking["id"], given, now()), done
    )


@blueprint.post("/bookings/<booking_id>/score")
@allowed("booking.answer", bookings.load)
def score(booking: Row) -> Any:
    """Keep the scores of both benefits without answering yet."""
    given, done = forms.read(booking_answers.SCORES), _("The scores are kept. The request still awaits your answer.")
    return decide(booking, "score", lambda: booking_answers.score(store(), person(), booking["id"], given, now()), done)


@blueprint.post("/bookings/<booking_id>/wait")
@allowed("booking.answer", bookings.load)
def wait(booking: Row) -> Any:
    """Put the request on the waiting list."""
    note, done = request.form.get("note", ""), _("On the waiting list. You are both told when the days become free.")
    return decide(booking, "wait", lambda: booking_answers.wait(store(), person(), booking["id"], note, now()), done)


@blueprint.post("/bookings/<booking_id>/approve")
@allowed("booking.answer", bookings.load)
def approve(booking: Row) -> Any:
    """Promise the place; when something stands in the way, say what."""
    given, manage = forms.read((*booking_answers.SCORES, "note")), request.form.get("manage") == "yes"
    return decide(
        booking,
        "approve",
        lambda: booking_answers.approve(store(), person(), booking["id"], given, now(), manage),
        _("The place is booked, and whoever asked has been told."),
    )


@blueprint.post("/bookings/<booking_id>/decline")
@allowed("booking.answer", bookings.load)
def decline(booking: Row) -> Any:
    """Say no, with a reason."""
    given = (request.form.get("reason", ""), request.form.get("note", ""))
    done = _("Declined. Whoever asked has been told the reason.")
    return decide(
        booking, "decline", lambda: booking_answers.decline(store(), person(), booking["id"], *given, now()), done
    )


@blueprint.post("/bookings/<booking_id>/withdraw")
@allowed("booking.reply", bookings.load)
def withdraw(booking: Row) -> Any:
    """Take the request back."""
    note, done = request.form.get("note", ""), _("Taken back. The host has been told.")
    return decide(
        booking, "withdraw", lambda: booking_requests.withdraw(store(), person(), booking["id"], note, now()), done
    )


@blueprint.post("/bookings/<booking_id>/cancel")
@allowed("booking.cancel", bookings.load)
def cancel(booking: Row) -> Any:
    """Give an approved booking up, with a reason."""
    given = (request.form.get("reason", ""), request.form.get("note", ""))
    done = _("Cancelled. The place is free, and the others have been told the reason.")
    return decide(
        booking, "cancel", lambda: booking_answers.cancel(store(), person(), booking["id"], *given, now()), done
    )


@blueprint.post("/bookings/<booking_id>/agreement")
@allowed("booking.answer", bookings.load)
def agree(booking: Row) -> Any:
    """Note the signed agreement."""
    given, done = forms.read(("agreed_until", "agreed_note")), _("Noted: a signed agreement covers the days.")
    return decide(booking, "agree", lambda: booking_papers.agree(store(), person(), booking["id"], given, now()), done)


@blueprint.post("/bookings/<booking_id>/checks")
@allowed("booking.answer", bookings.load)
def check(booking: Row) -> Any:
    """Note that something the testbed asks for is met in this booking, or that it is not after all."""
    which = (store(), person(), booking["id"], request.form.get("prerequisite_id", "").replace("\x00", ""))
    if request.form.get("step") == "undo":
        return decide(booking, "undo", lambda: booking_papers.undo(*which, now()), _("Noted: it is not met."))
    note = request.form.get("note", "")
    return decide(booking, "meet", lambda: booking_papers.meet(*which, note, now()), _("Noted: it is met."))
