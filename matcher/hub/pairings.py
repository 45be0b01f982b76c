"""Pairings: proposed by a broker → accepted by both sides → confirmed for a place at a testbed → access.

When is a testbed full? In `confirm`: the first statement locks the testbed's row by a write, then the places
are counted day by day from the access rows (`capacity.py`). Rows are locked in one order, so that no two
decisions wait for each other: testbed, startup, need, pairing. Reading cases is in `cases.py`.
"""

from __future__ import annotations

import json
from typing import Any

from ..store import Store
from . import capacity, cases, conflicts, fields, mail, needs, parties, record
from .clock import day, later
from .errors import Conflict, Denied, Full, Invalid, NotFound
from .ids import new_id
from .people import Viewer
from .permissions import can

DECLINE_REASONS = {
    "owner": ("no_fit", "not_now", "have_solution", "budget", "terms", "conflict", "other"),
    "startup": ("no_fit", "no_capacity", "readiness", "not_now", "budget", "terms", "conflict", "other"),
    "broker": ("no_answer", "no_place", "other_chosen", "no_fit", "gate", "need_changed", "conflict", "other"),
}
END_REASONS = (
    "completed", "no_effect", "owner_unable", "startup_unable", "host_unable", "agreement", "safety", "other",
)  # fmt: skip
ANSWER_DAYS = (1, 90)


class ProposalContent(fields.Content):
    """What a broker writes when proposing; `answer_days` is how long both sides have to answer."""

    message: fields.Text = ""
    answer_days: fields.number(*ANSWER_DAYS) = None
    testbed_id: fields.Line = ""


def propose(
    store: Store, viewer: Viewer, need_id: str, startup_id: str, message: str, seen: dict[str, Any], now: str,
    answer_days: int | str = 14, testbed_id: str | None = None,
) -> str:  # fmt: skip
    """Propose a startup for a need and return the pairing's id; both sides are told and asked to answer.

    `seen` is what the ranking showed at that moment, kept so that the decision can be replayed. A live interest
    of the startup in the need is thereby answered. `testbed_id` is a suggestion and holds no place.
    """
    content = fields.validate(
        ProposalContent, {"message": message, "answer_days": answer_days, "testbed_id": testbed_id or ""}
    )
    with store.atomic():
        startup, need = locked_pair(store, startup_id, need_id, now)
        if not can(viewer, "pairing.propose", need):
            raise Denied("denied")
        conflicts.refuse(store, need_id, startup_id)
        refuse_second(store, need_id, startup_id)
        _check_suggestion(store, content.testbed_id)
        row = {
            "id": new_id(),
            "need_id": need_id,
            "startup_id": startup_id,
            "testbed_id": content.testbed_id or None,
            "need_version": need["version"],
            "message": content.message,
            "seen": json.dumps(seen, ensure_ascii=False, sort_keys=True),
            "proposed_by": viewer.person_id,
            "proposed_at": now,
            "answer_by": day(later(now, days=content.answer_days or 14)),
        }
        store.insert("pairing", row)
        _answer_interest(store, viewer, need_id, startup_id, now)
        case = cases.fetch(store, row["id"])
        parties.tell(store, viewer, case, ("owner", "startup"), "proposed", now, message=content.message)
        record.write(
            store, viewer.person_id, "pairing.propose", "pairing", row["id"], now,
            message=content.message, answer_by=row["answer_by"],
        )  # fmt: skip
    return row["id"]


def accept(store: Store, viewer: Viewer, pairing_id: str, side: str, now: str) -> dict[str, Any]:
    """Say yes for the owner's or the startup's side and return the case; who comes second makes it accepted by both."""
    if side not in ("owner", "startup"):
        raise Invalid({"side": ("unknown_choice", {"value": side[:40]})})
    with store.atomic():
        case = _locked(store, pairing_id)
        _stands_for(viewer, "pairing.answer", side, case)
        _still_open(case)
        if case[f"{side}_accepted_at"]:
            raise Conflict("pairing_accepted", person=case[f"{side}_person"] or "", at=case[f"{side}_accepted_at"])
        if cases.status(case, now) == "expired":
            raise Conflict("pairing_expired", answer_by=case["answer_by"], person=case["broker"] or "")
        locked_pair(store, case["startup_id"], case["need_id"], now, lock=False)
        store.execute(
            f"update pairing set {side}_accepted_at = :now, {side}_accepted_by = :by where id = :id",  # noqa: S608
            {"now": now, "by": viewer.person_id, "id": pairing_id},
        )
        record.write(store, viewer.person_id, "pairing.accept", "pairing", pairing_id, now, side=side)
        case = cases.fetch(store, pairing_id)
        event = "both_accepted" if cases.status(case, now) == "accepted" else "accepted"
        parties.tell(store, viewer, case, ("owner", "startup", "broker"), event, now, side=side)
    return case


def extend(store: Store, viewer: Viewer, pairing_id: str, answer_days: int | str, now: str) -> str:
    """Give the sides a new day to answer by and return it; a broker's decision, also after the first day passed."""
    content = fields.validate(ProposalContent, {"answer_days": answer_days})
    if content.answer_days is None:
        raise Invalid({"answer_days": ("number_range", {"low": 1, "high": 90, "value": ""})})
    with store.atomic():
        case = _locked(store, pairing_id)
        _stands_for(viewer, "pairing.confirm", "broker", case)
        _still_open(case)
        if cases.status(case, now) == "accepted":
            raise Conflict("pairing_both_accepted", at=max(case["owner_accepted_at"], case["startup_accepted_at"]))
        answer_by = day(later(now, days=content.answer_days))
        store.execute("update pairing set answer_by = :by where id = :id", {"by": answer_by, "id": pairing_id})
        waits = [side for side in ("owner", "startup") if not case[f"{side}_accepted_at"]]
        parties.tell(store, viewer, {**case, "answer_by": answer_by}, waits, "extended", now)
        record.write(store, viewer.person_id, "pairing.extend", "pairing", pairing_id, now, answer_by=answer_by)
    return answer_by


def decline(store: Store, viewer: Viewer, pairing_id: str, side: str, reason: str, note: str, now: str) -> None:
    """Say no for one side, or take a yes back, until a place is confirmed; the others are told the reason."""
    note = checked_reason(reason, note, DECLINE_REASONS.get(side, ()))
    with store.atomic():
        case = _locked(store, pairing_id)
        _stands_for(viewer, "pairing.decline", side, case)
        _still_open(case)
        store.execute(
            """update pairing set declined_at = :now, declined_by = :by, declined_side = :side, reason = :reason,
                      note = :note where id = :id""",
            {"now": now, "by": viewer.person_id, "side": side, "reason": reason, "note": note, "id": pairing_id},
        )
        parties.tell(
            store, viewer, case, ("owner", "startup", "broker"), "declined", now, side=side, reason=reason, note=note
        )
        record.write(
            store, viewer.person_id, "pairing.decline", "pairing", pairing_id, now,
            side=side, reason=reason, note=note,
        )  # fmt: skip


def confirm(
    store: Store, viewer: Viewer, pairing_id: str, testbed_id: str, starts_on: str, ends_on: str, now: str
) -> str:
    """Take a place at a testbed for a pairing that both sides accepted; return the access row's id.

    Raises Full when no place is free on every day of the period, Conflict when anything else stands in the way
    (who decided otherwise and when, a closure, a conflict of interest, the startup's own limit), Invalid for the period.
    """
    first, last = capacity.period(starts_on, ends_on, now)
    with store.atomic():
        testbed = _locked_testbed(store, testbed_id)
        startup, need = _locked_subjects(store, pairing_id)
        case = _locked(store, pairing_id)
        _stands_for(viewer, "pairing.confirm", "broker", case)
        _still_open(case)
        if cases.status(case, now) != "accepted":
            raise Conflict("pairing_not_accepted", answer_by=case["answer_by"])
        _check_live(startup, need, now)
        conflicts.refuse(store, case["need_id"], case["startup_id"])
        _check_place(store, testbed, first, last)
        _check_startup(store, startup, first, last)
        access_id = _open_access(store, viewer, pairing_id, testbed_id, first, last, now)
        case = cases.fetch(store, pairing_id)
        parties.tell(store, viewer, case, ("owner", "startup", "host", "broker"), "confirmed", now)
        record.write(
            store, viewer.person_id, "pairing.confirm", "pairing", pairing_id, now,
            testbed=case["testbed_name"], starts_on=first, ends_on=last,
        )  # fmt: skip
    return access_id


def end(store: Store, viewer: Viewer, pairing_id: str, reason: str, note: str, now: str) -> None:
    """End a confirmed pairing with a reason; its place is free from this day on.

    Once the period is over only a broker closes the case, which lets the two be proposed to each other again.
    """
    note = checked_reason(reason, note, END_REASONS)
    with store.atomic():
        case = _locked(store, pairing_id)
        own = cases.sides(viewer, case)
        over = cases.status(case, now) == "finished"
        if not can(viewer, "pairing.end", case) or (over and "broker" not in own):
            raise Denied("denied")
        if not case["confirmed_at"] or case["ended_at"]:
            _still_open(case)
            raise Conflict("pairing_not_confirmed")
        side = "broker" if "broker" in own else own[0]
        store.execute(
            """update pairing set ended_at = :now, ended_by = :by, ended_side = :side, reason = :reason, note = :note
               where id = :id""",
            {"now": now, "by": viewer.person_id, "side": side, "reason": reason, "note": note, "id": pairing_id},
        )
        if not over:
            store.execute("update access set ended_at = :now where pairing_id = :id", {"now": now, "id": pairing_id})
        parties.tell(
            store, viewer, case, ("owner", "startup", "host", "broker"), "ended", now,
            side=side, reason=reason, note=note,
        )  # fmt: skip
        record.write(
            store, viewer.person_id, "pairing.end", "pairing", pairing_id, now, side=side, reason=reason, note=note
        )


def locked_pair(
    store: Store, startup_id: str, need_id: str, now: str, *, lock: bool = True
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Lock a startup and a need by a write, in this order, and return them; raise Conflict when one is not live.

    `lock=False` only reads: for a step that may be overtaken, because confirming checks both again.
    """
    rows = []
    for table, key in (("startup", startup_id), ("need", need_id)):
        sql = f"update {table} set seq = seq where id = :id returning *"  # noqa: S608 — two constants
        found = store.query(sql if lock else f"select * from {table} where id = :id", {"id": key})  # noqa: S608
        if not found:
            raise NotFound(table)
        rows.append(found[0])
    _check_live(rows[0], rows[1], now)
    return rows[0], rows[1]


def refuse_second(store: Store, need_id: str, startup_id: str) -> None:
    """Raise Conflict when the two are already being paired."""
    rows = store.query(
        """select p.id, p.proposed_at, person.name from pairing p left join person on person.id = p.proposed_by
           where p.need_id = :need and p.startup_id = :startup and p.declined_at is null and p.ended_at is null""",
        {"need": need_id, "startup": startup_id},
    )
    if rows:
        raise Conflict(
            "pairing_exists", person=rows[0]["name"] or "", at=rows[0]["proposed_at"], pairing_id=rows[0]["id"]
        )


def checked_reason(reason: str, note: str, allowed: tuple[str, ...]) -> str:
    """Return the cleaned note; raise Invalid for a reason outside the list, or for `other` without a note."""
    note = fields.validate(_NoteContent, {"note": note}).note
    if reason not in allowed:
        raise Invalid({"reason": ("required_choice", {})})
    if reason == "other" and not note:
        raise Invalid({"note": ("required_other", {})})
    return note


class _NoteContent(fields.Content):
    note: fields.Text = ""


def _locked(store: Store, pairing_id: str) -> dict[str, Any]:
    """Lock a pairing by a write and return its case: whoever comes second waits and sees what the first decided."""
    store.execute("update pairing set answer_by = answer_by where id = :id", {"id": pairing_id})
    return cases.fetch(store, pairing_id)


def _locked_testbed(store: Store, testbed_id: str) -> dict[str, Any]:
    """Lock the row that owns the places and return it with its capacity."""
    rows = store.query("update testbed set places = places where id = :id returning *", {"id": testbed_id})
    if not rows:
        raise Invalid({"testbed_id": ("required_choice", {})})
    if not rows[0]["published_at"] or rows[0]["withdrawn_at"]:
        raise Conflict("testbed_withdrawn", testbed=rows[0]["name"])
    return rows[0]


def _locked_subjects(store: Store, pairing_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Lock the startup and the need of a pairing: neither may be hidden or closed while a place is taken."""
    rows = []
    for table in ("startup", "need"):
        found = store.query(
            f"""update {table} set seq = seq where id = (select {table}_id from pairing where id = :id)
                returning *""",  # noqa: S608 — two constants
            {"id": pairing_id},
        )
        if not found:
            raise NotFound("pairing")
        rows.append(found[0])
    return rows[0], rows[1]


def _check_live(startup: dict[str, Any], need: dict[str, Any], now: str) -> None:
    if not startup["published_at"] or startup["hidden_at"] or startup["merged_at"]:
        raise Conflict("startup_not_live", startup=startup["name"])
    if not need["published_at"] or need["closed_at"]:
        raise Conflict("need_not_open", need=need["title"])
    if needs.expired(need, now):
        raise Conflict("need_expired", need=need["title"], valid_until=need["valid_until"])
    if need["organisation_id"] == startup["organisation_id"]:
        raise Conflict("own_need")


def _stands_for(viewer: Viewer, action: str, side: str, case: dict[str, Any]) -> None:
    if not can(viewer, action, case) or side not in cases.sides(viewer, case):
        raise Denied("denied")


def _still_open(case: dict[str, Any]) -> None:
    """Raise Conflict that tells who decided what and when, if somebody did."""
    if case["declined_at"]:
        raise Conflict("pairing_declined", person=case["decliner"] or "", at=case["declined_at"])
    if case["ended_at"]:
        raise Conflict("pairing_ended", person=case["ender"] or "", at=case["ended_at"])
    if case["confirmed_at"]:
        raise Conflict(
            "pairing_confirmed", person=case["confirmer"] or "", at=case["confirmed_at"],
            testbed=case["testbed_name"], starts_on=case["starts_on"], ends_on=case["ends_on"],
        )  # fmt: skip


def _check_suggestion(store: Store, testbed_id: str) -> None:
    if testbed_id and not store.query(
        "select id from testbed where id = :id and published_at is not null and withdrawn_at is null",
        {"id": testbed_id},
    ):
        raise Invalid({"testbed_id": ("required_choice", {})})


def _check_place(store: Store, testbed: dict[str, Any], first: str, last: str) -> None:
    """Raise unless the testbed is open and a place is free on every day of the period. Its row is locked."""
    closed = capacity.closures(store, testbed["id"], first, last)
    if closed:
        raise Conflict(
            "testbed_closed", testbed=testbed["name"], starts_on=closed[0]["starts_on"], ends_on=closed[0]["ends_on"]
        )
    if capacity.at_testbed(store, testbed["id"], first, last) >= testbed["places"]:
        raise Full("testbed_full", testbed=testbed["name"], places=testbed["places"], starts_on=first, ends_on=last)


def _check_startup(store: Store, startup: dict[str, Any], first: str, last: str) -> None:
    """Raise when the startup would run more tests at once than it said it can; null means it did not say."""
    limit = startup["capacity"]
    if limit is not None and capacity.of_startup(store, startup["id"], first, last) >= limit:
        raise Conflict("startup_full", startup=startup["name"], limit=limit)


def _open_access(
    store: Store, viewer: Viewer, pairing_id: str, testbed_id: str, first: str, last: str, now: str
) -> str:
    store.execute(
        "update pairing set confirmed_at = :now, confirmed_by = :by, testbed_id = :testbed where id = :id",
        {"now": now, "by": viewer.person_id, "testbed": testbed_id, "id": pairing_id},
    )
    access_id = new_id()
    store.insert(
        "access",
        {
            "id": access_id,
            "pairing_id": pairing_id,
            "testbed_id": testbed_id,
            "starts_on": first,
            "ends_on": last,
            "opened_at": now,
        },
    )
    return access_id


def _answer_interest(store: Store, viewer: Viewer, need_id: str, startup_id: str, now: str) -> None:
    """A proposal is the answer to a waiting interest, and takes back an earlier dismissal."""
    pair = {"now": now, "by": viewer.person_id, "need": need_id, "startup": startup_id}
    answered = store.query(
        """update interest set answered_at = :now, answered_by = :by, answer = 'proposed'
           where need_id = :need and startup_id = :startup and answered_at is null and withdrawn_at is null
           returning id""",
        pair,
    )
    for row in answered:
        record.write(store, viewer.person_id, "interest.propose", "interest", row["id"], now)
    undone = store.query(
        """update dismissal set undone_at = :now
           where need_id = :need and startup_id = :startup and undone_at is null returning id""",
        pair,
    )
    for row in undone:
        record.write(store, viewer.person_id, "dismissal.undo", "dismissal", row["id"], now)
