"""Log-in with the organisation's account, over HTTP against a provider from the package index."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import oidc_provider_mock
import pyotp
import pytest
import requests

from matcher.config import Oidc
from matcher.hub import clock, identities, links, mail, people, record, second_factor
from matcher.web import letters
from tests.factories import PASSWORD, create_organisation, create_person

from .providers import CLIENT, SECRET, log_in_at, way_out
from .test_account import hidden

pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture(scope="module")
def issuer():
    with oidc_provider_mock.run_server_in_thread() as server:
        address = f"http://localhost:{server.server_port}"
        for sub, claims in {
            "alice": {"name": "Alice Andersson", "email": "kim@example.org", "email_verified": True},
            "strong": {"name": "Stig Stark", "amr": ["pwd", "mfa"]},
            "nameless": {},
        }.items():
            requests.put(f"{address}/users/{sub}", json=claims, timeout=10).raise_for_status()
        yield address


@pytest.fixture(autouse=True)
def at_the_provider(app, issuer):
    app.config["MATCHER"] = replace(app.config["MATCHER"], oidc=Oidc(issuer, CLIENT, SECRET, "Lövhamn", ()))


@pytest.fixture
def kim(store, password_hash):
    return create_person(store, "owner", email="kim@example.org", name="Kim", password_hash=password_hash)


@pytest.fixture
def linked(store, issuer, kim):
    identities.connect(store, kim.person_id, issuer, "alice", clock.now())
    return kim


def go(client, subject="alice", **typed):
    """Log in at the provider and come back."""
    return client.get(log_in_at(way_out(client.post("/login/openid", data=typed)), subject))


def is_in(client):
    return client.get("/account").status_code == 200


def test_the_way_out_asks_for_what_it_must(client, issuer):
    address = way_out(client.post("/login/openid"))
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(f"{issuer}/oauth2/authorize?")
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert asked["redirect_uri"] == "http://localhost/login/openid/back"
    assert asked["client_id"] == CLIENT
    assert min(len(asked[name]) for name in ("state", "nonce")) >= 43
    again = way_out(client.post("/login/openid"))
    assert {asked["state"], asked["nonce"], asked["code_challenge"]}.isdisjoint(
        {values[0] for values in parse_qs(urlsplit(again).query).values()}
    )
    assert SECRET not in address


def test_a_connected_person_logs_in_and_goes_on(client, linked):
    answer = go(client, next="/account?x=1")
    assert (answer.status_code, answer.location) == (303, "/account?x=1")
    assert is_in(client)


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_it_goes_on_to_no_other_site(client, linked, target):
    assert go(client, next=target).location == "/mine"


def test_what_was_typed_comes_through_the_provider(client, linked, text):
    asked = client.post("/account", data={"name": "Kim <Ny>", "locale": "en"})
    carried = {name: value for name, value in hidden(asked).items() if name != "csrf_token"}
    shown = go(client, **carried)
    assert shown.status_code == 200
    assert 'action="/account"' in shown.get_data(as_text=True)
    assert "Kim <Ny>" in text(shown)


def test_a_huge_form_is_not_kept_at_the_door(store, client):
    answer = client.post("/login/openid", data={"kept:note": "x" * 150_000, "resume": "yes", "next": "/account"})
    assert answer.status_code == 422
    assert store.query("select * from login_step") == []


def test_the_session_is_new_and_what_was_planted_is_gone(client, linked):
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
        session["token"] = "planted"
    go(client)
    with client.session_transaction() as session:
        assert "planted" not in session
        assert "openid" not in session
        assert session["token"] != "planted"


# Who it is


def test_a_verified_address_takes_no_account_over(store, client, kim, text):
    answer = go(client)  # the provider says that alice's address is Kim's, and verified
    assert answer.status_code == 403
    assert "not connected with any here" in text(answer)
    assert not is_in(client)
    assert store.query("select * from identity") == []
    assert len(store.query("select * from person")) == 1


def test_an_unknown_subject_is_told_what_to_do(client, text):
    answer = go(client, "nobody")
    assert answer.status_code == 403
    for way in ("invitation", "under My account", "Otherwise ask the hub"):
        assert way in text(answer)


def test_a_closed_account_does_not_get_in(store, client, linked):
    store.execute("update person set disabled_at = :now", {"now": clock.now()})
    assert go(client).status_code == 403
    assert not is_in(client)


def test_the_same_subject_of_another_issuer_is_somebody_else(store, client, linked):
    store.execute("update identity set issuer = 'https://other.example.org'")
    assert go(client).status_code == 403


# Invitations


@pytest.fixture
def invitation(store):
    company = create_organisation(store, "company", name="Bolaget")
    return links.invite(store, None, "new@example.org", company["id"], "startup", clock.now())


def accept(client, token, subject="alice"):
    return client.get(log_in_at(way_out(client.post(f"/link/{token}/openid")), subject))


def test_an_invitation_makes_an_account_without_a_password_and_links_it(store, client, invitation, issuer):
    assert "Accept with Lövhamn" in client.get(f"/link/{invitation}").get_data(as_text=True)
    assert accept(client, invitation).status_code == 303
    assert is_in(client)
    person = store.query("select * from person")[0]
    assert (person["email"], person["name"], person["password_hash"]) == ("new@example.org", "Alice Andersson", None)
    assert people.viewer(store, person["id"]).has("startup")
    assert identities.find(store, issuer, "alice") == person["id"]
    client.post("/logout")
    assert go(client).status_code == 303
    assert is_in(client)
    assert client.get(f"/link/{invitation}").status_code == 404
    assert {"person.connect", "link.invite"} <= {row["action"] for row in record.latest(store)["rows"]}


def test_without_a_name_from_the_provider_the_address_stands_for_it(store, client, invitation):
    accept(client, invitation, "nameless")
    assert store.query("select name from person")[0]["name"] == "new@example.org"


def test_an_invitation_for_an_account_that_is_there_is_not_taken_by_another_identity(store, client, kim, text):
    company = create_organisation(store, "company")
    token = links.invite(store, None, kim.email, company["id"], "startup", clock.now())
    answer = accept(client, token)  # the address is even the very one
    assert answer.status_code == 409
    assert "connect under My account" in text(answer)
    assert not is_in(client)
    assert store.query("select * from identity") == []
    assert client.get(f"/link/{token}").status_code == 200, "nothing of it is used up"


def test_an_invitation_is_accepted_by_the_identity_that_is_linked(store, client, linked):
    company = create_organisation(store, "company")
    token = links.invite(store, None, linked.email, company["id"], "startup", clock.now())
    assert accept(client, token).status_code == 303
    assert people.viewer(store, linked.person_id).acts_for(company["id"], "startup")


def test_an_identity_that_is_anothers_accepts_no_invitation(store, client, linked, invitation):
    assert accept(client, invitation).status_code == 409
    assert len(store.query("select * from person")) == 1


def test_an_invitation_that_was_withdrawn_meanwhile_makes_no_account(store, client, invitation):
    address = way_out(client.post(f"/link/{invitation}/openid"))
    links.withdraw(store, None, links.get(store, invitation, clock.now())["token_hash"], clock.now())
    assert client.get(log_in_at(address, "alice")).status_code == 404
    assert store.query("select * from person") == []


def test_a_reset_link_is_no_invitation(store, client, kim):
    links.request_reset(store, kim.email, clock.now())
    token = mail.listing(store)["rows"][0]["params"]["token"]
    assert client.post(f"/link/{token}/openid").status_code == 404


# Connecting and disconnecting


def test_one_connects_and_disconnects_by_password(app, store, client, login, kim, issuer, text):
    elsewhere = login(app.test_client(), kim)
    login(client, kim)
    assert client.post("/account/openid", data={"present": "wrong words here"}).status_code == 422
    address = way_out(client.post("/account/openid", data={"present": PASSWORD}))
    assert client.get(log_in_at(address, "alice")).location == "/account"
    assert identities.find(store, issuer, "alice") == kim.person_id
    assert is_in(client)
    assert not is_in(elsewhere)
    assert client.post("/account/openid/disconnect", data={"present": "wrong words here"}).status_code == 422
    assert client.post("/account/openid/disconnect", data={"present": PASSWORD}).status_code == 303
    assert client.post("/account/openid/disconnect", data={"present": PASSWORD}).status_code == 409
    client.post("/logout")
    assert go(client).status_code == 403
    rows = [row["params"]["what"] for row in mail.listing(store)["rows"]]
    assert sorted(rows) == ["connected", "disconnected"]
    assert "person.disconnect" in {row["action"] for row in record.latest(store)["rows"]}


def test_who_has_no_password_does_not_lock_themselves_out(store, client, invitation, text):
    accept(client, invitation)
    assert "your only way in" in text(client.get("/account"))
    assert client.post("/account/openid/disconnect").status_code == 409
    assert len(store.query("select * from identity")) == 1


def test_who_has_no_password_gets_none_by_mail_and_the_answer_is_the_usual_one(
    app, store, client, login, invitation, text
):
    accept(client, invitation)
    page = text(client.get("/account"))
    assert "You have none: you log in with your organisation’s account." in page
    assert "Change password" not in page
    client.post("/logout")
    answers = []
    for email in ("new@example.org", "nobody@example.org"):
        answer = client.post("/password", data={"email": email})
        answers.append((answer.status_code, answer.location, "a mail is on its way" in text(client.get("/login"))))
    assert answers == [(303, "/login", True)] * 2
    [row] = [row for row in mail.listing(store)["rows"] if row["template"].startswith("reset")]
    with app.app_context():
        subject, body = letters.write({**row, "locale": "en"})
    assert subject == "How you log in to Matcher"
    assert "http://localhost/login\n" in body
    assert "/link/" not in body


def test_an_administrator_takes_it_away_and_a_password_can_be_chosen(store, client, login, invitation, text):
    accept(client, invitation)
    person_id = store.query("select id from person where email = 'new@example.org'")[0]["id"]
    login(client, create_person(store, "administrator", locale="en"))
    assert "Take the organisation’s account away" in text(client.get(f"/admin/people/{person_id}"))
    for status in (303, 409):
        assert client.post(f"/admin/people/{person_id}/identity/take").status_code == status
    assert "Take the organisation’s account away" not in text(client.get(f"/admin/people/{person_id}"))
    client.post("/logout")
    client.post("/password", data={"email": "new@example.org"})
    [token] = [row["params"]["token"] for row in mail.listing(store)["rows"] if row["template"] == "reset"]
    assert client.post(f"/link/{token}", data={"password": "fyra nya korta ord"}).status_code == 303
    assert is_in(client)
    client.post("/logout")
    assert go(client).status_code == 403


def test_an_identity_is_one_persons_and_a_person_has_one(store, client, login, linked, password_hash):
    other = create_person(store, "owner", password_hash=password_hash)
    login(client, other)
    back = log_in_at(way_out(client.post("/account/openid", data={"present": PASSWORD})), "alice")
    assert client.get(back).status_code == 409
    login(client, linked)
    back = log_in_at(way_out(client.post("/account/openid", data={"present": PASSWORD})), "strong")
    assert client.get(back).status_code == 409
    assert len(store.query("select * from identity")) == 1


def test_connecting_is_finished_only_by_who_began_it(store, client, login, kim, password_hash):
    login(client, kim)
    address = way_out(client.post("/account/openid", data={"present": PASSWORD}))
    login(client, create_person(store, "owner"))
    assert client.get(log_in_at(address, "alice")).location == "/login"
    assert store.query("select * from identity") == []


# The second factor


def turn_on(app, store, who):
    key, before = app.config["MATCHER"].secret_keys, clock.later(clock.now(), minutes=-1)
    second_factor.begin(store, who, key, before)
    secret = second_factor.begun(store, who, key)
    second_factor.confirm(store, who, key, PASSWORD, pyotp.TOTP(secret).at(clock.parse(before)), before)
    return secret


def test_ours_is_asked_for_when_the_provider_tells_of_none(app, store, client, linked, text):
    secret = turn_on(app, store, linked)
    answer = go(client)
    assert "Write the code" in text(answer)
    assert not is_in(client)
    assert client.post("/login/code", data={"otp": pyotp.TOTP(secret).now()}).status_code == 303


def test_the_providers_own_counts(app, store, client, kim, issuer):
    app.config["MATCHER"] = replace(app.config["MATCHER"], second_factor="required")
    broker = create_person(store, "broker")
    identities.connect(store, broker.person_id, issuer, "strong", clock.now())
    assert go(client, "strong").status_code == 303
    assert client.get("/desk/").status_code == 200
    client.post("/logout")
    store.execute("update identity set subject = 'alice'")
    assert go(client, "alice").status_code == 303
    assert client.get("/desk/").location == "/account/second-factor"


def test_whoever_runs_the_hub_may_say_that_every_log_in_there_has_two_factors(app, store, client, linked, issuer):
    turn_on(app, store, linked)
    for acr, inside in ((("loa9",), False), (("*",), True)):
        app.extensions.pop("openid", None)
        given = Oidc(issuer, CLIENT, SECRET, "Lövhamn", acr)
        app.config["MATCHER"] = replace(app.config["MATCHER"], oidc=given)
        go(client)
        assert is_in(client) == inside


# What comes back


def test_a_callback_works_once(client, linked):
    back = log_in_at(way_out(client.post("/login/openid")), "alice")
    assert client.get(back).location == "/mine"
    client.post("/logout")
    assert client.get(back).location == "/login"
    assert not is_in(client)


@pytest.mark.parametrize("state", ["", "x", "é", None])
def test_a_wrong_state_is_refused(client, linked, state):
    back = log_in_at(way_out(client.post("/login/openid")), "alice")
    wrong = re.sub(r"&?state=[^&]+", "" if state is None else f"&state={state}", back)
    assert client.get(wrong).location == "/login"
    assert not is_in(client)


def test_a_callback_is_worth_nothing_in_another_browser(app, client, linked):
    back = log_in_at(way_out(client.post("/login/openid")), "alice")
    other = app.test_client()
    assert other.get(back).location == "/login"
    other.post("/login/openid")
    assert other.get(back).location == "/login"
    assert not is_in(other)


def test_a_code_of_another_browser_is_refused(app, store, client, linked):
    """Somebody puts the code of their own log-in into another's: PKCE or the nonce tells them apart."""
    theirs = log_in_at(way_out(app.test_client().post("/login/openid")), "alice")
    mine = log_in_at(way_out(client.post("/login/openid")), "strong")
    code = parse_qs(urlsplit(theirs).query)["code"][0]
    answer = client.get(re.sub(r"code=[^&]+", f"code={code}", mine))
    assert answer.status_code == 422
    assert not is_in(client)
    assert "login.refused" in {row["action"] for row in record.latest(store)["rows"]}


def test_a_log_in_that_was_broken_off_or_took_too_long_is_begun_again(client, linked, monkeypatch, text):
    address = way_out(client.post("/login/openid"))
    state = parse_qs(urlsplit(address).query)["state"][0]
    answer = client.get(f"/login/openid/back?error=access_denied&state={state}&error_description=<b>x")
    assert answer.status_code == 422
    assert "broken off" in text(answer)
    assert "<b>x" not in answer.get_data(as_text=True)
    back = log_in_at(way_out(client.post("/login/openid")), "alice")
    late = clock.later(clock.now(), minutes=11)
    monkeypatch.setattr(clock, "now", lambda: late)
    assert client.get(back).location == "/login"


def test_reading_the_log_in_page_begins_nothing(store, client):
    assert "Log in with Lövhamn" in client.get("/login").get_data(as_text=True)
    client.get("/login/openid/back?code=x&state=y")
    assert store.query("select * from login_step") == []


def test_without_a_provider_there_is_nothing_of_it(app, client, login, kim):
    app.config["MATCHER"] = replace(app.config["MATCHER"], oidc=None)
    assert "openid" not in client.get("/login").get_data(as_text=True)
    for path in ("/login/openid", "/account/openid", "/account/openid/disconnect"):
        assert login(client, kim).post(path).status_code == 404
    assert client.get("/login/openid/back").status_code == 404
