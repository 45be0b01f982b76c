from __future__ import annotations

from threading import Barrier, Thread

import pytest

from matcher.hub import directory, links, people, record, sessions
from matcher.hub.errors import Conflict, Invalid, NotFound
from matcher.store import Store
from tests.factories import NOW, create_organisation, create_person, create_startup, grant


def membership(store: Store, person: people.Viewer, role: str) -> str:
    return next(row["id"] for row in people.roles(store, person.person_id) if row["role"] == role)


def test_a_person_is_kept_with_address_in_lower_case_and_name_trimmed(store: Store) -> None:
    person = people.create(store, "  Kim@Example.ORG ", " Kim \u200bKommun ", NOW)
    found = people.viewer(store, person)
    assert (found.email, found.name, found.locale, found.keyboard) == ("kim@example.org", "Kim Kommun", "sv", False)


def test_two_people_cannot_share_an_address(store: Store) -> None:
    people.create(store, "kim@example.org", "Kim", NOW)
    with pytest.raises(Conflict) as caught:
        people.create(store, "KIM@example.org", "Another", NOW)
    assert caught.value.code == "email_taken"


@pytest.mark.parametrize("email", ["", "kim", "kim@", "a@b", "kim@example.org\r\nBcc: x@x.org", "a b@example.org"])
def test_an_address_that_mail_cannot_go_to_is_refused(store: Store, email: str) -> None:
    with pytest.raises(Invalid) as caught:
        people.create(store, email, "Kim", NOW)
    assert list(caught.value.errors) == ["email"]


@pytest.mark.parametrize("taken", ["Birgitta Ekström", "birgitta  EKSTRÖM", "Lövhamns kommun", "Nattljus"])
def test_nobody_gives_themselves_the_name_of_another(store: Store, taken: str) -> None:
    """It would stand beside decisions as theirs, also beside those of years ago."""
    create_person(store, "broker", name="Birgitta Ekström")
    create_organisation(store, "public", name="Lövhamns kommun")
    create_startup(store, published=True, name="Nattljus")
    kim = create_person(store, "startup", name="Kim")
    with pytest.raises(Invalid) as caught:
        people.save_settings(store, kim, taken, "sv", False, NOW)
    assert caught.value.errors == {"name": ("name_taken", {})}
    people.save_settings(store, kim, "Kim Ek", "sv", False, NOW)
    told = record.history(store, "person", kim.person_id)[-1]
    assert (told["action"], told["detail"]) == ("person.rename", {"before": "Kim"})
    token = links.invite(store, None, "ny@example.org", create_organisation(store)["id"], "owner", NOW)
    with pytest.raises(Invalid) as caught:
        links.use(store, token, "fyra nya korta ord", NOW, name=taken)
    assert caught.value.errors == {"name": ("name_taken", {})}


def test_a_closed_account_is_nobody(store: Store) -> None:
    person = create_person(store, disabled_at=None)
    store.execute("update person set disabled_at = :now", {"now": NOW})
    assert people.viewer(store, person.person_id) is None


def test_one_person_holds_roles_in_several_organisations(store: Store) -> None:
    company, town = create_organisation(store, "company"), create_organisation(store, "public")
    person = grant(store, create_person(store, "startup", company), "owner", town)
    assert person.roles == {("startup", company["id"]), ("owner", town["id"])}
    assert person.organisations("startup", "owner") == sorted([company["id"], town["id"]])
    assert person.acts_for(town["id"], "owner")
    assert not person.acts_for(town["id"], "startup")
    assert not person.acts_for(None, "owner")


@pytest.mark.parametrize(("role", "kind"), [("broker", "public"), ("owner", "company"), ("startup", "hub")])
def test_a_role_only_exists_in_its_kind_of_organisation(store: Store, role: str, kind: str) -> None:
    person, organisation = create_person(store, None), create_organisation(store, kind)
    with pytest.raises(Conflict) as caught:
        people.grant(store, person.person_id, organisation["id"], role, None, NOW)
    assert caught.value.code == "role_kind"


def test_a_role_that_nobody_wrote_down_cannot_be_given(store: Store) -> None:
    person, organisation = create_person(store, None), create_organisation(store)
    with pytest.raises(NotFound):
        people.grant(store, person.person_id, organisation["id"], "king", None, NOW)


def test_giving_a_role_twice_gives_it_once(store: Store) -> None:
    town = create_organisation(store, "public")
    person = create_person(store, "owner", town)
    people.grant(store, person.person_id, town["id"], "owner", None, NOW)
    assert len(people.roles(store, person.person_id)) == 1
    assert [row["action"] for row in record.history(store, "person", person.person_id)] == ["role.grant"]


def test_taking_a_role_away_ends_the_sessions_and_is_recorded(store: Store) -> None:
    administrator, person = create_person(store, "administrator"), create_person(store, "broker")
    token = sessions.start(store, person.person_id, NOW)
    assert people.revoke(store, membership(store, person, "broker"), administrator.person_id, NOW) == person.person_id
    assert sessions.viewer(store, token, NOW) is None
    assert people.viewer(store, person.person_id).roles == frozenset()
    assert record.history(store, "person", person.person_id)[-1]["action"] == "role.revoke"


def test_a_role_can_be_taken_away_only_once(store: Store) -> None:
    administrator, person = create_person(store, "administrator"), create_person(store, "broker")
    held = membership(store, person, "broker")
    people.revoke(store, held, administrator.person_id, NOW)
    with pytest.raises(NotFound):
        people.revoke(store, held, administrator.person_id, NOW)


def test_a_role_taken_away_can_be_given_again(store: Store) -> None:
    create_person(store, "administrator")
    town = create_organisation(store, "public")
    person = create_person(store, "owner", town)
    people.revoke(store, membership(store, person, "owner"), person.person_id, NOW)
    assert grant(store, person, "owner", town).has("owner")


def test_the_last_administrator_cannot_be_taken_away(store: Store) -> None:
    administrator = create_person(store, "administrator")
    with pytest.raises(Conflict) as caught:
        people.revoke(store, membership(store, administrator, "administrator"), administrator.person_id, NOW)
    assert caught.value.code == "last_administrator"
    assert people.viewer(store, administrator.person_id).has("administrator")


def test_a_closed_account_does_not_count_as_the_other_administrator(store: Store) -> None:
    one, other = create_person(store, "administrator"), create_person(store, "administrator")
    directory.disable(store, other.person_id, one.person_id, NOW)
    with pytest.raises(Conflict):
        people.revoke(store, membership(store, one, "administrator"), one.person_id, NOW)


def test_two_administrators_who_take_away_each_other_leave_one(store: Store) -> None:
    pair = [create_person(store, "administrator") for _ in range(2)]
    held = [membership(store, person, "administrator") for person in pair]
    start, refused = Barrier(2), []

    def take(which: int) -> None:
        start.wait()
        try:
            people.revoke(store, held[1 - which], pair[which].person_id, NOW)
        except Conflict as error:
            refused.append(error.code)

    threads = [Thread(target=take, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["last_administrator"]
    assert len(people.with_role(store, "administrator")) == 1


def test_people_with_a_role_are_found_anywhere_or_in_one_organisation(store: Store) -> None:
    town = create_organisation(store, "public")
    here, _elsewhere, _other = create_person(store, "owner", town), create_person(store), create_person(store, "broker")
    assert [row["id"] for row in people.in_organisation(store, town["id"], "owner")] == [here.person_id]
    assert len(people.with_role(store, "owner")) == 2
    assert len(people.with_role(store, "owner", "broker")) == 3


def test_settings_keep_name_language_and_keyboard(store: Store) -> None:
    person = create_person(store)
    people.save_settings(store, person, " New  Name ", "sv", True, NOW)
    found = people.viewer(store, person.person_id)
    assert (found.name, found.locale, found.keyboard) == ("New Name", "sv", True)
    people.save_settings(store, found, "New Name", "klingon", False, NOW)
    found = people.viewer(store, person.person_id)
    assert (found.locale, found.keyboard) == ("sv", False)
    assert [row["action"] for row in record.history(store, "person", person.person_id)].count("person.rename") == 1


def test_a_name_cannot_be_taken_away(store: Store) -> None:
    with pytest.raises(Invalid):
        people.save_settings(store, create_person(store), "  ", "sv", False, NOW)
