"""Needs: the catalogue, one need with its versions, and closing it.

Writing is in `need_form`, deciding in `need_review`; both add their pages to this blueprint.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import cases, need_catalogue, need_content, need_versions, needs, people, reference, routes
from ..hub.errors import Conflict, Invalid
from ..hub.need_catalogue import Filters
from . import forms, need_next, timeline
from .access import allowed, now, person, settings, store, viewer
from .kept import kept
from .ranking import saved
from .route_words import way_name
from .spread import copied_from

blueprint = Blueprint("needs", __name__)

BROKERS_NAMED = 3
STATUS_KINDS = {
    "draft": "draft",
    "returned": "warning",
    "submitted": "info",
    "published": "success",
    "closed": "neutral",
}


@blueprint.get("/needs")
@allowed("public")
@kept
def listing() -> str:
    """Show the catalogue; filters, sort and page come from the address, each from a list."""
    filters = _filters()
    found = need_catalogue.listing(store(), viewer(), filters, forms.page(), now())
    return render_template(
        "needs/listing.html",
        found=found,
        filters=filters,
        page_url=lambda number: _address(page=number),
        narrowed=any((filters.theme, filters.county, filters.beneficiary, filters.own, filters.status != "published")),
        status_kinds=STATUS_KINDS,
    )


def _filters() -> Filters:
    """Return what the address asks for; anything that is not on a list counts as not asked for."""
    given = request.args
    filters = Filters(
        theme=_one_of(given.get("theme"), reference.codes("themes")),
        county=_one_of(given.get("county"), reference.codes("counties")),
        beneficiary=_one_of(given.get("beneficiary"), reference.BENEFICIARIES),
        late=given.get("late") == "yes",
        sort=_one_of(given.get("sort"), need_catalogue.SORTS) or "newest",
    )
    who = viewer()
    if who and who.has("broker", "owner", "startup"):
        status = _one_of(given.get("status"), (*need_catalogue.STATUS_SQL, "all")) or "published"
        own = given.get("own") == "yes" and who.has("owner", "startup")
        filters = replace(filters, own=own, status=status if own or who.has("broker") else "published")
    return filters


def _one_of(value: str | None, allowed_values: Any) -> str:
    return value if value and value in allowed_values else ""


def _address(**changed: Any) -> str:
    """Return this list's address with some of its parameters changed."""
    known = ("theme", "county", "beneficiary", "status", "late", "own", "sort")
    kept = {name: request.args[name] for name in known if request.args.get(name)}
    return url_for("needs.listing", **{**kept, **changed})


@blueprint.get("/needs/<need_id>")
@allowed("need.view", needs.load)
def show(need: dict[str, Any]) -> str:
    """Show one need, in the fields that this person may read, with what they may do."""
    who = viewer()
    expired = need_content.expired(need, now())
    own = bool(who) and who.acts_for(need["organisation_id"], "owner", "startup")
    inside = own or (bool(who) and who.has("broker"))
    rows = cases.of_need(store(), who, need["id"], now()) if inside and need["published_at"] else []
    route = routes.standing(store(), need["id"]) if inside else None
    return render_template(
        "needs/show.html",
        need=need,
        inside=inside,
        expired=expired,
        may_answer=bool(who) and who.has("startup") and not inside and need["status"] == "published" and not expired,
        cases=rows,
        route=route,
        copied=copied_from(need, inside),
        route_way=way_name(route["way"]) if route else "",
        events=_events(need, rows, route, own) if inside else [],
        contacts=people.with_role(store(), "broker")[:BROKERS_NAMED] if own else [],  # a broker is the hub
        status_kinds=STATUS_KINDS,
    )


def _events(need: dict[str, Any], rows: list[dict[str, Any]], route: dict[str, Any] | None, own: bool) -> list[Any]:
    return need_next.events(need, timeline.with_steps(rows), now(), settings().review_days, route, own)


@blueprint.get("/needs/<need_id>/versions")
@allowed("need.view", needs.load)
def versions(need: dict[str, Any]) -> str:
    """Show what was published when, and what changed from one version to the next."""
    page, total = forms.page(), need_versions.count(store(), need["id"])
    return render_template(
        "needs/versions.html",
        need=need,
        versions=need_versions.versions(store(), viewer(), need["id"], page),
        texts=need_content.TEXTS,
        page=page,
        pages=max(-(-total // need_versions.PAGE), 1),
        page_url=lambda number: url_for("needs.versions", need_id=need["id"], page=number),
    )


@blueprint.get("/needs/<need_id>/close")
@allowed("need.close", needs.load)
def close_form(need: dict[str, Any]) -> Any:
    """Ask for the reason."""
    if need["closed_at"]:
        raise Conflict("need_closed")
    return render_template("needs/close.html", need=need, typed={}, errors={})


@blueprint.post("/needs/<need_id>/close")
@allowed("need.close", needs.load)
def close(need: dict[str, Any]) -> Any:
    """Close a need; those who answered it are told why."""
    typed = forms.read(("reason", "note"))
    try:
        needs.close(store(), person(), need["id"], typed.get("reason", ""), typed.get("note", ""), now())
    except Invalid as error:
        return render_template("needs/close.html", need=need, typed=typed, errors=forms.messages(error)), 422
    flash(_("The need is closed. Those who answered it have been told why."), "success")
    return redirect(url_for("needs.show", need_id=need["id"]), 303)


def changed(need_id: str) -> None:
    """Make a need that is published rankable with its new text, once the change is kept."""
    row = needs.load(store(), person(), need_id)
    if row["status"] == "published":
        saved("need", row)
