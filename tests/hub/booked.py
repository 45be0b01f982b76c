"""Bookings for tests: a testbed with its host, a startup and an owner who ask for places, and a booking at any stage.

scene = Booked(store, places=1)     everybody, and a testbed with one place
scene.ask()                         the id of a request by the startup; days, texts and whose it is as one likes
scene.approve(scene.ask())          the same, promised by the host
"""

from __future__ import annotations

from typing import Any

from matcher.hub import booking_answers, booking_papers, booking_requests, bookings, prerequisite_steps
from matcher.hub.people import Viewer
from matcher.store import Store
from tests.factories import NOW, create_person, create_testbed

from .cases import Case

FIRST, LAST = "2026-12-01", "2026-12-14"
TEXTS = {
    "title": "Tyst larm på natten",
    "benefit_operation": "Nattpersonalen slipper gå ronder i onödan.",
    "benefit_users": "De boende sover ostört.",
}
SCORES = {"operation_score": "4", "users_score": "5"}


class Booked(Case):
    """Everybody that a booking takes, and shortcuts to its stages."""

    def __init__(self, store: Store, limit: int | None = 9, **testbed: Any) -> None:
        super().__init__(store, capacity=limit)
        self.testbed = create_testbed(store, published=True, **{"places": 1, **testbed})
        self.host = create_person(store, "host", self.testbed["organisation_id"])

    def ask(self, first: str = FIRST, last: str = LAST, who: Viewer | None = None, now: str = NOW, **typed: Any) -> str:
        """Ask for a place as the startup, or as `who` for the need of the owner's or an idea of the owner's staff."""
        who, texts = who or self.founder, {**TEXTS, "title": f"{TEXTS['title']} {first} {last}"}
        whose = {name: typed.pop(name) for name in ("startup_id", "need_id", "organisation_id", "pairing_id")
                 if name in typed}  # fmt: skip
        if not whose:
            whose = {"startup_id": self.startup["id"]} if who is self.founder else {"need_id": self.need["id"]}
        given = {**texts, "starts_on": first, "ends_on": last, **typed}
        return booking_requests.request(self.store, who, self.testbed["id"], given, now, **whose)

    def approve(self, booking_id: str, now: str = NOW, manage: bool = False, **given: Any) -> str:
        booking_answers.approve(self.store, self.host, booking_id, {**SCORES, **given}, now, manage)
        return booking_id

    def ask_for(self, text: str = "Introduktion i brandskydd") -> str:
        """Let the testbed ask for one thing, and return its id."""
        given = {"kind": "safety", "text": text}
        return prerequisite_steps.add(self.store, self.host, self.testbed["id"], given, NOW)

    def meet(self, booking_id: str, prerequisite_id: str) -> None:
        booking_papers.meet(self.store, self.host, booking_id, prerequisite_id, "Intyg visat.", NOW)

    def agree(self, booking_id: str, until: str = LAST) -> None:
        given = {"agreed_until": until, "agreed_note": "Diariet, 2026-114"}
        booking_papers.agree(self.store, self.host, booking_id, given, NOW)

    def row(self, booking_id: str) -> dict[str, Any]:
        return bookings.fetch(self.store, booking_id)

    def status(self, booking_id: str, now: str = NOW) -> str:
        return bookings.status(self.row(booking_id), now)
