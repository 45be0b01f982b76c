"""Pages that look the same to every visitor are made once, and again when anything in the hub has changed.

    @blueprint.get("/needs")
    @allowed("public")
    @kept
    def listing(): ...

Kept is only what somebody who is not logged in sees. A page belongs to its address, the reader's language and the day
(lists leave out what has run out), and holds as long as the record stands where it stood before the page was made.
The token against forged forms is each visitor's own: where it stands, the kept page has a gap.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import current_app, g, request, session
from flask_wtf.csrf import generate_csrf

from ..hub import clock, record
from . import words
from .access import now, store, viewer

MOST = 200  # pages a process, of about 25 kB each
_GAP = secrets.token_hex(20)

Key = tuple[str, ...]
Stand = tuple[int, str]


class Pages:
    """The pages that a process keeps, each as what stands between the gaps. Safe to use from many threads."""

    def __init__(self) -> None:
        """Begin with none."""
        self._held: OrderedDict[Key, tuple[Stand, list[str]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key, stand: Stand) -> list[str] | None:
        """Return a page that was made at this stand of the record, or None."""
        with self._lock:
            found = self._held.get(key)
            if found is None or found[0] != stand:
                return None
            self._held.move_to_end(key)
            return found[1]

    def put(self, key: Key, stand: Stand, parts: list[str]) -> None:
        """Keep a page; the one that was not asked for longest gives way."""
        with self._lock:
            self._held[key] = (stand, parts)
            self._held.move_to_end(key)
            while len(self._held) > MOST:
                self._held.popitem(last=False)


def kept(view: Callable[[], str]) -> Callable[[], str]:
    """Keep the page of a view without arguments for visitors."""

    @wraps(view)
    def answer() -> str:
        if viewer() is not None or "_flashes" in session:
            return view()
        parts = once((request.full_path, words.language(), clock.day(now())), lambda: _made(view))
        return generate_csrf().join(parts) if len(parts) > 1 else parts[0]

    return answer


def once(key: Key, make: Callable[[], list[str]]) -> list[str]:
    """Return what `make` gives, kept under a key that says all it depends on beside the hub's rows."""
    pages: Pages = current_app.extensions.setdefault("pages", Pages())
    stand = record.stand(store())  # before it is made: what changes meanwhile makes it old
    parts = pages.get(key, stand)
    if parts is None:
        parts = make()
        pages.put(key, stand, parts)
    return parts


def _made(view: Callable[[], Any]) -> list[str]:
    """Return the page in parts, between which the token stands."""
    g.csrf_token = _GAP  # where flask-wtf keeps the token of a request
    try:
        return view().split(_GAP)
    finally:
        g.pop("csrf_token")
