"""What is kept about me, as a page and as a file; erasing myself; what an administrator does for somebody who asks."""

from __future__ import annotations

import json

import pytest

from matcher.exchange import erased
from matcher.hub import clock, passwords, people, record, retention
from matcher.web import personal_words
from tests.factories import create_need, create_organisation, create_person, grant
from tests.hub.fifty import Fifty

PASSWORD = "tre korta ord"


@pytest.fixture
def kim(store):
    create_person(store, "administrator", name="Astrid Admin")
    return create_person(
        store, "owner", name="Kim Karlsson", email="kim@example.org", password_hash=passwords.hashed(PASSWORD)
    )


@pytest.fixture
def admin(store, client, login):
    return login(client, create_person(store, "administrator", name="Ada Andersson"))


def test_my_page_shows_mine_and_the_file_holds_it_for_a_machine(store, client, login, text):
    hub = Fifty(store, hands=2)
    mine, others = hub.souls[1], hub.souls[6]
    client = login(client, mine.viewer)
    assert "What is kept about me" in text(client.get("/account"))
    page = text(client.get("/account/kept"))
    for word in (mine.words["said"], mine.words["work"]):
        assert word in page
    assert mine.viewer.email in page
    assert "20 Nov 2026" in page
    assert not [word for word in others.words.values() if word in page.lower()]
    answer = client.get("/account/kept.json")
    assert answer.headers["Content-Disposition"] == "attachment; filename=matcher-personal-data.json"
    assert answer.headers["Cache-Control"] == "no-store"
    held = answer.get_json()
    assert held["person"]["email"] == mine.viewer.email
    assert not [word for word in others.words.values() if word in json.dumps(held).lower()]


def test_dates_are_in_the_language_of_the_page(store, client, login, text):
    hub = Fifty(store, hands=1)
    people.set_locale(store, hub.souls[0].id, "sv")
    assert "20 nov. 2026" in text(login(client, hub.souls[0].viewer).get("/account/kept"))


@pytest.mark.parametrize("hands", [1])
def test_every_row_of_everybody_has_a_title_and_every_group_a_name(store, client, login, hands):
    hub = Fifty(store, hands=hands)
    for soul in hub.souls:
        assert login(client, soul.viewer).get("/account/kept").status_code == 200


def test_erasing_myself_needs_my_password_and_then_nothing_of_me_works(app, store, client, login, text, kim):
    client = login(client, kim)
    shown = text(client.get("/account/erase"))
    assert "It cannot be undone" in shown
    assert "Nobody else acts for these organisations" in shown
    wrong = client.post("/account/erase", data={"present": "wrong"})
    assert wrong.status_code == 422
    assert "That is not the password of your account." in text(wrong)
    done = client.post("/account/erase", data={"present": PASSWORD})
    assert (done.status_code, done.location) == (303, "/")
    assert "You are erased" in text(client.get("/"))
    assert client.get("/account").status_code == 302
    assert passwords.authenticate(store, "kim@example.org", PASSWORD) is None
    assert store.query("select 1 as found from person where email = 'kim@example.org'") == []
    listed = (app.config["MATCHER"].instance / erased.NAME).read_text()
    assert kim.person_id in listed
    assert "kim" not in listed.lower().replace(kim.person_id, "")


def test_who_has_no_password_writes_the_address_instead(store, client, login, text):
    create_person(store, "administrator")
    lee = create_person(store, "owner", email="lee@example.org")
    client = login(client, lee)
    assert "Write the address of your account" in text(client.get("/account/erase"))
    assert client.post("/account/erase", data={"present": "other@example.org"}).status_code == 422
    assert client.post("/account/erase", data={"present": " Lee@example.org"}).status_code == 303


def test_the_last_administrator_is_told_what_to_do_first(store, client, login, text):
    last = create_person(store, "administrator", password_hash=passwords.hashed(PASSWORD))
    client = login(client, last)
    assert "This is the last administrator" in text(client.get("/account/erase"))
    refused = client.post("/account/erase", data={"present": PASSWORD})
    assert refused.status_code == 409
    assert people.viewer(store, last.person_id) == last


def test_the_page_names_what_is_handed_over(store, client, login, text):
    hub = Fifty(store, hands=2)
    broker = hub.souls[0]
    shown = text(login(client, broker.viewer).get("/account/erase"))
    assert "These pairings go to the substitute" in shown
    startup = hub.souls[2]
    assert "These bookings stay with the organisation" in text(login(client, startup.viewer).get("/account/erase"))
    host = hub.souls[3]
    assert "These testbeds lose their contact" in text(login(client, host.viewer).get("/account/erase"))


def test_an_administrator_sees_how_much_there_is_and_giving_it_out_is_recorded(store, admin, text, kim):
    need = create_need(store, kim.organisations("owner")[0], person_id=kim.person_id, title="Hemlig rubrik")
    page = text(admin.get(f"/admin/people/{kim.person_id}/kept"))
    assert "Needs" in page
    assert "Hemlig rubrik" not in page
    shown = text(admin.post(f"/admin/people/{kim.person_id}/kept", data={"form": "page"}))
    assert "Hemlig rubrik" in shown
    file = admin.post(f"/admin/people/{kim.person_id}/kept", data={"form": "file"})
    assert need["id"] in file.get_data(as_text=True)
    acts = [row["action"] for row in record.history(store, "person", kim.person_id)]
    assert acts.count("person.give_out") == 2


def test_an_administrator_erases_with_a_reason_and_the_person_is_shown_as_erased(store, admin, text, kim):
    path = f"/admin/people/{kim.person_id}"
    need = create_need(store, kim.organisations("owner")[0], person_id=kim.person_id, contact="Kim Karlsson, 070-1 23")
    assert f"{path}/erase" in admin.get(path).get_data(as_text=True)
    missing = admin.post(f"{path}/erase", data={"reason": " "})
    assert missing.status_code == 422
    assert admin.post(f"{path}/erase", data={"reason": "Kim Karlsson bad om det."}).status_code == 303
    assert store.query("select contact from need where id = :id", {"id": need["id"]}) == [{"contact": ""}]
    page = admin.get(path)
    assert "Erased person" in text(page)
    assert "Nothing is kept that says who it was" in text(page)
    assert "Karlsson" not in text(page)
    assert "Raderad" not in text(page)
    assert "Erased person bad om det." in text(admin.get("/admin/record"))
    assert "Karlsson" not in text(admin.get("/admin/people"))
    assert "Erased person" not in text(admin.get("/admin/people"))
    for gone in ("kept", "erase"):
        assert admin.get(f"{path}/{gone}").status_code == 404
    assert admin.post(f"{path}/open").status_code == 409


def test_texts_of_others_lose_a_name_only_when_an_administrator_says_so(app, store, admin, login, text):
    def person(number):
        email = f"p{number}@example.org"
        one = create_person(
            store, "owner", name="särskilda boenden", email=email, password_hash=passwords.hashed(PASSWORD)
        )
        return one, create_need(store, published=True, title=f"Fall på särskilda boenden {number}")["id"]

    def title(need_id):
        return store.query("select title from need where id = :id", {"id": need_id})[0]["title"]

    one, need = person(1)
    client = login(app.test_client(), one)
    shown = text(client.get("/account/erase"))
    assert "it could be anybody’s" in shown
    assert "Need (1)" not in shown, "that would tell of drafts of others"
    assert client.post("/account/erase", data={"present": PASSWORD, "everywhere": "yes"}).status_code == 303
    assert title(need) == "Fall på särskilda boenden 1"

    one, need = person(2)
    path = f"/admin/people/{one.person_id}/erase"
    assert "“särskilda boenden” also stands in texts of others" in text(admin.get(path))
    assert "Need (2)" in text(admin.get(path))
    assert admin.post(path, data={"reason": "Bad om det."}).status_code == 303
    assert title(need) == "Fall på särskilda boenden 2"

    one, need = person(3)
    path = f"/admin/people/{one.person_id}/erase"
    assert admin.post(path, data={"reason": "Bad om det.", "everywhere": "yes"}).status_code == 303
    assert "boenden" not in title(need)


def test_a_name_that_a_page_writes_is_translated_wherever_it_stands(app, store, client, login, text):
    town = create_organisation(store)
    create_person(store, "administrator")
    gone, stays = (create_person(store, "owner", town, name=f"Åke {name}") for name in ("Borta", "Kvar"))
    grant(store, stays, "broker")
    need = create_need(store, town, published=True, person_id=gone.person_id, description="Fråga Åke Borta.")
    erased_at = clock.now()
    from matcher.hub import erasure

    erasure.erase(store, gone.person_id, None, erased_at)
    assert "Fråga Erased person." in text(login(client, stays).get(f"/needs/{need['id']}"))


def test_the_public_page_tells_every_period_and_what_a_visitor_sees(client, text):
    start = client.get("/").get_data(as_text=True)
    assert 'href="/about/privacy"' in start
    page = text(client.get("/about/privacy", headers={"Accept-Language": "en"}))
    assert {period.code for period in retention.PERIODS} == set(personal_words.PERIODS)
    for what, why in personal_words.PERIODS.values():
        assert str(what) in page
        assert str(why) in page
    assert "30 days" in page
    assert "10 years" in page
    assert "What a visitor without a log-in sees" in page


def test_the_page_reads_the_record_and_each_text_once_whatever_it_says(store, admin, kim, monkeypatch):
    asked = []
    query = type(store).query

    def spy(self, sql, params=None):
        asked.append(" ".join(sql.split()))
        return query(self, sql, params)

    create_need(store, published=True, title="Fråga Kim Karlsson")
    monkeypatch.setattr(type(store), "query", spy)
    path = f"/admin/people/{kim.person_id}/erase"
    for ask, status in ((lambda: admin.get(path), 200), (lambda: admin.post(path, data={"reason": " "}), 422)):
        asked.clear()
        page = ask()
        assert page.status_code == status
        assert "Need (1)" in page.get_data(as_text=True)
        looked = [sql for sql in asked if "replace(lower(coalesce" in sql]
        assert len(looked) == len(set(looked)) > 30
        # The second asks whether there is a further page.
        assert len([sql for sql in asked if sql.startswith("select * from audit where n >")]) == 2

    asked.clear()
    store.execute("update person set name = 'Kim' where id = :id", {"id": kim.person_id})
    assert "also stands in texts" not in admin.get(path).get_data(as_text=True)
    astrid, ada = (row["id"] for row in query(store, "select id from person where name like 'A%' order by name desc"))
    store.execute("update membership set revoked_at = :now where person_id = :id", {"now": clock.now(), "id": astrid})
    assert "last administrator" in admin.get(f"/admin/people/{ada}/erase").get_data(as_text=True)
    assert not [sql for sql in asked if "from audit where n >" in sql or "replace(lower(coalesce" in sql]
