"""One search box for needs, startups and testbeds, by meaning and words, in any language."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from ..hub import candidates, fields, limits
from .access import allowed, may, now, place, store, viewer
from .ranking import ranker

blueprint = Blueprint("search", __name__)

SHOWN = 20
LONGEST = 1_000
SEARCHES_A_QUARTER = 300


@blueprint.get("/search")
@allowed("public")
def results() -> Any:
    """Search what the person may see; visitors find needs and testbeds."""
    text = fields.clean(request.args.get("q", "")[:LONGEST])
    kinds = ["need", "testbed"] + (["startup"] if may("startup.view") else [])
    chosen = [kind for kind in kinds if (request.args.get("kind") or kind) == kind] or kinds
    names = {"need": _("Needs"), "startup": _("Startups"), "testbed": _("Testbeds")}
    page = {"text": text, "chosen": chosen, "kind_choices": [(kind, names[kind]) for kind in kinds]}
    if not text:
        return render_template("search/results.html", **page, found={}, rows={})
    who = viewer()
    limits.count(store(), f"search:{who.person_id if who else place()}", SEARCHES_A_QUARTER, now())
    ranked = ranker()  # once: while the model is away each call asks for it and waits
    found = {kind: ranked.search(text, kind, SHOWN) for kind in chosen}
    rows = {kind: _rows(kind, [match.id for match in ranking.matches]) for kind, ranking in found.items()}
    return render_template("search/results.html", **page, found=found, rows=rows)


def _rows(kind: str, ids: list[str]) -> dict[str, dict[str, Any]]:
    if kind == "need":
        return candidates.need_cards(store(), ids)
    if kind == "startup":
        return candidates.profiles(store(), ids)
    return candidates.testbed_cards(store(), ids)
