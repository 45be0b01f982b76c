"""Needs: a published problem with an owner and a wanted effect. Draft → submitted → published → closed.

The fields are in `need_content`, the way from a draft into the catalogue in `need_review`, the lists that people
browse in `need_catalogue`, versions in `need_versions`.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import fields, mail, need_versions, organisations, people, published, record
from .errors import Conflict, Denied, Invalid, NotFound, Stale
from .ids import new_id
from .need_content import (
    TEXTS,
    NeedContent,
    checked,
    columns,
    decode,
    encode,
    expired,
    missing,
    readable,
)
from .people import SYSTEM, Viewer

CLOSE_REASONS = ("met", "no_longer_needed", "no_match", "procured", "paused", "duplicate")


def visible(viewer: Viewer | None) -> tuple[str, dict[str, Any]]:
    """Return the SQL condition (on `n`) for the needs that a person may see, and its parameters.

    Everybody sees what is published and open; a closed one is seen by its own side, the brokers, and the
    startups that answered it.
    """
    if viewer is None:
        return published.live("need", "n"), {}
    if viewer.has("broker"):
        return "1 = 1", {}
    return (
        f"""({published.live("need", "n")} or n.organisation_id in :own
            or (n.published_at is not null and exists (
                select 1 from startup s where s.organisation_id in :companies and (
                    exists (select 1 from pairing p where p.need_id = n.id and p.startup_id = s.id)
                    or exists (select 1 from interest i where i.need_id = n.id and i.startup_id = s.id)))))""",
        {"own": viewer.organisations("owner", "startup"), "companies": viewer.organisations("startup")},
    )


def load(store: Store, viewer: Viewer | None, need_id: str) -> dict[str, Any]:
    """Return one need that the person may see, with its organisation's name, in the fields that they may read.

    A startup is in a case from the proposal to a no, a host from the confirmation on: they read whom it is about.
    """
    condition, params = visible(viewer)
    parties = {role: viewer.organisations(role) if viewer else [] for role in ("startup", "host")}
    rows = store.query(
        f"""select n.*, o.name as organisation, t.name as testbed,
                   (select count(*) from pairing p join startup s on s.id = p.startup_id
                    left join testbed b on b.id = p.testbed_id
                    where p.need_id = n.id and p.declined_at is null and (s.organisation_id in :as_startup
                        or (p.confirmed_at is not null and b.organisation_id in :as_host))) as cases_in
            from need n
            join organisation o on o.id = n.organisation_id left join testbed t on t.id = n.testbed_id
            where n.id = :id and {condition}""",
        {"id": need_id, "as_startup": parties["startup"], "as_host": parties["host"], **params},
    )
    if not rows:
        raise NotFound("need")
    party = bool(rows[0].pop("cases_in"))
    return readable(viewer, decode(rows[0]), party=party)


def create(
    store: Store, viewer: Viewer | None, organisation_id: str, data: dict[str, Any], now: str, **origin: Any
) -> str:
    """Create a draft for an organisation of the person's own (or, as a broker, of anybody's); return the id.

    `origin` may hold `id`, `source`, `external_id`, `person_id` and `limit` for imports.
    """
    if viewer and not viewer.has("broker") and not viewer.acts_for(organisation_id, "owner", "startup"):
        raise Denied("need_organisation")
    content = checked(data, origin.pop("limit", fields.FORM_LIMIT))
    row = {
        "id": new_id(),
        "organisation_id": organisation_id,
        "person_id": viewer.person_id if viewer else None,
        **encode(content),
        **origin,
        "created_at": now,
        "updated_at": now,
    }
    with (viewer or SYSTEM).deciding(store):
        organisations.get(store, organisation_id)
        _check_testbed(store, row["testbed_id"])
        store.insert("need", {**row, "seq": record.next_seq(store)})
        record.write(store, viewer and viewer.person_id, "need.create", "need", row["id"], now, title=row["title"])
    return row["id"]


def save(
    store: Store, viewer: Viewer | None, need_id: str, data: dict[str, Any], revision: int, now: str,
    limit: int = fields.FORM_LIMIT,
) -> dict[str, Any]:  # fmt: skip
    """Save changed fields (`data` may hold some of them) and return the new row.

    Raises Stale when another save came in between (the typed text stays with the caller), Invalid per field,
    Conflict for a closed need. A change of a published need becomes a new version, which those who answered
    see and are told of.
    """
    with (viewer or SYSTEM).deciding(store):
        current = decode(locked(store, need_id))
        if current["closed_at"]:
            raise Conflict("need_closed")
        merged = {name: data.get(name, current[name]) for name in NeedContent.model_fields}
        longest = max((len(current[name]) for name in TEXTS), default=0)
        row = encode(checked(merged, max(limit, longest)))
        before = columns(current)
        changed = sorted(name for name in row if row[name] != before[name])
        if not changed:
            return current
        if current["revision"] != revision:
            raise Stale("stale", current=current)
        if current["published_at"] and viewer and "valid_until" in changed and expired(row, now):
            # A slip in the year would quietly take the need off the market.
            raise Invalid({"valid_until": ("past", {"past_on": row["valid_until"]})})
        if "testbed_id" in changed:
            _check_testbed(store, row["testbed_id"])
        version = current["version"] + 1 if current["published_at"] else current["version"]
        update(store, need_id, {**row, "version": version, "revision": revision + 1, "updated_at": now})
        if current["published_at"]:
            _new_version(store, viewer, current, row, version, now)
        by = viewer.person_id if viewer else None
        record.write(store, by, "need.save", "need", need_id, now, changed=changed, version=version)
        return decode(locked(store, need_id))


def _new_version(
    store: Store, viewer: Viewer | None, current: dict[str, Any], row: dict[str, Any], version: int, now: str
) -> None:
    """Keep a published need's new version and tell those who answered; what they relied on may not be emptied."""
    emptied = [name for name in missing(row) if current[name]]
    if emptied:
        raise Invalid({name: ("required", {}) for name in emptied})
    need_versions.keep(store, current["id"], version, viewer.person_id if viewer else None, row, now)
    mail.queue(
        store, f"need.changed:{current['id']}:{version}", involved(store, current["id"]), "need_changed", now,
        need_id=current["id"], title=row["title"], version=version,
    )  # fmt: skip


def close(store: Store, viewer: Viewer, need_id: str, reason: str, note: str, now: str) -> None:
    """Close a need with a reason that all who answered are told.

    Open interests and proposals that nobody has confirmed are declined with it; confirmed pairings go on.
    """
    note = fields.note("note", note)
    if reason not in CLOSE_REASONS:
        raise Invalid({"reason": ("required_choice", {})})
    with viewer.deciding(store):
        row = locked(store, need_id)
        if row["closed_at"]:
            raise Conflict("need_closed")
        told = involved(store, need_id)
        update(
            store, need_id,
            {"closed_at": now, "close_reason": reason, "close_note": note, "revision": row["revision"] + 1},
        )  # fmt: skip
        _decline_open(store, viewer, row, note, now)
        mail.queue(
            store, f"need.closed:{need_id}", told, "need_closed", now,
            need_id=need_id, title=row["title"], reason=reason, note=note,
        )  # fmt: skip
        record.write(store, viewer.person_id, "need.close", "need", need_id, now, reason=reason)


def _decline_open(store: Store, viewer: Viewer, row: dict[str, Any], note: str, now: str) -> None:
    """Answer what still waits for this need, in the need's closing: nobody is left without an answer."""
    side = "owner" if viewer.acts_for(row["organisation_id"], "owner", "startup") else "broker"
    values = {"now": now, "by": viewer.person_id, "id": row["id"], "note": note}
    store.execute(
        """update interest set answered_at = :now, answered_by = :by, answer = 'declined',
                  reason = 'need_closed', note = :note
           where need_id = :id and answered_at is null and withdrawn_at is null""",
        values,
    )
    declined = store.query(
        """update pairing set declined_at = :now, declined_by = :by, declined_side = :side,
                  reason = 'need_closed', note = :note
           where need_id = :id and confirmed_at is null and declined_at is null returning id""",
        {**values, "side": side},
    )
    for pairing in declined:
        record.write(
            store, viewer.person_id, "pairing.decline", "pairing", pairing["id"], now, reason="need_closed", side=side
        )


def owners(store: Store, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return who is told of a need's fate: its own person, else all who act for its organisation.

    Its own person while they still act for it (or are the broker who wrote it down): who has gone is not told.
    """
    own = people.acting(store, row["person_id"], row["organisation_id"], "owner", "startup")
    return own or people.in_organisation(store, row["organisation_id"], "owner", "startup")


def involved(store: Store, need_id: str) -> list[dict[str, Any]]:
    """Return the people of the startups that answered a need or are being paired with it."""
    return store.query(
        """select distinct p.id, p.name, p.email, p.locale from person p
           join membership m on m.person_id = p.id and m.revoked_at is null and m.role = 'startup'
           join startup s on s.organisation_id = m.organisation_id
           where p.disabled_at is null and (
               s.id in (select startup_id from interest where need_id = :id and withdrawn_at is null)
               or s.id in (select startup_id from pairing where need_id = :id and declined_at is null
                           and ended_at is null)) order by p.email""",
        {"id": need_id},
    )


def _check_testbed(store: Store, testbed_id: str | None) -> None:
    """Raise Invalid for a testbed that is not there or not offered any more."""
    if testbed_id and not store.query(
        f"select t.id from testbed t where t.id = :id and {published.live('testbed', 't')}",
        {"id": testbed_id},
    ):
        raise Invalid({"testbed_id": ("unknown_choice", {"list": "testbeds", "value": testbed_id[:80]})})


def locked(store: Store, need_id: str) -> dict[str, Any]:
    """Lock a need's row by a write and return it: whoever comes second waits and sees what the first did."""
    rows = store.query("update need set seq = seq where id = :id returning *", {"id": need_id})
    if not rows:
        raise NotFound("need")
    return rows[0]


def update(store: Store, need_id: str, columns: dict[str, Any]) -> None:
    """Write columns of a need and give it its place in the change feed, inside the caller's transaction."""
    row = {**columns, "seq": record.next_seq(store)}
    assignments = ", ".join(f"{name} = :{name}" for name in row)
    store.execute(f"update need set {assignments} where id = :need_id", {**row, "need_id": need_id})
