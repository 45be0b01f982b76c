"""How a pilot ends: more time with a reason, or a decision with evidence and a lesson.

"Stopped, learned" is an end as good as the others. Thirty days after its last day an undecided pilot is red on the
desk (`inbox.py`), and its owner is reminded here.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import cases, fields, locks, mail, parties, pilot_facts, pilots, record
from .clock import day, later
from .errors import Invalid
from .people import Viewer

Row = dict[str, Any]
DECISIONS = ("adopt", "adapt", "retest", "stop")
LESSON_WORDS = 4  # fewer is no sentence
SOON_DAYS = 7


class DecisionContent(fields.Content):
    """What is decided about a pilot, on what grounds, and what was learned."""

    decision: fields.choice("decisions", frozenset(DECISIONS)) = None
    evidence: fields.Text = ""
    lesson: fields.Text = ""
    early_reason: fields.Text = ""


class _ExtensionContent(fields.Content):
    ends_on: fields.Day = None
    reason: fields.Text = ""


def extend(store: Store, viewer: Viewer, pairing_id: str, ends_on: str, reason: str, now: str) -> str:
    """Move a started pilot's last day on, with a reason, and return it; everybody in the case is told."""
    typed = {"ends_on": ends_on, "reason": reason}
    content = fields.filled(_ExtensionContent, typed, {"ends_on": "required_day", "reason": "required"})
    last, reason = content["ends_on"], content["reason"]
    with viewer.deciding(store):
        case = pilots.locked(store, viewer, pairing_id, "pilot.edit")
        row = pilots.started(store, case)
        pilots.undecided(row)
        if last <= row["ends_on"]:
            raise Invalid({"ends_on": ("pilot_later", {"last": row["ends_on"]})})
        pilot_facts.check_period(row["starts_on"], last, case, now)
        pilots.change(store, row["id"], {"ends_on": last}, viewer, now)
        told = {"before": row["ends_on"], "last": last, "reason_given": reason}
        parties.tell(store, viewer, case, pilots.SIDES, "pilot_extended", now, **told)
        record.write(
            store, viewer.person_id, "pilot.extend", "pairing", pairing_id, now,
            before=row["ends_on"], ends_on=last, note=reason,
        )  # fmt: skip
    return last


def is_early(row: Row, now: str) -> bool:
    """Whether a decision today comes before the pilot's last day, so that it needs a reason."""
    return day(now) < pilots.last_day(row)


def decide(store: Store, viewer: Viewer, pairing_id: str, data: Row, now: str) -> None:
    """Decide what becomes of a pilot: the owner's side, or a broker for it. Everybody in the case is told.

    Raise Invalid, and Conflict that tells who decided and when if somebody has.
    """
    content = fields.validate(DecisionContent, data).model_dump()
    with viewer.deciding(store):
        case = pilots.locked(store, viewer, pairing_id, "pilot.decide", ended=True)
        row = pilots.started(store, case)
        pilots.undecided(row)
        _check(content, row, now)
        if not is_early(row, now):
            content["early_reason"] = ""
        side = "owner" if "owner" in cases.sides(viewer, case) else "broker"
        by = {"decided_at": now, "decided_by": viewer.person_id, "decided_side": side}
        pilots.change(store, row["id"], {**content, **by}, viewer, now)
        parties.tell(store, viewer, case, pilots.SIDES, "pilot_decided", now, **content)
        record.write(
            store, viewer.person_id, "pilot.decide", "pairing", pairing_id, now,
            decision=content["decision"], decided_side=side, evidence=content["evidence"], lesson=content["lesson"],
            early=content["early_reason"],
        )  # fmt: skip


def _check(content: Row, row: Row, now: str) -> None:
    errors: dict[str, Any] = {} if content["decision"] else {"decision": ("required_choice", {})}
    if not content["evidence"]:
        errors["evidence"] = ("required", {})
    if len(content["lesson"].split()) < LESSON_WORDS:
        errors["lesson"] = ("lesson_short", {})
    if is_early(row, now) and not content["early_reason"]:
        errors["early_reason"] = ("required_early", {"last": pilots.last_day(row)})
    if errors:
        raise Invalid(errors)


def remind(store: Store, now: str) -> int:
    """Queue the mails about pilots that end within a week, and about those undecided thirty days after their end."""
    soon, late = day(later(now, days=SOON_DAYS)), day(later(now, days=-pilots.DECISION_DAYS))
    rows = store.query(
        """select t.pairing_id from pilot t join pairing c on c.id = t.pairing_id
           where t.started_at is not null and t.decided_at is null
             and ((t.ends_on >= :today and t.ends_on <= :soon and c.ended_at is null)
                  or t.ends_on < :late or substr(c.ended_at, 1, 10) < :late)
           order by t.ends_on, t.id""",
        {"today": day(now), "soon": soon, "late": late},
    )
    return sum(_remind(store, row["pairing_id"], now) for row in rows)


def _remind(store: Store, pairing_id: str, now: str) -> int:
    """Tell the owner's side, and the broker, of one pilot that waits for its decision."""
    with store.atomic():
        case = locks.case(store, pairing_id)
        row = pilots.of_case(store, pairing_id)
        if row is None or row["decided_at"]:
            return 0
        event = "overdue" if pilots.overdue(row, now) else "due"
        people = {
            person["email"]: person for side in ("owner", "broker") for person in parties.of_side(store, side, case)
        }
        last = pilots.last_day(row)
        return mail.queue(
            store, f"pilot.{event}:{row['id']}:{last}", people.values(), f"pilot_{event}", now,
            pairing_id=pairing_id, need=case["need_title"], startup=case["startup_name"], owner=case["owner_name"],
            last=last, decide_by=pilots.decide_by(row), broker=case["broker"], broker_email=case["broker_email"],
        )  # fmt: skip
