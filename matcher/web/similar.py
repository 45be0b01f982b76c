"""Who else has this need: the published needs near one, as a part of its page, or as a page of its own."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from ..hub import candidates, needs
from .access import allowed, store
from .needs import blueprint
from .ranking import ranker


@blueprint.get("/needs/<need_id>/similar")
@allowed("need.view", needs.load)
def similar(need: dict[str, Any]) -> str:
    """Show the needs of others that are near this one. Its page fetches it afterwards, so that it waits for nobody."""
    found = ranker().similar_needs(need)
    rows = candidates.need_cards(store(), [match.id for match in found.matches])
    near = [rows[match.id] for match in found.matches if match.id in rows]
    part = request.headers.get("HX-Request") == "true"
    return render_template("needs/_near.html" if part else "needs/similar.html", need=need, near=near, found=found)
