"""The administrator's view of people: a searchable list, one person, closing and opening an account."""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import leaving, people, record
from .errors import Conflict, NotFound
from .people import Viewer
from .swedish import swedish_key

PAGE = 50


def listing(store: Store, *, words: str = "", role: str = "", state: str = "", page: int = 1) -> dict[str, Any]:
    """Return a page of people in Swedish order: `rows`, `total`, `page`, `pages`.

    `words` are looked for in name and e-mail, `role` is one of people.ROLES, `state` is `open`, `closed` or empty.
    Each row has `roles`, a list of role and organisation. Three queries, however many people there are.
    """
    light = store.query("select id, name, email, disabled_at from person where erased_at is null")
    holders = _holders(store, role) if role in people.ROLES else None
    found = [
        row
        for row in light
        if _mentions(row, words)
        and (holders is None or row["id"] in holders)
        and (state not in ("open", "closed") or (state == "closed") == bool(row["disabled_at"]))
    ]
    found.sort(key=lambda row: (swedish_key(row["name"]), row["email"]))
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(page, 1), pages)
    rows = found[PAGE * (page - 1) : PAGE * page]
    held = _roles_of(store, [row["id"] for row in rows])
    rows = [{**row, "roles": held.get(row["id"], [])} for row in rows]
    return {"rows": rows, "total": len(found), "page": page, "pages": pages}


def _mentions(row: dict[str, Any], words: str) -> bool:
    text = f"{row['name']} {row['email']}".casefold()
    return all(word in text for word in words.casefold().split())


def _holders(store: Store, role: str) -> set[str]:
    rows = store.query("select person_id from membership where role = :role and revoked_at is null", {"role": role})
    return {row["person_id"] for row in rows}


def _roles_of(store: Store, person_ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    rows = store.query(
        """select m.person_id, m.role, o.id as organisation_id, o.name as organisation
           from membership m join organisation o on o.id = m.organisation_id
           where m.person_id in :ids and m.revoked_at is null order by m.granted_at, m.id""",
        {"ids": person_ids},
    )
    held: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        held.setdefault(row["person_id"], []).append(row)
    return held


def load(store: Store, viewer: Viewer | None, person_id: str) -> dict[str, Any]:
    """Return one person for an administrator; raise NotFound for others.

    With it `seen_at` (last in use, or None), `factor_at` and `linked_at` (since when there is a second factor, and
    the organisation's log-in lets them in, or None).
    """
    rows = store.query(
        """select p.id, p.name, p.email, p.locale, p.created_at, p.disabled_at, p.erased_at,
                  (select max(s.seen_at) from session s where s.person_id = p.id) as seen_at,
                  (select f.confirmed_at from second_factor f where f.person_id = p.id) as factor_at,
                  (select min(i.linked_at) from identity i where i.person_id = p.id) as linked_at
           from person p where p.id = :id""",
        {"id": person_id},
    )
    if not rows or viewer is None or not viewer.has("administrator"):
        raise NotFound("person")
    return rows[0]


def name_of(store: Store, person_id: str) -> dict[str, Any]:
    """Return id, name and email of a person who is not erased; raise NotFound."""
    rows = store.query("select id, name, email from person where id = :id and erased_at is null", {"id": person_id})
    if not rows:
        raise NotFound("person")
    return rows[0]


def disable(store: Store, person_id: str, by: str, now: str) -> None:
    """Close an account: its sessions and mailed links end at once (`leaving.py`). Never the last administrator's.

    What the person wrote stays.
    """
    with store.atomic():
        people.lock_administrators(store)
        if not store.execute(
            "update person set disabled_at = :now where id = :id and disabled_at is null",
            {"id": person_id, "now": now},
        ):
            raise Conflict("person_already_disabled")
        if any(row["role"] == "administrator" for row in people.roles(store, person_id)):
            people.require_administrator(store)
        people.end_sessions(store, person_id, now)
        leaving.account(store, person_id, by, now)
        record.write(store, by, "person.disable", "person", person_id, now)


def enable(store: Store, person_id: str, by: str, now: str) -> None:
    """Open an account again, with the roles that it still holds."""
    with store.atomic():
        if not store.execute(
            """update person set disabled_at = null
               where id = :id and disabled_at is not null and erased_at is null""",
            {"id": person_id},
        ):
            raise Conflict("person_not_disabled")
        record.write(store, by, "person.enable", "person", person_id, now)
