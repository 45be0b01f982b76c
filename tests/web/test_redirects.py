"""No address that somebody else made leads out of the hub, and none is made from the Host header.

Every place that takes `next` meets every payload; where it leads is worked out as browsers do it (WHATWG URL): tabs
and line breaks vanish, spaces and control characters at the ends too, and `\\` counts as `/`.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from itertools import product
from urllib.parse import urljoin, urlsplit

import pytest
from argon2 import PasswordHasher
from werkzeug.test import EnvironBuilder, run_wsgi_app

from matcher.config import Oidc
from matcher.exchange.openid import Provider
from matcher.hub import clock, login_steps, mail, second_factor
from matcher.web import account, candidates, letters, openid
from matcher.web import second_factor as factor_pages
from tests.factories import create_need, create_person

PASSWORD = "tre korta ord"
BEFORE = (
    "//", "///", "////", "/\\", "/\\/", "/\\\\", "\\\\", "\\/", "\\", "/\t/", "/\n/", "/\r/", "/\r\n/",
    "/\x00/", "/\x0b/", "\t//", "\n//", " //", "\x01//", "/\t\\", "http://", "https://", "HtTpS://", "http:",
    "https:/", "https:///", "http:\\\\", "//localhost@", "https://localhost@", "//localhost:80@",
    "//localhost\\@", "//localhost.", "https:localhost@", "ftp://", "//%6c@", "///\\", "/\u2028/", "/\x85/",
    "//[::1]@",
)  # fmt: skip
HOSTS = (
    "evil.example", "evil.example/", "evil.example:80/x", "evil.example?localhost", "evil.example#/mine",
    "evil.example/%2e%2e", "evil\u3002example", "EVIL.EXAMPLE/..//localhost",
)  # fmt: skip
OTHERS = (
    "javascript:alert(1)//evil", "JaVaScRiPt:alert('evil')", "java\tscript:alert('evil')",
    "\x01javascript:alert('evil')", "data:text/html,evil", "vbscript:evil",
    "/mine\r\nLocation: https://evil.example", "/\r\n\r\n<b>evil", "evil.example", "@evil.example",
    ".evil.example", "//evil", "mailto:evil@example.org", "file:///evil", "blob:https://evil.example/x",
)  # fmt: skip
PAYLOADS = [*(before + host for before, host in product(BEFORE, HOSTS)), *OTHERS]
BASE = "http://localhost/login"


def leads_to(location: str) -> str:
    """Return scheme and host that a browser goes to from a page of ours."""
    plain = re.sub(r"[\t\r\n]", "", location).strip("".join(map(chr, range(33))))
    head, mark, tail = re.match(r"([^?#]*)([?#]?)(.*)", plain, re.DOTALL).groups()
    parts = urlsplit(urljoin(BASE, head.replace("\\", "/") + mark + tail))
    return f"{parts.scheme}://{parts.netloc}"


def test_the_judge_knows_the_ways_out():
    for out in ("//evil.example", "/\\evil.example", "/\t/evil.example", " //evil.example", "\\\\evil.example",
                "https://evil.example", "//localhost@evil.example"):  # fmt: skip
        assert leads_to(out).endswith("evil.example"), out
    assert leads_to("javascript:alert(1)") != "http://localhost"
    assert leads_to("/mine?x=//evil.example") == "http://localhost"
    assert len(set(PAYLOADS)) >= 300


@pytest.fixture
def kim(store):
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)  # thousands of log-ins
    return create_person(store, "broker", email="kim@example.org", password_hash=cheap)


@pytest.fixture(autouse=True)
def unlimited(monkeypatch):
    for name in ("LOG_INS", "LOG_INS_OF_ONE", "LOG_INS_FROM_ONE", "LINKS", "LINKS_FROM_ONE"):
        monkeypatch.setattr(account, name, 10**6)
    monkeypatch.setattr(factor_pages, "CODES", 10**6)


def at_log_in(app, client, payload):
    return client.post("/login", data={"email": "kim@example.org", "password": PASSWORD, "next": payload}).location


def at_log_in_when_in(app, client, payload):
    at_log_in(app, client, "")
    return client.get("/login", query_string={"next": payload.encode("utf8", "replace")}).location


def at_language(app, client, payload):
    return client.post("/language", data={"locale": "sv", "next": payload}).location


def at_code(app, client, payload):
    with client.session_transaction() as session:
        store = app.extensions["store"]
        person = store.query("select id from person")[0]["id"]
        session["step"] = login_steps.begin(store, "code", clock.now(), person)
    return client.post("/login/code", data={"otp": "000000", "next": payload}).location


def at_candidates(app, client, payload):
    with app.test_request_context("/", method="POST", data={"next": payload}):
        return candidates._back({"need_id": "x"})


PLACES = {one.__name__: one for one in (at_log_in, at_log_in_when_in, at_language, at_code, at_candidates)}


@pytest.mark.parametrize("place", PLACES)
def test_no_payload_leads_out_of_the_hub(app, store, client, kim, monkeypatch, place):
    monkeypatch.setattr(second_factor, "accept", lambda *given: "code")
    escaped = []
    for payload in PAYLOADS:
        location = PLACES[place](app, client, payload)
        if location is None or leads_to(location) != "http://localhost":
            escaped.append((payload, location))
        client.delete_cookie("matcher")
    assert escaped == []


def test_no_payload_stands_in_a_form_of_ours_as_where_it_goes(app, store, client, kim):
    """The hidden `next` of the log-in page, with a right token and with a stale one, and the form that is resumed."""
    escaped = []
    for payload in PAYLOADS:
        stale = {"csrf_token": "old", "next": payload, "email": "x"}
        resumed = {"email": "kim@example.org", "password": PASSWORD, "next": payload, "resume": "yes", "kept:name": "N"}
        pages = [
            client.get("/login", query_string={"next": payload.encode("utf8", "replace")}),
            client.post("/login", data=stale, csrf=False),
            client.post("/login", data=resumed),
        ]
        for page in pages:
            source = page.get_data(as_text=True)
            targets = re.findall(r'name="next" value="([^"]*)"|<form method="post" action="([^"]*)"', source)
            escaped += [
                (payload, target)
                for target in map(unescape, map("".join, targets))
                if leads_to(target) != "http://localhost"
            ]
        client.delete_cookie("matcher")
    assert escaped == []


def test_no_payload_travels_by_the_provider(app, store, client):
    issuer = "https://login.example.org"
    given = Oidc(issuer, "client", "secret", "Lövhamn")
    app.config["MATCHER"] = replace(app.config["MATCHER"], oidc=given)
    app.extensions[openid.PROVIDER] = provider = Provider(given)
    provider.know({"issuer": issuer, "authorization_endpoint": f"{issuer}/go"})
    for payload in PAYLOADS:
        answer = client.post("/login/openid", data={"next": payload})
        assert answer.status_code == 200
        assert leads_to(re.search(r'content="0; url=([^"]+)"', answer.get_data(as_text=True)).group(1)) == issuer
    kept = [json.loads(row["detail"])["target"] for row in store.query("select detail from login_step")]
    assert len(kept) == len(PAYLOADS)
    assert [target for target in kept if leads_to(target) != "http://localhost"] == []


# The Host header

NAMES = (
    "evil.example", "EVIL.EXAMPLE", "evil.example:80", "localhost.evil.example", "evil.example#localhost",
    "localhost@evil.example", "evil.example@localhost", "localhost:80@evil.example", "localhost:evil.example",
    "localhost/evil.example", "localhost\\evil.example", "localhost?evil.example", "localhost#evil.example",
    "localhost,evil.example", "localhost evil.example", "evil.example localhost", "localhost%00evil.example",
    "localhost;evil.example", "[evil.example]", "[::1]evil.example", "127.0.0.1.evil.example",
    "evil.example.", "evil\u3002example", ".localhost.evil.example", "http://evil.example", "//evil.example",
    "evil.example/localhost", "localhost.evil.example:80", "evil.example:localhost", "-evil.example",
    "evil.example%2flocalhost", "xn--evil-.example", "*", "null",
)  # fmt: skip
FORWARDED = (
    "X-Forwarded-Host", "X-Host", "X-Original-Host", "X-HTTP-Host-Override", "X-Forwarded-Server",
    "Forwarded", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix",
)  # fmt: skip
# The whole name: the first four letters come by chance in one page of some ten thousand, in its token.
EVIL = re.compile(r"evil\S{0,14}example")


def _get(app, path, **headers) -> tuple[int, str]:
    """Return status and all of an answer, in small letters; sent as bytes come in, which no client would send."""
    environ = EnvironBuilder(path=path).get_environ()
    environ |= {name: value.encode("utf8").decode("latin1") for name, value in headers.items()}
    body, status, answered = run_wsgi_app(app.wsgi_app, environ, buffered=True)
    return int(status[:3]), f"{answered} {b''.join(body)!r}".lower()


@pytest.mark.parametrize("path", ["/login", "/needs/", "/account", "/nowhere", "/static/css/theme.css"])
def test_no_answer_is_made_from_the_host(app, path):
    for name in NAMES:
        status, answer = _get(app, path, HTTP_HOST=name)
        assert (status, bool(EVIL.search(answer))) == (400, False), name
    for header, name in product(FORWARDED, NAMES):
        given = {f"HTTP_{header.upper().replace('-', '_')}": f"host={name}" if header == "Forwarded" else name}
        status, answer = _get(app, path, **given)
        assert (status < 500, bool(EVIL.search(answer))) == (True, False), (header, name)


def test_no_link_in_a_mail_is_made_from_the_host(app, store, client, kim):
    create_need(store, published=True)
    for name in set(NAMES) - {"xn--evil-.example"}:
        hosted = client.post("/password", data={"email": kim.email}, headers={"Host": name.encode().decode("latin1")})
        assert hosted.status_code == 400
    assert mail.listing(store)["total"] == 0
    for header, name in product(FORWARDED, NAMES[:6]):
        value = name.encode().decode("latin1")
        client.post("/password", data={"email": kim.email}, headers={header: value})
    rows = [row for page in range(1, 4) for row in mail.listing(store, page=page)["rows"]]
    assert len({row["id"] for row in rows}) == len(FORWARDED) * 6
    with app.app_context():
        assert {
            urlsplit(found).netloc for row in rows for found in re.findall(r"\S+://\S+", letters.write(row)[1])
        } == {"localhost"}
