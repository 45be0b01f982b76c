"""Passwords: how they are kept, checked and changed. Only argon2id hashes are stored."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..store import Store
from . import people, record
from .errors import Invalid
from .ids import new_token
from .people import Viewer

LENGTH = (12, 128)
EMAIL_LENGTH = 254

# RFC 9106's low-memory advice, which OWASP's cheat sheet gives as 19 MiB, t=2, p=1 (2024).
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hashed(password: str) -> str:
    """Return a new password's hash; raise Invalid when it is too short or too long.

    Takes 19 MiB and some 30 ms of a core: never inside a transaction, never many at once.
    """
    low, high = LENGTH
    if not low <= len(password) <= high:
        raise Invalid({"password": ("password_length", {"low": low, "high": high})})
    return _hasher.hash(password)


@cache
def _dummy_hash() -> str:
    return _hasher.hash(new_token())


def authenticate(store: Store, email: str, password: str) -> str | None:
    """Return the person's id when e-mail and password fit; an unknown account costs the same time."""
    rows = store.query(
        "select id, password_hash from person where email = :email and disabled_at is null",
        {"email": address(email)},
    )
    known = rows[0]["password_hash"] if rows else None
    try:
        # One character beyond the limit is enough to be wrong, and a long text costs no more than a short one.
        _hasher.verify(known or _dummy_hash(), password[: LENGTH[1] + 1])
    except (VerificationError, InvalidHashError):
        return None
    return rows[0]["id"] if known else None


def address(email: str) -> str:
    """Return an e-mail address as accounts are found by: trimmed, lower case, bounded."""
    return email[: EMAIL_LENGTH * 2].strip().lower()[:EMAIL_LENGTH]


def change(store: Store, who: Viewer, present: str, password: str, now: str) -> None:
    """Change one's own password; all sessions end. Raise Invalid beside the field that is wrong."""
    if authenticate(store, who.email, present) != who.person_id:
        raise Invalid({"present": ("password_wrong", {})})
    set_hash(store, who.person_id, hashed(password), now)


def set_hash(store: Store, person_id: str, password_hash: str, now: str) -> None:
    """Keep a new password, end every session and make the links for choosing one worthless."""
    with store.atomic():
        store.execute("update person set password_hash = :h where id = :id", {"h": password_hash, "id": person_id})
        store.execute(
            """update link set used_at = :now where purpose = 'reset' and used_at is null
               and email = (select email from person where id = :id)""",
            {"now": now, "id": person_id},
        )
        people.end_sessions(store, person_id, now)
        record.write(store, person_id, "person.password", "person", person_id, now)
