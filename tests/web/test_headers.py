from __future__ import annotations

from dataclasses import replace

import pytest

from matcher import create_app
from matcher.hub import people
from matcher.ranking.encoder import TinyEncoder
from matcher.store.schema import migrate
from tests.factories import create_person

ORIGIN = "http://localhost"


@pytest.fixture
def safe(app, tmp_path):
    """The same hub, reached over TLS."""
    config = replace(app.config["MATCHER"], base_url="https://matcher.example.org")
    application = create_app(config, TinyEncoder())
    migrate(application.extensions["store"])
    yield application
    application.extensions["store"].close()


@pytest.fixture
def kim(store, client, login):
    person = create_person(store, name="Kim")
    login(client, person)
    return person


def rename(client, **headers):
    return client.post("/account", data={"name": "New", "locale": "sv"}, headers=headers)


def test_every_page_forbids_frames_inline_code_and_guessing(client):
    for path in ("/login", "/nowhere", "/healthz"):
        headers = client.get(path).headers
        assert "unsafe" not in headers["Content-Security-Policy"]
        for directive in ("default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'",
                          "object-src 'none'"):  # fmt: skip
            assert directive in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


def test_pages_of_a_person_are_never_stored(client, kim):
    assert client.get("/account").headers["Cache-Control"] == "no-store"
    assert client.get("/nowhere").headers["Cache-Control"] == "no-store"
    assert client.get("/login").headers["Cache-Control"] == "no-store"


def test_log_out_clears_what_the_browser_still_holds(client, kim):
    assert client.post("/logout").headers["Clear-Site-Data"] == '"cache"'


def test_over_tls_the_cookie_is_bound_to_the_host(safe):
    answer = safe.test_client().get("/login", base_url="https://matcher.example.org")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-matcher=")
    for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_without_tls_the_cookie_is_still_hidden_from_scripts(client):
    answer = client.get("/login")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "Secure" not in answer.headers["Set-Cookie"]
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "matcher.example.org", "local host", ""])
def test_an_unknown_host_is_refused(client, host):
    answer = client.get("/login", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil.example" not in answer.get_data(as_text=True)


def test_the_hubs_own_name_is_known(safe):
    assert safe.test_client().get("/login", headers={"Host": "matcher.example.org"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:81"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_write_from_another_site_is_refused_even_with_a_token(store, client, kim, headers):
    answer = rename(client, **headers)
    assert answer.status_code == 400
    assert people.viewer(store, kim.person_id).name == "Kim"


@pytest.mark.parametrize("headers", [{}, {"Origin": ORIGIN}, {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}])
def test_our_own_pages_and_clients_that_name_no_site_may_write_with_a_token(store, client, kim, headers):
    assert rename(client, **headers).status_code == 303
    assert people.viewer(store, kim.person_id).name == "New"


def test_another_site_is_offered_neither_the_form_nor_a_new_session(app, client, kim):
    answer = client.post(
        "/account", data={"name": "Evil"}, headers={"Origin": "https://evil.example"}, csrf=False
    )  # fmt: skip
    assert "Evil" not in answer.get_data(as_text=True)
    visitor = app.test_client().post(
        "/account", data={"name": "Evil"}, headers={"Origin": "https://evil.example"}, csrf=False
    )
    assert visitor.status_code == 400
    assert "Set-Cookie" not in visitor.headers


@pytest.mark.parametrize("token", [None, "", "x", "x" * 2000])
def test_a_write_without_a_fitting_token_is_refused(store, client, kim, token):
    headers = {} if token is None else {"X-CSRFToken": token}
    answer = client.post("/account", data={"name": "New", "locale": "sv"}, headers=headers, csrf=False)
    assert answer.status_code == 400
    assert people.viewer(store, kim.person_id).name == "Kim"


def test_a_token_of_another_session_does_not_fit(app, client, kim):
    other = app.test_client()
    other.get("/login")
    answer = client.post("/account", data={"name": "New"}, headers={"X-CSRFToken": other.token()}, csrf=False)
    assert answer.status_code == 400


def test_every_write_asks_for_a_token(app, client, kim):
    writes = {rule.rule for rule in app.url_map.iter_rules() if rule.methods & {"POST", "PUT", "PATCH", "DELETE"}}
    assert writes
    for path in sorted(writes):
        for name in ("need", "startup", "testbed", "pairing", "person", "organisation", "membership"):
            path = path.replace(f"<{name}_id>", "x")
        assert client.post(path, data={"a": "b"}, csrf=False).status_code in (303, 400, 401), path


def test_a_body_that_is_too_large_is_refused_with_a_page(client, kim):
    answer = client.post("/account", data={"name": "x" * 1_100_000})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/login", "text/html; charset=utf-8"),
        ("/nowhere", "text/html; charset=utf-8"),
        ("/healthz", "application/json"),
        ("/openapi.json", "application/json"),
        ("/api/v1/needs", "application/json"),
        ("/cases.json", "application/json"),
        ("/cases.csv", "text/csv; charset=utf-8"),
        ("/static/css/theme.css", "text/css; charset=utf-8"),
        ("/static/js/matcher.js", "text/javascript; charset=utf-8"),
        ("/static/img/logo.svg", "image/svg+xml; charset=utf-8"),
    ],
)
def test_every_kind_of_answer_says_what_it_is_and_in_which_letters(client, path, expected):
    assert client.get(path).headers["Content-Type"] == expected


def test_an_unknown_host_is_answered_as_plain_text(client):
    assert client.get("/login", headers={"Host": "evil.example"}).content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "DEBUG"])
@pytest.mark.parametrize("path", ["/", "/login", "/api/v1/needs", "/static/css/theme.css"])
def test_methods_that_nobody_needs_are_refused(client, path, method):
    answer = client.open(path, method=method, headers={"X-Secret": "canary"})
    assert answer.status_code in (400, 405)
    assert "canary" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "path",
    ["/static/", "/static/css", "/static/css/", "/.git/config", "/static/.git/config", "/requirements.txt",
     "/static/../config.py", "/static/%2e%2e/config.py", "/static/css/..%2f..%2f..%2fconfig.py", "/secret_key"],
)  # fmt: skip
def test_no_folder_is_listed_and_no_file_beside_the_static_ones_is_given(client, path):
    answer = client.get(path)
    assert answer.status_code in (404, 308)
    assert "theme.css" not in answer.get_data(as_text=True).replace("css/theme.css?v=", "")


def test_the_server_names_no_version(client):
    assert "Werkzeug" not in client.get("/login").headers.get("Server", "")
