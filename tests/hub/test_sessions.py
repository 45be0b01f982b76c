from __future__ import annotations

import pytest

from matcher.hub import sessions
from matcher.hub.clock import later
from matcher.store import Store
from tests.factories import NOW, create_person, grant


def test_a_session_names_its_person_and_the_store_holds_only_a_hash(store: Store) -> None:
    person = create_person(store)
    token = sessions.start(store, person.person_id, NOW)
    assert sessions.viewer(store, token, NOW) == person
    assert len(token) >= 43
    assert all(token not in str(value) for row in store.query("select * from session") for value in row.values())


@pytest.mark.parametrize("token", ["", "x", "\ud800", "x" * 5000])
def test_an_unknown_token_names_nobody(store: Store, token: str) -> None:
    assert sessions.viewer(store, token, NOW) is None


@pytest.mark.parametrize(
    ("role", "minutes"), [("broker", 30), ("administrator", 30), ("owner", 480), ("startup", 480), ("host", 480)]
)
def test_a_session_ends_when_it_is_idle(store: Store, role: str, minutes: int) -> None:
    token = sessions.start(store, create_person(store, role).person_id, NOW)
    assert sessions.viewer(store, token, later(NOW, minutes=minutes - 0.1))
    assert sessions.viewer(store, token, later(NOW, minutes=minutes)) is None


def test_the_strictest_role_sets_the_idle_time(store: Store) -> None:
    person = grant(store, create_person(store, "owner"), "broker")
    token = sessions.start(store, person.person_id, NOW)
    assert sessions.viewer(store, token, later(NOW, minutes=31)) is None


def test_use_keeps_a_session_alive_for_a_week_at_most(store: Store) -> None:
    token = sessions.start(store, create_person(store).person_id, NOW)
    moment = NOW
    for _ in range(24):
        moment = later(moment, minutes=7 * 60)
        found = sessions.viewer(store, token, moment)
        if found:
            sessions.touch(store, token, moment)
    assert found is None
    assert moment == later(NOW, days=7)


def test_use_is_noted_at_most_once_a_minute(store: Store) -> None:
    token = sessions.start(store, create_person(store).person_id, NOW)
    sessions.touch(store, token, later(NOW, minutes=0.5))
    assert store.query("select seen_at from session")[0]["seen_at"] == NOW
    sessions.touch(store, token, later(NOW, minutes=2))
    assert store.query("select seen_at from session")[0]["seen_at"] == later(NOW, minutes=2)


def test_a_session_that_was_ended_is_worth_nothing_and_others_go_on(store: Store) -> None:
    person = create_person(store)
    one, other = (sessions.start(store, person.person_id, NOW) for _ in range(2))
    sessions.end(store, one, NOW)
    assert sessions.viewer(store, one, NOW) is None
    assert sessions.viewer(store, other, NOW) == person


def test_rights_are_read_anew_at_every_look(store: Store) -> None:
    person = create_person(store, None)
    token = sessions.start(store, person.person_id, NOW)
    grant(store, person, "owner")
    assert sessions.viewer(store, token, NOW).has("owner")


def test_sessions_unused_for_a_month_are_forgotten(store: Store) -> None:
    sessions.start(store, create_person(store).person_id, NOW)
    sessions.forget(store, later(NOW, days=29))
    assert len(store.query("select * from session")) == 1
    sessions.forget(store, later(NOW, days=31))
    assert store.query("select * from session") == []
