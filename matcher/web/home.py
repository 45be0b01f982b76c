"""The public landing page, a person's own page, the results, and what the service says about itself."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, url_for

from ..hub import (
    answer_times,
    board,
    bookings,
    cases,
    interests,
    need_catalogue,
    outcome_links,
    outcomes,
    overview,
    released,
)
from . import journey, personal_words, timeline
from .access import allowed, now, person, settings, store
from .kept import kept
from .needs import STATUS_KINDS

blueprint = Blueprint("home", __name__)

CASES_SHOWN = 10


@blueprint.get("/")
@allowed("public")
@kept
def index() -> str:
    """Show what the hub is, the ways in, the newest needs and the counts."""
    return render_template(
        "home/index.html", counts=overview.counts(store(), now()), newest=need_catalogue.newest(store(), now())
    )


@blueprint.get("/mine")
@allowed("account")
def mine() -> Any:
    """Show what is the person's own and what waits for them; brokers and administrators have their own desks."""
    who = person()
    if not who.has("owner", "startup", "host") and who.has("broker", "administrator"):
        return redirect(url_for("desk.inbox" if who.has("broker") else "admin.people"))
    own_needs = need_catalogue.own(store(), who) if who.has("owner", "startup") else []
    found, total = cases.listing(store(), who, now())
    found = timeline.with_steps(found[:CASES_SHOWN])
    hosted = who.organisations("host")
    return render_template(
        "home/mine.html",
        needs=[{**need, "next": need_catalogue.next_step(need)} for need in own_needs],
        startups=overview.own_startups(store(), who) if who.has("startup") else [],
        testbeds=overview.own_testbeds(store(), who, now()) if hosted else [],
        answers=answer_times.of_hosts(store(), hosted, now()) if hosted else {},
        interests=interests.listing(store(), who, now())[0][:CASES_SHOWN] if who.has("startup") else [],
        waits=board.waiting(store(), who, now(), settings().review_days),
        cases=found,
        actors=timeline.actors,
        step_pages=journey.PAGES,
        cases_total=total,
        bookings=bookings.counts(store(), who, now())["mine"],
        forms=outcome_links.waiting(store(), who, now()) if who.has("owner", "startup") else [],
        status_kinds=STATUS_KINDS,
        today=now()[:10],
    )


@blueprint.get("/results")
@allowed("public")
def results() -> str:
    """Show what has come of it so far: what is in use, then confirmed pairings by theme."""
    return render_template(
        "home/results.html",
        counts=overview.counts(store(), now()),
        themes=overview.confirmed_by_theme(store()),
        use=outcomes.use(store(), now()),
        released=released.count(store()),
    )


@blueprint.get("/about/ranking")
@allowed("public")
def ranking() -> str:
    """Explain how the ranking works and what it does not do."""
    return render_template("home/ranking.html")


@blueprint.get("/about/privacy")
@allowed("public")
def privacy() -> str:
    """Say what is kept about people, who sees it, for how long, and what leaves the machine."""
    return render_template(
        "home/privacy.html",
        hubs=overview.hubs(store()),
        periods=personal_words.periods(),
        public=personal_words.public(),
    )


@blueprint.get("/about/accessibility")
@allowed("public")
def accessibility() -> str:
    """Show the accessibility statement."""
    return render_template("home/accessibility.html", hubs=overview.hubs(store()))
