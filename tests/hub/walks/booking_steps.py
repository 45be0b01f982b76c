"""Steps of bookings: asking for a place, the host's answers, papers and ticks, giving one up, use by a case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from matcher.hub import booking_answers, booking_papers, booking_requests
from matcher.hub.clock import day, later
from matcher.hub.people import Viewer

from . import booking_model, model
from . import booking_rules as rules
from .case_steps import CaseSteps
from .drawing import LINE, NOTE, PEOPLE, SENTENCE, WHO, step
from .ground import Row

MOST = 5  # bookings in a walk: each is looked at after every step
SCORES = st.sampled_from((*["4"] * 6, "", "0", "många"))
WHOSE = st.sampled_from(("both", "both", "profile", "need", "idea", "case", "case"))
WHICH = st.sampled_from((0, 0, 0, 1, 2))  # the last that was asked for comes first


class BookingSteps(CaseSteps):
    """From a request to the last day, or to the case that takes the place over."""

    # --- the asker ---

    @step(
        number=st.integers(0, 2), who=WHO, whose=WHOSE, elsewhere=st.integers(0, 3),
        base=st.sampled_from(("today", "first", "first", "last")), ahead=st.sampled_from((-40, -1, 0, 0, 1, 2, 3, 20)),
        days=st.sampled_from((-1, 0, 1, 6, 6, 14, 60, 800)), title=LINE, text=NOTE,
        hours=st.sampled_from(("", "4", "8", "1001", "x")),
    )  # fmt: skip
    def ask_place(
        self, number: int, who: str, whose: str, elsewhere: int, base: str, ahead: int, days: int, title: str,
        text: str, hours: str,
    ) -> None:  # fmt: skip
        """Ask at the testbed of a case or at the other, for days that lie in the case's, beside them, or nowhere."""
        case = self.case(number) if self.cases else None
        booked = (case and model.place(self.photo, case)) or {"starts_on": self.day_on(0), "ends_on": self.day_on(60)}
        begin = {"today": day(self.now), "first": booked["starts_on"], "last": booked["ends_on"]}[base]
        first = self.days_from(begin, ahead)
        at = self.testbeds.index(case["testbed_id"]) if case and case["testbed_id"] else number % 2
        typed = {"title": title, "benefit_operation": text, "staff_hours": hours,
                 "starts_on": first, "ends_on": self.days_from(first, days)}  # fmt: skip
        self._ask(who, case, number % 2, whose, self.testbeds[at if elsewhere else 1 - at], typed)

    def _ask(self, who: str, case: Row | None, number: int, whose: str, testbed: str, typed: Row) -> None:
        startup = case["startup_id"] if case else self.startups[number]
        home = self.people["owner"].organisations("owner")[0]
        whose_ids = {
            "both": {"startup_id": startup, "need_id": self.need}, "profile": {"startup_id": startup},
            "need": {"need_id": self.need}, "idea": {"organisation_id": home},
            "case": {"pairing_id": case["id"]} if case else {},
        }[whose]  # fmt: skip
        ids = {**dict.fromkeys(("startup_id", "need_id", "organisation_id", "pairing_id"), ""), **whose_ids}
        given = {"benefit_users": SENTENCE, "message": "", "staff_hours": "", **typed}
        person = self._asker(who, case, whose, startup)
        expected = rules.requested(self.photo, person.roles, {**given, **ids, "testbed_id": testbed}, day(self.now))
        made = self.take(
            f"ask for a place ({whose})",
            lambda: booking_requests.request(self.store, person, testbed, given, self.now, **ids),
            expected,
        )
        self.bookings += [made] if made else []

    def _asker(self, who: str, case: Row | None, whose: str, startup: str) -> Viewer:
        if who == "right" and whose in ("both", "profile"):
            home = self.photo["startup"][startup]["organisation_id"]
            return next(one for one in self.people.values() if ("startup", home) in one.roles)
        return self.who(who, case, "startup") if whose == "case" else self.people["owner" if who == "right" else who]

    @step(
        who=WHO, what=st.sampled_from((*["right"] * 4, "reply", "withdraw", "cancel")), text=NOTE,
        reason=st.sampled_from(("not_now", "not_now", "other", "no_fit", "")), side=st.sampled_from(("asker", "host")),
    )  # fmt: skip
    def say_of_booking(self, which: int, who: str, what: str, text: str, reason: str, side: str) -> None:
        """Reply to the host's question, take a request back, or give a promised place up as one of its sides."""
        row = self.booking(which)
        stage = self.stage(row) if what == "right" else what
        what = {"asked": "reply", "requested": "withdraw", "waiting": "withdraw"}.get(stage, what)
        what = "cancel" if what == "right" else what
        self._say(self.side(who, row, side if what == "cancel" else "asker"), row, what, text, reason)

    def _say(self, who: Viewer, row: Row, what: str, text: str, reason: str = "not_now") -> None:
        given, replies = (self.store, who, row["id"]), rules.replies(self.photo, row, who.roles, day(self.now))
        sides = booking_model.stands_for(self.photo, row, who.roles)
        steps: dict[str, tuple[Callable[[], Any], bool]] = {
            "reply": (lambda: booking_requests.reply(*given, {"reply": text}, self.now),
                      replies and self.stage(row) == "asked" and rules.written(text)),
            "withdraw": (lambda: booking_requests.withdraw(*given, text, self.now),
                         replies and rules.written(text, needed=False)),
            "cancel": (lambda: booking_answers.cancel(*given, reason, text, self.now),
                       bool(sides) and self.stage(row) == "approved" and rules.reasoned(reason, text, rules.CANCEL)),
        }  # fmt: skip
        self.take(f"booking {what}", *steps[what])

    # --- the host ---

    @step(
        who=WHO, what=st.sampled_from(("approve", "approve", "ask", "ask", "score", "wait", "decline")),
        text=NOTE, score=SCORES, other=SCORES, manage=st.booleans(),
        reason=st.sampled_from(("no_place", "no_place", "other", "not_now", "")),
    )  # fmt: skip
    def answer_booking(
        self, which: int, who: str, what: str, text: str, score: str, other: str, manage: bool, reason: str
    ) -> None:
        """Answer as the host: yes, a question, scores, the waiting list, or no."""
        row, scores = self.booking(which), {"operation_score": score, "users_score": other}
        self._answer_booking(self.side(who, row, "host"), row, what, text, scores, manage, reason)

    def _answer_booking(
        self, who: Viewer, row: Row, what: str, text: str = "", scores: Row | None = None, manage: bool = True,
        reason: str = "no_place",
    ) -> None:  # fmt: skip
        photo, today, given = self.photo, day(self.now), (self.store, who, row["id"])
        answers = rules.answers(photo, row, who.roles, today)
        scores = scores or {"operation_score": "4", "users_score": "5"}
        typed = {"note": text, **scores}
        line = (
            not row["waiting_at"] and not row["pairing_id"] and not photo["testbed"][row["testbed_id"]]["withdrawn_at"]
        )
        steps: dict[str, tuple[Callable[[], Any], bool]] = {
            "approve": (lambda: booking_answers.approve(*given, typed, self.now, manage),
                        rules.approved(photo, row, who.roles, typed, today, manage)),
            "ask": (lambda: booking_answers.ask(*given, {"question": text}, self.now),
                    answers and self.stage(row) != "asked" and rules.written(text)),
            "score": (lambda: booking_answers.score(*given, scores, self.now),
                      answers and rules.scored({"scored_at": None}, typed)),
            "wait": (lambda: booking_answers.wait(*given, text, self.now),
                     answers and line and rules.written(text, needed=False)),
            "decline": (lambda: booking_answers.decline(*given, reason, text, self.now),
                        answers and rules.reasoned(reason, text, rules.DECLINE)),
        }  # fmt: skip
        inside = " in a case" if row["pairing_id"] else ""
        self.take(f"booking {what}{inside}", *steps[what])

    @step(
        who=WHO, what=st.sampled_from(("agree", "agree", "meet", "undo")), text=NOTE,
        until=st.sampled_from((0, 0, 30, -1)), one=st.integers(0, 2),
    )  # fmt: skip
    def papers(self, which: int, who: str, what: str, text: str, until: int, one: int) -> None:
        """Note that papers are signed, or that something the testbed asks for is met, or is not after all."""
        row = self.booking(which)
        asked = [key for key, want in self.photo["prerequisite"].items() if want["testbed_id"] == row["testbed_id"]]
        red = booking_model.unmet(self.photo, row)
        first = red if what == "meet" else [key for key in asked if key not in red]
        chosen = [*first, *asked, "no"][one % (len(first) + 1)]
        self._papers(self.side(who, row, "host"), row, what, text, until, chosen)

    def _papers(self, who: Viewer, row: Row, what: str, text: str, until: int = 0, one: str = "no") -> None:
        may, given = rules.papers(self.photo, row, who.roles, day(self.now)), (self.store, who, row["id"])
        live = one != "no" and not self.photo["prerequisite"][one]["retired_at"]
        red = live and one in booking_model.unmet(self.photo, row)
        signed = {"agreed_until": self.days_from(row["ends_on"], until), "agreed_note": text}
        steps: dict[str, tuple[Callable[[], Any], bool]] = {
            "agree": (lambda: booking_papers.agree(*given, signed, self.now),
                      may and until >= 0 and rules.written(text)),
            "meet": (lambda: booking_papers.meet(*given, one, text, self.now),
                     may and red and rules.written(text, needed=False)),
            "undo": (lambda: booking_papers.undo(*given, one, self.now), may and live and not red),
        }  # fmt: skip
        self.take(f"booking {what}", *steps[what])

    # --- the case that takes it over, and readers ---

    @step(number=st.integers(0, 2), who=WHO, ahead=st.sampled_from((0, 0, 0, 1, -3, 20)),
          elsewhere=st.integers(0, 5))  # fmt: skip
    def take_over(self, which: int, number: int, who: str, ahead: int, elsewhere: int) -> None:
        """Confirm a case with a booking's place: on its own days or others, at its testbed or the other."""
        row, case = self.booking(which), self.case(number) if self.cases else None
        if case:
            at = self.testbeds.index(row["testbed_id"])
            testbed, person = self.testbeds[at if elsewhere else 1 - at], self.who(who, case, "broker")
            first, last = (self.days_from(row[name], ahead) for name in ("starts_on", "ends_on"))
            self._book(person, case, testbed, first, last, row["id"])

    @step(who=st.sampled_from(PEOPLE))
    def look_at_booking(self, which: int, who: str) -> None:
        """Read the page of a booking as somebody: whose it is sees it, nobody else does."""
        row, person = self.booking(which), self.people[who]
        may = booking_model.may_see(self.photo, row, person.roles)
        found = self.hub.pages.read(self.store, person, f"/bookings/{row['id']}", self.now, may)
        self.hub.tally["pages read"] += 1
        assert not found, found
        assert self.photograph() == self.photo, "reading a page changed something"

    def days_from(self, first: str, days: int) -> str:
        return day(later(f"{first}T00:00:00Z", days=days))
