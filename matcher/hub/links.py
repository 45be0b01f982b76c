"""Links that work once: an invitation to take a role, and a way to choose a new password.

Only a link's hash is stored; the token itself is in the mail. A link does nothing until its form is sent.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from ..store import Store
from . import fields, mail, passwords, people, record
from .clock import later, latest
from .errors import Conflict, Invalid, NotFound
from .ids import new_token, token_hash
from .people import Viewer

INVITE_DAYS, RESET_HOURS = 14, 2
KEPT_DAYS = 30


class _Invitation(fields.Content):
    email: people.Address


def invite(
    store: Store, by: str | None, email: str, organisation_id: str, role: str, now: str, locale: str = "sv"
) -> str:
    """Queue an invitation to take a role; return the token (for tests; a mail carries it to people).

    Raises Invalid for a bad address and an unknown role, Conflict when the role does not exist there, is held
    already, or the account is closed.
    """
    email = _checked_invitation(email, role)
    organisation = people.check_role(store, organisation_id, role)
    _check_account(store, email, organisation_id, role)
    token = new_token()
    with store.atomic():
        _keep(store, token, "invite", email, now, later(now, days=INVITE_DAYS),
              organisation_id=organisation_id, role=role, created_by=by)  # fmt: skip
        mail.queue(
            store, f"invite:{token_hash(token)[:24]}", [{"email": email, "locale": locale}], "invite", now,
            token=token, organisation=organisation["name"], role=role, days=INVITE_DAYS,
        )  # fmt: skip
        record.write(store, by, "person.invite", "organisation", organisation_id, now, role=role)
    return token


def _checked_invitation(email: str, role: str) -> str:
    """Return the address as it is kept; raise one Invalid for all that is wrong."""
    errors = {} if role in people.ROLES else {"role": ("required_choice", {})}
    try:
        email = fields.validate(_Invitation, {"email": email}).email
    except Invalid as error:
        raise Invalid({**error.errors, **errors}) from None
    if errors:
        raise Invalid(errors)
    return email


def _check_account(store: Store, email: str, organisation_id: str, role: str) -> None:
    rows = store.query(
        """select p.disabled_at, m.id as membership_id from person p
           left join membership m on m.person_id = p.id and m.organisation_id = :organisation
                and m.role = :role and m.revoked_at is null
           where p.email = :email""",
        {"email": email, "organisation": organisation_id, "role": role},
    )
    if rows and rows[0]["disabled_at"]:
        raise Conflict("person_disabled", email=email)
    if rows and rows[0]["membership_id"]:
        raise Conflict("role_held", email=email)


def invitations(store: Store, now: str, organisation_id: str) -> list[dict[str, Any]]:
    """Return an organisation's invitations that can still be accepted, newest first; `id` withdraws one."""
    return store.query(
        """select token_hash as id, email, role, created_at, expires_at from link
           where purpose = 'invite' and used_at is null and expires_at > :now and organisation_id = :organisation
           order by created_at desc, token_hash""",
        {"now": now, "organisation": organisation_id},
    )


def withdraw(store: Store, by: str, link_id: str, now: str) -> str:
    """Make an invitation worthless and return its organisation's id; raise NotFound when it was used or withdrawn."""
    with store.atomic():
        rows = store.query(
            """update link set used_at = :now where token_hash = :id and purpose = 'invite' and used_at is null
               returning organisation_id, role""",
            {"id": link_id, "now": now},
        )
        if not rows:
            raise NotFound("link")
        organisation_id = rows[0]["organisation_id"]
        record.write(store, by, "person.invite_withdrawn", "organisation", organisation_id, now, role=rows[0]["role"])
    return organisation_id


def request_reset(store: Store, email: str, now: str, issuer: str | None = None) -> None:
    """Queue a reset link when the address has an account; say nothing, and work as long, either way.

    Who has no password and comes by the organisation's log-in (`issuer`, where one is set up) gets a mail that says
    so and no link: a password of their own would let them, or whoever reads their mail, in past its second factor.
    """
    rows = store.query(
        """select p.id, p.email, p.locale,
                  case when p.password_hash is null and i.subject is not null then 1 else 0 end as elsewhere
           from person p left join identity i on i.person_id = p.id and i.issuer = :issuer
           where p.email = :email and p.disabled_at is null""",
        {"email": passwords.address(email), "issuer": issuer or ""},
    )
    token = new_token()
    to = "" if not rows or rows[0]["elsewhere"] else rows[0]["email"]
    said = {"token": token, "hours": RESET_HOURS} if to else {}
    with store.atomic():
        # A row without an address belongs to nobody: it is there so that all cases cost one commit.
        _keep(store, token, "reset", to, now, later(now, minutes=RESET_HOURS * 60))
        template = "reset" if to else "reset_elsewhere"
        mail.queue(store, f"reset:{token_hash(token)[:24]}", rows, template, now, **said)
        for person in rows:
            record.write(store, person["id"], "person.reset_requested", "person", person["id"], now)
        if not rows:
            _written_and_taken_back(store, token, now)


class _TakenBack(Exception):
    pass


def _written_and_taken_back(store: Store, token: str, now: str) -> None:
    """Write a mail and a row of the record and undo both: without them no account would answer milliseconds sooner."""
    nobody = [{"email": "", "locale": "sv"}]
    with suppress(_TakenBack), store.atomic():
        mail.queue(store, f"reset:{token_hash(token)[:24]}", nobody, "reset", now, token=token, hours=RESET_HOURS)
        record.write(store, None, "person.reset_requested", "person", "", now)
        raise _TakenBack


def _keep(
    store: Store, token: str, purpose: str, email: str, now: str, expires_at: str, **invitation: str | None
) -> None:
    row = {"token_hash": token_hash(token), "purpose": purpose, "email": email}
    store.insert("link", {**row, "created_at": now, "expires_at": expires_at, **invitation})


def get(store: Store, token: str, now: str) -> dict[str, Any]:
    """Return a link that may still be used; raise NotFound otherwise.

    Beside its row: `organisation` (the name, for an invitation) and `account` (the person's id, or None).
    """
    return by_hash(store, token_hash(token), now)


def by_hash(store: Store, link_hash: str, now: str) -> dict[str, Any]:
    """Return a link as `get` does, by the hash of its token."""
    rows = store.query(
        """select l.*, o.name as organisation, p.id as account from link l
           left join organisation o on o.id = l.organisation_id
           left join person p on p.email = l.email and p.disabled_at is null
           where l.token_hash = :hash and l.used_at is null and l.expires_at > :now and l.created_at <= :latest""",
        {"hash": link_hash, "now": now, "latest": latest(now)},
    )
    if not rows or (rows[0]["purpose"] == "reset" and not rows[0]["account"]):
        raise NotFound("link")
    return rows[0]


def use(
    store: Store, token: str, password: str, now: str, *,
    name: str = "", locale: str = "sv", who: Viewer | None = None,
) -> str:  # fmt: skip
    """Use a link once: set the password, or create the account and give the role; return the person's id.

    An invited person who has an account keeps it and gives its password, unless logged in as that very person
    (`who`). Raises Invalid per field, NotFound for a link that was used meanwhile.
    """
    link = get(store, token, now)
    known, hashed = link["account"], None
    if link["purpose"] == "reset" or not known:
        name, hashed = _checked(store, name, password, link["email"], ask_name=not known)
    elif not (who and who.person_id == known) and passwords.authenticate(store, link["email"], password) != known:
        raise Invalid({"password": ("password_wrong", {})})
    with store.atomic():
        take(store, link, now)
        person_id = known or people.create(store, link["email"], name, now, password_hash=hashed, locale=locale)
        if link["purpose"] == "reset":
            passwords.set_hash(store, person_id, str(hashed), now)
        else:
            give_role(store, link, person_id, now)
    return person_id


def take(store: Store, link: dict[str, Any], now: str) -> None:
    """Use a link up, inside a transaction; raise NotFound when somebody was quicker."""
    if not store.execute(
        "update link set used_at = :now where token_hash = :hash and used_at is null",
        {"hash": link["token_hash"], "now": now},
    ):
        raise NotFound("link")


def give_role(store: Store, link: dict[str, Any], person_id: str, now: str) -> None:
    """Give the role of an invitation, inside a transaction."""
    people.grant(store, person_id, link["organisation_id"], link["role"], link["created_by"], now)
    people.end_sessions(store, person_id, now)  # a session never outlives the rights it began with
    record.write(store, person_id, "link.invite", "person", person_id, now)


def _checked(store: Store, name: str, password: str, email: str, ask_name: bool) -> tuple[str, str]:
    """Return name and password hash; raise one Invalid for both fields."""
    errors: dict[str, Any] = {}
    try:
        name = people.own_name(store, name) if ask_name else name
    except Invalid as error:
        errors |= error.errors
    try:
        hashed = passwords.hashed(password, (email, name[:200]))
    except Invalid as error:
        raise Invalid({**errors, **error.errors}) from None
    if errors:
        raise Invalid(errors)
    return name, hashed


def forget(store: Store, now: str) -> None:
    """Delete links that ran out a month ago: they hold addresses of people who may never have come."""
    store.execute("delete from link where expires_at < :old", {"old": later(now, days=-KEPT_DAYS)})
