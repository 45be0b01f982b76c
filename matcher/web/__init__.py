"""The pages. One blueprint a noun; what all of them share is installed here: the door, headers, errors, words."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from json import JSONDecodeError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, current_app, g, redirect, render_template, request, session, url_for
from flask_babel import Babel, get_locale
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.datastructures import LanguageAccept
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.exceptions import NotFound as NoSuchAddress
from werkzeug.http import parse_accept_header
from werkzeug.routing import RoutingException

from .. import logs
from ..hub import clock, sessions
from ..hub.errors import Conflict, Denied, HubError, Invalid, NotFound
from ..hub.limits import TooMany
from ..store import NotServed, StoreBusy, StoreUnavailable, TextRefused
from ..store.schema import refuse
from . import cookies, entering, field_names, origin, personal_words, record_words, resume, security_log, words
from .access import LoginNeeded, may, settings, store, viewer
from .menu import navigation

if TYPE_CHECKING:
    from ..ranking.encoder import Encoder

LOCALES = ("sv", "en")
RETRY_SECONDS = "10"  # after a 503

# Asked for by the page itself again and again: no sign that anybody sits there, so it keeps no session alive.
POLLED = frozenset({"imports.progress"})

# Answer also while the database cannot be used.
WITHOUT_STORE = frozenset({"static", "health.alive", "health.ready"})

# Domain errors and the status each becomes; the most special class first.
STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (NotFound, 404),
    (Denied, 403),
    (Invalid, 422),
    (Conflict, 409),
    (TooMany, 429),
    (HubError, 400),
    (TextRefused, 400),
    (NotServed, 503),
    (StoreBusy, 503),
    (StoreUnavailable, 503),
    (JSONDecodeError, 503),  # of a row: what people send as JSON is read in a process apart, so the file is damaged
)

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def install(app: Flask, encoder: Encoder | None) -> None:
    """Put the whole web layer on the application and check that no view was left without a rule."""
    from . import blueprints, ranking

    app.ensure_sync = lambda view: view  # type: ignore[method-assign]  # none of ours is async; Flask looks at each call
    app.session_interface = cookies.CookieSessions()
    Babel(app, locale_selector=_locale)
    app.before_request(_whole)
    app.before_request(_who)
    app.before_request(origin.check)
    CSRFProtect(app)
    app.after_request(origin.keep_cookie)
    app.after_request(_headers)
    security_log.install(app)
    app.context_processor(_context)
    app.url_defaults(_static_version)
    words.install(app)
    resume.install(app)
    entering.install(app)
    record_words.install(app)
    personal_words.install(app)
    field_names.install(app)
    ranking.install(app, encoder)
    for kind, status in STATUSES:
        app.register_error_handler(kind, _domain_error(status))
    app.register_error_handler(LoginNeeded, resume.login_needed)
    app.register_error_handler(CSRFError, resume.csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    for blueprint in blueprints.ALL:
        app.register_blueprint(blueprint)
    bare = [
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and not hasattr(app.view_functions[rule.endpoint], "action")
    ]
    if bare:
        raise RuntimeError(f"views without @allowed: {', '.join(sorted(bare))}")


def _locale() -> str:
    person = viewer()
    chosen = person.locale if person else session.get("locale")
    return chosen if chosen in LOCALES else _preferred(request.headers.get("Accept-Language", ""))


@lru_cache(maxsize=256)
def _preferred(header: str) -> str:
    """Return which of our languages a browser likes best; most visitors send one of few headers."""
    return parse_accept_header(header, LanguageAccept).best_match(LOCALES, "sv") or "sv"


def _whole() -> None:
    """Refuse half a copy and another version's database; looked at until it was found whole once in this process."""
    if request.endpoint in WITHOUT_STORE or current_app.extensions.get("whole"):
        return
    try:
        refuse(store())
    except NotServed as error:
        current_app.logger.error("%s", error)
        raise
    current_app.extensions["whole"] = True


def _who() -> None:
    token = session.get("token")
    if request.endpoint == "static" or not token:
        return
    moment = clock.now()
    g.viewer = sessions.viewer(store(), token, moment)
    if g.viewer:
        if request.endpoint not in POLLED:
            sessions.touch(store(), token, moment)
        entering.check(g.viewer)
    else:
        g.was = sessions.holder(store(), token)
        session.pop("token")


def _headers(response: Response) -> Response:
    given = {name.lower() for name, _value in response.headers}
    response.headers.extend([(name, value) for name, value in HEADERS.items() if name.lower() not in given])
    if settings().https:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint != "static" and (viewer() or request.method != "GET"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _context() -> dict[str, Any]:
    return {
        "viewer": viewer(),
        "locale": str(get_locale()),
        "may": may,
        "navigation": navigation(),
        "settings": settings(),
        "links": {
            "home": url_for("home.index"),
            "search": url_for("search.results"),
            "log_in": url_for("account.login"),
            "log_out": url_for("account.logout"),
            "account": url_for("account.profile"),
            "language": url_for("account.language"),
            "help": url_for("home.ranking"),
            "accessibility": url_for("home.accessibility"),
            "privacy": url_for("home.privacy"),
            "open_data": url_for("api.docs"),
        },
    }


def _static_version(endpoint: str, values: dict[str, Any]) -> None:
    """Add a hash of the file to its address, so that it can be cached for a year."""
    if endpoint == "static" and "v" not in values:
        values["v"] = _file_hash(current_app, values["filename"])


def _file_hash(app: Flask, filename: str) -> str:
    known: dict[str, str] = app.extensions.setdefault("static_hashes", {})
    if filename not in known:
        path = Path(app.static_folder or "") / filename
        known[filename] = hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else ""
    return known[filename]


def error_page(status: int, message: str = "") -> tuple[str, int]:
    """Return the page for an error; `message` is a sentence for people, with the remedy."""
    known = status if status in (400, 403, 404, 409, 413, 422, 429, 500, 503) else 400 if status < 500 else 500
    again = resume.to_send_again() if known in (429, 503) else {}
    if known >= 500:
        # What the other pages need (store, session) may be what failed: this one stands alone.
        page = current_app.jinja_env.get_template(f"errors/{known}.html").render(
            locale=_safe_locale(), contact=settings().contact, **again
        )
        return page, status
    return render_template(f"errors/{known}.html", message=message, **again), status


def _safe_locale() -> str:
    return _preferred(request.headers.get("Accept-Language", ""))


def _domain_error(status: int) -> Any:
    def answer(error: Exception) -> Response:
        if isinstance(error, JSONDecodeError):
            told = json.dumps(logs.told(error))
            current_app.logger.error("the database is damaged: a text that has to be JSON is none: %s", told)
        elif isinstance(error, StoreUnavailable):
            current_app.logger.error("the database cannot be used: %s", str(error).partition("\n")[0])
        response = current_app.make_response(error_page(status, words.sentence(error)))
        if isinstance(error, TooMany):
            response.headers["Retry-After"] = str(60 * error.params["minutes"])
        elif status == 503:
            response.headers["Retry-After"] = RETRY_SECONDS
        return response

    return answer


def _without_slash() -> Response | None:
    """Return the way to the page that an address with a slash too many means; None when there is none."""
    if request.method not in ("GET", "HEAD") or not isinstance(request.routing_exception, NoSuchAddress):
        return None
    try:
        endpoint, values = current_app.create_url_adapter(request).match(request.path.rstrip("/"))
    except (HTTPException, RoutingException):
        return None
    # The address is made anew from the rule, so that it can be no other than our own.
    address = url_for(endpoint, **values)
    query = request.query_string.decode("ascii", "ignore")
    return redirect(f"{address}?{query}" if query else address, 308)


def _http_error(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    if error.code == 404 and (way := _without_slash()):
        return way
    if isinstance(error, SecurityError):  # an unknown Host: no address can be made for a page
        return Response("400: this service does not answer to that name.\n", 400, mimetype="text/plain")
    page, status = error_page(error.code)
    response = current_app.make_response((page, status))
    for name in ("Allow", "Retry-After"):
        if name in error.get_response().headers:
            response.headers[name] = error.get_response().headers[name]
    return response
