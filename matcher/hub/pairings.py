"""Pairings: proposed by a broker → accepted by both sides → confirmed for a place at a testbed → access.

When is a testbed full? In `confirm`: the testbed's row is locked by a write, right after the person's own, then the
places are counted day by day from live rows (`capacity.py`). The order of the locks is in `locks.py`, reading
cases in `cases.py`, the reasons for a no in `reasons.py`, who is told in `parties.py`.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import (
    booking_papers,
    capacity,
    cases,
    conflicts,
    fields,
    locks,
    one_company,
    parties,
    published,
    rankings,
    reasons,
    record,
)  # fmt: skip
from .clock import day, later
from .errors import Conflict, Denied, Invalid
from .ids import new_id
from .people import Viewer
from .permissions import can

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
    with viewer.deciding(store):
        startup, need = locks.pair(store, startup_id, need_id)
        _stands_for(viewer, "pairing.propose", "broker", need)
        locks.live(startup, need, now)
        conflicts.refuse(store, need_id, startup_id)
        locks.unpaired(store, need_id, startup_id)
        locks.company_unpaired(store, need_id, one_company.organisations(store, startup["organisation_id"]))
        if content.testbed_id:
            _check_suggestion(store, content.testbed_id)
        row = {
            "id": new_id(),
            "need_id": need_id,
            "startup_id": startup_id,
            "testbed_id": content.testbed_id or None,
            "need_version": need["version"],
            "message": content.message,
            "seen": rankings.sealed(store, seen, now),
            "proposed_by": viewer.person_id,
            "proposed_at": now,
            "answer_by": day(later(now, days=content.answer_days or 14)),
        }
        store.insert("pairing", row)
        _settle_before(store, viewer, need_id, startup_id, now)
        case = cases.fetch(store, row["id"])
        parties.tell(store, viewer, case, ("owner", "startup"), "proposed", now, message=content.message)
        record.write(
            store, viewer.person_id, "pairing.propose", "pairing", row["id"], now,
            note=content.message, answer_by=row["answer_by"],
        )  # fmt: skip
    return row["id"]


def accept(store: Store, viewer: Viewer, pairing_id: str, side: str, now: str) -> dict[str, Any]:
    """Say yes for the owner's or the startup's side and return the case; the second yes makes it accepted by both."""
    with viewer.deciding(store):
        case = locks.case(store, pairing_id)
        if side not in ("owner", "startup"):
            raise Denied("denied")
        _stands_for(viewer, "pairing.answer", side, case)
        locks.undecided(case)
        if case[f"{side}_accepted_at"]:
            raise Conflict("pairing_accepted", person=case[f"{side}_person"] or "", at=case[f"{side}_accepted_at"])
        if cases.status(case, now) == "expired":
            raise Conflict("pairing_expired", answer_by=case["answer_by"], person=case["broker"] or "")
        store.execute(
            f"update pairing set {side}_accepted_at = :now, {side}_accepted_by = :by where id = :id",
            {"now": now, "by": viewer.person_id, "id": pairing_id},
        )
        record.write(store, viewer.person_id, "pairing.accept", "pairing", pairing_id, now, side=side)
        case = cases.fetch(store, pairing_id)
        event = "both_accepted" if cases.status(case, now) == "accepted" else "accepted"
        parties.tell(store, viewer, case, ("owner", "startup", "broker"), event, now, side=side)
    return case


def extend(store: Store, viewer: Viewer, pairing_id: str, answer_days: int | str, now: str) -> str:
    """Give the sides a new day to answer by and return it; a broker's decision, also after the first day passed."""
    days = fields.validate(ProposalContent, {"answer_days": answer_days}).answer_days
    if days is None:
        low, high = ANSWER_DAYS
        raise Invalid({"answer_days": ("number_range", {"low": low, "high": high, "value": ""})})
    with viewer.deciding(store):
        case = locks.case(store, pairing_id)
        _stands_for(viewer, "pairing.confirm", "broker", case)
        locks.undecided(case)
        if cases.status(case, now) == "accepted":
            raise Conflict("pairing_both_accepted", at=max(case["owner_accepted_at"], case["startup_accepted_at"]))
        answer_by = day(later(now, days=days))
        store.execute("update pairing set answer_by = :by where id = :id", {"by": answer_by, "id": pairing_id})
        waits = [side for side in ("owner", "startup") if not case[f"{side}_accepted_at"]]
        parties.tell(store, viewer, {**case, "answer_by": answer_by}, waits, "extended", now)
        record.write(store, viewer.person_id, "pairing.extend", "pairing", pairing_id, now, answer_by=answer_by)
    return answer_by


def decline(store: Store, viewer: Viewer, pairing_id: str, side: str, reason: str, note: str, now: str) -> None:
    """Say no for one side, or take a yes back, until a place is confirmed; the others are told the reason."""
    note = reasons.checked(reason, note, reasons.DECLINE.get(side, ()))
    with viewer.deciding(store):
        case = locks.case(store, pairing_id)
        _stands_for(viewer, "pairing.decline", side, case)
        locks.undecided(case)
        store.execute(
            """update pairing set declined_at = :now, declined_by = :by, declined_side = :side, reason = :reason,
                      note = :note where id = :id""",
            {"now": now, "by": viewer.person_id, "side": side, "reason": reason, "note": note, "id": pairing_id},
        )
        said = {"side": side, "reason": reason, "note": note}
        parties.tell(store, viewer, case, ("owner", "startup", "broker"), "declined", now, **said)
        record.write(store, viewer.person_id, "pairing.decline", "pairing", pairing_id, now, **said)


def confirm(
    store: Store, viewer: Viewer, pairing_id: str, testbed_id: str, starts_on: str, ends_on: str, now: str,
    booking_id: str = "",
) -> str:  # fmt: skip
    """Take a place at a testbed for a pairing that both sides accepted; return the access row's id.

    `booking_id` is a booking of the two that the testbed's host approved: its place becomes the case's. Raises Full
    when no place is free on every day of the period, Invalid for the period itself, and Conflict when anything else
    stands in the way: another decision, a closure, a conflict of interest, the startup's own limit.
    """
    first, last = capacity.period(starts_on, ends_on, now)
    with viewer.deciding(store):
        testbed = locks.testbed(store, testbed_id)
        startup, need = locks.pair_of(store, pairing_id)
        case = locks.case(store, pairing_id)
        _stands_for(viewer, "pairing.confirm", "broker", case)
        locks.undecided(case)
        if cases.status(case, now) != "accepted":
            raise Conflict("pairing_not_accepted", answer_by=case["answer_by"])
        locks.live(startup, need, now)
        conflicts.refuse(store, case["need_id"], case["startup_id"])
        if booking_id:
            booking_papers.use(store, viewer, booking_id, case, testbed_id, (first, last), now)
        capacity.refuse_closed(store, testbed, (first, last))
        capacity.refuse_full(store, testbed, (first, last))
        capacity.refuse_busy(store, startup, (first, last))
        access_id = _open_access(store, viewer, pairing_id, testbed_id, (first, last), now)
        case = cases.fetch(store, pairing_id)
        parties.tell(store, viewer, case, ("owner", "startup", "host", "broker"), "confirmed", now)
        record.write(
            store, viewer.person_id, "pairing.confirm", "pairing", pairing_id, now,
            testbed=testbed["name"], starts_on=first, ends_on=last,
        )  # fmt: skip
    return access_id


def end(store: Store, viewer: Viewer, pairing_id: str, reason: str, note: str, now: str) -> None:
    """End a confirmed pairing with a reason; its place is free from this day on.

    Once the period is over only a broker closes the case, which lets the two be proposed to each other again.
    """
    note = reasons.checked(reason, note, reasons.END)
    with viewer.deciding(store):
        case = locks.case(store, pairing_id)
        own, over = cases.sides(viewer, case), cases.status(case, now) == "finished"
        if not can(viewer, "pairing.end", case) or (over and "broker" not in own):
            raise Denied("denied")
        if not case["confirmed_at"] or case["ended_at"]:
            locks.undecided(case)
            raise Conflict("pairing_not_confirmed")
        said = {"side": "broker" if "broker" in own else own[0], "reason": reason, "note": note}
        store.execute(
            """update pairing set ended_at = :now, ended_by = :by, ended_side = :side, reason = :reason, note = :note
               where id = :id""",
            {"now": now, "by": viewer.person_id, "id": pairing_id, **said},
        )
        if not over:
            store.execute("update access set ended_at = :now where pairing_id = :id", {"now": now, "id": pairing_id})
        parties.tell(store, viewer, case, ("owner", "startup", "host", "broker"), "ended", now, **said)
        record.write(store, viewer.person_id, "pairing.end", "pairing", pairing_id, now, **said)


def _stands_for(viewer: Viewer, action: str, side: str, case: dict[str, Any]) -> None:
    """Raise Denied unless the person may do this and does it for a side of their own."""
    if not can(viewer, action, case) or (side != "broker" and side not in cases.sides(viewer, case)):
        raise Denied("denied")
    if side == "broker" and not viewer.has("broker"):
        raise Denied("denied")


def _check_suggestion(store: Store, testbed_id: str) -> None:
    if not store.query(
        f"select t.id from testbed t where t.id = :id and {published.live('testbed', 't')}",
        {"id": testbed_id},
    ):
        raise Invalid({"testbed_id": ("required_choice", {})})


def _open_access(
    store: Store, viewer: Viewer, pairing_id: str, testbed_id: str, days: capacity.Period, now: str
) -> str:
    store.execute(
        "update pairing set confirmed_at = :now, confirmed_by = :by, testbed_id = :testbed where id = :id",
        {"now": now, "by": viewer.person_id, "testbed": testbed_id, "id": pairing_id},
    )
    row = {"id": new_id(), "pairing_id": pairing_id, "testbed_id": testbed_id, "opened_at": now}
    store.insert("access", {**row, "starts_on": days[0], "ends_on": days[1]})
    return row["id"]


def _settle_before(store: Store, viewer: Viewer, need_id: str, startup_id: str, now: str) -> None:
    """Answer a waiting interest with the proposal, and take back an earlier dismissal."""
    params = {"now": now, "by": viewer.person_id, "need": need_id, "startup": startup_id}
    answered = store.query(
        """update interest set answered_at = :now, answered_by = :by, answer = 'proposed'
           where need_id = :need and startup_id = :startup and answered_at is null and withdrawn_at is null
           returning id""",
        params,
    )
    undone = store.query(
        """update dismissal set undone_at = :now
           where need_id = :need and startup_id = :startup and undone_at is null returning id""",
        params,
    )
    for row in answered:
        record.write(store, viewer.person_id, "interest.propose", "interest", row["id"], now)
    for row in undone:
        record.write(store, viewer.person_id, "dismissal.undo", "dismissal", row["id"], now)
