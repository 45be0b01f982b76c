"""Doings of several steps, or of somebody who is not in the world, that send mail which no single form of it sends.

Each is done as people do it: by their forms, as themselves, and by the clock. Each returns nothing; what it sent stands
in the outbox. `SCENES` names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from matcher.hub import affected, clock, reminders, sessions
from matcher.hub.ids import new_id
from matcher.hub.people import Viewer
from tests import factories

from .walking import Hub


def done(hub: Hub, visitor: str, endpoint: str, thing: str, **form: Any) -> None:
    """Send a form that is taken: it leads on to another page."""
    answer = hub.send(visitor, "POST", hub.address(endpoint, thing), data=form)
    assert answer.status_code in (302, 303), f"{endpoint} {thing} by {visitor}: {answer.status_code}"


@contextmanager
def _logged_in(hub: Hub, person: Viewer) -> Iterator[str]:
    """Let somebody who is no visitor of the world send forms: yields the name to send them as."""
    hub.world.tokens["somebody"] = sessions.start(hub.store, person.person_id, clock.now())
    try:
        yield "somebody"
    finally:
        del hub.world.tokens["somebody"]


def _close_testbed(hub: Hub, first: int, last: int) -> None:
    """Close the published testbed between two days from today, having read whom it touches."""
    days = {"starts_on": hub.world.day(first), "ends_on": hub.world.day(last)}
    testbed = hub.world.things["testbed_id"]["published"]
    seen = affected.mark(affected.find(hub.store, testbed, *days.values(), hub.world.now))
    done(hub, "host", "testbeds.close_period", "published", **days, reason="Ombyggnad", seen=seen)
    newest = hub.store.query("select id from testbed_closure where reason = 'Ombyggnad'")
    hub.world.things["closure_id"]["new"] = newest[0]["id"]


def closed_and_opened(hub: Hub) -> None:
    """A testbed is closed over tests and bookings, and opened again."""
    _close_testbed(hub, 10, 150)
    done(hub, "host", "testbeds.open_period", "published+new")


def room_again(hub: Hub) -> None:
    """Who is on the waiting list for days on which the testbed is shut gets room when it is opened."""
    _close_testbed(hub, 95, 110)
    done(hub, "host", "bookings.wait", "requested", note="Vi bygger om.")
    reminders.send(hub.store, hub.world.now)
    done(hub, "host", "testbeds.open_period", "published+new")
    reminders.send(hub.store, hub.world.now)


def need_changed(hub: Hub) -> None:
    """A need that startups are being paired with gets another text."""
    done(hub, "owner", "needs.save", "case_proposed", step="title", title="En ny rubrik", language="sv", revision="1")


def need_closed(hub: Hub) -> None:
    """A need that startups are being paired with is closed."""
    done(hub, "owner", "needs.close", "case_proposed", reason="met", note="Klart.")


def conflict_lifted(hub: Hub) -> None:
    """A broker declares a conflict of interest and a colleague lifts it."""
    colleague = factories.create_person(hub.store, "broker", hub.world.home("broker"))
    with _logged_in(hub, colleague) as somebody:
        done(hub, somebody, "pairings.declare_conflict", "published+others", note="Släkt.")
    rows = hub.store.query("select id from conflict where person_id = :id", {"id": colleague.person_id})
    hub.world.things["conflict_id"]["new"] = rows[0]["id"]
    done(hub, "broker", "pairings.lift_conflict", "new")


def merged_and_parted(hub: Hub) -> None:
    """Two profiles of two companies, both with cases of their own, become one and are parted again."""
    things = hub.world.things
    pair = {"keep_id": things["startup_id"]["published"], "drop_id": things["startup_id"]["others"]}
    offer = {"id": new_id(), **pair, "reason": "name", "found_at": hub.world.now}
    hub.store.insert("merge_offer", offer)
    things["offer_id"]["new"] = offer["id"]
    done(hub, "broker", "startups.merge", "new", keep_id=pair["keep_id"])
    done(hub, "broker", "startups.undo", "new")


def new_passwords(hub: Hub) -> None:
    """Two ask for a new password: one who has one, and one who comes by the organisation's account alone."""
    for visitor in ("broker", "owner"):
        done(hub, "none", "account.send_reset", "-", email=hub.world.people[visitor].email)


def factor_taken(hub: Hub) -> None:
    """An administrator takes the second factor of somebody away who lost it."""
    done(hub, "administrator", "admin.take_factor", "owner")


SCENES: tuple[Callable[[Hub], None], ...] = (
    closed_and_opened, room_again, need_changed, need_closed, conflict_lifted, merged_and_parted, new_passwords,
    factor_taken,
)  # fmt: skip
