"""The navigation of each role, in the order of their day."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request, url_for
from flask_babel import gettext as _

from .access import may, viewer


@dataclass(frozen=True)
class Item:
    """One link of the navigation; `current` when the page belongs to it."""

    label: str
    url: str
    current: bool
    count: int | None = None


def navigation() -> list[Item]:
    """Return the links for the person behind this request."""
    who = viewer()
    entries: list[tuple[str, str]] = []
    if who and who.has("broker"):
        entries += [(_("Desk"), "desk.inbox"), (_("Needs"), "needs.listing"), (_("Startups"), "startups.listing")]
        entries += [(_("Testbeds"), "testbeds.listing"), (_("Bookings"), "bookings.listing")]
        entries += [(_("Pairings"), "pairings.listing")]
        entries += [(_("Plan"), "plans.listing"), (_("Spread"), "spread.listing"), (_("Map"), "atlas.show")]
        entries += [(_("Import"), "imports.listing")]
    elif who and who.has("owner", "startup", "host"):
        entries += [(_("My page"), "home.mine"), (_("Needs"), "needs.listing"), (_("Testbeds"), "testbeds.listing")]
        entries += [(_("Bookings"), "bookings.listing")]
        entries += [(_("Map"), "atlas.show")] if who.has("owner", "startup") else []
    else:
        entries += [(_("Needs"), "needs.listing"), (_("Testbeds"), "testbeds.listing"), (_("Results"), "home.results")]
    if who and who.has("administrator"):
        entries += [(_("Administration"), "admin.people")]
    if may("year"):
        entries += [(_("The year"), "years.show")]
    entries += [(_("Search"), "search.results")]
    place = (request.blueprint, request.endpoint)
    return [
        Item(label, url_for(name), name == place[1] or (name.split(".")[0] == place[0] != "home"))
        for label, name in entries
    ]
