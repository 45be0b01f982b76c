"""Merging two profiles of one company: a broker decides, both sides are told, and it can be undone.

The kept profile takes over interests, pairings, shares, dismissals and declared conflicts of the other. Where
both have a live row for the same need they collide: two open pairings stop the merge until one is ended; of
two interests or shares the kept profile's counts and the other is withdrawn; of two dismissals or declared
conflicts the other simply stays behind. A conflict counts for both companies and all their profiles wherever it
stands (`conflicts.py`). Bookings never collide and all go along. What was moved stands in the
offer's `before`, so that undoing moves exactly that back; a booking in a case goes wherever its case goes.
"""

from __future__ import annotations

import json
from typing import Any

from ..store import Store
from . import company_news, mail, people, record, startups
from .errors import Conflict, NotFound
from .merge_offers import LIVE, collisions, newcomers
from .people import Viewer

# Of a colliding pair the dropped profile's row is withdrawn, so that nobody waits for an answer to it.
WITHDRAWN = {"interest": "answered_at is null", "share": "commented_at is null"}


def merge(store: Store, viewer: Viewer, offer_id: str, keep_id: str, now: str, *, invite: bool = False) -> None:
    """Merge an offer's two profiles into `keep_id`; with `invite` the other company's people act for it too.

    Raises NotFound for a profile that is not in the offer, Conflict when somebody decided first or when both
    have an open pairing for the same need.
    """
    with viewer.deciding(store, roles=True):
        offer = _locked_offer(store, offer_id)
        if offer["decided_at"] and not offer["undone_at"]:
            raise Conflict("merge_decided")
        keep, drop = _locked_pair(store, offer, keep_id)
        if keep["merged_into"] or drop["merged_into"]:
            raise Conflict("merge_decided")
        doubled = [title for table, title in collisions(store, keep["id"], drop["id"]) if table == "pairing"]
        if doubled:
            raise Conflict("merge_two_pairings", need=doubled[0])
        told = {person["id"]: person for row in (keep, drop) for person in startups.contacts(store, row)}
        before = {
            "moved": {table: _move(store, table, drop["id"], keep["id"]) for table in LIVE},
            "withdrawn": {table: _withdraw(store, table, drop["id"], now) for table in WITHDRAWN},
            "booked": _move_bookings(store, drop, keep),
            "granted": _grant(store, viewer, keep, drop, now) if invite else [],
        }
        startups.update(store, keep["id"], {})
        startups.update(store, drop["id"], {"merged_into": keep["id"], "merged_at": now})
        _decide(store, viewer, offer, "merged", now, keep["id"], drop["id"], before)
        _record(store, viewer, "startup.merge", keep, drop, now, **before)
        _tell(store, viewer, "merged", told.values(), keep, drop, now)
        moved = before["moved"]["pairing"]
        booked = before["booked"]
        company_news.tell(store, viewer, keep["id"], "merged", now, before=drop["name"], only=moved, booked=booked)


def different(store: Store, viewer: Viewer, offer_id: str, now: str) -> None:
    """Decide that the two are not the same company: the pair is not offered again."""
    with viewer.deciding(store):
        offer = _locked_offer(store, offer_id)
        if offer["decided_at"] and not offer["undone_at"]:
            raise Conflict("merge_decided")
        _decide(store, viewer, offer, "different", now, offer["keep_id"], offer["drop_id"], None)
        record.write(
            store, viewer.person_id, "startup.different", "startup", offer["keep_id"], now, other=offer["drop_id"]
        )


def undo(store: Store, viewer: Viewer, offer_id: str, now: str) -> None:
    """Take a decision back: the offer is open again, and after a merge both profiles are as they were.

    Raises Conflict when there is nothing to undo, or when the kept profile was itself merged since: that merge
    is undone first.
    """
    with viewer.deciding(store, roles=True):
        offer = _locked_offer(store, offer_id)
        if not offer["decided_at"] or offer["undone_at"]:
            raise Conflict("merge_not_decided")
        if offer["decision"] == "merged":
            _part(store, viewer, offer, now)
        store.execute("update merge_offer set undone_at = :now where id = :id", {"now": now, "id": offer_id})
        if offer["decision"] == "different":
            record.write(
                store, viewer.person_id, "startup.different_undone", "startup", offer["keep_id"], now,
                other=offer["drop_id"],
            )  # fmt: skip


def _part(store: Store, viewer: Viewer, offer: dict[str, Any], now: str) -> None:
    before = json.loads(offer["before"])
    people.lock(store, before["granted"])
    keep, drop = _locked_pair(store, offer, offer["keep_id"])
    if keep["merged_into"]:
        raise Conflict("merge_undo_later_first")
    told = {person["id"]: person for row in (keep, drop) for person in startups.contacts(store, row)}
    for table, ids in before["moved"].items():
        store.execute(
            f"update {table} set startup_id = :drop where startup_id = :keep and id in :ids",
            {"drop": drop["id"], "keep": keep["id"], "ids": ids},
        )
    booked = _move_bookings(store, keep, drop, _booked_by(store, keep, before))
    for table, ids in before["withdrawn"].items():
        store.execute(
            f"update {table} set withdrawn_at = null where id in :ids and withdrawn_at = :then",
            {"ids": ids, "then": offer["decided_at"]},
        )
    for membership in _memberships(store, keep, before["granted"]):
        people.revoke(store, membership["id"], viewer.person_id, now)
    startups.update(store, keep["id"], {})
    startups.update(store, drop["id"], {"merged_into": None, "merged_at": None})
    _record(store, viewer, "startup.unmerge", keep, drop, now, **before)
    _tell(store, viewer, "unmerged", told.values(), keep, drop, now)
    moved = before["moved"]["pairing"]
    company_news.tell(store, viewer, drop["id"], "parted", now, before=keep["name"], only=moved, booked=booked)


def _locked_offer(store: Store, offer_id: str) -> dict[str, Any]:
    rows = store.query("update merge_offer set found_at = found_at where id = :id returning *", {"id": offer_id})
    if not rows:
        raise NotFound("offer")
    return rows[0]


def _locked_pair(store: Store, offer: dict[str, Any], keep_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Lock both profiles in the order of their ids, so that two merges never wait for each other."""
    ids = sorted((offer["keep_id"], offer["drop_id"]))
    if keep_id not in ids:
        raise NotFound("startup")
    rows = {startup_id: startups.locked(store, startup_id) for startup_id in ids}
    return rows.pop(keep_id), rows.popitem()[1]


def _move(store: Store, table: str, drop_id: str, keep_id: str) -> list[str]:
    """Give the dropped profile's rows to the kept one, but for those that collide; return the ids."""
    live = LIVE[table]
    rows = store.query(
        f"""update {table} set startup_id = :keep where startup_id = :drop and not ({live} and need_id in
            (select need_id from {table} where startup_id = :keep and {live})) returning id""",
        {"keep": keep_id, "drop": drop_id},
    )
    return sorted(row["id"] for row in rows)


def _move_bookings(
    store: Store, giver: dict[str, Any], taker: dict[str, Any], ids: list[str] | None = None
) -> list[str]:
    """Give one profile's bookings (those in `ids`, or all) to the other and to its company; return the ids."""
    rows = store.query(
        """update booking set startup_id = :taker,
                  organisation_id = case when organisation_id = :giver_home then :taker_home else organisation_id end
           where startup_id = :giver and (:all = 'yes' or id in :ids) returning id""",
        {
            "giver": giver["id"],
            "taker": taker["id"],
            "giver_home": giver["organisation_id"],
            "taker_home": taker["organisation_id"],
            "all": "yes" if ids is None else "no",
            "ids": ids or [],
        },
    )
    return sorted(row["id"] for row in rows)


def _booked_by(store: Store, keep: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """Return the bookings that go back when two are parted: those that came, but one in a case goes with its case."""
    rows = store.query(
        """select id from booking where startup_id = :keep and (
               coalesce(pairing_id, used_pairing_id) in :cases
               or (id in :booked and pairing_id is null and used_pairing_id is null))""",
        {"keep": keep["id"], "cases": before["moved"]["pairing"], "booked": before.get("booked", [])},
    )
    return [row["id"] for row in rows]


def _withdraw(store: Store, table: str, drop_id: str, now: str) -> list[str]:
    rows = store.query(
        f"""update {table} set withdrawn_at = :now where startup_id = :drop and withdrawn_at is null
            and {WITHDRAWN[table]} returning id""",
        {"now": now, "drop": drop_id},
    )
    return sorted(row["id"] for row in rows)


def _grant(store: Store, viewer: Viewer, keep: dict[str, Any], drop: dict[str, Any], now: str) -> list[str]:
    ids = [person["id"] for person in newcomers(store, keep, drop)]
    for person_id in ids:
        people.grant(store, person_id, keep["organisation_id"], "startup", viewer.person_id, now)
        people.end_sessions(store, person_id, now)  # as an invitation does: none outlives the rights it began with
    return ids


def _memberships(store: Store, keep: dict[str, Any], person_ids: list[str]) -> list[dict[str, Any]]:
    return store.query(
        """select id from membership where person_id in :people and organisation_id = :organisation
           and role = 'startup' and revoked_at is null order by id""",
        {"people": person_ids, "organisation": keep["organisation_id"]},
    )


def _decide(
    store: Store, viewer: Viewer, offer: dict[str, Any], decision: str, now: str, keep_id: str, drop_id: str,
    before: dict[str, Any] | None,
) -> None:  # fmt: skip
    store.execute(
        """update merge_offer set keep_id = :keep, drop_id = :drop, decided_at = :now, decided_by = :by,
                  decision = :decision, undone_at = null, before = :before where id = :id""",
        {
            "keep": keep_id,
            "drop": drop_id,
            "now": now,
            "by": viewer.person_id,
            "decision": decision,
            "before": json.dumps(before, sort_keys=True) if before else None,
            "id": offer["id"],
        },
    )


def _record(
    store: Store, viewer: Viewer, action: str, keep: dict[str, Any], drop: dict[str, Any], now: str, **detail: Any
) -> None:
    """Leave an audit row with each of the two, so that both histories tell of it."""
    for row, other in ((keep, drop), (drop, keep)):
        record.write(
            store, viewer.person_id, action, "startup", row["id"], now, kept=keep["id"], other=other["id"], **detail
        )


def _tell(
    store: Store, viewer: Viewer, what: str, told: Any, keep: dict[str, Any], drop: dict[str, Any], now: str
) -> None:
    mail.queue(
        store, f"startup.{what}:{drop['id']}:{now}", told, f"startup_{what}", now,
        startup_id=keep["id"], kept=keep["name"], dropped=drop["name"], broker=viewer.name, broker_email=viewer.email,
    )  # fmt: skip
