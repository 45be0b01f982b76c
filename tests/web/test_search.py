from __future__ import annotations

from typing import Any

import pytest

from matcher.ranking.encoder import TinyEncoder
from matcher.web import search
from tests import factories
from tests.ranking import hub

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def things(store: Any) -> None:
    for number, title in enumerate(["Snöröjning av cykelvägar", "Matsvinn i skolkök", "Ensamhet bland äldre"]):
        hub.create_need(store, title, id=f"behov-{number}")
    hub.create_need(store, "Snöröjning av gator", id="utkast", published=False)
    for number, offer in enumerate(["Plog för snöröjning av cykelvägar", "Våg för matsvinn", "Sällskap för äldre"]):
        hub.create_startup(store, offer, id=f"bolag-{number}")
    factories.create_testbed(store, published=True, id="gata", name="Gatan", description="Snöröjning av cykelvägar")
    factories.create_testbed(store, published=True, id="köket", name="Köket", description="Ett kök i drift")
    hub.embed(store, TinyEncoder())


def test_without_words_the_page_says_how_to_begin(client: Any, text: Any) -> None:
    page = text(client.get("/search", headers=ENGLISH))
    assert "Nothing searched for yet" in page


def test_a_visitor_finds_needs_and_testbeds_but_no_startups_and_no_drafts(client: Any, things: Any, text: Any) -> None:
    page = text(client.get("/search?q=snöröjning av cykelvägar"))
    assert "/needs/behov-0" in page and "/testbeds/gata" in page  # noqa: PT018 — one page
    assert "/startups/" not in page
    assert "utkast" not in page
    assert 'value="startup"' not in page


def test_whoever_is_logged_in_finds_startups_too(client: Any, login: Any, store: Any, things: Any, text: Any) -> None:
    login(client, factories.create_person(store, "owner"))
    page = text(client.get("/search?q=snöröjning av cykelvägar"))
    assert "/startups/bolag-0" in page
    assert "/startups/bolag-1" not in page, "what is far from it is left out"


def test_one_kind_can_be_chosen_and_a_forbidden_one_is_not_there(client: Any, things: Any, text: Any) -> None:
    page = text(client.get("/search?q=snöröjning av cykelvägar&kind=testbed"))
    assert "/testbeds/gata" in page
    assert "/needs/behov-0" not in page
    assert "/startups/" not in text(client.get("/search?q=snöröjning av cykelvägar&kind=startup"))


def test_when_nothing_is_near_the_page_says_so(client: Any, store: Any, text: Any) -> None:
    assert "Nothing is near that" in text(client.get("/search?q=snö", headers=ENGLISH))


def test_while_the_model_is_away_words_decide_and_the_page_says_so(
    client: Any, app: Any, things: Any, text: Any
) -> None:
    app.extensions["encoder"] = hub.AwayEncoder()
    page = text(client.get("/search?q=snöröjning", headers=ENGLISH))
    assert "The model that reads meaning does not answer" in page
    assert "/needs/behov-0" in page


@pytest.mark.parametrize("asked", ["%00", "x" * 5000, "<script>alert(1)</script>", "%22%27--", "   "])
def test_strange_questions_do_no_harm(client: Any, things: Any, asked: str) -> None:
    answer = client.get(f"/search?q={asked}&kind={asked[:5]}")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.get_data(as_text=True)


def test_nobody_searches_without_end(client: Any, things: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "SEARCHES_A_QUARTER", 2)
    answers = [client.get("/search?q=snö").status_code for _ in range(3)]
    assert answers == [200, 200, 429]
