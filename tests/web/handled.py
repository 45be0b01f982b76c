"""Everything that piles up around a case, one more of each at a time: for the pages that must not ask for each row."""

from __future__ import annotations

from typing import Any

from matcher.hub.clock import day, later
from matcher.hub.ids import new_id
from matcher.store import Store
from tests import factories

FACTS = {
    "question": "Går det?", "runner_name": "Kim", "runner_role": "Chef", "signer_name": "Lo", "signer_role": "Chef",
    "route": "Köp.", "personal_data": "no", "impact_assessment": "no", "patients": "no", "research": "no",
    "review_board": "no", "security": "yes",
}  # fmt: skip
MEASURE = {"name": "Fall", "unit": "st", "baseline": 5.0, "target": 3.0, "method": "Räkna.", "measured_by": "Kim",
           "uncertainty": "Liten."}  # fmt: skip


class Handled:
    """Adds to the first case of a hub, `first` (pairing, confirmed, need, testbed, startup), and around it.

    The first case that is decided joins them as `decided`."""

    def __init__(self, store: Store, people: dict[str, Any], now: str) -> None:
        self.store, self.now = store, now
        self.people = {role: person.person_id for role, person in people.items()}
        self.homes = {role: person.organisations(role)[0] for role, person in people.items()}
        self.rounds = 0

    def one_more(self, first: dict[str, str], confirmed: str) -> None:
        """Add one of everything; `confirmed` is the newest confirmed case, which gets a pilot of its own."""
        self.rounds += 1
        self._pilot(confirmed, decided=confirmed != first["confirmed"])
        if confirmed != first["confirmed"]:
            first.setdefault("decided", confirmed)
        for pairing in {first["pairing"], first["confirmed"], first.get("decided", confirmed)}:
            self._handling(pairing)
        self._question(first["need"])
        self._papers(first)
        self._course(first["confirmed"])
        self._spread(first["confirmed"], first["startup"])

    def _insert(self, table: str, **row: Any) -> str:
        kept = {"id": new_id(), **row}
        self.store.insert(table, kept)
        return kept["id"]

    def _handling(self, pairing: str) -> None:
        for phase in ("procurement", "development"):
            line = {"phase": phase, "position": 1, "text": "Ring.", "due_on": "2020-01-01", "added_at": self.now}
            self._insert("case_task", pairing_id=pairing, **line)
        note = {"kind": "call", "text": "Ringde.", "on_day": day(self.now), "visible": "all", "side": "broker"}
        self._insert("case_note", pairing_id=pairing, person_id=self.people["broker"], at=self.now, **note)

    def _question(self, need: str) -> None:
        asked = {"need_version": 1, "asked": "Hur många?", "asked_for": "Bolaget", "answer_by": "2030-01-01"}
        by = {"asked_at": later(self.now, days=-9), "asked_by": self.people["startup"]}
        self._insert("need_question", need_id=need, **asked, **by)
        said = {"question": "Hur många?", "answer": "Fyra.", "answered_at": self.now}
        answered = self._insert("need_question", need_id=need, **asked, **by, **said)
        told = {"email": "a@example.org", "name": "A", "organisation": "B", "why": "share", "at": self.now}
        self.store.insert("need_told", {"question_id": answered, **told})

    def _papers(self, first: dict[str, str]) -> None:
        case, by = first["confirmed"], {"drafted_by": self.people["broker"], "sent_by": self.people["broker"]}
        days = {"starts_on": day(self.now), "ends_on": "2030-01-01", "drafted_at": self.now, "sent_at": self.now}
        paper = {"paper": b"PK", "paper_hash": "h", "withdrawn_at": self.now, "terms": "{}", "language": "sv"}
        made = self._insert("agreement", pairing_id=case, number=self.rounds, **days, **paper, **by)
        for side in ("owner", "startup"):
            signed = {"name": "Kim", "method": "recorded", "paper_hash": "h", "at": self.now}
            row = {"agreement_id": made, "side": side, "person_id": self.people[side], **signed}
            self.store.insert("signature", row)
        asked = {"kind": "other", "text": "Utbildning", "created_at": self.now}
        asked_id = self._insert("prerequisite", testbed_id=first["testbed"], **asked)
        met = {"prerequisite_id": asked_id, "met_at": self.now, "met_by": self.people["host"]}
        self._insert("prerequisite_met", pairing_id=case, **met)
        aid = {"organisation_id": self.homes["startup"], "given_on": day(self.now), "amount": 1000, "kind": "support"}
        self._insert("state_aid", pairing_id=case, at=self.now, **aid)

    def _pilot(self, case: str, decided: bool) -> None:
        days = {"starts_on": day(later(self.now, days=-9)), "ends_on": day(later(self.now, days=9))}
        at = {"created_at": self.now, "updated_at": self.now, "started_at": later(self.now, days=-9)}
        said = {"decision": "stop" if self.rounds % 2 else "adopt", "decided_at": self.now, "decided_side": "owner",
                "evidence": "Så.", "lesson": "Vi lärde oss att fråga natten först."}  # fmt: skip
        pilot = self._insert("pilot", pairing_id=case, **FACTS, **days, **at, **(said if decided else {}))
        self._insert("indicator", pilot_id=pilot, position=1, created_at=self.now, **MEASURE)

    def _course(self, case: str) -> None:
        (found,) = self.store.query(
            "select p.id, i.id as indicator from pilot p join indicator i on i.pilot_id = p.id where p.pairing_id = :c",
            {"c": case},
        )
        self._insert("reading", indicator_id=found["indicator"], on_day=day(self.now), value=4.0, at=self.now)
        times = {"opened_at": self.now, "closes_on": "2030-01-01", "opened_by": self.people["owner"]}
        round_ = self._insert(
            "feedback_round", pilot_id=found["id"], number=self.rounds, question="Hur?", token_hash=new_id(), **times
        )
        self.store.execute("update feedback_round set closed_at = :now", {"now": self.now})
        self._insert("feedback_answer", round_id=round_, grade=4, text="Bra.", on_day=day(self.now))
        what = {"happened_on": day(self.now), "what": "Larmet tystnade.", "severity": "serious"}
        self._insert("incident", pilot_id=found["id"], at=self.now, person_id=self.people["host"], **what)

    def _spread(self, case: str, startup: str) -> None:
        by = {"pairing_id": case, "opened_at": self.now, "opened_by": self.people["owner"]}
        self.store.upsert("spread_consent", by, ["pairing_id"])
        copy = factories.create_need(self.store, self.homes["owner"])["id"]
        row = {"pairing_id": case, "brought": '{"indicators": [], "tasks": []}', "copied_at": self.now}
        self.store.insert("copied_need", {"need_id": copy, **row})
        told = {"person_id": self.people["owner"], "organisation_id": self.homes["owner"], "text": "Hur gick det?"}
        self._insert("spread_question", pairing_id=case, asked_at=self.now, **told)
        other = factories.create_organisation(self.store)["id"]
        letter = {"subject": "Hej", "text": "Läs.", "guess": "no", "sent_at": self.now}
        self._insert("spread_letter", startup_id=startup, organisation_id=other, **letter)
