"""Pages for visitors are kept while nothing changes, and never given to anybody they were not made for."""

import re

import pytest

from matcher.hub import needs, organisations
from matcher.web import kept
from tests import factories
from tests.factories import NOW

PAGES = ["/needs", "/testbeds", "/"]


def token(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page.get_data(as_text=True))[1]


def without_token(page):
    return page.get_data(as_text=True).replace(token(page), "")


@pytest.fixture
def asked(store, monkeypatch):
    """Every statement that the store was asked."""
    statements, query = [], store.query

    def count(sql, params=None):
        statements.append(sql)
        return query(sql, params)

    monkeypatch.setattr(store, "query", count)
    return statements


@pytest.mark.parametrize("path", PAGES)
def test_a_visitors_page_is_made_once_and_costs_one_statement_after_that(app, asked, path):
    first = app.test_client().get(path)
    made = len(asked)
    second = app.test_client().get(path)
    assert without_token(second) == without_token(first)
    assert (made > 1, len(asked) - made) == (True, 1)


def test_what_changes_is_seen_at_once(store, app):
    client, broker = app.test_client(), factories.create_person(store, "broker")
    organisation = factories.create_organisation(store)
    need = factories.create_need(store, organisation, published=True, title="Första behovet")
    assert b"F\xc3\xb6rsta behovet" in client.get("/needs").data
    organisations.save(store, broker, organisation["id"], {"name": "Nya Namnets kommun"}, NOW)
    assert b"Nya Namnets kommun" in client.get("/needs").data
    needs.close(store, broker, need["id"], "met", "", NOW)
    assert b"F\xc3\xb6rsta behovet" not in client.get("/needs").data


def test_a_need_whose_last_day_was_yesterday_is_gone_though_nothing_was_written(store, client, monkeypatch):
    factories.create_need(store, published=True, title="Snart för sent", valid_until="2031-05-01")
    monkeypatch.setattr("matcher.hub.clock.now", lambda: "2031-05-01T12:00:00.000000Z")
    assert "Snart för sent" in client.get("/needs").get_data(as_text=True)
    monkeypatch.setattr("matcher.hub.clock.now", lambda: "2031-05-02T12:00:00.000000Z")
    assert "Snart för sent" not in client.get("/needs").get_data(as_text=True)


def test_every_visitor_has_a_token_of_their_own_that_works(app):
    one, other = app.test_client(), app.test_client()
    tokens = [token(client.get("/needs")) for client in (one, other)]
    assert tokens[0] != tokens[1]
    form = {"csrf_token": tokens[1], "locale": "en", "next": "/needs"}
    assert other.post("/language", data=form, csrf=False).status_code == 303
    assert one.post("/language", data=form, csrf=False).status_code == 400


def test_each_language_has_its_own_page(app):
    english, swedish = (app.test_client().get("/needs", headers={"Accept-Language": code}) for code in ("en", "sv"))
    assert b'lang="en"' in english.data
    assert b'<html lang="sv"' in swedish.data


def test_who_is_logged_in_neither_leaves_nor_gets_a_kept_page(store, app, login):
    broker = login(app.test_client(), factories.create_person(store, "broker", name="Birgit Mäklare"))
    assert "Birgit Mäklare" in broker.get("/needs").get_data(as_text=True)
    assert "Birgit Mäklare" not in app.test_client().get("/needs").get_data(as_text=True)
    assert "Birgit Mäklare" in broker.get("/needs").get_data(as_text=True)


def test_a_message_is_shown_once_and_to_its_reader_alone(app):
    client = app.test_client()
    client.get("/needs")
    with client.session_transaction() as session:
        session["_flashes"] = [("success", "Bara för dig")]
    assert "Bara för dig" in client.get("/needs").get_data(as_text=True)
    assert "Bara för dig" not in client.get("/needs").get_data(as_text=True)
    assert "Bara för dig" not in app.test_client().get("/needs").get_data(as_text=True)


def test_addresses_without_number_do_not_fill_the_memory(app, client, monkeypatch):
    monkeypatch.setattr(kept, "MOST", 3)
    for number in range(6):
        client.get(f"/needs?page={number}")
    assert len(app.extensions["pages"]._held) == 3


def test_a_row_of_the_open_interface_is_kept_until_it_changes(store, client, asked):
    broker = factories.create_person(store, "broker")
    need = factories.create_need(store, published=True, title="Ett behov")
    first = client.get(f"/api/v1/needs/{need['id']}")
    made = len(asked)
    again = client.get(f"/api/v1/needs/{need['id']}", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.json["title"], again.status_code, len(asked) - made) == ("Ett behov", 304, 1)
    needs.close(store, broker, need["id"], "met", "", NOW)
    assert client.get(f"/api/v1/needs/{need['id']}").status_code == 404
