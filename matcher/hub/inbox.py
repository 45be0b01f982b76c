"""The broker's desk: what waits, oldest first. One query for all lists; a list shows at most 100 rows.

Every row has `id`, `title`, `other` (the second name, if any), `since` (from when its age counts), `due` (the day
it should be done by, or None), `age` in days, `late`, `overdue` (days since `due`, when late), and `total`: how many
there are beyond the rows shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from ..store import Store
from . import pilots
from .clock import day, days_between, later
from .published import live

Row = dict[str, Any]

SHOWN = 100
SOON_DAYS = 30
QUESTION_DAYS = 7

# Each list as one query with the same columns. `:today`, `:soon` are days, `:long_ago` is the moment a year ago,
# `:week_ago` the one before which a question should have been answered by the need's owner alone.
LISTS = {
    "needs_to_review": """
        select n.id, n.title, o.name as other, n.submitted_at as since, null as due
        from need n join organisation o on o.id = n.organisation_id
        where n.submitted_at is not null and n.published_at is null and n.closed_at is null""",
    "interests": """
        select i.id, n.title, s.name as other, i.created_at as since, i.answer_by as due
        from interest i join need n on n.id = i.need_id join startup s on s.id = i.startup_id
        where i.answered_at is null and i.withdrawn_at is null""",
    "proposals_unanswered": """
        select p.id, n.title, s.name as other, p.proposed_at as since, p.answer_by as due
        from pairing p join need n on n.id = p.need_id join startup s on s.id = p.startup_id
        where p.declined_at is null and p.confirmed_at is null and p.answer_by < :today
          and (p.owner_accepted_at is null or p.startup_accepted_at is null)""",
    "pairings_to_confirm": """
        select p.id, n.title, s.name as other, null as due,
               case when p.owner_accepted_at > p.startup_accepted_at then p.owner_accepted_at
                    else p.startup_accepted_at end as since
        from pairing p join need n on n.id = p.need_id join startup s on s.id = p.startup_id
        where p.declined_at is null and p.confirmed_at is null
          and p.owner_accepted_at is not null and p.startup_accepted_at is not null""",
    "agreements_to_write": """
        select p.id, n.title, s.name as other, p.confirmed_at as since, a.starts_on as due
        from pairing p join access a on a.pairing_id = p.id join need n on n.id = p.need_id
        join startup s on s.id = p.startup_id
        where p.confirmed_at is not null and p.ended_at is null and a.ended_at is null and a.ends_on >= :today
          and not exists (select 1 from agreement g where g.pairing_id = p.id and g.sent_at is not null
                          and g.withdrawn_at is null and g.ended_at is null
                          and (g.in_force_at is null or g.ends_on >= :today))
          and not exists (select 1 from pilot t where t.pairing_id = p.id and t.decided_at is not null)""",
    "questions_unanswered": """
        select n.id, n.title, o.name as other, min(q.asked_at) as since, min(q.answer_by) as due
        from need_question q join need n on n.id = q.need_id join organisation o on o.id = n.organisation_id
        where q.answered_at is null and q.asked_at <= :week_ago and n.closed_at is null
        group by n.id, n.title, o.name""",
    "bookings_unanswered": """
        select b.id, b.title, t.name as other, b.requested_at as since, b.answer_by as due
        from booking b join testbed t on t.id = b.testbed_id
        where b.approved_at is null and b.declined_at is null and b.withdrawn_at is null and b.waiting_at is null
          and b.answer_by < :today and b.ends_on >= :today
          and not exists (select 1 from booking_question q where q.booking_id = b.id and q.replied_at is null)
          and not exists (select 1 from access a where a.pairing_id = b.pairing_id and a.ended_at is not null)""",
    "accesses_ending": """
        select p.id, n.title, s.name as other, a.opened_at as since, a.ends_on as due
        from access a join pairing p on p.id = a.pairing_id join need n on n.id = p.need_id
        join startup s on s.id = p.startup_id where p.ended_at is null and a.ends_on <= :soon
          and not exists (select 1 from pilot t where t.pairing_id = p.id and t.started_at is not null
                          and t.decided_at is null and t.ends_on < :today)""",
    "pilots_halted": f"""
        select p.id, n.title, s.name as other, min(i.at) as since, null as due
        from incident i join pilot t on t.id = i.pilot_id join pairing p on p.id = t.pairing_id
        join need n on n.id = p.need_id join startup s on s.id = p.startup_id
        where {pilots.HALTS} and t.decided_at is null
        group by p.id, n.title, s.name""",
    "pilots_undecided": """
        select p.id, n.title, s.name as other, null as due,
               case when p.ended_at < t.ends_on then substr(p.ended_at, 1, 10) else t.ends_on end as since
        from pilot t join pairing p on p.id = t.pairing_id join need n on n.id = p.need_id
        join startup s on s.id = p.startup_id
        where t.started_at is not null and t.decided_at is null
          and (t.ends_on < :today or p.ended_at is not null)""",
    "outcomes_unanswered": """
        select p.id, n.title, s.name as other, min(l.sent_at) as since, null as due
        from outcome_link l join pairing p on p.id = l.pairing_id join need n on n.id = p.need_id
        join startup s on s.id = p.startup_id
        where l.side = 'owner' and l.sent_at >= :long_ago
          and not exists (select 1 from outcome_link newer where newer.pairing_id = l.pairing_id
                          and newer.side = 'owner' and newer.month > l.month)
          and not exists (select 1 from outcome o where o.pairing_id = l.pairing_id and o.month >= l.month)
        group by p.id, n.title, s.name having count(*) > 1""",
    "needs_expiring": f"""
        select n.id, n.title, o.name as other, n.published_at as since, n.valid_until as due
        from need n join organisation o on o.id = n.organisation_id
        where {live("need", "n")}
          and n.valid_until >= :today and n.valid_until <= :soon""",
    "needs_expired": f"""
        select n.id, n.title, o.name as other, n.valid_until as since, n.valid_until as due
        from need n join organisation o on o.id = n.organisation_id
        where {live("need", "n")} and n.valid_until < :today""",
    "startups_flagged": """
        select s.id, s.name as title, s.flag_reason as other, s.flagged_at as since, null as due
        from startup s where s.flagged_at is not null and s.hidden_at is null and s.merged_at is null""",
    "startups_doubted": f"""
        select s.id, s.name as title, d.code as other, d.found_at as since, null as due
        from doubt d join startup s on s.id = d.startup_id where d.answered_at is null and {live("startup", "s")}""",
    "merge_offers": """
        select m.id, k.name as title, d.name as other, m.found_at as since, null as due
        from merge_offer m join startup k on k.id = m.keep_id join startup d on d.id = m.drop_id
        where m.decided_at is null""",
}
_BY_DUE = ("accesses_ending", "needs_expiring", "needs_expired")
_PROMISED = ("needs_to_review", "pairings_to_confirm")


def desk(store: Store, now: str, review_days: int = 7, names: Sequence[str] = tuple(LISTS)) -> dict[str, list[Row]]:
    """Return every list by its name, in their order; `review_days` is the promise for what has no day of its own."""
    found: dict[str, list[Row]] = {name: [] for name in names}
    asked = store.query(
        " union all ".join(_ordered(name) for name in names),
        {
            "today": day(now),
            "soon": day(later(now, days=SOON_DAYS)),
            "long_ago": later(now, days=-365),
            "week_ago": later(now, days=-QUESTION_DAYS),
            "shown": SHOWN,
        },
    )
    for row in asked:
        name = row.pop("list")
        found[name].append(_aged(row, name, now, review_days))
    for name, waiting in found.items():  # of a union no order is promised
        waiting.sort(key=itemgetter(_order(name), "id"))
    return found


def rows(store: Store, name: str, now: str, review_days: int = 7) -> list[Row]:
    """Return one list of the desk, the oldest (or what ends first) on top."""
    return desk(store, now, review_days, [name])[name]


def _ordered(name: str) -> str:
    """Return the query of a list with its name, its first rows and how many there are in all."""
    return f"""select * from (select '{name}' as list, w.id, w.title, w.other, w.since, w.due,
                      count(*) over () as total
               from ({LISTS[name]}) w order by {_order(name)}, id limit :shown) {name}"""


def _order(name: str) -> str:
    return "due" if name in _BY_DUE else "since"


def total(rows: list[Row]) -> int:
    """Return how many a list holds, also beyond the rows that are shown."""
    return rows[0]["total"] if rows else 0


def _aged(row: Row, name: str, now: str, review_days: int) -> Row:
    due = day(later(row["since"], days=review_days)) if name in _PROMISED else row["due"]
    if name == "pilots_undecided":
        due = day(later(f"{row['since']}T00:00:00Z", days=pilots.DECISION_DAYS))
    late = bool(due) and due < day(now) and name != "needs_expired"  # its day has passed; nobody promised anything
    overdue = days_between(due, now) if late else 0
    return {**row, "due": due, "age": days_between(row["since"], now), "late": late, "overdue": overdue}
