"""What was learned from decisions, under Administration: the chance of a match, and weights to adopt or roll back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from ..hub import candidates, learned
from ..hub.errors import Conflict
from ..ranking import scoring, weighing
from ..ranking.chance import ENOUGH
from . import words
from .access import allowed, now, person, store
from .admin import blueprint
from .ranking import ranker

PARTS: dict[str, Any] = {"semantic": _l("meaning"), "lexical": _l("words"), "sentence": _l("sentences")}


@blueprint.get("/learning", endpoint="learning")
@allowed("admin")
def show_learning() -> str:
    """Show what was learned, how far it can be believed, and what adopting it would change."""
    model, counts = ranker().model, ranker().weighing()
    standing = learned.standing(store())
    newest = learned.latest(store(), "weights", scoring.SCORING_VERSION, model)
    candidate = newest if newest and (newest["retired_at"] or not newest["adopted_at"]) else None
    return render_template(
        "admin/learning.html",
        enough=ENOUGH,
        chance=learned.latest(store(), "chance", counts.version, model),
        counts=counts,
        built_in=weighing.built_in(),
        adopted=standing.get("weights"),
        off=standing.get("off"),
        candidate=candidate,
        names=_names(candidate),
        versions=learned.listing(store(), "weights"),
        part=lambda name: str(PARTS.get(name, name)),
    )


def _names(candidate: dict[str, Any] | None) -> dict[str, str]:
    """Return by id the names of the startups that would gain or lose most; of one that is gone its id is shown."""
    if candidate is None:
        return {}
    found = candidate["content"]["exposure"]
    ids = [row[0] for row in (*found["gains"], *found["losses"])]
    return {name: row["name"] for name, row in candidates.profiles(store(), ids).items()}


@blueprint.post("/learning/<learned_id>/adopt")
@allowed("admin", learned.load)
def adopt(row: dict[str, Any]) -> Any:
    """Let learned weights count from now on."""
    return _take(
        lambda: learned.adopt(store(), person(), row["id"], scoring.SCORING_VERSION, ranker().model, now()),
        lambda _row: _("The weights of version %(number)s count from now on, in every list.", number=row["number"]),
    )


@blueprint.post("/learning/roll-back")
@allowed("admin")
def roll_back() -> Any:
    """Take back the version that the page showed: the weights before count again, or the built-in ones."""
    text = request.form.get("number", "")
    number = int(text) if text.isdecimal() and len(text) < 10 else 0
    return _take(
        lambda: learned.roll_back(store(), person(), number, scoring.SCORING_VERSION, ranker().model, now()),
        _rolled_back,
    )


def _rolled_back(found: tuple[dict[str, Any], dict[str, Any] | None]) -> str:
    row, instead = found
    if instead:
        return _("Rolled back: the weights before count again.")
    if row["replaces"]:
        return _(
            "Rolled back: the built-in weights count. Version %(number)s, which counted before, was learned for "
            "another scoring version or another model.",
            number=row["replaces"],
        )
    return _("Rolled back: the built-in weights count.")


@blueprint.post("/learning/switch")
@allowed("admin")
def switch() -> Any:
    """Switch learning on or off."""
    on = request.form.get("learning") == "on"
    done = _("Learning is switched on.") if on else _("Learning is switched off: the built-in weights count.")
    return _take(lambda: learned.switch(store(), person(), on, now()), lambda _changed: done)


def _take(step: Callable[[], Any], done: Callable[[Any], str]) -> Any:
    """Take a step and say what came of it; what somebody else did first is said in its own words."""
    try:
        flash(done(step()), "success")
    except Conflict as error:
        flash(words.sentence(error), "warning")
    return redirect(url_for("admin.learning"), 303)
