"""Fields that no page sends: what is not a person's to set stays as it is, and ids of others' things lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .walking import Hub, open_hub, verdict

FORGED = {
    "id": "forged", "organisation_id": "forged", "person_id": "forged", "published_at": "2020-01-01T00:00:00.000000Z",
    "submitted_at": "2020-01-01T00:00:00.000000Z", "closed_at": "2020-01-01", "hidden_at": "", "flagged_at": "",
    "version": "99", "seq": "1", "status": "published", "source": "forged", "external_id": "forged", "role": "broker",
    "merged_into": "forged", "email": "forged@example.org", "kind": "hub", "created_at": "2020-01-01", "name": "Nytt",
}  # fmt: skip
OWN = ("title", "name", "revision", "seq", "updated_at")


@pytest.fixture(scope="module")
def world_hub() -> Iterator[Hub]:
    with open_hub() as opened:
        yield opened


@pytest.fixture
def hub(world_hub: Hub) -> Iterator[Hub]:
    """The hub, put back after each test."""
    yield world_hub
    world_hub.reset()


def _row(hub: Hub, table: str, thing: str) -> dict[str, Any]:
    return hub.store.query(f"select * from {table} where id = :id", {"id": thing})[0]


@pytest.mark.parametrize(
    ("endpoint", "table", "visitor", "state"),
    [
        ("needs.save", "need", "owner", "draft"),
        ("needs.save", "need", "owner", "published"),
        ("startups.save", "startup", "startup", "draft"),
        ("startups.save", "startup", "startup", "published"),
        ("startups.save", "startup", "startup", "hidden"),
        ("testbeds.save", "testbed", "host", "draft"),
    ],
)
def test_a_saved_form_sets_its_own_fields_only(hub, endpoint, table, visitor, state):
    thing = hub.world.things[f"{table}_id"][state]
    before = _row(hub, table, thing)
    form = {**FORGED, **hub.form(endpoint, visitor, state)}
    assert hub.send(visitor, "POST", hub.address(endpoint, state), data=form).status_code == 303
    after = _row(hub, table, thing)
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {*OWN, "version"}
    assert after.get("version") in (before.get("version"), (before.get("version") or 0) + 1)


@pytest.mark.parametrize(
    ("endpoint", "table", "visitor"),
    [
        ("needs.create", "need", "owner"),
        ("startups.create", "startup", "startup"),
        ("testbeds.create", "testbed", "host"),
    ],
)
def test_a_new_thing_is_a_draft_of_ones_own(hub, endpoint, table, visitor):
    form = {**FORGED, **hub.form(endpoint, visitor, "-")}
    assert hub.send(visitor, "POST", hub.address(endpoint), data=form).status_code == 303
    row = hub.store.query(f"select * from {table} order by created_at desc limit 1")[0]
    assert (row["organisation_id"], row["published_at"], row["source"]) == (hub.world.home(visitor), None, "")
    assert row["person_id"] == hub.world.people[visitor].person_id


@pytest.mark.parametrize(
    ("endpoint", "table", "visitor", "other"),
    [
        ("needs.create", "need", "other_owner", "owner"),
        ("startups.create", "startup", "other_startup", "startup"),
        ("testbeds.create", "testbed", "other_host", "host"),
    ],
)
def test_nothing_is_made_for_somebody_elses_organisation(hub, endpoint, table, visitor, other):
    home = {"home": hub.world.home(other)}
    count = f"select count(*) as n from {table} where organisation_id = :home"
    before = hub.store.query(count, home)
    form = {**hub.form(endpoint, visitor, "-"), "organisation_id": hub.world.home(other)}
    hub.send(visitor, "POST", hub.address(endpoint), data=form)
    assert hub.store.query(count, home) == before


def test_ones_own_settings_change_nobody_elses(hub):
    victim = hub.world.people["owner"].person_id
    brokers = "select person_id from membership where role = 'broker' and revoked_at is null order by person_id"
    before = hub.store.query(brokers)
    form = {**FORGED, "person_id": victim, "id": victim, "name": "Taken", "locale": "sv"}
    assert hub.send("other_owner", "POST", "/account", data=form).status_code == 303
    assert _row(hub, "person", victim)["name"] == hub.world.people["owner"].name
    own = _row(hub, "person", hub.world.people["other_owner"].person_id)
    assert (own["name"], own["email"]) == ("Taken", hub.world.people["other_owner"].email)
    assert hub.store.query(brokers) == before


@pytest.mark.parametrize(
    ("visitor", "endpoint", "state", "form", "expected"),
    [
        ("owner", "pairings.accept", "proposed", {"side": "startup"}, "403"),
        ("startup", "pairings.accept", "proposed", {"side": "owner"}, "403"),
        ("owner", "pairings.accept", "proposed", {"side": "host"}, "403"),
        ("owner", "pairings.decline", "proposed", {"side": "startup", "reason": "no_fit"}, "403"),
        ("startup", "pairings.decline", "proposed", {"side": "broker", "reason": "no_fit"}, "403"),
        ("broker", "pairings.decline", "proposed", {"side": "owner", "reason": "no_fit"}, "403"),
    ],
)
def test_nobody_answers_for_another_side(hub, visitor, endpoint, state, form, expected):
    answer = hub.send(visitor, "POST", hub.address(endpoint, state), data=form)
    assert (verdict(answer), hub.changed()) == (expected, [])


@pytest.mark.parametrize("state", ["published", "draft", "hidden", "missing"])
def test_nobody_shows_interest_for_another_company(hub, state):
    form = {"startup_id": hub.world.things["startup_id"][state], "message": "Vi kan."}
    answer = hub.send("other_startup", "POST", hub.address("pairings.send_interest", "published"), data=form)
    assert (verdict(answer), hub.changed()) == ("404", [])


@pytest.mark.parametrize("state", ["draft", "withdrawn", "missing"])
def test_a_testbed_that_is_not_on_offer_is_neither_offered_nor_booked(hub, state):
    testbed = hub.world.things["testbed_id"][state]
    form = {"testbed_id": testbed, "starts_on": hub.world.day(100), "ends_on": hub.world.day(120)}
    answer = hub.send("broker", "POST", hub.address("pairings.confirm", "accepted"), data=form)
    assert (answer.status_code in (409, 422), hub.changed()) == (True, [])
    form = {"step": "practical", "testbed_id": testbed, "revision": "1"}
    answer = hub.send("owner", "POST", hub.address("needs.save", "draft"), data=form)
    assert (answer.status_code, hub.changed()) == (422, [])
    assert "canary-testbed" not in answer.get_data(as_text=True)


def test_a_merge_keeps_one_of_its_own_two(hub):
    form = {"keep_id": hub.world.things["startup_id"]["published"]}
    answer = hub.send("broker", "POST", hub.address("startups.merge", "open"), data=form)
    assert (verdict(answer), hub.changed()) == ("404", [])


def test_a_role_that_is_taken_away_ends_the_next_request(hub):
    store, broker = hub.store, hub.world.people["broker"].person_id
    assert hub.send("broker", "GET", "/desk/").status_code == 200
    held = store.query("select id from membership where person_id = :id", {"id": broker})[0]["id"]
    assert hub.send("administrator", "POST", f"/admin/memberships/{held}/revoke").status_code == 303
    assert verdict(hub.send("broker", "GET", "/desk/")) == "login"
    assert verdict(hub.send("broker", "POST", hub.address("needs.publish", "submitted"))) == "login"
