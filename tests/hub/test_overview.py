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


def test_a_persons_own_profiles_say_what_would_help(store):
    person = factories.create_person(store, "startup")
    factories.create_startup(store, person.organisations("startup")[0], evidence="")
    factories.create_startup(store)
    [row] = overview.own_startups(store, person)
    assert row["percent"] < 100
    assert "evidence" in row["lacking"]


def test_a_hosts_testbeds_count_what_runs_and_what_comes(store):
    person = factories.create_person(store, "host")
    testbed = factories.create_testbed(store, person.organisations("host")[0], published=True)
    factories.create_testbed(store)
    for number, (first, last) in enumerate((("2026-11-01", "2026-12-01"), ("2027-01-01", "2027-02-01"))):
        need, startup = factories.create_need(store, published=True), factories.create_startup(store, published=True)
        row = {"id": f"p{number}", "need_id": need["id"], "startup_id": startup["id"], "need_version": 1, "seen": "{}"}
        times = dict.fromkeys(("proposed_at", "owner_accepted_at", "startup_accepted_at", "confirmed_at"), NOW)
        store.insert("pairing", {**row, **times, "answer_by": "2026-12-01", "testbed_id": testbed["id"]})
        period = {"starts_on": first, "ends_on": last, "opened_at": NOW}
        store.insert("access", {"id": f"a{number}", "pairing_id": f"p{number}", "testbed_id": testbed["id"], **period})
    [row] = overview.own_testbeds(store, person, NOW)
    assert (row["id"], row["running"], row["coming"]) == (testbed["id"], 1, 1)


def test_the_hubs_that_run_the_service_are_named(store):
    factories.create_organisation(store, "hub", name="Hubben", website="https://hub.example")
    factories.create_organisation(store)
    assert overview.hubs(store) == [{"name": "Hubben", "website": "https://hub.example"}]
