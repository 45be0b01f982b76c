"""The startup's own ranking: the needs that fit it, why, and what stops it."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template, url_for

from ..hub import candidates, startups
from . import shortlist
from .access import allowed, now, store
from .ranking import ranker
from .startups import blueprint

SHOWN = 10


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
        page=number,
        more=len(found.matches) > SHOWN,
        page_url=lambda other: url_for("startups.needs", startup_id=startup["id"], page=other),
        wide=True,
    )
