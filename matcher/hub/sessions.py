"""Log-in sessions, kept on the server. The browser holds a 256-bit token, the store its hash."""

from __future__ import annotations

from dataclasses import replace

from ..store import Store
from . import people
from .clock import later, latest
from .ids import new_token, token_hash

IDLE_MINUTES = {"administrator": 30, "broker": 30}
IDLE_DEFAULT_MINUTES = 8 * 60
LONGEST_DAYS = 7
KEPT_DAYS = 30


def start(store: Store, person_id: str, now: str, factor: str | None = None) -> str:
    """Begin a session and return its token; rights are read anew at every request.

    `factor` says how a second factor was given: `code`, `recovery` or `provider` (the organisation's own log-in).
    """
    token = new_token()
    store.insert(
        "session",
        {
            "token_hash": token_hash(token),
            "person_id": person_id,
            "created_at": now,
            "seen_at": now,
            "factor": factor,
        },
    )
    return token


def viewer(store: Store, token: str, now: str) -> people.Viewer | None:
    """Return who holds this token, or None when the session is unknown, revoked, idle too long or too old.

    One that was begun or used in time to come is ended too: a clock was wrong (`clock.latest`).
    """
    rows = store.query(
        """select * from session where token_hash = :hash and revoked_at is null and created_at > :oldest
           and created_at <= :latest and seen_at <= :latest""",
        {"hash": token_hash(token), "oldest": later(now, days=-LONGEST_DAYS), "latest": latest(now)},
    )
    found = people.viewer(store, rows[0]["person_id"]) if rows else None
    if found is None:
        return None
    idle = min(
        (IDLE_MINUTES.get(role, IDLE_DEFAULT_MINUTES) for role, _ in found.roles),
        default=IDLE_DEFAULT_MINUTES,
    )
    return replace(found, factor=rows[0]["factor"]) if rows[0]["seen_at"] > later(now, minutes=-idle) else None


def holder(store: Store, token: str) -> str | None:
    """Return the id of the person whose session this is or was, also when it has ended; None when it is unknown."""
    rows = store.query("select person_id from session where token_hash = :hash", {"hash": token_hash(token)})
    return rows[0]["person_id"] if rows else None


def touch(store: Store, token: str, now: str) -> None:
    """Note that a session is in use, at most once a minute, so that reading pages hardly ever writes."""
    store.execute(
        "update session set seen_at = :now where token_hash = :hash and seen_at < :minute_ago",
        {"hash": token_hash(token), "now": now, "minute_ago": later(now, minutes=-1)},
    )


def end(store: Store, token: str, now: str) -> None:
    """Log out: the token is worth nothing from now on."""
    store.execute(
        "update session set revoked_at = :now where token_hash = :hash and revoked_at is null",
        {"hash": token_hash(token), "now": now},
    )


def forget(store: Store, now: str) -> None:
    """Delete sessions that nobody has used for a month: they have long been worth nothing."""
    store.execute("delete from session where seen_at < :old", {"old": later(now, days=-KEPT_DAYS)})
