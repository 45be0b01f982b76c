"""Steps of a pilot, from its facts to its decision, and of what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from matcher.hub import feedback, incidents, indicators, outcome_links, outcomes, pilot_ends, pilots, readings
from matcher.hub.clock import day, later
from matcher.hub.people import Viewer
from tests.hub.pilots import DECISION, FACTS, INDICATOR

from . import model
from .drawing import AHEAD, COMPANY, DAYS, NOTE, OUTCOME, RIGHT, SENTENCE, SIDE, WHO, step
from .ground import Ground, Row

CHANGES: tuple[Row, ...] = (
    {}, {}, {"in_use": "no"}, {"in_use": "no", "used_by": "", "why_not": SENTENCE}, {"jobs": ""}
)  # fmt: skip


class PilotSteps(Ground):
    """From the facts before a pilot to the answers two years after it."""

    # --- the pilot ---

    @step(
        who=WHO, names=st.sets(st.sampled_from(sorted(FACTS)), max_size=4), wrong=st.integers(0, 3),
        value=st.sampled_from(("", "unknown", "yes", "no", SENTENCE)), ahead=AHEAD, days=DAYS, stale=RIGHT,
    )  # fmt: skip
    def save_facts(
        self, number: int, who: str, names: set[str], wrong: int, value: str, ahead: int, days: int, stale: bool
    ) -> None:  # fmt: skip
        """Save some of the facts, one of them perhaps with another value; with days or without."""
        case = self.case(number)
        given = {name: FACTS[name] for name in sorted(names)}
        if names and not wrong:
            given[min(names)] = value
        if days >= 0:
            given |= {"starts_on": self.day_on(ahead), "ends_on": self.day_on(ahead + days)}
        self._save(self.who(who, case, "owner"), case, given, not stale)

    def _save(self, who: Viewer, case: Row, given: Row, off: int) -> None:
        pilot = self.pilot(case)
        revision = (pilot["revision"] if pilot else 0) + off
        self.take("save facts", lambda: pilots.save(self.store, who, case["id"], given, revision, self.now))

    @step(
        who=WHO,
        name=st.sampled_from(("", *sorted(INDICATOR))),
        value=st.sampled_from(("", "5,1", "många", "x" * 301)),
    )
    def indicator(self, number: int, who: str, name: str, value: str) -> None:
        case = self.case(number)
        self._indicator(self.who(who, case, "owner"), case, {**INDICATOR, **({name: value} if name else {})})

    def _indicator(self, who: Viewer, case: Row, given: Row) -> None:
        self.take("indicator", lambda: indicators.save(self.store, who, case["id"], "", given, self.now))

    @step(who=WHO, which=st.integers(0, 2))
    def remove_indicator(self, number: int, who: str, which: int) -> None:
        case = self.case(number)
        person, held = self.who(who, case, "owner"), [*self.photo["indicator"], "no"]
        one = held[which % len(held)]
        self.take("remove indicator", lambda: indicators.remove(self.store, person, case["id"], one, self.now))

    @step(who=WHO)
    def start(self, number: int, who: str) -> None:
        case = self.case(number)
        self._start(self.who(who, case, "owner"), case)

    def _start(self, who: Viewer, case: Row) -> None:
        may = bool(model.stands_for(self.photo, case, who.roles) & {"owner", "broker"})
        expected = may and model.startable(self.photo, case, day(self.now))
        self.take("start", lambda: pilots.start(self.store, who, case["id"], self.now), expected)

    @step(who=WHO, ahead=st.sampled_from((0, 0, -3, 1)), value=st.sampled_from(("3", "4,2", "−1", "", "bra")))
    def read(self, number: int, who: str, ahead: int, value: str) -> None:
        case = self.case(number)
        self._read(self.who(who, case, "startup", "owner"), case, ahead, value)

    def _read(self, who: Viewer, case: Row, ahead: int, value: str) -> None:
        pilot = self.pilot(case)
        one = [*(row["id"] for row in model.of_pilot(self.photo, "indicator", pilot or {"id": ""})), "no"][0]
        given = {"on_day": self.day_on(ahead), "value": value}
        self.take("read", lambda: readings.enter(self.store, who, case["id"], one, given, self.now))

    @step(who=WHO, reason=NOTE, value=st.sampled_from(("2,9", "3", "")), strike=st.booleans())
    def correct(self, number: int, who: str, reason: str, value: str, strike: bool) -> None:
        case, one = self.case(number), next(iter(self.photo["reading"]), "no")
        person, given = self.who(who, case, "startup", "owner"), {"on_day": day(self.now), "value": value}
        if strike:
            self.take("strike", lambda: readings.withdraw(self.store, person, case["id"], one, reason, self.now))
        else:
            self.take("correct", lambda: readings.correct(self.store, person, case["id"], one, given, reason, self.now))

    @step(who=WHO, severity=st.sampled_from(("low", "stops", "")), note=NOTE, handle=st.booleans())
    def incident(self, number: int, who: str, severity: str, note: str, handle: bool) -> None:
        case, one = self.case(number), next(iter(self.photo["incident"]), "no")
        person = self.who(who, case, "owner", "host")
        given = {"happened_on": day(self.now), "what": note, "severity": severity}
        if handle:
            self.take("handle", lambda: incidents.handle(self.store, person, case["id"], one, note, self.now))
        else:
            self.take("incident", lambda: incidents.report(self.store, person, case["id"], given, self.now))

    @step(
        who=WHO,
        what=st.sampled_from(("open", "answer", "renew", "close", "changed")),
        note=NOTE,
        days=st.sampled_from((7, 7, 7, 1, 0, 61)),
    )
    def feedback(self, number: int, who: str, what: str, note: str, days: int) -> None:
        case, (one, token) = self.case(number), (self.rounds or [("no", "no")])[-1]
        person = self.who(who, case, "startup")
        steps: dict[str, Callable[[], Any]] = {
            "open": lambda: feedback.open_round(self.store, person, case["id"], note, days, self.now),
            "answer": lambda: feedback.answer(self.store, token, "4", note, self.now),
            "renew": lambda: feedback.renew_link(self.store, person, case["id"], one, self.now),
            "close": lambda: feedback.close(self.store, person, case["id"], one, self.now),
            "changed": lambda: feedback.say_changed(self.store, person, case["id"], one, note, self.now),
        }
        made = self.take(f"round {what}", steps[what])
        self.rounds += [made] if made and what == "open" else []

    @step(who=WHO, days=st.sampled_from((1, 14, -3, 60)), reason=NOTE)
    def extend(self, number: int, who: str, days: int, reason: str) -> None:
        case = self.case(number)
        person, pilot = self.who(who, case, "owner"), self.pilot(case)
        last = day(later(f"{(pilot and pilot['ends_on']) or day(self.now)}T00:00:00Z", days=days))
        self.take("extend", lambda: pilot_ends.extend(self.store, person, case["id"], last, reason, self.now))

    @step(
        who=WHO, decision=st.sampled_from(("adopt", "adapt", "retest", "stop", "", "hold")), lesson=NOTE,
        early=NOTE,
    )  # fmt: skip
    def decide(self, number: int, who: str, decision: str, lesson: str, early: str) -> None:
        case = self.case(number)
        given = {**DECISION, "decision": decision, "lesson": lesson, "early_reason": early}
        self._decide(self.who(who, case, "owner"), case, given)

    def _decide(self, who: Viewer, case: Row, given: Row) -> None:
        self.take("decide", lambda: pilot_ends.decide(self.store, who, case["id"], given, self.now))

    # --- the outcome ---

    @step(
        who=WHO, side=SIDE, month=st.sampled_from(("due", "due", 6, 12, 24, 5)), seen=RIGHT,
        change=st.sampled_from(CHANGES),
    )  # fmt: skip
    def outcome(self, number: int, who: str, side: str, month: Any, seen: bool, change: Row) -> None:
        case = self.case(number)
        side = "owner" if side == "right" else side
        asked = (model.month_due(self.photo, case, day(self.now)) or 6) if month == "due" else month
        table = "outcome_company" if side == "startup" else "outcome"
        held = [row["id"] for row in self.rows(table, case) if row["month"] == asked and not row["replaced_at"]]
        self._answer(
            self.who(who, case, side, "broker"), case, side, asked, (held or [""])[0] if seen else "no", change
        )

    def _answer(self, who: Viewer, case: Row, side: str, month: int, seen: str, change: Row | None = None) -> None:
        usual = COMPANY if side == "startup" else OUTCOME
        given = {
            **usual,
            **{name: value for name, value in (change or {}).items() if (name == "jobs") == (side == "startup")},
        }
        self.take(
            f"outcome {side}", lambda: outcomes.answer(self.store, who, case["id"], side, month, given, seen, self.now)
        )

    @step(which=st.integers(0, 5), change=st.sampled_from(({}, {"in_use": ""})))
    def by_link(self, number: int, which: int, change: Row) -> None:
        """Answer by a link that was mailed, however long ago."""
        asked = "('pairing_outcome_due', 'pairing_outcome_company_due')"
        mails = self.store.query(
            f"select params from outbox where template in {asked} order by created_at, template, recipient"
        )
        sent = [
            row
            for row in (json.loads(mail["params"]) for mail in mails)
            if row["pairing_id"] == self.case(number)["id"]
        ]
        token = sent[which % len(sent)]["token"] if sent else "no"
        side = outcome_links.load(self.store, token)["side"] if sent else "owner"
        given = {**(COMPANY if side == "startup" else OUTCOME), **(change if side == "owner" else {})}
        self.take("outcome by link", lambda: outcome_links.answer(self.store, None, token, given, self.now))
