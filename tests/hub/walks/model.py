"""The rules from confirmed pairing to outcome, said a second time: what the walks hold the hub against.

Everything is recomputed from a photograph of the tables, taken by plain SQL. Nothing of `matcher.hub` is asked, so
that a rule which is wrong there is not wrong here in the same way.
"""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Iterator
from datetime import date

from . import room
from .camera import TABLES, Photo, Row

Roles = frozenset[tuple[str, str]]
Settled = tuple[tuple[str, tuple[str, ...] | None], ...]

_IN_PILOT = ("question", "starts_on", "personal_data", "impact_assessment", "patients", "research", "review_board",
             "security", "started_at", "started_by")  # fmt: skip
_GONE_FOR_GOOD = ("testbed_closure", "indicator")
_SETTLED: Settled = (
    ("signature", None),
    ("pairing", ("confirmed_at", "declined_at", "ended_at", "owner_accepted_at", "startup_accepted_at")),
    ("agreement", ("in_force_at", "withdrawn_at", "ended_at", "sent_at", "paper", "paper_hash")),
    ("prerequisite_met", ("met_at", "undone_at")),
    ("reading", ("value", "on_day", "at", "withdrawn_at")),
    ("outcome", ("in_use", "why_not", "answered_at", "replaced_at")),
    ("outcome_company", ("jobs", "customers", "answered_at", "replaced_at")),
    ("incident", ("what", "severity", "handled_at")),
)


def of_case(photo: Photo, table: str, case: Row) -> list[Row]:
    """Return a case's rows of a table."""
    return [row for row in photo[table].values() if row["pairing_id"] == case["id"]]


def of_pilot(photo: Photo, table: str, pilot: Row) -> list[Row]:
    """Return a pilot's rows of a table."""
    return [row for row in photo[table].values() if row["pilot_id"] == pilot["id"]]


def signers(photo: Photo, case: Row) -> set[str]:
    """Return who must sign: both sides, and the testbed where neither of them owns it."""
    both = {photo["need"][case["need_id"]]["organisation_id"], photo["startup"][case["startup_id"]]["organisation_id"]}
    host = photo["testbed"][case["testbed_id"]]["organisation_id"] if case["testbed_id"] else None
    return {"owner", "startup"} | ({"host"} if host and host not in both else set())


def signed(photo: Photo, agreement: Row) -> set[str]:
    """Return the sides that have signed the very paper that was sent."""
    return {
        row["side"]
        for row in photo["signature"].values()
        if row["agreement_id"] == agreement["id"] and row["paper_hash"] == agreement["paper_hash"]
    }


def agreed(photo: Photo, case: Row, on: str) -> bool:
    """Whether an agreement that all have signed, and nobody has ended, covers a day."""
    return any(
        row["sent_at"] and not row["withdrawn_at"] and not row["ended_at"]
        and row["starts_on"] <= on <= row["ends_on"] and signers(photo, case) <= signed(photo, row)
        for row in of_case(photo, "agreement", case)
    )  # fmt: skip


def unmet(photo: Photo, case: Row) -> list[str]:
    """Return what the testbed of a case asks for and nobody has said is met."""
    met = {row["prerequisite_id"] for row in of_case(photo, "prerequisite_met", case) if not row["undone_at"]}
    asked = [row for row in photo["prerequisite"].values() if row["testbed_id"] == case["testbed_id"]]
    return [row["id"] for row in asked if not row["retired_at"] and row["id"] not in met]


def place(photo: Photo, case: Row) -> Row | None:
    """Return the booked place of a case that goes on, or None."""
    if not case["confirmed_at"] or case["ended_at"]:
        return None
    return next(iter(of_case(photo, "access", case)), None)


def may_use(photo: Photo, case: Row, today: str) -> bool:
    """Whether the place may be used on a day: booked, agreed on by all, everything met, not ended, not closed."""
    booked = place(photo, case)
    return bool(
        booked
        and booked["starts_on"] <= today <= booked["ends_on"]
        and agreed(photo, case, today)
        and not unmet(photo, case)
        and not room.closed(photo, booked, today)
    )


def facts(photo: Photo, pilot: Row) -> bool:
    """Whether all that is asked before a pilot is written, and the check is green."""
    texts = ("question", "starts_on", "ends_on", "runner_name", "runner_role", "signer_name", "signer_role", "route")
    answers = {pilot["patients"], pilot["research"]}
    return (
        all(pilot[name] for name in texts)
        and pilot["starts_on"] < pilot["ends_on"]
        and "unknown" not in answers | {pilot["personal_data"]}
        and (pilot["personal_data"] == "no" or pilot["impact_assessment"] == "yes")
        and ("yes" not in answers or pilot["review_board"] == "yes")
        and pilot["security"] == "yes"
        and 1 <= len(of_pilot(photo, "indicator", pilot)) <= 3
    )


def startable(photo: Photo, case: Row, today: str) -> bool:
    """Whether the pilot of a case may start on a day."""
    booked, pilot = place(photo, case), next(iter(of_case(photo, "pilot", case)), None)
    if not booked or not pilot or pilot["started_at"] or not facts(photo, pilot):
        return False
    tied = [row for row in photo["conflict"].values() if row["startup_id"] == case["startup_id"]]
    return (
        today <= pilot["ends_on"] <= booked["ends_on"]
        and booked["starts_on"] <= pilot["starts_on"]
        and agreed(photo, case, max(today, booked["starts_on"]))
        and not unmet(photo, case)
        and all(row["lifted_at"] for row in tied)
    )


def month_due(photo: Photo, case: Row, today: str) -> int | None:
    """Return which form about the outcome is due on a day: the last of 6, 12 and 24 months that has passed."""
    decided = [row for row in of_case(photo, "pilot", case) if row["decided_at"]]
    if decided:
        begun = None if decided[0]["decision"] == "stop" else decided[0]["decided_at"]
    else:
        begun = case["ended_at"] if case["reason"] == "completed" else None
    due = [month for month in (6, 12, 24) if begun and _months_on(begun[:10], month) <= today]
    return due[-1] if due else None


def _months_on(day: str, months: int) -> str:
    year, month, number = (int(part) for part in day.split("-"))
    year, month = year + (month + months - 1) // 12, (month + months - 1) % 12 + 1
    return date(year, month, min(number, calendar.monthrange(year, month)[1])).isoformat()


def faults(photo: Photo) -> Iterator[str]:
    """Yield what must never stand in the tables, whatever came before."""
    for case in photo["pairing"].values():
        if sum(bool(case[name]) for name in ("declined_at", "confirmed_at")) > 1:
            yield "a case is declined and confirmed"
        if case["confirmed_at"] and not (case["owner_accepted_at"] and case["startup_accepted_at"]):
            yield "a place is booked that not both said yes to"
        if case["ended_at"] and not case["confirmed_at"]:
            yield "a case was ended that was never confirmed"
        live = [row for row in photo["pairing"].values() if not row["declined_at"] and not row["ended_at"]]
        if sum((row["need_id"], row["startup_id"]) == (case["need_id"], case["startup_id"]) for row in live) > 1:
            yield "two live cases of the same two"
        yield from _agreement_faults(photo, case)
        for pilot in of_case(photo, "pilot", case):
            yield from _pilot_faults(photo, pilot)
        for table in ("outcome", "outcome_company"):
            standing = [row["month"] for row in of_case(photo, table, case) if not row["replaced_at"]]
            if len(standing) != len(set(standing)):
                yield f"two answers of a month stand in {table}"
    yield from room.overbooked(photo)


def _agreement_faults(photo: Photo, case: Row) -> Iterator[str]:
    rows = of_case(photo, "agreement", case)
    if rows and not case["confirmed_at"]:
        yield "an agreement without a booked place"
    if sum(not row["in_force_at"] and not row["withdrawn_at"] for row in rows) > 1:
        yield "two agreements in preparation"
    if sum(bool(row["in_force_at"]) and not row["ended_at"] for row in rows) > 1:
        yield "two agreements in force"
    for row in rows:
        if row["sent_at"] and hashlib.sha256(bytes(row["paper"])).hexdigest() != row["paper_hash"]:
            yield "the paper is not the one that was sent"
        if bool(row["in_force_at"]) != (signers(photo, case) <= signed(photo, row)):
            yield "in force without all signatures, or signed by all and not in force"
        if any(one["paper_hash"] != row["paper_hash"] for one in photo["signature"].values()
               if one["agreement_id"] == row["id"]):  # fmt: skip
            yield "a signature for another paper"


def _pilot_faults(photo: Photo, pilot: Row) -> Iterator[str]:
    read = of_pilot(photo, "reading", pilot)
    if not pilot["started_at"]:
        if read or pilot["decided_at"] or of_pilot(photo, "incident", pilot):
            yield "something happened in a pilot that has not started"
    elif not facts(photo, pilot):
        yield "a started pilot lacks a fact"
    if any(row["at"] < (pilot["started_at"] or "9") or row["at"] > (pilot["decided_at"] or "9") for row in read):
        yield "a reading before the start or after the decision"
    if pilot["decided_at"]:
        known = pilot["decision"] in ("adopt", "adapt", "retest", "stop") and pilot["decided_at"] >= pilot["started_at"]
        if not (known and pilot["evidence"] and len((pilot["lesson"] or "").split()) >= 4):
            yield "a decision without evidence or lesson"


def faults_between(before: Photo, after: Photo, now: str) -> Iterator[str]:
    """Yield what a step changed that no step may change, and what it added that may not be added now."""
    for table, rows in before.items():
        if table not in _GONE_FOR_GOOD and set(rows) - set(after[table]):
            yield f"rows of {table} are gone"
    yield from unsettled(before, after, _SETTLED)
    yield from _settled_in_agreements(before, after)
    yield from _settled_in_pilots(before, after)
    yield from _new_answers(before, after, now)
    if _shown(before) != _shown(after) and after["kept"]["kept"]["audit"] == before["kept"]["kept"]["audit"]:
        yield "a step that changed something is not in the record"


def unsettled(before: Photo, after: Photo, settled: Settled) -> Iterator[str]:
    """Yield the tables in which a column that once has a value (any column, for None) got another."""
    for table, fixed in settled:
        for key, row in before[table].items():
            new = after[table].get(key, row)
            if any(row[name] is not None and row[name] != new[name] for name in fixed or row):
                yield f"what was settled in {table} has changed"


def _shown(photo: Photo) -> Photo:
    """Return what the record tells of every change of: not what the hub keeps of whom it has mailed."""
    rows = {key: {**row, "room_at": None} for key, row in photo["booking"].items()}
    return {**{name: photo[name] for name in TABLES if name not in ("kept", "outcome_link")}, "booking": rows}


def _settled_in_agreements(before: Photo, after: Photo) -> Iterator[str]:
    for key, row in before["agreement"].items():
        if row["sent_at"] and any(
            row[name] != after["agreement"][key][name] for name in ("terms", "starts_on", "ends_on")
        ):
            yield "the terms changed after the agreement was sent"


def _settled_in_pilots(before: Photo, after: Photo) -> Iterator[str]:
    for key, row in before["pilot"].items():
        new = after["pilot"][key]
        if row["decided_at"] and row != new:
            yield "a decided pilot has changed"
        if row["started_at"]:
            if any(row[name] != new[name] for name in _IN_PILOT) or new["ends_on"] < row["ends_on"]:
                yield "what a started pilot is judged by has changed"
            if of_pilot(before, "indicator", row) != of_pilot(after, "indicator", new):
                yield "an indicator of a started pilot has changed"


def _new_answers(before: Photo, after: Photo, now: str) -> Iterator[str]:
    for table in ("outcome", "outcome_company"):
        answered = {(row["pairing_id"], row["month"]) for row in before[table].values()}
        for key in set(after[table]) - set(before[table]):
            row = after[table][key]
            due = month_due(before, before["pairing"][row["pairing_id"]], now[:10])
            if (row["pairing_id"], row["month"]) not in answered and row["month"] != due:
                yield "an outcome was answered that was not due"


# Who may have put their name into a column, by side of the case.
_NAMES = (
    ("pairing", "owner_accepted_by", ("owner",)),
    ("pairing", "startup_accepted_by", ("startup",)),
    ("pairing", "proposed_by", ("broker",)),
    ("pairing", "confirmed_by", ("broker",)),
    ("pairing", "declined_by", ("owner", "startup", "broker")),
    ("pairing", "ended_by", ("owner", "startup", "host", "broker")),
    ("agreement", "drafted_by", ("broker",)),
    ("agreement", "sent_by", ("broker",)),
    ("agreement", "withdrawn_by", ("broker",)),
    ("agreement", "ended_by", ("broker",)),
    ("prerequisite_met", "met_by", ("host", "broker")),
    ("prerequisite_met", "undone_by", ("host", "broker")),
    ("pilot", "started_by", ("owner", "broker")),
    ("pilot", "decided_by", ("owner", "broker")),
    ("outcome", "answered_by", ("owner", "broker")),
    ("outcome_company", "answered_by", ("startup", "broker")),
)


def stands_for(photo: Photo, case: Row, roles: Roles) -> set[str]:
    """Return the sides of a case that a person stands for, by the roles they hold as (role, organisation id)."""
    testbed = photo["testbed"].get(case["testbed_id"] or "")
    owners = photo["need"][case["need_id"]]["organisation_id"]
    found = {
        "owner": {("owner", owners), ("startup", owners)},
        "startup": {("startup", photo["startup"][case["startup_id"]]["organisation_id"])},
        "host": {("host", testbed["organisation_id"])} if testbed else set(),
    }
    held = {side for side, wanted in found.items() if wanted & roles}
    return held | ({"broker"} if any(role == "broker" for role, _ in roles) else set())


def wrong_hands(before: Photo, after: Photo, roles: dict[str, Roles]) -> Iterator[str]:
    """Yield what somebody put their name to who does not stand for a side that may; `roles` by person."""
    for table, column, allowed in _NAMES:
        for key, row in after[table].items():
            who = row[column]
            if who and who != before[table].get(key, {}).get(column):
                case = row if table == "pairing" else after["pairing"][row["pairing_id"]]
                if not stands_for(after, case, roles[who]) & set(allowed):
                    yield f"{table}.{column} by the wrong person"
    for key in set(after["signature"]) - set(before["signature"]):
        row = after["signature"][key]
        case = after["pairing"][after["agreement"][row["agreement_id"]]["pairing_id"]]
        held = stands_for(after, case, roles[row["person_id"]])
        if row["side"] not in held and not (row["method"] == "upload" and "broker" in held):
            yield "somebody signed for another side"
