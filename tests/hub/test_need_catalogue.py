import pytest

from matcher.hub import need_catalogue as catalogue
from matcher.hub.need_catalogue import Filters
from tests import factories
from tests.factories import NOW


def titles(page):
    return [row["title"] for row in page.rows]


def test_a_visitor_finds_what_is_published_and_open(store):
    factories.create_need(store, title="Öppet", published=True)
    factories.create_need(store, title="Utkast")
    factories.create_need(store, title="Stängt", published=True, closed_at=NOW, close_reason="met")
    factories.create_need(store, title="Förbi", published=True, valid_until="2026-11-19")
    assert titles(catalogue.listing(store, None, Filters(), 1, NOW)) == ["Öppet"]
    assert set(titles(catalogue.listing(store, None, Filters(late=True), 1, NOW))) == {"Öppet", "Förbi"}


def test_no_status_shows_a_visitor_more(store):
    factories.create_need(store, submitted=True)
    for status in (*catalogue.STATUS_SQL, "all"):
        assert catalogue.listing(store, None, Filters(status=status), 1, NOW).total == 0


@pytest.mark.parametrize("status", list(catalogue.STATUS_SQL))
def test_a_broker_finds_every_status(store, status):
    factories.create_need(store, title="draft")
    factories.create_need(store, title="returned", returned_at=NOW)
    factories.create_need(store, title="submitted", submitted=True)
    factories.create_need(store, title="published", published=True)
    factories.create_need(store, title="closed", published=True, closed_at=NOW, close_reason="met")
    found = catalogue.listing(store, factories.create_person(store, "broker"), Filters(status=status), 1, NOW)
    assert titles(found) == [status]
    assert found.rows[0]["status"] == status


@pytest.mark.parametrize(
    "filters", [Filters(theme="school"), Filters(county="12"), Filters(beneficiary="visitor"), Filters(own=True)]
)
def test_each_filter_narrows(store, filters):
    person = factories.create_person(store, "owner")
    other = {"themes": ["water"], "county_code": "01", "municipality_code": None, "beneficiaries": ["staff"]}
    wanted = {"themes": ["water", "school"], "county_code": "12", "beneficiaries": ["visitor", "staff"]}
    factories.create_need(store, published=True, title="Fel", **other)
    factories.create_need(store, person.organisations("owner")[0], published=True, title="Rätt", **wanted)
    assert titles(catalogue.listing(store, person, filters, 1, NOW)) == ["Rätt"]


def test_sorting_by_what_closes_soonest_puts_open_ended_last(store):
    for title, last in (("Utan", None), ("Sen", "2027-05-01"), ("Snar", "2026-12-01")):
        factories.create_need(store, published=True, title=title, valid_until=last)
    assert titles(catalogue.listing(store, None, Filters(sort="closing"), 1, NOW)) == ["Snar", "Sen", "Utan"]


def test_a_page_that_does_not_exist_is_the_nearest_one(store):
    organisation = factories.create_organisation(store)
    for number in range(catalogue.PER_PAGE + 1):
        factories.create_need(store, organisation, published=True, published_at=f"2026-11-{number % 28 + 1:02}")
    last = catalogue.listing(store, None, Filters(), 99, NOW)
    assert (last.number, last.pages, last.total, len(last.rows)) == (2, 2, catalogue.PER_PAGE + 1, 1)
    assert catalogue.listing(store, None, Filters(), -1, NOW).number == 1


def test_ones_own_needs_say_what_they_wait_for(store):
    person = factories.create_person(store, "owner")
    need = factories.create_need(store, person.organisations("owner")[0], published=True)
    factories.create_need(store)
    startup = factories.create_startup(store, published=True)
    shared = {"id": "s", "need_id": need["id"], "startup_id": startup["id"], "seen": "{}", "at": NOW}
    store.insert("share", shared)
    [row] = catalogue.own(store, person)
    assert (row["candidates"], row["pairings"], catalogue.next_step(row)) == (1, 0, "candidates")


def test_the_newest_for_everybody_hold_public_fields_only(store):
    factories.create_need(store, published=True)
    [row] = catalogue.newest(store, NOW)
    assert "submitted_at" not in row
