"""Settings: defaults that work, refusals that name the variable and the remedy."""

from __future__ import annotations

import pytest
from flask import request

from matcher import create_app
from matcher.config import Config, ConfigurationError, read
from matcher.ranking.encoder import TinyEncoder


def settings(tmp_path, **given) -> Config:
    return read({"MATCHER_INSTANCE": str(tmp_path / "instance"), **given})


def test_nothing_has_to_be_set(tmp_path):
    found = settings(tmp_path)
    assert found.database_url.startswith("sqlite:///")
    assert found.base_url == "http://127.0.0.1:8000"
    assert not found.https
    assert found.instance.stat().st_mode & 0o777 == 0o700


def test_the_secret_is_made_once(tmp_path):
    first, second = settings(tmp_path), settings(tmp_path)
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 32


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MATCHER_SECRET_KEY", "short"),
        ("MATCHER_SECRET_KEY", "a" * 40),
        ("MATCHER_BASE_URL", "matcher.example.org"),
        ("MATCHER_BASE_URL", "https://matcher.example.org/hub"),
        ("MATCHER_INSTANCE", "/dev/null/hub"),
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("MATCHER_ANSWER_DAYS", "0"),
        ("MATCHER_CONTACT", "the hub"),
        ("MATCHER_CONTACT", "hub@example.org?subject=x"),
        ("MATCHER_SECOND_FACTOR", "on"),
        ("MATCHER_OIDC_ISSUER", "http://login.example.org"),
        ("MATCHER_OIDC_ISSUER", "login.example.org"),
        ("MATCHER_OIDC_ISSUER", "https://login.example.org?tenant=1"),
        ("MATCHER_OIDC_ISSUER", "https://kim:secret@login.example.org"),
        ("MATCHER_OIDC_ISSUER", "http://127.0.0.1.evil.example"),
    ],
)
def test_a_bad_setting_is_named(tmp_path, name, value):
    with pytest.raises(ConfigurationError, match=name):
        settings(tmp_path, **{name: value})


def test_a_provider_of_log_ins_has_a_name_and_its_secret_is_not_shown(tmp_path):
    given = {"MATCHER_OIDC_ISSUER": "https://login.example.org/tenant/v2.0", "MATCHER_OIDC_CLIENT_SECRET": "hush hush"}
    with pytest.raises(ConfigurationError, match="MATCHER_OIDC_CLIENT_ID"):
        settings(tmp_path, **given)
    found = settings(tmp_path, **given, MATCHER_OIDC_CLIENT_ID="hub", MATCHER_OIDC_ACR="loa3 loa4")
    assert (found.oidc.name, found.oidc.acr) == ("login.example.org", ("loa3", "loa4"))
    assert "hush" not in repr(found)
    assert settings(tmp_path).oidc is None
    assert settings(tmp_path, MATCHER_OIDC_ISSUER="http://127.0.0.1:9000", MATCHER_OIDC_CLIENT_ID="hub").oidc
    assert settings(tmp_path).second_factor == "offered"


def test_debugging_is_never_on(tmp_path, monkeypatch):
    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert not create_app(settings(tmp_path), TinyEncoder()).debug


@pytest.mark.parametrize(("proxies", "address"), [("0", "10.0.0.1"), ("1", "192.0.2.7")])
def test_only_a_proxy_of_ours_says_where_a_visitor_is(tmp_path, proxies, address):
    app = create_app(settings(tmp_path, MATCHER_PROXIES=proxies), TinyEncoder())
    seen = []
    app.before_request_funcs.setdefault(None, []).insert(0, lambda: seen.append(request.remote_addr))
    app.test_client().get(
        "/healthz", environ_base={"REMOTE_ADDR": "10.0.0.1"}, headers={"X-Forwarded-For": "203.0.113.9, 192.0.2.7"}
    )
    assert seen == [address]
