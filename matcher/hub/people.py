"""People and what they may act as. Passwords, links and the administrator's lists have modules of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from ..store import Store, UniqueViolation
from . import fields, leaving, mail, record
from .errors import Conflict, Denied, Invalid, NotFound
from .ids import new_id

ROLES = ("administrator", "broker", "owner", "startup", "host")
LOCALES = ("sv", "en")
ORGANISATION_KIND = {
    "administrator": ("hub",),
    "broker": ("hub",),
    "owner": ("public",),
    "startup": ("company",),
    "host": ("host", "public", "company"),
}


@dataclass(frozen=True)
class Viewer:
    """The person behind a request and the roles that hold right now, as (role, organisation id) pairs."""

    person_id: str | None
    name: str
    email: str
    locale: str
    keyboard: bool
    roles: frozenset[tuple[str, str]]
    digest: bool = False
    factor: str | None = None  # how this session's second factor was given; None: by none

    def has(self, *roles: str) -> bool:
        """Whether the person holds one of these roles anywhere."""
        return any(role in roles for role, _ in self.roles)

    def organisations(self, *roles: str) -> list[str]:
        """Return the ids of the organisations where the person holds one of these roles, in a fixed order."""
        return sorted({organisation for role, organisation in self.roles if role in roles})

    def acts_for(self, organisation_id: str | None, *roles: str) -> bool:
        """Whether the person holds one of these roles in that very organisation."""
        return organisation_id is not None and organisation_id in self.organisations(*roles)

    @contextmanager
    def deciding(self, store: Store, *, roles: bool = False) -> Iterator[None]:
        """Open `store.atomic()` for something that this person does; raise Denied when they may no longer do it.

        The request has read their rights before. Whoever is erased, closed or loses a role meanwhile does nothing
        more with it: both lock the person's row, so that one of the two sees what the other did. `roles`: in the block
        roles are given or taken away, for which the administrators' lock comes first.
        """
        with store.atomic():
            if roles:
                lock_administrators(store)
            if not self.still_acts(store):
                raise Denied("denied")
            yield

    def still_acts(self, store: Store) -> bool:
        """Lock the person's own row until the block ends, and return whether they hold every role they came with.

        It comes before all other locks (`locks.py`): an erasure takes the person first too.
        """
        if self.person_id is None:
            return True
        live = store.query(
            "update person set locale = locale where id = :id and disabled_at is null returning id",
            {"id": self.person_id},
        )
        return bool(live) and self.roles <= _held(store, self.person_id)


# Who acts when nobody is behind a screen: the command line and the background. The record then names no person.
SYSTEM = Viewer(person_id=None, name="", email="", locale="sv", keyboard=False, roles=frozenset({("broker", "")}))


def _present(value: str) -> str:
    if not value:
        raise PydanticCustomError("required", "required")
    return value


Address = Annotated[fields.Email, AfterValidator(_present)]


class _Name(fields.Content):
    name: fields.Title


class _Person(_Name):
    email: Address


def viewer(store: Store, person_id: str) -> Viewer | None:
    """Return the viewer for a person who may log in, or None."""
    found = store.query("select * from person where id = :id and disabled_at is null", {"id": person_id})
    if not found:
        return None
    person = found[0]
    return Viewer(
        person_id=person["id"],
        name=person["name"],
        email=person["email"],
        locale=person["locale"],
        keyboard=person["keyboard_at"] is not None,
        roles=_held(store, person_id),
        digest=person["digest_at"] is not None,
    )


def _held(store: Store, person_id: str) -> frozenset[tuple[str, str]]:
    rows = store.query(
        "select role, organisation_id from membership where person_id = :id and revoked_at is null",
        {"id": person_id},
    )
    return frozenset((row["role"], row["organisation_id"]) for row in rows)


def lock(store: Store, person_ids: list[str]) -> None:
    """Lock people's rows until the block ends: what they do meanwhile waits, and sees what was done to their roles.

    Whoever locks others than the one who acts has the administrators' lock, so that no two wait for each other.
    """
    store.execute("update person set locale = locale where id in :ids", {"ids": person_ids})


def checked_name(name: str) -> str:
    """Return a person's name as it is kept; raise Invalid when there is none."""
    return fields.validate(_Name, {"name": name}).name


def own_name(store: Store, name: str, person_id: str | None = None) -> str:
    """Return a name that a person gives themselves, as it is kept; raise Invalid when there is none, or it is taken.

    Taken is what another person, an organisation, a profile or a testbed is called: it stands beside decisions, and
    would look like theirs.
    """
    checked = checked_name(name)
    wanted = " ".join(checked.split()).casefold()
    others = store.query(
        """select name from person where erased_at is null and id <> :id union select name from organisation
           union select name from startup where published_at is not null
           union select name from testbed where published_at is not null""",
        {"id": person_id or ""},
    )
    if wanted in (" ".join(row["name"].split()).casefold() for row in others):
        raise Invalid({"name": ("name_taken", {})})
    return checked


def create(
    store: Store, email: str, name: str, now: str, *, password_hash: str | None = None, locale: str = "sv"
) -> str:
    """Create a person and return the id; raise Invalid for a bad address, Conflict when it is taken."""
    checked = fields.validate(_Person, {"email": email, "name": name})
    row = {
        "id": new_id(),
        "email": checked.email,
        "name": checked.name,
        "password_hash": password_hash,
        "locale": locale,
        "created_at": now,
    }
    try:
        with store.atomic():
            store.insert("person", row)
    except UniqueViolation:
        raise Conflict("email_taken", email=checked.email) from None
    return row["id"]


def check_role(store: Store, organisation_id: str, role: str) -> dict[str, Any]:
    """Return the organisation's row when `role` exists in its kind; raise NotFound or Conflict."""
    rows = store.query("select * from organisation where id = :id and merged_into is null", {"id": organisation_id})
    if not rows or role not in ROLES:
        raise NotFound("organisation")
    if rows[0]["kind"] not in ORGANISATION_KIND[role]:
        raise Conflict("role_kind", role=role, kind=rows[0]["kind"])
    return rows[0]


def grant(store: Store, person_id: str, organisation_id: str, role: str, by: str | None, now: str) -> None:
    """Give a role in an organisation of a fitting kind; a role that is already held stays as it is."""
    check_role(store, organisation_id, role)
    with store.atomic():
        taken = store.execute(
            """insert into membership (id, person_id, organisation_id, role, granted_at)
               values (:id, :person, :organisation, :role, :now)
               on conflict (person_id, organisation_id, role) where revoked_at is null do nothing""",
            {"id": new_id(), "person": person_id, "organisation": organisation_id, "role": role, "now": now},
        )
        if taken:
            record.write(store, by, "role.grant", "person", person_id, now, role=role, organisation=organisation_id)


def revoke(store: Store, membership_id: str, by: str, now: str) -> str:
    """Take a role away and return whose it was; never the last administrator's.

    The person's sessions end, and links that were mailed while the role held (`leaving.py`).
    """
    with store.atomic():
        lock_administrators(store)
        store.execute(
            """update person set locale = locale
               where id = (select person_id from membership where id = :id and revoked_at is null)""",
            {"id": membership_id},
        )
        rows = store.query(
            """update membership set revoked_at = :now where id = :id and revoked_at is null
               returning *, (select email from person where id = membership.person_id) as email""",
            {"id": membership_id, "now": now},
        )
        if not rows:
            raise NotFound("membership")
        row = rows[0]
        if row["role"] == "administrator":
            require_administrator(store)
        end_sessions(store, row["person_id"], now)
        leaving.role(store, row, by, now)
        record.write(
            store, by, "role.revoke", "person", row["person_id"], now,
            role=row["role"], organisation=row["organisation_id"],
        )  # fmt: skip
    return row["person_id"]


def lock_administrators(store: Store) -> None:
    """Let nobody else take an administrator away until this transaction ends: two might take each other's role."""
    store.execute(
        """insert into counter (name, value) values ('administrators', 1)
           on conflict (name) do update set value = counter.value + 1"""
    )


def require_administrator(store: Store) -> None:
    """Raise Conflict when the change just made would leave the hub without an administrator."""
    if not with_role(store, "administrator"):
        raise Conflict("last_administrator")


def with_role(store: Store, *roles: str) -> list[dict[str, Any]]:
    """Return id, name, email, locale of active people with one of the roles, anywhere in the hub."""
    return _active(store, roles)


def in_organisation(store: Store, organisation_id: str | None, *roles: str) -> list[dict[str, Any]]:
    """Return id, name, email, locale of an organisation's active people with one of the roles; nobody of none.

    A case without a testbed has no host: what is said to that side must not reach every host of the hub.
    """
    return _active(store, roles, "and m.organisation_id = :organisation", organisation_id) if organisation_id else []


def acting(store: Store, person_id: str | None, organisation_id: str | None, *roles: str) -> list[dict[str, Any]]:
    """Return one active person as `in_organisation` does, with one of the roles there, or a broker; or nobody."""
    return store.query(
        """select distinct p.id, p.name, p.email, p.locale from person p join membership m on m.person_id = p.id
           where p.id = :id and p.disabled_at is null and m.revoked_at is null
             and (m.role = 'broker' or (m.organisation_id = :organisation and m.role in :roles))""",
        {"id": person_id, "organisation": organisation_id, "roles": list(roles)},
    )


def left(store: Store, emails: Iterable[str], organisation_id: str | None) -> set[str]:
    """Return those of some addresses whose people acted for an organisation and no longer do, or are closed accounts.

    A testbed's contact may be anybody, with an account or without; who was sent away may not.
    """
    given = {email.lower(): email for email in emails if email}
    rows = store.query(
        """select p.email, p.disabled_at, count(m.id) as held,
                  count(case when m.revoked_at is null then m.id end) as live
           from person p left join membership m on m.person_id = p.id and m.organisation_id = :organisation
           where p.email in :emails group by p.id, p.email, p.disabled_at""",
        {"emails": list(given), "organisation": organisation_id or ""},
    )
    return {given[row["email"]] for row in rows if row["disabled_at"] or (row["held"] > 0 and row["live"] == 0)}


def _active(store: Store, roles: Iterable[str], where: str = "", organisation_id: str = "") -> list[dict[str, Any]]:
    return store.query(
        f"""select distinct p.id, p.name, p.email, p.locale from person p
            join membership m on m.person_id = p.id
            where m.revoked_at is null and p.disabled_at is null and m.role in :roles {where} order by p.email""",
        {"roles": list(roles), "organisation": organisation_id},
    )


def roles(store: Store, person_id: str) -> list[dict[str, Any]]:
    """Return a person's live roles with their organisations' names."""
    return store.query(
        """select m.id, m.role, m.granted_at, o.id as organisation_id, o.name as organisation
           from membership m join organisation o on o.id = m.organisation_id
           where m.person_id = :id and m.revoked_at is null order by m.granted_at, m.id""",
        {"id": person_id},
    )


def roles_of_address(store: Store, email: str) -> list[dict[str, Any]]:
    """Return the live roles of whoever has an address; none when nobody has."""
    rows = store.query("select id from person where email = :email", {"email": email.strip().lower()})
    return roles(store, rows[0]["id"]) if rows else []


def end_sessions(store: Store, person_id: str, now: str) -> None:
    """Revoke every session of a person, at once, and every log-in that is not finished."""
    store.execute(
        "update session set revoked_at = :now where person_id = :id and revoked_at is null",
        {"id": person_id, "now": now},
    )
    store.execute("delete from login_step where person_id = :id", {"id": person_id})


def set_locale(store: Store, person_id: str, locale: str) -> None:
    """Keep the language that a person chose."""
    store.execute("update person set locale = :l where id = :id", {"l": locale, "id": person_id})


def save_settings(
    store: Store, who: Viewer, name: str, locale: str, keyboard: bool, now: str, *, digest: bool | None = None
) -> None:
    """Keep one's own name, language and whether keyboard shortcuts are on (off until wanted, WCAG 2.1.4).

    With `digest` also whether one wants one mail a day; who no longer does gets at once what waited for it.
    """
    checked = own_name(store, name, who.person_id) if name != who.name else who.name
    wants = who.digest if digest is None else digest
    with who.deciding(store):
        store.execute(
            """update person set name = :name, locale = :locale, keyboard_at = :keyboard,
                      digest_at = case when :wants = 0 then null else coalesce(digest_at, :now) end
               where id = :id""",
            {
                "name": checked,
                "locale": locale if locale in LOCALES else who.locale,
                "keyboard": now if keyboard else None,
                "wants": int(wants),
                "now": now,
                "id": who.person_id,
            },
        )
        if not wants:
            mail.release(store, who.email, now)
        if checked != who.name:
            record.write(store, who.person_id, "person.rename", "person", who.person_id, now, before=who.name)
