"""Log-in sessions, kept on the server. The browser holds a 256-bit token, the store its hash."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..store import Store
from . import passwords, people
from .clock import later, latest
from .errors import Conflict, Invalid, NotFound
from .ids import new_token, token_hash
from .people import Viewer

IDLE_MINUTES = {"administrator": 30, "broker": 30}
IDLE_DEFAULT_MINUTES = 8 * 60
LONGEST_DAYS = 7
KEPT_DAYS = 30
FRESH_MINUTES = 10  # so long after a log-in nobody is asked to log in again
_OPEN = "revoked_at is null and created_at > :oldest and created_at <= :latest and seen_at <= :latest"


def start(store: Store, person_id: str, now: str, factor: str | None = None, device: str | None = None) -> str:
    """Begin a session and return its token; rights are read anew at every request.

    `factor` says how a second factor was given: `code`, `recovery` or `provider` (the organisation's own log-in).
    `device` is a short name for the browser and system, by which a person knows their log-ins apart.
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
            "device": device,
        },
    )
    return token


def viewer(store: Store, token: str, now: str) -> people.Viewer | None:
    """Return who holds this token, or None when the session is unknown, revoked, idle too long or too old.

    One that was begun or used in time to come is ended too: a clock was wrong (`clock.latest`).
    """
    rows = store.query(
        f"select * from session where token_hash = :hash and {_OPEN}", {"hash": token_hash(token), **_times(now)}
    )
    found = people.viewer(store, rows[0]["person_id"]) if rows else None
    if found is None:
        return None
    return replace(found, factor=rows[0]["factor"]) if rows[0]["seen_at"] > _idle_since(found, now) else None


def _times(now: str) -> dict[str, str]:
    return {"oldest": later(now, days=-LONGEST_DAYS), "latest": latest(now)}


def _idle_since(who: Viewer, now: str) -> str:
    """Return the moment before which a session of this person was last used that has ended for that."""
    idle = min(
        (IDLE_MINUTES.get(role, IDLE_DEFAULT_MINUTES) for role, _ in who.roles),
        default=IDLE_DEFAULT_MINUTES,
    )
    return later(now, minutes=-idle)


def of_person(store: Store, who: Viewer, token: str | None, now: str) -> list[dict[str, Any]]:
    """Return a person's open sessions, the one of `token` first and then as they were last used.

    Each with `id`, `created_at`, `seen_at`, `device` (or None) and `this` (is it the one of `token`?). The id is made
    from the token's hash, so that a page holds nothing of what the store knows a session by.
    """
    rows = store.query(
        f"""select token_hash, created_at, seen_at, device from session
            where person_id = :id and seen_at > :idle and {_OPEN} order by seen_at desc, created_at desc, token_hash""",
        {"id": who.person_id, "idle": _idle_since(who, now), **_times(now)},
    )
    own = token_hash(token or "")
    found = [{**row, "id": token_hash(row["token_hash"])[:32], "this": row["token_hash"] == own} for row in rows]
    return sorted(found, key=lambda row: not row["this"])


def load(store: Store, who: Viewer | None, session_id: str, token: str | None, now: str) -> dict[str, Any]:
    """Return one of a person's open sessions other than that of `token`; raise NotFound for any that is not."""
    found = of_person(store, who, token, now) if who else []
    for row in found:
        if row["id"] == session_id and not row["this"]:
            return row
    raise NotFound("session")


def end_one(store: Store, who: Viewer, session_id: str, token: str | None, password: str, now: str) -> None:
    """End another session of the person's own, after they have shown again who they are (`_asked_again`)."""
    row = load(store, who, session_id, token, now)
    _asked_again(store, who, token, password, now)
    _end(store, row["token_hash"], now)


def end_others(store: Store, who: Viewer, token: str | None, password: str, now: str) -> int:
    """End every session of the person but that of `token`, and log-ins that are not finished; return how many."""
    _asked_again(store, who, token, password, now)
    with who.deciding(store):
        store.execute("delete from login_step where person_id = :id", {"id": who.person_id})
        return store.execute(
            """update session set revoked_at = :now
               where person_id = :id and token_hash <> :own and revoked_at is null""",
            {"id": who.person_id, "own": token_hash(token or ""), "now": now},
        )


def is_fresh(found: list[dict[str, Any]], now: str) -> bool:
    """Whether the session that is asked from (`this`, of `of_person`) was begun a moment ago."""
    return any(row["this"] and row["created_at"] > later(now, minutes=-FRESH_MINUTES) for row in found)


def _asked_again(store: Store, who: Viewer, token: str | None, password: str, now: str) -> None:
    """Raise Invalid when the password is wrong, or Conflict when there is none and the log-in is not a fresh one.

    Whoever finds a browser open must not shut its owner out elsewhere. (OWASP ASVS 5.0.0, 7.5.2.)
    """
    if errors := passwords.asked_again(store, who, password):
        raise Invalid(errors)
    if not passwords.has_one(store, who.person_id) and not is_fresh(of_person(store, who, token, now), now):
        raise Conflict("log_in_again", minutes=FRESH_MINUTES)


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
    _end(store, token_hash(token), now)


def _end(store: Store, hashed: str, now: str) -> None:
    store.execute(
        "update session set revoked_at = :now where token_hash = :hash and revoked_at is null",
        {"hash": hashed, "now": now},
    )


def forget(store: Store, now: str) -> None:
    """Delete sessions that nobody has used for a month: they have long been worth nothing."""
    store.execute("delete from session where seen_at < :old", {"old": later(now, days=-KEPT_DAYS)})
