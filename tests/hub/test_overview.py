from matcher.hub import overview
from tests import factories
from tests.factories import NOW


def test_only_what_is_open_is_counted(store):
    factories.create_need(store, published=True)
    factories.create_need(store)
    factories.create_startup(store, published=True)
    factories.create_startup(store, published=True, hidden_at=NOW, hidden_reason="other")
    factories.create_testbed(store)
    assert overview.counts(store, NOW) == {"needs": 1, "startups": 1, "testbeds": 0, "pairings": 0}


def test_confirmed_pairings_are_counted_by_each_theme_of_the_need(store):
    for number, themes in enumerate((["water", "school"], ["water"], ["food"])):
        need = factories.create_need(store, published=True, themes=themes)
        startup = factories.create_startup(store, published=True)
        accepted = {"owner_accepted_at": NOW, "startup_accepted_at": NOW, "confirmed_at": NOW} if number < 2 else {}
        row = {"id": f"p{number}", "need_id": need["id"], "startup_id": startup["id"], "need_version": 1, "seen": "{}"}
        store.insert("pairing", {**row, "proposed_at": NOW, "answer_by": "2026-12-01", **accepted})
    assert overview.confirmed_by_theme(store) == [("water", 2), ("school", 1)]
