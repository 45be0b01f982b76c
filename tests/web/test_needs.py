import re

import pytest

from matcher.hub import needs
from tests import factories
from tests.factories import NOW


@pytest.fixture
def owner(store):
    return factories.create_person(store, "owner")


@pytest.fixture
def organisation(owner):
    return owner.organisations("owner")[0]


def test_the_catalogue_lists_what_is_published(store, client, text):
    factories.create_need(store, published=True, title="Synligt behov")
    factories.create_need(store, title="Hemligt utkast")
    page = text(client.get("/needs"))
    assert "Synligt behov" in page
    assert "Hemligt utkast" not in page


def test_an_empty_catalogue_says_what_to_do_first(client, text):
    assert "/needs/new" in text(client.get("/needs"))


def test_filters_that_find_nothing_lead_back(store, client):
    factories.create_need(store, published=True)
    page = client.get("/needs?theme=school")
    assert b"Show all" in page.data or b"Visa alla" in page.data


@pytest.mark.parametrize(
    "query", ["theme=x", "county=99", "sort=drop", "page=abc", "page=-1", "page=999", "status=all"]
)
def test_what_is_not_on_a_list_counts_as_not_asked_for(store, client, query):
    factories.create_need(store, published=True, title="Behov")
    factories.create_need(store, title="Utkast")
    page = client.get(f"/needs?{query}")
    assert page.status_code == 200
    assert b"Behov" in page.data
    assert b"Utkast" not in page.data


def test_a_long_catalogue_comes_in_pages_that_keep_the_filters(store, client):
    organisation = factories.create_organisation(store)
    for _ in range(30):
        factories.create_need(store, organisation, published=True)
    page = client.get("/needs?theme=elderly_care&page=2").get_data(as_text=True)
    assert page.count("card is-link") == 5
    assert "theme=elderly_care&amp;page=1" in page


def test_the_number_of_queries_does_not_grow_with_the_rows(store, client, monkeypatch):
    organisation = factories.create_organisation(store)
    counted = []
    query = type(store).query
    monkeypatch.setattr(type(store), "query", lambda self, *args: counted.append(1) or query(self, *args))
    factories.create_need(store, organisation, published=True)
    counted.clear()
    client.get("/needs")
    few = len(counted)
    for _ in range(20):
        factories.create_need(store, organisation, published=True)
    counted.clear()
    client.get("/needs")
    assert len(counted) == few <= 3


def test_a_broker_filters_by_status(store, client, login, text):
    login(client, factories.create_person(store, "broker"))
    factories.create_need(store, submitted=True, title="Väntar")
    factories.create_need(store, published=True, title="Ute")
    page = text(client.get("/needs?status=submitted"))
    assert "Väntar" in page
    assert "Ute" not in page.split("</form>")[-1]


def test_an_owner_lists_the_own_ones_in_every_status(store, client, login, owner, organisation, text):
    login(client, owner)
    factories.create_need(store, organisation, title="Mitt utkast")
    factories.create_need(store, title="Andras")
    page = text(client.get("/needs?own=yes&status=all"))
    assert "Mitt utkast" in page
    assert "Andras" not in page


def test_a_visitor_reads_a_need_without_names(store, client, text):
    need = factories.create_need(store, published=True, runner="Rut Runnare")
    page = text(client.get(f"/needs/{need['id']}"))
    for name in ("people", "description", "effect", "measure", "tried", "keep"):
        assert need[name] in page
    assert "Kim Kontakt" not in page
    assert "Rut Runnare" not in page


def test_somebody_logged_in_reads_who_owns_it(store, client, login, text):
    need = factories.create_need(store, published=True)
    login(client, factories.create_person(store, "startup"))
    page = text(client.get(f"/needs/{need['id']}"))
    assert "Kim Kontakt" in page
    assert f"/needs/{need['id']}/edit" not in page


def test_somebody_elses_draft_is_not_there(store, client, login):
    need = factories.create_need(store)
    assert client.get(f"/needs/{need['id']}").status_code == 404
    login(client, factories.create_person(store, "owner"))
    for path in ("", "/edit", "/versions", "/close", "/review"):
        assert client.get(f"/needs/{need['id']}{path}").status_code == 404
    for path in ("/edit", "/submit", "/close", "/publish", "/return"):
        assert client.post(f"/needs/{need['id']}{path}").status_code == 404
    assert needs.load(store, factories.create_person(store, "broker"), need["id"])["revision"] == 1


def test_a_published_need_of_others_can_be_read_but_not_changed(store, client, login):
    need = factories.create_need(store, published=True)
    login(client, factories.create_person(store, "owner"))
    assert client.get(f"/needs/{need['id']}").status_code == 200
    for path in ("/edit", "/submit", "/close", "/publish", "/return"):
        assert client.post(f"/needs/{need['id']}{path}").status_code == 403


def test_a_need_whose_last_day_has_passed_says_so(store, client, text):
    need = factories.create_need(store, published=True, valid_until="2024-01-31")
    page = client.get(f"/needs/{need['id']}")
    assert re.search(r"data-color=.warning.", page.get_data(as_text=True))


def test_the_owner_sees_what_happens_next_by_when_and_who_to_ask(store, client, login, owner, organisation, text):
    broker = factories.create_person(store, "broker")
    need = factories.create_need(store, organisation, submitted=True)
    login(client, owner)
    page = text(client.get(f"/needs/{need['id']}"))
    assert "November 27, 2026" in page
    assert broker.email in page


def test_the_owner_reads_what_the_broker_asks_for(store, client, login, owner, organisation, text):
    need = factories.create_need(store, organisation, returned_at=NOW, return_comment="Hur många är de?")
    login(client, owner)
    assert "Hur många är de?" in text(client.get(f"/needs/{need['id']}"))


def test_versions_show_what_came_and_what_went(store, client, owner, organisation, text):
    need = factories.create_need(store, organisation, published=True, effect="Färre fall på natten")
    needs.save(store, owner, need["id"], {"effect": "Inga fall på natten", "themes": ["health_care"]}, 1, NOW)
    page = text(client.get(f"/needs/{need['id']}/versions"))
    assert re.search(r"<del><span[^>]*>[^<]+</span>Färre </del><ins><span[^>]*>[^<]+</span>Inga </ins>fall", page)
    assert owner.name not in page
    assert f"/needs/{need['id']}/versions" in text(client.get(f"/needs/{need['id']}"))


def test_what_somebody_wrote_is_text_and_never_markup(store, client):
    need = factories.create_need(store, published=True, title="<b>X</b>", effect="<script>alert(1)</script>")
    page = client.get(f"/needs/{need['id']}").get_data(as_text=True)
    assert "<b>X" not in page
    assert "<script>alert" not in page


def test_an_owner_closes_a_need_with_a_reason(store, client, login, owner, organisation, text):
    need = factories.create_need(store, organisation, published=True)
    login(client, owner)
    assert client.get(f"/needs/{need['id']}/close").status_code == 200
    answer = client.post(f"/needs/{need['id']}/close", data={"reason": "met", "note": "Vi har löst det."})
    assert answer.status_code == 303
    assert "Vi har löst det." in text(client.get(f"/needs/{need['id']}"))


def test_closing_without_a_reason_keeps_the_note(store, client, login, owner, organisation, text):
    need = factories.create_need(store, organisation, published=True)
    login(client, owner)
    answer = client.post(f"/needs/{need['id']}/close", data={"note": "Vi har löst det."})
    assert answer.status_code == 422
    assert "Vi har löst det." in text(answer)


def test_a_closed_need_is_closed_once(store, client, login, owner, organisation):
    need = factories.create_need(store, organisation, published=True, closed_at=NOW, close_reason="met")
    login(client, owner)
    assert client.post(f"/needs/{need['id']}/close", data={"reason": "met"}).status_code == 409
    assert client.get(f"/needs/{need['id']}/close").status_code == 409
    assert client.get(f"/needs/{need['id']}/edit").status_code == 409


def test_a_startup_is_led_to_show_interest_while_it_can(store, client, login, text):
    open_need = factories.create_need(store, published=True)
    late = factories.create_need(store, published=True, valid_until="2024-01-31")
    assert "/interest" not in text(client.get(f"/needs/{open_need['id']}"))
    login(client, factories.create_person(store, "startup"))
    assert f"/needs/{open_need['id']}/interest" in text(client.get(f"/needs/{open_need['id']}"))
    assert "/interest" not in text(client.get(f"/needs/{late['id']}"))


def test_a_company_does_not_answer_its_own_need(store, client, login, text):
    person = factories.create_person(store, "startup")
    need = factories.create_need(store, person.organisations("startup")[0], published=True)
    page = text(login(client, person).get(f"/needs/{need['id']}"))
    assert "/interest" not in page
    assert f"/needs/{need['id']}/candidates" in page
