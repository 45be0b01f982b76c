import re
from dataclasses import replace

import pytest

from tests import factories
from tests.factories import NOW


def test_the_start_page_shows_the_newest_needs_and_what_there_is(store, client, text):
    factories.create_need(store, published=True, title="Det nyaste")
    factories.create_need(store, title="Ett utkast")
    page = text(client.get("/"))
    assert "Det nyaste" in page
    assert "Ett utkast" not in page


def test_an_empty_hub_invites_the_first_need(client, text):
    assert "/needs/new" in text(client.get("/"))


@pytest.mark.parametrize("role", [None, "broker", "owner", "startup", "host", "administrator"])
def test_no_link_of_the_start_page_leads_nowhere(store, client, login, text, role):
    factories.create_need(store, published=True)
    if role:
        login(client, factories.create_person(store, role))
    page = text(client.get("/"))
    links = set(re.findall(r'href="(/[^"#]*)"', page[page.index("<main") : page.index("</main>")]))
    assert links
    assert {link: status for link in links if (status := client.get(link).status_code) >= 400} == {}
    assert ("/needs/new" in links) is (role in (None, "owner", "startup", "broker"))
    assert ("/startups/new" in links) is (role in (None, "startup"))


@pytest.mark.parametrize("path", ["/results", "/about/ranking", "/about/privacy", "/about/accessibility"])
def test_what_the_hub_says_about_itself_is_open_to_all(store, client, path):
    factories.create_organisation(store, "hub", name="Hubben", website="https://hub.example")
    assert client.get(path).status_code == 200


def test_results_count_confirmed_pairings_by_theme(store, client, text):
    need, startup = factories.create_need(store, published=True), factories.create_startup(store, published=True)
    row = {"id": "p", "need_id": need["id"], "startup_id": startup["id"], "need_version": 1, "seen": "{}"}
    times = dict.fromkeys(("proposed_at", "owner_accepted_at", "startup_accepted_at", "confirmed_at"), NOW)
    store.insert("pairing", {**row, **times, "answer_by": "2026-12-01"})
    assert "<table" in text(client.get("/results"))


def test_ones_own_page_asks_a_visitor_to_log_in(client):
    assert "/login?next=" in client.get("/mine").location


def test_an_owner_finds_every_need_with_its_next_step(store, client, login, text):
    owner = factories.create_person(store, "owner")
    organisation = owner.organisations("owner")[0]
    factories.create_need(store, organisation, title="Ett utkast")
    factories.create_need(store, organisation, title="Ute", published=True)
    factories.create_need(store, title="Andras", published=True)
    page = text(login(client, owner).get("/mine"))
    assert "Ett utkast" in page
    assert "Startups are being ranked" in page
    assert "Andras" not in page


def test_a_startup_finds_its_profile_and_the_needs_for_it(store, client, login, text):
    person = factories.create_person(store, "startup")
    startup = factories.create_startup(store, person.organisations("startup")[0], published=True)
    page = text(login(client, person).get("/mine"))
    assert f"/startups/{startup['id']}/needs" in page


def test_a_host_finds_the_testbeds(store, client, login, text):
    person = factories.create_person(store, "host")
    factories.create_testbed(store, person.organisations("host")[0], name="Vinterlabbet", published=True)
    assert "Vinterlabbet" in text(login(client, person).get("/mine"))


@pytest.mark.parametrize("role", ["owner", "startup", "host", None])
def test_an_empty_page_says_what_to_do_first(store, client, login, role):
    assert b'class="empty"' in login(client, factories.create_person(store, role)).get("/mine").data


def test_brokers_have_their_desk(store, client, login):
    assert "/desk" in login(client, factories.create_person(store, "broker")).get("/mine").location


def test_the_own_page_costs_the_same_whatever_it_lists(store, client, login, monkeypatch):
    owner = factories.create_person(store, "owner")
    counted = []
    query = type(store).query
    monkeypatch.setattr(type(store), "query", lambda self, *args: counted.append(1) or query(self, *args))
    login(client, owner)
    numbers = []
    for _ in range(2):
        for _ in range(10):
            factories.create_need(store, owner.organisations("owner")[0], published=True)
        counted.clear()
        client.get("/mine")
        numbers.append(len(counted))
    assert numbers[0] == numbers[1] <= 12


def test_cases_and_interests_say_where_they_stand(store, client, login, text):
    person = factories.create_person(store, "startup")
    need = factories.create_need(store, published=True)
    startup = factories.create_startup(store, person.organisations("startup")[0], published=True)
    both = {"need_id": need["id"], "startup_id": startup["id"], "need_version": 1}
    row = {"id": "in1", "message": "Vi kan", "created_at": NOW, "answer_by": "2026-12-01"}
    store.insert("interest", {**both, **row})
    store.insert("pairing", {**both, "id": "pa1", "seen": "{}", "proposed_at": NOW, "answer_by": "2036-12-01"})
    page = text(login(client, person).get("/mine"))
    assert "/pairings/pa1" in page
    assert "/interests/in1" in page


def test_an_owner_is_told_of_candidates_to_comment(store, client, login, text):
    owner = factories.create_person(store, "owner")
    need = factories.create_need(store, owner.organisations("owner")[0], published=True)
    startup = factories.create_startup(store, published=True)
    shared = {"id": "sh1", "need_id": need["id"], "startup_id": startup["id"], "seen": "{}", "at": NOW}
    store.insert("share", shared)
    assert f"/needs/{need['id']}/candidates" in text(login(client, owner).get("/mine"))


@pytest.mark.parametrize("path", ["/", "/about/accessibility", "/about/privacy", "/no-such-page"])
def test_who_answers_questions_is_named_on_every_page(app, client, path):
    app.config["MATCHER"] = replace(app.config["MATCHER"], contact="hub@example.org")
    assert 'href="mailto:hub@example.org"' in client.get(path).text


def test_a_failed_page_names_who_answers_questions_too(app, client, monkeypatch):
    app.config["MATCHER"] = replace(app.config["MATCHER"], contact="hub@example.org")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr("matcher.web.home.render_template", lambda *_args, **_given: 1 / 0)
    answer = client.get("/")
    assert answer.status_code == 500
    assert 'href="mailto:hub@example.org"' in answer.text


def test_what_waits_for_a_side_stands_first_and_says_what_to_do(store, client, login, text):
    owner, startup = factories.create_person(store, "owner"), factories.create_person(store, "startup")
    need = factories.create_need(store, owner.organisations("owner")[0], published=True, title="Fall")
    offer = factories.create_startup(store, startup.organisations("startup")[0], published=True)
    row = {"need_id": need["id"], "startup_id": offer["id"], "need_version": 1, "seen": "{}", "proposed_at": NOW}
    store.insert("pairing", {**row, "id": "pa1", "startup_accepted_at": NOW, "answer_by": "2036-12-01"})
    page = text(login(client, owner).get("/mine"))
    assert page.index("Waits for you") < page.index("Answer the proposal") < page.index("My cases")
    assert "Waits for you" not in text(login(client, startup).get("/mine"))
