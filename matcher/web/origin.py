"""Writes come from our own pages: the Origin check that stands beside the CSRF token.

Browsers send Origin, and newer ones Sec-Fetch-Site, with every form. A client that sends neither is held to the
token alone.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, g, request, session
from werkzeug.exceptions import BadRequest

from .access import settings

SAFE = ("GET", "HEAD", "OPTIONS")
OWN_SITE = (None, "same-origin", "none")


def check() -> None:
    """Refuse a write that another site's page sent; before the token is looked at, so that nothing is offered to it."""
    if request.method not in SAFE and foreign():
        g.foreign = True
        raise BadRequest("origin")


def foreign() -> bool:
    """Whether the browser says that another site's page sent this request."""
    origin = request.headers.get("Origin")
    other = origin is not None and urlsplit(origin).netloc not in (request.host, settings().host)
    return other or request.headers.get("Sec-Fetch-Site") not in OWN_SITE


def keep_cookie(response: Response) -> Response:
    """Leave the browser's session alone when another site sent the request.

    Such a request comes without our cookie (SameSite), so that any session set in the answer would log the person out.
    """
    if g.get("foreign"):
        session.modified = False
    return response
