"""Cases for tests: a need, a startup and their people, and a pairing at any stage.

case = Case(store)                a broker, an owner with a published need, a startup with a profile
case.pairing("accepted")          the id of a pairing at that stage: proposed, accepted, confirmed
"""

from __future__ import annotations

from typing import Any

from matcher.hub import pairings
from matcher.hub.people import Viewer
from matcher.store import Store
from tests import factories
from tests.factories import NOW

SEEN = {"rank": 1, "score": 0.71, "model": "tiny", "evidence": [{"need": "faller", "startup": "larmar"}], "gates": []}
FIRST, LAST = "2026-12-01", "2027-01-31"


class Case:
    """Everybody that a pairing takes, and shortcuts to its stages."""

    def __init__(self, store: Store, broker: Viewer | None = None, **startup: Any) -> None:
        self.store = store
        self.broker = broker or factories.create_person(store, "broker")
        self.owner = factories.create_person(store, "owner")
        self.founder = factories.create_person(store, "startup")
        self.need = factories.create_need(store, self.owner.organisations("owner")[0], published=True)
        own = self.founder.organisations("startup")[0]
        self.startup = factories.create_startup(store, own, published=True, **startup)

    def propose(self, now: str = NOW, **overrides: Any) -> str:
        given = {"message": "", "seen": SEEN, "answer_days": 14, **overrides}
        return pairings.propose(self.store, self.broker, self.need["id"], self.startup["id"], now=now, **given)

    def accept(self, pairing_id: str, now: str = NOW) -> str:
        pairings.accept(self.store, self.owner, pairing_id, "owner", now)
        pairings.accept(self.store, self.founder, pairing_id, "startup", now)
        return pairing_id

    def accepted(self) -> str:
        return self.accept(self.propose())

    def confirm(
        self, pairing_id: str, testbed: dict[str, Any], first: str = FIRST, last: str = LAST, booking_id: str = ""
    ) -> str:
        return pairings.confirm(self.store, self.broker, pairing_id, testbed["id"], first, last, NOW, booking_id)


def mails(store: Store, template: str) -> list[dict[str, Any]]:
    """Return the queued mails of a template, by recipient."""
    return store.query("select * from outbox where template = :t order by recipient", {"t": template})


def recorded(store: Store, subject_id: str) -> list[str]:
    """Return the actions recorded about one thing, by name: in a test they share a moment."""
    return [
        row["action"]
        for row in store.query("select action from audit where subject_id = :id order by action", {"id": subject_id})
    ]
