"""Security events, a line of JSON each (`matcher.logs`): what happened, to whom, from where, how it was answered.

A line holds ids only. Addresses on the network and e-mail addresses that were typed stand there as digests keyed with
the hub's secret: lines about the same one can be found together, and nobody can read which one it was.
"""

from __future__ import annotations

import hashlib
import hmac
import logging

from flask import Flask, Response, g, request

from ..hub import passwords
from .access import settings, viewer

log = logging.getLogger("matcher.security")

# Every try at these is told of, also one that went well.
DOORS = {
    "account.start": "log_in",
    "account.logout": "log_out",
    "account.use_link": "link",
    "account.send_reset": "reset_asked",
    "account.save_password": "password",
    "account.end_session": "session_end",
    "account.end_other_sessions": "session_end",
    "account.give_code": "log_in_code",
    "account.openid_back": "log_in_elsewhere",
    "account.confirm_factor": "second_factor",
    "account.new_codes": "second_factor",
    "account.factor_off": "second_factor",
}
# Elsewhere these answers are: a form from another site or without its token, a thing that is not theirs, a flood.
ANSWERS = {400: "refused", 401: "not_logged_in", 403: "denied", 404: "not_found", 413: "too_large", 429: "too_many"}


def install(app: Flask) -> None:
    """Tell of security events."""
    app.after_request(_tell)


def _tell(response: Response) -> Response:
    event = _event(response.status_code)
    if event:
        who = viewer() or g.get("left")
        line = {
            "event": event,
            "status": response.status_code,
            "method": request.method,
            "endpoint": request.endpoint,
            **{name: value[:40] for name, value in (request.view_args or {}).items() if name.endswith("_id")},
            "person": g.get("on_the_way") or (who.person_id if who else None),
            "from": _mark(request.remote_addr or ""),
            **({"account": _mark(_typed())} if event == "log_in" and response.status_code in (303, 422, 429) else {}),
        }
        # As a warning: that is what comes out where nobody has set up logging.
        log.warning(event, extra={"told": line})
    return response


def _event(status: int) -> str | None:
    if request.endpoint in DOORS and (request.method == "POST" or request.endpoint == "account.openid_back"):
        return DOORS[request.endpoint]
    if status >= 500:
        return "error"
    if status == 404 and request.endpoint in (None, "static"):  # a mistyped address is nothing that was guarded
        return None
    return ANSWERS.get(status)


def _typed() -> str:
    return passwords.address(request.form.get("email", ""))


def _mark(text: str) -> str:
    key = hashlib.sha256(b"matcher security log " + settings().secret_key.encode()).digest()
    return hmac.new(key, text.encode("utf8", "replace"), hashlib.sha256).hexdigest()[:16]
