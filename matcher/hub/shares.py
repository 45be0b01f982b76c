"""Shares: a broker shows a need's owner a candidate, with what the ranking showed, and the owner comments.

Nothing is decided by a share; it asks what the owner thinks, and whether they knew the startup already.
"""

from __future__ import annotations

import json
from typing import Any

from ..store import Store
from . import conflicts, fields, locks, mail, needs, parties, published, rankings, record
from .errors import Conflict, Denied, Invalid, NotFound
from .ids import new_id
from .people import Viewer
from .permissions import can

_NAMED = f"""
    select sh.*, n.title as need_title, n.organisation_id as owner_organisation, s.name as startup_name,
           s.organisation_id as startup_organisation, s.problem, s.description, s.novelty, s.evidence, s.readiness,
           s.website, s.language as startup_language,
           case when {published.live("startup", "s")} then 1 else 0 end as profile_shown,
           sharer.name as shared_by_name, sharer.email as shared_by_email,
           commenter.name as commented_by_name,
           (select p.id from pairing p where p.need_id = sh.need_id and p.startup_id = sh.startup_id
            order by p.proposed_at desc limit 1) as pairing_id
    from share sh join need n on n.id = sh.need_id join startup s on s.id = sh.startup_id
    left join person sharer on sharer.id = sh.person_id left join person commenter on commenter.id = sh.commented_by"""


# What the owner reads of the profile as it is now, and only while anybody may read it: a draft is the startup's own.
PROFILE_FIELDS = ("problem", "description", "novelty", "evidence", "readiness", "website")


class CommentContent(fields.Content):
    """What the owner says about the candidate; `known_before` is yes or no."""

    comment: fields.Text = ""
    known_before: fields.choice("known_before", frozenset({"yes", "no"})) = None


def load(store: Store, viewer: Viewer | None, share_id: str) -> dict[str, Any]:
    """Return one share with names, for brokers and the need's side; raise NotFound."""
    rows = store.query(f"{_NAMED} where sh.id = :id", {"id": share_id})
    if not rows or not (can(viewer, "share.create", rows[0]) or can(viewer, "share.comment", rows[0])):
        raise NotFound("share")
    return _decode(viewer, rows[0])


def for_need(store: Store, viewer: Viewer | None, need: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the candidates shared with the owner of a need and not taken back, oldest first; raise NotFound.

    What the ranking showed is left out for the owner but for the evidence and the conditions that fail; so is the
    profile while it is a draft again or hidden (`profile_shown` is 0).
    """
    if not can(viewer, "need.candidates", need):
        raise NotFound("need")
    rows = store.query(
        f"{_NAMED} where sh.need_id = :id and sh.withdrawn_at is null order by sh.at", {"id": need["id"]}
    )
    return [_decode(viewer, row) for row in rows]


def by_startup(store: Store, need_id: str) -> dict[str, dict[str, Any]]:
    """Return the live shares of a need by startup id: `id`, `at`, `comment`, `known_before`. For the ranking's page."""
    rows = store.query(
        """select id, startup_id, at, comment, known_before, commented_at from share
           where need_id = :id and withdrawn_at is null""",
        {"id": need_id},
    )
    return {row["startup_id"]: row for row in rows}


def share(
    store: Store, viewer: Viewer, need_id: str, startup_id: str, note: str, seen: dict[str, Any], now: str
) -> str:
    """Show a candidate to the need's owner and return the share's id; the owner is told."""
    note = fields.note("note", note)
    with viewer.deciding(store):
        startup, need = locks.pair(store, startup_id, need_id)
        if not can(viewer, "share.create", need):
            raise Denied("denied")
        locks.live(startup, need, now)
        conflicts.refuse(store, need_id, startup_id)
        known = by_startup(store, need_id).get(startup_id)
        if known:
            raise Conflict("share_exists", at=known["at"])
        row = {
            "id": new_id(),
            "need_id": need_id,
            "startup_id": startup_id,
            "person_id": viewer.person_id,
            "note": note,
            "seen": rankings.sealed(store, seen, now),
            "at": now,
        }
        store.insert("share", row)
        mail.queue(
            store, f"share.new:{row['id']}", parties.others(needs.owners(store, need), viewer), "share_new", now,
            share_id=row["id"], need_id=need_id, need=need["title"], startup=startup["name"], note=note,
            actor=viewer.name, actor_email=viewer.email,
        )  # fmt: skip
        record.write(
            store, viewer.person_id, "share.create", "share", row["id"], now, need_id=need_id, startup_id=startup_id
        )
    return row["id"]


def comment(store: Store, viewer: Viewer, share_id: str, text: str, known_before: str | None, now: str) -> None:
    """Keep what the owner thinks of a candidate; a later comment replaces it, the record keeps both."""
    content = fields.validate(CommentContent, {"comment": text, "known_before": known_before})
    missing = {"comment": content.comment, "known_before": content.known_before}
    if not any(missing.values()):
        raise Invalid({"comment": ("required", {})})
    with viewer.deciding(store):
        row = _locked(store, viewer, share_id)
        if not can(viewer, "share.comment", row):
            raise Denied("denied")
        said = {"comment": content.comment, "known_before": content.known_before}
        store.execute(
            """update share set comment = :comment, known_before = :known_before, commented_by = :by,
                      commented_at = :now where id = :id""",
            {**said, "by": viewer.person_id, "now": now, "id": share_id},
        )
        told = parties.others(parties.brokers(store, row["person_id"]), viewer)
        mail.queue(
            store, f"share.commented:{share_id}:{now}", told, "share_commented", now,
            share_id=share_id, need_id=row["need_id"], need=row["need_title"], startup=row["startup_name"],
            actor=viewer.name, **said,
        )  # fmt: skip
        record.write(store, viewer.person_id, "share.comment", "share", share_id, now, **said)


def withdraw(store: Store, viewer: Viewer, share_id: str, now: str) -> None:
    """Take a share back (a broker's decision); the owner no longer sees the candidate. The row stays."""
    with viewer.deciding(store):
        row = _locked(store, viewer, share_id)
        if not can(viewer, "share.create", row):
            raise Denied("denied")
        store.execute("update share set withdrawn_at = :now where id = :id", {"now": now, "id": share_id})
        record.write(store, viewer.person_id, "share.withdraw", "share", share_id, now)


def _locked(store: Store, viewer: Viewer, share_id: str) -> dict[str, Any]:
    store.execute("update share set note = note where id = :id", {"id": share_id})
    row = load(store, viewer, share_id)
    if row["withdrawn_at"]:
        raise Conflict("share_withdrawn", at=row["withdrawn_at"])
    return row


def _decode(viewer: Viewer | None, row: dict[str, Any]) -> dict[str, Any]:
    seen = json.loads(row["seen"])
    if viewer is None or not viewer.has("broker"):
        seen = {name: seen.get(name) or [] for name in ("evidence", "gates")}
        row = row if row["profile_shown"] else {**row, **dict.fromkeys(PROFILE_FIELDS)}
    return {**row, "seen": seen}
