"""Steps of a pairing and its agreement, and of what the testbed asks for."""

from __future__ import annotations

import hashlib

from hypothesis import strategies as st

from matcher.hub import agreements, pairings, prerequisite_steps, signatures
from matcher.hub.clock import day, later
from matcher.hub.people import Viewer
from tests.hub.pilots import PAPER

from . import model
from .drawing import AHEAD, DAYS, LINE, NOTE, OTHER_PAPER, RIGHT, SIDE, WHICH, WHO, step
from .ground import Ground, Row


class CaseSteps(Ground):
    """From a proposal to an agreement in force."""

    # --- the pairing ---

    def propose_one(self, who: Viewer, number: int, days: int) -> None:
        given = (self.need, self.startups[number], "", {"rank": 1, "evidence": []}, self.now, days)
        made = self.take("propose", lambda: pairings.propose(self.store, who, *given))
        self.cases += [made] if made else []

    @step(who=WHO, number=st.integers(0, 1), days=st.sampled_from((14, 14, 1, 0, 91)))
    def propose(self, who: str, number: int, days: int) -> None:
        if len(self.cases) < 4:
            self.propose_one(self.who(who, None, "broker"), number, days)

    @step(
        who=WHO,
        side=SIDE,
        yes=st.sampled_from((True, True, False)),
        reason=st.sampled_from(("not_now", "not_now", "other", "")),
    )
    def answer(self, number: int, who: str, side: str, yes: bool, reason: str) -> None:
        case = self.case(number)
        side = "startup" if side == "right" and case["owner_accepted_at"] else "owner" if side == "right" else side
        person = self.who(who, case, side)
        if yes:
            self.take("accept", lambda: pairings.accept(self.store, person, case["id"], side, self.now))
        else:
            self.take("decline", lambda: pairings.decline(self.store, person, case["id"], side, reason, "", self.now))

    @step(who=WHO, days=st.sampled_from((14, 1, 0, "två")))
    def more_time(self, number: int, who: str, days: int) -> None:
        case = self.case(number)
        person = self.who(who, case, "broker")
        self.take("extend answer", lambda: pairings.extend(self.store, person, case["id"], days, self.now))

    @step(who=WHO, testbed=st.integers(0, 1), ahead=AHEAD, days=DAYS)
    def book(self, number: int, who: str, testbed: int, ahead: int, days: int) -> None:
        case = self.case(number)
        person = self.who(who, case, "broker")
        self._book(person, case, self.testbeds[testbed], self.day_on(ahead), self.day_on(ahead + days))

    @step(who=WHO, reason=st.sampled_from(("completed", "safety", "other", "no_such")), note=NOTE, side=SIDE)
    def end_case(self, number: int, who: str, reason: str, note: str, side: str) -> None:
        case = self.case(number)
        person = self.who(who, case, side, "broker")
        self.take("end", lambda: pairings.end(self.store, person, case["id"], reason, note, self.now))

    def _book(self, who: Viewer, case: Row, testbed: str, first: str, last: str, booking: str = "") -> None:
        before, given = self.photo, (case["id"], testbed, first, last, self.now, booking)
        name = "confirm with a booking" if booking else "confirm"
        if self.take(name, lambda: pairings.confirm(self.store, who, *given)):
            closed = [
                row for row in before["testbed_closure"].values()
                if row["testbed_id"] == testbed and row["starts_on"] <= last and first <= row["ends_on"]
            ]  # fmt: skip
            startup = before["startup"][case["startup_id"]]
            assert not closed, "booked on a day when the testbed is closed"
            assert startup["published_at"], "a place for a startup that is not published"
            assert not startup["hidden_at"], "a place for a startup that is hidden"
            assert not before["need"][self.need]["closed_at"], "a place for a need that is closed"

    # --- the agreement, and what the testbed asks for ---

    @step(
        who=WHO, which=WHICH, fresh=st.booleans(), right=RIGHT, ahead=st.sampled_from((0, 0, 0, -30, 5)),
        longer=st.sampled_from((0, 0, 30, -5)), purpose=NOTE, payment=st.sampled_from(("free", "paid", "", "gold")),
    )  # fmt: skip
    def write_agreement(
        self, number: int, who: str, which: str, fresh: bool, right: bool, ahead: int, longer: int, purpose: str,
        payment: str,
    ) -> None:  # fmt: skip
        case = self.case(number)
        person, row, usual = self.who(who, case, "broker"), self.agreement(case, which), self.terms(case)
        days = {"starts_on": day(later(f"{usual['starts_on']}T00:00:00Z", days=ahead)),
                "ends_on": day(later(f"{usual['ends_on']}T00:00:00Z", days=longer))}  # fmt: skip
        terms = {**usual, **days, "purpose": purpose, "payment": payment}
        if fresh:
            self.take("draft", lambda: agreements.draft(self.store, person, case["id"], terms, self.now))
        else:
            given = (case["id"], row["number"], terms, row["revision"] + (not right), self.now)
            self.take("change", lambda: agreements.change(self.store, person, *given))

    @step(who=WHO, which=WHICH, right=RIGHT)
    def send(self, number: int, who: str, which: str, right: bool) -> None:
        case = self.case(number)
        person, row = self.who(who, case, "broker"), self.agreement(case, which)
        given = (case["id"], row["number"], PAPER, row["revision"] + (not right), self.now)
        self.take("send", lambda: agreements.send(self.store, person, *given))

    @step(who=WHO, which=WHICH, note=NOTE, back=st.booleans())
    def stop_agreement(self, number: int, who: str, which: str, note: str, back: bool) -> None:
        case = self.case(number)
        person, row = self.who(who, case, "broker"), self.agreement(case, which)
        verb = agreements.withdraw if back else agreements.end
        given = (case["id"], row["number"], note, self.now)
        self.take("withdraw" if back else "end agreement", lambda: verb(self.store, person, *given))

    @step(
        who=WHO, which=WHICH, side=SIDE, right=RIGHT, name=LINE,
        file=st.sampled_from((None, None, b"%PDF-1.7 x", b"MZ")), may_sign=RIGHT,
    )  # fmt: skip
    def sign(
        self, number: int, who: str, which: str, side: str, right: bool, name: str, file: bytes | None, may_sign: bool
    ) -> None:  # fmt: skip
        """Sign for a side: the paper that was sent or another, by hand or with a file, by who may or may not."""
        case = self.case(number)
        row = self.agreement(case, which)
        waits = sorted(model.signers(self.photo, case) - model.signed(self.photo, row))
        side = (waits or ["owner"])[0] if side == "right" else side
        shown = row["paper_hash"] if right else hashlib.sha256(OTHER_PAPER).hexdigest()
        self._sign(self.who(who, case, side), case, row["number"], side, shown or "", name, file, may_sign)

    def _sign(
        self, who: Viewer, case: Row, number: int, side: str, shown: str, name: str = "Kim Ek",
        file: bytes | None = None, may_sign: bool = True,
    ) -> None:  # fmt: skip
        upload = ("signed.pdf", file) if file else None
        given = (case["id"], number, side, {"name": name, "title": name}, shown, self.now, upload, may_sign)
        self.take("sign", lambda: signatures.sign(self.store, who, *given))

    @step(
        who=WHO,
        testbed=st.integers(0, 1),
        text=LINE,
        kind=st.sampled_from(("safety", "insurance", "gold")),
        add=st.booleans(),
    )
    def ask_for(self, who: str, testbed: int, text: str, kind: str, add: bool) -> None:
        """Ask for something at a testbed, or no longer."""
        testbed_id = self.testbeds[testbed]
        person = self.people[("host", "own_host")[testbed]] if who == "right" else self.people[who]
        if add:
            given = (testbed_id, {"kind": kind, "text": text}, self.now)
            self.take("ask for", lambda: prerequisite_steps.add(self.store, person, *given))
        else:
            asked = [row["id"] for row in self.photo["prerequisite"].values() if row["testbed_id"] == testbed_id]
            self.take(
                "retire", lambda: prerequisite_steps.retire(self.store, person, testbed_id, [*asked, "no"][0], self.now)
            )

    @step(who=WHO, which=st.sampled_from((0, 0, 1, 2)), note=NOTE, back=st.sampled_from((False, False, True)))
    def met(self, number: int, who: str, which: int, note: str, back: bool) -> None:
        case = self.case(number)
        person, unmet = self.who(who, case, "host", "broker"), model.unmet(self.photo, case)
        asked = [*unmet, *(one for one in self.photo["prerequisite"] if one not in unmet), "no"]
        one = asked[(which + back * len(unmet)) % len(asked)]
        if back:
            self.take("undo", lambda: prerequisite_steps.undo(self.store, person, case["id"], one, self.now))
        else:
            self.take("meet", lambda: prerequisite_steps.meet(self.store, person, case["id"], one, note, self.now))
