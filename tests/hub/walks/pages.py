"""What the web can say of a state: the words for every code, the sentence for every refusal, and the pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import g

from matcher import create_app
from matcher.hub import access, agreements, bookings, cases, outcomes, pilots, record
from matcher.hub.errors import Denied, HubError, Invalid, NotFound
from matcher.hub.people import Viewer
from matcher.ranking.encoder import TinyEncoder
from matcher.store import Store
from matcher.web import booking_words, words
from tests.settings import settings
from tests.web import pagecheck

LABELS = words.LABELS


class Pages:
    """The application, asked without a browser: who looks, when, and at which hub is said with each question."""

    PAGES = ("", "/agreement", "/pilot", "/outcome")

    def __init__(self, folder: Path, locale: str = "sv") -> None:
        config = settings(folder, database_url=f"sqlite:///{folder / 'unused.db'}")
        self.app = create_app(config, TinyEncoder())
        self.app.before_request(self._enter)
        self._asked: tuple[Viewer | None, str] = (None, "")
        self._context = self.app.test_request_context(headers={"Accept-Language": locale})
        self._context.push()

    def close(self) -> None:
        """Leave the application."""
        self._context.pop()

    def _enter(self) -> None:
        g.viewer, g.now = self._asked

    def untold(self, error: HubError) -> list[str]:
        """Return what a person who is refused a step would not be told in words."""
        if isinstance(error, Invalid):
            known = words.FIELD_ERRORS
            lacking = [code for code, _ in error.errors.values() if code not in known]
            told = [words.field_error(code, params) for code, params in error.errors.values()]
            return [f"no words for the error {code}" for code in lacking] + [one for one in told if "%(" in one]
        if isinstance(error, Denied | NotFound) or error.code == "stale":  # a page of their own says it
            return []
        told = words.sentence(error)
        return [] if told and "%(" not in told else [f"no sentence for {error.code}"]

    def unexplained(self, store: Store, case_id: str, now: str) -> list[str]:
        """Return the states and steps of a case that its pages have no words for."""
        case = cases.fetch(store, case_id)
        step, missing = cases.next_step(case, now), access.missing(store, case, now)
        stage, rows, pilot = cases.status(case, now), agreements.of_case(store, case_id), pilots.of_case(store, case_id)
        said = {
            "pairing_status": [stage],
            "next_steps": [step["code"]],
            "sides": step["who"],
            "reasons": [case["reason"]] if case["reason"] else [],
            "access_missing": missing,
            "agreement_status": [agreements.status(row, now) for row in rows],
            "pilot_status": [pilots.status(pilot, now) if pilot else "none"],
            "pairing_actions": [row["action"] for row in record.history(store, "pairing", case_id)],
        }
        red = [(code, done) for code, done in pilots.settled(store, case, pilot, now)]
        said |= {"pilot_settled": [code for code, _ in red], "pilot_to_do": [code for code, done in red if not done]}
        found = [f"no words for {code} in {group}" for group, codes in said.items() for code in codes
                 if code not in LABELS[group]]  # fmt: skip
        if not missing and stage != "confirmed":
            found.append(f"the place is open in a case that is {stage}")
        if step["code"] != "over" and not (step["who"] and step["by"]):
            found.append(f"nobody, or no day, for the step {step['code']}")
        begun = outcomes.begun(store, case)
        return found + ([] if begun is None or outcomes.due_days(begun) else ["no days for the outcome"])

    def unexplained_booking(self, store: Store, row: dict[str, Any], now: str, missing: list[str]) -> list[str]:
        """Return the states and steps of a booking that its page has no words for."""
        stage, step = bookings.status(row, now), bookings.next_step(row, now, missing)
        said = {
            "booking_status": [stage],
            "booking_steps": [step["code"]],
            "booking_sides": step["who"],
            "booking_missing": missing,
            "booking_reasons": [row["reason"]] if row["reason"] else [],
        }
        found = [f"no words for {code} in {group}" for group, codes in said.items() for code in codes
                 if code not in LABELS[group]]  # fmt: skip
        actions = [one["action"] for one in record.history(store, "booking", row["id"])]
        found += [f"no words for {action}" for action in actions if action not in booking_words.ACTIONS]
        if step["code"] not in ("over", "wait", "room", "line") and not (step["who"] and step["by"]):
            found.append(f"nobody, or no day, for the step {step['code']} of a booking")
        return found

    def read(self, store: Store, person: Viewer, path: str, now: str, may: bool) -> list[str]:
        """Return what is wrong with a page as a person reads it; `may`: whether it is for them at all."""
        self.app.extensions["store"], unused = store, self.app.extensions["store"]
        self._asked = (person, now)
        try:
            response = self.app.test_client().get(path)
        finally:
            self.app.extensions["store"] = unused
        text = response.get_data(as_text=True)
        _, kind, _, *page = path.split("/")  # no ids: a walk that is taken again must tell the same
        name = "/".join((kind, *page))
        if response.status_code != (200 if may else 404):
            return [f"{response.status_code} for {name}"]
        return [f"{one} on {name}" for one in pagecheck.faults(text)] if may else []
