"""Conflicts of interest between a need and a startup: declared by either side or a broker, lifted by a broker only.

While one stands, the two can neither be proposed to each other nor confirmed. Rows are kept for good. The tie is to
the company, so that a declaration counts for every profile of the same organisation, and of those that are one company
with it (`one_company.py`): neither a second profile nor a merge evades any.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import fields, locks, mail, needs, one_company, parties, people, record, startups
from .errors import Conflict, Denied, NotFound
from .ids import new_id
from .people import Viewer
from .permissions import can

# The organisations that a declaration counts for, each once: `conflict_id`, `organisation_id`.
_TIED = f"""
    with recursive merged (one, other) as ({one_company.MERGED}), tied (conflict_id, organisation_id) as (
        select c.id, s.organisation_id from conflict c join startup s on s.id = c.startup_id
        union select tied.conflict_id, merged.other from tied join merged on merged.one = tied.organisation_id)"""

# A row for each profile that a declaration counts for: `profile_id` is the profile, `startup_id` what was declared on.
_NAMED = f"""
    {_TIED}
    select c.*, n.title as need_title, n.organisation_id as owner_organisation, s.name as startup_name,
           s.organisation_id as startup_organisation, profile.id as profile_id,
           declarer.name as declared_by_name, lifter.name as lifted_by_name
    from conflict c join need n on n.id = c.need_id join startup s on s.id = c.startup_id
    join tied on tied.conflict_id = c.id join startup profile on profile.organisation_id = tied.organisation_id
    left join person declarer on declarer.id = c.person_id left join person lifter on lifter.id = c.lifted_by"""

# The needs and the profiles between which one stands, as SQL: `need_id`, `startup_id`.
OF_COMPANY = f"""
    ({_TIED}
     select stood.need_id, profile.id as startup_id from conflict stood join tied on tied.conflict_id = stood.id
     join startup profile on profile.organisation_id = tied.organisation_id where stood.lifted_at is null)"""


def pair(store: Store, viewer: Viewer | None, need_id: str, startup_id: str) -> dict[str, Any]:
    """Return a need and a startup as one thing that a conflict can be declared on; raise NotFound.

    A person meets the pair when they are a broker or stand on one of its sides, and may see the other.
    """
    need, startup = needs.load(store, viewer, need_id), startups.load(store, viewer, startup_id)
    both = {
        "need_id": need_id,
        "need_title": need["title"],
        "owner_organisation": need["organisation_id"],
        "startup_id": startup_id,
        "startup_name": startup["name"],
        "startup_organisation": startup["organisation_id"],
    }
    if not can(viewer, "conflict.declare", both):
        raise NotFound("pair")
    return both


def load(store: Store, viewer: Viewer | None, conflict_id: str) -> dict[str, Any]:
    """Return one declaration with names, for brokers and the two sides; raise NotFound."""
    rows = store.query(f"{_NAMED} where c.id = :id and profile.id = c.startup_id", {"id": conflict_id})
    if not rows or not can(viewer, "conflict.declare", rows[0]):
        raise NotFound("conflict")
    return rows[0]


def declare(store: Store, viewer: Viewer, need_id: str, startup_id: str, note: str, now: str) -> str:
    """Declare a conflict of interest, with what it is; return its id. Raise Conflict when one stands already."""
    note = fields.written("note", note)
    with viewer.deciding(store):
        # Proposing and confirming lock the need too, whichever of the company's profiles they are about: a declaration
        # never slips in between.
        locks.pair(store, startup_id, need_id)
        both = pair(store, viewer, need_id, startup_id)
        refuse(store, need_id, startup_id)
        row = {
            "id": new_id(),
            "need_id": need_id,
            "startup_id": startup_id,
            "person_id": viewer.person_id,
            "note": note,
            "declared_at": now,
        }
        store.insert("conflict", row)
        told = parties.others(people.with_role(store, "broker"), viewer)
        mail.queue(
            store, f"conflict.declared:{row['id']}", told, "conflict_declared", now,
            need_id=need_id, startup_id=startup_id, need=both["need_title"], startup=both["startup_name"],
            note=note, actor=viewer.name,
        )  # fmt: skip
        record.write(
            store, viewer.person_id, "conflict.declare", "conflict", row["id"], now,
            need_id=need_id, startup_id=startup_id,
        )  # fmt: skip
    return row["id"]


def lift(store: Store, viewer: Viewer, conflict_id: str, now: str) -> None:
    """Lift a conflict of interest (a broker's decision); the row stays. Raise Conflict when it was lifted already."""
    with viewer.deciding(store):
        store.execute("update conflict set note = note where id = :id", {"id": conflict_id})
        row = load(store, viewer, conflict_id)
        if not can(viewer, "conflict.lift", row):
            raise Denied("denied")
        if row["lifted_at"]:
            raise Conflict("conflict_lifted", person=row["lifted_by_name"] or "", at=row["lifted_at"])
        store.execute(
            "update conflict set lifted_at = :now, lifted_by = :by where id = :id",
            {"now": now, "by": viewer.person_id, "id": conflict_id},
        )
        declarer = store.query(
            """select email, locale from person where id = :id and disabled_at is null and email <> :own""",
            {"id": row["person_id"], "own": viewer.email},
        )
        mail.queue(
            store, f"conflict.lifted:{conflict_id}", declarer, "conflict_lifted", now,
            need_id=row["need_id"], startup_id=row["startup_id"], need=row["need_title"], startup=row["startup_name"],
            actor=viewer.name, actor_email=viewer.email,
        )  # fmt: skip
        record.write(store, viewer.person_id, "conflict.lift", "conflict", conflict_id, now)


def refuse(store: Store, need_id: str, startup_id: str) -> None:
    """Raise Conflict when a conflict of interest stands between the two."""
    row = standing_one(store, need_id, startup_id)
    if row:
        raise Conflict("conflict_declared", person=row["declared_by_name"] or "", at=row["declared_at"])


def standing_one(store: Store, need_id: str, startup_id: str) -> dict[str, Any] | None:
    """Return the declaration that stands between the two, with names, or None."""
    return next((row for row in history(store, need_id, startup_id) if not row["lifted_at"]), None)


def stands(store: Store, need_id: str, startup_id: str) -> bool:
    """Whether a conflict of interest stands between the two."""
    return standing_one(store, need_id, startup_id) is not None


def history(store: Store, need_id: str, startup_id: str) -> list[dict[str, Any]]:
    """Return all declarations between the need and any profile of the startup's company, the standing ones first."""
    return store.query(
        f"""{_NAMED} where c.need_id = :need and profile.id = :startup
            order by c.lifted_at is not null, c.declared_at desc, c.id""",
        {"need": need_id, "startup": startup_id},
    )


def standing(
    store: Store, *, need_id: str = "", startup_ids: list[str] | tuple[str, ...] = ()
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the conflicts that stand for one need, or for some startups, by (need id, startup id). For the gates.

    One stands under each profile of the company; where several do, the profile's own comes before another one's.
    """
    rows = store.query(
        f"""{_NAMED}
            where c.lifted_at is null and (c.need_id = :need or profile.id in :startups)
            order by case when profile.id = c.startup_id then 1 else 0 end, c.declared_at, c.id""",
        {"need": need_id, "startups": list(startup_ids)},
    )
    return {(row["need_id"], row["profile_id"]): row for row in rows}
