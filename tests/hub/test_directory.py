from __future__ import annotations

import pytest

from matcher.hub import directory, record, sessions
from matcher.hub.errors import Conflict, NotFound
from matcher.store import Store
from tests.factories import NOW, create_organisation, create_person, grant


def names(found: dict) -> list[str]:
    return [row["name"] for row in found["rows"]]


def test_people_are_listed_in_swedish_order_with_their_roles(store: Store) -> None:
    town = create_organisation(store, name="Lövhamn")
    grant(store, create_person(store, "owner", town, name="Åsa"), "host", town)
    create_person(store, None, name="Bo")
    found = directory.listing(store)
    assert names(found) == ["Bo", "Åsa"]
    held = {(role["role"], role["organisation"]) for role in found["rows"][1]["roles"]}
    assert held == {("owner", "Lövhamn"), ("host", "Lövhamn")}


def test_people_are_searched_by_name_and_address_whatever_the_letters(store: Store) -> None:
    create_person(store, name="Åsa Öberg", email="asa@example.org")
    create_person(store, name="Bo", email="bo@example.com")
    assert names(directory.listing(store, words="ÅSA öb")) == ["Åsa Öberg"]
    assert names(directory.listing(store, words="example.com")) == ["Bo"]
    assert names(directory.listing(store, words="nobody")) == []


def test_people_are_narrowed_to_a_role_or_to_closed_accounts(store: Store) -> None:
    create_person(store, "broker", name="Broker")
    closed = create_person(store, "owner", name="Owner")
    store.execute("update person set disabled_at = :now where id = :id", {"now": NOW, "id": closed.person_id})
    assert names(directory.listing(store, role="broker")) == ["Broker"]
    assert names(directory.listing(store, state="closed")) == ["Owner"]
    assert names(directory.listing(store, state="open")) == ["Broker"]
    assert len(directory.listing(store, role="king")["rows"]) == 2


def test_the_list_comes_in_pages_and_its_queries_do_not_grow(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(directory.PAGE + 1):
        create_person(store, name=f"Person {number:03d}")
    asked: list[str] = []
    query = store.query
    monkeypatch.setattr(store, "query", lambda sql, params=None: asked.append(sql) or query(sql, params))
    found = directory.listing(store, page=2)
    assert (found["total"], found["pages"], found["page"], len(found["rows"])) == (51, 2, 2, 1)
    assert len(asked) <= 3


def test_only_an_administrator_loads_a_person(store: Store) -> None:
    person = create_person(store)
    sessions.start(store, person.person_id, NOW)
    found = directory.load(store, create_person(store, "administrator"), person.person_id)
    assert (found["email"], found["seen_at"]) == (person.email, NOW)
    assert "password_hash" not in found
    for viewer in (None, person, create_person(store, "broker")):
        with pytest.raises(NotFound):
            directory.load(store, viewer, person.person_id)


def test_closing_an_account_ends_its_sessions_and_opening_gives_the_roles_back(store: Store) -> None:
    administrator, person = create_person(store, "administrator"), create_person(store, "broker")
    token = sessions.start(store, person.person_id, NOW)
    directory.disable(store, person.person_id, administrator.person_id, NOW)
    assert sessions.viewer(store, token, NOW) is None
    directory.enable(store, person.person_id, administrator.person_id, NOW)
    assert sessions.viewer(store, token, NOW) is None
    assert sessions.viewer(store, sessions.start(store, person.person_id, NOW), NOW).has("broker")
    assert {row["action"] for row in record.history(store, "person", person.person_id)} >= {
        "person.disable",
        "person.enable",
    }


def test_closing_or_opening_twice_says_that_somebody_was_first(store: Store) -> None:
    administrator, person = create_person(store, "administrator"), create_person(store)
    with pytest.raises(Conflict, match="person_not_disabled"):
        directory.enable(store, person.person_id, administrator.person_id, NOW)
    directory.disable(store, person.person_id, administrator.person_id, NOW)
    with pytest.raises(Conflict, match="person_already_disabled"):
        directory.disable(store, person.person_id, administrator.person_id, NOW)


def test_the_last_administrators_account_stays_open(store: Store) -> None:
    administrator = create_person(store, "administrator")
    with pytest.raises(Conflict, match="last_administrator"):
        directory.disable(store, administrator.person_id, administrator.person_id, NOW)
    assert directory.load(store, administrator, administrator.person_id)["disabled_at"] is None
