"""Reading pairings: who may see which, where each stands, and what happens next. Deciding is in `pairings.py`.

The status is derived from timestamps. A side is `owner` (the need's organisation), `startup`, `host` (of the
testbed) or `broker`: who holds the case at the hub (`holders.py`), at first who proposed it.
"""

from __future__ import annotations

import json
from typing import Any

from ..store import Store
from .clock import day, later
from .errors import NotFound
from .people import Viewer

PAGE = 50
_OPEN = "p.declined_at is null and p.confirmed_at is null"
_BOTH = "p.owner_accepted_at is not null and p.startup_accepted_at is not null"

# The stages of a pairing as SQL (on p and a) and, in the same order, as `status` derives them from a row.
STAGES = {
    "proposed": f"{_OPEN} and not ({_BOTH}) and p.answer_by >= :today",
    "expired": f"{_OPEN} and not ({_BOTH}) and p.answer_by < :today",
    "accepted": f"{_OPEN} and {_BOTH}",
    "confirmed": "p.confirmed_at is not null and p.ended_at is null and a.ends_on >= :today",
    "finished": "p.confirmed_at is not null and a.ends_on < substr(coalesce(p.ended_at, :today), 1, 10)",
    "ended": "p.ended_at is not null and a.ends_on >= substr(p.ended_at, 1, 10)",
    "declined": "p.declined_at is not null",
}

_FROM = """
    from pairing p
    join need n on n.id = p.need_id join organisation o on o.id = n.organisation_id
    join startup s on s.id = p.startup_id
    left join testbed t on t.id = p.testbed_id
    left join access a on a.pairing_id = p.id
    left join case_holder h on h.pairing_id = p.id and h.replaced_at is null
    left join person broker on broker.id = coalesce(h.holder_id, p.proposed_by)"""
_LIST = f"""
    select p.id, p.need_id, p.startup_id, p.testbed_id, p.proposed_by, p.proposed_at, p.answer_by,
           p.owner_accepted_at, p.startup_accepted_at, p.confirmed_at, p.declined_at, p.ended_at, p.reason,
           n.title as need_title, n.organisation_id as owner_organisation, o.name as owner_name,
           s.name as startup_name, s.organisation_id as startup_organisation,
           t.name as testbed_name, t.organisation_id as host_organisation,
           a.starts_on, a.ends_on, coalesce(h.holder_id, p.proposed_by) as holder_id, broker.name as broker,
           broker.email as broker_email
    {_FROM}"""
_CASE = f"""
    select p.*, n.title as need_title, n.person_id as need_person_id, n.organisation_id as owner_organisation,
           n.version as need_version_now, n.language as need_language, o.name as owner_name,
           s.name as startup_name, s.organisation_id as startup_organisation, s.language as startup_language,
           s.hidden_at as startup_hidden_at,
           t.name as testbed_name, t.organisation_id as host_organisation, t.language as testbed_language,
           t.withdrawn_at as testbed_withdrawn_at,
           t.contact_name, t.contact_email, t.backup_name, t.backup_email, t.conditions,
           a.starts_on, a.ends_on, a.ended_at as access_ended_at,
           coalesce(h.holder_id, p.proposed_by) as holder_id, broker.name as broker, broker.email as broker_email,
           proposer.name as proposer, owner_person.name as owner_person,
           startup_person.name as startup_person, confirmer.name as confirmer, decliner.name as decliner,
           ender.name as ender
    {_FROM}
    left join person proposer on proposer.id = p.proposed_by
    left join person owner_person on owner_person.id = p.owner_accepted_by
    left join person startup_person on startup_person.id = p.startup_accepted_by
    left join person confirmer on confirmer.id = p.confirmed_by
    left join person decliner on decliner.id = p.declined_by
    left join person ender on ender.id = p.ended_by"""


def status(row: dict[str, Any], now: str) -> str:
    """Return proposed, expired, accepted (by both), confirmed, finished, ended or declined."""
    if row["declined_at"]:
        return "declined"
    if row["confirmed_at"]:
        if row["ends_on"] < day(row["ended_at"] or now):
            return "finished"
        return "ended" if row["ended_at"] else "confirmed"
    if row["owner_accepted_at"] and row["startup_accepted_at"]:
        return "accepted"
    return "expired" if row["answer_by"] < day(now) else "proposed"


def visible(viewer: Viewer | None) -> tuple[str, dict[str, Any]]:
    """Return the SQL condition (on p, n, s, t) for the pairings that a person may see, and its parameters.

    A host sees a pairing from the moment it takes a place at its testbed.
    """
    if viewer is None:
        return "1 = 0", {}
    return ("1 = 1", {}) if viewer.has("broker") else of_own(viewer)


def of_own(viewer: Viewer) -> tuple[str, dict[str, Any]]:
    """Return the same for the pairings in which a person stands for the owner, the startup or the host."""
    return (
        """(n.organisation_id in :owners or s.organisation_id in :companies
            or (p.confirmed_at is not null and t.organisation_id in :hosts))""",
        {
            "owners": viewer.organisations("owner", "startup"),
            "companies": viewer.organisations("startup"),
            "hosts": viewer.organisations("host"),
        },
    )


def sides(viewer: Viewer, row: dict[str, Any]) -> list[str]:
    """Return the sides that a person stands for in a case."""
    found = {
        "owner": viewer.acts_for(row["owner_organisation"], "owner", "startup"),
        "startup": viewer.acts_for(row["startup_organisation"], "startup"),
        "host": viewer.acts_for(row["host_organisation"], "host"),
        "broker": viewer.has("broker"),
    }
    return [side for side, stands in found.items() if stands]


def load(store: Store, viewer: Viewer | None, pairing_id: str) -> dict[str, Any]:
    """Return one case that the person may see, with names and `seen` parsed; raise NotFound.

    Only brokers get the whole of what was seen; the sides get the evidence, the sentences that meet.
    """
    condition, params = visible(viewer)
    rows = store.query(
        f"{_CASE} where p.id = :id and {condition}",
        {"id": pairing_id, **params},
    )
    if not rows:
        raise NotFound("pairing")
    row = decode(rows[0])
    if viewer is None or not viewer.has("broker"):
        row["seen"] = {"evidence": row["seen"].get("evidence") or []}
    return row


def fetch(store: Store, pairing_id: str) -> dict[str, Any]:
    """Return one case for the hub's own rules, whoever asks; raise NotFound."""
    rows = store.query(f"{_CASE} where p.id = :id", {"id": pairing_id})
    if not rows:
        raise NotFound("pairing")
    return decode(rows[0])


def decode(row: dict[str, Any]) -> dict[str, Any]:
    """Return a stored case with `seen` parsed."""
    return {**row, "seen": json.loads(row["seen"])}


def listing(
    store: Store, viewer: Viewer | None, now: str, *, stage: str = "", mine: bool = False, page: int = 1
) -> tuple[list[dict[str, Any]], int]:
    """Return a page of the cases that a person may see, newest first, each with `status`, and how many there are.

    `stage` is one of STAGES or empty for all; `mine` keeps those that the person proposed.
    """
    condition, params = visible(viewer)
    if stage in STAGES:
        condition += f" and ({STAGES[stage]})"
    if mine and viewer:
        condition, params = condition + " and p.proposed_by = :me", {**params, "me": viewer.person_id}
    params = {**params, "today": day(now)}
    total = store.query(f"select count(*) as n {_FROM} where {condition}", params)[0]["n"]
    rows = store.query(
        f"{_LIST} where {condition} order by p.proposed_at desc, p.id limit :limit offset :offset",
        {**params, "limit": PAGE, "offset": PAGE * (max(page, 1) - 1)},
    )
    return [{**row, "status": status(row, now)} for row in rows], total


def of_need(store: Store, viewer: Viewer | None, need_id: str, now: str) -> list[dict[str, Any]]:
    """Return the cases of a need that a person may see, newest first, at most a page, each with `status`. One query."""
    condition, params = visible(viewer)
    rows = store.query(
        f"{_LIST} where p.need_id = :need and {condition} order by p.proposed_at desc, p.id limit :limit",
        {**params, "need": need_id, "limit": PAGE},
    )
    return [{**row, "status": status(row, now)} for row in rows]


def counts(store: Store, viewer: Viewer | None, now: str) -> dict[str, int]:
    """Return how many of the cases that a person may see stand in each stage; one query."""
    condition, params = visible(viewer)
    columns = ", ".join(f"count(*) filter (where {rule}) as {stage}" for stage, rule in STAGES.items())
    return store.query(f"select {columns} {_FROM} where {condition}", {**params, "today": day(now)})[0]


def next_step(row: dict[str, Any], now: str, review_days: int = 7) -> dict[str, Any]:
    """Return what happens next in a case: a `code`, `who` must act (sides, empty when nobody), and `by` which day.

    The broker's own promise is `review_days` from the moment the turn became theirs.
    """
    stage = status(row, now)
    if stage == "proposed":
        waits = [side for side in ("owner", "startup") if not row[f"{side}_accepted_at"]]
        return _step("answer" if len(waits) == 2 else f"answer_{waits[0]}", waits, row["answer_by"])
    if stage == "expired":
        return _step("extend_or_close", ["broker"], day(later(f"{row['answer_by']}T00:00:00Z", days=review_days)))
    if stage == "accepted":
        both_since = max(row["owner_accepted_at"], row["startup_accepted_at"])
        return _step("confirm", ["broker"], day(later(both_since, days=review_days)))
    if stage == "confirmed":
        started = row["starts_on"] <= day(now)
        who = ["startup", "owner", "host"]
        return _step("finish", who, row["ends_on"]) if started else _step("start", who, row["starts_on"])
    if stage == "finished" and not row["ended_at"]:
        return _step("close_case", ["broker"], day(later(f"{row['ends_on']}T00:00:00Z", days=review_days)))
    return _step("over", [], None)


def _step(code: str, who: list[str], by: str | None) -> dict[str, Any]:
    return {"code": code, "who": who, "by": by}
