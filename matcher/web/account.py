"""Log in, log out, invitations, resets, language and one's own settings."""

from __future__ import annotations

import threading
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, session, url_for
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _

from ..exchange import demo
from ..hub import limits, links, passwords, people, sessions
from ..hub.errors import Invalid
from . import forms, resume
from .access import allowed, now, person, settings, store, viewer

blueprint = Blueprint("account", __name__)

# Within a quarter of an hour: one person from one address, one person from anywhere, one address.
LOG_INS, LOG_INS_OF_ONE, LOG_INS_FROM_ONE = 10, 50, 60
LINKS, LINKS_FROM_ONE = 5, 20
# Each check takes 19 MiB and a core for a while: a few at once are enough for people, and too few for a flood.
_checking = threading.BoundedSemaphore(2)


@blueprint.get("/login")
@allowed("public")
def login() -> Any:
    """Show the form, or go on when somebody is logged in."""
    target = forms.own_path(request.args.get("next")) or ""
    if viewer():
        return redirect(target or url_for("home.mine"))
    return resume.login_page(target=target)


@blueprint.post("/login")
@allowed("public")
def start() -> Any:
    """Check e-mail and password; a wrong one says no more than that."""
    email = passwords.address(request.form.get("email", ""))
    limits.count(store(), f"login:{email}:{request.remote_addr}", LOG_INS, now())
    limits.count(store(), f"login:{email}", LOG_INS_OF_ONE, now())
    limits.count(store(), f"login-from:{request.remote_addr}", LOG_INS_FROM_ONE, now())
    with _checking:
        person_id = passwords.authenticate(store(), email, request.form.get("password", ""))
    target = forms.own_path(request.form.get("next")) or ""
    kept, resuming = resume.carried_fields(), "resume" in request.form
    if person_id is None:
        errors = {"email": _("E-mail and password do not fit together. Check both, or ask for a new password.")}
        return resume.login_page(status=422, target=target, kept=kept, resume=resuming, errors=errors, email=email)
    enter(person_id)
    if resuming and not resume.may_resume(kept, person_id):
        flash(
            _("The form was begun by somebody else. Nothing of it was sent, and only that person can go on with it."),
            "warning",
        )
        return redirect(url_for("home.mine"), 303)
    if resuming and target:
        return resume.resume_page(target, kept)
    return redirect(target or url_for("home.mine"), 303)


def enter(person_id: str) -> None:
    """Begin a new session with nothing left of the one before (against fixation)."""
    _leave()
    session["token"] = sessions.start(store(), person_id, now())
    session.permanent = True
    g.viewer = people.viewer(store(), person_id)
    g.pop("csrf_token", None)  # one made for the session before would not fit


def _leave() -> None:
    if token := session.get("token"):
        sessions.end(store(), token, now())
    session.clear()


@blueprint.post("/logout")
@allowed("public")
def logout() -> Any:
    """End the session on the server and in the browser."""
    _leave()
    flash(_("You are logged out."), "info")
    return redirect(url_for("home.index"), 303)


@blueprint.post("/language")
@allowed("public")
def language() -> Any:
    """Keep the chosen language for the person, or for this browser."""
    chosen = request.form.get("locale", "sv")
    if chosen in people.LOCALES:
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
    email = passwords.address(request.form.get("email", ""))
    limits.count(store(), f"reset-from:{request.remote_addr}", LINKS_FROM_ONE, now())
    limits.count(store(), f"reset:{email}", LINKS, now())
    links.request_reset(store(), email, now())
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
    limits.count(store(), f"link-from:{request.remote_addr}", LINKS_FROM_ONE, now())
    try:
        with _checking:
            person_id = links.use(
                store(), token, request.form.get("password", ""), now(),
                name=request.form.get("name", ""), locale=str(get_locale()), who=viewer(),
            )  # fmt: skip
    except Invalid as error:
        return _link_form(token, forms.messages(error))
    enter(person_id)
    flash(_("Welcome! You are logged in."), "success")
    return redirect(url_for("home.mine"), 303)


def _link_form(token: str, errors: dict[str, str]) -> Any:
    found = links.get(store(), token, now())
    who = viewer()
    page = render_template(
        "account/link.html",
        link=found,
        token=token,
        themselves=bool(who) and who.person_id == found["account"],
        errors=errors,
        name=request.form.get("name", ""),
    )
    return page, 422 if errors else 200


@blueprint.get("/account")
@allowed("account")
def profile() -> Any:
    """Show one's own name, roles and settings."""
    return _profile({}, person().name)


@blueprint.post("/account")
@allowed("account")
def save_profile() -> Any:
    """Keep name, language, keyboard shortcuts and how mail comes."""
    who, typed = person(), request.form
    chosen = typed["locale"] if typed.get("locale") in people.LOCALES else who.locale
    name = typed.get("name", who.name)
    digest = {"daily": True, "each": False}.get(typed.get("mail", ""))
    try:
        people.save_settings(store(), who, name, chosen, "keyboard" in typed, now(), digest=digest)
    except Invalid as error:
        return _profile(forms.messages(error), name), 422
    with force_locale(chosen):
        flash(_("Your settings are saved."), "success")
    return redirect(url_for("account.profile"), 303)


def _profile(errors: dict[str, str], name: str) -> str:
    roles = people.roles(store(), person().person_id)
    return render_template("account/profile.html", roles=roles, errors=errors, name=name)


@blueprint.get("/account/password")
@allowed("account")
def password() -> Any:
    """Ask for the present and a new password."""
    return render_template("account/password.html", errors={})


@blueprint.post("/account/password")
@allowed("account")
def save_password() -> Any:
    """Change the password; other sessions end."""
    who, typed = person(), request.form
    limits.count(store(), f"password:{who.person_id}", LOG_INS, now())
    try:
        with _checking:
            passwords.change(store(), who, typed.get("present", ""), typed.get("password", ""), now())
    except Invalid as error:
        return render_template("account/password.html", errors=forms.messages(error)), 422
    enter(who.person_id)
    flash(_("The password is changed. Everywhere else you are logged out."), "success")
    return redirect(url_for("account.profile"), 303)


@blueprint.after_request
def _never_stored(response: Response) -> Response:
    """Keep log-in forms and links out of every cache, for visitors too."""
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.app_context_processor
def _demo() -> dict[str, Any]:
    return {"demo_accounts": demo_accounts, "demo_password": demo.PASSWORD}


def demo_accounts() -> tuple[dict[str, str], ...]:
    """Return the demo log-ins to show beside the form; empty in a real hub."""
    return demo.ACCOUNTS if settings().demo and demo.is_loaded(store()) else ()
