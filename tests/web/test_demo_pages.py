"""The demo's cases on the pages: whoever logs in can open all of theirs, in both languages."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from matcher.exchange import demo
from matcher.hub import clock, sessions
from matcher.store import Store

PARTS = ("", "/agreement", "/pilot", "/pilot/feedback", "/outcome", "/release")
LISTS = {
    "broker": ("/desk/", "/pairings", "/cases", "/results", "/interests", "/needs", "/year", "/bookings"),
    "owner": ("/mine", "/pairings", "/cases", "/results", "/bookings"),
    "startup": ("/mine", "/pairings", "/interests", "/startups/su-nattvakt", "/bookings"),
    "host": ("/mine", "/pairings", "/testbeds/tb-vinterbana", "/bookings"),
    "administrator": ("/admin/outbox", "/admin/people", "/admin/record"),
    None: ("/", "/cases", "/cases.csv", "/results"),
}


@pytest.fixture
def hub(store: Store) -> Store:
    demo.load(store, clock.now())
    return store


def person_of(hub: Store, role: str) -> str:
    account = next(one for one in demo.ACCOUNTS if one["role"] == role)
    return hub.query("select id from person where email = :email", {"email": account["email"]})[0]["id"]


def test_every_page_about_every_case_answers(hub: Store, client: FlaskClient) -> None:
    everything = [row["id"] for row in hub.query("select id from pairing order by proposed_at")]
    seen = {}
    for role, pages in LISTS.items():
        with client.session_transaction() as session:
            session.clear()
            if role:
                session["token"] = sessions.start(hub, person_of(hub, role), clock.now())
        locale = "en" if role == "broker" else "sv"
        for page in pages:
            answer = client.get(page, headers={"Accept-Language": locale}, follow_redirects=True)
            assert answer.status_code == 200, (role, page)
        own = [one for one in everything if client.get(f"/pairings/{one}").status_code == 200] if role else []
        seen[role] = len(own)
        for one in own:
            for part in PARTS[1:]:
                # A host has no say in what is released, and before a place is taken some pages are not there.
                assert client.get(f"/pairings/{one}{part}").status_code in (200, 403, 404, 409), (role, one, part)
    assert seen["broker"] == len(everything)
    assert min(seen[role] for role in ("owner", "startup", "host")) >= 1
    assert seen["owner"] >= 4


def test_every_page_about_every_booking_answers(hub: Store, client: FlaskClient) -> None:
    everything = [row["id"] for row in hub.query("select id from booking")]
    seen = {}
    for role in ("broker", "owner", "startup", "host"):
        with client.session_transaction() as session:
            session.clear()
            session["token"] = sessions.start(hub, person_of(hub, role), clock.now())
        answers = [client.get(f"/bookings/{one}").status_code for one in everything]
        assert set(answers) <= {200, 404}
        seen[role] = answers.count(200)
    assert seen["broker"] == len(everything)
    assert min(seen.values()) >= 2


def test_what_both_sides_released_is_read_by_everybody(hub: Store, client: FlaskClient) -> None:
    public = hub.query(
        """select pairing_id, title from release
           where owner_released_at is not null and startup_released_at is not null"""
    )
    listed = client.get("/cases").get_data(as_text=True)
    assert len(public) >= 4
    for row in public:
        assert row["title"] in listed
        assert client.get(f"/cases/{row['pairing_id']}").status_code == 200
