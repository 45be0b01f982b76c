"""Log in, log out, invitations, resets, language and one's own settings."""

from __future__ import annotations

import threading
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _

from ..exchange import demo
from ..hub import limits, people, sessions
from ..hub.errors import Conflict, Invalid
from . import forms, words
from .access import allowed, now, person, settings, store, viewer

blueprint = Blueprint("account", __name__)

LOG_INS_A_QUARTER = 10
LOG_INS_A_QUARTER_FROM_ONE_ADDRESS = 60
LINKS_A_QUARTER = 5
# Each check takes 19 MiB and a core for a while: a few at once are enough for people, and too few for a flood.
_checking = threading.BoundedSemaphore(2)


@blueprint.get("/login")
@allowed("public")
def login() -> Any:
    """Show the form, or go on when somebody is logged in."""
    target = forms.own_path(request.args.get("next"))
    if viewer():
        return redirect(target or url_for("home.mine"))
    return render_template("account/login.html", next=target or "", kept=[], errors={}, email="")


@blueprint.post("/login")
@allowed("public")
def start() -> Any:
    """Check e-mail and password; a wrong one says no more than that."""
    email = request.form.get("email", "")[:254].strip().lower()
    limits.count(store(), f"login:{email}", LOG_INS_A_QUARTER, now())
    limits.count(store(), f"login-from:{request.remote_addr}", LOG_INS_A_QUARTER_FROM_ONE_ADDRESS, now())
    with _checking:
        person_id = people.authenticate(store(), email, request.form.get("password", "")[:1000])
    target = forms.own_path(request.form.get("next"))
    kept = [(name[5:], value) for name, value in request.form.items(multi=True) if name.startswith("kept:")]
    if person_id is None:
        errors = {"email": _("E-mail and password do not fit together. Check both, or ask for a new password.")}
        return render_template("account/login.html", next=target or "", kept=kept, errors=errors, email=email), 422
    enter(person_id)
    if kept and target:
        return render_template("account/resume.html", action=target, kept=kept)
    return redirect(target or url_for("home.mine"), 303)


def enter(person_id: str) -> None:
    """Begin a new session with nothing left of the one before (against fixation)."""
    session.clear()
    session["token"] = sessions.start(store(), person_id, now())
    session.permanent = True


@blueprint.post("/logout")
@allowed("public")
def logout() -> Any:
    """End the session on the server and in the browser."""
    if token := session.get("token"):
        sessions.end(store(), token, now())
    session.clear()
    flash(_("You are logged out."), "info")
    return redirect(url_for("home.index"), 303)


@blueprint.post("/language")
@allowed("public")
def language() -> Any:
    """Keep the chosen language for the person, or for this browser."""
    chosen = request.form.get("locale", "sv")
    if chosen in ("sv", "en"):
        session["locale"] = chosen
        if who := viewer():
            people.set_locale(store(), who.person_id, chosen)
    return redirect(forms.own_path(request.form.get("next")) or url_for("home.index"), 303)


@blueprint.get("/password")
@allowed("public")
def forgotten() -> Any:
    """Ask for a link to choose a new password."""
    return render_template("account/forgotten.html")


@blueprint.post("/password")
@allowed("public")
def send_reset() -> Any:
    """Send the link if there is such an account; the answer is the same if there is none."""
    limits.count(store(), f"reset-from:{request.remote_addr}", LINKS_A_QUARTER * 4, now())
    limits.count(store(), f"reset:{request.form.get('email', '').strip().lower()[:254]}", LINKS_A_QUARTER, now())
    people.request_reset(store(), request.form.get("email", ""), now())
    flash(_("If there is an account with that address, a link is on its way. It works for two hours."), "success")
    return redirect(url_for("account.login"), 303)


@blueprint.get("/link/<token>")
@allowed("public")
def link(token: str) -> Any:
    """Show what a link is for. Nothing happens until the form is sent."""
    return _link_form(token, {})


@blueprint.post("/link/<token>")
@allowed("public")
def use_link(token: str) -> Any:
    """Use an invitation or a reset once, and log in."""
    limits.count(store(), f"link-from:{request.remote_addr}", LINKS_A_QUARTER * 4, now())
    try:
        with _checking:
            person_id = people.use_link(
                store(), token, request.form.get("password", ""), now(),
                name=request.form.get("name", ""), locale=str(get_locale()),
            )  # fmt: skip
    except Invalid as error:
        return _link_form(token, forms.messages(error))
    enter(person_id)
    flash(_("Welcome! You are logged in."), "success")
    return redirect(url_for("home.mine"), 303)


def _link_form(token: str, errors: dict[str, str]) -> Any:
    found = people.link(store(), token, now())
    known = people.has_account(store(), found["email"])
    page = render_template(
        "account/link.html", link=found, token=token, known=known, errors=errors, name=request.form.get("name", "")
    )
    return page, 422 if errors else 200


@blueprint.get("/account")
@allowed("account")
def profile() -> Any:
    """Show one's own name, roles and settings."""
    return render_template("account/profile.html", roles=people.roles(store(), person().person_id), errors={})


@blueprint.post("/account")
@allowed("account")
def save_profile() -> Any:
    """Keep language and keyboard shortcuts."""
    who = person()
    chosen = request.form.get("locale", who.locale)
    if chosen in ("sv", "en"):
        people.set_locale(store(), who.person_id, chosen)
    people.set_keyboard(store(), who.person_id, "keyboard" in request.form, now())
    with force_locale(chosen if chosen in ("sv", "en") else who.locale):
        flash(_("Your settings are saved."), "success")
    return redirect(url_for("account.profile"), 303)


@blueprint.post("/account/password")
@allowed("account")
def save_password() -> Any:
    """Change the password; other sessions end."""
    limits.count(store(), f"password:{person().person_id}", LOG_INS_A_QUARTER, now())
    try:
        with _checking:
            people.change_password(
                store(), person(), request.form.get("present", ""), request.form.get("password", ""), now()
            )
    except Invalid as error:
        roles = people.roles(store(), person().person_id)
        return render_template("account/profile.html", roles=roles, errors=forms.messages(error)), 422
    except Conflict as error:
        flash(words.sentence(error), "danger")
        return redirect(url_for("account.profile"), 303)
    enter(person().person_id)
    flash(_("The password is changed. Everywhere else you are logged out."), "success")
    return redirect(url_for("account.profile"), 303)


def demo_accounts() -> tuple[dict[str, str], ...]:
    """Return the demo log-ins to show beside the form; empty in a real hub."""
    return demo.ACCOUNTS if settings().demo and demo.is_loaded(store()) else ()


@blueprint.context_processor
def _demo() -> dict[str, Any]:
    return {"demo_accounts": demo_accounts}
