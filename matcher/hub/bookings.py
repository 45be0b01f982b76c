"""Bookings: somebody asks a host for a place at a testbed for a period. Reading them and where each stands.

requested → (asked ↔ replied)* → approved → used by a case, or cancelled; or declined, withdrawn, lapsed (its last day
passed unanswered), ended with the case that it lies in, or on the waiting list. The status is derived from timestamps.
A request blocks nobody: only what the host approved holds a place (`capacity.HELD`). One inside a case takes no place
of its own, the case's access does; it books the host's staff. Asking is in `booking_requests.py`, answering in
`booking_answers.py`, the line of those who wait in `waiting_list.py`, who is told in `booking_mails.py`.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import access, booking_checks, cases
from .clock import day, days_between, later
from .errors import NotFound
from .people import Viewer

Row = dict[str, Any]
PAGE = 50
REPLY_DAYS = 7  # what a host's question asks for; nothing lapses by it

_UNDECIDED = "b.approved_at is null and b.declined_at is null and b.withdrawn_at is null"
_STOPPED = "(a.ended_at is not null and b.ends_on >= substr(a.ended_at, 1, 10))"  # the case that it lies in was ended
_OPEN = f"{_UNDECIDED} and b.ends_on >= :today and not {_STOPPED}"
_STANDING = "b.approved_at is not null and b.cancelled_at is null and b.used_at is null"

# The stages as SQL (on b, and q: the question that is open) and, in the same order, as `status` derives them.
STAGES = {
    "requested": f"{_OPEN} and q.id is null and b.waiting_at is null",
    "asked": f"{_OPEN} and q.id is not null",
    "waiting": f"{_OPEN} and q.id is null and b.waiting_at is not null",
    "approved": f"{_STANDING} and b.ends_on >= :today and not {_STOPPED}",
    "used": "b.used_at is not null",
    "finished": f"{_STANDING} and b.ends_on < :today and not {_STOPPED}",
    "declined": "b.declined_at is not null",
    "withdrawn": "b.withdrawn_at is not null",
    "lapsed": f"{_UNDECIDED} and b.ends_on < :today and not {_STOPPED}",
    "cancelled": "b.cancelled_at is not null",
    "ended": f"{_STOPPED} and (({_UNDECIDED}) or ({_STANDING}))",
}

_FROM = """
    from booking b
    join testbed t on t.id = b.testbed_id join organisation h on h.id = t.organisation_id
    join organisation o on o.id = b.organisation_id
    left join startup s on s.id = b.startup_id
    left join need n on n.id = b.need_id
    left join access a on a.pairing_id = b.pairing_id
    left join booking_question q on q.booking_id = b.id and q.replied_at is null"""
_LIST = f"""
    select b.*, t.name as testbed_name, t.organisation_id as host_organisation, t.answer_days, h.name as host_name,
           t.withdrawn_at as testbed_withdrawn_at, o.name as asker_name, b.organisation_id as asker_organisation,
           s.name as startup_name, s.organisation_id as startup_organisation,
           n.title as need_title, n.organisation_id as owner_organisation, a.ended_at as case_ended_at,
           q.question, q.asked_at
    {_FROM}"""
_ONE = f"""
    select b.*, t.name as testbed_name, t.organisation_id as host_organisation, t.answer_days, h.name as host_name,
           t.language as testbed_language, t.contact_name, t.contact_email, t.backup_name, t.backup_email,
           t.places, t.buffer_days, t.staff_hours as testbed_hours, t.published_at as testbed_published_at,
           t.withdrawn_at as testbed_withdrawn_at, h.parent_id as host_parent,
           o.name as asker_name, b.organisation_id as asker_organisation, o.parent_id as asker_parent,
           s.name as startup_name, s.organisation_id as startup_organisation, s.capacity as startup_capacity,
           n.title as need_title, n.organisation_id as owner_organisation, a.ended_at as case_ended_at,
           q.id as question_id, q.question, q.asked_at,
           requester.name as requester, requester.email as requester_email, approver.name as approver,
           decliner.name as decliner, withdrawer.name as withdrawer, canceller.name as canceller, agreer.name as agreer
    {_FROM}
    left join person requester on requester.id = b.requested_by
    left join person approver on approver.id = b.approved_by
    left join person decliner on decliner.id = b.declined_by
    left join person withdrawer on withdrawer.id = b.withdrawn_by
    left join person canceller on canceller.id = b.cancelled_by
    left join person agreer on agreer.id = b.agreed_by"""


def status(row: Row, now: str) -> str:
    """Return one of STAGES for a row that `load`, `fetch` or `listing` gave."""
    if row["declined_at"]:
        return "declined"
    if row["withdrawn_at"]:
        return "withdrawn"
    over = row["ends_on"] < day(now)
    if row["cancelled_at"] or row["used_at"]:
        return "cancelled" if row["cancelled_at"] else "used"
    if row["case_ended_at"] and row["ends_on"] >= day(row["case_ended_at"]):
        return "ended"
    if not row["approved_at"]:
        return "lapsed" if over else "asked" if row["asked_at"] else "waiting" if row["waiting_at"] else "requested"
    return "finished" if over else "approved"


def visible(viewer: Viewer | None) -> tuple[str, Row]:
    """Return the SQL condition (on b, t, n, s) for the bookings that a person may see, and its parameters.

    Whoever asked, the host and the brokers see one; inside a case the case's other side too.
    """
    if viewer is None:
        return "1 = 0", {}
    if viewer.has("broker"):
        return "1 = 1", {}
    return (
        """(b.organisation_id in :askers or t.organisation_id in :hosts
            or (b.pairing_id is not null and (n.organisation_id in :askers or s.organisation_id in :companies)))""",
        {
            "askers": viewer.organisations("owner", "startup"),
            "companies": viewer.organisations("startup"),
            "hosts": viewer.organisations("host"),
        },
    )


def sides(viewer: Viewer, row: Row) -> list[str]:
    """Return the sides that a person stands for: asker, host, broker."""
    found = {
        "asker": viewer.acts_for(row["asker_organisation"], "owner", "startup"),
        "host": viewer.acts_for(row["host_organisation"], "host"),
        "broker": viewer.has("broker"),
    }
    return [side for side, stands in found.items() if stands]


def load(store: Store, viewer: Viewer | None, booking_id: str) -> Row:
    """Return one booking that the person may see, with names and the open question if any; raise NotFound."""
    condition, params = visible(viewer)
    rows = store.query(f"{_ONE} where b.id = :id and {condition}", {"id": booking_id, **params})
    if not rows:
        raise NotFound("booking")
    return rows[0]


def fetch(store: Store, booking_id: str) -> Row:
    """Return one booking for the hub's own rules, whoever asks; raise NotFound."""
    rows = store.query(f"{_ONE} where b.id = :id", {"id": booking_id})
    if not rows:
        raise NotFound("booking")
    return rows[0]


def locked(store: Store, booking_id: str) -> Row:
    """Lock a booking by a write and return it: whoever comes second waits and sees what the first decided.

    Whoever locks its testbed, startup or case too does so before (`locks.py`).
    """
    store.execute("update booking set answer_by = answer_by where id = :id", {"id": booking_id})
    return fetch(store, booking_id)


def listing(
    store: Store, viewer: Viewer | None, now: str, *, stage: str = "", testbed_id: str = "", page: int = 1
) -> tuple[list[Row], int]:
    """Return a page of the bookings that a person may see, and how many there are; each with `status` and `mine`.

    What waits for the person (`mine`) comes first, by the day it should be answered; then what is open, then the
    rest, newest first. `stage` is one of STAGES or empty for all.
    """
    condition, params = visible(viewer)
    condition += f" and ({STAGES[stage]})" if stage in STAGES else ""
    condition += " and b.testbed_id = :testbed" if testbed_id else ""
    params = {**params, "today": day(now), "testbed": testbed_id}
    total = store.query(f"select count(*) as n {_FROM} where {condition}", params)[0]["n"]
    turn, own = _turn(viewer)
    rows = store.query(
        f"""{_LIST} where {condition}
            order by case when {turn} then 0 when {_OPEN} then 1 else 2 end,
                     case when {_OPEN} then b.answer_by else '' end, b.requested_at desc, b.id
            limit :limit offset :offset""",
        {**params, **own, "limit": PAGE, "offset": PAGE * (max(page, 1) - 1)},
    )
    return [{**row, "status": status(row, now), "mine": is_turn(viewer, row, now)} for row in rows], total


def counts(store: Store, viewer: Viewer | None, now: str) -> dict[str, int]:
    """Return how many of the bookings that a person may see stand at each stage, and `mine`: how many wait for them."""
    condition, params = visible(viewer)
    turn, own = _turn(viewer)
    columns = ", ".join(f"count(*) filter (where {rule}) as {stage}" for stage, rule in STAGES.items())
    return store.query(
        f"select {columns}, count(*) filter (where {turn}) as mine {_FROM} where {condition}",
        {**params, **own, "today": day(now)},
    )[0]


def of_case(store: Store, pairing_id: str, now: str) -> list[Row]:
    """Return the bookings inside a case and the one that became its place, first day first, each with `status`."""
    rows = store.query(
        f"{_LIST} where b.pairing_id = :id or b.used_pairing_id = :id order by b.starts_on, b.requested_at, b.id",
        {"id": pairing_id},
    )
    return [{**row, "status": status(row, now)} for row in rows]


def promised(store: Store, case: Row, now: str) -> list[Row]:
    """Return the approved bookings outside a case that a confirmation of this one may use, first day first."""
    return store.query(
        f"""{_LIST} where b.startup_id = :startup and b.need_id = :need and b.pairing_id is null and {_STANDING}
            and b.ends_on >= :today order by b.starts_on, b.id""",
        {"startup": case["startup_id"], "need": case["need_id"], "today": day(now)},
    )


def questions(store: Store, booking_id: str) -> list[Row]:
    """Return what the host asked and the asker replied, oldest first, with names."""
    return store.query(
        """select q.*, a.name as asker, r.name as replier from booking_question q
           left join person a on a.id = q.asked_by left join person r on r.id = q.replied_by
           where q.booking_id = :id order by q.asked_at, q.id""",
        {"id": booking_id},
    )


def is_turn(viewer: Viewer | None, row: Row, now: str) -> bool:
    """Whether a booking waits for this person: the host's answer, or the asker's reply to the host's question."""
    stage = status(row, now)
    if viewer is None or stage not in ("requested", "asked", "waiting"):
        return False
    if stage == "asked":
        return viewer.acts_for(row["asker_organisation"], "owner", "startup")
    answers = viewer.acts_for(row["host_organisation"], "host")
    return answers and (stage == "requested" or bool(row["room_at"]))


def _turn(viewer: Viewer | None) -> tuple[str, Row]:
    """Return `is_turn` as SQL, and its parameters."""
    answers = f"({STAGES['requested']}) or ({STAGES['waiting']} and b.room_at is not null)"
    return (
        f"(t.organisation_id in :my_hosts and ({answers})) or (b.organisation_id in :my_own and {STAGES['asked']})",
        {
            "my_hosts": viewer.organisations("host") if viewer else [],
            "my_own": viewer.organisations("owner", "startup") if viewer else [],
        },
    )


def next_step(row: Row, now: str, lacking: list[str] | None = None, line: str = "") -> Row:
    """Return what happens next: a `code`, `who` must act (sides, none when it is over), and `by` which day.

    `lacking` is what `missing` says of an approved one, `line` how one on the waiting list stands at this moment
    (`waiting_list.standing`; else as it was when somebody last looked). At a testbed that was withdrawn nothing can be
    promised.
    """
    stage = status(row, now)
    if stage in ("requested", "asked", "waiting") and row["testbed_withdrawn_at"]:
        return _step("no_testbed", ["asker", "host"], row["ends_on"])
    if stage == "requested":
        return _step("answer", ["host"], row["answer_by"])
    if stage == "asked":
        return _step("reply", ["asker"], day(later(row["asked_at"], days=REPLY_DAYS)))
    if stage == "waiting":
        code = line or ("room" if row["room_at"] else "wait")
        return _step(code, ["host"] if code == "room" else [], None)
    if stage != "approved" or {"ended", "over"} & set(lacking or []):
        return _step("over", [], None)
    for code in ("prerequisite", "agreement"):
        if code in (lacking or []):
            return _step(code, ["host"] if code == "prerequisite" else ["host", "broker"], row["starts_on"])
    if row["starts_on"] > day(now):
        return _step("start", ["asker", "host"], row["starts_on"])
    return _step("closed" if "closed" in (lacking or []) else "finish", ["asker", "host"], row["ends_on"])


def _step(code: str, who: list[str], by: str | None) -> Row:
    return {"code": code, "who": who, "by": by}


def days_left(row: Row, now: str) -> int | None:
    """Return how many days the host has left to answer (negative when late); None when no answer is due."""
    return days_between(now, row["answer_by"]) if status(row, now) == "requested" else None


def missing(store: Store, row: Row, now: str) -> list[str]:
    """Return why the place may not be used now by this booking, in the order in which it is put right; empty: it may.

    ended: it was declined, withdrawn, cancelled, lapsed or ended with its case. over: its last day has passed.
    approved: the host has not said yes. prerequisite, agreement: what the testbed asks for, or the papers. not_begun:
    its first day is yet to come. closed: the testbed is closed today. For one inside a case, or used by one, the case
    says: it never opens the door by itself.
    """
    stage = status(row, now)
    if stage in ("declined", "withdrawn", "cancelled", "lapsed", "ended"):
        return ["ended"]
    if stage == "finished":
        return ["over"]
    unanswered = [] if row["approved_at"] else ["approved"]
    ahead = ["not_begun"] if row["starts_on"] > day(now) else ["closed"] if access.is_closed(store, row, now) else []
    case = row["pairing_id"] or row["used_pairing_id"]
    if case:
        return [*unanswered, *access.red(store, cases.fetch(store, case), now), *ahead]
    return [
        *unanswered,
        *(["prerequisite"] if booking_checks.red(store, row) else []),
        *(["agreement"] if needs_agreement(row) and not is_agreed(row) else []),
        *ahead,
    ]


def needs_agreement(row: Row) -> bool:
    """Whether papers are needed outside a case: not within one organisation, nor between a unit and its parent."""
    asker, host = row["asker_organisation"], row["host_organisation"]
    return not (asker == host or row["asker_parent"] == host or row["host_parent"] == asker)


def is_agreed(row: Row) -> bool:
    """Whether a signed agreement that covers the days is noted."""
    return bool(row["agreed_at"]) and row["agreed_until"] >= row["ends_on"]
