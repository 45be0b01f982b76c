"""Calendar feeds: making and ending one's links, and the calendar that a program reads by one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from flask_babel import force_locale
from flask_babel import gettext as _

from ..exchange import calendars
from ..hub import clock, feed_events, feeds, limits, overview
from ..hub.ids import token_hash
from . import words
from .access import allowed, now, person, place, settings, store
from .files import download

blueprint = Blueprint("feeds", __name__)

Row = dict[str, Any]
# Within a quarter of an hour: one link, which a program reads a few times a day, and one address on the network.
READS, READS_FROM_ONE = 60, 300
FRESH = 900  # seconds that a program may keep a calendar
STATUS = {"confirmed": "CONFIRMED", "asked": "TENTATIVE", "cancelled": "CANCELLED"}


@blueprint.get("/feeds")
@allowed("feed")
def listing() -> str:
    """Show the person's links, and the address of one that was just made, this once."""
    who = person()
    made = session.pop("feed_link", None) or ["", ""]
    found = feeds.of_person(store(), who)
    known = {row["testbed_id"] for row in found}
    own = overview.own_testbeds(store(), who, now()) if who.has("host") else []
    return render_template(
        "feeds/listing.html",
        feeds=found,
        made=next((row for row in found if row["id"] == made[0]), None),
        address=_address(made[1]) if made[1] else "",
        own="" not in {row["testbed_id"] or "" for row in found},
        testbeds=[row for row in own if row["id"] not in known],
    )


def _address(token: str) -> str:
    return settings().base_url + url_for("feeds.read", feed_token=token)


@blueprint.post("/feeds")
@allowed("feed")
def make() -> Any:
    """Make a link to one's own calendar or to that of a testbed one keeps; an earlier one to the same ends."""
    feed_id, token = feeds.make(store(), person(), request.form.get("testbed_id") or None, now())
    session["feed_link"] = [feed_id, token]
    flash(_("The link is made. Copy it now: it is shown this once."), "success")
    return redirect(url_for("feeds.listing") + "#made", 303)


@blueprint.post("/feeds/<feed_id>/revoke")
@allowed("feed", feeds.load)
def revoke(row: Row) -> Any:
    """End a link."""
    feeds.revoke(store(), person(), row["id"], now())
    flash(_("The link has ended. A calendar that reads it gets nothing more."), "success")
    return redirect(url_for("feeds.listing"), 303)


def _by_token(store_: Any, viewer: Any, feed_token: str) -> Row:
    """Return what a link opens, whoever holds it; guesses are counted before they are looked up."""
    limits.count(store_, f"feed-from:{place()}", READS_FROM_ONE, now())
    limits.count(store_, f"feed:{token_hash(feed_token)}", READS, now())
    return feeds.by_token(store_, feed_token)


@blueprint.get("/feeds/<feed_token>")
@allowed("public", _by_token)
def read(row: Row) -> Response:
    """Give the calendar of a link, in the language of the person whose it is."""
    feeds.was_read(store(), row["id"], now())
    with force_locale(row["viewer"].locale):
        if row["testbed"]:
            name, found = row["testbed"]["name"], feed_events.of_testbed(store(), row["testbed"]["id"], now())
        else:
            name, found = _("Tests and bookings"), feed_events.of_person(store(), row["viewer"], now())
        body = calendars.feed(name, map(_entry, found))
    answer = download(body, "matcher.ics", "text/calendar")
    answer.headers["Cache-Control"] = f"private, max-age={FRESH}"
    answer.expires = clock.parse(now()) + timedelta(seconds=FRESH)  # what old programs go by
    return answer


def _entry(event: Row) -> calendars.WholeDays:
    place = [event["testbed"], event.get("host", ""), words.municipality(event["municipality_code"])]
    return calendars.WholeDays(
        uid=f"{event['uid']}@matcher",
        first=date.fromisoformat(event["starts_on"]),
        last=date.fromisoformat(event["ends_on"]),
        title=_title(event),
        status=STATUS[event["state"]],
        changed=clock.parse(event["changed_at"]),
        place=", ".join(part for part in place if part),
        link=settings().base_url + _page(event),
    )


def _title(event: Row) -> str:
    if event["what"] == "closure":
        return _("Closed: %(reason)s", reason=event["reason"])
    if event["what"] == "case":
        return _("Test: %(need)s – %(startup)s", need=event["need"], startup=event["startup"])
    if event["state"] == "asked":
        return _("Asked for: %(title)s (%(organisation)s)", title=event["title"], organisation=event["asker"])
    return _("Booking: %(title)s (%(organisation)s)", title=event["title"], organisation=event["asker"])


def _page(event: Row) -> str:
    if event["what"] == "closure":
        return url_for("testbeds.show", testbed_id=event["testbed_id"]) + "#closures"
    if event["what"] == "case":
        return url_for("pairings.show", pairing_id=event["pairing_id"])
    return url_for("bookings.show", booking_id=event["id"])
