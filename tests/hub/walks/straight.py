"""The straight way through the chain: the next right step of a case, by the right person."""

from __future__ import annotations

from matcher.hub import agreements, pairings, prerequisites
from matcher.hub.clock import day, later
from matcher.hub.people import Viewer
from tests.hub.pilots import DECISION, FACTS, INDICATOR, PAPER

from . import model
from .case_steps import CaseSteps
from .ground import Row
from .pilot_steps import PilotSteps


class Straight(CaseSteps, PilotSteps):
    """From nothing to the answer after two years, and then anew."""

    def onward(self, case: Row | None) -> None:
        """Take the next right step of a case; where it has come to its end, propose anew or let time pass."""
        if case is None or case["declined_at"] or (case["ended_at"] and len(self.cases) < 3):
            return self.propose_one(self.people["broker"], len(self.cases) % 2, 14)
        if not case["confirmed_at"]:
            return self._towards_place(case)
        agreed = [row for row in self.rows("agreement", case) if row["in_force_at"] and not row["ended_at"]]
        if not agreed and not case["ended_at"]:
            return self._towards_agreement(case)
        unmet = model.unmet(self.photo, case)
        if unmet and not case["ended_at"]:
            host = self.who("right", case, "host", "broker")
            return self.take(
                "meet", lambda: prerequisites.meet(self.store, host, case["id"], unmet[0], "Intyg.", self.now)
            )
        return self._towards_outcome(case)

    def _towards_place(self, case: Row) -> None:
        waits = [side for side in ("owner", "startup") if not case[f"{side}_accepted_at"]]
        broker = self.people["broker"]
        if waits and case["answer_by"] < day(self.now):
            self.take("extend answer", lambda: pairings.extend(self.store, broker, case["id"], 14, self.now))
        elif waits:
            person = self.who("right", case, waits[0])
            self.take("accept", lambda: pairings.accept(self.store, person, case["id"], waits[0], self.now))
        else:
            testbed = self.testbeds[len(self.cases) % 2]
            self._book(broker, case, testbed, self.day_on(self.ahead), self.day_on(60))

    def _towards_agreement(self, case: Row) -> None:
        broker, row = self.people["broker"], self.agreement(case, "last")
        if not row["id"] or row["withdrawn_at"] or row["ended_at"]:
            terms = self.terms(case)
            self.take("draft", lambda: agreements.draft(self.store, broker, case["id"], terms, self.now))
        elif not row["sent_at"]:
            given = (case["id"], row["number"], PAPER, row["revision"], self.now)
            self.take("send", lambda: agreements.send(self.store, broker, *given))
        else:
            side = sorted(model.signers(self.photo, case) - model.signed(self.photo, row))[0]
            self._sign(self.who("right", case, side), case, row["number"], side, row["paper_hash"])

    def _towards_outcome(self, case: Row) -> None:
        pilot, owner = self.pilot(case), self.who("right", case, "owner")
        due = model.month_due(self.photo, case, day(self.now))
        answered = {row["month"] for row in self.rows("outcome", case)}
        if pilot and pilot["started_at"] and not pilot["decided_at"]:
            self._through_pilot(case, pilot, owner)
        elif case["ended_at"] or (pilot and pilot["decided_at"]):
            if due and due not in answered:
                self._answer(owner, case, "owner", due, "")
            elif not case["ended_at"] and pilot["ends_on"] < day(self.now):
                self.take(
                    "end",
                    lambda: pairings.end(self.store, self.people["broker"], case["id"], "completed", "", self.now),
                )
            else:
                self.clock(60 * 24 * 184)
        elif not pilot or not pilot["ends_on"] or pilot["security"] != "yes" or not pilot["signer_name"]:
            booked = model.place(self.photo, case) or {}
            self._save(owner, case, {**FACTS, "starts_on": booked.get("starts_on"), "ends_on": self._before(booked)}, 0)
        elif not model.of_pilot(self.photo, "indicator", pilot):
            self._indicator(owner, case, INDICATOR)
        else:
            self._start(owner, case)

    def _before(self, booked: Row) -> str | None:
        """Return a last day for a pilot that leaves room to extend it, where the place is booked for so long."""
        early = day(later(f"{booked['ends_on']}T00:00:00Z", days=-20)) if booked else None
        return early if early and booked["starts_on"] < early >= day(self.now) else booked.get("ends_on")

    def _through_pilot(self, case: Row, pilot: Row, owner: Viewer) -> None:
        if not model.of_pilot(self.photo, "reading", pilot):
            self._read(owner, case, 0, "3,5")
        elif day(self.now) <= pilot["ends_on"]:
            self.clock(60 * 24 * 30)
        else:
            self._decide(owner, case, DECISION)
