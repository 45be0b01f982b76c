"""What is kept about a person: shown, given out as a file, erased; by themselves, or by an administrator for them."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _

from ..exchange import erased
from ..hub import directory, disclosure, erasure, fields, limits, passwords, second_factor
from ..hub.errors import Conflict, Invalid
from . import files, forms, personal_words, words
from . import second_factor as codes
from .access import allowed, now, person, settings, store
from .account import LOG_INS

blueprint = Blueprint("privacy", __name__)

SHOWN = 100  # rows of a group on the page; the file holds all
NAME = "matcher-personal-data.json"


@blueprint.get("/account/kept")
@allowed("account")
def kept() -> str:
    """Show what is kept about oneself."""
    return _page(person().person_id, own=True)


@blueprint.get("/account/kept.json")
@allowed("account")
def kept_file() -> Response:
    """Give out what is kept about oneself, for a machine to read."""
    return _file(person().person_id)


@blueprint.get("/admin/people/<person_id>/kept")
@allowed("admin")
def kept_of(person_id: str) -> str:
    """Say how much is kept about somebody, without showing it: that is for who asked, and goes into the record."""
    directory.load(store(), person(), person_id)
    return _page(person_id, own=False, counts=True)


@blueprint.post("/admin/people/<person_id>/kept")
@allowed("admin")
def give_out(person_id: str) -> Any:
    """Give out what is kept about somebody who asks, as a page or as a file; the record says that it was done."""
    directory.load(store(), person(), person_id)
    disclosure.given_out(store(), person_id, person().person_id, now())
    return _file(person_id) if request.form.get("form") == "file" else _page(person_id, own=False)


def _page(person_id: str, own: bool, counts: bool = False) -> str:
    found = disclosure.about(store(), person_id, now())
    groups = [_group(group) for group in found["groups"]]
    return render_template(
        "privacy/kept.html", found=found["person"], groups=groups, own=own, counts=counts, person_id=person_id
    )


def _group(group: dict[str, Any]) -> dict[str, Any]:
    """Return a group for its page: the rows in which something is written, and how often each other thing was."""
    rows = [personal_words.told(row) for row in reversed(group["rows"])]
    written = [row for row in rows if row["texts"]]
    return {
        "code": group["group"],
        "total": len(rows),
        "written": len(written),
        "rows": written[:SHOWN],
        "lines": personal_words.bundled(rows),
    }


def _file(person_id: str) -> Response:
    found = disclosure.about(store(), person_id, now())
    return files.download(json.dumps(found, ensure_ascii=False, indent=1).encode(), NAME, "application/json")


@blueprint.get("/account/erase")
@allowed("account")
def ask() -> str:
    """Say what goes, what stays and why, before anything is erased."""
    return _form(person().person_id, {}, own=True)


@blueprint.post("/account/erase")
@allowed("account")
def erase() -> Any:
    """Erase oneself; the password, or the address where there is none, says that it is meant, and so does a code.

    The code is asked for where the second factor is on: what cannot be undone takes no less than logging in.
    """
    who = person()
    limits.count(store(), f"password:{who.person_id}", LOG_INS, now())
    if errors := _not_meant():
        return _form(who.person_id, errors, own=True), 422
    try:
        erasure.erase(store(), who.person_id, who.person_id, now(), everywhere=False)
    except Conflict as error:
        return _form(who.person_id, {"": words.sentence(error)}, own=True), 409
    _note()
    session.clear()
    flash(_("You are erased. Thank you for your time here."), "success")
    return redirect(url_for("home.index"), 303)


def _not_meant() -> dict[str, str]:
    who, typed = person(), request.form
    if passwords.has_one(store(), who.person_id):
        if passwords.authenticate(store(), who.email, typed.get("present", "")) != who.person_id:
            return {"present": str(words.FIELD_ERRORS["password_wrong"])}
    elif passwords.address(typed.get("present", "")) != who.email:
        return {"present": _("That is not the address of your account.")}
    if not _takes_a_code():
        return {}
    try:
        codes.accepted(str(who.person_id))
    except Invalid as error:
        return forms.messages(error)
    return {}


def _takes_a_code() -> bool:
    return settings().second_factor != "off" and second_factor.is_on(store(), str(person().person_id))


@blueprint.get("/admin/people/<person_id>/erase")
@allowed("admin")
def ask_of(person_id: str) -> str:
    """Say what goes, what stays and why, before somebody is erased."""
    directory.load(store(), person(), person_id)
    return _form(person_id, {}, own=False)


@blueprint.post("/admin/people/<person_id>/erase")
@allowed("admin")
def erase_of(person_id: str) -> Any:
    """Erase somebody who asks; the reason stands in the record."""
    directory.load(store(), person(), person_id)
    try:
        reason = fields.validate(_Reason, {"reason": request.form.get("reason", "")}).reason
        wide = request.form.get("everywhere") == "yes"
        erasure.erase(store(), person_id, person().person_id, now(), reason, everywhere=wide)
    except Invalid as error:
        return _form(person_id, forms.messages(error), own=False), 422
    except Conflict as error:
        return _form(person_id, {"": words.sentence(error)}, own=False), 409
    _note()
    flash(_("The person is erased."), "success")
    return redirect(url_for("admin.people"), 303)


class _Reason(fields.Content):
    reason: fields.Title


def _form(person_id: str, errors: dict[str, str], own: bool) -> str:
    found, held = directory.name_of(store(), person_id), erasure.preview(store(), person_id)
    # Who cannot go is asked nothing more: nothing is looked through for them.
    elsewhere = {} if own or held["last"] else erasure.named_elsewhere(store(), person_id)
    return render_template(
        "privacy/erase.html",
        found=found,
        held=held,
        elsewhere=personal_words.counted(elsewhere),
        errors=errors,
        own=own,
        password=passwords.has_one(store(), person_id),
        code=own and _takes_a_code(),
        reason=request.form.get("reason", ""),
        wide=request.form.get("everywhere") == "yes",
    )


def _note() -> None:
    """Write down who was erased where a restored backup finds it; the background does it too, if this fails."""
    erased.note(store(), (settings().instance, settings().backups))


@blueprint.after_request
def _never_stored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
