"""Startups: the list, one profile, writing and publishing it. What brokers do to profiles is in `startup_review`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import adopters, catalogue, doubts, reference, startups
from ..hub.errors import Conflict, Invalid, NotFound, Stale
from . import forms, stale
from .access import allowed, now, person, store, viewer
from .ranking import saved
from .spread import USE_KINDS

blueprint = Blueprint("startups", __name__)

FIELDS = (*startups.StartupContent.model_fields, "orgnr")
STATUS_KINDS = {"draft": "draft", "published": "success", "hidden": "danger", "merged": "neutral", "flagged": "warning"}


@blueprint.get("/startups")
@allowed("startup.view")
def listing() -> str:
    """Show the profiles that the person may see; filters, order and page come from the address, each from a list."""
    broker = person().has("broker")
    chosen = {
        "words": request.args.get("q", "")[:100],
        "theme": forms.one_of("theme", reference.codes("themes")),
        "state": forms.one_of("state", catalogue.STATES) if broker else "",
        "complete": forms.one_of("complete", catalogue.COMPLETE) if broker else "",
        "sort": forms.one_of("sort", catalogue.SORTS) or "name",
    }
    found = catalogue.list_startups(store(), viewer(), **chosen, page=forms.page())
    return render_template(
        "startups/listing.html",
        found=found,
        chosen=chosen,
        broker=broker,
        narrowed=any(chosen[name] for name in ("words", "theme", "state", "complete")),
        status_kinds=STATUS_KINDS,
        page_url=forms.page_address("startups.listing", "q", "theme", "state", "complete", "sort"),
    )


@blueprint.get("/startups/<startup_id>")
@allowed("startup.view", startups.load)
def show(startup: dict[str, Any]) -> str:
    """Show one profile; to its own people and the brokers also what would help it and what the machine reads."""
    return show_page(startup, {}, {})


def show_page(startup: dict[str, Any], typed: dict[str, str], errors: dict[str, str]) -> str:
    """Return the profile's page; `typed` and `errors` belong to a broker's form on it."""
    who = person()
    own = who.acts_for(startup["organisation_id"], "startup")
    percent, lacking = startups.completeness(startup)
    inside = own or who.has("broker")
    return render_template(
        "startups/show.html",
        startup=startup,
        own=own,
        inside=inside,
        adopters=adopters.of_startup(store(), who, startup["id"]),
        kinds=USE_KINDS,
        doubts=doubts.of_startup(store(), startup["id"]) if inside else [],
        percent=percent,
        lacking=lacking,
        missing=startups.missing(startup),
        sections=startups.sections(startup),
        status_kinds=STATUS_KINDS,
        typed=typed,
        errors=errors,
    )


@blueprint.get("/startups/new")
@allowed("startup.create")
def create_form() -> str:
    """Show an empty profile with the company's name and number filled in."""
    chosen = forms.chosen_organisation(forms.acting_for("startup"), request.args.get("organisation_id"))
    values = {"name": chosen["name"], "orgnr": chosen["orgnr"], "website": chosen["website"], "languages": ["sv"]}
    return _create_page({**values, "organisation_id": chosen["id"]}, {})


@blueprint.post("/startups/new")
@allowed("startup.create")
def create() -> Any:
    """Keep a new profile as a draft and, if asked for, publish it."""
    forms.count_begun()
    typed = _typed()
    chosen = forms.chosen_organisation(forms.acting_for("startup"), request.form.get("organisation_id"))["id"]
    try:
        startup_id = startups.create(store(), person(), chosen, typed, now())
    except Invalid as error:
        return _create_page({**typed, "organisation_id": chosen}, forms.messages(error)), 422
    return _after_save(startup_id)


def _create_page(values: dict[str, Any], errors: dict[str, str]) -> str:
    companies = [(row["id"], row["name"]) for row in forms.acting_for("startup")]
    return render_template("startups/create.html", values=values, errors=errors, companies=companies)


@blueprint.get("/startups/<startup_id>/edit")
@allowed("startup.edit", startups.load)
def edit(startup: dict[str, Any]) -> str:
    """Show the profile's form; a merged profile is no longer edited."""
    if startup["merged_into"]:
        raise Conflict("startup_merged")
    return _edit_page(startup, {}, {}, startup["revision"])


@blueprint.post("/startups/<startup_id>/edit")
@allowed("startup.edit", startups.load)
def save(startup: dict[str, Any]) -> Any:
    """Save the profile and, if asked for, publish it; what cannot be saved stays in the form."""
    typed = _typed()
    try:
        startups.save(store(), person(), startup["id"], typed, forms.revision(), now())
    except Invalid as error:
        return _edit_page(startup, typed, forms.messages(error), forms.revision()), 422
    except Stale as error:
        newest = error.params["current"]
        return _edit_page(newest, typed, {}, newest["revision"], stale.differing(newest, typed)), 409
    return _after_save(startup["id"])


def _typed() -> dict[str, Any]:
    return forms.read(FIELDS, startups.LISTS)


def _edit_page(
    startup: dict[str, Any],
    typed: dict[str, Any],
    errors: dict[str, str],
    revision: int,
    differing: list[str] | None = None,
) -> str:
    return render_template(
        "startups/edit.html",
        startup=startup,
        values={**startup, **typed},
        errors=errors,
        revision=revision,
        stale=differing or [],
        may_publish=not startup["published_at"] and person().acts_for(startup["organisation_id"], "startup"),
    )


def _after_save(startup_id: str) -> Any:
    """Go on to the profile; where publishing was asked for and something is missing, say what."""
    startup = startups.load(store(), person(), startup_id)
    if request.form.get("then") == "publish" and not startup["published_at"]:
        try:
            startups.publish(store(), person(), startup_id, now())
        except Invalid as error:
            flash(_("The draft is saved, but it cannot be published yet."), "warning")
            return _edit_page(startup, {}, forms.messages(error), startup["revision"]), 422
        flash(_("Published. Brokers and need owners see the profile from now on."), "success")
    else:
        flash(_("The profile is saved."), "success")
    changed(startup_id)
    return redirect(url_for("startups.show", startup_id=startup_id), 303)


@blueprint.post("/startups/<startup_id>/publish")
@allowed("startup.publish", startups.load)
def publish(startup: dict[str, Any]) -> Any:
    """Publish the profile, or show the form with what is missing."""
    try:
        startups.publish(store(), person(), startup["id"], now())
    except Invalid as error:
        return _edit_page(startup, {}, forms.messages(error), startup["revision"]), 422
    changed(startup["id"])
    flash(_("Published. Brokers and need owners see the profile from now on."), "success")
    return redirect(url_for("startups.show", startup_id=startup["id"]), 303)


@blueprint.post("/startups/<startup_id>/unpublish")
@allowed("startup.publish", startups.load)
def unpublish(startup: dict[str, Any]) -> Any:
    """Take the profile back to a draft."""
    startups.unpublish(store(), person(), startup["id"], now())
    flash(_("The profile is a draft again. Only you and the brokers see it."), "success")
    return redirect(url_for("startups.show", startup_id=startup["id"]), 303)


def changed(startup_id: str) -> None:
    """Make a profile that is published rankable with its new text, once the change is kept."""
    try:
        startup = startups.load(store(), person(), startup_id)
    except NotFound:  # the right to see it went in the meantime: then nothing is to be ranked for this person
        return
    if startup["status"] == "published":
        saved("startup", startup)
