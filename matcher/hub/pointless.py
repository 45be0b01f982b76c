"""Mails that became pointless while they waited to be sent: what they ask for has been done, or is no longer so.

Looked at just before a mail is sent, whether it waited for somebody's daily mail or for a mail server that was down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..store import Store
from . import cases, pilots, still
from .clock import day

Row = dict[str, Any]


def is_pointless(store: Store, mail: Row) -> bool:
    """Whether a mail (an outbox row, `params` parsed) tells of something that is settled or told anew by now."""
    asks = _ASKS.get(mail["template"])
    return asks is not None and not asks(store, mail["params"])


def _awaited(store: Store, params: Row) -> bool:
    """Whether a side's answer to a proposal is still awaited, until the same day."""
    rows = store.query(
        """select owner_accepted_at, startup_accepted_at from pairing
           where id = :id and answer_by = :day and declined_at is null and ended_at is null and confirmed_at is null""",
        {"id": params["pairing_id"], "day": params["answer_by"]},
    )
    asked = [params["side"]] if "side" in params else ["owner", "startup"]
    return any(not row[f"{side}_accepted_at"] for row in rows for side in asked)


def _ending(store: Store, params: Row) -> bool:
    """Whether a need still ends on the same day."""
    return bool(
        store.query(
            "select id from need where id = :id and valid_until = :day and closed_at is null",
            {"id": params["need_id"], "day": params["valid_until"]},
        )
    )


def _newest(store: Store, params: Row) -> bool:
    """Whether the version of an open need that the mail tells of is still the newest; else another mail tells more."""
    return bool(
        store.query(
            "select id from need where id = :id and version = :version and closed_at is null",
            {"id": params["need_id"], "version": params["version"]},
        )
    )


def _undecided(store: Store, params: Row) -> bool:
    """Whether a pilot still waits for its decision, after the same last day."""
    row = pilots.of_case(store, params["pairing_id"])
    return row is not None and not row["decided_at"] and pilots.last_day(row) == params["last"]


def _stands_still(store: Store, params: Row) -> bool:
    """Whether nothing has happened in a case since the day that the mail names."""
    case = cases.fetch(store, params["pairing_id"])
    return still.is_open(case) and day(still.since(store, case)) == params["since_on"]


def _unanswered(store: Store, params: Row) -> bool:
    """Whether a question about a need still waits for its answer."""
    return bool(
        store.query(
            "select id from need_question where id = :id and answered_at is null", {"id": params["question_id"]}
        )
    )


def _requested(store: Store, params: Row) -> bool:
    """Whether a request for a place still waits for the host's first answer, until the same day."""
    return bool(
        store.query(
            """select id from booking where id = :id and answer_by = :day and approved_at is null
               and declined_at is null and withdrawn_at is null and waiting_at is null
               and not exists (select 1 from booking_question q where q.booking_id = booking.id
                               and q.replied_at is null)""",
            {"id": params["booking_id"], "day": params["answer_by"]},
        )
    )


def _has_room(store: Store, params: Row) -> bool:
    """Whether one who stands on a waiting list could still have the place that the mail tells of."""
    return bool(
        store.query(
            """select id from booking where id = :id and room_at is not null and waiting_at is not null
               and approved_at is null and declined_at is null and withdrawn_at is null""",
            {"id": params["booking_id"]},
        )
    )


_ASKS: dict[str, Callable[[Store, Row], bool]] = {
    "booking_late": _requested,
    "booking_reminder": _requested,
    "booking_room": _has_room,
    "case_still": _stands_still,
    "need_changed": _newest,
    "need_expiring": _ending,
    "need_question_reminder": _unanswered,
    "pairing_reminder": _awaited,
    "pilot_due": _undecided,
    "pilot_overdue": _undecided,
}
