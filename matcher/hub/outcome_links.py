"""The secret links to the outcome form: sent when a form is due, once more after two weeks, silent when answered.

A link belongs to a side of a case. It opens the form that is due now: who opens a link of last year answers this
year's form. What is answered is shown and no longer changed through a link; who is logged in may correct it.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import cases, locks, outcomes, parties, people
from .clock import day, days_between, later
from .errors import Conflict, NotFound
from .ids import new_token, token_hash
from .outcomes import BY_LINK, MONTHS
from .people import Viewer

Row = dict[str, Any]
REMIND_DAYS = 14
# A year after a form was due nobody is asked for it the first time, and the last form closes.
OPEN_DAYS = 365
# Who answers for a side of a case on the pages, by what they act as in its organisation.
_ROLES = {"owner": ("owner", "startup"), "startup": ("startup",)}


def load(store: Store, token: str) -> Row:
    """Return a link's case: its row with `side`, `asked` (the month the mail spoke of); raise NotFound."""
    rows = store.query(
        "select pairing_id, month, side, sent_at from outcome_link where token_hash = :hash",
        {"hash": token_hash(token)},
    )
    if not rows:
        raise NotFound("link")
    link = rows[0]
    return {**cases.fetch(store, link["pairing_id"]), "side": link["side"], "asked": link["month"], "token": token}


def month(store: Store, link: Row, now: str) -> int:
    """Return which month's form a link opens now: the one that is due, or what it was sent for when none is."""
    begun = outcomes.begun(store, link)
    return outcomes.current(begun, now) or link["asked"]


def is_open(store: Store, link: Row, now: str) -> bool:
    """Whether the form that a link opens may still be answered: it is due and less than a year has passed."""
    begun = outcomes.begun(store, link)
    due = outcomes.current(begun, now)
    return due is not None and days_between(outcomes.due_days(str(begun))[due], day(now)) <= OPEN_DAYS


def answer(store: Store, viewer: Viewer | None, token: str, given: Row, now: str) -> int:
    """Keep an answer that came by link and return its month; the first answer counts, raise Conflict for another.

    `viewer` is who happens to be logged in: the record names them when they stand for the side.
    """
    with store.atomic():
        present = viewer and viewer.still_acts(store)
        link = load(store, token)
        case = locks.case(store, link["id"])
        due, side = month(store, link, now), link["side"]
        known = viewer if viewer and present and side in cases.sides(viewer, case) else BY_LINK
        if not is_open(store, link, now) and due not in outcomes.standing_answers(store, case["id"], side):
            raise Conflict("outcome_closed")
        outcomes.keep(store, known, case, side, due, given, "", now)
    return due


def send(store: Store, now: str) -> int:
    """Ask the sides whose form is due and remind those who have not answered for two weeks; return the new mails."""
    return sum(_ask(store, row["id"], side, now) for row in _followed(store, now) for side in outcomes.TABLES)


def _followed(store: Store, now: str) -> list[Row]:
    """Return the cases that have a form due, answered or not."""
    return store.query(
        f"""select p.id from pairing p left join pilot on pilot.pairing_id = p.id
            where {outcomes.BEGUN} between :earliest and :latest order by p.id""",
        {
            "latest": later(now, days=-MONTHS[0] * 30),
            "earliest": outcomes.months_after(day(later(now, days=-OPEN_DAYS)), -MONTHS[-1]),
        },
    )


def _ask(store: Store, pairing_id: str, side: str, now: str) -> int:
    with store.atomic():
        case = locks.case(store, pairing_id)
        begun = outcomes.begun(store, case)
        due = outcomes.current(begun, now)
        if due is None or not _is_time(store, case, side, due, now):
            return 0
        due_on = outcomes.due_days(str(begun))[due]
        if not parties.of_side(store, side, case) or days_between(due_on, day(now)) > OPEN_DAYS:
            return 0
        token = new_token()
        row = {"token_hash": token_hash(token), "pairing_id": pairing_id, "month": due, "side": side, "sent_at": now}
        asked = bool(sent(store, pairing_id, side, due))
        store.insert("outcome_link", row)
        event = "outcome_due" if side == "owner" else "outcome_company_due"
        return parties.tell(
            store, people.SYSTEM, case, (side,), event, now, month=due, again=asked, token=token,
            closes_on=_closes(str(begun), due),
        )  # fmt: skip


def _closes(begun: str, due: int) -> str:
    """Return the day until which a form is open: the next one's, or a year after the last was due."""
    after = [month for month in MONTHS if month > due]
    return outcomes.due_days(begun)[after[0]] if after else outcomes.months_after(begun, due + 12)


def _is_time(store: Store, case: Row, side: str, due: int, now: str) -> bool:
    if due in outcomes.standing_answers(store, case["id"], side):
        return False
    before = sent(store, case["id"], side, due)
    return not before or (len(before) == 1 and before[0] <= later(now, days=-REMIND_DAYS))


def sent(store: Store, pairing_id: str, side: str, due: int) -> list[str]:
    """Return when a side was asked for a month's form, the first time first."""
    rows = store.query(
        "select sent_at from outcome_link where pairing_id = :id and side = :side and month = :month order by sent_at",
        {"id": pairing_id, "side": side, "month": due},
    )
    return [row["sent_at"] for row in rows]


def waiting(store: Store, viewer: Viewer, now: str) -> list[Row]:
    """Return the forms that a person's own organisations have not answered yet, the oldest first. Three queries.

    Each with `pairing_id`, `side`, `month`, need_title, startup_name, `due_on` and `closes_on`.
    """
    rows = store.query(
        f"""select p.id, n.title as need_title, n.organisation_id as owner_organisation, s.name as startup_name,
                   s.organisation_id as startup_organisation, {outcomes.BEGUN} as begun
            from pairing p left join pilot on pilot.pairing_id = p.id join need n on n.id = p.need_id
            join startup s on s.id = p.startup_id
            where {outcomes.BEGUN} <= :latest and (n.organisation_id in :owners or s.organisation_id in :companies)
            order by begun, p.id""",
        {
            "latest": later(now, days=-MONTHS[0] * 30),
            "owners": viewer.organisations("owner", "startup"),
            "companies": viewer.organisations("startup"),
        },
    )
    answered = {side: _answered(store, side, [row["id"] for row in rows]) for side in outcomes.TABLES}
    found = []
    for row in rows:
        due = outcomes.current(day(row["begun"]), now)
        own = [side for side in outcomes.TABLES if viewer.acts_for(row[f"{side}_organisation"], *_ROLES[side])]
        for side in own if due else []:
            days = {"due_on": outcomes.due_days(day(row["begun"]))[due], "closes_on": _closes(day(row["begun"]), due)}
            if (row["id"], due) not in answered[side] and days["closes_on"] >= day(now):
                found.append({**row, **days, "pairing_id": row["id"], "side": side, "month": due})
    return found


def _answered(store: Store, side: str, pairing_ids: list[str]) -> set[tuple[str, int]]:
    """Return (pairing id, month) of a side's answers that stand."""
    rows = store.query(
        f"select pairing_id, month from {outcomes.TABLES[side]} where replaced_at is null and pairing_id in :ids",
        {"ids": pairing_ids},
    )
    return {(row["pairing_id"], row["month"]) for row in rows}
