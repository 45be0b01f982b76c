"""Mails before a day passes: an answer that is awaited, and the last day of a need. Each is told once.

The event that a mail tells of names the day, so a day that is moved is told of again (`mail.queue`). Who is asked
what came of a case, and when, is in `outcome_links.py`, who is asked about a case that stands still in `still.py`,
who is reminded of a question in `questions.py`, of a booking in `booking_mails.py`.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import booking_mails, cases, locks, mail, needs, outcome_links, parties, pilot_ends, published, questions, still
from .clock import day, later

Row = dict[str, Any]
ANSWER_DAYS = 3
NEED_DAYS = 14


def send(store: Store, now: str) -> int:
    """Queue the mails that are due, and return how many are new."""
    soon = {"answer": day(later(now, days=ANSWER_DAYS)), "need": day(later(now, days=NEED_DAYS))}
    awaited = store.query(
        """select id from pairing
           where declined_at is null and ended_at is null and confirmed_at is null
             and (owner_accepted_at is null or startup_accepted_at is null)
             and answer_by >= :today and answer_by <= :soon and proposed_at < :lately""",
        # Who was asked today need not be reminded today.
        {"today": day(now), "soon": soon["answer"], "lately": later(now, days=-1)},
    )
    ending = store.query(
        f"""select n.id from need n
            where {published.live("need", "n")} and n.valid_until >= :today and n.valid_until <= :soon""",
        {"today": day(now), "soon": soon["need"]},
    )
    asked = outcome_links.send(store, now) + pilot_ends.remind(store, now) + still.remind(store, now)
    asked += questions.remind(store, now)
    asked += booking_mails.remind(store, now)
    return (
        asked
        + sum(_of_case(store, row["id"], now) for row in awaited)
        + sum(_of_need(store, row["id"], now) for row in ending)
    )


def _of_case(store: Store, pairing_id: str, now: str) -> int:
    """Remind the sides of a case that have not answered."""
    with store.atomic():
        case = locks.case(store, pairing_id)
        if cases.status(case, now) != "proposed":
            return 0
        silent = [side for side in ("owner", "startup") if not case[f"{side}_accepted_at"]]
        return sum(_of_side(store, case, side, now) for side in silent)


def _of_side(store: Store, case: Row, side: str, now: str) -> int:
    return mail.queue(
        store, f"pairing.reminder:{case['id']}:{case['answer_by']}", parties.of_side(store, side, case),
        "pairing_reminder", now, pairing_id=case["id"], side=side, need=case["need_title"],
        startup=case["startup_name"], owner=case["owner_name"], answer_by=case["answer_by"], broker=case["broker"],
        broker_email=case["broker_email"],
    )  # fmt: skip


def _of_need(store: Store, need_id: str, now: str) -> int:
    """Tell the owners of a need that its last day is near."""
    with store.atomic():
        rows = store.query(
            "update need set seq = seq where id = :id and closed_at is null returning *", {"id": need_id}
        )
        if not rows:
            return 0
        need = rows[0]
        return mail.queue(
            store, f"need.expiring:{need['id']}:{need['valid_until']}", needs.owners(store, need), "need_expiring",
            now, need_id=need["id"], title=need["title"], valid_until=need["valid_until"],
        )  # fmt: skip
