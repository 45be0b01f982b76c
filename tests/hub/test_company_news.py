"""Who hears of it when a company's profile is hidden or merged while a case or a booking of it goes on."""

from __future__ import annotations

import json

import pytest

from matcher.hub import booking_requests, duplicates, merging, moderation
from matcher.hub.clock import later
from matcher.store import Store
from tests.factories import NOW, create_person, create_startup

from .booked import Booked
from .cases import Case, mails, recorded


def told(store: Store, template: str) -> dict[str, str]:
    return {row["recipient"]: json.loads(row["params"])["what"] for row in mails(store, template)}


@pytest.fixture
def scene(store: Store) -> Booked:
    return Booked(store, places=3)


def test_a_case_without_a_testbed_is_no_hosts_business(store: Store) -> None:
    """What is proposed is confidential: an empty host must not be read as every host of the hub."""
    case, stranger = Case(store), create_person(store, "host")
    case.propose()
    moderation.hide(store, create_person(store, "broker"), case.startup["id"], "I konkurs.", NOW)
    assert set(told(store, "pairing_company")) == {case.owner.email, case.broker.email}
    assert stranger.email not in {row["recipient"] for row in store.query("select recipient from outbox")}


def test_the_host_of_a_testbed_that_is_only_suggested_hears_nothing(store: Store, scene: Booked) -> None:
    """It sees the case from the day it takes a place there, and a mail is no way round that."""
    scene.propose(testbed_id=scene.testbed["id"])
    moderation.hide(store, scene.broker, scene.startup["id"], "I konkurs.", NOW)
    assert set(told(store, "pairing_company")) == {scene.owner.email}
    everybody = {row["recipient"] for row in store.query("select recipient from outbox")}
    contacts = {scene.testbed["contact_email"], scene.testbed["backup_email"]}
    assert not everybody & {scene.host.email, *contacts}


def test_the_host_of_a_booking_hears_that_its_company_is_hidden_and_shown(store: Store, scene: Booked) -> None:
    approved, open_one = scene.approve(scene.ask()), scene.ask(first="2026-12-05")
    over = scene.ask(first="2026-12-06")
    booking_requests.withdraw(store, scene.founder, over, "", NOW)
    moderation.hide(store, scene.broker, scene.startup["id"], "I konkurs.", NOW)
    assert told(store, "booking_company") == {scene.host.email: "hidden"}
    assert len(mails(store, "booking_company")) == 2
    assert "booking.company_hidden" in recorded(store, approved)
    assert "booking.company_hidden" in recorded(store, open_one)
    assert "booking.company_hidden" not in recorded(store, over)
    moderation.unhide(store, scene.broker, scene.startup["id"], NOW)
    assert "booking.company_shown" in recorded(store, approved)


def test_the_host_of_a_booking_hears_of_a_merge_and_that_it_was_taken_back(store: Store, scene: Booked) -> None:
    own = create_startup(store, name=scene.startup["name"], published=True)
    booking = scene.approve(scene.ask())
    duplicates.find(store, NOW)
    [offer] = store.query("select id from merge_offer")
    merging.merge(store, scene.broker, offer["id"], own["id"], NOW)
    assert told(store, "booking_company") == {scene.host.email: "merged"}
    assert scene.row(booking)["startup_id"] == own["id"]
    merging.undo(store, scene.broker, offer["id"], later(NOW, days=1))
    assert recorded(store, booking).count("booking.company_merged") == 1
    assert recorded(store, booking).count("booking.company_parted") == 1
