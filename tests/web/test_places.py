"""Find a place by the days: what is free, ranked for a profile, a need or both; and a testbed's calendar."""

from __future__ import annotations

import html
import re

import pytest

from matcher.hub import cases, clock, pairings, startups
from matcher.ranking import indexing
from matcher.ranking.encoder import TinyEncoder
from tests.factories import create_need, create_person, create_startup, create_testbed

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def day():
    return lambda number: clock.day(clock.later(clock.now(), days=number))


@pytest.fixture
def find(client, text, day):
    """The page for days 10 to 20 from today; keywords are what else the address says."""

    def page(first=10, last=20, **given):
        query = {"starts_on": day(first), "ends_on": day(last), **given}
        return text(client.get("/places", query_string=query, headers=ENGLISH))

    return page


def embed(store):
    while indexing.catch_up(store, TinyEncoder()):
        pass


def order(page, *rows):
    places = {row["id"]: page.index(row["name"]) for row in rows}
    return sorted(places, key=places.get)


def test_the_days_are_asked_for_first(client, text):
    page = text(client.get("/places", headers=ENGLISH))
    assert "First the days" in page
    assert "place free" not in page


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (20, 10, "comes before the first"),
        (-20, -10, "is over"),
        (-1, 5, "has already passed"),
        (10, 800, "at most 2 years"),
    ],
)
def test_days_that_are_no_period_come_back_with_what_is_wrong(client, text, day, first, last, said):
    query = {"starts_on": day(first), "ends_on": day(last)}
    answer = client.get("/places", query_string=query, headers=ENGLISH)
    assert answer.status_code == 422
    page = text(answer)
    assert f'value="{day(first)}"' in page
    assert "error" in page.lower()


def test_a_visitor_sees_what_is_free_and_what_is_free_next(store, case, find, day):
    taken = create_testbed(store, name="Upptagen bädd", published=True, places=1)
    free = create_testbed(store, name="Ledig bädd", published=True, places=3, conditions="Egen försäkring krävs.")
    pairings.confirm(store, case.broker, case.accepted(), taken["id"], day(5), day(12), clock.now())
    page = find()
    assert order(page, taken, free) == [free["id"], taken["id"]]
    assert "3 places free" in page
    assert "Egen försäkring krävs." in page
    assert "Full" in page
    assert f"starts_on={day(13)}&ends_on={day(23)}" in page
    assert "too few requests to say" in page
    assert case.startup["name"] not in page
    assert "Log in to ask for a place" in page


def test_a_startup_sees_what_suits_its_profile_first(store, client, login, find):
    person = create_person(store, "startup")
    said = {**dict.fromkeys(startups.TEXTS, ""), "name": "Plogen", "description": "plogar snö på cykelvägar"}
    own = create_startup(store, person.organisations("startup")[0], **said)
    bare = {"published": True, "users": "", "methods": "", "equipment": "", "conditions": ""}
    home = create_testbed(store, name="Boendet", description="äldre som bor hemma", **bare)
    road = create_testbed(store, name="Vägen", description="cykelvägar där snö plogas", **bare)
    embed(store)
    login(client, person)
    page = find()
    assert order(page, road, home) == [road["id"], home["id"]]
    assert "by how it fits the profile" in page
    assert f'value="{own["id"]}" selected' in page
    assert "Place 1 of 2" not in find(startup="")


def test_an_owner_ranks_for_a_need_and_for_need_and_profile_together(store, client, login, case, find):
    named = create_testbed(store, name="Erbjuden", published=True, description="en helt annan sak")
    store.execute("update need set testbed_id = :t where id = :n", {"t": named["id"], "n": case.need["id"]})
    create_testbed(store, name="Boendet", published=True)
    embed(store)
    login(client, case.owner)
    page = find(need=case.need["id"])
    assert "by how it fits the need" in page
    assert "Offered in the need." in page
    assert "Elderly care" in page
    both = find(need=case.need["id"], startup=case.startup["id"])
    assert "by need and profile together" in both


def test_the_needs_and_profiles_of_ones_cases_can_be_chosen(store, client, login, case, find):
    case.propose()
    create_testbed(store, published=True)
    login(client, case.founder)
    page = find()
    assert case.need["title"] in page
    login(client, case.owner)
    assert case.startup["name"] in find()
    assert cases.listing(store, case.owner, clock.now())[1] == 1


def test_what_one_may_not_see_is_not_found(store, client, login, case, day):
    draft = create_need(store)
    hidden = create_startup(store)
    login(client, case.owner)
    days = {"starts_on": day(1), "ends_on": day(2)}
    for given in ({"need": draft["id"]}, {"startup": hidden["id"]}, {"need": "no"}, {"startup": "no"}):
        assert client.get("/places", query_string={**days, **given}).status_code == 404


def test_a_visitor_ranks_for_nothing(store, client, find, case):
    create_testbed(store, published=True)
    page = find(need=case.need["id"], startup=case.startup["id"])
    assert "fits" not in page
    assert case.startup["name"] not in page


def test_a_county_narrows_the_list_and_can_empty_it(store, find):
    create_testbed(store, name="Söderut", published=True, county_code="12")
    create_testbed(store, name="Norrut", published=True, county_code="25", municipality_code=None)
    page = find(county="25")
    assert "Norrut" in page
    assert "Söderut" not in page
    assert "No testbed here" in find(county="01")


def test_far_and_near_are_told_from_where_one_is(store, client, login, find):
    person = create_person(store, "owner")
    organisation = person.organisations("owner")[0]
    store.execute("update organisation set municipality_code = '0180' where id = :id", {"id": organisation})
    create_testbed(store, published=True, municipality_code="1480", county_code="14")
    login(client, person)
    assert re.search(r"39\d km away|40\d km away", find())


def test_a_thousand_kilometres_are_written_as_in_the_readers_language(store, client, login, find, text, day):
    person = create_person(store, "owner")
    home = {"id": person.organisations("owner")[0]}
    store.execute("update organisation set municipality_code = '1280' where id = :id", home)
    create_testbed(store, published=True, municipality_code="2584", county_code="25")
    login(client, person)
    assert re.search(r"\b1,\d{3} km away", find())
    store.execute("update person set locale = 'sv'")
    page = text(client.get("/places", query_string={"starts_on": day(10), "ends_on": day(20)}))
    assert re.search(r"\b1\s\d{3} km bort", html.unescape(page))


def test_a_long_list_comes_in_pages(store, find):
    for number in range(23):
        create_testbed(store, name=f"Bädd {number:02}", published=True)
    assert [name in find(page=1) for name in ("Bädd 00", "Bädd 22")] == [True, False]
    assert [name in find(page=2) for name in ("Bädd 00", "Bädd 22")] == [False, True]


# ---- a testbed's calendar


@pytest.fixture
def testbed(store, host):
    return create_testbed(store, host.organisations("host")[0], name="Lägenheten", published=True, places=1)


@pytest.fixture
def calendar(client, text, testbed):
    return lambda month="": text(client.get(f"/testbeds/{testbed['id']}/calendar?from={month}", headers=ENGLISH))


def cell(page, on_day):
    """Return the words of a day's cell in a calendar that begins with the day's month."""
    table = page.split("<table")[1]
    return re.search(rf'month-day">{int(on_day[8:])}</span><span class="month-state">([^<]+)<', table)[1]


def test_a_visitor_sees_counts_and_no_names(store, case, testbed, calendar):
    pairings.confirm(
        store, case.broker, case.accepted(), testbed["id"], "2027-03-05", "2027-03-06", "2027-01-01T00:00:00.000000Z"
    )
    store.execute("update testbed set buffer_days = 2")
    row = {"id": "c1", "testbed_id": testbed["id"], "reason": "Flytt", "created_at": clock.now()}
    store.insert("testbed_closure", {**row, "starts_on": "2027-03-10", "ends_on": "2027-03-11"})
    page = calendar("2027-03")
    days = {number: cell(page, f"2027-03-{number:02}") for number in range(4, 13)}
    assert days == {4: "1 free", 5: "full", 6: "full", 7: "pause", 8: "pause", 9: "1 free", 10: "closed",
                    11: "closed", 12: "1 free"}  # fmt: skip
    assert [month in page for month in ("March 2027", "April 2027", "May 2027", "June 2027")] == [True] * 3 + [False]
    assert "Flytt" in page
    assert case.startup["name"] not in page
    assert "Who is here" not in page


def test_the_host_sees_who_is_there_and_what_is_used(store, client, login, case, host, testbed, calendar):
    pairings.confirm(
        store, case.broker, case.accepted(), testbed["id"], "2027-03-05", "2027-03-06", "2027-01-01T00:00:00.000000Z"
    )
    for person in (host, case.broker):
        login(client, person)
        page = calendar("2027-03-20")
        assert case.startup["name"] in page
        assert case.need["title"] in page
        assert "How much is used" in page
    login(client, create_person(store, "host"))
    assert case.startup["name"] not in calendar("2027-03")


@pytest.mark.parametrize("asked", ["", "x", "2027-13", "0001-01", "9999-12", "2027-03-99x", "٢٠٢٧-٠٣", "1999-01"])
def test_a_month_that_is_none_is_this_month(calendar, asked):
    assert 'aria-current="date"' in calendar(asked)


def test_leafing_ends_where_nothing_is(calendar):
    far = clock.day(clock.later(clock.now(), days=1060))[:7]
    assert "Three months later" not in calendar(far)
    assert "Three months earlier" in calendar(far)


def test_a_week_has_its_number_also_around_new_year(calendar):
    page = calendar("2026-12")
    assert "Week </span>53</th>" in page
    assert "December 2026" in page
