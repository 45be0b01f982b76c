"""People, what they may act as, and how they log in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..store import Store
from . import fields, mail, record
from .clock import later
from .errors import Conflict, Invalid, NotFound
from .ids import new_id, new_token, token_hash

ROLES = ("administrator", "broker", "owner", "startup", "host")
PASSWORD_LENGTH = (12, 128)
INVITE_DAYS, RESET_HOURS = 14, 2
ORGANISATION_KIND = {
    "administrator": ("hub",),
    "broker": ("hub",),
    "owner": ("public",),
    "startup": ("company",),
    "host": ("host", "public", "company"),
}

# RFC 9106's low-memory advice, which OWASP's cheat sheet gives as 19 MiB, t=2, p=1 (2024).
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@dataclass(frozen=True)
class Viewer:
    """The person behind a request and the roles that hold right now, as (role, organisation id) pairs."""

    person_id: str | None
    name: str
    email: str
    locale: str
    keyboard: bool
    roles: frozenset[tuple[str, str]]

    def has(self, *roles: str) -> bool:
        """Whether the person holds one of these roles anywhere."""
        return any(role in roles for role, _ in self.roles)

    def organisations(self, *roles: str) -> list[str]:
        """Return the ids of the organisations where the person holds one of these roles, in a fixed order."""
        return sorted({organisation for role, organisation in self.roles if role in roles})

    def acts_for(self, organisation_id: str | None, *roles: str) -> bool:
        """Whether the person holds one of these roles in that very organisation."""
        return organisation_id is not None and organisation_id in self.organisations(*roles)


# Who acts when nobody is behind a screen: the command line and the background. The record then names no person.
SYSTEM = Viewer(person_id=None, name="", email="", locale="sv", keyboard=False, roles=frozenset({("broker", "")}))


def viewer(store: Store, person_id: str) -> Viewer | None:
    """Return the viewer for a person who may log in, or None."""
    found = store.query("select * from person where id = :id and disabled_at is null", {"id": person_id})
    if not found:
        return None
    person = found[0]
    roles = store.query(
        "select role, organisation_id from membership where person_id = :id and revoked_at is null",
        {"id": person_id},
    )
    return Viewer(
        person_id=person["id"],
        name=person["name"],
        email=person["email"],
        locale=person["locale"],
        keyboard=person["keyboard_at"] is not None,
        roles=frozenset((row["role"], row["organisation_id"]) for row in roles),
    )


def check_password(password: str) -> str:
    """Return a new password's hash; raise Invalid when it is too short or too long."""
    low, high = PASSWORD_LENGTH
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
        {"email": email.strip().lower()[:254]},
    )
    known = rows[0]["password_hash"] if rows else None
    try:
        _hasher.verify(known or _dummy_hash(), password[: PASSWORD_LENGTH[1]])
    except (VerificationError, InvalidHashError):
        return None
    return rows[0]["id"] if known else None


def create(store: Store, email: str, name: str, now: str, *, password: str | None = None, locale: str = "sv") -> str:
    """Create a person and return the id; raise Invalid for a bad address, Conflict when it is taken."""
    checked = fields.validate(_PersonContent, {"email": email, "name": name})
    if store.query("select id from person where email = :email", {"email": checked.email}):
        raise Conflict("email_taken", email=checked.email)
    person_id = new_id()
    store.insert(
        "person",
        {
            "id": person_id,
            "email": checked.email,
            "name": checked.name,
            "password_hash": check_password(password) if password is not None else None,
            "locale": locale,
            "created_at": now,
        },
    )
    return person_id


class _PersonContent(fields.Content):
    email: fields.Email
    name: fields.Title


def grant(store: Store, person_id: str, organisation_id: str, role: str, by: str | None, now: str) -> None:
    """Give a role in an organisation of a fitting kind; a role that is already held stays as it is."""
    rows = store.query("select kind from organisation where id = :id", {"id": organisation_id})
    if not rows or role not in ROLES:
        raise NotFound("organisation")
    if rows[0]["kind"] not in ORGANISATION_KIND[role]:
        raise Conflict("role_kind", role=role, kind=rows[0]["kind"])
    with store.atomic():
        taken = store.execute(
            """insert into membership (id, person_id, organisation_id, role, granted_at)
               values (:id, :person, :organisation, :role, :now)
               on conflict (person_id, organisation_id, role) where revoked_at is null do nothing""",
            {
                "id": new_id(),
                "person": person_id,
                "organisation": organisation_id,
                "role": role,
                "now": now,
            },
        )
        if taken:
            record.write(store, by, "role.grant", "person", person_id, now, role=role, organisation=organisation_id)


def revoke(store: Store, membership_id: str, by: str, now: str) -> None:
    """Take a role away and end the person's sessions; refuse to remove the last administrator."""
    with store.atomic():
        rows = store.query(
            """update membership set revoked_at = :now where id = :id and revoked_at is null
               returning person_id, organisation_id, role""",
            {"id": membership_id, "now": now},
        )
        if not rows:
            raise NotFound("membership")
        row = rows[0]
        if row["role"] == "administrator" and not with_role(store, "administrator"):
            raise Conflict("last_administrator")
        end_sessions(store, row["person_id"], now)
        record.write(
            store, by, "role.revoke", "person", row["person_id"], now,
            role=row["role"], organisation=row["organisation_id"],
        )  # fmt: skip


def with_role(store: Store, *roles: str, organisation_id: str | None = None) -> list[dict[str, Any]]:
    """Return id, name, email, locale of active people with one of the roles, in one organisation or anywhere."""
    return store.query(
        """select distinct p.id, p.name, p.email, p.locale from person p
           join membership m on m.person_id = p.id
           where m.revoked_at is null and p.disabled_at is null and m.role in :roles
             and (:organisation = '' or m.organisation_id = :organisation) order by p.email""",
        {"roles": list(roles), "organisation": organisation_id or ""},
    )


def invite(
    store: Store, by: str | None, email: str, organisation_id: str, role: str, now: str, locale: str = "sv"
) -> str:
    """Queue an invitation to take a role; return the token (for the demo and tests; mail carries it to people)."""
    checked = fields.validate(_Address, {"email": email})
    if not checked.email:
        raise Invalid({"email": ("required", {})})
    rows = store.query("select name, kind from organisation where id = :id", {"id": organisation_id})
    if not rows or role not in ROLES:
        raise NotFound("organisation")
    if rows[0]["kind"] not in ORGANISATION_KIND[role]:
        raise Conflict("role_kind", role=role, kind=rows[0]["kind"])
    token = new_token()
    with store.atomic():
        store.insert(
            "link",
            {
                "token_hash": token_hash(token),
                "purpose": "invite",
                "email": checked.email,
                "organisation_id": organisation_id,
                "role": role,
                "created_by": by,
                "created_at": now,
                "expires_at": later(now, days=INVITE_DAYS),
            },
        )
        mail.queue(
            store, f"invite:{token_hash(token)[:24]}", [{"email": checked.email, "locale": locale}], "invite", now,
            token=token, organisation=rows[0]["name"], role=role, days=INVITE_DAYS,
        )  # fmt: skip
        record.write(store, by, "person.invite", "organisation", organisation_id, now, role=role)
    return token


class _Address(fields.Content):
    email: fields.Email


def request_reset(store: Store, email: str, now: str) -> None:
    """Queue a reset link when the address has an account; say nothing either way."""
    rows = store.query(
        "select id, email, locale from person where email = :email and disabled_at is null",
        {"email": email.strip().lower()[:254]},
    )
    if not rows:
        return
    token = new_token()
    with store.atomic():
        store.insert(
            "link",
            {
                "token_hash": token_hash(token),
                "purpose": "reset",
                "email": rows[0]["email"],
                "created_at": now,
                "expires_at": later(now, minutes=RESET_HOURS * 60),
            },
        )
        mail.queue(store, f"reset:{token_hash(token)[:24]}", rows, "reset", now, token=token, hours=RESET_HOURS)
        record.write(store, rows[0]["id"], "person.reset_requested", "person", rows[0]["id"], now)


def link(store: Store, token: str, now: str) -> dict[str, Any]:
    """Return a link that may still be used, with its organisation's name; raise NotFound otherwise."""
    rows = store.query(
        """select l.*, o.name as organisation from link l left join organisation o on o.id = l.organisation_id
           where l.token_hash = :hash and l.used_at is null and l.expires_at > :now""",
        {"hash": token_hash(token), "now": now},
    )
    if not rows:
        raise NotFound("link")
    return rows[0]


def use_link(store: Store, token: str, password: str, now: str, *, name: str = "", locale: str = "sv") -> str:
    """Use a link once: set the password, create the account and give the role; return the person's id.

    An invited person who has an account keeps the name and must give the present password.
    """
    hashed = check_password(password)
    with store.atomic():
        found = link(store, token, now)
        if not store.execute(
            "update link set used_at = :now where token_hash = :hash and used_at is null",
            {"hash": found["token_hash"], "now": now},
        ):
            raise NotFound("link")
        rows = store.query("select id from person where email = :email", {"email": found["email"]})
        if found["purpose"] == "reset":
            person_id = rows[0]["id"]
            store.execute("update person set password_hash = :h where id = :id", {"h": hashed, "id": person_id})
            end_sessions(store, person_id, now)
        elif rows:
            person_id = rows[0]["id"]
            if authenticate(store, found["email"], password) != person_id:
                raise Invalid({"password": ("password_wrong", {})})
        else:
            person_id = create(store, found["email"], name, now, password=password, locale=locale)
        if found["role"]:
            grant(store, person_id, found["organisation_id"], found["role"], found["created_by"], now)
        record.write(store, person_id, f"link.{found['purpose']}", "person", person_id, now)
    return person_id


def end_sessions(store: Store, person_id: str, now: str) -> None:
    """Revoke every session of a person, at once."""
    store.execute(
        "update session set revoked_at = :now where person_id = :id and revoked_at is null",
        {"id": person_id, "now": now},
    )


def set_locale(store: Store, person_id: str, locale: str) -> None:
    """Keep the language that a person chose."""
    store.execute("update person set locale = :l where id = :id", {"l": locale, "id": person_id})


def set_keyboard(store: Store, person_id: str, on: bool, now: str) -> None:
    """Switch the keyboard shortcuts on or off; they are off until somebody wants them (WCAG 2.1.4)."""
    store.execute("update person set keyboard_at = :at where id = :id", {"at": now if on else None, "id": person_id})


def has_account(store: Store, email: str) -> bool:
    """Whether an address has an account."""
    return bool(store.query("select id from person where email = :email", {"email": email}))


def roles(store: Store, person_id: str) -> list[dict[str, Any]]:
    """Return a person's live roles with their organisations' names."""
    return store.query(
        """select m.id, m.role, m.granted_at, o.id as organisation_id, o.name as organisation
           from membership m join organisation o on o.id = m.organisation_id
           where m.person_id = :id and m.revoked_at is null order by m.granted_at""",
        {"id": person_id},
    )


def change_password(store: Store, who: Viewer, present: str, password: str, now: str) -> None:
    """Change one's own password; all sessions end. Raise Invalid beside the field that is wrong."""
    if authenticate(store, who.email, present) != who.person_id:
        raise Invalid({"present": ("password_wrong", {})})
    hashed = check_password(password)
    with store.atomic():
        store.execute("update person set password_hash = :h where id = :id", {"h": hashed, "id": who.person_id})
        end_sessions(store, who.person_id, now)
        record.write(store, who.person_id, "person.password", "person", who.person_id, now)
