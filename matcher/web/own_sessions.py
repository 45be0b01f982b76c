"""Where a person is logged in: ending one's other log-ins, under "My account"."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, session, url_for
from flask_babel import gettext as _

from ..hub import limits, sessions
from ..hub.errors import Invalid
from . import account, entering, forms
from .access import allowed, now, person, store
from .account import blueprint

Row = dict[str, Any]


def _other(store_: Any, viewer: Any, session_id: str) -> Row:
    """Return another session of the person's own; that of somebody else is not there."""
    return sessions.load(store_, viewer, session_id, session.get("token"), now())


@blueprint.post("/account/sessions/<session_id>/end")
@allowed("account", _other)
def end_session(row: Row) -> Any:
    """Log out in another browser."""
    password = _password()
    try:
        with entering.CHECKING:
            sessions.end_one(store(), person(), row["id"], session.get("token"), password, now())
    except Invalid as error:
        return _again(error, row["id"])
    flash(_("You are logged out there."), "success")
    return _back()


@blueprint.post("/account/sessions/end")
@allowed("account")
def end_other_sessions() -> Any:
    """Log out everywhere but here."""
    password = _password()
    try:
        with entering.CHECKING:
            sessions.end_others(store(), person(), session.get("token"), password, now())
    except Invalid as error:
        return _again(error, "others")
    flash(_("You are logged out everywhere else."), "success")
    return _back()


def _password() -> str:
    """Return the password that was typed; tries are counted as at the log-in."""
    limits.count(store(), f"password:{person().person_id}", account.LOG_INS, now())
    return request.form.get("present", "")


def _again(error: Invalid, form: str) -> tuple[str, int]:
    return account.profile_page({f"{name}-{form}": text for name, text in forms.messages(error).items()}), 422


def _back() -> Any:
    return redirect(url_for("account.profile"), 303)
