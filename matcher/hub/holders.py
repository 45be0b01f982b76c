"""Who holds a case at the hub, and who steps in: a broker and a substitute.

Until somebody else is named, the broker who proposed the case holds it (`cases` reads it so). Who held it before
stays in the rows that were replaced.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import fields, locks, mail, parties, people, record
from .errors import Conflict, Denied, Invalid
from .ids import new_id
from .people import Viewer
from .permissions import can

Row = dict[str, Any]


class HolderContent(fields.Content):
    """Who is to hold a case, and who steps in when they are away; both ids of brokers."""

    holder_id: fields.Line = ""
    substitute_id: fields.Line = ""


def of_case(store: Store, case: Row) -> Row:
    """Return who holds a case: holder_id, holder, holder_email, substitute_id, substitute, substitute_email, `since`.

    A field is None where nobody is named.
    """
    rows = store.query(
        """select h.since, holder.id as holder_id, holder.name as holder, holder.email as holder_email,
                  substitute.id as substitute_id, substitute.name as substitute, substitute.email as substitute_email
           from pairing p left join case_holder h on h.pairing_id = p.id and h.replaced_at is null
           left join person holder on holder.id = coalesce(h.holder_id, p.proposed_by)
           left join person substitute on substitute.id = h.substitute_id where p.id = :id""",
        {"id": case["id"]},
    )
    return {**rows[0], "since": rows[0]["since"] or case["proposed_at"]}


def history(store: Store, pairing_id: str) -> list[Row]:
    """Return who was named to hold a case, newest first: holder, substitute (names), since, replaced_at."""
    return store.query(
        """select h.since, h.replaced_at, holder.name as holder, substitute.name as substitute
           from case_holder h join person holder on holder.id = h.holder_id
           left join person substitute on substitute.id = h.substitute_id
           where h.pairing_id = :id order by h.since desc""",
        {"id": pairing_id},
    )


def hand(store: Store, viewer: Viewer, pairing_id: str, given: Row, now: str) -> bool:
    """Name who holds a case and who steps in; both are told. Return whether anything changed.

    Raise Invalid when either is no broker of the hub (any more) or both are the same.
    """
    content = fields.validate(HolderContent, given)
    with viewer.deciding(store):
        case = locks.case(store, pairing_id)
        if not can(viewer, "case.hold", case):
            raise Denied("denied")
        if case["declined_at"]:
            raise Conflict("pairing_declined", person=case["decliner"] or "", at=case["declined_at"])
        before = of_case(store, case)
        named = _checked(store, content)
        chosen = (content.holder_id, content.substitute_id or None)
        if chosen == (before["holder_id"], before["substitute_id"]):
            return False
        store.execute(
            "update case_holder set replaced_at = :now where pairing_id = :id and replaced_at is null",
            {"now": now, "id": pairing_id},
        )
        row = {"id": new_id(), "pairing_id": pairing_id, "holder_id": chosen[0], "substitute_id": chosen[1]}
        store.insert("case_holder", {**row, "since": now, "set_by": viewer.person_id})
        names = {"holder": named[0]["name"], "substitute": named[1]["name"] if len(named) > 1 else ""}
        told = parties.others([*named, *_left(store, before, chosen)], viewer)
        mail.queue(
            store, f"case.holder:{pairing_id}:{now}", told, "case_holder", now, pairing_id=pairing_id,
            need=case["need_title"], startup=case["startup_name"], actor=viewer.name, **names,
        )  # fmt: skip
        record.write(
            store, viewer.person_id, "case.holder", "pairing", pairing_id, now,
            before=before["holder"] or "", **names,
        )  # fmt: skip
    return True


def _checked(store: Store, content: HolderContent) -> list[Row]:
    """Return the holder and, where one is named, the substitute; raise Invalid."""
    brokers = {person["id"]: person for person in people.with_role(store, "broker")}
    errors: dict[str, tuple[str, Row]] = {}
    if content.holder_id not in brokers:
        errors["holder_id"] = ("required_broker", {})
    if content.substitute_id and content.substitute_id not in brokers:
        errors["substitute_id"] = ("required_broker", {})
    elif content.substitute_id and content.substitute_id == content.holder_id:
        errors["substitute_id"] = ("same_broker", {})
    if errors:
        raise Invalid(errors)
    return [brokers[one] for one in (content.holder_id, content.substitute_id) if one]


def _left(store: Store, before: Row, chosen: tuple[str, str | None]) -> list[Row]:
    """Return who held the case or stepped in until now and does so no longer, where still a broker."""
    gone = {before["holder_id"], before["substitute_id"]} - {*chosen, None}
    return [person for person in people.with_role(store, "broker") if person["id"] in gone]
