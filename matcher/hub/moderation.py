"""What brokers do to a startup's profile: hide it or flag it, always with a reason that the startup is told."""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import company_news, fields, mail, startups
from .errors import Conflict
from .people import Viewer


def hide(store: Store, viewer: Viewer, startup_id: str, reason: str, now: str) -> None:
    """Hide a profile from all but its own people and the brokers; the startup is told why."""
    reason = fields.written("reason", reason)
    with viewer.deciding(store):
        row = startups.locked(store, startup_id)
        if row["hidden_at"] or row["merged_into"]:
            raise Conflict("startup_already_hidden")
        startups.decide(store, viewer, row, "startup.hide", now, reason, hidden_at=now, hidden_reason=reason)
        _tell(store, viewer, row, "hidden", now, reason=reason)
        company_news.tell(store, viewer, startup_id, "hidden", now)


def unhide(store: Store, viewer: Viewer, startup_id: str, now: str) -> None:
    """Show a hidden profile again, in the state its startup left it; the startup is told."""
    with viewer.deciding(store):
        row = startups.locked(store, startup_id)
        if not row["hidden_at"] or row["merged_into"]:
            raise Conflict("startup_not_hidden")
        startups.decide(store, viewer, row, "startup.unhide", now, hidden_at=None, hidden_reason=None)
        _tell(store, viewer, row, "shown", now)
        company_news.tell(store, viewer, startup_id, "shown", now)


def flag(store: Store, viewer: Viewer, startup_id: str, reason: str, now: str) -> None:
    """Mark a profile for the brokers with what is doubtful; the startup is told, and it stays visible."""
    reason = fields.written("reason", reason)
    with viewer.deciding(store):
        row = startups.locked(store, startup_id)
        if row["flagged_at"] or row["merged_into"]:
            raise Conflict("startup_already_flagged")
        startups.decide(store, viewer, row, "startup.flag", now, reason, flagged_at=now, flag_reason=reason)
        _tell(store, viewer, row, "flagged", now, reason=reason)


def unflag(store: Store, viewer: Viewer, startup_id: str, now: str) -> None:
    """Take the mark away; the startup is told."""
    with viewer.deciding(store):
        row = startups.locked(store, startup_id)
        if not row["flagged_at"] or row["merged_into"]:
            raise Conflict("startup_not_flagged")
        startups.decide(store, viewer, row, "startup.unflag", now, flagged_at=None, flag_reason=None)
        _tell(store, viewer, row, "unflagged", now)


def _tell(store: Store, viewer: Viewer, row: dict[str, Any], what: str, now: str, **params: Any) -> None:
    mail.queue(
        store, f"startup.{what}:{row['id']}:{now}", startups.contacts(store, row), f"startup_{what}", now,
        startup_id=row["id"], name=row["name"], broker=viewer.name, broker_email=viewer.email, **params,
    )  # fmt: skip
