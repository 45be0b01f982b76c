"""Cases that stand still: after thirty days without anything in the record somebody is asked what comes next.

First who holds the case, a week later the substitute, and a week after that all brokers; without a substitute all are
asked the second time. Each is asked once in a stillness, and it is over as soon as anything happens: a step, a line
in the log, a reading, an answer of the staff.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import cases, holders, locks, mail, people
from .clock import day, days_between, later

Row = dict[str, Any]
STILL_DAYS = 30
AGAIN_DAYS = 7
HOLDER, SUBSTITUTE, BROKERS = 1, 2, 3

# The latest moment at which anything happened in a case, on p: what people do is in the record, or has rows of its own.
_LATEST = """
    select max(at) from (
        select p.proposed_at as at
        union all select a.at from audit a where a.kind = 'pairing' and a.subject_id = p.id
        union all select r.at from reading r join indicator i on i.id = r.indicator_id
            join pilot on pilot.id = i.pilot_id where pilot.pairing_id = p.id
        union all select f.on_day from feedback_answer f join feedback_round fr on fr.id = f.round_id
            join pilot on pilot.id = fr.pilot_id where pilot.pairing_id = p.id
    ) happened"""


def since(store: Store, case: Row) -> str:
    """Return the moment at which anything last happened in a case."""
    return str(store.query(f"select ({_LATEST}) as at from pairing p where p.id = :id", {"id": case["id"]})[0]["at"])


def is_open(case: Row) -> bool:
    """Whether a case can stand still at all: it has been neither declined nor ended."""
    return not case["declined_at"] and not case["ended_at"]


def asked(store: Store, case: Row) -> list[Row]:
    """Return who was asked in the stillness that lasts now: `level` (1 holder, 2 substitute, 3 all) and `at`."""
    return store.query(
        "select level, at from case_asked where pairing_id = :id and still_since = :since order by level",
        {"id": case["id"], "since": since(store, case)},
    )


def days(store: Store, case: Row, now: str) -> int:
    """Return how many days an open case has stood still; 0 for one that is over or has moved within the thirty."""
    found = days_between(since(store, case), now) if is_open(case) else 0
    return found if found >= STILL_DAYS else 0


def remind(store: Store, now: str) -> int:
    """Queue the mails about cases that stand still and return how many are new."""
    rows = store.query(
        f"""select p.id from pairing p where p.declined_at is null and p.ended_at is null
            and ({_LATEST}) < :long_ago order by p.id""",
        {"long_ago": later(now, days=-STILL_DAYS)},
    )
    return sum(_ask(store, row["id"], now) for row in rows)


def _ask(store: Store, pairing_id: str, now: str) -> int:
    """Ask whoever is to be asked about one case, if it is time."""
    with store.atomic():
        case = locks.case(store, pairing_id)
        still_since = since(store, case)
        if not is_open(case) or still_since >= later(now, days=-STILL_DAYS):
            return 0
        before = asked(store, case)
        if before and (before[-1]["level"] == BROKERS or before[-1]["at"] > later(now, days=-AGAIN_DAYS)):
            return 0
        held = holders.of_case(store, case)
        level, told = _whom(store, held, before[-1]["level"] if before else 0)
        row = {"pairing_id": pairing_id, "still_since": still_since, "level": level, "at": now}
        store.insert("case_asked", row)
        return mail.queue(
            store, f"case.still:{pairing_id}:{still_since}:{level}", told, "case_still", now, pairing_id=pairing_id,
            need=case["need_title"], startup=case["startup_name"], owner=case["owner_name"], level=level,
            since_on=day(still_since), days=days_between(still_since, now), holder=held["holder"] or "",
            status=cases.status(case, now),
        )  # fmt: skip


def _whom(store: Store, held: Row, before: int) -> tuple[int, list[Row]]:
    """Return the next level after `before` at which somebody can be asked, and who they are."""
    brokers = people.with_role(store, "broker")
    for level, person_id in ((HOLDER, held["holder_id"]), (SUBSTITUTE, held["substitute_id"])):
        told = [person for person in brokers if person["id"] == person_id]
        if level > before and told:
            return level, told
    return BROKERS, brokers
