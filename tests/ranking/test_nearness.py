"""Needs beside needs, whatever became of them: drafts, open ones and closed ones in one scale."""

from __future__ import annotations

import pytest

from matcher.hub import need_content
from matcher.ranking.ranker import Ranker
from matcher.store import Store
from tests.ranking.hub import AwayEncoder, CountingEncoder, CountingStore, create_need, create_startup, embed

NOW = "2026-11-20T09:00:00.000000Z"
FALLS = "Boende faller på natten när de stiger upp"
SNOW = "Snön ligger kvar på gångbanorna efter plogningen"
ROADS = "Tjälskador spräcker asfalten på landsvägarna om våren"


@pytest.fixture
def hub(store: Store):
    """Needs in every state about falls, snow and roads, all embedded."""
    rows = {
        "draft": create_need(store, f"{FALLS} i Åby", published=False),
        "open": create_need(store, f"{FALLS} på korttidsboendet"),
        "closed": create_need(store, f"{FALLS} i särskilt boende", closed_at=NOW, close_reason="no_match"),
        "snow": create_need(store, SNOW),
        "roads": create_need(store, ROADS, closed_at=NOW, close_reason="paused"),
        "bins": create_need(store, "Papperskorgarna i parken är fulla om helgerna"),
    }
    create_startup(store, "Larm som känner när någon faller")
    embed(store, CountingEncoder())
    return rows


def test_a_draft_finds_what_is_like_it_among_open_and_closed_needs(store, hub):
    others = [row["id"] for name, row in hub.items() if name != "draft"]
    found = Ranker(store, CountingEncoder()).near_to(hub["draft"], others)
    assert {name for name, _ in found.nearest(hub["draft"]["id"])} == {hub["open"]["id"], hub["closed"]["id"]}


def test_a_need_is_not_near_itself(store, hub):
    found = Ranker(store, CountingEncoder()).near_to(hub["closed"], [hub["closed"]["id"], hub["open"]["id"]])
    assert [name for name, _ in found.nearest(hub["closed"]["id"])] == [hub["open"]["id"]]


def test_many_are_compared_with_many_by_one_query_for_their_texts(store, hub):
    counting = CountingStore(store)
    ranker = Ranker(counting, CountingEncoder())
    ranker.warm()
    ids = [row["id"] for row in hub.values()]
    counting.asked = 0
    found = ranker.near_each(ids, ids)
    many = counting.asked
    counting.asked = 0
    ranker.near_each(ids[:1], ids[1:2])
    assert many == counting.asked
    assert {name for name, _ in found.nearest(hub["closed"]["id"])} == {hub["open"]["id"], hub["draft"]["id"]}
    assert found.nearest(hub["roads"]["id"]) == []


def test_near_each_and_near_to_are_one_scale(store, hub):
    ranker = Ranker(store, CountingEncoder())
    others = [row["id"] for row in hub.values()]
    one = ranker.near_to(hub["draft"], others).nearest(hub["draft"]["id"])
    assert dict(one) == pytest.approx(dict(ranker.near_each([hub["draft"]["id"]], others).nearest(hub["draft"]["id"])))


def test_the_sentences_that_meet_are_those_of_both_needs(store, hub):
    pair = (hub["open"]["id"], hub["closed"]["id"])
    met = Ranker(store, CountingEncoder()).need_meetings([pair])[pair][0]
    assert (met.need, met.profile) == (need_content.sections(hub["open"])[0], need_content.sections(hub["closed"])[0])


def test_nothing_to_compare_with_finds_nothing(store, hub):
    ranker = Ranker(store, CountingEncoder())
    assert ranker.near_to(hub["draft"], []).nearest(hub["draft"]["id"]) == []
    assert ranker.near_each([], []).nearest("aaaa") == []
    assert ranker.need_meetings([]) == {}


def test_a_hub_with_nothing_published_compares_by_the_texts_alone(store):
    one = create_need(store, f"{FALLS} i Åby", published=False)
    other = create_need(store, f"{FALLS} i särskilt boende", closed_at=NOW, close_reason="paused")
    embed(store, CountingEncoder())
    ranker = Ranker(store, CountingEncoder())
    assert ranker.near_to(one, [other["id"]]).others == [other["id"]]


def test_without_the_model_words_alone_decide(store, hub):
    away = AwayEncoder()
    fresh = create_need(store, f"{ROADS} och hösten", published=False)
    ranker = Ranker(store, away, identity=(f"{CountingEncoder().name}@{CountingEncoder().fingerprint}", 64))
    others = [row["id"] for row in hub.values()]
    assert [name for name, _ in ranker.near_to(fresh, others).nearest(fresh["id"])] == [hub["roads"]["id"]]
