"""Bookings: the list of one's own, what waits for one first, and one booking with its next step.

Asking for a place is in `booking_form`, every step after it in `booking_steps`; both add their pages to this blueprint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import access, booking_answers, booking_checks, bookings, cases, record, staff_load, waiting_list
from ..hub.errors import Conflict, Invalid
from . import booking_history, forms, words
from .access import allowed, now, person, store
from .booking_words import STAGE_KINDS

blueprint = Blueprint("bookings", __name__)

Row = dict[str, Any]
UNDECIDED = ("requested", "asked", "waiting")


@blueprint.get("/bookings")
@allowed("booking.view")
def listing() -> str:
    """Show the bookings that are the person's own: what waits for them first, with the days left."""
    stage, testbed = forms.one_of("stage", bookings.STAGES), request.args.get("testbed_id", "").replace("\x00", "")
    page = forms.page()
    rows, total = bookings.listing(store(), person(), now(), stage=stage, testbed_id=testbed, page=page)
    counts = bookings.counts(store(), person(), now())
    return render_template(
        "bookings/listing.html",
        rows=[{**row, "step": bookings.next_step(row, now()), "left": bookings.days_left(row, now())} for row in rows],
        mine=counts.pop("mine"),
        counts=counts,
        stage=stage,
        testbed=testbed,
        page=page,
        pages=max(-(-total // bookings.PAGE), 1),
        kinds=STAGE_KINDS,
        page_url=forms.page_address("bookings.listing", "stage", "testbed_id"),
    )


@blueprint.get("/bookings/<booking_id>")
@allowed("booking.view", bookings.load)
def show(booking: Row) -> str:
    """Show one booking: the next step first, then what is asked for, what must be green, and its history."""
    return show_page(booking)


def show_page(booking: Row, form: str = "", errors: dict[str, str] | None = None, notice: str = "") -> str:
    """Return a booking's page; `form` names the one that was sent, whose fields come back as they were typed."""
    stage, sides = bookings.status(booking, now()), bookings.sides(person(), booking)
    lacking = bookings.missing(store(), booking, now())
    inside = bool({"host", "broker"} & set(sides))
    withdrawn = bool(booking["testbed_withdrawn_at"])
    open_place = stage in UNDECIDED and not booking["pairing_id"] and not withdrawn
    before = waiting_list.before(store(), booking, now()) if open_place else []
    free, line = waiting_list.standing(store(), booking, before) if open_place else (None, "")
    step = bookings.next_step(booking, now(), lacking, line)
    history = record.history(store(), "booking", booking["id"])
    return render_template(
        "bookings/show.html",
        booking=booking,
        stage=stage,
        undecided=stage in UNDECIDED,
        step=step,
        who=actors(booking, step["who"]),
        lacking=lacking,
        closures=access.closures(store(), booking, now()) if stage in (*UNDECIDED, "approved", "used") else [],
        sides=sides,
        inside=inside,
        checks=booking_checks.of_booking(store(), booking),
        papers=bookings.needs_agreement(booking) and not (booking["pairing_id"] or booking["used_pairing_id"]),
        questions=bookings.questions(store(), booking["id"]),
        free=free,
        line=line,
        withdrawn=withdrawn,
        before=before,
        heavy=staff_load.too_much(store(), booking) if stage in UNDECIDED and inside else None,
        events=booking_history.events(history, inside),
        case=_case(booking),
        left=None if withdrawn else bookings.days_left(booking, now()),
        kinds=STAGE_KINDS,
        reasons={"decline": booking_answers.DECLINE, "cancel": booking_answers.CANCEL},
        form=form,
        typed=request.form if form else {},
        errors=errors or {},
        summary=[(f"{name}-{field_suffix(form)}", text) for name, text in (errors or {}).items()],
        notice=notice,
    )


def field_suffix(form: str) -> str:
    """Return what the ids of a form's fields end in: the scores are kept by the form that approves."""
    return f"meet-{request.form.get('prerequisite_id', '')}" if form == "meet" else {"score": "approve"}.get(form, form)


def _case(booking: Row) -> Row | None:
    """Return the case that a booking belongs to, for its title; everybody who sees the booking may know of it."""
    found = booking["pairing_id"] or booking["used_pairing_id"]
    return cases.fetch(store(), found) if found else None


def actors(booking: Row, sides: list[str]) -> str:
    """Return the names of those who must act."""
    names = {"asker": booking["asker_name"], "host": booking["testbed_name"], "broker": _("the hub")}
    return ", ".join(names[side] for side in sides)


def decide(booking: Row, form: str, step: Callable[[], Any], done: str) -> Any:
    """Take a step and show the booking; what stands in the way is told with what was typed."""
    try:
        step()
    except Invalid as error:
        return show_page(booking, form, forms.messages(error)), 422
    except Conflict as error:
        fresh = bookings.load(store(), person(), booking["id"])
        return show_page(fresh, form, notice=words.sentence(error)), 409
    flash(done, "success")
    return redirect(url_for("bookings.show", booking_id=booking["id"]), 303)
