"""Pilots for tests: a case with its place and agreement, and a pilot at any stage of it.

pilot = Pilot(store)      everybody, a confirmed case, an agreement in force
pilot.prepare()           all facts and one indicator
pilot.start()             the same, started on its first day
"""

from __future__ import annotations

import hashlib
from typing import Any

from matcher.hub import agreements, feedback, indicators, pairings, pilot_ends, pilots, readings, signatures
from matcher.hub.clock import day, later
from matcher.store import Store
from tests.factories import NOW, create_person, create_testbed

from .cases import FIRST, Case

BEGUN = f"{FIRST}T08:00:00.000000Z"
ENDS = "2027-01-15"
OVER = "2027-01-16T08:00:00.000000Z"
FACTS: dict[str, Any] = {
    "question": "Faller färre på natten när larmet hörs i tid?",
    "runner_name": "Rut Ström",
    "runner_role": "Enhetschef",
    "signer_name": "Sara Ek",
    "signer_role": "Förvaltningschef",
    "route": "Direktupphandling under gränsen, sedan avrop.",
    "personal_data": "yes",
    "impact_assessment": "yes",
    "patients": "no",
    "research": "no",
    "security": "yes",
}
INDICATOR: dict[str, Any] = {
    "name": "Fall per 1 000 vårddygn",
    "unit": "fall",
    "baseline": "5,1",
    "target": "3",
    "method": "Avvikelserapporter räknas varje måndag.",
    "measured_by": "Enhetschefen",
    "uncertainty": "Alla fall rapporteras inte; ungefär en av tio saknas.",
}
DECISION: dict[str, Any] = {
    "decision": "adopt",
    "evidence": "Från 5,1 till 2,8 på två avdelningar.",
    "lesson": "Larmet måste höras i hela korridoren redan första natten.",
}
PAPER = b"PK\x03\x04 the paper"
TERMS = {
    "purpose": "Pröva larm.", "owner_does": "Ger tillgång.", "startup_does": "Installerar.",
    "results_owner": "startup", "results_use": "Fritt.", "data": "Inga.", "liability": "Var och en.",
    "payment": "free", "funds": "own", "language": "sv",
}  # fmt: skip


class Pilot(Case):
    """A confirmed case with somebody at the host, and shortcuts to the stages of its pilot.

    Everything happens at `now`; the place is booked from `ahead` days later, for two months.
    """

    def __init__(self, store: Store, agreed: bool = True, now: str = NOW, ahead: int = 11) -> None:
        super().__init__(store)
        self.now = now
        self.first, self.ends, self.last = (day(later(now, days=ahead + days)) for days in (0, 45, 61))
        self.testbed = create_testbed(store, published=True, places=1)
        self.host = create_person(store, "host", self.testbed["organisation_id"])
        self.id = self.accept(self.propose(now), now)
        pairings.confirm(store, self.broker, self.id, self.testbed["id"], self.first, self.last, now)
        if agreed:
            self.agree()

    def agree(self) -> None:
        terms = {**TERMS, "starts_on": self.first, "ends_on": self.last}
        number = agreements.draft(self.store, self.broker, self.id, terms, self.now)
        agreements.send(self.store, self.broker, self.id, number, PAPER, 1, self.now)
        for side, who in (("owner", self.owner), ("startup", self.founder), ("host", self.host)):
            given = {"name": who.name, "title": "Chef"}
            paper_hash = hashlib.sha256(PAPER).hexdigest()
            signatures.sign(self.store, who, self.id, number, side, given, paper_hash=paper_hash, now=self.now)

    def facts(self, **changes: Any) -> dict[str, Any]:
        return {**FACTS, "starts_on": self.first, "ends_on": self.ends, **changes}

    @property
    def row(self) -> dict[str, Any]:
        found = pilots.of_case(self.store, self.id)
        assert found is not None
        return found

    def save(self, now: str = NOW, who: Any = None, revision: int | None = None, **facts: Any) -> list[str]:
        row = pilots.of_case(self.store, self.id)
        number = (row["revision"] if row else 0) if revision is None else revision
        return pilots.save(self.store, who or self.owner, self.id, facts, number, now)

    def indicator(self, now: str = NOW, who: Any = None, indicator_id: str = "", **changes: Any) -> str:
        return indicators.save(self.store, who or self.owner, self.id, indicator_id, {**INDICATOR, **changes}, now)

    def prepare(self, **changes: Any) -> str:
        self.save(self.now, **self.facts(**changes))
        return self.indicator(self.now)

    def start(self, now: str = "", **changes: Any) -> str:
        indicator_id = self.prepare(**changes)
        pilots.start(self.store, self.owner, self.id, now or (BEGUN if self.now == NOW else self.now))
        return indicator_id

    def read(self, indicator_id: str, value: str, on_day: str = FIRST, now: str = BEGUN, who: Any = None) -> str:
        given = {"value": value, "on_day": on_day}
        return readings.enter(self.store, who or self.founder, self.id, indicator_id, given, now)

    def round(self, now: str = BEGUN, question: str = "Hörs larmet?", days: str = "7") -> tuple[str, str]:
        return feedback.open_round(self.store, self.founder, self.id, question, days, now)

    def decide(self, now: str = OVER, who: Any = None, **changes: Any) -> None:
        pilot_ends.decide(self.store, who or self.owner, self.id, {**DECISION, **changes}, now)

    def status(self, now: str) -> str:
        return pilots.status(self.row, now)


def days_on(moment: str, days: int) -> str:
    """Return the moment so many days later."""
    return later(moment, days=days)
