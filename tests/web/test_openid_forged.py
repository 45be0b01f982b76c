"""Tokens and providers that lie: none logs anybody in, and the log-in page is there whatever the provider does."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from matcher.config import Oidc
from matcher.exchange.openid import AWAY, Provider, ProviderAway
from matcher.hub import clock, identities, passwords, record
from tests.factories import PASSWORD, create_person

from .providers import CLIENT, SECRET, Forger, serve, way_out

pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture(scope="module")
def running():
    with serve(Forger()) as forger:
        yield forger


@pytest.fixture
def forger(app, running):
    """The forging provider, telling the truth until a test says otherwise; the hub knows it and nothing of it yet."""
    running.change, running.sign, running.raw = (lambda claims: claims), running.signed, None
    running.metadata, running.slow, running.asked = {}, 0.0, []
    app.extensions.pop("openid", None)
    app.config["MATCHER"] = replace(app.config["MATCHER"], oidc=Oidc(running.issuer, CLIENT, SECRET, "Lövhamn", ()))
    return running


@pytest.fixture
def alice(store, forger):
    who = create_person(store, "owner", email="kim@example.org", password_hash=passwords.hashed(PASSWORD))
    identities.connect(store, who.person_id, forger.issuer, "alice", clock.now())
    return who


def go(client, forger, extra=""):
    address = way_out(client.post("/login/openid"))
    state = parse_qs(urlsplit(address).query)["state"][0]
    return client.get(f"/login/openid/back?code={forger.code_for(address)}&state={state}{extra}")


def is_in(client):
    return client.get("/account").status_code == 200


def test_the_truth_logs_in(client, forger, alice):
    assert go(client, forger).status_code == 303
    assert is_in(client)


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256"])
def test_each_algorithm_that_is_allowed_works(client, forger, alice, alg):
    forger.sign = lambda claims: forger.signed(claims, alg, forger.elliptic if alg == "ES256" else None)
    assert go(client, forger).status_code == 303


def late(claims):
    moment = int(time.time())
    return {**claims, "exp": moment - 120, "iat": moment - 600}


CLAIMS = {
    "wrong nonce": lambda claims: {**claims, "nonce": "another"},
    "no nonce": lambda claims: {name: value for name, value in claims.items() if name != "nonce"},
    "wrong issuer": lambda claims: {**claims, "iss": "https://evil.example"},
    "issuer with a slash": lambda claims: {**claims, "iss": claims["iss"] + "/"},
    "issuer as a list": lambda claims: {**claims, "iss": [claims["iss"]]},
    "no issuer": lambda claims: {name: value for name, value in claims.items() if name != "iss"},
    "wrong audience": lambda claims: {**claims, "aud": "another client"},
    "several audiences": lambda claims: {**claims, "aud": [CLIENT, "another client"]},
    "several audiences, made for us": lambda claims: {**claims, "aud": [CLIENT, "another client"], "azp": CLIENT},
    "made for another": lambda claims: {**claims, "azp": "another client"},
    "no audience": lambda claims: {name: value for name, value in claims.items() if name != "aud"},
    "expired": late,
    "no end": lambda claims: {name: value for name, value in claims.items() if name != "exp"},
    "end is a text": lambda claims: {**claims, "exp": "tomorrow"},
    "not yet": lambda claims: {**claims, "nbf": int(time.time()) + 600},
    "from the future": lambda claims: {**claims, "iat": int(time.time()) + 600},
    "no subject": lambda claims: {name: value for name, value in claims.items() if name != "sub"},
    "empty subject": lambda claims: {**claims, "sub": ""},
    "subject is a list": lambda claims: {**claims, "sub": ["alice"]},
    "subject is a number": lambda claims: {**claims, "sub": 0},
    "long subject": lambda claims: {**claims, "sub": "alice" * 100},
    "subject with a nought": lambda claims: {**claims, "sub": "alice\x00"},
    "methods are a text": lambda claims: {**claims, "amr": "mfa"},
    "wrong hash of the access token": lambda claims: {**claims, "at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


@pytest.mark.parametrize("what", CLAIMS)
def test_a_token_that_says_something_wrong_logs_nobody_in(store, client, forger, alice, what):
    forger.change = CLAIMS[what]
    assert go(client, forger).status_code == 422
    assert not is_in(client)
    assert record.latest(store)["rows"][0]["action"] == "login.refused"


SIGNED = {
    "alg none": lambda forger: forger.unsigned,
    "HS256 with the public key": lambda forger: forger.by_public_key,
    "HS256 with the client's secret": lambda forger: forger.by_client_secret,
    "RS512": lambda forger: lambda claims: forger.signed(claims, "RS512"),
    "another's key of the same name": lambda forger: lambda claims: forger.signed(claims, key=forger.stranger),
    "no signature": lambda forger: lambda claims: forger.signed(claims).rpartition(".")[0] + ".",
    "another token's signature": lambda forger: (
        lambda claims: ".".join(
            [*forger.signed(claims).split(".")[:2], forger.signed({**claims, "sub": "bob"}).split(".")[2]]
        )
    ),
    "no token at all": lambda forger: lambda claims: "alice",
    "too many parts": lambda forger: lambda claims: forger.signed(claims) + ".x.y",
}


@pytest.mark.parametrize("how", SIGNED)
def test_a_token_that_is_not_signed_as_it_must_logs_nobody_in(store, client, forger, alice, how):
    forger.sign = SIGNED[how](forger)
    assert go(client, forger).status_code == 422
    assert not is_in(client)
    row = record.latest(store)["rows"][0]
    assert row["action"] == "login.refused"
    assert "eyJ" not in json.dumps(row["detail"])


@pytest.mark.parametrize(
    "raw",
    [(200, b"{}"), (200, b"[]"), (200, b"<html>"), (200, b'{"id_token": 1}'), (200, b""), (302, b""),
     (400, b'{"error": "invalid_client"}')],
)  # fmt: skip
def test_an_answer_without_a_token_logs_nobody_in(client, forger, alice, raw):
    forger.raw = raw
    assert go(client, forger).status_code in (422, 503)
    assert not is_in(client)


def test_an_answer_of_another_issuer_is_refused_before_the_code_is_sent(client, forger, alice):
    assert go(client, forger, "&iss=https://evil.example").status_code == 422
    assert "/token" not in forger.asked
    assert go(client, forger, f"&iss={forger.issuer}").status_code == 303


def test_where_the_provider_always_names_itself_silence_is_refused(client, forger, alice):
    forger.metadata = {"authorization_response_iss_parameter_supported": True}
    assert go(client, forger).status_code == 422


def test_a_new_key_of_the_provider_is_read_when_it_is_met(client, forger, alice, monkeypatch):
    assert go(client, forger).status_code == 303
    client.post("/logout")
    before = forger.key
    try:
        from joserfc.jwk import RSAKey

        forger.key = RSAKey.generate_key(2048, {"kid": "new", "use": "sig"})
        assert go(client, forger).status_code == 422, "keys are not read anew at once: nobody makes us ask all the time"
        monkeypatch.setattr("matcher.exchange.openid.KEYS_AGAIN", 0)
        assert go(client, forger).status_code == 303
    finally:
        forger.key = before


# The provider is away, or another than it should be


@pytest.mark.parametrize(
    "metadata",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "http://evil.example/token"},
     {"authorization_endpoint": "javascript:alert(1)"}, {"jwks_uri": "file:///etc/passwd"}, {"token_endpoint": None}],
)  # fmt: skip
def test_a_discovery_that_does_not_fit_is_not_gone_by(client, forger, alice, metadata, text):
    forger.metadata = metadata
    answer = client.post("/login/openid")
    assert answer.status_code == 503
    assert "Lövhamn does not answer just now" in text(answer)


def test_with_the_provider_away_one_logs_in_by_password(app, store, client, forger, alice, text):
    with socket.socket() as taken:  # a port where nobody answers
        taken.bind(("127.0.0.1", 0))
        away = Oidc(f"http://127.0.0.1:{taken.getsockname()[1]}", CLIENT, SECRET, "Lövhamn", ())
        app.config["MATCHER"] = replace(app.config["MATCHER"], oidc=away)
        answer = client.post("/login/openid", data={"next": "/account?x=1"})
        assert answer.status_code == 503
        assert 'name="next" value="/account?x=1"' in answer.get_data(as_text=True)
        assert 'type="password"' in answer.get_data(as_text=True)
        assert client.get("/login").status_code == 200
        assert client.post("/login", data={"email": "kim@example.org", "password": PASSWORD}).status_code == 303


def test_a_provider_that_hangs_is_waited_for_some_seconds_and_then_left_alone(monkeypatch, client, forger, alice):
    monkeypatch.setattr("matcher.exchange.openid.TIMEOUT", (0.3, 0.3))
    forger.slow = 3.0
    start = time.monotonic()
    assert client.post("/login/openid").status_code == 503
    assert time.monotonic() - start < 2.5
    forger.slow = 0.0
    before = len(forger.asked)
    assert client.post("/login/openid").status_code == 503, "and not asked again for half a minute"
    assert len(forger.asked) == before


def test_a_provider_that_goes_away_in_the_middle_is_said(client, forger, alice, text):
    address = way_out(client.post("/login/openid"))
    state = parse_qs(urlsplit(address).query)["state"][0]
    forger.raw = (500, b"")
    answer = client.get(f"/login/openid/back?code={forger.code_for(address)}&state={state}")
    assert answer.status_code == 503
    assert "does not answer just now" in text(answer)


def test_a_provider_is_asked_again_after_a_while(monkeypatch, forger):
    forger.metadata = {"issuer": "https://evil.example"}
    provider = Provider(Oidc(forger.issuer, CLIENT))
    with pytest.raises(ProviderAway, match=r"calls itself 'https://evil\.example'"):
        provider.discover()
    forger.metadata = {}
    with pytest.raises(ProviderAway, match="a moment ago"):
        provider.discover()
    later = time.monotonic() + AWAY
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert provider.discover()["issuer"] == forger.issuer
