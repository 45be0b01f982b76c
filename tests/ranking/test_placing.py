"""Which testbed suits a need, a startup, or both: each score counts as much, and a place says by what."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.ranking import placing
from matcher.ranking.ranker import Ranker
from tests import factories
from tests.ranking import hub

EMPTY = dict.fromkeys(("users", "methods", "equipment", "conditions"), "")
TESTBEDS = {
    "badd-a": "särskilt boende där äldre bor dygnet runt om natten",
    "badd-b": "gator och cykelvägar för plog och snöröjning",
    "badd-c": "skolkök med matsal och mätning av matsvinn",
    "badd-d": "laboratorium för sensor och larm i verklig drift",
}


@pytest.fixture
def encoder():
    return hub.CountingEncoder()


@pytest.fixture
def need(store):
    return hub.create_need(store, "äldre faller om natten på särskilt boende", id="behov-a")


@pytest.fixture
def startup(store):
    return hub.create_startup(store, "sensor larm som larmar i verklig drift", id="bolag-a")


@pytest.fixture
def ranker(store, encoder, need, startup):
    for name, text in TESTBEDS.items():
        factories.create_testbed(store, published=True, id=name, name=name, description=text, **EMPTY)
    factories.create_testbed(store, id="badd-e", description="ett utkast")
    for text in ("matsvinn i skolkök", "plog på cykelvägar"):
        hub.create_need(store, text)
        hub.create_startup(store, text)
    hub.embed(store, encoder)
    return Ranker(store, encoder)


def order(found: placing.Fits) -> list[str]:
    return sorted(found.of, key=lambda name: found.of[name].rank)


def test_a_need_and_a_startup_each_find_their_own(ranker, need, startup):
    assert order(placing.fits(ranker, need, None))[0] == "badd-a"
    assert order(placing.fits(ranker, None, startup))[0] == "badd-d"
    assert set(placing.fits(ranker, need, None).of) == set(TESTBEDS)


def test_both_together_weigh_the_same(ranker, need, startup):
    both, by_need, by_startup = (
        placing.fits(ranker, *pair).of for pair in ((need, startup), (need, None), (None, startup))
    )
    assert {name: fit.score for name, fit in both.items()} == pytest.approx(
        {name: (by_need[name].score + by_startup[name].score) / 2 for name in TESTBEDS}, abs=1e-6
    )
    assert set(order(placing.fits(ranker, need, startup))[:2]) == {"badd-a", "badd-d"}
    assert {name: (fit.need, fit.startup) for name, fit in both.items()} == {
        name: (by_need[name].rank, by_startup[name].rank) for name in TESTBEDS
    }
    assert (by_need["badd-a"].startup, by_need["badd-a"].of) == (None, 4)


def test_a_draft_of_ones_own_is_ranked_too(store, ranker):
    draft = hub.create_need(store, "snöröjning av cykelvägar", published=False)
    assert order(placing.fits(ranker, draft, None))[0] == "badd-b"


def test_a_new_testbed_counts_at_once(store, encoder, ranker, startup):
    placing.fits(ranker, None, startup)
    text = "larm och sensor som larmar i verklig drift"
    factories.create_testbed(store, published=True, id="badd-f", name="f", description=text, **EMPTY)
    hub.embed(store, encoder)
    assert placing.fits(ranker, None, startup).of["badd-f"].of == 5


def test_without_the_model_the_words_decide(store, ranker, need):
    away = Ranker(store, hub.AwayEncoder(), identity=(ranker.model, ranker.dimensions))
    changed = {**need, "id": "other", "updated_at": hub.LATER}
    found = placing.fits(away, changed, None)
    assert found.words_only
    assert order(found)[0] == "badd-a"


def test_nothing_asked_and_nothing_there(store, encoder, ranker, need):
    assert placing.fits(ranker, None, None).of == {}
    store.execute("update testbed set withdrawn_at = :now, seq = seq + 1000", {"now": hub.LATER})
    assert placing.fits(Ranker(store, encoder), need, None).of == {}


def test_one_ranking_asks_the_store_as_often_for_many_as_for_few(store, encoder, need, startup, ranker):
    counting = hub.CountingStore(store)
    counted = Ranker(counting, encoder)
    placing.fits(counted, need, startup)
    counting.asked = 0
    placing.fits(counted, need, startup)
    assert counting.asked <= 4


def test_equal_scores_are_no_division_by_nothing():
    assert placing.standardised(np.full(3, 2.0)).tolist() == [0.0, 0.0, 0.0]
    assert placing.standardised(np.array([1.0, 3.0])).tolist() == [-1.0, 1.0]


def test_the_words_in_common_come_rarest_first_and_once():
    offers = {"a": "Boende med nattlarm. Boendet har larmet om natten, boendelarm.", "b": "Boende utan.", "c": "Gator."}
    found = placing.words_in_common("Äldre på boenden faller om natten, larmet hörs inte", offers)
    assert found == {"a": ["larmet", "natten", "boende"], "b": ["boende"], "c": []}
