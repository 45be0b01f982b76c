"""What stands in a calendar feed: tests, bookings and closed periods as whole days, each by an id that stays the same.

An event is a row with `uid`, `what` (case, booking, closure), `state` (confirmed, asked, cancelled), `starts_on` and
`ends_on` (both included), `changed_at`, and what it is about. What was cancelled stays for a while, so that a program
that has shown it takes it away.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import capacity
from .clock import day, later
from .people import Viewer

Row = dict[str, Any]
BACK_DAYS = 90
MOST = 2000  # events; whoever has more sees the latest

_ABOUT = """t.id as testbed_id, t.name as testbed, t.municipality_code, h.name as host,
            coalesce(n.title, '') as need, coalesce(s.name, '') as startup"""
_CASES = f"""
    select a.pairing_id, a.starts_on, a.ends_on, a.ended_at, a.opened_at as changed_at, {_ABOUT}
    from access a join pairing p on p.id = a.pairing_id
    join need n on n.id = p.need_id join startup s on s.id = p.startup_id
    join testbed t on t.id = a.testbed_id join organisation h on h.id = t.organisation_id
    left join case_holder holder on holder.pairing_id = p.id and holder.replaced_at is null
    where a.ends_on >= :since and ({{whose}}) order by a.starts_on desc, a.id limit {MOST}"""
_BOOKINGS = f"""
    select b.id, b.title, b.pairing_id, b.starts_on, b.ends_on, b.requested_at, b.approved_at, b.declined_at,
           coalesce(b.withdrawn_at, a.ended_at) as withdrawn_at, coalesce(b.cancelled_at, a.ended_at) as cancelled_at,
           asker.name as asker, {_ABOUT}
    from booking b join organisation asker on asker.id = b.organisation_id
    join testbed t on t.id = b.testbed_id join organisation h on h.id = t.organisation_id
    left join need n on n.id = b.need_id left join startup s on s.id = b.startup_id
    left join access a on a.pairing_id = b.pairing_id
    where b.ends_on >= :since and b.used_at is null and ({{whose}}) order by b.starts_on desc, b.id limit {MOST}"""


def of_person(store: Store, viewer: Viewer, now: str) -> list[Row]:
    """Return what concerns a person: the tests and bookings of their organisations and testbeds, cases they hold."""
    own = {
        "me": viewer.person_id,
        "owners": viewer.organisations("owner", "startup"),
        "companies": viewer.organisations("startup"),
        "hosts": viewer.organisations("host"),
    }
    holds = "or coalesce(holder.holder_id, p.proposed_by) = :me" if viewer.has("broker") else ""
    asks = "or b.requested_by = :me" if viewer.has("broker") else ""
    cases = f"n.organisation_id in :owners or s.organisation_id in :companies or t.organisation_id in :hosts {holds}"
    bookings = f"""b.organisation_id in :owners or t.organisation_id in :hosts {asks}
        or (b.pairing_id is not null and (n.organisation_id in :owners or s.organisation_id in :companies))"""
    return _events(store, cases, bookings, own, now)


def of_testbed(store: Store, testbed_id: str, now: str) -> list[Row]:
    """Return what happens at a testbed: tests, bookings and closed periods."""
    whose = {"testbed": testbed_id}
    closed = store.query(
        """select c.id, c.starts_on, c.ends_on, c.reason, c.created_at as changed_at, t.name as testbed,
                  t.municipality_code, t.id as testbed_id
           from testbed_closure c join testbed t on t.id = c.testbed_id
           where c.testbed_id = :testbed and c.ends_on >= :since order by c.starts_on""",
        {**whose, "since": _since(now)},
    )
    found = _events(store, "a.testbed_id = :testbed", "b.testbed_id = :testbed", whose, now)
    return found + [{**row, "uid": f"closure-{row['id']}", "what": "closure", "state": "confirmed"} for row in closed]


def _events(store: Store, cases: str, bookings: str, params: Row, now: str) -> list[Row]:
    given = {**params, "since": _since(now)}
    tests, booked = store.query(_CASES.format(whose=cases), given), store.query(_BOOKINGS.format(whose=bookings), given)
    return [*map(_of_case, tests), *(_of_booking(row, now) for row in booked)]


def _since(now: str) -> str:
    return day(later(now, days=-BACK_DAYS))


def _of_case(row: Row) -> Row:
    changed = max(row["changed_at"], row["ended_at"] or "")
    return _held({**row, "uid": f"case-{row['pairing_id']}", "what": "case", "changed_at": changed})


def _of_booking(row: Row, now: str) -> Row:
    came_to_nothing = row["declined_at"] or row["withdrawn_at"] or row["ends_on"] < day(now)
    moments = ("requested_at", "approved_at", "declined_at", "withdrawn_at", "cancelled_at")
    event = {**row, "uid": f"booking-{row['id']}", "what": "booking", "ended_at": row["cancelled_at"]}
    event["changed_at"] = max(row[name] or "" for name in moments)
    return _held(event) if row["approved_at"] else {**event, "state": "cancelled" if came_to_nothing else "asked"}


def _held(event: Row) -> Row:
    """Return an event on the days that it holds: fewer when it was ended early, cancelled when it never began."""
    first, last = capacity.held(event)
    if first > last:
        return {**event, "state": "cancelled"}
    return {**event, "starts_on": first, "ends_on": last, "state": "confirmed"}
