"""One sees where one is logged in and logs out there: one's own sessions only, and after one's password again."""

from __future__ import annotations

import json
import re

import pytest

from matcher import logs
from matcher.hub import clock, sessions
from matcher.web import account, devices
from tests.factories import PASSWORD, create_person

pytestmark = pytest.mark.usefixtures("english")

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def kim(store, password_hash):
    return create_person(store, "broker", email="kim@example.org", password_hash=password_hash, locale="en")


@pytest.fixture
def here(client, kim):
    return at(client)


@pytest.fixture
def phone(app, kim, here):
    return at(app.test_client(), SAFARI)


def at(client, agent=FIREFOX):
    """Log Kim in with a browser that says so of itself."""
    client.environ_base["HTTP_USER_AGENT"] = agent
    answer = client.post("/login", data={"email": "kim@example.org", "password": PASSWORD})
    assert answer.status_code == 303
    return client


def is_in(client):
    return client.get("/account").status_code == 200


def ends(client):
    """The addresses of the buttons that log out in one other browser."""
    return re.findall(r'action="(/account/sessions/\w+/end)"', client.get("/account").get_data(as_text=True))


def test_my_account_shows_each_open_log_in_and_which_is_this_one(store, kim, here, phone, text):
    sessions.end(store, sessions.start(store, kim.person_id, clock.now(), device="Opera, Linux"), clock.now())
    sessions.start(store, kim.person_id, clock.later(clock.now(), minutes=-31), device="Edge, Mac")
    sessions.start(store, create_person(store).person_id, clock.now(), device="Chrome, Android")
    shown = text(here.get("/account"))
    section = shown[shown.index("Where you are logged in") : shown.index("See all that is kept about you")]
    assert section.index("Firefox, Windows") < section.index("This one") < section.index("Safari, iPhone")
    assert section.count("last used") == 2
    for gone in ("Opera", "Edge", "Chrome"):
        assert gone not in section
    assert len(ends(here)) == len(ends(phone)) == 1
    assert ends(here) != ends(phone)


def test_one_other_log_in_is_ended_by_password_and_the_rest_go_on(app, here, phone, text):
    third = at(app.test_client())
    [end] = [one for one in ends(here) if one not in ends(third)]
    wrong = here.post(end, data={"present": "wrong words here"})
    assert wrong.status_code == 422
    assert re.search(r'<details class="confirm" open>.+?id="present-\w+"', wrong.get_data(as_text=True), re.DOTALL)
    assert is_in(third)
    done = here.post(end, data={"present": PASSWORD})
    assert (done.status_code, done.location) == (303, "/account")
    assert "You are logged out there." in text(here.get("/account"))
    assert (is_in(here), is_in(phone), is_in(third)) == (True, True, False)
    assert here.post(end, data={"present": PASSWORD}).status_code == 404


def test_everywhere_else_is_ended_by_password_and_here_goes_on(app, here, phone):
    third = at(app.test_client())
    assert here.post("/account/sessions/end", data={"present": "wrong words here"}).status_code == 422
    assert is_in(phone)
    assert here.post("/account/sessions/end", data={"present": PASSWORD}).location == "/account"
    assert (is_in(here), is_in(phone), is_in(third)) == (True, False, False)
    assert ends(here) == []


def test_anothers_log_in_and_this_one_answer_as_if_they_were_not_there(app, store, login, here, phone, text):
    other = login(app.test_client(), create_person(store, "administrator", locale="en"))
    [end] = ends(here)
    theirs, none = other.post(end, data={"present": PASSWORD}), other.post("/account/sessions/none/end")
    assert theirs.status_code == none.status_code == 404
    assert re.sub(r'value="[^"]+"|hx-headers[^>]+', "", text(theirs)) == re.sub(
        r'value="[^"]+"|hx-headers[^>]+', "", text(none)
    )
    assert phone.post(end, data={"present": PASSWORD}).status_code == 404
    assert is_in(phone)
    assert app.test_client().post(end, data={"present": PASSWORD}).status_code == 401


def test_what_the_store_knows_a_session_by_is_on_no_page(store, here, phone):
    page = here.get("/account").get_data(as_text=True)
    for row in store.query("select token_hash from session"):
        assert row["token_hash"][:12] not in page


def test_who_has_no_password_must_have_logged_in_a_moment_ago(app, store, client, login, text, monkeypatch):
    kim = create_person(store, "owner", locale="en")
    login(client, kim)
    phone = login(app.test_client(), kim)
    moment = clock.later(clock.now(), minutes=sessions.FRESH_MINUTES + 1)
    end = ends(client)[0]
    monkeypatch.setattr(clock, "now", lambda: moment)
    assert "log out here and log in again first" in text(client.get("/account"))
    assert ends(client) == []
    for address in (end, "/account/sessions/end"):
        answer = client.post(address)
        assert answer.status_code == 409
        assert "log in again first" in text(answer)
    login(client, kim)
    assert client.post("/account/sessions/end").status_code == 303
    assert not is_in(phone)


@pytest.mark.parametrize("path", ["/account/sessions/end", "/account/sessions/x/end", "/account/openid"])
def test_a_form_with_a_password_that_came_too_late_leads_to_its_page(store, client, login, kim, path):
    """Else the browser is sent to an address that can only be written to, and shows an error."""
    login(client, kim)
    stale = client.post(path, data={"present": PASSWORD}, csrf=False)
    assert (stale.status_code, stale.location) == (303, "/account")
    store.execute("update session set revoked_at = :now", {"now": clock.now()})
    asked = client.post(path, data={"present": PASSWORD})
    assert asked.status_code == 401
    assert 'name="next" value="/account"' in asked.get_data(as_text=True)


def test_guessing_the_password_here_is_limited(still, here, phone, monkeypatch):
    monkeypatch.setattr(account, "LOG_INS", 1)
    [end] = ends(here)
    assert here.post(end, data={"present": "wrong"}).status_code == 422
    assert here.post("/account/sessions/end", data={"present": PASSWORD}).status_code == 429


def test_ending_is_told_of_in_the_security_log(here, phone, kim, caplog):
    [end] = ends(here)
    here.post(end, data={"present": "wrong words here"})
    here.post(end, data={"present": PASSWORD})
    here.post("/account/sessions/end", data={"present": PASSWORD})
    told = [json.loads(logs.Line().format(record)) for record in caplog.records if record.name == "matcher.security"]
    lines = [line for line in told if line["event"] == "session_end"]
    assert [line["status"] for line in lines] == [422, 303, 303]
    assert {line["person"] for line in lines} == {kim.person_id}
    assert lines[0]["session_id"] == lines[1]["session_id"] == end.split("/")[3]


def test_of_very_many_a_few_are_shown_and_all_are_ended(store, kim, here, monkeypatch, text):
    monkeypatch.setattr(account, "SHOWN", 3)
    tokens = [sessions.start(store, kim.person_id, clock.now()) for _ in range(5)]
    assert "And 3 more." in text(here.get("/account"))
    here.post("/account/sessions/end", data={"present": PASSWORD})
    assert [sessions.viewer(store, token, clock.now()) for token in tokens] == [None] * 5


def test_a_long_list_asks_the_store_no_more_often(store, kim, here, monkeypatch):
    asked, query = [], store.query
    monkeypatch.setattr(store, "query", lambda sql, params=None: asked.append(sql) or query(sql, params))
    counts = []
    for _ in range(2):
        asked.clear()
        assert here.get("/account").status_code == 200
        counts.append(len(asked))
        for _ in range(10):
            sessions.start(store, kim.person_id, clock.now(), device="Firefox, Windows")
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (FIREFOX, "Firefox, Windows"),
        (SAFARI, "Safari, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/128.0 Safari/537.36 Edg/128.0", "Edge, Windows"),
        ("Mozilla/5.0 (X11; CrOS x86_64) AppleWebKit/537.36 Chrome/128.0 Safari/537.36", "Chrome, ChromeOS"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/128.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.5 Safari/605.1.15", "Safari, Mac"),
        ("curl/8.5.0", None),
        ("", None),
        ("<script>" * 1000, None),
    ],
)
def test_of_what_a_browser_says_of_itself_a_name_is_kept_and_nothing_more(header, name):
    assert devices.short_name(header) == name
