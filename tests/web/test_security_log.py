"""Security events are told of in lines of JSON that hold ids and no names, addresses, tokens or texts."""

from __future__ import annotations

import json

import pyotp
import pytest

from matcher import logs
from matcher.hub import clock, links, second_factor
from matcher.web import account, security_log
from matcher.web import second_factor as pages
from tests.factories import PASSWORD, create_need, create_organisation, create_person

TYPED = "kim@example.org"


@pytest.fixture
def kim(store, password_hash):
    return create_person(store, "owner", email=TYPED, name="Kim Kommun", password_hash=password_hash)


@pytest.fixture
def lines(caplog):
    """Every line since the test began, each checked to be one object of JSON without what must not be in it."""

    def read():
        said = [logs.Line().format(record) for record in caplog.records if record.name == "matcher.security"]
        for line in said:
            assert "\n" not in line
            for secret in (TYPED, "Kommun", PASSWORD, "192.0.2.7", "secret"):
                assert secret not in line
        return [json.loads(line) for line in said]

    return read


def log_in(client, **typed):
    return client.post(
        "/login", data={"email": TYPED, "password": PASSWORD, **typed}, environ_base={"REMOTE_ADDR": "192.0.2.7"}
    )


def test_log_in_and_out_are_told_of_whether_they_went_well_or_not(client, kim, lines):
    log_in(client, password="secret secret secret")
    log_in(client)
    client.post("/logout")
    wrong, right, out = lines()
    assert (wrong["event"], wrong["status"], wrong["person"]) == ("log_in", 422, None)
    assert (right["event"], right["status"], right["person"]) == ("log_in", 303, kim.person_id)
    assert (out["event"], out["person"]) == ("log_out", kim.person_id)
    assert wrong["from"] == right["from"] != out["from"]
    assert wrong["account"] == right["account"]
    assert wrong["at"][-5] in "+-"


@pytest.fixture
def secret(app, store, kim, monkeypatch):
    """Kim's second factor, on; its first code was of a minute ago, by a clock that stands."""
    monkeypatch.setattr(clock, "now", lambda: "2026-11-20T09:07:00.000000Z")
    keys, before = app.config["MATCHER"].secret_keys, clock.later(clock.now(), minutes=-1)
    second_factor.begin(store, kim, keys, before)
    made = second_factor.begun(store, kim, keys)
    second_factor.confirm(store, kim, keys, PASSWORD, pyotp.TOTP(made).at(clock.parse(before)), before)
    return made


def test_a_right_password_before_a_code_and_each_code_say_whose_they_were(
    store, client, kim, secret, login, lines, monkeypatch
):
    monkeypatch.setattr(pages, "CODES", 2)
    login(client, create_person(store))  # somebody else was logged in here: the line is not about them
    log_in(client)
    for otp in ("000000", pyotp.TOTP(secret).at(clock.parse(clock.now())), "000000"):
        client.post("/login/code", data={"otp": otp})
        if otp != "000000":
            client.post("/logout")
            log_in(client)
    told = [(line["event"], line["status"], line["person"]) for line in lines()]
    assert told == [
        ("log_in", 200, kim.person_id),
        ("log_in_code", 422, kim.person_id),
        ("log_in_code", 303, kim.person_id),
        ("log_out", 303, kim.person_id),
        ("log_in", 200, kim.person_id),
        ("log_in_code", 429, kim.person_id),
    ]


def test_a_code_without_a_password_before_it_is_nobodys(client, kim, secret, lines):
    client.post("/login/code", data={"otp": pyotp.TOTP(secret).at(clock.parse(clock.now()))})
    assert [(line["event"], line["status"], line["person"]) for line in lines()] == [("log_in_code", 422, None)]


def test_another_key_makes_other_digests(app, client, kim, lines):
    from dataclasses import replace

    log_in(client, password="secret secret secret")
    app.config["MATCHER"] = replace(app.config["MATCHER"], secret_key="another key, 0123456789 abcdefghij")
    log_in(client, password="secret secret secret")
    first, second = lines()
    assert first["from"] != second["from"]
    assert first["account"] != second["account"]


def test_links_passwords_and_resets_are_told_of_without_their_tokens(client, store, kim, login, lines):
    client.post("/password", data={"email": TYPED})
    token = links.invite(
        store, None, "new@example.org", create_organisation(store, "public")["id"], "owner", clock.now()
    )
    client.post(f"/link/{token}", data={"name": "Ny", "password": "fyra nya korta ord"})
    client.post("/account/password", data={"present": "secret", "password": "secret"})
    asked, used, changed = lines()
    assert (asked["event"], asked["status"]) == ("reset_asked", 303)
    assert (used["event"], used["status"], bool(used["person"])) == ("link", 303, True)
    assert (changed["event"], changed["status"]) == ("password", 422)
    assert token not in json.dumps([asked, used, changed])


def test_what_is_refused_is_told_of_with_who_and_which_thing(client, store, kim, login, lines):
    other = create_need(store)  # a draft of another organisation
    login(client, kim)
    client.get(f"/needs/{other['id']}")
    client.post("/account", data={"name": "secret"}, csrf=False)
    client.post("/account", data={"name": "secret"}, headers={"Origin": "https://evil.example"})
    client.get("/admin/people?q=secret")
    client.post("/account", data={"name": "secret" * 200_000})
    draft, token, foreign, admin, large = lines()
    assert (draft["event"], draft["need_id"], draft["person"]) == ("not_found", other["id"], kim.person_id)
    assert (
        (token["event"], token["endpoint"])
        == (foreign["event"], foreign["endpoint"])
        == ("refused", "account.save_profile")
    )
    assert (admin["event"], admin["endpoint"]) == ("not_found", "admin.people")
    assert large["event"] == "too_large"


def test_a_flood_is_told_of(client, kim, lines, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: "2026-11-20T09:07:00.000000Z")
    monkeypatch.setattr(account, "LOG_INS", 1)
    log_in(client, password="secret secret secret")
    log_in(client)
    assert [(line["event"], line["status"]) for line in lines()] == [("log_in", 422), ("log_in", 429)]


def test_reading_and_mistyped_addresses_are_not_told_of(client, kim, login, lines):
    login(client, kim)
    for path in ("/", "/account", "/nowhere", "/static/none.css", "/needs"):
        client.get(path)
    assert lines() == []


def test_text_in_an_address_cannot_begin_a_line_of_its_own(client, lines):
    client.get("/needs/x%0a%7B%22event%22:%22log_in%22%7D" + "å" * 100)
    (line,) = lines()
    assert line["event"] == "not_found"
    assert len(line["need_id"]) == 40


def test_an_error_is_told_of_without_the_token_in_its_address(app, client, lines, caplog, monkeypatch):
    def fail(*_given):
        raise ZeroDivisionError

    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(links, "get", fail)
    assert client.get("/link/secret-token").status_code == 500
    assert lines()[-1]["event"] == "error"
    assert "ZeroDivisionError" in caplog.text
    assert "secret-token" not in caplog.text


def test_every_door_is_a_route(app):
    assert set(security_log.DOORS) <= set(app.view_functions)
