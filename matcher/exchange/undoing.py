"""Taking an import back: what it made is removed, what it changed gets its old text again.

A row that somebody has changed, answered or decided about since stays as it is, and is named with the reason.
"""

from __future__ import annotations

import json
from typing import Any

from ..hub import clock, fields, removals
from ..hub.errors import HubError
from ..hub.people import SYSTEM
from ..store import ConstraintViolation, Store
from . import batches, notes, plan, working

# Why a row had to stay, as a code of errors.ROW_MESSAGES; None when it was taken back.
Stayed = str | None


def undo(store: Store, batch: dict[str, Any]) -> None:
    """Take back what a finished batch did, last rows first, from where an earlier try stopped; then finish it."""
    for _ in working.paced(range(batch["done"], batch["total"], working.PORTION)):
        batch["done"] = working.again(_portion, store, batch)
    working.finish(store, batch, clock.now())


def _portion(store: Store, batch: dict[str, Any]) -> int:
    done = min(batch["done"] + working.PORTION, batch["total"])
    with store.atomic():
        working.advance(store, batch, done)
        report = batches.load(store, SYSTEM, batch["id"])["report"]
        rows = store.query(
            "select * from import_row where batch_id = :id order by line desc limit :most offset :skipped",
            {"id": batch["id"], "most": working.PORTION, "skipped": batch["done"]},
        )
        for row in rows:
            stayed = _take_back(store, batch, row)
            report["kept" if stayed else "undone"] += 1
            if stayed:
                _note(store, batch, row, stayed)
        working.keep_report(store, batch, report)
    return done


def _take_back(store: Store, batch: dict[str, Any], row: dict[str, Any]) -> Stayed:
    noun, subject_id = plan.NOUN[batch["kind"]], row["subject_id"]
    held = store.query(f"update {noun} set seq = seq where id = :id returning *", {"id": subject_id})
    if not held:
        return None  # gone already
    if held[0]["revision"] != row["revision"]:
        return "edited"
    try:
        with store.atomic():
            if row["change"] == "created":
                return _remove(store, batch, noun, held[0])
            content = json.loads(row["before"])
            module = plan.MODULE[batch["kind"]]
            module.save(store, SYSTEM, subject_id, content, row["revision"], clock.now(), limit=fields.IMPORT_LIMIT)
    except HubError:
        return "edited"
    except ConstraintViolation:
        return "in_use"  # somebody answered it at this very moment
    return None


def _remove(store: Store, batch: dict[str, Any], noun: str, held: dict[str, Any]) -> Stayed:
    if held.get("merged_into") or removals.in_use(store, noun, held["id"]):
        return "in_use"
    removals.remove(store, noun, held["id"])
    removals.remove_unused_organisation(store, held["organisation_id"], batch["created_at"])
    return None


def _note(store: Store, batch: dict[str, Any], row: dict[str, Any], reason: str) -> None:
    title = "title" if batch["kind"] == "needs" else "name"
    held = store.query(
        f"select {title} as title from {plan.NOUN[batch['kind']]} where id = :id", {"id": row["subject_id"]}
    )
    note = {"line": row["line"], "outcome": "kept", "title": held[0]["title"][:120], "faults": {"": (reason, {})}}
    notes.keep(store, batch["id"], [note])
