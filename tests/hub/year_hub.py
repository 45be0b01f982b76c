"""A hub over three years for tests: thirty-six cases that come as far as they come, with a clock that moves.

Everything is done through the hub's own functions, each step at its own moment, so that the record tells of it. Three
owners, one of them a unit of another; some steps fall in the last hour of a year, which in Sweden is the next.
"""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from matcher.hub import (
    agreements,
    feedback,
    indicators,
    interests,
    need_review,
    outcomes,
    pairings,
    pilot_ends,
    pilots,
    shares,
    signatures,
)
from matcher.hub.clock import day, later, stamp
from matcher.hub.people import Viewer
from matcher.store import Store
from tests import factories

from .cases import SEEN
from .pilots import DECISION, FACTS, INDICATOR, PAPER, TERMS

YEARS = (2024, 2025, 2026)
NOW = "2026-11-20T09:00:00.000000Z"
CASES = 36


class YearHub:
    """`owners`, `companies` and the `broker`; `cases` holds the ids of all pairings."""

    def __init__(self, store: Store, cases: int = CASES, seed: int = 4) -> None:
        self.store, self.random = store, random.Random(seed)
        self.broker = factories.create_person(store, "broker")
        self.town = factories.create_organisation(store, "public", name="Åby kommun")
        self.unit = factories.create_organisation(store, "public", name="Åby skolor", parent_id=self.town["id"])
        self.other = factories.create_organisation(store, "public", name="Östra regionen")
        self.owners = [factories.create_person(store, "owner", one) for one in (self.town, self.unit, self.other)]
        self.companies = [self._company() for _ in range(5)]
        self.testbed = factories.create_testbed(store, published=True, places=1000)
        self.host = factories.create_person(store, "host", self.testbed["organisation_id"])
        self.cases: list[str] = []
        for number in range(cases):
            self._case(number)

    def _company(self) -> tuple[Viewer, dict[str, Any]]:
        founder = factories.create_person(self.store, "startup")
        own = founder.organisations("startup")[0]
        return founder, factories.create_startup(self.store, own, published=True, capacity=100)

    def _begin(self, number: int) -> str:
        """Return when a need is written; every sixth at the turn of a year, half an hour into the Swedish new year."""
        if number % 6 == 0:
            return f"{self.random.choice((2023, 2024, 2025))}-12-31T22:30:00.000000Z"
        return stamp(datetime(2024, 1, 2, tzinfo=UTC) + timedelta(hours=self.random.randrange(24 * 900)))

    def _later(self, moment: str, low: int, high: int) -> str:
        """Return a moment some days later; one in four in the hour that belongs to another year than its day says."""
        found = later(moment, days=self.random.randint(low, high), minutes=self.random.randrange(600))
        edge = f"{found[:4]}-12-31T23:{self.random.randrange(60):02}:00.000000Z"
        return edge if self.random.random() < 0.25 and moment < edge <= NOW and edge < later(found, days=250) else found

    def _case(self, number: int) -> None:
        """Take one need and one company as far as chance has it, and no further than now."""
        store, owner = self.store, self.owners[number % 3]
        founder, startup = self.companies[self.random.randrange(5)]
        at = self._begin(number)
        organisation = owner.organisations("owner")[0]
        county = self.random.choice(["01", "12"])
        need = factories.create_need(
            store, organisation, person_id=owner.person_id, county_code=county, municipality_code=None,
            wanted_by="2031-01-01", valid_until="2032-01-01",
        )["id"]  # fmt: skip
        need_review.submit(store, owner, need, at)
        if number % 5 == 0:
            at = self._later(at, 1, 12)
            need_review.send_back(store, self.broker, need, "measure", "Hur mäts det?", at)
            need_review.submit(store, owner, need, at := self._later(at, 1, 5))
        at = self._later(at, 1, 12)
        if at > NOW:
            return
        need_review.publish(store, self.broker, need, at)
        for step in (self._shown, self._proposed):
            at = step(number, need, owner, founder, startup, at)
            if not at:
                return
        self._onward(self.cases[-1], owner, founder, at)

    def _shown(self, number: int, need: str, owner: Viewer, founder: Viewer, startup: Any, at: str) -> str:
        if number % 4 == 0:
            interests.create(self.store, founder, need, startup["id"], "Vi kan.", at := self._later(at, 1, 4))
            if number % 8 == 0:
                at = self._later(at, 1, 14)
                interest = self.store.query("select id from interest where need_id = :id", {"id": need})[0]["id"]
                interests.decline(self.store, self.broker, interest, "no_fit", "", at)
        if number % 3 == 0:
            share = shares.share(
                self.store, self.broker, need, startup["id"], "Se här.", SEEN, at := self._later(at, 1, 9)
            )
            known = "yes" if number % 2 else "no"
            shares.comment(self.store, owner, share, "Bra.", known, at := self._later(at, 1, 9))
        return at if at <= NOW else ""

    def _proposed(self, number: int, need: str, owner: Viewer, founder: Viewer, startup: Any, at: str) -> str:
        at = self._later(at, 2, 30)
        if at > NOW:
            return ""
        case = pairings.propose(self.store, self.broker, need, startup["id"], "", SEEN, at)
        self.cases.append(case)
        if number % 9 == 8:
            pairings.decline(self.store, owner, case, "owner", "other", "Nej.", self._later(at, 1, 20))
            return ""
        if number % 11 == 10:
            return ""
        pairings.accept(self.store, owner, case, "owner", at := later(at, days=2))
        pairings.accept(self.store, founder, case, "startup", at := later(at, days=self.random.randint(1, 11)))
        return at if at <= NOW else ""

    def _onward(self, case: str, owner: Viewer, founder: Viewer, at: str) -> None:
        """Confirm, agree, test, decide and answer, in so far as there is time."""
        store = self.store
        at = self._later(at, 1, 20)
        if at > NOW:
            return
        first, last = day(later(at, days=20)), day(later(at, days=120))
        pairings.confirm(store, self.broker, case, self.testbed["id"], first, last, at)
        agreed = later(at, days=self.random.randint(1, 15))
        if self.random.random() < 0.12 or agreed > NOW:
            return
        self._agree(case, owner, founder, first, last, agreed)
        begun = later(f"{first}T08:00:00.000000Z", days=self.random.randint(0, 5))
        if self.random.random() < 0.1 or begun > NOW:
            return
        ends = day(later(begun, days=60))
        pilots.save(store, owner, case, {**FACTS, "starts_on": first, "ends_on": ends}, 0, agreed)
        indicators.save(store, owner, case, "", INDICATOR, agreed)
        pilots.start(store, owner, case, begun)
        _round, token = feedback.open_round(store, owner, case, "Hur går det?", "14", begun)
        for _ in range(self.random.randint(0, 3)):
            feedback.answer(store, token, "4", "", later(begun, days=3))
        decided = self._later(f"{ends}T09:00:00.000000Z", 1, 40)
        if decided > NOW:
            return
        decision = self.random.choice(["adopt", "adopt", "adapt", "retest", "stop"])
        pilot_ends.decide(store, owner, case, {**DECISION, "decision": decision}, decided)
        if decision != "stop":
            self._answer(case, owner, decided)

    def _agree(self, case: str, owner: Viewer, founder: Viewer, first: str, last: str, at: str) -> None:
        terms = {**TERMS, "starts_on": first, "ends_on": last, "payment": "paid", "amount": "50000"}
        number = agreements.draft(self.store, self.broker, case, terms, at)
        agreements.send(self.store, self.broker, case, number, PAPER, 1, at)
        paper = hashlib.sha256(PAPER).hexdigest()
        for side, who in (("owner", owner), ("startup", founder), ("host", self.host)):
            given = {"name": who.name, "title": "Chef"}
            signatures.sign(self.store, who, case, number, side, given, paper_hash=paper, now=at)

    def _answer(self, case: str, owner: Viewer, decided: str) -> None:
        for month in outcomes.MONTHS:
            at = later(f"{outcomes.months_after(decided, month)}T10:00:00.000000Z", days=self.random.randint(0, 30))
            if at > NOW or self.random.random() < 0.1:
                return
            use = self.random.choice(["yes", "yes", "partly", "no"])
            said = {"in_use": use, "why_not": "" if use == "yes" else "Inte klart.", "hours": "5", "spread": "Ekby"}
            outcomes.answer(self.store, owner, case, "owner", month, said, "", at)
            if self.random.random() < 0.3:
                seen = outcomes.standing_answers(self.store, case)[month]["id"]
                other = {**said, "in_use": "no" if use != "no" else "yes", "why_not": "Vi såg fel."}
                corrected = later(at, days=self.random.randint(1, 60))
                if corrected <= NOW:
                    outcomes.answer(self.store, owner, case, "owner", month, other, seen, corrected)
