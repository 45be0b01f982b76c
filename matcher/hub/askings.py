"""Asking someone who has done it: the owner's side of a case says that others may, and a question goes as mail.

Whom it reaches stays inside: the one who asks learns only that it was sent. The question stands with the case, and
the record tells who asked, both for the owner's side and the brokers alone.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import adopters, fields, locks, mail, parties, record
from .clock import later
from .errors import Conflict, Denied, Invalid, NotFound
from .ids import new_id
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
A_DAY = 5  # questions that one person may send in a day
LIMIT = 2_000


class Question(fields.Content):
    """What is asked."""

    text: fields.Text = ""


def consent(store: Store, pairing_id: str) -> Row | None:
    """Return who said that others may ask about a case, and when; None when it does not stand."""
    rows = store.query(
        """select c.opened_at, person.name as person from spread_consent c
           left join person on person.id = c.opened_by where c.pairing_id = :id and c.closed_at is null""",
        {"id": pairing_id},
    )
    return rows[0] if rows else None


def opened(store: Store, viewer: Viewer, pairing_id: str, now: str) -> None:
    """Say that others may ask about a case whose place was booked; the owner's side decides it."""
    with viewer.deciding(store):
        case = _own(store, viewer, pairing_id)
        if not case["confirmed_at"]:
            raise Conflict("asking_early")
        if consent(store, pairing_id):
            raise Conflict("asking_open")
        row = {"pairing_id": pairing_id, "opened_at": now, "opened_by": viewer.person_id, "closed_at": None}
        store.upsert("spread_consent", row, ["pairing_id"])
        record.write(store, viewer.person_id, "spread.open", "pairing", pairing_id, now)


def closed(store: Store, viewer: Viewer, pairing_id: str, now: str) -> None:
    """Say that nobody may ask any more."""
    with viewer.deciding(store):
        _own(store, viewer, pairing_id)
        if not consent(store, pairing_id):
            raise Conflict("asking_closed")
        store.execute(
            "update spread_consent set closed_at = :now where pairing_id = :id", {"now": now, "id": pairing_id}
        )
        record.write(store, viewer.person_id, "spread.close", "pairing", pairing_id, now)


def _own(store: Store, viewer: Viewer, pairing_id: str) -> Row:
    case = locks.case(store, pairing_id)
    if not can(viewer, "spread.open", case):
        raise Denied("denied")
    return case


def load(store: Store, viewer: Viewer | None, pairing_id: str) -> Row:
    """Return a case that a person may ask about; raise NotFound.

    Its owner has said so, and the person knows of it: both sides have released it, or the person is a broker. Nobody
    asks their own organisation.
    """
    rows = store.query(
        f"""select p.id, n.title as case_title, n.language, n.organisation_id as owner_organisation,
                   o.name as owner_name, s.name as startup_name,
                   case when {adopters.RELEASED} then 1 else 0 end as released
            from pairing p join need n on n.id = p.need_id join organisation o on o.id = n.organisation_id
            join startup s on s.id = p.startup_id join spread_consent c on c.pairing_id = p.id and c.closed_at is null
            left join release r on r.pairing_id = p.id
            where p.id = :id and ({adopters.RELEASED} or :broker = 1)""",
        {"id": pairing_id, "broker": int(bool(viewer) and viewer.has("broker"))},
    )
    if not rows or (viewer and viewer.acts_for(rows[0]["owner_organisation"], "owner", "startup")):
        raise NotFound("question")
    return rows[0]


def ask(store: Store, viewer: Viewer, pairing_id: str, text: str, now: str) -> None:
    """Send a question to the owner's people, with the asker's name, organisation and address to answer to.

    Raise Invalid for an empty or long text, Conflict past A_DAY questions, and when nobody is there to read it.
    """
    text = fields.filled(Question, {"text": text}, {"text": "required"})["text"]
    if len(text) > LIMIT:
        raise Invalid({"text": ("too_long", {"limit": LIMIT, "length": len(text)})})
    with viewer.deciding(store):
        # The asker's own row is locked: two questions at the same moment are counted one after the other.
        case = locks.case(store, pairing_id)
        found = load(store, viewer, pairing_id)
        if not can(viewer, "spread.ask", found):
            raise Denied("denied")
        _not_too_often(store, viewer, now)
        told = parties.others(parties.of_side(store, "owner", case), viewer)
        if not told:
            raise Conflict("asking_nobody")
        home = _home(store, viewer)
        row = {"id": new_id(), "pairing_id": pairing_id, "person_id": viewer.person_id, "text": text, "asked_at": now}
        store.insert("spread_question", {**row, "organisation_id": home.get("id")})
        mail.queue(
            store, f"spread.question:{row['id']}", told, "spread_question", now,
            pairing_id=pairing_id, need=case["need_title"], startup=case["startup_name"], asker=viewer.name,
            asker_email=viewer.email, organisation=home.get("name", ""), text=text,
        )  # fmt: skip
        record.write(
            store, viewer.person_id, "spread.ask", "pairing", pairing_id, now, note=home.get("name", ""),
            visible="owner",
        )  # fmt: skip


def _not_too_often(store: Store, viewer: Viewer, now: str) -> None:
    rows = store.query(
        "select count(*) as number from spread_question where person_id = :id and asked_at > :since",
        {"id": viewer.person_id, "since": later(now, days=-1)},
    )
    if rows[0]["number"] >= A_DAY:
        raise Conflict("asking_often", most=A_DAY)


def _home(store: Store, viewer: Viewer) -> Row:
    """Return the organisation that a person asks for: the first that they act for."""
    ids = viewer.organisations("owner", "host", "broker")
    rows = store.query("select id, name from organisation where id in :ids order by id", {"ids": ids[:1]})
    return rows[0] if rows else {}


def questions(store: Store, pairing_id: str) -> list[Row]:
    """Return what was asked about a case, newest first, with who asked; for its owner's side and the brokers."""
    return store.query(
        """select q.text, q.asked_at, person.name as person, o.name as owner_name from spread_question q
           left join person on person.id = q.person_id left join organisation o on o.id = q.organisation_id
           where q.pairing_id = :id order by q.asked_at desc, q.id""",
        {"id": pairing_id},
    )


def asked_by(store: Store, viewer: Viewer, pairing_id: str) -> list[Row]:
    """Return what a person has asked about a case, newest first: that it was sent, and when."""
    return store.query(
        """select text, asked_at from spread_question where pairing_id = :id and person_id = :me
           order by asked_at desc, id""",
        {"id": pairing_id, "me": viewer.person_id},
    )
