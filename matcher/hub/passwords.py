"""Passwords: how they are kept, checked and changed. Only argon2id hashes are stored."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Sequence
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..store import Store
from . import people, record
from .errors import Invalid
from .people import Viewer

LENGTH = (12, 128)
EMAIL_LENGTH = 254
# zxcvbn's score from 0 to 4: 3 needs at least 10^8 guesses of somebody who tries common passwords, words, names,
# dates, repetition and rows of keys first (Wheeler, "zxcvbn", USENIX Security 2016).
LOWEST_SCORE = 3
JUDGED = 64  # characters: what follows can only make a password stronger, and the judging takes longer
# The package's lists of common passwords and words are English. These are ours, without claim to be complete.
SWEDISH = (
    "lösenord", "losenord", "hemligt", "hemlig", "välkommen", "valkommen", "sommar", "vinter", "höst", "vår", "måndag",
    "fredag", "sverige", "stockholm", "göteborg", "goteborg", "malmö", "malmo", "kommun", "region", "behov", "testbädd",
    "matcher",
)  # fmt: skip

# RFC 9106's low-memory advice, which OWASP's cheat sheet gives as 19 MiB, t=2, p=1 (2024).
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hashed(password: str, about: Sequence[str] = ()) -> str:
    """Return a new password's hash; raise Invalid when it is too short, too long or easily guessed.

    `about` are texts that a guesser would try first: the person's e-mail address and name. Takes 19 MiB and some
    30 ms of a core: never inside a transaction, never many at once.
    """
    low, high = LENGTH
    if not low <= len(password) <= high:
        raise Invalid({"password": ("password_length", {"low": low, "high": high})})
    if easily_guessed(password, about):
        raise Invalid({"password": ("password_common", {})})
    return _hasher.hash(password)


def easily_guessed(password: str, about: Sequence[str] = ()) -> bool:
    """Whether a password is among the first that anybody would try: common, a repetition, a name, a row of keys."""
    from zxcvbn import zxcvbn  # its lists take 15 MB: only processes in which somebody chooses a password hold them

    texts = [part for text in about for part in [text, text.partition("@")[0], *re.split(r"[\W_]+", text)]]
    known = [text for text in texts if len(text) > 2]
    found = zxcvbn(password[:JUDGED], user_inputs=[*SWEDISH, *known], max_length=JUDGED)
    return int(found["score"]) < LOWEST_SCORE


@cache
def _dummy_hash() -> str:
    """Return what looks like a hash of ours and is of no password.

    It is made without hashing, so that the first unknown account of a process takes no longer either.
    """
    salt, made = (base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=") for length in (16, 32))
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${made}"


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


def has_one(store: Store, person_id: str | None) -> bool:
    """Whether a person has a password; who only ever came through their organisation's account has none."""
    rows = store.query("select password_hash from person where id = :id", {"id": person_id})
    return bool(rows and rows[0]["password_hash"])


def asked_again(store: Store, who: Viewer, password: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the error beside the field `present`; none when the password is right, or there is none to give.

    What lets somebody in is changed only by who gives it again: a browser left open is not enough.
    """
    if not has_one(store, who.person_id) or authenticate(store, who.email, password) == who.person_id:
        return {}
    return {"present": ("password_wrong", {})}


def address(email: str) -> str:
    """Return an e-mail address as accounts are found by: trimmed, lower case, bounded."""
    return email[: EMAIL_LENGTH * 2].strip().lower()[:EMAIL_LENGTH]


def change(store: Store, who: Viewer, present: str, password: str, now: str) -> None:
    """Change one's own password; all sessions end. Raise Invalid beside the field that is wrong."""
    errors = {}
    if authenticate(store, who.email, present) != who.person_id:
        errors["present"] = ("password_wrong", {})
    try:
        new = hashed(password, (who.email, who.name))
    except Invalid as error:
        raise Invalid({**errors, **error.errors}) from None
    if errors:
        raise Invalid(errors)
    with who.deciding(store):
        set_hash(store, who.person_id, new, now)


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
