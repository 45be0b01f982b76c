"""What every write and every answer keeps to: a token and our own origin, headers, cookies.

That reading never writes is looked at in every cell of the policy (`test_policy.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from matcher.store import StoreError, copy_mark
from matcher.web import health
from matcher.web.resume import SECRET

from .test_policy import POLICY
from .walking import Hub, open_hub
from .world import VISITORS

OWNER_OF_ALL = "broker"
JSON = {"Accept": "application/json"}
WRITES = sorted({(row["method"], endpoint) for endpoint, rows in POLICY.items() for row in rows} - {("GET", "")})
WRITES = [(method, endpoint) for method, endpoint in WRITES if method != "GET"]
FOREIGN = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:8001"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with open_hub() as opened:
        yield opened


def _who_may(endpoint: str) -> tuple[str, dict[str, str]]:
    """Return a visitor and a row of the policy file for a write that would be taken."""
    for row in POLICY[endpoint]:
        for visitor in ("broker", *VISITORS):
            if row["method"] != "GET" and row[visitor] == "ok":
                return visitor, row
    raise AssertionError(f"nobody may {endpoint}")


@pytest.mark.parametrize("accept", [{}, JSON], ids=["html", "json"])
@pytest.mark.parametrize(("method", "endpoint"), WRITES)
def test_a_write_without_its_token_is_refused(hub, method, endpoint, accept):
    visitor, row = _who_may(endpoint)
    form = hub.form(endpoint, visitor, row["thing"])
    answer = hub.send(visitor, method, hub.address(endpoint, row["thing"]), csrf=False, headers=accept, data=form)
    # A form that holds a password is not shown again: its page is, with a word about it.
    again = answer.status_code == 303 and SECRET & set(form)
    assert answer.status_code == 400 or again, answer.status
    assert hub.changed() == []


@pytest.mark.parametrize("headers", FOREIGN, ids=lambda headers: "-".join(next(iter(headers.items()))))
@pytest.mark.parametrize(("method", "endpoint"), WRITES)
def test_a_write_from_another_site_is_refused_whatever_its_token(hub, method, endpoint, headers):
    visitor, row = _who_may(endpoint)
    form = hub.form(endpoint, visitor, row["thing"])
    answer = hub.send(visitor, method, hub.address(endpoint, row["thing"]), headers=headers, data=form)
    assert answer.status_code == 400
    assert hub.changed() == []
    assert "Set-Cookie" not in answer.headers  # nobody is logged out by a form on another page


def test_a_token_of_another_session_is_refused(hub):
    answer = hub.send("broker", "POST", "/logout", csrf=False, headers={"X-CSRFToken": "IjAxMjM0NTY3ODlhYmNkZWYi.a.b"})
    assert answer.status_code == 400


def _kinds(hub: Hub) -> list[tuple[str, str, int]]:
    """Return (method, path, status) of one answer of every kind."""
    need = hub.address("needs.show", "published")
    return [
        ("GET", "/", 200), ("GET", need, 200), ("GET", "/healthz", 200), ("GET", "/api/v1/needs", 200),
        ("GET", "/openapi.json", 200), ("GET", "/api/v1/needs/missing", 404), ("GET", "/api/v1/needs?page=x", 422),
        ("GET", "/static/css/theme.css", 200), ("GET", "/static/none.css", 404), ("GET", "/nowhere", 404),
        ("GET", "/desk", 308), ("PUT", "/needs", 405), ("OPTIONS", "/needs", 200), ("HEAD", "/needs", 200),
        ("POST", "/login", 422), ("GET", f"{need}/close", 200), ("POST", f"{need}/publish", 409),
        ("POST", f"{need}/close", 422), ("GET", "/imports/examples/needs.csv", 200), ("GET", "/admin/people", 404),
        ("GET", hub.address("startups.needs", "published"), 403),
    ]  # fmt: skip


def test_every_kind_of_answer_carries_the_headers(hub):
    for method, path, status in _kinds(hub):
        answer = hub.send("broker", method, path)
        assert answer.status_code == status, (method, path)
        for name, value in ALWAYS.items():
            assert answer.headers.get(name) == value, (method, path, name)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy, path
        assert "default-src 'self'" in policy or policy.startswith("sandbox; default-src 'none'"), path
        hub.reset()


def test_nothing_is_kept_by_a_browser_while_somebody_is_logged_in(hub):
    for method, path, _ in _kinds(hub):
        answer = hub.send("broker", method, path)
        if not path.startswith(("/static", "/api")):
            assert answer.headers["Cache-Control"] == "no-store", (method, path)
        hub.reset()


def test_a_server_error_and_a_busy_store_carry_the_headers_too(hub, monkeypatch):
    from matcher.hub import need_catalogue
    from matcher.store import StoreBusy

    for error, status in ((ZeroDivisionError, 500), (StoreBusy, 503)):

        def fail(*_given: object, error: type[Exception] = error, **_named: object) -> None:
            raise error

        monkeypatch.setattr(need_catalogue, "listing", fail)
        answer = hub.send("broker", "GET", "/needs")
        assert answer.status_code == status
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Traceback" not in answer.get_data(as_text=True)


def test_a_cookie_is_kept_from_scripts_and_other_sites(hub):
    answer = hub.app.test_client().get("/login")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie


def test_a_session_is_not_in_the_cookie_but_on_the_server(hub):
    answer = hub.send("revoked", "GET", "/mine")
    assert answer.status_code == 302
    assert "token" not in hub.app.session_interface.get_signing_serializer(hub.app).loads(
        answer.headers["Set-Cookie"].split("=", 1)[1].split(";")[0]
    )


@pytest.mark.parametrize("visitor", ["broker", "owner", "none"])
def test_a_body_that_is_too_large_is_refused(hub, visitor):
    answer = hub.send(visitor, "POST", "/needs/new", data={"title": "x" * 1_100_000})
    assert answer.status_code == 413
    assert hub.changed() == []


def test_too_many_fields_are_refused(hub):
    given = {f"field{number}": (None, "x") for number in range(300)}
    body = "".join(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\nx\r\n' for name in given)
    answer = hub.send(
        "owner", "POST", "/needs/new", data=f"{body}--b--\r\n", content_type="multipart/form-data; boundary=b"
    )
    assert answer.status_code == 413
    assert hub.changed() == []


def test_whether_the_hub_is_ready_is_all_that_is_told(client, store, monkeypatch):
    assert client.get("/readyz").json == {"status": "ready"}

    def away(*given):
        raise StoreError("postgresql://matcher:password@db.example.org is away")

    monkeypatch.setattr(health, "refuse", away)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "store unavailable"})


def test_half_a_copy_of_a_hub_is_not_served(app, client, store):
    del app.extensions["whole"]  # as in a process that has just begun
    copy_mark.begin(store, "elsewhere", ["need"])
    assert client.get("/").status_code == 503
    assert client.get("/readyz").json == {"status": "a copy into the database is not finished"}
    assert client.get("/healthz").status_code == 200
    copy_mark.end(store)
    assert client.get("/").status_code == 200
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("delete from migration where name = (select max(name) from migration)", "schema not up to date"),
        ("insert into migration (name, applied_at) values ('9999_later', 'x')", "schema newer than the code"),
    ],
)
def test_a_database_of_another_version_is_not_served(app, client, store, change, status):
    del app.extensions["whole"]  # as in a process that has just begun
    store.execute(change)
    assert client.get("/").status_code == 503
    assert client.get("/readyz").json == {"status": status}
    assert client.get("/healthz").status_code == 200
