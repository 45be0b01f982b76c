"""Log in, log out, invitations, resets, language and one's own settings."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from flask_babel import force_locale, get_locale, ngettext
from flask_babel import gettext as _

from ..exchange import demo
from ..hub import feeds, identities, limits, links, passwords, people, second_factor, sessions
from ..hub.errors import Invalid
from . import entering, forms, resume
from .access import allowed, now, person, place, settings, store, viewer

blueprint = Blueprint("account", __name__)

# Within a quarter of an hour: one person from one address, one person from anywhere, one address.
LOG_INS, LOG_INS_OF_ONE, LOG_INS_FROM_ONE = 10, 50, 60
LINKS, LINKS_FROM_ONE = 5, 20
SHOWN = 20  # of a person's open sessions


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
    tries = ((f"login:{email}:{place()}", LOG_INS), (f"login:{email}", LOG_INS_OF_ONE))
    limits.count_all(store(), (*tries, (f"login-from:{place()}", LOG_INS_FROM_ONE)), now())
    with entering.CHECKING:
        person_id = passwords.authenticate(store(), email, request.form.get("password", ""))
    way = entering.Way.of_form()
    if person_id is None:
        errors = {"email": _("E-mail and password do not fit together. Check both, or ask for a new password.")}
        return resume.login_page(status=422, errors=errors, email=email, **way.carried())
    return entering.admit(person_id, way)


@blueprint.post("/logout")
@allowed("public")
def logout() -> Any:
    """End the session on the server and in the browser."""
    entering.leave()
    flash(_("You are logged out."), "info")
    answer = redirect(url_for("home.index"), 303)
    # Pages of the person are never stored, but the browser may still hold the last ones for its back button.
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


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
    limits.count_all(store(), ((f"reset-from:{place()}", LINKS_FROM_ONE), (f"reset:{email}", LINKS)), now())
    given = settings().oidc
    links.request_reset(store(), email, now(), given.issuer if given else None)
    flash(
        _("If there is an account with that address, a mail is on its way. A link for a password works for two hours."),
        "success",
    )
    return redirect(url_for("account.login"), 303)


@blueprint.get("/link/<token>")
@allowed("public")
def link(token: str) -> Any:
    """Show what a link is for. Nothing happens until the form is sent."""
    return _link_form(token, {})


@blueprint.post("/link/<token>")
@allowed("public")
def use_link(token: str) -> Any:
    """Use an invitation or a reset once, and log in; who has a second factor is asked for it here too."""
    limits.count(store(), f"link-from:{place()}", LINKS_FROM_ONE, now())
    who = viewer()
    try:
        with entering.CHECKING:
            person_id = links.use(
                store(), token, request.form.get("password", ""), now(),
                name=request.form.get("name", ""), locale=str(get_locale()), who=who,
            )  # fmt: skip
    except Invalid as error:
        return _link_form(token, forms.messages(error))
    answer = entering.admit(person_id, entering.Way(), who.factor if who and who.person_id == person_id else None)
    if entered := viewer():
        with force_locale(entered.locale):  # the next page speaks the language of the account
            flash(_("Welcome! You are logged in."), "success")
            _tell_of_calendars()
    return answer


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
    if name != who.name:
        limits.count(store(), f"rename:{who.person_id}", LOG_INS, now())
    try:
        people.save_settings(store(), who, name, chosen, "keyboard" in typed, now(), digest=digest)
    except Invalid as error:
        return _profile(forms.messages(error), name), 422
    with force_locale(chosen):
        flash(_("Your settings are saved."), "success")
    return redirect(url_for("account.profile"), 303)


def _profile(errors: dict[str, str], name: str) -> str:
    who, given = person(), settings().oidc
    open_ones = sessions.of_person(store(), who, session.get("token"), now())
    return render_template(
        "account/profile.html",
        sessions=open_ones[:SHOWN],
        more=len(open_ones[SHOWN:]),
        fresh=sessions.is_fresh(open_ones, now()),
        roles=people.roles(store(), who.person_id),
        factor=second_factor.state(store(), who.person_id),
        connected_at=identities.linked_at(store(), who, given.issuer) if given else None,
        password=passwords.has_one(store(), who.person_id),
        errors=errors,
        name=name,
    )


def profile_page(errors: dict[str, str]) -> str:
    """Return "My account" with errors beside the fields of another of its forms."""
    return _profile(errors, person().name)


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
        with entering.CHECKING:
            passwords.change(store(), who, typed.get("present", ""), typed.get("password", ""), now())
    except Invalid as error:
        return render_template("account/password.html", errors=forms.messages(error)), 422
    entering.enter(who.person_id, who.factor)
    flash(_("The password is changed. Everywhere else you are logged out."), "success")
    _tell_of_calendars()
    return redirect(url_for("account.profile"), 303)


def _tell_of_calendars() -> None:
    """Name what outlives a password: who changes it because somebody was in the account may not think of it."""
    if count := len(feeds.of_person(store(), person())):
        flash(
            ngettext(
                "One calendar link still works. If you do not know it, end it under Calendar links.",
                "%(num)s calendar links still work. If you do not know them all, end them under Calendar links.",
                count,
            ),
            "warning",
        )


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
