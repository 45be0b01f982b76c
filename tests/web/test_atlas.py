from __future__ import annotations

import json
import re

import pytest

from matcher.hub import atlas as kept
from matcher.hub import clock
from matcher.ranking.encoder import TinyEncoder
from matcher.ranking.ranker import Ranker
from matcher.ranking.survey import Survey
from matcher.web import map_drawing
from tests import factories
from tests.ranking.hub import embed

MOST = 200_000  # bytes of a page's HTML that a phone shall be sent


def draw(store) -> None:
    """Do what the background does, at once."""
    encoder = TinyEncoder()
    embed(store, encoder)
    store.execute("delete from map_drawn")
    Survey(store, lambda: Ranker(store, encoder)).step()


@pytest.fixture
def hub(store):
    """Six needs and nine startups, drawn."""
    for number, theme in enumerate(["water", "water", "school", "school", "streets", "streets"]):
        factories.create_need(store, published=True, title=f"Behov {number} om {theme}", themes=[theme])
    for number in range(9):
        factories.create_startup(store, published=True, name=f"Bolag {number}", themes=["water"] if number < 2 else [])
    draw(store)
    return store


@pytest.fixture
def broker(hub, client, login):
    return login(client, factories.create_person(hub, "broker"))


def test_everything_published_is_on_the_map_and_in_the_table(broker, hub, text):
    factories.create_need(hub, title="Ett utkast")
    page = text(broker.get("/map"))
    assert "15 needs and startups" in page
    for row in hub.query("select id, title from need where published_at is not null"):
        assert page.count(f'/needs/{row["id"]}"') == 2  # the dot and the row
    for row in hub.query("select id from startup"):
        assert page.count(f'/startups/{row["id"]}"') == 2
    assert "Ett utkast" not in page


def test_an_area_is_named_in_the_readers_language_and_the_words_of_its_texts_stand_beside(broker, hub, text):
    hub.execute("update map_region set words = :words", {"words": '["vattnet", "forecast"]'})
    hub.execute("update need set themes = :water", {"water": '["water"]'})
    hub.execute("update startup set themes = '[]'")
    page = text(broker.get("/map"))
    assert "Words of the texts here: vattnet, forecast" in page
    assert "Water and stormwater: " not in page
    assert ". Water and stormwater</a>" in page


def test_areas_of_one_theme_are_told_apart_by_a_word_of_their_texts(broker, hub, text):
    for number, row in enumerate(hub.query("select number from map_region order by number")):
        words = json.dumps(["vattnet", f"ord{number}"])
        hub.execute("update map_region set words = :w where number = :n", {"w": words, "n": row["number"]})
    hub.execute("update need set themes = :water", {"water": '["water"]'})
    hub.execute("update startup set themes = '[]'")
    page = text(broker.get("/map"))
    names = re.findall(r"\d\. (Water and stormwater[^<]*)</a>", page)
    assert len(names) > 1
    assert len(set(names)) == len(names)
    assert names[0] == "Water and stormwater (ord0)"


def test_dots_have_the_colour_of_their_theme_and_the_shape_of_their_kind(broker, hub):
    page = broker.get("/map").get_data(as_text=True)
    water = map_drawing.colour({"themes": ["water"]})
    assert f'class="map-need map-t{water}"' in page
    assert f'class="map-startup map-t{water}"' in page
    assert 'class="map-startup map-t0"' in page  # without a theme


def test_a_theme_is_drawn_over_the_others(broker, hub, text):
    page = text(broker.get("/map?theme=water"))
    assert "4 needs and startups" in page
    assert "map-dim" in page
    assert "Behov 3 om school" not in page


def test_an_area_is_drawn_by_itself(broker, hub, text):
    regions = {row["region"] for row in kept.points(hub)}
    assert len(regions) > 1
    first = [row for row in kept.shown(hub) if row["region"] == 0]
    page = text(broker.get("/map?area=1"))
    assert "Area 1: " in page
    assert "map-mark" not in page
    assert page.count("<title>") == 1 + len(first)
    assert 'viewBox="0 0 1000 1000"' not in page


def test_the_rows_can_be_sorted_both_ways(broker, hub, text):
    names = [f"Behov {number}" for number in range(6)]
    up = text(broker.get("/map?kind=need&sort=name"))
    down = text(broker.get("/map?kind=need&sort=name&direction=desc"))
    rows = [re.findall(r'<th scope="row"><a [^>]*>(Behov \d)', page) for page in (up, down)]
    assert rows == [names, names[::-1]]


def test_pages_of_the_table_hold_every_row_once(store, client, login, text):
    for number in range(45):
        factories.create_startup(store, published=True, name=f"Bolag {number:02}")
    draw(store)
    broker = login(client, factories.create_person(store, "broker"))
    pages = [text(broker.get(f"/map?sort=kind&page={number}")) for number in (1, 2, 3, 9)]
    rows = [re.findall(r'<th scope="row"><a [^>]*>(Bolag \d\d)', page) for page in pages]
    assert sorted(rows[0] + rows[1] + rows[2]) == [f"Bolag {number:02}" for number in range(45)]
    assert rows[3] == rows[2]


def test_several_organisations_share_a_need(store, client, login, text):
    same = {"title": "Däck och däckservice", "people": "", "description": "", "effect": ""}
    for _ in range(3):
        factories.create_need(store, published=True, **same)
    alone = factories.create_need(store, published=True, title="Helt andra ting", description="x", people="", effect="")
    draw(store)
    store.execute("update map_point set shared = 7 where kind = 'need' and subject_id <> :id", {"id": alone["id"]})
    broker = login(client, factories.create_person(store, "broker"))
    page = text(broker.get("/map?show=shared"))
    assert "3 organisations have this need" in page
    assert "3 needs and startups" in page
    assert "Helt andra ting" not in page


def test_an_organisation_that_asks_twice_does_not_share(store, client, login, text):
    town = factories.create_organisation(store)
    for _ in range(2):
        factories.create_need(store, published=True, organisation_id=town["id"])
    draw(store)
    store.execute("update map_point set shared = 7")
    page = text(login(client, factories.create_person(store, "broker")).get("/map"))
    assert "organisations have this need" not in page


def test_needs_that_nothing_answers_are_ringed_and_listed(broker, hub, text):
    ids = [row["subject_id"] for row in kept.points(hub) if row["kind"] == "need"]
    hub.execute("update map_point set best = 0.9 where kind = 'need'")
    assert "map-alone" not in text(broker.get("/map"))
    hub.execute("update map_point set best = 0.1 where subject_id = :id", {"id": ids[0]})
    page = text(broker.get("/map?show=unanswered"))
    assert "map-alone" in page
    assert page.count("probably not answered") >= 1
    assert re.findall(r'<th scope="row"><a class="ds-link" href="/needs/(\w+)"', page) == [ids[0]]


def test_what_is_hidden_or_closed_is_gone_before_the_next_drawing(broker, hub, text):
    hub.execute("update startup set hidden_at = :at, hidden_reason = 'x'", {"at": clock.now()})
    hub.execute("update need set closed_at = :at, close_reason = 'met'", {"at": clock.now()})
    page = text(broker.get("/map"))
    assert "Bolag" not in page
    assert "Behov 1" not in page


def test_figures_of_single_startups_are_for_brokers_only(hub, client, login, text):
    owner = text(login(client, factories.create_person(hub, "owner")).get("/map"))
    assert "Bolag 1" in owner
    assert "In lists" not in owner
    assert "Best match" not in owner
    assert "plain likeness" not in owner
    assert "In lists" in text(login(client, factories.create_person(hub, "broker")).get("/map"))


@pytest.mark.parametrize("key", ["best", "lists"])
def test_the_order_does_not_tell_others_what_only_brokers_read(hub, client, login, text, key):
    login(client, factories.create_person(hub, "startup"))
    usual, asked = (client.get(f"/map?sort={sort}&direction=desc") for sort in ("area", key))
    rows = [
        re.findall(r'href="/(?:needs|startups)/([\w-]+)"', answer.get_data(as_text=True)) for answer in (usual, asked)
    ]
    assert rows[0]
    assert rows[0] == rows[1]


def test_a_hub_without_a_map_says_when_it_comes(client, store, login, text):
    page = text(login(client, factories.create_person(store, "broker")).get("/map"))
    assert "The map is not drawn yet" in page


@pytest.mark.parametrize("query", ["area=99", "area=-1", "area=x", "theme=nothing", "sort=id", "page=0", "show=all"])
def test_odd_addresses_show_the_whole_map(broker, query, text):
    assert "15 needs and startups" in text(broker.get(f"/map?{query}"))


def test_the_menu_of_brokers_and_owners_leads_there(hub, client, login, text):
    assert 'href="/map"' in text(login(client, factories.create_person(hub, "broker")).get("/map"))
    assert 'href="/map"' in text(login(client, factories.create_person(hub, "owner")).get("/needs"))


def test_ten_thousand_points_are_light(store, client, login):
    """The page of a large hub, its points put there without the model."""
    town, company = factories.create_organisation(store), factories.create_organisation(store, kind="company")
    need = factories.create_need(store, published=True, organisation_id=town["id"], themes=["water"])
    startup = factories.create_startup(store, published=True, organisation_id=company["id"])
    draw(store)
    template = {"need": need, "startup": startup}
    points = kept.points(store)
    with store.atomic():
        for kind, many in (("need", 3_000), ("startup", 7_000)):
            (point,) = [row for row in points if row["kind"] == kind]
            row = store.query(f"select * from {kind} where id = :id", {"id": template[kind]["id"]})[0]
            for number in range(many):
                name = f"{kind}{number:05}"
                spot = {"x": 20 + (number * 7919) % 9600 / 10, "y": 20 + (number * 104729) % 9600 / 10}
                store.insert(kind, {**row, "id": name, "external_id": name})
                store.insert("map_point", {**point, "subject_id": name, "region": number % 40, **spot})
        for number in range(1, 40):
            store.upsert("map_region", {"number": number, "x": 500.0, "y": 500.0, "words": '["ett", "två"]'}, "number")
    broker = login(client, factories.create_person(store, "broker"))
    for query in ("", "?area=3", "?theme=water", "?show=unanswered", "?kind=startup"):
        assert len(broker.get(f"/map{query}").data) < MOST, query


def test_dots_are_where_things_are():
    rows = [{"x": 10.4, "y": 20.0}, {"x": 10.0, "y": 20.1}, {"x": 12.0, "y": 5.0}]
    assert map_drawing.dots(rows) == "m12 5h0m-2 15h0"
