"""Log-in with the organisation's account: out to the provider and back, connecting and disconnecting it.

The way out begins with a form, like every write. Its answer is a page that leads on: browsers do not let a form of
ours end up at another site (`form-action 'self'`), and that is as it should be.
"""

from __future__ import annotations

import hmac
import json
from typing import Any

from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from ..exchange.openid import Begun, Claims, Provider, ProviderAway, TokenRefused
from ..hub import identities, limits, links, login_steps
from ..hub.errors import Conflict, Invalid, NotFound
from . import account, entering, forms, resume, words
from .access import allowed, now, person, place, settings, store, viewer
from .account import blueprint

TYPED = 100_000  # characters of a form that are kept on the server while somebody is at their provider
PROVIDER = "openid"  # among the application's extensions


def provider() -> Provider:
    """Return the provider of the settings; raise NotFound when there is none."""
    given = settings().oidc
    if given is None:
        raise NotFound("page")
    known = current_app.extensions.get(PROVIDER)
    if known is None or known.issuer != given.issuer:
        known = current_app.extensions[PROVIDER] = Provider(given)
    return known


@blueprint.post("/login/openid")
@allowed("public")
def openid() -> Any:
    """Begin a log-in at the provider."""
    return _go_out("login", entering.Way.of_form())


@blueprint.post("/link/<token>/openid")
@allowed("public")
def openid_link(token: str) -> Any:
    """Begin to accept an invitation with the account at the provider."""
    provider()
    limits.count(store(), f"link-from:{place()}", account.LINKS_FROM_ONE, now())
    link = links.get(store(), token, now())
    if link["purpose"] != "invite":
        raise NotFound("link")
    return _go_out("invite", entering.Way(), link=link["token_hash"])


@blueprint.post("/account/openid")
@allowed("account")
def connect() -> Any:
    """Begin to connect the account at the provider with the one here."""
    provider()
    limits.count(store(), f"password:{person().person_id}", account.LOG_INS, now())
    try:
        with entering.CHECKING:
            identities.check_password(store(), person(), request.form.get("present", ""))
    except Invalid as error:
        return account.profile_page({f"{name}-connect": text for name, text in forms.messages(error).items()}), 422
    return _go_out("connect", entering.Way(), person_id=person().person_id)


@blueprint.post("/account/openid/disconnect")
@allowed("account")
def disconnect() -> Any:
    """Let the account at the provider log in no more."""
    who, issuer = person(), provider().issuer
    limits.count(store(), f"password:{who.person_id}", account.LOG_INS, now())
    try:
        with entering.CHECKING:
            identities.disconnect(store(), who, issuer, request.form.get("present", ""), now())
    except Invalid as error:
        return account.profile_page({f"{name}-connect": text for name, text in forms.messages(error).items()}), 422
    entering.enter(str(who.person_id), who.factor)
    flash(_("%(name)s is disconnected. You log in with your password.", name=provider().name), "success")
    return redirect(url_for("account.profile"), 303)


def _go_out(purpose: str, way: entering.Way, person_id: str | None = None, **more: str) -> Any:
    """Keep on the server what has to come back, and lead to the provider."""
    chosen = provider()
    limits.count(store(), f"openid-from:{place()}", account.LOG_INS_FROM_ONE, now())
    kept = {"target": way.target, "kept": way.kept, "resuming": way.resuming}
    if len(json.dumps(kept)) > TYPED:
        return _not_in(_("The form holds too much to be kept on this way. Log in with your password."), way, 422)
    try:
        begun = chosen.begin(_back())
    except ProviderAway as error:
        return _away(error, way)
    wanted = {"state": begun.state, "nonce": begun.nonce, "verifier": begun.verifier}
    session["openid"] = login_steps.begin(
        store(), "openid", now(), person_id, purpose=purpose, **wanted, **kept, **more
    )
    return _leading_on(begun)


def _leading_on(begun: Begun) -> str:
    return render_template("account/openid_go.html", name=provider().name, address=begun.url)


def _back() -> str:
    """Return our address as it is registered at the provider: of the settings, never of the Host header."""
    return settings().base_url + url_for("account.openid_back")


def _away(error: ProviderAway, way: entering.Way) -> Any:
    current_app.logger.warning("the log-in of %s is away: %s", provider().issuer, error)
    said = _("%(name)s does not answer just now. Log in with your password, or try again later.", name=provider().name)
    return _not_in(said, way, 503)


def _not_in(message: str, way: entering.Way, status: int) -> Any:
    return resume.login_page(status=status, errors={"": message}, **way.carried())


@blueprint.get("/login/openid/back")
@allowed("public")
def openid_back() -> Any:
    """Take what the provider sent back with the browser: once, in the browser that went out, and only its own."""
    chosen, token = provider(), session.get("openid")
    step = login_steps.get(store(), "openid", token, now())
    if step is None or not _same(request.args.get("state"), step["detail"]["state"]):
        flash(_("That log-in took too long or was begun elsewhere. Begin it again here."), "warning")
        return redirect(url_for("account.login"))
    session.pop("openid")
    if login_steps.end(store(), "openid", token, now()) is None:
        return redirect(url_for("account.login"))
    detail = step["detail"]
    way = entering.Way(detail["target"], [(name, value) for name, value in detail["kept"]], detail["resuming"])
    if "code" not in request.args:
        return _not_in(_("The log-in at %(name)s was broken off.", name=chosen.name), way, 422)
    try:
        claims = chosen.finish(
            request.args["code"], request.args.get("iss"), _back(), detail["verifier"], detail["nonce"]
        )
    except ProviderAway as error:
        return _away(error, way)
    except TokenRefused as error:
        identities.refused(store(), chosen.issuer, str(error), now())
        said = _("What %(name)s sent cannot be trusted, so nobody was logged in. Try again, or tell the hub.",
                 name=chosen.name)  # fmt: skip
        return _not_in(said, way, 422)
    return {"login": _log_in, "invite": _accept, "connect": _connect}[detail["purpose"]](claims, step, way)


def _same(given: str | None, wanted: str) -> bool:
    return hmac.compare_digest((given or "").encode("utf8", "replace"), wanted.encode())


def _factor(claims: Claims) -> str | None:
    return "provider" if claims.two_factors else None


def _log_in(claims: Claims, step: dict[str, Any], way: entering.Way) -> Any:
    person_id = identities.find(store(), claims.issuer, claims.subject)
    if person_id is None:
        return _unknown()
    return entering.admit(person_id, way, _factor(claims))


def _unknown(message: str = "") -> tuple[str, int]:
    page = render_template("account/openid_unknown.html", name=provider().name, message=message)
    return page, 409 if message else 403


def _accept(claims: Claims, step: dict[str, Any], way: entering.Way) -> Any:
    link = step["detail"]["link"]
    try:
        person_id = identities.accept(
            store(), link, claims.issuer, claims.subject, now(), name=claims.name, locale=str(get_locale())
        )
    except Conflict as error:
        return _unknown(words.sentence(error))
    answer = entering.admit(person_id, way, _factor(claims))
    if viewer():
        flash(_("Welcome! You are logged in."), "success")
    return answer


def _connect(claims: Claims, step: dict[str, Any], way: entering.Way) -> Any:
    who = viewer()
    if who is None or who.person_id != step["person_id"]:
        flash(_("Log in again first, and connect then."), "warning")
        return redirect(url_for("account.login"))
    try:
        identities.connect(store(), str(who.person_id), claims.issuer, claims.subject, now())
    except Conflict as error:
        return _unknown(words.sentence(error))
    entering.enter(str(who.person_id), who.factor)
    flash(_("%(name)s is connected: it lets you in from now on.", name=provider().name), "success")
    return redirect(url_for("account.profile"))
