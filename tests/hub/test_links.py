from __future__ import annotations

from threading import Barrier, Thread

import pytest

from matcher.hub import directory, identities, links, mail, organisations, passwords, people, record, sessions
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


ISSUER = "https://login.example.org"


def told(store: Store) -> list[str]:
    """Return the kinds of mail that are queued, but for news of the log-in."""
    return [row["template"] for row in queued(store) if row["template"] != "login_changed"]


def test_who_comes_by_the_organisations_log_in_alone_gets_no_link(store: Store) -> None:
    person = create_person(store, email="kim@example.org")
    identities.connect(store, person.person_id, ISSUER, "kim", NOW)
    links.request_reset(store, "Kim@example.org", NOW, ISSUER)
    links.request_reset(store, "nobody@example.org", NOW, ISSUER)
    assert told(store) == ["reset_elsewhere"]
    assert {row["email"] for row in store.query("select email from link")} == {""}
    assert "person.reset_requested" in [row["action"] for row in record.history(store, "person", person.person_id)]


@pytest.mark.parametrize(
    ("password_hash", "issuer"),
    [("hash", ISSUER), (None, "https://another.example.org"), (None, None)],
    ids=["has a password", "of another log-in", "none is set up"],
)
def test_who_has_a_password_or_no_other_way_in_gets_a_link(
    store: Store, password_hash: str | None, issuer: str | None
) -> None:
    person = create_person(store, email="kim@example.org", password_hash=password_hash)
    identities.connect(store, person.person_id, ISSUER, "kim", NOW)
    links.request_reset(store, "kim@example.org", NOW, issuer)
    assert told(store) == ["reset"]


def test_asking_costs_as_much_for_either_account(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    create_person(store, email="here@example.org")
    identities.connect(store, create_person(store, email="there@example.org").person_id, ISSUER, "kim", NOW)
    asked: list[str] = []
    for verb in ("query", "execute", "insert"):
        real = getattr(store, verb)
        monkeypatch.setattr(store, verb, lambda first, *more, real=real: asked.append(first) or real(first, *more))
    costs = []
    for email in ("here@example.org", "there@example.org"):
        asked.clear()
        links.request_reset(store, email, NOW, ISSUER)
        costs.append(list(asked))
    assert costs[0] == costs[1]


def test_a_link_from_before_the_organisations_log_in_was_connected_is_worth_nothing(store: Store) -> None:
    person = create_person(store, email="kim@example.org")
    token = reset_token(store, "kim@example.org")
    identities.connect(store, person.person_id, ISSUER, "kim", NOW)
    with pytest.raises(NotFound):
        links.use(store, token, PASSWORD, NOW)
    assert not passwords.has_one(store, person.person_id)


def test_an_administrator_takes_the_organisations_log_in_away_and_a_password_can_be_chosen(store: Store) -> None:
    administrator, person = create_person(store, "administrator"), create_person(store, email="kim@example.org")
    identities.connect(store, person.person_id, ISSUER, "kim", NOW)
    session = sessions.start(store, person.person_id, NOW)
    identities.take(store, person.person_id, administrator.person_id, NOW)
    assert identities.find(store, ISSUER, "kim") is None
    assert sessions.viewer(store, session, NOW) is None
    row = record.latest(store)["rows"][0]
    assert (row["action"], row["person_id"], row["subject_id"]) == (
        "person.identity_taken", administrator.person_id, person.person_id,
    )  # fmt: skip
    assert "identity_taken" in [row["params"].get("what") for row in queued(store)]
    with pytest.raises(Conflict):
        identities.take(store, person.person_id, administrator.person_id, NOW)
    links.request_reset(store, "kim@example.org", NOW, ISSUER)
    assert told(store) == ["reset"]


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


def test_a_second_invitation_does_not_give_a_role_back_that_was_taken_away(store: Store) -> None:
    administrator, town = create_person(store, "administrator"), create_organisation(store)
    first, second = (links.invite(store, None, "gone@example.org", town["id"], "owner", NOW) for _ in range(2))
    other = links.invite(store, None, "other@example.org", town["id"], "owner", NOW)
    person = links.use(store, first, PASSWORD, NOW, name="Gone Person")
    [held] = people.roles(store, person)
    people.revoke(store, held["id"], administrator.person_id, NOW)
    with pytest.raises(NotFound):
        links.use(store, second, PASSWORD, NOW)
    assert people.roles(store, person) == []
    assert links.get(store, other, NOW)["email"] == "other@example.org"
    again = links.invite(store, administrator.person_id, "gone@example.org", town["id"], "owner", NOW)
    assert links.use(store, again, PASSWORD, NOW) == person


def test_an_administrator_who_was_one_leaves_no_way_in_behind(store: Store) -> None:
    stays, goes = create_person(store, "administrator"), create_person(store, "administrator")
    hub = organisations.hub(store)["id"]
    way_in = links.invite(store, goes.person_id, "goes@elsewhere.example", hub, "administrator", NOW)
    kept = links.invite(store, stays.person_id, "new@example.org", hub, "broker", NOW)
    [held] = people.roles(store, goes.person_id)
    people.revoke(store, held["id"], stays.person_id, NOW)
    with pytest.raises(NotFound):
        links.use(store, way_in, PASSWORD, NOW, name="Somebody Else")
    assert links.get(store, kept, NOW)["role"] == "broker"
    [told] = [row for row in record.latest(store)["rows"] if row["action"] == "person.invite_withdrawn"]
    assert (told["person_id"], told["subject_id"]) == (stays.person_id, hub)


def test_a_closed_account_is_not_opened_again_to_what_it_was_invited_to(store: Store) -> None:
    administrator, person = create_person(store, "administrator"), create_person(store, "owner")
    town = create_organisation(store)
    token = links.invite(store, administrator.person_id, person.email, town["id"], "owner", NOW)
    directory.disable(store, str(person.person_id), str(administrator.person_id), NOW)
    directory.enable(store, str(person.person_id), str(administrator.person_id), NOW)
    with pytest.raises(NotFound):
        links.get(store, token, NOW)
