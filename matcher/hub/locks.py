"""The rows that a decision about a need and a startup locks, always in the same order, and what must hold of them.

A lock is a write that changes nothing: on PostgreSQL whoever comes second waits for the row, on SQLite for the
file. The order is testbed, startup, need, pairing, booking (`bookings.locked`), so that no two decisions ever wait
for each other. Before them comes the person who decides (`people.Viewer.deciding`), and before people the lock of the
administrators, for whoever takes a role or a person away. `ORDER` says so to an erasure, which has many rows to lock.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import cases, need_content
from .errors import Conflict, Invalid, NotFound

Row = dict[str, Any]
ORDER = ("testbed", "startup", "need", "pairing", "booking")


def testbed(store: Store, testbed_id: str) -> Row:
    """Lock the row that owns the places and return it; raise when it is not there or no longer on offer."""
    rows = store.query("update testbed set places = places where id = :id returning *", {"id": testbed_id})
    if not rows:
        raise Invalid({"testbed_id": ("required_testbed", {})})
    if not rows[0]["published_at"] or rows[0]["withdrawn_at"]:
        raise Conflict("testbed_withdrawn", testbed=rows[0]["name"])
    return rows[0]


def pair(store: Store, startup_id: str, need_id: str) -> tuple[Row, Row]:
    """Lock a startup and a need, in this order, and return them; raise NotFound."""
    startup = store.query("update startup set seq = seq where id = :id returning *", {"id": startup_id})
    need = store.query("update need set seq = seq where id = :id returning *", {"id": need_id})
    if not startup or not need:
        raise NotFound("startup" if need else "need")
    return startup[0], need[0]


def pair_of(store: Store, pairing_id: str) -> tuple[Row, Row]:
    """Lock the startup and the need of a pairing: neither may be hidden or closed while a place is taken."""
    rows = store.query("select startup_id, need_id from pairing where id = :id", {"id": pairing_id})
    if not rows:
        raise NotFound("pairing")
    return pair(store, rows[0]["startup_id"], rows[0]["need_id"])


def case(store: Store, pairing_id: str) -> Row:
    """Lock a pairing and return its case: whoever comes second waits and sees what the first decided."""
    store.execute("update pairing set answer_by = answer_by where id = :id", {"id": pairing_id})
    return cases.fetch(store, pairing_id)


def live(startup: Row, need: Row, now: str) -> None:
    """Raise Conflict unless the startup is published, the need published, open and not expired, and of another."""
    if not startup["published_at"] or startup["hidden_at"] or startup["merged_at"]:
        raise Conflict("startup_not_live", startup=startup["name"])
    if not need["published_at"] or need["closed_at"]:
        raise Conflict("need_not_open", need=need["title"])
    if need_content.expired(need, now):
        raise Conflict("need_expired", need=need["title"], valid_until=need["valid_until"])
    if need["organisation_id"] == startup["organisation_id"]:
        raise Conflict("own_need")


def undecided(row: Row) -> None:
    """Raise Conflict that tells who decided a case, what and when, if somebody did."""
    if row["declined_at"]:
        raise Conflict("pairing_declined", person=row["decliner"] or "", at=row["declined_at"])
    if row["ended_at"]:
        raise Conflict("pairing_ended", person=row["ender"] or "", at=row["ended_at"])
    if row["confirmed_at"]:
        raise Conflict(
            "pairing_confirmed", person=row["confirmer"] or "", at=row["confirmed_at"],
            testbed=row["testbed_name"], starts_on=row["starts_on"], ends_on=row["ends_on"],
        )  # fmt: skip


def unpaired(store: Store, need_id: str, startup_id: str) -> None:
    """Raise Conflict when the two are already being paired."""
    rows = store.query(
        """select p.id, p.proposed_at, person.name from pairing p left join person on person.id = p.proposed_by
           where p.need_id = :need and p.startup_id = :startup and p.declined_at is null and p.ended_at is null""",
        {"need": need_id, "startup": startup_id},
    )
    if rows:
        raise Conflict(
            "pairing_exists", person=rows[0]["name"] or "", at=rows[0]["proposed_at"], pairing_id=rows[0]["id"]
        )


def company_unpaired(store: Store, need_id: str, organisation_ids: list[str]) -> None:
    """Raise Conflict that names the case when a profile of a company is being paired with the need already.

    A need has one case with a company at a time: its owner would meet the same people twice. The need is locked.
    """
    rows = store.query(
        """select p.id, p.proposed_at, person.name, s.name as startup from pairing p
           join startup s on s.id = p.startup_id left join person on person.id = p.proposed_by
           where p.need_id = :need and s.organisation_id in :companies and p.declined_at is null and p.ended_at is null
           order by p.proposed_at, p.id""",
        {"need": need_id, "companies": organisation_ids},
    )
    if rows:
        raise Conflict(
            "pairing_of_company", startup=rows[0]["startup"], person=rows[0]["name"] or "", at=rows[0]["proposed_at"],
            pairing_id=rows[0]["id"],
        )  # fmt: skip
