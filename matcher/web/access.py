"""The door: every view says what it does, and a loader fetches the thing within what the person may see.

    @blueprint.get("/needs/<need_id>")
    @allowed("need.view", needs.load)
    def show(need): ...

The loader is called as `load(store, viewer, **url arguments)` and its row replaces the arguments. A view
without `allowed` stops the application from starting.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import current_app, g, request

from ..config import Config
from ..hub import clock, limits
from ..hub.errors import Denied, NotFound
from ..hub.people import Viewer
from ..hub.permissions import RULES, can
from ..store import Store

Loader = Callable[..., dict[str, Any]]


class LoginNeeded(Exception):
    """Nobody is logged in, or the session has run out, and the action asks for a person."""


def store() -> Store:
    """Return the store of the running application."""
    return current_app.extensions["store"]


def settings() -> Config:
    """Return the settings of the running application."""
    return current_app.config["MATCHER"]


def viewer() -> Viewer | None:
    """Return who is behind this request, or None for a visitor."""
    return g.get("viewer")


def person() -> Viewer:
    """Return who is behind this request; raise LoginNeeded for a visitor."""
    found = viewer()
    if found is None:
        raise LoginNeeded
    return found


def place() -> str:
    """Return where this request comes from, as tries are counted by."""
    return limits.place(request.remote_addr)


def now() -> str:
    """Return the moment of this request, the same wherever it is asked for."""
    if "now" not in g:
        g.now = clock.now()
    return g.now


def may(action: str, thing: dict[str, Any] | None = None) -> bool:
    """Whether the person behind this request may do `action`; for templates, which show only what works."""
    return can(viewer(), action, thing)


def allowed(action: str, load: Loader | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare what a view does; deny, or ask for a log-in, before it runs."""
    if action not in RULES:
        raise ValueError(f"no rule for the action {action!r} in hub/permissions.py")

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(**arguments: Any) -> Any:
            if any("\x00" in value for value in arguments.values()):  # no id holds one, and no store can look for it
                raise NotFound("page")
            if load is None:
                _check(action, None)
                return view(**arguments)
            if viewer() is None and not can(None, action, {}):
                raise LoginNeeded
            thing = load(store(), viewer(), **arguments)
            _check(action, thing)
            return view(thing)

        guarded.action = action
        return guarded

    return decorate


def _check(action: str, thing: dict[str, Any] | None) -> None:
    if can(viewer(), action, thing):
        return
    if viewer() is None:
        raise LoginNeeded
    # What one may see but not do is forbidden; a page that is not for this role does not exist.
    raise Denied("denied") if thing is not None else NotFound("page")
