"""Mails before a day passes: an answer that is awaited, and the last day of a need. Each is told once.

What was told stands in the outbox under the day that it was about: a day that is moved is told of again.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import cases, locks, mail, needs, parties
from .clock import day, later

ANSWER_DAYS = 3
NEED_DAYS = 14
AT_ONCE = 50

_ANSWERS = """
    select p.id from pairing p
    where p.declined_at is null and p.ended_at is null and p.confirmed_at is null
      and (p.owner_accepted_at is null or p.startup_accepted_at is null)
      and p.answer_by >= :today and p.answer_by <= :soon and p.proposed_at < :lately
      and not exists (select 1 from outbox o where o.template = 'pairing_reminder'
                      and o.event like 'pairing.reminder:' || p.id || ':' || p.answer_by || ':%')
    order by p.answer_by, p.id limit :limit
"""
_NEEDS = """
    select n.id from need n
    where n.published_at is not null and n.closed_at is null and n.valid_until >= :today and n.valid_until <= :soon
      and not exists (select 1 from outbox o where o.template = 'need_expiring'
                      and o.event like 'need.expiring:' || n.id || ':' || n.valid_until || ':%')
    order by n.valid_until, n.id limit :limit
"""


def send(store: Store, now: str) -> int:
    """Queue the mails that are due, and return for how many cases and needs; none is queued twice for one day."""
    today = day(now)
    cases_due = store.query(
        _ANSWERS,
        {
            "today": today,
            "soon": day(later(now, days=ANSWER_DAYS)),
            "lately": later(now, days=-1),  # who was asked today need not be reminded today
            "limit": AT_ONCE,
        },
    )
    needs_due = store.query(_NEEDS, {"today": today, "soon": day(later(now, days=NEED_DAYS)), "limit": AT_ONCE})
    told = [_of_case(store, row["id"], now) for row in cases_due] + [
        _of_need(store, row["id"], now) for row in needs_due
    ]
    return sum(told)


def _of_case(store: Store, pairing_id: str, now: str) -> int:
    """Remind the sides of a case that have not answered."""
    with store.atomic():
        case = locks.case(store, pairing_id)
        if cases.status(case, now) != "proposed":
            return 0
        silent = [side for side in ("owner", "startup") if not case[f"{side}_accepted_at"]]
        people = [person for side in silent for person in parties.of_side(store, side, case)]
        mail.queue(
            store, f"pairing.reminder:{case['id']}:{case['answer_by']}", people, "pairing_reminder", now,
            pairing_id=case["id"], need=case["need_title"], startup=case["startup_name"], owner=case["owner_name"],
            answer_by=case["answer_by"], broker=case["broker"], broker_email=case["broker_email"],
        )  # fmt: skip
    return len(people) > 0


def _of_need(store: Store, need_id: str, now: str) -> int:
    """Tell the owners of a need that its last day is near."""
    with store.atomic():
        rows = store.query("update need set seq = seq where id = :id returning *", {"id": need_id})
        if not rows or rows[0]["closed_at"]:
            return 0
        need: dict[str, Any] = rows[0]
        people = needs.owners(store, need)
        mail.queue(
            store, f"need.expiring:{need['id']}:{need['valid_until']}", people, "need_expiring", now,
            need_id=need["id"], title=need["title"], valid_until=need["valid_until"],
        )  # fmt: skip
    return len(people) > 0
