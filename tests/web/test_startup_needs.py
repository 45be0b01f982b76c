from __future__ import annotations

import re
from typing import Any

import pytest

from matcher.hub import clock
from matcher.ranking.encoder import TinyEncoder
from tests import factories
from tests.hub.cases import Case
from tests.ranking import hub


@pytest.fixture
def founder(store: Any, client: Any, login: Any) -> Any:
    client.person = factories.create_person(store, "startup")
    return login(client, client.person)


@pytest.fixture
def startup(store: Any, founder: Any) -> dict[str, Any]:
    own = founder.person.organisations("startup")[0]
    text = "Plog för snöröjning av cykelvägar"
    return hub.create_startup(store, text, id="bolag", name="Plogbolaget", organisation=own, readiness=5)


@pytest.fixture
def needs(store: Any, startup: Any) -> list[dict[str, Any]]:
    titles = ["Matsvinn i skolkök", "Snöröjning av cykelvägar", "Ensamhet bland äldre"]
    made = [hub.create_need(store, title, id=f"behov-{number}") for number, title in enumerate(titles)]
    hub.embed(store, TinyEncoder())
    return made


def ranked(answer: Any) -> list[str]:
    return re.findall(r'<h2><a href="/needs/([^"]+)"', answer.get_data(as_text=True))


def test_the_needs_that_fit_stand_first_with_why(founder: Any, needs: Any, text: Any) -> None:
    answer = founder.get("/startups/bolag/needs")
    assert ranked(answer)[0] == "behov-1"
    assert "<mark>cykelvägar</mark>" in text(answer)
    assert text(answer).count("Show interest") == 3


def test_the_startup_reads_about_itself_as_you(founder: Any, store: Any, needs: Any, text: Any) -> None:
    hub.change(store, "startup", {"id": "bolag"}, seeks='["test", "sell"]', capacity=2)
    page = text(founder.get("/startups/bolag/needs"))
    assert "What you seek" in page
    assert "What the startup seeks" not in page


def test_what_stops_a_need_is_said_and_no_interest_asked_for(founder: Any, store: Any, needs: Any, text: Any) -> None:
    hub.change(store, "need", {"id": "behov-1"}, min_readiness=8)
    page = text(founder.get("/startups/bolag/needs"))
    assert "level 5; the need asks for 8" in page
    assert page.count("Show interest") == 2


def test_where_something_stands_already_it_is_opened(client: Any, store: Any, login: Any, text: Any) -> None:
    case = Case(store)
    pairing_id = case.propose(now=clock.now())
    hub.embed(store, TinyEncoder())
    page = text(login(client, case.founder).get(f"/startups/{case.startup['id']}/needs"))
    assert f"/pairings/{pairing_id}" in page
    assert "Show interest" not in page


def test_an_empty_hub_says_what_comes(founder: Any, startup: Any, text: Any) -> None:
    assert "No needs are published yet" in text(founder.get("/startups/bolag/needs"))


def test_a_draft_profile_is_ranked_and_told_that_nobody_sees_it(
    founder: Any, store: Any, needs: Any, text: Any
) -> None:
    hub.change(store, "startup", {"id": "bolag"}, published_at=None)
    answer = founder.get("/startups/bolag/needs")
    assert ranked(answer)[0] == "behov-1"
    assert "not published" in text(answer)
    assert "Show interest" not in text(answer)


def test_the_list_goes_on_and_ends(founder: Any, store: Any, needs: Any, text: Any) -> None:
    for number in range(9):
        hub.create_need(store, f"Behov nummer {number}")
    hub.embed(store, TinyEncoder())
    pages = [ranked(founder.get(f"/startups/bolag/needs?page={page}")) for page in (1, 2)]
    assert [len(page) for page in pages] == [10, 2]
    assert not set(pages[0]) & set(pages[1])
    assert "There are no more needs" in text(founder.get("/startups/bolag/needs?page=3"))


def test_another_startup_has_no_such_page(client: Any, store: Any, login: Any, needs: Any) -> None:
    login(client, factories.create_person(store, "startup"))
    assert client.get("/startups/bolag/needs").status_code == 403


def test_who_else_has_a_need_is_told_apart_from_its_page(founder: Any, store: Any, needs: Any, text: Any) -> None:
    hub.create_need(store, "Snöröjning av cykelvägar i vår kommun", id="behov-likt")
    hub.embed(store, TinyEncoder())
    assert 'hx-get="/needs/behov-1/similar"' in text(founder.get("/needs/behov-1"))
    part = founder.get("/needs/behov-1/similar", headers={"HX-Request": "true"})
    assert "<html" not in text(part)
    assert "/needs/behov-likt" in text(part)
    whole = text(founder.get("/needs/behov-1/similar"))
    assert "<html" in whole
    assert "/needs/behov-likt" in whole
    assert "No other published need is near this one" in text(founder.get("/needs/behov-2/similar"))
