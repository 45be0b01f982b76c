"""The walk itself, as hypothesis takes it: straight on for a while, then anything, while the clock moves.

Steps are right and wrong, by the right person and the wrong one, too early, too late and twice. A step may raise the
hub's own errors and nothing else; a refused step leaves no trace; after each step, and each move of the clock, what
stands in the tables is held against `model.py` and every state must have its words in the web.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from matcher.hub import prerequisite_steps

from .booking_model import OPEN
from .booking_steps import MOST, WHICH, WHOSE
from .drawing import CASE, STEPS
from .ground import Row
from .straight import Straight

# How many right steps come first: most walks begin where an agreement or a pilot is on its way.
LEADS = (0, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 11, 11, 12, 12, 12, 13, 13, 14, 15, 16, 17, 18, 20, 24)
MINUTES = st.sampled_from(
    (0, 5, 60, 60 * 9, 60 * 24, 60 * 24 * 3, 60 * 24 * 14, 60 * 24 * 40, 60 * 24 * 184, 60 * 24 * 366)
)
AROUND = ("propose", "ask_for", "testbed", "startup", "close_need", "conflict", "remind", "remind")
OF_BOOKING = ("say_of_booking", "answer_booking", "papers", "take_over", "look_at_booking")
COMING = {
    **dict.fromkeys(("requested", "waiting"), ("answer_booking", "answer_booking", "papers", "say_of_booking")),
    "asked": ("say_of_booking", "say_of_booking", "answer_booking"),
    "approved": ("say_of_booking", "papers", "take_over"),
}
OF_CASE = tuple(name for name in STEPS if name not in (*AROUND, *OF_BOOKING, "ask_place"))


class Walk(Straight, RuleBasedStateMachine):
    """One walk; a subclass names its `hub`."""

    @initialize(
        lead=st.sampled_from(LEADS), asked=st.booleans(), ahead=st.sampled_from((0, 0, 3)),
        booked=st.sampled_from((0, 0, 0, 2, 3, 5)), early=st.booleans(),
        whose=st.sampled_from(("both", "both", "both", "profile", "need", "idea", "case")),
    )  # fmt: skip
    def begin(self, lead: int, asked: bool, ahead: int, booked: int, early: bool, whose: str) -> None:
        """Walk straight on for a while, so that walks leave the right way at every place of it."""
        self.ahead = ahead
        for testbed in self.testbeds if asked else []:
            given = (self.people["broker"], testbed, {"kind": "safety", "text": "Rundvandring"}, self.now)
            self.take("ask for", lambda given=given: prerequisite_steps.add(self.store, *given))
        for number in range(lead + booked):
            if (number < booked) if early else (number >= lead):
                self.onward_booking(self.booking(0) if self.bookings else None, whose)
            else:
                self.onward(self.case(0) if self.cases else None)

    @rule(number=CASE, steps=st.integers(1, 3))
    def forward(self, number: int, steps: int) -> None:
        """Take the next right steps of a case."""
        for _ in range(steps):
            self.onward(self.case(number) if self.cases else None)

    @precondition(lambda self: self.cases)
    @rule(number=CASE, data=st.data())
    def nearly(self, number: int, data: st.DataObject) -> None:
        """Take the next step of a case as people do: by the wrong person, of the wrong paper, half filled in."""
        self.draw(data, data.draw(st.sampled_from(self.coming(self.case(number))), "step"), number=number)

    @precondition(lambda self: self.cases)
    @rule(number=CASE, name=st.sampled_from(OF_CASE), data=st.data())
    def anything(self, number: int, name: str, data: st.DataObject) -> None:
        """Take any step of a case, in season or not."""
        self.draw(data, name, number=number)

    @rule(which=WHICH, how=st.sampled_from((*["forward"] * 3, *["nearly"] * 2, "anything", "anew")), data=st.data())
    def of_booking(self, which: int, how: str, data: st.DataObject) -> None:
        """Take the next right steps of a booking, one of its steps as people do, any step, or ask for a place."""
        row = self.booking(which) if self.bookings else None
        if how == "forward":
            whose = data.draw(WHOSE, "whose")
            for _ in range(data.draw(st.integers(1, 4), "steps")):
                row = self.booking(which) if self.bookings else None
                if len(self.bookings) < MOST or (row and self.stage(row) in (*OPEN, "approved")):
                    self.onward_booking(row, whose)
        elif row and (how != "anew" or len(self.bookings) == MOST):
            steps = COMING.get(self.stage(row), OF_BOOKING) if how == "nearly" else OF_BOOKING
            self.draw(data, data.draw(st.sampled_from(steps), "step"), which=which)
        else:
            self.draw(data, "ask_place")

    @rule(name=st.sampled_from(AROUND), data=st.data())
    def around(self, name: str, data: st.DataObject) -> None:
        """Let something happen around the cases."""
        self.draw(data, name)

    def draw(self, data: st.DataObject, name: str, **given: Any) -> None:
        drawn = {argument: data.draw(strategy, argument) for argument, strategy in STEPS[name].items()}
        getattr(self, name)(**given, **drawn)

    def coming(self, case: Row) -> tuple[str, ...]:
        """Return the steps that a case is about to take."""
        row, pilot = self.agreement(case, "last"), self.pilot(case)
        if case["ended_at"] or case["declined_at"]:
            return ("outcome", "outcome", "by_link", "decide", "look")
        if not case["confirmed_at"]:
            return ("book", "save_facts") if case["owner_accepted_at"] and case["startup_accepted_at"] else ("answer",)
        if not row["id"] or row["withdrawn_at"] or row["ended_at"]:
            return ("write_agreement",)
        if not row["in_force_at"]:
            return ("sign", "sign", "stop_agreement") if row["sent_at"] else ("write_agreement", "send", "send")
        if not pilot or not pilot["started_at"]:
            return ("met", "save_facts", "indicator", "remove_indicator", "start", "stop_agreement")
        if not pilot["decided_at"]:
            return ("read", "correct", "incident", "feedback", "feedback", "extend", "decide", "save_facts", "end_case")
        return ("outcome", "outcome", "by_link", "feedback", "end_case")

    @rule(minutes=MINUTES)
    def wait(self, minutes: int) -> None:
        """Let time pass, or nearly none."""
        self.clock(minutes)
