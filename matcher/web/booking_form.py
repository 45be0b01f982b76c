"""Asking for a place at a testbed: for one's startup, one's need, an idea of one's staff, or days inside a case."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import (
    access,
    booking_requests,
    bookings,
    capacity,
    cases,
    need_catalogue,
    needs,
    prerequisites,
    startups,
    testbeds,
)
from ..hub.errors import Conflict, Invalid, NotFound
from ..hub.need_content import expired
from ..hub.overview import own_startups
from . import forms, words
from .access import allowed, may, now, person, store
from .bookings import blueprint

Row = dict[str, Any]
FIELDS = ("starts_on", "ends_on", *booking_requests.Content.model_fields)
WHOSE = ("startup", "need", "organisation")


@blueprint.get("/testbeds/<testbed_id>/book")
@allowed("booking.create", testbeds.load)
def create_form(testbed: Row) -> str:
    """Show the form; days and what it is for may come filled in from the search."""
    return _page(testbed, {name: request.args.get(name, "") for name in ("starts_on", "ends_on")})


@blueprint.post("/testbeds/<testbed_id>/book")
@allowed("booking.create", testbeds.load)
def create(testbed: Row) -> Any:
    """Send the request to the host; what cannot be sent stays in the form."""
    typed = forms.read(FIELDS)
    chosen = _given("pairing_id")
    whose = {"pairing_id": chosen} if chosen else _whose(request.form.get("whose", ""))
    try:
        if not whose:
            raise Invalid({"whose": ("required_choice", {})})
        booking_id = booking_requests.request(store(), person(), testbed["id"], typed, now(), **whose)
    except Invalid as error:
        errors = forms.messages(error)
        hidden = [errors.pop(name) for name in ("startup_id", "need_id") if name in errors]
        return _page(testbed, typed, errors | ({"whose": hidden[0]} if hidden else {})), 422
    except Conflict as error:
        return _page(testbed, typed, notice=words.sentence(error)), 409
    row = bookings.load(store(), person(), booking_id)
    flash(_sent(row), "success")
    return redirect(url_for("bookings.show", booking_id=booking_id), 303)


def _sent(row: Row) -> str:
    promised = words.day(row["promised_by"])
    if row["answer_by"] == row["promised_by"]:
        return _("Sent. The host has promised to answer by %(day)s.", day=promised)
    # Short notice: the promise would come too late.
    return _(
        "Sent. The host has promised to answer by %(day)s, after your first day. Ring or write to %(host)s as well.",
        day=promised, host=row["contact_email"] or row["testbed_name"],
    )  # fmt: skip


def _given(name: str) -> str:
    return request.values.get(name, "").replace("\x00", "")


def _whose(chosen: str) -> dict[str, str]:
    """Return what the chosen line of `whose` (`startup-ID`, `need-ID`, `organisation-ID`) means for the hub.

    A startup may come with the need that it was found for, which is not its own to choose from.
    """
    kind, _dash, subject_id = chosen.replace("\x00", "").partition("-")
    if kind not in WHOSE or not subject_id:
        return {}
    found = {f"{kind}_id": subject_id}
    if kind == "startup" and _given("need_id"):
        found["need_id"] = _given("need_id")
    return found


def _page(testbed: Row, typed: Row, errors: dict[str, str] | None = None, notice: str = "") -> str:
    case = _case(testbed)
    need = None if case else _seen(needs, _given("need_id"))
    choices = [] if case else _choices(need)
    return render_template(
        "bookings/form.html",
        testbed=testbed,
        case=case,
        red=access.red(store(), case, now()) if case else [],
        options=choices,
        chosen=request.form.get("whose") or _preferred(choices),
        need=need,
        asked=prerequisites.of_testbed(store(), testbed["id"]),
        room=_room(testbed, typed) if not case else None,
        typed=typed,
        errors=errors or {},
        notice=notice,
    )


def _case(testbed: Row) -> Row | None:
    """Return the case that the days are asked for in, when the person sees it and its place is here."""
    if not _given("pairing_id"):
        return None
    case = cases.load(store(), person(), _given("pairing_id"))
    if case["testbed_id"] != testbed["id"]:
        raise NotFound("pairing")
    return case


def _seen(noun: Any, subject_id: str) -> Row | None:
    """Return a need or startup that the address names, if the person may see it."""
    try:
        return noun.load(store(), person(), subject_id) if subject_id else None
    except NotFound:
        return None


def _choices(need: Row | None) -> list[tuple[str, str]]:
    """Return (value, words) of all that the person may ask for: own profiles, own open needs, ideas of own staff.

    A broker asks for what the address names, found by the search.
    """
    who, found = person(), []
    startup = _seen(startups, _given("startup_id") or _whose(request.form.get("whose", "")).get("startup_id", ""))
    own = own_startups(store(), who) if who.has("startup") else []
    shown = {row["id"]: row for row in (*([startup] if startup and who.has("broker") else []), *own)}
    found += [(f"startup-{row['id']}", row["name"]) for row in shown.values() if row["status"] == "published"]
    theirs = need_catalogue.own(store(), who) if who.has("owner", "startup") else []
    open_needs = {row["id"]: row for row in theirs if row["status"] == "published" and not expired(row, now())}
    if need and may("booking.create") and who.has("broker"):
        open_needs[need["id"]] = need
    found += [(f"need-{row['id']}", _("The need “%(title)s”", title=row["title"])) for row in open_needs.values()]
    if who.has("owner"):
        found += [
            (f"organisation-{row['id']}", _("An idea of our own staff, %(name)s", name=row["name"]))
            for row in forms.acting_for("owner")
        ]
    return found


def _preferred(choices: list[tuple[str, str]]) -> str:
    """Return what the address asks for when it is among the choices, else the only choice."""
    values = [value for value, _words in choices]
    asked = (f"startup-{_given('startup_id')}", f"need-{_given('need_id')}")
    return next((value for value in asked if value in values), values[0] if len(values) == 1 else "")


def _room(testbed: Row, typed: Row) -> Row | None:
    """Return how it stands on the typed days: `free` places of `places`, and the closed periods; None without days."""
    try:
        first, last = capacity.period_ahead(typed.get("starts_on"), typed.get("ends_on"), now())
    except Invalid:
        return None
    free = testbed["places"] - capacity.at_testbed(store(), testbed["id"], first, last)
    closed = capacity.closures(store(), testbed["id"], first, last)
    return {"free": max(free, 0), "closed": closed, "first": first, "last": last}
