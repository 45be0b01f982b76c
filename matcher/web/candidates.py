"""What is said about a candidate for a need: proposed, shared with the owner, dismissed, or a conflict of interest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import conflicts, dismissals, needs, pairings, reasons, shares
from ..hub.errors import Conflict, Invalid
from ..ranking.gates import Gate
from . import forms, seen, shortlist, words
from .access import allowed, now, person, settings, store
from .pairings import blueprint

Row = dict[str, Any]
_PAIR = "/needs/<need_id>/startups/<startup_id>"


@blueprint.get(f"{_PAIR}/propose")
@allowed("pairing.propose", conflicts.pair)
def proposal(both: Row) -> str:
    """Show the form for proposing a startup for a need."""
    return _form(both, "propose")


@blueprint.post(f"{_PAIR}/propose")
@allowed("pairing.propose", conflicts.pair)
def propose(both: Row) -> Any:
    """Propose the two to each other, with what the ranking shows of them right now."""
    typed = forms.read(("message", "answer_days", "testbed_id"))
    days = typed.get("answer_days") or settings().answer_days

    def step() -> str:
        shown = seen.snapshot(both["need_id"], both["startup_id"])
        message = typed.get("message", "")
        return pairings.propose(
            store(), person(), both["need_id"], both["startup_id"], message, shown, now(), answer_days=days,
            testbed_id=typed.get("testbed_id"),
        )  # fmt: skip

    return _take(both, "propose", step, _("Proposed. Both sides have been told and asked to answer."), _case)


def _case(pairing_id: str) -> str:
    return url_for("pairings.show", pairing_id=pairing_id)


@blueprint.post(f"{_PAIR}/share")
@allowed("share.create", conflicts.pair)
def share(both: Row) -> Any:
    """Show the candidate to the need's owner."""
    note = request.form.get("note", "")

    def step() -> str:
        shown = seen.snapshot(both["need_id"], both["startup_id"])
        return shares.share(store(), person(), both["need_id"], both["startup_id"], note, shown, now())

    return _take(both, "share", step, _("Shared. The owner of the need has been told."))


@blueprint.post(f"{_PAIR}/dismiss")
@allowed("dismissal", conflicts.pair)
def dismiss(both: Row) -> Any:
    """Take the candidate off the need's list."""
    given = forms.read(("reason", "note"))
    values = (given.get("reason", ""), given.get("note", ""))

    def step() -> str:
        shown = seen.snapshot(both["need_id"], both["startup_id"])
        return dismissals.dismiss(store(), person(), both["need_id"], both["startup_id"], *values, now(), shown)

    return _take(both, "dismiss", step, _("Dismissed. You can take it back in the list of startups."))


def _take(both: Row, form: str, step: Callable[[], str], done: str, target: Callable[[str], str] | None = None) -> Any:
    """Take a step about a candidate; a form that cannot be used comes back with what was typed."""
    try:
        made = step()
    except Invalid as error:
        return _form(both, form, request.form, forms.messages(error)), 422
    except Conflict as error:
        case = error.params.get("pairing_id")
        return _form(both, form, request.form, notice=words.sentence(error), case=case), 409
    flash(done, "success")
    return redirect(target(made) if target else _back(both), 303)


def _back(row: Row) -> str:
    """Return the list that a step was taken from, as it was left, or the need's list from its top."""
    return forms.own_path(request.form.get("next")) or url_for("desk.ranking", need_id=row["need_id"])


def _form(
    both: Row, form: str, typed: Any = None, errors: dict[str, str] | None = None, notice: str = "", case: Any = None
) -> str:
    return render_template(
        "pairings/candidate.html",
        both=both,
        form=form,
        typed=typed or {},
        errors=errors or {},
        notice=notice,
        case=case,
        back=_back(both),
        conflict=conflicts.standing_one(store(), both["need_id"], both["startup_id"]),
        reasons=reasons.DISMISS,
        answer_days=settings().answer_days,
    )


@blueprint.post("/dismissals/<dismissal_id>/undo")
@allowed("dismissal", dismissals.load)
def undo_dismissal(row: Row) -> Any:
    """Put a dismissed candidate back; somebody who did so already is no harm."""
    try:
        dismissals.undo(store(), person(), row["id"], now())
        flash(_("%(startup)s is back in the list.", startup=row["startup_name"]), "success")
    except Conflict as error:
        flash(words.sentence(error), "info")
    return redirect(_back(row), 303)


@blueprint.get("/needs/<need_id>/candidates")
@allowed("need.candidates", needs.load)
def candidates(need: Row) -> str:
    """Show the owner the candidates that the broker shared, each with room for a comment."""
    return _candidates(need)


def _candidates(need: Row, share_id: str = "", errors: dict[str, str] | None = None, notice: str = "") -> str:
    rows = shares.for_need(store(), person(), need)
    for row in rows:
        row["gates"] = shortlist.gate_rows([Gate(**gate) for gate in row["seen"].get("gates") or []])
    return render_template(
        "pairings/candidates.html",
        need=need,
        rows=rows,
        share_id=share_id,
        typed=request.form if share_id else {},
        errors=errors or {},
        notice=notice,
    )


@blueprint.post("/shares/<share_id>/comment")
@allowed("share.comment", shares.load)
def comment(row: Row) -> Any:
    """Keep the owner's comment on a candidate."""
    given = forms.read(("comment", "known_before"))
    text, known = given.get("comment", ""), given.get("known_before")
    try:
        shares.comment(store(), person(), row["id"], text, known, now())
    except Invalid as error:
        return _candidates(_need_of(row), row["id"], forms.messages(error)), 422
    except Conflict as error:
        return _candidates(_need_of(row), row["id"], notice=words.sentence(error)), 409
    flash(_("Thank you. The broker has been told."), "success")
    return redirect(url_for("pairings.candidates", need_id=row["need_id"]), 303)


@blueprint.post("/shares/<share_id>/withdraw")
@allowed("share.create", shares.load)
def withdraw_share(row: Row) -> Any:
    """Take a candidate back from the owner's page."""
    try:
        shares.withdraw(store(), person(), row["id"], now())
        flash(_("The owner no longer sees %(startup)s.", startup=row["startup_name"]), "success")
    except Conflict as error:
        flash(words.sentence(error), "info")
    return redirect(url_for("pairings.candidates", need_id=row["need_id"]), 303)


def _need_of(row: Row) -> Row:
    return needs.load(store(), person(), row["need_id"])


@blueprint.get(f"{_PAIR}/conflict")
@allowed("conflict.declare", conflicts.pair)
def conflict(both: Row) -> str:
    """Show the declarations of interest between a need and a startup, and the form for one more."""
    return _conflict(both)


def _conflict(both: Row, errors: dict[str, str] | None = None, notice: str = "") -> str:
    return render_template(
        "pairings/conflict.html",
        both=both,
        rows=conflicts.history(store(), both["need_id"], both["startup_id"]),
        typed=request.form,
        errors=errors or {},
        notice=notice,
    )


@blueprint.post(f"{_PAIR}/conflict")
@allowed("conflict.declare", conflicts.pair)
def declare_conflict(both: Row) -> Any:
    """Declare a conflict of interest."""
    note = request.form.get("note", "")
    try:
        conflicts.declare(store(), person(), both["need_id"], both["startup_id"], note, now())
    except Invalid as error:
        return _conflict(both, forms.messages(error)), 422
    except Conflict as error:
        return _conflict(both, notice=words.sentence(error)), 409
    flash(_("The conflict of interest is declared, and the brokers have been told."), "success")
    return _to_conflict(both)


@blueprint.post("/conflicts/<conflict_id>/lift")
@allowed("conflict.lift", conflicts.load)
def lift_conflict(row: Row) -> Any:
    """Lift a conflict of interest; the declaration is kept."""
    try:
        conflicts.lift(store(), person(), row["id"], now())
        flash(_("The conflict of interest is lifted; the declaration is kept."), "success")
    except Conflict as error:
        flash(words.sentence(error), "info")
    return _to_conflict(row)


def _to_conflict(row: Row) -> Any:
    return redirect(url_for("pairings.conflict", need_id=row["need_id"], startup_id=row["startup_id"]), 303)
