"""The second factor: six digits of an authenticator app (TOTP, RFC 6238), and ten recovery codes for its loss.

The secret stands encrypted (`sealing.py`), recovery codes as hashes: they hold 140 random bits, so no slow hash is
needed. A code is good once: the time step of the last one is kept, and that one and those before it are refused.
A few before the last are kept too, for a clock that was ahead: a step that lies in time to come refuses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyotp

from ..store import Store
from . import mail, passwords, people, record, sealing
from .clock import day, latest, parse
from .errors import Conflict, Invalid
from .ids import new_id, token_hash
from .people import Viewer

PURPOSE = "second factor"
ROLES = ("administrator", "broker")  # who must have one where the setting says `required`
RECOVERY_CODES = 10
RECOVERY_LENGTH = 28  # letters and digits of five random bits each
STEPS = (0, -1, 1)  # a clock may go half a minute wrong
STEP_SECONDS = 30
STEPS_KEPT = 20
WRONG = {"otp": ("code_wrong", {})}


def state(store: Store, person_id: str) -> dict[str, Any]:
    """Return `confirmed_at` (None: off), `made_at` (None: not begun) and `codes_left`."""
    rows = store.query(
        """select made_at, confirmed_at, (select count(*) from recovery_code c
                                          where c.person_id = f.person_id and c.used_at is null) as codes_left
           from second_factor f where f.person_id = :id""",
        {"id": person_id},
    )
    return rows[0] if rows else {"made_at": None, "confirmed_at": None, "codes_left": 0}


def is_on(store: Store, person_id: str) -> bool:
    """Whether a person is asked for a code."""
    return state(store, person_id)["confirmed_at"] is not None


def missing(store: Store) -> tuple[int, int]:
    """Return how many brokers and administrators there are, and how many of them have no second factor."""
    rows = store.query("select person_id from second_factor where confirmed_at is not null")
    have = {row["person_id"] for row in rows}
    staff = {row["id"] for row in people.with_role(store, *ROLES)}
    return len(staff), len(staff - have)


def unreadable(store: Store, keys: Sequence[str]) -> int:
    """Return how many second factors no key at hand opens: these people can log in by a recovery code alone."""
    rows = store.query("select sealed from second_factor where confirmed_at is not null")
    return sum(_opened(keys, row["sealed"]) is None for row in rows)


def begin(store: Store, who: Viewer, keys: Sequence[str], now: str) -> None:
    """Make a secret that is not asked for until it is confirmed; one that was begun before is worth nothing."""
    sealed = sealing.seal(keys, PURPOSE, pyotp.random_base32())
    with who.deciding(store):
        if not store.execute(
            """insert into second_factor (person_id, sealed, made_at) values (:id, :sealed, :now)
               on conflict (person_id) do update set sealed = :sealed, made_at = :now, last_step = 0,
                   earlier_steps = '[]' where second_factor.confirmed_at is null""",
            {"id": who.person_id, "sealed": sealed, "now": now},
        ):
            raise Conflict("factor_on")


def begun(store: Store, who: Viewer, keys: Sequence[str]) -> str | None:
    """Return the secret that is to be confirmed, to be shown; None when there is none or it cannot be read."""
    rows = store.query(
        "select sealed from second_factor where person_id = :id and confirmed_at is null", {"id": who.person_id}
    )
    return _opened(keys, rows[0]["sealed"]) if rows else None


def address(secret: str, email: str, hub: str) -> str:
    """Return the `otpauth://` address that an app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=hub)


def confirm(store: Store, who: Viewer, keys: Sequence[str], password: str, code: str, now: str) -> list[str]:
    """Turn the second factor on, end all sessions and return the recovery codes, which are shown once.

    Asks for the password again, where there is one: a browser left open must not lock its owner out.
    """
    errors = passwords.asked_again(store, who, password)
    step = _step(_secret(store, who.person_id, keys, confirmed=False), code, now)
    errors |= {} if step else WRONG
    if errors:
        raise Invalid(errors)
    with who.deciding(store):
        if not store.execute(
            """update second_factor set confirmed_at = :now, last_step = :step
               where person_id = :id and confirmed_at is null""",
            {"id": who.person_id, "now": now, "step": step},
        ):
            raise Conflict("factor_on")
        codes = _make_codes(store, who.person_id, now)
        people.end_sessions(store, who.person_id, now)
        record.write(store, who.person_id, "person.factor_on", "person", who.person_id, now)
        tell(store, who.person_id, "factor_on", now)
    return codes


def accept(store: Store, person_id: str, keys: Sequence[str], code: str, recovery: str, now: str) -> str:
    """Use a code or a recovery code up; return `code` or `recovery`. Raise Invalid when it is wrong or was used."""
    if recovery.strip():
        _use_recovery(store, person_id, recovery, now)
        return "recovery"
    step = _step(_secret(store, person_id, keys, confirmed=True), code, now)
    if not step or not _use_up(store, person_id, step, now):
        raise Invalid(WRONG)
    return "code"


def _use_up(store: Store, person_id: str, step: int, now: str) -> bool:
    """Note the time step of a right code; return False when it, or a later one, was used already.

    A step that no clock can have given by now was used while one was ahead. It refuses no code, or nobody would get in
    until its moment comes; it stays among those that are kept, so that its own code is not good once more then.
    """
    rows = store.query(
        "select last_step, earlier_steps from second_factor where person_id = :id and confirmed_at is not null",
        {"id": person_id},
    )
    if not rows:
        return False
    used = [rows[0]["last_step"], *json.loads(rows[0]["earlier_steps"])]
    possible = _present(latest(now)) + max(STEPS)
    if step <= max((one for one in used if one <= possible), default=0):
        return False
    kept = json.dumps(sorted(used, reverse=True)[:STEPS_KEPT])  # those in time to come are the last to go
    # Only one who found what we found gets in: of two at the same moment the second finds another last step.
    return bool(
        store.execute(
            """update second_factor set last_step = :step, earlier_steps = :used
               where person_id = :id and confirmed_at is not null and last_step = :last""",
            {"id": person_id, "step": step, "used": kept, "last": used[0]},
        )
    )


def _use_recovery(store: Store, person_id: str, recovery: str, now: str) -> None:
    plain = "".join(mark for mark in recovery.lower() if mark.isalnum())
    with store.atomic():
        if not store.execute(
            """update recovery_code set used_at = :now
               where person_id = :id and code_hash = :hash and used_at is null""",
            {"id": person_id, "hash": token_hash(plain), "now": now},
        ):
            raise Invalid({"recovery": ("recovery_wrong", {})})
        left = state(store, person_id)["codes_left"]
        record.write(store, person_id, "person.factor_recovery", "person", person_id, now, left=left)
        tell(store, person_id, "factor_recovery", now, left=left)


def new_codes(
    store: Store, who: Viewer, keys: Sequence[str], password: str, code: str, recovery: str, now: str
) -> list[str]:
    """Make ten new recovery codes, by password and a code; those from before are worth nothing, all sessions end."""
    if errors := passwords.asked_again(store, who, password):
        raise Invalid(errors)
    accept(store, str(who.person_id), keys, code, recovery, now)
    with who.deciding(store):
        codes = _make_codes(store, who.person_id, now)
        people.end_sessions(store, who.person_id, now)
        record.write(store, who.person_id, "person.factor_codes", "person", who.person_id, now)
        tell(store, who.person_id, "factor_codes", now)
    return codes


def turn_off(store: Store, who: Viewer, keys: Sequence[str], password: str, code: str, recovery: str, now: str) -> None:
    """Turn one's own second factor off, by password and a code; all sessions end."""
    if errors := passwords.asked_again(store, who, password):
        raise Invalid(errors)
    accept(store, str(who.person_id), keys, code, recovery, now)
    with who.deciding(store):
        _remove(store, str(who.person_id), now)
        record.write(store, who.person_id, "person.factor_off", "person", who.person_id, now)
        tell(store, who.person_id, "factor_off", now)


def take(store: Store, person_id: str, by: str, now: str) -> None:
    """Take the second factor of somebody away who lost it; raise Conflict when there is none."""
    with store.atomic():
        _remove(store, person_id, now)
        record.write(store, by, "person.factor_taken", "person", person_id, now)
        tell(store, person_id, "factor_taken", now)


def _remove(store: Store, person_id: str, now: str) -> None:
    if not store.execute(
        "delete from second_factor where person_id = :id and confirmed_at is not null", {"id": person_id}
    ):
        raise Conflict("factor_off")
    store.execute("delete from recovery_code where person_id = :id", {"id": person_id})
    people.end_sessions(store, person_id, now)


def refused(store: Store, person_id: str, now: str) -> None:
    """Note, and tell the person once a day, that too many wrong codes came after the right password."""
    with store.atomic():
        if tell(store, person_id, "factor_refused", now, event=f"factor_refused:{person_id}:{day(now)}"):
            record.write(store, person_id, "person.factor_refused", "person", person_id, now)


def tell(store: Store, person_id: str | None, what: str, now: str, event: str = "", **said: Any) -> int:
    """Queue a mail about a change of how somebody logs in, inside its transaction; return how many are new."""
    rows = store.query("select email, locale from person where id = :id", {"id": person_id})
    return mail.queue(store, event or f"{what}:{person_id}:{now}", rows, "login_changed", now, what=what, **said)


def _secret(store: Store, person_id: str | None, keys: Sequence[str], *, confirmed: bool) -> str:
    rows = store.query(
        f"""select sealed from second_factor
            where person_id = :id and confirmed_at is {"not null" if confirmed else "null"}""",
        {"id": person_id},
    )
    if not rows:
        raise Conflict("factor_off" if confirmed else "factor_not_begun")
    if (secret := _opened(keys, rows[0]["sealed"])) is None:
        raise Invalid({"otp": ("code_unreadable", {})})
    return secret


def _opened(keys: Sequence[str], sealed: str) -> str | None:
    try:
        return sealing.unseal(keys, PURPOSE, sealed)
    except sealing.Unreadable:
        return None


def _step(secret: str, code: str, now: str) -> int | None:
    """Return the time step that a code belongs to, of the present one and its neighbours; None when it is wrong."""
    typed = "".join(code[:20].split())
    totp, present = pyotp.TOTP(secret), _present(now)
    found = None
    for ahead in STEPS:  # all of them, so that the time taken tells nothing
        if pyotp.utils.strings_equal(totp.generate_otp(present + ahead), typed):
            found = found or present + ahead
    return found


def _present(now: str) -> int:
    """Return the time step of a moment."""
    return int(parse(now).timestamp()) // STEP_SECONDS


def _make_codes(store: Store, person_id: str | None, now: str) -> list[str]:
    store.execute("delete from recovery_code where person_id = :id", {"id": person_id})
    codes = [(new_id() + new_id())[:RECOVERY_LENGTH] for _ in range(RECOVERY_CODES)]
    for code in codes:
        store.insert("recovery_code", {"person_id": person_id, "code_hash": token_hash(code), "made_at": now})
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]
