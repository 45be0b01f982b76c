"""What brokers do so that a solution spreads: the radar with its letters, and the drawer."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _

from ..hub import adopters, drawer, limits, radar, startups
from ..hub.errors import Conflict, Invalid
from ..ranking import drawer as drawing
from ..ranking import radar as ranking
from . import forms, words
from .access import allowed, now, person, settings, store
from .ranking import ranker
from .spread import USE_KINDS, blueprint

Row = dict[str, Any]
LETTERS_A_QUARTER = 30  # of an hour and a broker


@blueprint.get("/spread")
@allowed("desk")
def listing() -> str:
    """Show the solutions that are in use somewhere, and the way to the drawer."""
    return render_template("spread/listing.html", rows=adopters.solutions(store()))


@blueprint.get("/spread/<startup_id>", endpoint="radar")
@allowed("desk", startups.load)
def show_radar(startup: Row) -> str:
    """Show where a solution is in use, and which other organisations might want it, with why."""
    used = adopters.of_startup(store(), person(), startup["id"])
    return render_template(
        "spread/radar.html",
        startup=startup,
        adopters=used,
        kinds=USE_KINDS,
        leads=_leads(startup, used) if used else [],
        letters=radar.letters(store(), now()),
        addressed=radar.addressed(store()),
        sent=radar.sent(store(), startup["id"]),
        quiet=radar.QUIET_DAYS,
        cases={row["need_id"]: row for row in used},
    )


def _leads(startup: Row, used: list[Row]) -> list[ranking.Lead]:
    return ranking.leads(
        ranker(), startup, [row["need_id"] for row in used], radar.needs(store(), now()),
        radar.said(store(), startup["id"]), adopters.organisations(store(), startup["id"]),
        date.fromisoformat(now()[:10]),
    )  # fmt: skip


@blueprint.get("/spread/<startup_id>/<organisation_id>")
@allowed("desk", radar.load)
def letter(found: Row) -> str:
    """Show the draft of a letter to an organisation; nothing is sent before somebody sends it."""
    need_id = request.args.get("need", "")
    return _letter_page(found, need_id, _draft(found, need_id))


@blueprint.post("/spread/<startup_id>/<organisation_id>")
@allowed("desk", radar.load)
def send(found: Row) -> Any:
    """Send the letter as the broker wrote it."""
    limits.count(store(), f"letter:{person().person_id}", LETTERS_A_QUARTER, now())
    typed = forms.read(("subject", "text"))
    need_id, again = request.form.get("need_id", ""), request.form.get("again") == "yes"
    try:
        count = radar.send(
            store(), person(), found["startup_id"], found["organisation_id"], typed, now(),
            need_id=need_id, guess=need_id not in radar.said(store(), found["startup_id"]), again=again,
        )  # fmt: skip
    except Invalid as error:
        return _letter_page(found, need_id, typed, forms.messages(error)), 422
    except Conflict as error:
        return _letter_page(found, need_id, typed, notice=words.sentence(error)), 409
    flash(_("Sent to %(name)s: people who get it: %(n)s.", name=found["owner_name"], n=count), "success")
    return redirect(url_for("spread.radar", startup_id=found["startup_id"]), 303)


def _letter_page(found: Row, need_id: str, typed: Row, errors: dict[str, str] | None = None, notice: str = "") -> str:
    return render_template(
        "spread/letter.html",
        found=found,
        need_id=need_id,
        typed=typed,
        errors=errors or {},
        notice=notice,
        last=radar.letters(store(), now()).get(found["organisation_id"]),
        readers=radar.readers(store(), found["organisation_id"]),
        limit=radar.TEXT_LIMIT,
        quiet=radar.QUIET_DAYS,
    )


def _draft(found: Row, need_id: str) -> Row:
    """Return a letter to begin with, in the reader's language. Only what both sides have released is named in it."""
    read = radar.readers(store(), found["organisation_id"])
    need = next((row for row in radar.needs(store(), now()) if row["id"] == need_id), None)
    need = need if need and need["organisation_id"] == found["organisation_id"] else None
    used = adopters.of_startup(store(), person(), found["startup_id"])
    public = next((row for row in used if row["released"]), None)
    with force_locale(read[0]["locale"] if read else "sv"):
        return {
            "subject": _("%(startup)s: in use elsewhere, perhaps something for you", startup=found["startup_name"]),
            "text": "\n\n".join(_paragraphs(found, need, public, guess=need_id not in _said(found))),
        }


def _said(found: Row) -> dict[str, str]:
    return radar.said(store(), found["startup_id"])


def _paragraphs(found: Row, need: Row | None, public: Row | None, *, guess: bool) -> list[str]:
    said = [_("Hello,")]
    if public:
        link = settings().base_url + url_for("releases.public", pairing_id=public["pairing_id"])
        told = {"startup": found["startup_name"], "owner": public["owner_name"], "link": link}
        said.append(_("%(startup)s is in use at %(owner)s. What they tried and what came of it: %(link)s", **told))
    else:
        said.append(_("%(startup)s is in use at another organisation in the hub.", startup=found["startup_name"]))
    if need and need["open"]:
        said.append(_("I thought of your need “%(title)s”.", title=need["title"]))
    elif need:
        said.append(_("I thought of your earlier need “%(title)s”. Do you still have it?", title=need["title"]))
    if guess:
        said.append(_("This is a guess: the texts are near each other in meaning. Nobody has said that it fits you."))
    said.append(_("Do you want to know more? Write to me at the address below, and I will put you in touch with them."))
    return [*said, person().name]


@blueprint.get("/drawer", endpoint="drawer")
@allowed("desk")
def show_drawer() -> str:
    """Show the stopped cases that stand there again, with why: a reason that has lapsed, a new need like theirs."""
    stopped = drawer.again(store(), now())
    return render_template(
        "spread/drawer.html",
        rows=drawing.standing(ranker(), stopped, drawer.fresh(store(), now())) if stopped else [],
        total=len(stopped),
    )
