"""Testbeds: the public catalogue, one testbed, writing it, and the periods when it is closed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import answer_times, catalogue, closures, reference, testbeds
from ..hub.errors import Conflict, Invalid, Stale
from ..hub.people import Viewer
from ..store import Store
from . import forms, stale, words
from .access import allowed, may, now, person, store, viewer
from .kept import kept
from .ranking import saved

blueprint = Blueprint("testbeds", __name__)

STATUS_KINDS = {"draft": "draft", "published": "success", "withdrawn": "neutral"}
NOT_TYPED = ("csrf_token", "written_by", "seen")  # what a page that sends the form again writes itself
CLOSURE_FIELDS = ("starts_on", "ends_on", "reason")


@blueprint.get("/testbeds")
@allowed("testbed.view")
@kept
def listing() -> str:
    """Show the catalogue; filters and page come from the address, each from a list."""
    chosen = {
        "words": request.args.get("q", "")[:100],
        "theme": forms.one_of("theme", reference.codes("themes")),
        "county": forms.one_of("county", reference.codes("counties")),
    }
    found = catalogue.list_testbeds(store(), viewer(), now(), **chosen, page=forms.page())
    return render_template(
        "testbeds/listing.html",
        found=found,
        chosen=chosen,
        narrowed=any(chosen.values()),
        status_kinds=STATUS_KINDS,
        page_url=forms.page_address("testbeds.listing", "q", "theme", "county"),
    )


@blueprint.get("/testbeds/<testbed_id>")
@allowed("testbed.view", testbeds.load)
def show(testbed: dict[str, Any]) -> str:
    """Show one testbed with its terms and closed periods; whom to write to only to people who are logged in."""
    return _show_page(testbed, {}, {})


def _show_page(testbed: dict[str, Any], typed: dict[str, Any], errors: dict[str, str]) -> str:
    inside, host = may("testbed.edit", testbed), testbed["organisation_id"]
    return render_template(
        "testbeds/show.html",
        testbed=testbed,
        inside=inside,
        answers=answer_times.of_hosts(store(), [host], now())[host],
        missing=testbeds.missing(testbed) if inside else [],
        closures=closures.of(store(), testbed["id"], now()),
        status_kinds=STATUS_KINDS,
        typed=typed,
        errors=errors,
    )


@blueprint.get("/testbeds/new")
@allowed("testbed.create")
def create_form() -> str:
    """Show an empty form, with the person as the contact."""
    who, host = person(), forms.acting_for("host")[0]
    values = {
        "organisation_id": host["id"],
        "county_code": host["county_code"],
        "municipality_code": host["municipality_code"],
        "contact_name": who.name,
        "contact_email": who.email,
        "places": 1,
        "answer_days": 10,
    }
    return _create_page(values, {})


@blueprint.post("/testbeds/new")
@allowed("testbed.create")
def create() -> Any:
    """Keep a new testbed as a draft and, if asked for, publish it."""
    forms.count_begun()
    typed = _typed()
    chosen = forms.chosen_organisation(forms.acting_for("host"), request.form.get("organisation_id"))["id"]
    try:
        testbed_id = testbeds.create(store(), person(), chosen, typed, now())
    except Invalid as error:
        return _create_page({**typed, "organisation_id": chosen}, forms.messages(error)), 422
    return _after_save(testbed_id)


def _create_page(values: dict[str, Any], errors: dict[str, str]) -> str:
    return render_template(
        "testbeds/create.html",
        values=values,
        errors=errors,
        hosts=[(row["id"], row["name"]) for row in forms.acting_for("host")],
        municipalities=forms.municipalities(),
    )


@blueprint.get("/testbeds/<testbed_id>/edit")
@allowed("testbed.edit", testbeds.load)
def edit(testbed: dict[str, Any]) -> str:
    """Show the testbed's form."""
    return _edit_page(testbed, {}, {}, testbed["revision"])


@blueprint.post("/testbeds/<testbed_id>/edit")
@allowed("testbed.edit", testbeds.load)
def save(testbed: dict[str, Any]) -> Any:
    """Save the testbed and, if asked for, publish it; what cannot be saved stays in the form."""
    typed = _typed()
    try:
        testbeds.save(
            store(), person(), testbed["id"], typed, forms.revision(), now(), seen=request.form.get("seen", "")
        )
    except Invalid as error:
        return _edit_page(testbed, typed, forms.messages(error), forms.revision()), 422
    except Stale as error:
        newest = error.params["current"]
        return _edit_page(newest, typed, {}, newest["revision"], stale.differing(newest, typed)), 409
    except Conflict as error:
        return _affected_page(testbed, error, "testbeds.edit"), 409
    return _after_save(testbed["id"])


def _typed() -> dict[str, Any]:
    return forms.read(tuple(testbeds.TestbedContent.model_fields), testbeds.LISTS)


def _edit_page(
    testbed: dict[str, Any],
    typed: dict[str, Any],
    errors: dict[str, str],
    revision: int,
    differing: list[str] | None = None,
) -> str:
    return render_template(
        "testbeds/edit.html",
        testbed=testbed,
        values={**testbed, **typed},
        errors=errors,
        revision=revision,
        stale=differing or [],
        municipalities=forms.municipalities(),
    )


def _after_save(testbed_id: str) -> Any:
    """Go on to the testbed; where publishing was asked for and something is missing, say what."""
    testbed = testbeds.load(store(), person(), testbed_id)
    if request.form.get("then") != "publish" or testbed["status"] == "published":
        _changed(testbed)
        flash(_("The testbed is saved."), "success")
        return redirect(url_for("testbeds.show", testbed_id=testbed_id), 303)
    return _publish(testbed, saved_before=True)


@blueprint.post("/testbeds/<testbed_id>/publish")
@allowed("testbed.edit", testbeds.load)
def publish(testbed: dict[str, Any]) -> Any:
    """Put the testbed into the catalogue, or show the form with what is missing."""
    return _publish(testbed)


def _publish(testbed: dict[str, Any], saved_before: bool = False) -> Any:
    try:
        testbeds.publish(store(), person(), testbed["id"], now())
    except Invalid as error:
        if saved_before:
            flash(_("The draft is saved, but it cannot be published yet."), "warning")
        return _edit_page(testbed, {}, forms.messages(error), testbed["revision"]), 422
    _changed(testbeds.load(store(), person(), testbed["id"]))
    flash(_("The testbed is in the catalogue, where anybody can find it."), "success")
    return redirect(url_for("testbeds.show", testbed_id=testbed["id"]), 303)


@blueprint.post("/testbeds/<testbed_id>/withdraw")
@allowed("testbed.edit", testbeds.load)
def withdraw(testbed: dict[str, Any]) -> Any:
    """Take the testbed out of the catalogue, once the host has seen whom it affects."""
    seen = request.form.get("seen", "")
    try:
        testbeds.withdraw(store(), person(), testbed["id"], now(), seen)
    except Conflict as error:
        return _affected_page(testbed, error, "testbeds.withdraw"), 409
    flash(_withdrawn(bool(seen)), "success")
    return redirect(url_for("testbeds.show", testbed_id=testbed["id"]), 303)


@blueprint.post("/testbeds/<testbed_id>/closures")
@allowed("testbed.edit", testbeds.load)
def close_period(testbed: dict[str, Any]) -> Any:
    """Close the testbed for a period, once the host has seen whom it affects; what cannot be kept stays in the form."""
    typed, seen = {name: request.form.get(name, "") for name in CLOSURE_FIELDS}, request.form.get("seen", "")
    try:
        closures.close_period(store(), person(), testbed["id"], **typed, now=now(), seen=seen)
    except Invalid as error:
        return _show_page(testbed, typed, forms.messages(error)), 422
    except Conflict as error:
        if error.code == "testbed_closed_already":
            return _closures(testbed, words.sentence(error), "info")
        return _affected_page(testbed, error, "testbeds.close_period"), 409
    return _closures(testbed, _closed(bool(seen)), "success")


def _closures(testbed: dict[str, Any], said: str, kind: str) -> Any:
    flash(said, kind)
    return redirect(url_for("testbeds.show", testbed_id=testbed["id"]) + "#closures", 303)


def _closed(told: bool) -> str:
    if told:
        return _("The period is closed, and those whom it affects have been told. No new test is placed in it.")
    return _("The period is closed. No new test is placed in it.")


def _withdrawn(told: bool) -> str:
    if told:
        return _(
            "The testbed is out of the catalogue, and those whom it affects have been told. What is booked stands."
        )
    return _("The testbed is out of the catalogue. Tests that are under way go on.")


def _affected_page(testbed: dict[str, Any], error: Conflict, endpoint: str) -> str:
    """Show who is affected by closing, withdrawing or less room, and ask once more with what was typed.

    Any other conflict is told as it is.
    """
    if error.code != "testbed_affected":
        raise error
    return render_template(
        "testbeds/affected.html",
        testbed=testbed,
        rows=error.params["rows"],
        seen=error.params["seen"],
        again=bool(request.form.get("seen")),
        what=endpoint.partition(".")[2],
        action=url_for(endpoint, testbed_id=testbed["id"]),
        typed=request.form,
        sent=[one for one in request.form.items(multi=True) if one[0] not in NOT_TYPED],
    )


def _load_closure(store: Store, viewer: Viewer | None, testbed_id: str, closure_id: str) -> dict[str, Any]:
    """Return the testbed with the id of the closure that is meant; the hub checks that it belongs to it."""
    return {**testbeds.load(store, viewer, testbed_id), "closure_id": closure_id}


@blueprint.post("/testbeds/<testbed_id>/closures/<closure_id>/remove")
@allowed("testbed.edit", _load_closure)
def open_period(testbed: dict[str, Any]) -> Any:
    """Open a closed period again."""
    closures.open_period(store(), person(), testbed["id"], testbed["closure_id"], now())
    return _closures(testbed, _("The period is open again."), "success")


def _changed(testbed: dict[str, Any]) -> None:
    """Make a testbed that is in the catalogue findable with its new text, once the change is kept."""
    if testbed["status"] == "published":
        saved("testbed", testbed)
