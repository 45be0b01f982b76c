"""Accounts at the organisation's own log-in: which person an issuer's subject is.

An identity is linked by (issuer, subject) and never by an e-mail address, which a provider may give to somebody else:
by an invitation whose link was opened in the same browser, or by the person themselves while logged in.
"""

from __future__ import annotations

from typing import Any

from ..store import Store, UniqueViolation
from . import links, passwords, people, record, second_factor
from .errors import Conflict, Invalid
from .people import Viewer


def find(store: Store, issuer: str, subject: str) -> str | None:
    """Return the id of the person whose identity this is; None when nobody's, or when the account is closed."""
    rows = store.query(
        """select p.id from identity i join person p on p.id = i.person_id
           where i.issuer = :issuer and i.subject = :subject and p.disabled_at is null""",
        {"issuer": issuer, "subject": subject},
    )
    return rows[0]["id"] if rows else None


def linked_at(store: Store, who: Viewer, issuer: str) -> str | None:
    """Return since when a person may log in by an issuer, or None."""
    rows = store.query(
        "select linked_at from identity where issuer = :issuer and person_id = :id",
        {"issuer": issuer, "id": who.person_id},
    )
    return rows[0]["linked_at"] if rows else None


def check_password(store: Store, who: Viewer, password: str) -> None:
    """Raise Invalid when a person who has a password did not give it."""
    if errors := passwords.asked_again(store, who, password):
        raise Invalid(errors)


def connect(store: Store, person_id: str, issuer: str, subject: str, now: str) -> None:
    """Link an identity to a person; all sessions end. Raise Conflict when either has another already."""
    with store.atomic():
        _link(store, person_id, issuer, subject, now)
        people.end_sessions(store, person_id, now)


def _link(store: Store, person_id: str, issuer: str, subject: str, now: str) -> None:
    row = {"issuer": issuer, "subject": subject, "person_id": person_id, "linked_at": now}
    try:
        with store.atomic():
            store.insert("identity", row)
    except UniqueViolation:
        raise Conflict("identity_taken") from None
    # A link that was asked for before would go round the log-in there, for somebody without a password.
    store.execute(
        """update link set used_at = :now where purpose = 'reset' and used_at is null
           and email = (select email from person where id = :id)""",
        {"now": now, "id": person_id},
    )
    record.write(store, person_id, "person.connect", "person", person_id, now, issuer=issuer)
    second_factor.tell(store, person_id, "connected", now)


def disconnect(store: Store, who: Viewer, issuer: str, password: str, now: str) -> None:
    """Take one's identity away; all sessions end. Raise Conflict when there is no password to log in with instead."""
    if not passwords.has_one(store, who.person_id):
        raise Conflict("identity_only_way")
    check_password(store, who, password)
    with who.deciding(store):
        if not store.execute(
            "delete from identity where issuer = :issuer and person_id = :id", {"issuer": issuer, "id": who.person_id}
        ):
            raise Conflict("identity_gone")
        people.end_sessions(store, str(who.person_id), now)
        record.write(store, who.person_id, "person.disconnect", "person", str(who.person_id), now, issuer=issuer)
        second_factor.tell(store, who.person_id, "disconnected", now)


def take(store: Store, person_id: str, by: str, now: str) -> None:
    """Take the organisation's log-in of somebody away who cannot use it any more; raise Conflict when there is none.

    All sessions end. Who has no password may ask for a link to choose one then (`links.request_reset`).
    """
    with store.atomic():
        if not store.execute("delete from identity where person_id = :id", {"id": person_id}):
            raise Conflict("identity_gone")
        people.end_sessions(store, person_id, now)
        record.write(store, by, "person.identity_taken", "person", person_id, now)
        second_factor.tell(store, person_id, "identity_taken", now)


def accept(
    store: Store, link_hash: str, issuer: str, subject: str, now: str, *, name: str = "", locale: str = "sv"
) -> str:
    """Take an invitation with an identity and return the person's id.

    Somebody new gets an account without a password. An account that exists is never taken over: only the identity
    that is linked to it already may accept for it; else Conflict.
    """
    link = links.by_hash(store, link_hash, now)
    holder = find(store, issuer, subject)
    if link["purpose"] != "invite" or link["account"] != holder:
        raise Conflict("identity_other_account" if link["account"] else "identity_taken")
    with store.atomic():
        links.take(store, link, now)
        person_id = holder or people.create(store, link["email"], _name(name, link), now, locale=locale)
        if not holder:
            _link(store, person_id, issuer, subject, now)
        links.give_role(store, link, person_id, now)
    return person_id


def _name(name: str, link: dict[str, Any]) -> str:
    """Return the name that the provider gave, or the address until the person writes one."""
    try:
        return people.checked_name(name)
    except Invalid:
        return str(link["email"])


def refused(store: Store, issuer: str, why: str, now: str) -> None:
    """Note a token that did not count: somebody may have tried to forge one, or the provider is set up wrongly."""
    record.write(store, None, "login.refused", "login", "-", now, issuer=issuer, reason=why)
