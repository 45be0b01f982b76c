from __future__ import annotations

from threading import Barrier, Thread

import pytest

from matcher.hub import directory, links, mail, passwords, people, record, sessions
from matcher.hub.clock import later
from matcher.hub.errors import Conflict, HubError, Invalid, NotFound
from matcher.store import Store
from tests.factories import NOW, create_organisation, create_person

PASSWORD = "tre korta ord"


def queued(store: Store) -> list[dict]:
    return mail.listing(store)["rows"]


def reset_token(store: Store, email: str, now: str = NOW) -> str:
    links.request_reset(store, email, now)
    return queued(store)[0]["params"]["token"]


def test_an_invitation_makes_an_account_with_the_role(store: Store) -> None:
    town = create_organisation(store, "public", name="Lövhamns kommun")
    token = links.invite(store, None, " Ny@example.org", town["id"], "owner", NOW, "en")
    assert links.get(store, token, NOW)["organisation"] == "Lövhamns kommun"
    person = links.use(store, token, PASSWORD, NOW, name="Ny Person", locale="en")
    found = people.viewer(store, person)
    assert (found.name, found.email, found.locale) == ("Ny Person", "ny@example.org", "en")
    assert found.roles == {("owner", town["id"])}
    assert passwords.authenticate(store, "ny@example.org", PASSWORD) == person
    assert [row["action"] for row in record.history(store, "person", person)] == ["role.grant", "link.invite"]


def test_the_mail_carries_the_token_and_the_store_only_its_hash(store: Store) -> None:
    town = create_organisation(store, "public")
    token = links.invite(store, None, "ny@example.org", town["id"], "owner", NOW)
    row = queued(store)[0]
    assert (row["recipient"], row["template"], row["params"]["token"]) == ("ny@example.org", "invite", token)
    assert all(token not in str(value) for kept in store.query("select * from link") for value in kept.values())


def test_a_link_works_once(store: Store) -> None:
    token = links.invite(store, None, "ny@example.org", create_organisation(store)["id"], "owner", NOW)
    links.use(store, token, PASSWORD, NOW, name="Ny")
    with pytest.raises(NotFound):
        links.use(store, token, PASSWORD, NOW, name="Ny")


def test_a_link_used_by_two_at_once_works_once(store: Store) -> None:
    token = links.invite(store, None, "ny@example.org", create_organisation(store)["id"], "owner", NOW)
    start, ended = Barrier(2), []

    def use() -> None:
        start.wait()
        try:
            ended.append(links.use(store, token, PASSWORD, NOW, name="Ny"))
        except HubError as error:
            ended.append(type(error))

    threads = [Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended.count(NotFound) == 1
    assert len(store.query("select id from person where email = 'ny@example.org'")) == 1


def test_an_invitation_ends_after_two_weeks(store: Store) -> None:
    token = links.invite(store, None, "ny@example.org", create_organisation(store)["id"], "owner", NOW)
    assert links.get(store, token, later(NOW, days=13.9))
    with pytest.raises(NotFound):
        links.get(store, token, later(NOW, days=14))


@pytest.mark.parametrize("token", ["", "x", "' or 1=1 --", "\ud800"])
def test_an_unknown_token_is_not_found(store: Store, token: str) -> None:
    with pytest.raises(NotFound):
        links.get(store, token, NOW)


def test_both_fields_of_a_new_account_are_spoken_of_at_once_and_the_link_still_works(store: Store) -> None:
    token = links.invite(store, None, "ny@example.org", create_organisation(store)["id"], "owner", NOW)
    with pytest.raises(Invalid) as caught:
        links.use(store, token, "short", NOW, name=" ")
    assert set(caught.value.errors) == {"name", "password"}
    assert links.use(store, token, PASSWORD, NOW, name="Ny")


def test_an_invited_person_who_has_an_account_gives_its_password_and_keeps_the_name(store: Store) -> None:
    known = create_person(store, None, email="kim@example.org", name="Kim", password_hash=passwords.hashed(PASSWORD))
    company = create_organisation(store, "company")
    token = links.invite(store, None, "kim@example.org", company["id"], "startup", NOW)
    with pytest.raises(Invalid) as caught:
        links.use(store, token, "not the password", NOW, name="Thief")
    assert caught.value.errors == {"password": ("password_wrong", {})}
    assert links.use(store, token, PASSWORD, NOW, name="Thief") == known.person_id
    found = people.viewer(store, known.person_id)
    assert (found.name, found.roles) == ("Kim", {("startup", company["id"])})


def test_who_is_logged_in_accepts_an_invitation_of_their_own_without_the_password(store: Store) -> None:
    known, other = create_person(store, None), create_person(store, None)
    company = create_organisation(store, "company")
    token = links.invite(store, None, known.email, company["id"], "startup", NOW)
    with pytest.raises(Invalid):
        links.use(store, token, "", NOW, who=other)
    assert links.use(store, token, "", NOW, who=known) == known.person_id


def test_a_new_role_ends_the_sessions_that_began_without_it(store: Store) -> None:
    known = create_person(store, None)
    session = sessions.start(store, known.person_id, NOW)
    token = links.invite(store, None, known.email, create_organisation(store)["id"], "owner", NOW)
    links.use(store, token, "", NOW, who=known)
    assert sessions.viewer(store, session, NOW) is None


def test_nobody_is_invited_to_a_role_that_does_not_exist_there_or_is_held(store: Store) -> None:
    town = create_organisation(store, "public")
    person = create_person(store, "owner", town)
    for email, role, code in [("x@example.org", "broker", "role_kind"), (person.email, "owner", "role_held")]:
        with pytest.raises(Conflict) as caught:
            links.invite(store, None, email, town["id"], role, NOW)
        assert caught.value.code == code
    assert queued(store) == []


def test_a_closed_account_is_not_invited(store: Store) -> None:
    person = create_person(store)
    store.execute("update person set disabled_at = :now", {"now": NOW})
    with pytest.raises(Conflict) as caught:
        links.invite(store, None, person.email, create_organisation(store)["id"], "owner", NOW)
    assert caught.value.code == "person_disabled"


def test_an_invitation_can_be_withdrawn(store: Store) -> None:
    administrator, town = create_person(store, "administrator"), create_organisation(store)
    token = links.invite(store, administrator.person_id, "wrong@example.org", town["id"], "owner", NOW)
    (row,) = links.invitations(store, NOW, town["id"])
    assert links.withdraw(store, administrator.person_id, row["id"], NOW) == town["id"]
    assert links.invitations(store, NOW, town["id"]) == []
    with pytest.raises(NotFound):
        links.use(store, token, PASSWORD, NOW, name="Wrong")
    with pytest.raises(NotFound):
        links.withdraw(store, administrator.person_id, row["id"], NOW)


def test_a_reset_sets_the_password_and_ends_every_session_and_other_reset(store: Store) -> None:
    person = create_person(store, email="kim@example.org")
    session = sessions.start(store, person.person_id, NOW)
    earlier = reset_token(store, "kim@example.org")
    token = reset_token(store, "KIM@example.org ", later(NOW, minutes=1))
    assert token != earlier
    assert links.use(store, token, PASSWORD, later(NOW, minutes=2)) == person.person_id
    assert passwords.authenticate(store, "kim@example.org", PASSWORD) == person.person_id
    assert sessions.viewer(store, session, NOW) is None
    with pytest.raises(NotFound):
        links.use(store, earlier, "another password", later(NOW, minutes=3))


def test_a_reset_ends_after_two_hours(store: Store) -> None:
    create_person(store, email="kim@example.org")
    token = reset_token(store, "kim@example.org")
    with pytest.raises(NotFound):
        links.get(store, token, later(NOW, minutes=120))


def test_asking_for_an_unknown_or_closed_account_writes_a_link_but_no_mail(store: Store) -> None:
    create_person(store, email="closed@example.org")
    store.execute("update person set disabled_at = :now", {"now": NOW})
    for email in ("nobody@example.org", "closed@example.org", "", "not an address"):
        links.request_reset(store, email, NOW)
    assert queued(store) == []
    assert {row["email"] for row in store.query("select email from link")} == {""}


def test_a_reset_does_not_work_for_an_account_that_was_closed_meanwhile(store: Store) -> None:
    administrator, person = create_person(store, "administrator"), create_person(store, email="kim@example.org")
    token = reset_token(store, "kim@example.org")
    directory.disable(store, person.person_id, administrator.person_id, NOW)
    with pytest.raises(NotFound):
        links.use(store, token, PASSWORD, NOW)


def test_links_that_ran_out_a_month_ago_are_forgotten(store: Store) -> None:
    links.invite(store, None, "ny@example.org", create_organisation(store)["id"], "owner", NOW)
    links.forget(store, later(NOW, days=43))
    assert len(store.query("select * from link")) == 1
    links.forget(store, later(NOW, days=45))
    assert store.query("select * from link") == []
