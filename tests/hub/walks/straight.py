"""The straight way through the chain: the next right step of a case, by the right person."""

from __future__ import annotations

from matcher.hub import agreements, pairings, prerequisite_steps
from matcher.hub.clock import day, later
from matcher.hub.people import Viewer
from tests.hub.pilots import DECISION, FACTS, INDICATOR, PAPER

from . import booking_model, model, room
from . import booking_rules as rules
from .around_steps import AroundSteps
from .booking_steps import MOST, BookingSteps
from .drawing import SENTENCE
from .ground import Row
from .pilot_steps import PilotSteps


class Straight(BookingSteps, PilotSteps, AroundSteps):
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
                "meet", lambda: prerequisite_steps.meet(self.store, host, case["id"], unmet[0], "Intyg.", self.now)
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
            promised = booking_model.promised(self.photo, case, day(self.now))
            for row in promised[:1]:
                return self._book(broker, case, row["testbed_id"], row["starts_on"], row["ends_on"], row["id"])
            days = {"starts_on": self.day_on(self.ahead), "ends_on": self.day_on(60)}
            usual = [self.testbeds[(len(self.cases) + more) % 2] for more in (0, 1)]
            free = [one for one in usual if self._free(one, days)]
            self._book(broker, case, (free or usual)[0], days["starts_on"], days["ends_on"])
        return None

    def _free(self, testbed_id: str, days: Row) -> bool:
        testbed = self.photo["testbed"][testbed_id]
        return room.fits(room.taken(self.photo, testbed), testbed, days)

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

    # --- a booking ---

    def onward_booking(self, row: Row | None, whose: str = "both") -> None:
        """Take the next step of a booking, a yes as soon as the host may try; where all is done, ask for a place."""
        stage = self.stage(row) if row else ""
        if row is None or stage not in (*booking_model.OPEN, "approved"):
            return self._ask_onward(whose)
        host, asker = self.side("right", row, "host"), self.side("right", row, "asker")
        if stage == "asked":
            self._say(asker, row, "reply", SENTENCE)
        elif stage == "requested" and not row["answered_at"] and row["id"] in self.bookings[2::3]:
            self._answer_booking(host, row, "ask", SENTENCE)
        elif stage != "approved":
            self._answer_onward(host, row)
        elif row["pairing_id"] or booking_model.agreed(self.photo, row):
            return self._ask_onward(whose, row) if len(self.bookings) < MOST else self.clock(60 * 24)
        else:
            self._papers(host, row, "agree", "Diariet, 2026-114.")
        return None

    def _answer_onward(self, host: Viewer, row: Row) -> None:
        """Say yes; where that is refused, put right what is red, or wait for room, or say no."""
        unmet = [] if row["pairing_id"] else booking_model.unmet(self.photo, row)
        self._answer_booking(host, row, "approve", manage=len(self.bookings) % 2 == 0)
        if unmet:
            self._papers(host, row, "meet", "Intyg.", one=unmet[0])
        elif not self.photo["booking"][row["id"]]["approved_at"]:
            self._answer_booking(host, row, "decline" if row["waiting_at"] or row["pairing_id"] else "wait")
            self.remind()

    def _ask_onward(self, whose: str, beside: Row | None = None) -> None:
        """Ask for days in a case's, from today on, or beside those of a booking: on its last day, or soon after it."""
        case, long = self.case(0) if self.cases else None, 60 if whose == "both" else 6
        first, last = self.day_on(self.ahead), self.day_on(long)
        at = self.testbeds.index(case["testbed_id"]) if case and case["testbed_id"] else (len(self.bookings) + 1) % 2
        if case and whose == "case" and rules.green(self.photo, case, day(self.now)):
            booked = model.place(self.photo, case) or {}
            first, last = max(booked["starts_on"], day(self.now)), booked["ends_on"]
        else:
            whose = "both" if whose == "case" else whose
            if beside:
                first = self.days_from(beside["ends_on"], len(self.bookings) % 4)
                last, at = self.days_from(first, long), self.testbeds.index(beside["testbed_id"])
        typed = {
            "title": f"Larm {len(self.bookings)}",
            "benefit_operation": SENTENCE,
            "staff_hours": "6",
            "starts_on": first,
            "ends_on": last,
        }
        self._ask("right", case, 0, whose, self.testbeds[at], typed)
