"""The startup's own ranking: the needs that fit it, why, what stops it, and what would change its place."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template, url_for
from flask_babel import force_locale
from flask_babel import gettext as _

from ..hub import candidates, limits, needs, startups
from ..hub.people import Viewer
from ..ranking import advice, mirror
from ..ranking.matches import Ranking
from ..store import Store
from . import shortlist, words
from .access import allowed, now, person, store
from .ranking import ranker
from .startups import blueprint

SHOWN = 10
TRIALS_A_QUARTER = 60  # of an hour and a person: each embeds and ranks anew some times


@blueprint.get("/startups/<startup_id>/needs", endpoint="needs")
@allowed("startup.needs", startups.load)
def needs_for(startup: dict[str, Any]) -> str:
    """Show the published needs ranked for a startup, ten at a time, with what stops it first."""
    number = shortlist.page_number()
    found = ranker().needs_for(startup, date.fromisoformat(now()[:10]), top=SHOWN + 1, skip=(number - 1) * SHOWN)
    said = candidates.of_startup(store(), startup["id"])
    shown = found.matches[:SHOWN]
    rows = candidates.need_cards(store(), [match.id for match in shown])
    return render_template(
        "startups/needs.html",
        startup=startup,
        found=found,
        cards=shortlist.cards(shown, found, rows, said),
        unread=not found.total and mirror.is_unread(store(), "need"),
        page=number,
        more=len(found.matches) > SHOWN,
        page_url=lambda other: url_for("startups.needs", startup_id=startup["id"], page=other),
        wide=True,
    )


def both(store: Store, viewer: Viewer | None, need_id: str, startup_id: str) -> dict[str, Any]:
    """Return a profile that the person may see, with a need that they may see as `need`; raise NotFound."""
    need = needs.load(store, viewer, need_id)
    return {**startups.load(store, viewer, startup_id), "need": need}


@blueprint.get("/startups/<startup_id>/needs/<need_id>")
@allowed("startup.needs", both)
def place(startup: dict[str, Any]) -> str:
    """Show why a startup stands where it does for a need, and what would change that; takes a second or two."""
    limits.count(store(), f"place:{person().person_id}", TRIALS_A_QUARTER, now())
    need, today = startup["need"], date.fromisoformat(now()[:10])
    found = advice.standing(ranker(), need, startup, today, _phrases(startup["language"]))
    card = None
    if found:
        ranking = Ranking([found.match], found.total, "", "", best=found.match.score)
        card = shortlist.card(found.match, ranking, startup, {})
    return render_template(
        "startups/place.html",
        startup=startup,
        need=need,
        found=found,
        card=card,
        compared=_compared(found) if found else [],
        changes=[_change(change, found) for change in found.changes] if found else [],
    )


def _phrases(language: str) -> advice.Phrases:
    """Return the stand-ins that are tried, in the profile's language as far as the pages speak it."""
    locale = "sv" if language == "sv" else "en"

    def test(theme: str) -> str:
        with force_locale(locale):
            return _(
                "A verified test in %(theme)s with a municipality had a measured effect.", theme=words.theme(theme)
            )

    def answer(mentioned: str) -> str:
        with force_locale(locale):
            return _("We have an answer to this: %(words)s.", words=mentioned)

    return advice.Phrases(test, answer)


def _compared(found: advice.Standing) -> list[str]:
    """Say each part in words, beside the startup at place ten or at the last one of a short list; not beside itself."""
    beside = min(advice.FIRST, found.total)
    if found.match.rank == beside:
        return []
    said = {
        "meaning": {
            "ahead": _("In meaning your profile is nearer than the one at place %(place)s.", place=beside),
            "level": _("In meaning your profile is about as near as the one at place %(place)s.", place=beside),
            "behind": _("In meaning your profile is further away than the one at place %(place)s.", place=beside),
        },
        "words": {
            "ahead": _("It shares more of the need's words."),
            "level": _("It shares about as many of the need's words."),
            "behind": _("It shares fewer of the need's words."),
        },
    }
    return [said[part][how] for part, how in advice.compared(found).items()]


def _change(change: advice.Change, found: advice.Standing) -> dict[str, str]:
    titles = {
        "readiness": lambda: _("Readiness level %(level)s", level=change.about),
        "language": lambda: _("%(language)s as a working language", language=words.label("languages", change.about)),
        "region": lambda: _("Working in %(county)s", county=words.county(change.about)),
        "capacity": lambda: _("Room for %(tests)s tests at once", tests=change.about),
        "test": lambda: _("A verified test in %(theme)s", theme=words.theme(change.about).lower()),
        "answer": lambda: _("An answer, in your own words, to what the need says here:"),
    }
    if change.rank == found.match.rank:
        effect = (
            _("Then nothing stops you, and brokers see you at place %(rank)s.", rank=change.rank)
            if change.free
            else _("One condition less; others would still stop you.")
        )
    else:
        effect = _("Would take you from place %(now)s to %(then)s.", now=found.match.rank, then=change.rank)
    about = change.about if change.code == "answer" else ""
    return {"title": titles[change.code](), "about": about, "effect": effect, "sentence": change.sentence}
