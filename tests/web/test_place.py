"""The startup's page about its place for one need, and what the machine doubts about a profile."""

from __future__ import annotations

import json
from typing import Any

import pytest

from matcher.hub import conflicts, reference
from matcher.hub.clock import now
from matcher.ranking.encoder import TinyEncoder
from tests import factories
from tests.ranking import hub
from tests.ranking.test_gaming import NEED, OWN

TITLE, _, REST = NEED.partition("\n")


@pytest.fixture
def need(store: Any) -> dict[str, Any]:
    row = hub.create_need(store, TITLE, description=REST, id="behov", min_readiness=7, themes=["elderly_care"])
    hub.embed(store, TinyEncoder())
    return row


@pytest.fixture
def founder(store: Any, client: Any, login: Any, need: dict[str, Any]) -> Any:
    client.person = factories.create_person(store, "startup")
    own = client.person.organisations("startup")[0]
    text = f"{OWN}\nVi larmar när någon faller om natten."
    hub.create_startup(store, text, id="bolag", name="Larmbolaget", organisation=own, readiness=5, updated_at=now())
    hub.embed(store, TinyEncoder())
    return login(client, client.person)


def copy_the_need(store: Any) -> None:
    row = store.query("select * from startup where id = 'bolag'")[0]
    hub.change(store, "startup", row, description=f"{OWN}\n{NEED}")
    hub.embed(store, TinyEncoder())


def test_the_list_leads_to_the_place_and_the_place_says_what_stops_and_what_lifts_it(founder: Any, text: Any) -> None:
    assert "/startups/bolag/needs/behov" in text(founder.get("/startups/bolag/needs"))
    page = text(founder.get("/startups/bolag/needs/behov"))
    assert "Place 1 of 1" in page
    assert "level 5; the need asks for 7" in page
    assert "Readiness level 7" in page
    assert "Then nothing stops you, and brokers see you at place 1." in page
    assert "In meaning your profile" not in page  # it is not compared with itself


def test_a_draft_is_told_that_it_has_no_place(founder: Any, store: Any, text: Any) -> None:
    row = store.query("select * from startup where id = 'bolag'")[0]
    hub.change(store, "startup", row, published_at=None)
    assert "No place yet" in text(founder.get("/startups/bolag/needs/behov"))


def test_the_company_reads_of_another_companys_name_and_of_too_many_themes(founder: Any, store: Any, text: Any) -> None:
    hub.create_startup(store, NEED, id="rival", name="Halltid AB")
    row = store.query("select * from startup where id = 'bolag'")[0]
    themes = json.dumps(sorted(reference.codes("themes")))
    hub.change(store, "startup", row, description=f"{OWN} Ett alternativ till Halltid.", themes=themes)
    hub.embed(store, TinyEncoder())
    page = text(founder.get("/startups/bolag"))
    assert "This is the name of another company, and is not ranked:" in page
    assert "17 themes are ticked." in page
    assert 'href="/startups/rival"' in founder.get("/startups/bolag").text


def test_the_company_reads_what_was_left_out_and_why(founder: Any, store: Any, text: Any) -> None:
    assert "left out" not in text(founder.get("/startups/bolag"))
    copy_the_need(store)
    page = text(founder.get("/startups/bolag"))
    assert "This stands in a published need, and is not ranked:" in page
    assert "412 fall" in page
    assert "It is in order" not in page


def test_brokers_find_it_on_the_desk_and_may_say_that_it_is_in_order(
    founder: Any, client: Any, store: Any, login: Any, text: Any
) -> None:
    copy_the_need(store)
    broker = login(client, factories.create_person(store, "broker"))
    desk = text(broker.get("/desk/"))
    assert "Words of a published need" in desk
    assert "/startups/bolag" in desk
    answer = broker.post("/startups/bolag/in-order", data={"code": "copied"})
    assert answer.status_code == 303
    assert "Words of a published need" not in text(broker.get("/desk/"))
    assert "In order, says" in text(broker.get("/startups/bolag"))
    assert "412" in store.query("select group_concat(text) as said from sentence where subject_id = 'bolag'")[0]["said"]


def test_nearly_the_same_profiles_are_one_row_that_names_the_others(
    client: Any, store: Any, login: Any, need: dict[str, Any], text: Any
) -> None:
    for number in range(5):
        hub.create_startup(store, f"Bolag{number} gör sak{number} med metod{number} åt kund{number}", readiness=8)
    twin = "Vi larmar när någon faller om natten på ett boende, och nattpersonalen får veta det på en gång i telefonen"
    for _ in range(3):
        hub.create_startup(store, twin, name="Larm", readiness=8)
    hub.embed(store, TinyEncoder())
    page = text(login(client, factories.create_person(store, "broker")).get("/desk/needs/behov"))
    assert "And 2 nearly the same" in page


def test_while_the_model_is_away_nothing_is_said_to_have_been_tried(
    founder: Any, app: Any, store: Any, text: Any
) -> None:
    hub.change(store, "need", {"id": "behov"}, min_readiness=3)
    app.extensions["encoder"] = hub.AwayEncoder()
    page = text(founder.get("/startups/bolag/needs/behov"))
    assert "no text could be tried" in page
    assert "Nothing that was tried" not in page


def test_a_profile_that_answers_the_need_is_not_told_that_it_is_about_other_things(
    founder: Any, store: Any, text: Any
) -> None:
    hub.change(store, "need", {"id": "behov"}, min_readiness=3)
    conflicts.declare(store, factories.create_person(store, "broker"), "behov", "bolag", "Samma ägare.", now())
    page = text(founder.get("/startups/bolag/needs/behov"))
    assert "Place 1 of 1" in page
    assert "Where the two texts meet" in page
    assert "about other things than this need" not in page
    assert "Nothing that was tried would lift you." in page
