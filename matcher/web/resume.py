"""A form that could not be taken: the session had run out, or the page was too old.

What was typed travels through the log-in in hidden `kept:` fields, is then shown to the person who wrote it and to
nobody else, and is sent when the person says so. Passwords are never kept, and only paths of our own are gone on to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from . import origin, words
from .access import LoginNeeded, viewer
from .forms import own_path

PREFIX = "kept:"
SECRET = frozenset({"password", "present", "otp", "recovery"})
# Carried along, but nothing that anybody typed.
_INSIDE = ("revision", "step", "go", "then", "seen", "organisation_id", "side")

# Whose form it is: each form of somebody who is logged in says so.
WRITER = "written_by"
# Stands for the file of a form: files are not carried along.
FILE = "file__chosen"

Kept = list[tuple[str, str]]

# How a code is shown; everything else is shown as it was typed.
_SHOWN: dict[str, Callable[[str], str]] = {
    "themes": words.theme,
    "goals": words.goal,
    "county_code": words.county,
    "municipality_code": words.municipality,
    **{
        name: lambda code, group=group: words.label(group, code)
        for name, group in {
            "beneficiaries": "beneficiaries",
            "budget": "budgets",
            "language": "languages",
            "languages": "languages",
            "seeks": "seeks",
        }.items()
    },
}


def login_needed(error: LoginNeeded) -> Any:
    """Ask for a log-in; a form that was sent without one is kept and offered again afterwards."""
    if request.method in ("GET", "HEAD"):
        login = url_for("account.login", next=request.full_path.rstrip("?"))
        if request.headers.get("HX-Request") == "true":  # a part of a page: the whole page has to move
            return Response(status=401, headers={"HX-Redirect": url_for("account.login")})
        return redirect(login)
    flash(
        _("You are not logged in, or your session has ended. What you wrote is kept, and is sent when you say so."),
        "warning",
    )
    if SECRET & set(request.form):  # a password is typed anew, on its own page
        return login_page(status=401, target=_page_above())
    return login_page(status=401, target=_path(), kept=kept_fields(), resume=True)


def login_page(
    *, status: int = 200, target: str = "", kept: Kept | None = None, resume: bool = False, **shown: Any
) -> tuple[str, int]:
    """Return the log-in page; it goes on to `target`, with `resume` by showing the kept fields first."""
    page = render_template(
        "account/login.html",
        next=target, kept=kept or [], resume=resume, prefix=PREFIX,
        **{"errors": {}, "email": "", **shown},
    )  # fmt: skip
    return page, status


def csrf_error(error: Exception) -> Any:
    """Keep what was typed when the page's token is missing or of an older session; send it when told to."""
    if not request.form:
        return _page_too_old()
    view = current_app.view_functions.get(request.endpoint or "")
    if viewer() is None and getattr(view, "action", "public") != "public":
        return login_needed(LoginNeeded())
    if request.endpoint == "account.start":
        return _log_in_again()
    if SECRET & set(request.form):
        flash(_("The page was too old and nothing was changed. Fill it in again."), "warning")
        return redirect(_page_above(), 303)
    kept, who = kept_fields(), viewer()
    if who and not may_resume(kept, who.person_id):
        return _page_too_old(_("The page was opened by somebody else who was logged in here, so nothing was sent."))
    return resume_page(_path(), kept, 400)


def _page_too_old(message: str = "") -> tuple[str, int]:
    message = message or _("The page was too old. Reload it and try again.")
    return render_template("errors/400.html", message=message), 400


def may_resume(kept: Kept, person_id: str | None) -> bool:
    """Whether a kept form may be shown to a person: it is theirs, or nobody's who was logged in."""
    writers = {value for name, value in kept if name == WRITER}
    return writers <= {person_id}


def _log_in_again() -> tuple[str, int]:
    return login_page(
        status=400,
        target=own_path(request.form.get("next")) or "",
        kept=carried_fields(),
        resume="resume" in request.form,
        errors={"email": _("The page was too old. Log in again.")},
        email=request.form.get("email", "")[:254],
    )


def _path() -> str:
    """Return the address that the form was sent to; our own, since this very request came there."""
    return request.full_path.rstrip("?")


def _page_above() -> str:
    """Return the page that a form was sent to, or the nearest above it that can be read: its own, with the form."""
    path, adapter = request.path, current_app.create_url_adapter(request)
    while path and adapter and not adapter.test(path, "GET"):
        path = path.rpartition("/")[0]
    return path or url_for("home.index")


def kept_fields() -> Kept:
    """Return what was typed in this request, to be carried through a log-in."""
    kept = _without_secrets(request.form.items(multi=True))
    if g.get("was") and WRITER not in request.form:
        kept.append((WRITER, g.was))
    if any(file.filename for file in request.files.values()):
        kept.append((FILE, "yes"))
    return kept


def carried_fields() -> Kept:
    """Return what a log-in form carried."""
    given = request.form.items(multi=True)
    return _without_secrets((name[len(PREFIX) :], value) for name, value in given if name.startswith(PREFIX))


def _without_secrets(fields: Iterable[tuple[str, str]]) -> Kept:
    return [(name, value) for name, value in fields if name not in SECRET and name != "csrf_token"]


def to_send_again() -> dict[str, Any]:
    """Return what a page that needs no database shows of a form that could not be taken: where to, and the fields.

    The token of the form comes along, for the session has not ended. Nothing of another site's form is offered, and
    no password: such a form is typed anew.
    """
    try:
        if request.method != "POST" or origin.foreign() or not request.form or SECRET & set(request.form):
            return {}
        file = any(file.filename for file in request.files.values())
        return {"action": _path(), "kept": list(request.form.items(multi=True)), "file": file}
    except HTTPException:  # larger than a form may be
        return {}


def resume_page(target: str, kept: Kept, status: int = 200) -> tuple[str, int]:
    """Return the page that shows what was typed and sends it to `target`, a path of our own, when told to."""
    again = any(name == FILE for name, _value in kept)
    kept = [(name, value) for name, value in kept if name not in (FILE, WRITER)]
    shown = [
        (_term(name), _SHOWN.get(name, str)(value))
        for name, value in kept
        if value.strip() and name not in _INSIDE and not name.endswith("__shown")
    ]
    return render_template("account/resume.html", action=target, kept=kept, shown=shown, file=again), status


def _term(name: str) -> str:
    """Return the words of a field's label as far as they are known."""
    known = (words.LABELS[group].get(name) for group in ("need_fields", "startup_fields", "testbed_fields"))
    return str(next((word for word in known if word), name.replace("_", " ")))


def install(app: Flask) -> None:
    """Let each form say whose it is (`csrf()` in `templates/_macros/forms.html`)."""
    app.jinja_env.globals.update(writer=_writer)


def _writer() -> str:
    who = viewer()
    return who.person_id or "" if who else ""
