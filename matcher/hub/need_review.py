"""The way of a need from a draft into the catalogue: its owner sends it in, a broker publishes it or sends it back."""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import fields, mail, need_versions, needs, people, record
from .clock import day
from .errors import Conflict, Invalid, Stale
from .need_content import decode, missing
from .people import SYSTEM, Viewer

RETURN_REASONS = (
    "describe_problem",
    "describe_effect",
    "no_solution",
    "measure",
    "too_wide",
    "duplicate",
    "other",
)


def submit(store: Store, viewer: Viewer, need_id: str, now: str) -> None:
    """Send a draft to the brokers; raise Invalid naming what is still to be written, Conflict if it was sent."""
    with viewer.deciding(store):
        row = needs.locked(store, need_id)
        if row["submitted_at"] or row["published_at"] or row["closed_at"]:
            raise Conflict("need_already_submitted")
        errors: dict[str, tuple[str, dict[str, Any]]] = {name: ("required", {}) for name in missing(row)}
        for name in ("wanted_by", "valid_until"):
            if row[name] and row[name] < day(now):
                errors[name] = ("past", {"past_on": row[name]})
        if errors:
            raise Invalid(errors)
        needs.update(store, need_id, {"submitted_at": now, "returned_at": None, "revision": row["revision"] + 1})
        mail.queue(
            store, f"need.submitted:{need_id}:{row['revision']}", people.with_role(store, "broker"),
            "need_submitted", now, need_id=need_id, title=row["title"],
        )  # fmt: skip
        record.write(store, viewer.person_id, "need.submit", "need", need_id, now)


def publish(
    store: Store, viewer: Viewer | None, need_id: str, now: str, *, revision: int | None = None, tell: bool = True
) -> None:
    """Publish a need (a broker's decision); raise Conflict when it is published or closed already.

    With `revision` it is what the broker has read: raise Stale when the text has changed since, Conflict when it
    was not submitted. Imports leave it out.
    """
    with (viewer or SYSTEM).deciding(store):
        row = needs.locked(store, need_id)
        if row["published_at"] or row["closed_at"] or (revision is not None and not row["submitted_at"]):
            raise Conflict("need_already_decided")
        if revision is not None and revision != row["revision"]:
            raise Stale("need_changed_meanwhile", current=decode(row))
        needs.update(
            store, need_id,
            {"published_at": now, "submitted_at": row["submitted_at"] or now, "version": 1,
             "revision": row["revision"] + 1},
        )  # fmt: skip
        by = viewer.person_id if viewer else None
        need_versions.keep(store, need_id, 1, by, row, now)
        if tell:
            mail.queue(
                store, f"need.published:{need_id}", needs.owners(store, row), "need_published", now,
                need_id=need_id, title=row["title"],
            )  # fmt: skip
        record.write(store, by, "need.publish", "need", need_id, now)


def send_back(store: Store, viewer: Viewer, need_id: str, reason: str, comment: str, now: str) -> None:
    """Send a submitted need back to its owner with a reason and a comment."""
    comment = fields.note("comment", comment)
    errors: dict[str, tuple[str, dict[str, Any]]] = {}
    if reason not in RETURN_REASONS:
        errors["reason"] = ("required_choice", {})
    if not comment:
        errors["comment"] = ("required", {})
    if errors:
        raise Invalid(errors)
    with viewer.deciding(store):
        row = needs.locked(store, need_id)
        if not row["submitted_at"] or row["published_at"] or row["closed_at"]:
            raise Conflict("need_already_decided")
        needs.update(
            store, need_id,
            {"submitted_at": None, "returned_at": now, "return_comment": comment, "revision": row["revision"] + 1},
        )  # fmt: skip
        mail.queue(
            store, f"need.returned:{need_id}:{row['revision']}", needs.owners(store, row), "need_returned", now,
            need_id=need_id, title=row["title"], comment=comment,
        )  # fmt: skip
        record.write(store, viewer.person_id, "need.return", "need", need_id, now, reason=reason, comment=comment)
