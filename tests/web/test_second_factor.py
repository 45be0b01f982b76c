"""The code after the password, over HTTP: nobody is in between, and no other way in goes round it."""

from __future__ import annotations

import re
from dataclasses import replace

import pyotp
import pytest

from matcher.hub import clock, links, mail, passwords, people, second_factor
from matcher.web import second_factor as pages
from tests.factories import PASSWORD, create_organisation, create_person

from .test_account import hidden

pytestmark = pytest.mark.usefixtures("english")

MOMENT = "2026-11-20T09:07:00.000000Z"


@pytest.fixture
def moment(monkeypatch):
    """A clock that stands until it is told to go on: `moment(minutes)`."""
    stands = [MOMENT]
    monkeypatch.setattr(clock, "now", lambda: stands[0])

    def go_on(minutes):
        stands[0] = clock.later(stands[0], minutes=minutes)

    return go_on


@pytest.fixture
def kim(store, password_hash):
    return create_person(store, "broker", email="kim@example.org", name="Kim", password_hash=password_hash)


@pytest.fixture
def secret(app, store, kim, moment):
    """Kim's second factor, on; its first code was of half a minute ago."""
    key, before = app.config["MATCHER"].secret_keys, clock.later(MOMENT, minutes=-0.5)
    second_factor.begin(store, kim, key, before)
    made = second_factor.begun(store, kim, key)
    second_factor.confirm(store, kim, key, PASSWORD, pyotp.TOTP(made).at(clock.parse(before)), before)
    return made


@pytest.fixture
def required(app):
    app.config["MATCHER"] = replace(app.config["MATCHER"], second_factor="required")


def code(secret):
    return pyotp.TOTP(secret).at(clock.parse(clock.now()))


def give_password(client, **typed):
    return client.post("/login", data={"email": "kim@example.org", "password": PASSWORD, **typed})


def is_in(client):
    return client.get("/account").status_code == 200


def test_between_password_and_code_nobody_is_logged_in(client, secret, text):
    answer = give_password(client)
    assert answer.status_code == 200
    assert "Write the code" in text(answer)
    assert not is_in(client)
    assert client.get("/desk/").status_code == 302
    assert client.get("/login/code").status_code == 200
    done = client.post("/login/code", data={"otp": code(secret)})
    assert (done.status_code, done.location) == (303, "/mine")
    assert is_in(client)


def test_a_code_without_a_password_before_it_is_worth_nothing(client, secret):
    assert client.post("/login/code", data={"otp": code(secret)}).status_code == 422
    assert client.get("/login/code").location == "/login"
    give_password(client, password="wrong words here")
    assert client.post("/login/code", data={"otp": code(secret)}).status_code == 422
    assert not is_in(client)


def test_a_session_that_was_there_ends_with_the_new_password(app, store, client, login, secret, kim):
    other = create_person(store, "owner")
    login(client, other)
    give_password(client)
    assert not is_in(client)


def test_the_session_is_a_new_one_and_what_was_planted_is_gone(client, secret):
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    give_password(client)
    with client.session_transaction() as session:
        assert "planted" not in session
        step = session["step"]
    client.post("/login/code", data={"otp": code(secret)})
    with client.session_transaction() as session:
        assert "step" not in session
        assert session["token"] != step


def test_a_step_is_used_once_and_in_its_own_browser(app, client, secret, moment):
    give_password(client)
    with client.session_transaction() as session:
        step = session["step"]
    assert app.test_client().post("/login/code", data={"otp": code(secret)}).status_code == 422
    client.post("/login/code", data={"otp": code(secret)})
    again = app.test_client()
    with again.session_transaction() as session:
        session["step"] = step
    moment(1)
    assert again.post("/login/code", data={"otp": code(secret)}).status_code == 422
    assert not is_in(again)


def test_a_wrong_code_is_told_beside_its_field_and_the_right_one_still_works(client, secret, text):
    give_password(client)
    wrong = client.post("/login/code", data={"otp": "000000"})
    assert wrong.status_code == 422
    assert 'href="#otp"' in wrong.get_data(as_text=True)
    assert 'autocomplete="one-time-code"' in wrong.get_data(as_text=True)
    assert 'inputmode="numeric"' in wrong.get_data(as_text=True)
    assert client.post("/login/code", data={"otp": code(secret)}).status_code == 303


def test_five_minutes_are_enough_and_no_more(client, secret, moment, text):
    give_password(client)
    moment(5)
    answer = client.post("/login/code", data={"otp": code(secret)})
    assert answer.status_code == 422
    assert "took too long" in text(answer)
    assert not is_in(client)


def test_the_same_code_does_not_log_in_twice(client, secret):
    for status in (303, 422):
        client.post("/logout")
        give_password(client)
        assert client.post("/login/code", data={"otp": code(secret)}).status_code == status
    assert not is_in(client)


def test_guessing_codes_is_limited_for_the_person_whatever_browser_and_told(app, store, client, secret):
    for number in range(pages.CODES + 1):
        browser = app.test_client()
        give_password(browser)
        last = browser.post(
            "/login/code", data={"otp": "000000"}, environ_base={"REMOTE_ADDR": f"192.0.2.{number + 1}"}
        )
    assert last.status_code == 429
    give_password(client)
    assert client.post("/login/code", data={"otp": code(secret)}).status_code == 429
    assert not is_in(client)
    assert [row["params"]["what"] for row in mail.listing(store)["rows"]].count("factor_refused") == 1


def test_a_recovery_code_logs_in_and_says_how_many_are_left(app, store, client, secret, kim, text):
    key = app.config["MATCHER"].secret_keys
    codes = second_factor.new_codes(store, kim, key, PASSWORD, code(secret), "", clock.now())
    give_password(client)
    assert client.post("/login/code", data={"recovery": codes[0]}).status_code == 303
    assert "9 are left" in text(client.get("/account"))
    client.post("/logout")
    give_password(client)
    refused = client.post("/login/code", data={"recovery": codes[0]})
    assert refused.status_code == 422
    assert 'href="#recovery"' in refused.get_data(as_text=True)


def test_what_was_typed_comes_through_password_and_code(client, secret, text):
    asked = client.post("/account", data={"name": "Kim <Ny>", "locale": "en"})
    carried = hidden(asked)
    del carried["csrf_token"]
    at_code = client.post("/login", data=carried | {"email": "kim@example.org", "password": PASSWORD})
    carried = {name: value for name, value in hidden(at_code).items() if name != "csrf_token"}
    assert carried["kept:name"] == "Kim <Ny>"
    shown = client.post("/login/code", data=carried | {"otp": code(secret)})
    assert shown.status_code == 200
    assert 'action="/account"' in shown.get_data(as_text=True)
    assert "Kim <Ny>" in text(shown)


def test_the_log_in_goes_on_to_the_page_that_asked_for_it_and_to_no_other_site(client, secret, moment):
    give_password(client, next="/account?x=1")
    assert client.post("/login/code", data={"otp": code(secret), "next": "/account?x=1"}).location == "/account?x=1"
    client.post("/logout")
    moment(1)
    give_password(client)
    assert client.post("/login/code", data={"otp": code(secret), "next": "//evil.example"}).location == "/mine"


# No way round


def test_a_reset_link_changes_the_password_and_still_asks_for_the_code(store, client, secret, kim, text):
    links.request_reset(store, "kim@example.org", clock.now())
    token = mail.listing(store)["rows"][0]["params"]["token"]
    answer = client.post(f"/link/{token}", data={"password": "fyra nya korta ord"})
    assert "Write the code" in text(answer)
    assert not is_in(client)
    assert passwords.authenticate(store, kim.email, "fyra nya korta ord") == kim.person_id
    client.post("/login/code", data={"otp": code(secret)})
    assert is_in(client)


def test_an_invitation_taken_with_the_password_still_asks_for_the_code(store, client, secret, kim, text):
    company = create_organisation(store, "company")
    token = links.invite(store, None, kim.email, company["id"], "startup", clock.now())
    answer = client.post(f"/link/{token}", data={"password": PASSWORD})
    assert "Write the code" in text(answer)
    assert not is_in(client)


def test_an_invitation_taken_while_logged_in_with_a_code_asks_for_no_other(store, client, secret, kim):
    give_password(client)
    client.post("/login/code", data={"otp": code(secret)})
    company = create_organisation(store, "company")
    token = links.invite(store, None, kim.email, company["id"], "startup", clock.now())
    assert client.post(f"/link/{token}").status_code == 303
    assert is_in(client)


def test_a_password_or_right_that_changes_meanwhile_ends_the_step(store, client, secret, kim):
    give_password(client)
    passwords.set_hash(store, kim.person_id, passwords.hashed("fyra nya korta ord"), clock.now())
    assert client.post("/login/code", data={"otp": code(secret)}).status_code == 422
    give_password(client, password="fyra nya korta ord")
    people.revoke(store, people.roles(store, kim.person_id)[0]["id"], kim.person_id, clock.now())
    assert client.post("/login/code", data={"otp": code(secret)}).status_code == 422
    assert not is_in(client)


def test_a_changed_password_keeps_what_the_session_knows_of_the_factor(client, secret, required):
    give_password(client)
    client.post("/login/code", data={"otp": code(secret)})
    client.post("/account/password", data={"present": PASSWORD, "password": "fyra nya korta ord"})
    assert client.get("/desk/").status_code == 200


# Turning it on and off


def scan(client):
    """Begin, and return the secret that the page shows."""
    assert client.post("/account/second-factor").status_code == 303
    page = client.get("/account/second-factor").get_data(as_text=True)
    assert 'src="data:image/png;base64,' in page
    return re.search(r'class="secret">([A-Z2-7 ]+)<', page).group(1).replace(" ", "")


def test_it_is_turned_on_by_a_code_and_the_recovery_codes_are_shown_once(app, store, client, login, kim, moment, text):
    elsewhere = login(app.test_client(), kim)
    login(client, kim)
    assert "Off." in text(client.get("/account"))
    made = scan(client)
    assert client.post("/account/second-factor/confirm", data={"otp": "000000", "present": PASSWORD}).status_code == 422
    answer = client.post("/account/second-factor/confirm", data={"otp": code(made), "present": PASSWORD})
    codes = re.findall(r"<li>((?:[a-z2-7]{4}-){6}[a-z2-7]{4})</li>", answer.get_data(as_text=True))
    assert len(codes) == 10
    assert answer.headers["Cache-Control"] == "no-store"
    assert is_in(client)
    assert not is_in(elsewhere)
    page = client.get("/account/second-factor").get_data(as_text=True)
    assert made not in page.replace(" ", "")
    assert codes[0] not in page
    assert "Recovery codes left: 10" in page


def test_reading_the_page_begins_nothing(store, client, login, kim):
    login(client, kim).get("/account/second-factor")
    assert store.query("select * from second_factor") == []


def test_it_is_turned_off_by_password_and_code_and_other_sessions_end(app, client, login, kim, secret):
    give_password(client)
    client.post("/login/code", data={"otp": code(secret)})
    elsewhere = login(app.test_client(), kim)
    assert client.post("/account/second-factor/off", data={"present": "x" * 12, "otp": "1"}).status_code == 422
    assert client.post("/account/second-factor/off", data={"present": PASSWORD, "otp": code(secret)}).status_code == 422
    ahead = pyotp.TOTP(secret).at(clock.parse(clock.later(clock.now(), minutes=0.5)))
    assert client.post("/account/second-factor/off", data={"present": PASSWORD, "otp": ahead}).status_code == 303
    assert is_in(client)
    assert not is_in(elsewhere)
    client.post("/logout")
    assert give_password(client).status_code == 303


def test_new_recovery_codes_are_shown_once(client, login, kim, secret):
    login(client, kim)
    assert 'id="present-codes"' in client.get("/account/second-factor").get_data(as_text=True)
    for typed, wrong in (
        ({"otp": "000000", "present": PASSWORD}, "otp-codes"),
        ({"otp": code(secret), "present": "wrong words here"}, "present-codes"),
        ({"otp": code(secret)}, "present-codes"),
    ):
        refused = client.post("/account/second-factor/codes", data=typed)
        assert refused.status_code == 422
        assert f'href="#{wrong}"' in refused.get_data(as_text=True)
    answer = client.post("/account/second-factor/codes", data={"otp": code(secret), "present": PASSWORD})
    assert len(re.findall(r"<li>(?:[a-z2-7]{4}-){3}", answer.get_data(as_text=True))) == 10


def test_an_administrator_takes_it_away(store, client, login, kim, secret, text):
    admin = create_person(store, "administrator")
    page = login(client, admin).get(f"/admin/people/{kim.person_id}")
    assert "Take the second factor away" in text(page)
    assert client.post(f"/admin/people/{kim.person_id}/second-factor/take").status_code == 303
    assert client.post(f"/admin/people/{kim.person_id}/second-factor/take").status_code == 409
    assert "Take the second factor away" not in text(client.get(f"/admin/people/{kim.person_id}"))
    client.post("/logout")
    assert give_password(client).status_code == 303


# The setting


@pytest.mark.parametrize("role", ["broker", "administrator"])
def test_where_it_is_required_staff_without_one_can_do_nothing_else(store, client, login, required, moment, role):
    who = create_person(store, role, password_hash=passwords.hashed(PASSWORD))
    login(client, who)
    for path in ("/mine", "/desk/", "/admin/people", "/account", "/needs", "/account/password", "/api/v1/needs"):
        assert client.get(path).location == "/account/second-factor", path
    assert client.post("/account", data={"name": "New", "locale": "sv"}).location == "/account/second-factor"
    assert people.viewer(store, who.person_id).name == who.name
    made = scan(client)
    answer = client.post("/account/second-factor/confirm", data={"otp": code(made), "present": PASSWORD})
    assert answer.status_code == 200
    assert client.get("/account").status_code == 200


def test_where_it_is_required_others_need_none_and_may_log_out(store, client, login, required):
    login(client, create_person(store, "owner"))
    assert client.get("/account").status_code == 200
    login(client, create_person(store, "broker"))
    assert client.post("/logout").location == "/"
    assert client.get("/account").status_code == 302


def test_where_it_is_required_a_session_from_before_it_was_on_ends(client, login, kim, secret, required):
    login(client, kim)
    assert client.get("/desk/").location == "/login"
    assert client.get("/account").location.startswith("/login?next=")


def test_a_role_that_comes_later_asks_for_it_at_the_next_request(store, client, login, required):
    who = create_person(store, "owner")
    login(client, who)
    assert client.get("/account").status_code == 200
    people.grant(store, who.person_id, create_organisation(store, "hub")["id"], "broker", None, clock.now())
    assert client.get("/account").location == "/account/second-factor"


def test_where_it_is_off_nobody_is_asked_and_nothing_is_offered(app, client, login, kim, secret, text):
    app.config["MATCHER"] = replace(app.config["MATCHER"], second_factor="off")
    assert give_password(client).status_code == 303
    assert "Second factor" not in text(client.get("/account"))
    assert client.get("/account/second-factor").status_code == 404
    assert client.post("/account/second-factor").status_code == 404


def test_a_stale_page_asks_again_without_the_code(client, secret):
    give_password(client)
    answer = client.post("/login/code", data={"csrf_token": "old", "otp": code(secret)}, csrf=False)
    assert (answer.status_code, answer.location) == (303, "/login/code")
    assert not is_in(client)


def test_with_the_setting_off_the_only_administrator_takes_their_own_away(app, store, client, login, kim, secret):
    app.config["MATCHER"] = replace(app.config["MATCHER"], second_factor="off")
    people.grant(store, kim.person_id, create_organisation(store, "hub")["id"], "administrator", None, clock.now())
    assert give_password(client).status_code == 303
    assert client.post(f"/admin/people/{kim.person_id}/second-factor/take").location == "/login"
    assert not second_factor.is_on(store, kim.person_id)


def test_erasing_oneself_takes_a_code_as_logging_in_does(app, store, client, login, kim, secret, moment, text):
    create_person(store, "administrator")
    client = login(client, kim)
    assert 'name="otp"' in client.get("/account/erase").text
    for typed in ({}, {"otp": "000000"}, {"recovery": "wrong"}):
        refused = client.post("/account/erase", data={"present": PASSWORD, **typed})
        assert refused.status_code == 422
        assert people.viewer(store, kim.person_id) is not None
    wrong = client.post("/account/erase", data={"present": "wrong", "otp": code(secret)})
    assert wrong.status_code == 422
    assert client.post("/account/erase", data={"present": PASSWORD, "otp": code(secret)}).status_code == 303
    assert people.viewer(store, kim.person_id) is None


def test_who_may_switch_second_factors_off_for_all_is_asked_for_none(app, store, client, login, kim, secret):
    app.config["MATCHER"] = replace(app.config["MATCHER"], second_factor="off")
    create_person(store, "administrator")
    client = login(client, kim)
    assert 'name="otp"' not in client.get("/account/erase").text
    assert client.post("/account/erase", data={"present": PASSWORD}).status_code == 303
