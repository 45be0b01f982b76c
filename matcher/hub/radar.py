"""The radar: whom a broker might tell of a solution that is in use, and the letters that were sent.

Nothing is sent by itself: a broker reads why an organisation stands there, edits the letter and sends it. Nobody is
written to twice within QUIET_DAYS without the broker being told so first.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import adopters, fields, mail, people, published, record
from .clock import day, later
from .errors import Conflict, Denied, Invalid, NotFound
from .ids import new_id
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
EARLIER_DAYS = 3 * 365  # so long a closed need still says something about an organisation
QUIET_DAYS = 90
MOST = 3_000
# Closed for one of these, the need is not there any more.
MET = ("met", "procured", "duplicate")
TEXT_LIMIT = 4_000


class Letter(fields.Content):
    """What a broker sends."""

    subject: fields.Line = ""
    text: fields.Text = ""


def needs(store: Store, now: str) -> list[Row]:
    """Return the published needs that may still hold, open ones and those closed within EARLIER_DAYS, newest first.

    Each with its organisation and `open` (1 or 0); closed ones that were met or bought are left out. One query.
    """
    return store.query(
        """select n.id, n.organisation_id, n.title, n.language, n.themes, n.published_at, n.closed_at, n.valid_until,
                  o.name as owner_name,
                  case when n.closed_at is null and (n.valid_until is null or n.valid_until >= :today)
                       then 1 else 0 end as open
           from need n join organisation o on o.id = n.organisation_id
           where n.published_at is not null and o.merged_into is null
             and (n.closed_at is null or (n.closed_at >= :since and n.close_reason not in :met))
             and (n.closed_at is not null or n.valid_until is null or n.valid_until >= :expired)
           order by n.published_at desc, n.id limit :most""",
        {
            "today": day(now),
            "since": later(now, days=-EARLIER_DAYS),
            "expired": day(later(now, days=-EARLIER_DAYS)),
            "met": MET,
            "most": MOST,
        },
    )


def said(store: Store, startup_id: str) -> dict[str, str]:
    """Return by need what its organisation has said about a solution itself, so that it is no guess: copied, met.

    `copied`: the need was made from a pilot of this startup. `met`: the two were shown to each other about it.
    """
    rows = store.query(
        """select c.need_id, 'copied' as what from copied_need c join pairing p on p.id = c.pairing_id
           where p.startup_id = :id
           union select need_id, 'met' from pairing where startup_id = :id and owner_accepted_at is not null
           union select need_id, 'met' from share where startup_id = :id and commented_at is not null
           order by what desc""",
        {"id": startup_id},
    )
    return {row["need_id"]: row["what"] for row in rows}


def letters(store: Store, now: str) -> dict[str, Row]:
    """Return by organisation the last letter that was sent to it within QUIET_DAYS, about any solution. One query."""
    rows = store.query(
        """select l.id, l.organisation_id, l.sent_at, l.subject, s.name as startup_name, person.name as person
           from spread_letter l join startup s on s.id = l.startup_id left join person on person.id = l.sent_by
           where l.sent_at > :since order by l.sent_at""",
        {"since": later(now, days=-QUIET_DAYS)},
    )
    return {row["organisation_id"]: row for row in rows}


def sent(store: Store, startup_id: str) -> list[Row]:
    """Return the letters about a solution, newest first, a hundred at most."""
    return store.query(
        """select l.organisation_id, l.sent_at, l.subject, l.text, l.guess, o.name as owner_name,
                  person.name as person
           from spread_letter l join organisation o on o.id = l.organisation_id
           left join person on person.id = l.sent_by
           where l.startup_id = :id order by l.sent_at desc, l.id limit 100""",
        {"id": startup_id},
    )


def readers(store: Store, organisation_id: str) -> list[Row]:
    """Return who reads a letter to an organisation: its owners of needs (id, name, email, locale)."""
    return people.in_organisation(store, organisation_id, "owner")


def addressed(store: Store) -> set[str]:
    """Return the organisations where somebody would read a letter."""
    rows = store.query(
        """select distinct m.organisation_id from membership m join person p on p.id = m.person_id
           where m.role = 'owner' and m.revoked_at is null and p.disabled_at is null"""
    )
    return {row["organisation_id"] for row in rows}


def load(store: Store, viewer: Viewer | None, startup_id: str, organisation_id: str) -> Row:
    """Return a solution that is in use and an organisation that a broker may tell of it; raise NotFound."""
    rows = store.query(
        f"""select s.id as startup_id, s.name as startup_name, o.id as organisation_id, o.name as owner_name
           from startup s, organisation o
            where s.id = :startup and o.id = :organisation and o.merged_into is null
              and {published.live("startup", "s")}""",
        {"startup": startup_id, "organisation": organisation_id},
    )
    if not rows or not can(viewer, "desk") or not adopters.of_startup(store, viewer, startup_id):
        raise NotFound("radar")
    return rows[0]


def send(
    store: Store, viewer: Viewer, startup_id: str, organisation_id: str, given: Row, now: str, *,
    need_id: str = "", guess: bool = True, again: bool = False,
) -> int:  # fmt: skip
    """Send a letter as the broker wrote it to an organisation's owners of needs, and return how many get it.

    again: the broker knows of the last one; without that, one within QUIET_DAYS raises Conflict `letter_recent`.
    """
    content = fields.filled(Letter, given, {"subject": "required", "text": "required"})
    if len(content["text"]) > TEXT_LIMIT:
        raise Invalid({"text": ("too_long", {"limit": TEXT_LIMIT, "length": len(content["text"])})})
    with viewer.deciding(store):
        # The organisation's row first: of two brokers who write at the same moment the second is told of the first.
        if not store.execute("update organisation set name = name where id = :id", {"id": organisation_id}):
            raise NotFound("radar")
        if not can(viewer, "desk"):
            raise Denied("denied")
        found = load(store, viewer, startup_id, organisation_id)
        if organisation_id in adopters.organisations(store, startup_id):
            raise Conflict("letter_uses")
        last = letters(store, now).get(organisation_id)
        if last and not again:
            raise Conflict(
                "letter_recent", person=last["person"] or "", at=last["sent_at"], startup=last["startup_name"]
            )
        told = readers(store, organisation_id)
        if not told:
            raise Conflict("letter_nobody")
        row = {
            "id": new_id(), "startup_id": startup_id, "organisation_id": organisation_id, **content,
            "need_id": _own_need(store, organisation_id, need_id), "guess": "yes" if guess else "no",
            "sent_at": now, "sent_by": viewer.person_id,
        }  # fmt: skip
        store.insert("spread_letter", row)
        mail.queue(
            store, f"spread.letter:{row['id']}", told, "spread_letter", now, startup_id=startup_id,
            startup=found["startup_name"], broker=viewer.name, broker_email=viewer.email, **content,
        )  # fmt: skip
        record.write(
            store, viewer.person_id, "spread.letter", "startup", startup_id, now,
            organisation=found["owner_name"], note=content["subject"],
        )  # fmt: skip
    return len(told)


def _own_need(store: Store, organisation_id: str, need_id: str) -> str | None:
    params = {"id": need_id, "home": organisation_id}
    rows = store.query("select id from need where id = :id and organisation_id = :home", params)
    return rows[0]["id"] if rows else None
