"""The way in: from a right password, a link or a provider's word to a session, with the second factor between.

Between the password and the code nobody is logged in: the server keeps who is on the way (`hub/login_steps.py`).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _

from ..hub import login_steps, people, second_factor, sessions
from ..hub.people import Viewer
from . import devices, forms, resume
from .access import now, settings, store

# Each check of a password takes 19 MiB and a core for a while: a few at once are enough for people, and too few for
# a flood.
CHECKING = threading.BoundedSemaphore(2)
# What somebody may do who has to set up a second factor first.
BEFORE_IT = frozenset(
    {"static", "account.second_factor", "account.begin_factor", "account.confirm_factor", "account.logout",
     "account.language", "home.accessibility", "home.privacy"}
)  # fmt: skip


@dataclass(frozen=True)
class Way:
    """Where somebody goes after the log-in: a path of our own, and a form that was kept for them."""

    target: str = ""
    kept: resume.Kept = field(default_factory=list)
    resuming: bool = False

    @classmethod
    def of_form(cls) -> Way:
        """Return what this request's log-in form carries."""
        return cls(
            forms.own_path(request.form.get("next")) or "", resume.carried_fields(), "resume" in request.form
        )  # fmt: skip

    def carried(self) -> dict[str, Any]:
        """Return what a log-in page needs to carry it on."""
        return {"target": self.target, "kept": self.kept, "resume": self.resuming}


class FactorNeeded(Exception):
    """The person's role asks for a second factor, and this session has none."""


def on_the_way(person_id: str) -> None:
    """Let the security log say whose log-in this is, although nobody is logged in yet."""
    g.on_the_way = person_id


def leave() -> None:
    """End the session on the server, and forget what the browser's own held."""
    if token := session.get("token"):
        sessions.end(store(), token, now())
    session.clear()
    g.left = g.pop("viewer", None)  # the security log tells who it was
    g.pop("csrf_token", None)  # one made for the session before would not fit


def enter(person_id: str, factor: str | None = None) -> None:
    """Begin a new session with nothing left of the one before (against fixation)."""
    leave()
    device = devices.short_name(request.headers.get("User-Agent", ""))
    session["token"] = sessions.start(store(), person_id, now(), factor, device)
    session.permanent = True
    g.viewer = people.viewer(store(), person_id)


def admit(person_id: str, way: Way, factor: str | None = None) -> Any:
    """Go on to the page, or first to the one for the code when the person has a second factor.

    With `factor` it was given already: `provider`, when the organisation's own log-in says so. Its word counts,
    because it is that log-in that the organisation itself has chosen to trust.
    """
    if factor is None and settings().second_factor != "off" and second_factor.is_on(store(), person_id):
        leave()
        on_the_way(person_id)
        session["step"] = login_steps.begin(store(), "code", now(), person_id)
        return code_page(way, {})
    enter(person_id, factor)
    return arrive(person_id, way)


def arrive(person_id: str, way: Way) -> Any:
    """Go on to where somebody was on the way to, showing a kept form first when it is theirs."""
    if way.resuming and not resume.may_resume(way.kept, person_id):
        flash(
            _("The form was begun by somebody else. Nothing of it was sent, and only that person can go on with it."),
            "warning",
        )
        return redirect(url_for("home.mine"), 303)
    if way.resuming and way.target:
        return resume.resume_page(way.target, way.kept)
    return redirect(way.target or url_for("home.mine"), 303)


def code_page(way: Way, errors: dict[str, str]) -> tuple[str, int]:
    """Return the page that asks for the code."""
    page = render_template("account/code.html", errors=errors, prefix=resume.PREFIX, way=way)
    return page, 422 if errors else 200


def check(who: Viewer) -> None:
    """Raise FactorNeeded when the person's role asks for a second factor and this session has none."""
    needed = settings().second_factor == "required" and who.has(*second_factor.ROLES)
    if needed and who.factor is None and request.endpoint not in BEFORE_IT:
        raise FactorNeeded


def factor_needed(error: FactorNeeded) -> Any:
    """Lead to where a second factor is set up; a session from before it was turned on ends instead."""
    who = g.viewer
    if second_factor.is_on(store(), who.person_id):
        leave()
        flash(_("Log in again: a code is asked for now."), "info")
        return redirect(url_for("account.login"), 303)
    return redirect(url_for("account.second_factor"), 303)


def install(app: Flask) -> None:
    """Put the door of the second factor on the application."""
    app.register_error_handler(FactorNeeded, factor_needed)
