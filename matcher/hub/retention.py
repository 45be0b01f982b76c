"""How long what is kept: one table, applied by the background work and shown on the page about personal data.

What is not in the table is kept as long as the account or the organisation it belongs to, or, where a decision rests
on it, for good: a public body must be able to account for it (Archives Act, 1990:782).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..store import Store
from . import limits, links, login_steps, rankings, sessions
from .clock import later
from .personal import ERASED_NAME

# `exchange.backups.KEPT`: the oldest that is kept; a test holds the two together. A hub that stood still has older ones
# for some days more (`exchange.backups.ALWAYS_DAYS`).
BACKUP_DAYS = 30
FEED_DAYS = 30
MAIL_DAYS = 730
UNSENT_DAYS = 90
UPLOAD_DAYS = 30
# A contract's claims lapse after ten years (Limitation Act, 1981:130, section 2).
CONTRACT_DAYS = 3653


@dataclass(frozen=True)
class Period:
    """One thing that is kept for a time: its `code` has words in `web.personal_words`; None: not by this job."""

    code: str
    days: int
    forget: Callable[[Store, str], object] | None


def _feeds(store: Store, now: str) -> None:
    """Delete calendar links that were ended: their hashes let nobody in any more."""
    store.execute("delete from feed where revoked_at < :old", {"old": later(now, days=-FEED_DAYS)})


def _mail(store: Store, now: str) -> None:
    """Delete whom was written to, when no reminder of the same event can be due any more."""
    store.execute("delete from outbox where sent_at < :old or dropped_at < :old", {"old": later(now, days=-MAIL_DAYS)})


def _unsent(store: Store, now: str) -> None:
    """Drop mail that was given up: what stands in it is of no use to anybody by now, and it may hold a link."""
    store.execute(
        """update outbox set dropped_at = :now, params = '{}', error = null
           where given_up_at < :old and sent_at is null and dropped_at is null""",
        {"now": now, "old": later(now, days=-UNSENT_DAYS)},
    )


def _uploads(store: Store, now: str) -> None:
    """Empty files that were sent and never imported, and the cells of rows that an import refused."""
    old = {"old": later(now, days=-UPLOAD_DAYS), "none": b""}
    store.execute(
        """update import_batch set content = :none
           where created_at < :old and wanted is null and length(content) > 0""",
        old,
    )
    store.execute(
        """update import_note set cells = null where cells is not null
           and batch_id in (select id from import_batch where created_at < :old and wanted is null)""",
        {"old": old["old"]},
    )


def _contracts(store: Store, now: str) -> None:
    """Take the names and files of signatures away when no claim can rest on the agreement any more."""
    store.execute(
        """update signature set name = :name, title = '', file = case when file is null then null else :none end,
                  file_name = case when file is null then null else '' end
           where name <> :name and agreement_id in (
               select id from agreement where coalesce(ended_at, withdrawn_at, ends_on) < :old and ends_on < :old)""",
        {"name": ERASED_NAME, "none": b"", "old": later(now, days=-CONTRACT_DAYS)},
    )


PERIODS = (
    Period("attempts", 1, limits.forget),
    Period("login_steps", 1, login_steps.forget),
    Period("sessions", sessions.KEPT_DAYS, sessions.forget),
    Period("links", links.KEPT_DAYS, links.forget),
    Period("feeds", FEED_DAYS, _feeds),
    Period("uploads", UPLOAD_DAYS, _uploads),
    Period("texts", rankings.KEPT_DAYS, rankings.forget),
    Period("backups", BACKUP_DAYS, None),
    Period("unsent", UNSENT_DAYS, _unsent),
    Period("mail", MAIL_DAYS, _mail),
    Period("contracts", CONTRACT_DAYS, _contracts),
)


def apply(store: Store, now: str) -> None:
    """Let go of everything whose time is over."""
    for period in PERIODS:
        if period.forget:
            period.forget(store, now)
