"""Calendar links: made on one's page, shown once, and read by a calendar program, here the icalendar library."""

from __future__ import annotations

import re
import time
from datetime import date

import pytest
from icalendar import Calendar

from matcher.hub import clock, feeds, pairings, people
from matcher.web import feeds as pages
from tests.factories import create_testbed
from tests.hub.test_feeds import ASKED, booking

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def testbed(store, host):
    return create_testbed(
        store, host.organisations("host")[0], name="Lägenheten; två, rum", published=True, municipality_code="1280"
    )


@pytest.fixture
def days():
    today = clock.day(clock.now())
    return lambda number: clock.day(clock.later(f"{today}T00:00:00.000000Z", days=number))


@pytest.fixture
def confirmed(store, case, testbed, days):
    pairing_id = case.accepted()
    now = clock.now()
    pairings.confirm(store, case.broker, pairing_id, testbed["id"], days(3), days(20), now)
    return pairing_id


def events(response):
    file = Calendar.from_ical(response.get_data())
    return {str(event["uid"]): event for event in file.walk("VEVENT")}


def made(client, text, **form):
    """Make a link as a person would, and return its path as the page shows it."""
    page = text(client.post("/feeds", data=form, follow_redirects=True))
    return re.search(r"http://localhost(/feeds/[\w-]{20,})", page)[1]


def test_a_link_is_shown_once_and_read_without_a_login(app, client, login, text, case, confirmed, testbed, days):
    path = made(login(client, case.founder), text)
    assert path not in text(client.get("/feeds"))
    response = app.test_client().get(path)
    assert response.mimetype == "text/calendar"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["Cache-Control"] == "private, max-age=900"
    assert response.expires.timestamp() == pytest.approx(time.time() + 900, abs=60), "both say the same"
    [(uid, event)] = events(response).items()
    assert uid == f"case-{confirmed}@matcher"
    assert event["dtstart"].dt == date.fromisoformat(days(3))
    assert event["dtend"].dt == date.fromisoformat(days(21)), "the day after the last"
    assert event["summary"] == f"Test: {case.need['title']} – {case.startup['name']}"
    assert str(event["location"]).startswith("Lägenheten; två, rum, ")
    assert str(event["location"]).endswith("Malmö")
    assert event["url"] == f"http://localhost/pairings/{confirmed}"
    assert (event["status"], event["transp"]) == ("CONFIRMED", "TRANSPARENT")


def test_the_calendar_is_the_same_bytes_while_nothing_has_changed(app, client, login, text, case, confirmed):
    path = made(login(client, case.founder), text)
    first, second = (app.test_client().get(path).get_data() for _ in range(2))
    assert first == second
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT4H" in first


def test_an_ended_test_keeps_its_id_and_gets_fewer_days(app, store, client, login, text, case, confirmed, days):
    path = made(login(client, case.founder), text)
    before = events(app.test_client().get(path))
    pairings.end(store, case.broker, confirmed, "completed", "", clock.later(clock.now(), minutes=1))
    after = events(app.test_client().get(path))
    assert before.keys() == after.keys()
    [event] = after.values()
    assert event["status"] == "CANCELLED"
    assert event["last-modified"].dt > before[f"case-{confirmed}@matcher"]["last-modified"].dt


def test_the_texts_are_in_the_language_of_whose_it_is(app, store, client, login, text, host, testbed, days):
    store.execute("update person set locale = 'sv' where id = :id", {"id": host.person_id})
    row = {"id": "c1", "testbed_id": testbed["id"], "reason": "Jul", "created_at": clock.now()}
    store.insert("testbed_closure", {**row, "starts_on": days(1), "ends_on": days(2)})
    _, token = feeds.make(store, host, testbed["id"], clock.now())
    [event] = events(app.test_client().get(f"/feeds/{token}", headers=ENGLISH)).values()
    assert event["summary"] == "Stängt: Jul"


def test_what_came_to_nothing_is_cancelled_and_what_is_asked_for_is_tentative(app, store, case, host, testbed, days):
    own = case.founder.organisations("startup")[0]
    span = {"starts_on": days(3), "ends_on": days(4)}
    asked = booking(store, testbed, own, **{**ASKED, **span})
    gone = booking(store, testbed, own, **span, cancelled_at="2026-11-21T00:00:00.000000Z", cancelled_side="host",
                   reason="other")  # fmt: skip
    store.execute("update booking set cancelled_at = :now where id = :id", {"id": gone, "now": clock.now()})
    _, token = feeds.make(store, host, None, clock.now())
    found = events(app.test_client().get(f"/feeds/{token}"))
    assert found[f"booking-{asked}@matcher"]["status"] == "TENTATIVE"
    assert found[f"booking-{gone}@matcher"]["status"] == "CANCELLED"
    assert found[f"booking-{asked}@matcher"]["url"] == f"http://localhost/bookings/{asked}"


def test_a_new_link_ends_the_old_one(app, client, login, text, host, testbed):
    login(client, host)
    old, new = made(client, text, testbed_id=testbed["id"]), made(client, text, testbed_id=testbed["id"])
    assert [app.test_client().get(path).status_code for path in (old, new)] == [404, 200]


def test_an_ended_link_gives_nothing(app, store, client, login, text, host):
    path = made(login(client, host), text)
    [row] = feeds.of_person(store, host)
    page = text(client.post(f"/feeds/{row['id']}/revoke", follow_redirects=True))
    assert "The link has ended" in page
    assert app.test_client().get(path).status_code == 404


def test_who_loses_the_role_reads_nothing_more_of_the_testbed(app, store, client, login, text, host, testbed):
    path = made(login(client, host), text, testbed_id=testbed["id"])
    [held] = people.roles(store, host.person_id)
    people.revoke(store, held["id"], None, clock.now())
    assert app.test_client().get(path).status_code == 404


def test_the_page_tells_which_links_there_are_and_when_they_were_read(app, client, login, text, host, testbed):
    login(client, host)
    page = text(client.get("/feeds"))
    assert testbed["name"] in page
    assert "Links that work" not in page
    path = made(client, text)
    assert "not read yet" in text(client.get("/feeds"))
    app.test_client().get(path)
    assert "last read" in text(client.get("/feeds"))


def test_another_testbeds_link_is_not_made(client, login, store, host):
    stranger = create_testbed(store, published=True)
    assert login(client, host).post("/feeds", data={"testbed_id": stranger["id"]}).status_code == 404
    assert store.query("select * from feed") == []


def test_guessing_and_reading_all_the_time_are_stopped(app, client, login, text, host, monkeypatch):
    monkeypatch.setattr(pages, "READS", 2)
    monkeypatch.setattr(pages, "READS_FROM_ONE", 5)
    path = made(login(client, host), text)
    reader = app.test_client()
    assert [reader.get(path).status_code for _ in range(3)] == [200, 200, 429]
    assert reader.get("/feeds/guess-1").status_code == 404
    assert [reader.get(f"/feeds/guess-{n}").status_code for n in range(2, 4)] == [404, 429]
