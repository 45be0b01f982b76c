"""What happens next in a case once its place is booked: the agreement, what the testbed asks for, the pilot's decision.

Until then, and where nothing of this waits, `cases.next_step` says it.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import access, agreements, cases, pilots, signatures

Row = dict[str, Any]


def next_step(store: Store, case: Row, now: str, review_days: int = 7) -> Row:
    """Return `code`, `who` must act (sides, empty when nobody) and `by` which day, as `cases.next_step` does."""
    usual = cases.next_step(case, now, review_days)
    if not case["confirmed_at"] or case["ended_at"]:
        return usual
    pilot = pilots.of_case(store, case["id"])
    if pilot and pilots.status(pilot, now) == "over":
        return {"code": "decide", "who": ["owner"], "by": pilots.decide_by(pilot)}
    if pilot and pilots.status(pilot, now) == "running" and pilot["halted_on"]:
        return {"code": "halted", "who": ["owner", "broker"], "by": None}
    missing = access.red(store, case, now)
    if "agreement" in missing:
        return _agreement(store, case, now)
    if "prerequisite" in missing:
        return {"code": "prerequisites", "who": ["host", "startup"], "by": case["starts_on"]}
    if usual["code"] in ("start", "finish") and not (pilot and pilot["started_at"]):
        return {"code": "pilot", "who": ["owner", "startup"], "by": case["starts_on"]}
    return usual


def _agreement(store: Store, case: Row, now: str) -> Row:
    sent = [row for row in agreements.of_case(store, case["id"]) if agreements.status(row, now) == "sent"]
    if sent:
        return {"code": "sign", "who": signatures.missing(store, case, sent[0]["id"]), "by": case["starts_on"]}
    return {"code": "agree", "who": ["broker"], "by": case["starts_on"]}
