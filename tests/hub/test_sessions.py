from __future__ import annotations

import pytest

from matcher.hub import login_steps, passwords, sessions
from matcher.hub.clock import later
from matcher.hub.errors import Conflict, Invalid, NotFound
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


def test_of_ones_sessions_the_open_ones_are_listed_this_one_first(store: Store) -> None:
    person, at = create_person(store, "broker"), later(NOW, minutes=60)
    ended = sessions.start(store, person.person_id, at)
    sessions.end(store, ended, at)
    sessions.start(store, person.person_id, NOW)  # idle for an hour
    sessions.start(store, person.person_id, later(NOW, days=365))  # of a clock that was ahead
    sessions.start(store, create_person(store).person_id, at)
    own = sessions.start(store, person.person_id, later(at, minutes=-20))
    for minutes, device in ((-10, "Edge, Mac"), (-5, None)):
        sessions.start(store, person.person_id, later(at, minutes=minutes), device=device)
    found = sessions.of_person(store, person, own, at)
    assert [(row["seen_at"], row["device"], row["this"]) for row in found] == [
        (later(at, minutes=-20), None, True),
        (later(at, minutes=-5), None, False),
        (later(at, minutes=-10), "Edge, Mac", False),
    ]
    assert len({row["id"] for row in found}) == 3


def test_ones_own_other_session_is_ended_and_no_other(store: Store) -> None:
    person, other = create_person(store), create_person(store)
    own, there, theirs = (sessions.start(store, who.person_id, NOW) for who in (person, person, other))
    ids = {token: sessions.of_person(store, who, token, NOW)[0]["id"]
           for token, who in ((own, person), (there, person), (theirs, other))}  # fmt: skip
    for token in (own, theirs):
        with pytest.raises(NotFound):
            sessions.end_one(store, person, ids[token], own, "", NOW)
    sessions.end_one(store, person, ids[there], own, "", NOW)
    with pytest.raises(NotFound):
        sessions.end_one(store, person, ids[there], own, "", NOW)
    assert [bool(sessions.viewer(store, token, NOW)) for token in (own, there, theirs)] == [True, False, True]


def test_all_ones_other_sessions_are_ended_with_log_ins_on_the_way(store: Store) -> None:
    person, other = create_person(store), create_person(store)
    own, there, theirs = (sessions.start(store, who.person_id, NOW) for who in (person, person, other))
    step = login_steps.begin(store, "code", NOW, person.person_id)
    assert sessions.end_others(store, person, own, "", NOW) == 1
    assert [bool(sessions.viewer(store, token, NOW)) for token in (own, there, theirs)] == [True, False, True]
    assert login_steps.get(store, "code", step, NOW) is None


def test_ending_asks_for_the_password_again_or_for_a_fresh_log_in(store: Store) -> None:
    person = create_person(store, password_hash=passwords.hashed("tre korta ord"))
    own, there = (sessions.start(store, person.person_id, NOW) for _ in range(2))
    for wrong in ("", "fel ord här"):
        with pytest.raises(Invalid):
            sessions.end_others(store, person, own, wrong, NOW)
    assert sessions.viewer(store, there, NOW)
    assert sessions.end_others(store, person, own, "tre korta ord", later(NOW, minutes=60)) == 1
    without = create_person(store)
    own = sessions.start(store, without.person_id, NOW)
    with pytest.raises(Conflict):
        sessions.end_others(store, without, own, "", later(NOW, minutes=sessions.FRESH_MINUTES))
    assert sessions.end_others(store, without, own, "", later(NOW, minutes=sessions.FRESH_MINUTES - 0.1)) == 0
