"""What brokers do to profiles: hide and flag with a reason, look at possible duplicates, merge and undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from ..hub import company_numbers, doubts, duplicates, merge_offers, merging, moderation, startups
from ..hub.errors import Invalid
from . import forms
from .access import allowed, now, person, store, viewer
from .stale import differing
from .startups import blueprint, changed, show_page

COMPARED = (
    "name",
    "orgnr",
    "problem",
    "audience",
    "description",
    "novelty",
    "evidence",
    "readiness",
    "seeks",
    "regions",
    "languages",
    "capacity",
    "themes",
    "website",
)


@blueprint.post("/startups/<startup_id>/hide")
@allowed("startup.moderate", startups.load)
def hide(startup: dict[str, Any]) -> Any:
    """Hide a profile; the company gets the reason."""
    return _with_reason(startup, "hide", moderation.hide, _("Hidden. The company has been told why."))


@blueprint.post("/startups/<startup_id>/flag")
@allowed("startup.moderate", startups.load)
def flag(startup: dict[str, Any]) -> Any:
    """Flag a profile; the company gets the question."""
    return _with_reason(startup, "flag", moderation.flag, _("Flagged. The company has been asked."))


def _with_reason(startup: dict[str, Any], name: str, act: Callable[..., None], said: str) -> Any:
    reason = request.form.get("reason", "")
    try:
        act(store(), person(), startup["id"], reason, now())
    except Invalid as error:
        return show_page(startup, {name: reason}, {name: forms.messages(error)["reason"]}), 422
    return _done(startup, said)


@blueprint.post("/startups/<startup_id>/unhide")
@allowed("startup.moderate", startups.load)
def unhide(startup: dict[str, Any]) -> Any:
    """Show a hidden profile again."""
    moderation.unhide(store(), person(), startup["id"], now())
    return _done(startup, _("Shown again. The company has been told."))


@blueprint.post("/startups/<startup_id>/unflag")
@allowed("startup.moderate", startups.load)
def unflag(startup: dict[str, Any]) -> Any:
    """Take a flag away."""
    moderation.unflag(store(), person(), startup["id"], now())
    return _done(startup, _("The flag is taken away. The company has been told."))


@blueprint.post("/startups/<startup_id>/in-order")
@allowed("startup.moderate", startups.load)
def in_order(startup: dict[str, Any]) -> Any:
    """Say that what the machine doubted is in order: words that were left out are ranked as they stand."""
    code = request.form.get("code", "")
    doubts.answer(store(), person(), startup["id"], code, now())
    if code in doubts.LEFT_OUT:
        return _done(startup, _("In order. The profile is ranked with these words."))
    return _done(startup, _("Noted. It no longer stands on the desk; the ranking stays as it is."))


def _done(startup: dict[str, Any], said: str) -> Any:
    changed(startup["id"])
    flash(said, "success")
    return redirect(url_for("startups.show", startup_id=startup["id"]), 303)


@blueprint.get("/startups/duplicates", endpoint="duplicates")
@allowed("startup.moderate")
def list_duplicates() -> str:
    """Show the pairs that may be one company, or those that were decided."""
    decided = request.args.get("decided") == "yes"
    found = merge_offers.offers(store(), viewer(), decided=decided, page=forms.page())
    return render_template(
        "startups/duplicates.html",
        found=found,
        decided=decided,
        page_url=lambda number: url_for("startups.duplicates", page=number, decided="yes" if decided else None),
    )


@blueprint.post("/startups/duplicates")
@allowed("startup.moderate")
def look() -> Any:
    """Compare all profiles with each other once more."""
    new = duplicates.find(store(), now())
    if new:
        flash(ngettext("%(num)s new pair was found.", "%(num)s new pairs were found.", new), "success")
    else:
        flash(_("No new pairs were found."), "info")
    return redirect(url_for("startups.duplicates"), 303)


@blueprint.get("/startups/duplicates/<offer_id>")
@allowed("startup.moderate", merge_offers.load)
def offer(offer: dict[str, Any]) -> str:
    """Show two profiles side by side, what differs, and what a merge would move."""
    keep, drop = offer["keep"], offer["drop"]
    return render_template(
        "startups/offer.html",
        offer=offer,
        sides=(keep, drop),
        compared=COMPARED,
        differing=differing(keep, {name: drop[name] for name in COMPARED}),
        doubtful=[side for side in (keep, drop) if company_numbers.doubtful(offer["numbers"][side["id"]], now())],
    )


@blueprint.post("/startups/duplicates/<offer_id>/merge")
@allowed("startup.moderate", merge_offers.load)
def merge(offer: dict[str, Any]) -> Any:
    """Merge the two into the one that the broker chose."""
    keep_id = request.form.get("keep_id", "")
    merging.merge(store(), person(), offer["id"], keep_id, now(), invite=request.form.get("invite") == "yes")
    changed(keep_id)
    flash(_("Merged. Both companies have been told. You can take it back here."), "success")
    return redirect(url_for("startups.offer", offer_id=offer["id"]), 303)


@blueprint.post("/startups/duplicates/<offer_id>/different")
@allowed("startup.moderate", merge_offers.load)
def different(offer: dict[str, Any]) -> Any:
    """Keep the two apart; the pair is not offered again."""
    merging.different(store(), person(), offer["id"], now())
    flash(_("Kept apart. This pair is not offered again."), "success")
    return redirect(url_for("startups.duplicates"), 303)


@blueprint.post("/startups/duplicates/<offer_id>/undo")
@allowed("startup.moderate", merge_offers.load)
def undo(offer: dict[str, Any]) -> Any:
    """Take a decision back."""
    merging.undo(store(), person(), offer["id"], now())
    for side in (offer["keep"], offer["drop"]):
        changed(side["id"])
    flash(_("Taken back. The pair waits for a decision again."), "success")
    return redirect(url_for("startups.offer", offer_id=offer["id"]), 303)
