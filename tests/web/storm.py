"""Hostile text in every field of every form and every parameter of every address, as everybody, in both languages.

A `Storm` draws from a seed, so a number says what was sent. It begins with what `walking.FORMS` knows and learns the
other names from what the code itself asks of a request. Each name is tried alone in a form that is else in order, by
every visitor in each language; between them come forms with several odd fields at
once, mostly by those who may send them.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
import traceback
from collections import Counter, defaultdict, deque
from typing import Any
from urllib.parse import quote_from_bytes, urlsplit

import icalendar
from flask import Request, got_request_exception, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.test import TestResponse

from .walking import FORMS, SAFE, Hub
from .world import VISITORS

LOCALES = ("sv", "en")
ALONE = 0.7  # of the requests try the next name alone
AT_ONCE = 120  # requests on one state of the hub: what was sent is read again by those after it
# What would stand in a page as it was typed: a mark, and behind it what must not come out as it is.
MARK = "q1x9"  # in no id: they have neither 0, 1, 8 nor 9
RAW = re.compile(MARK + r"""(?:<(?!br>)|["']|49|&(?!(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9a-f]{1,6});))""")
RUNS = tuple(
    MARK + rest
    for rest in (
        "<b>", '"onload=', "'onload=", "{{7*7}}", "${7*7}", "<!--", "</script><script>", "</title><img src=x>", "&lt;b",
        "<x'\"&{{7*7}}>", "]]>", "%(name)s", "%s", "{0}", "{name}", "{% raw %}", "<svg/onload=1>", "\r\nX-Evil: 1",
        "`", "\\u003cb>", "\\", "javascript:1", "&#60;b>", "\ufeff<b>", "＜b＞", "\u202e<b>", "&", '"', "'", "<",
    )
)  # fmt: skip
ODD = (
    "", " ", "\n", "\t", "0", "-0", "-1", "1", "2", "3,5", "1e9", "1e999", "NaN", "inf", "-Infinity", "9" * 19,
    "9" * 400, "0x10", "1_000", "1 000", "1\u00a0000", "٣", "²", "１２", "½", "null", "None", "true", "yes", "no",
    "other", "all", "2026-02-30", "2026-02-29", "0000-00-00", "0001-01-01", "1899-12-31", "9999-12-31", "10000-01-01",
    "2026-W01-1", "20261122", "2026-11-22T00:00", "2026-11-22T25:61:00Z", "24:00", "00:00:60", "23:59", "29/2/2027",
    "٢٠٢٦-٠١-٠١",
    "a\x00b", "\x00", "\x1b[31m", "\x7f", "\x85", "\u2028", "\ud800", "a\udfffb", "\ufffe", "\U0010ffff", "\u200b",
    "\u202eabc", "é" * 3, "e\u0301" * 200, "ß", "İ", "ﬁ", "💩" * 60, "👩‍👩‍👧‍👦", "å" * 4_500,
    "x" * 70_000, "a " * 9_000,
    "'; drop table need; --", "' or '1'='1", "%", "_", "\\", "../../../etc/passwd", "..\\..\\x", "file:///etc/passwd",
    "http://169.254.169.254/", "//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)",
    "data:text/html,<b>", "=1+1", "+1", "@x", "\t=1", "-2+3", "\r=1", "＝1", "a@b", "a@example.org\nBcc: b@example.org",
    '"a b"@example.org', "a@" + "b" * 250 + ".example", "a@[127.0.0.1]", "å@ä.example", "{}", "[]", '{"a": [1]}',
    "[" * 2_000, "<a/>", "556677-1234", "165567701437", "0" * 12, "1" * 10, "sv", "en", "xx", "sv-SE", "draft", "owner",
)  # fmt: skip
HEADERS = ("Referer", "User-Agent", "Accept-Language", "Accept", "X-Forwarded-For", "X-Forwarded-Host", "HX-Request",
           "HX-Target", "HX-Current-URL", "If-None-Match", "If-Modified-Since", "Range", "X-Requested-With", "Origin",
           "Authorization", "Content-Language", "Sec-Fetch-Site", "Cookie2")  # fmt: skip
# What one case costs; a page that draws a paper or plans a round is asked for more seldom once each name was tried.
SLOW = ("agreements.paper", "years.paper", "plans.create", "plans.solve", "account.start", "account.use_link")
FIRST_IN_A_CELL = tuple("=+-@\t\r\n＝＋－＠")


class _Asking(ImmutableMultiDict):  # type: ignore[type-arg]
    """A form or a query that notes which names the code asks for."""

    asked: dict[str, set[tuple[str, str]]] = defaultdict(set)

    def _note(self, name: Any) -> None:
        if isinstance(name, str) and len(name) < 60:
            kind = "query" if request.method in SAFE else "form"
            self.asked[request.endpoint or ""].add((kind, name))

    def __getitem__(self, key: Any) -> Any:
        self._note(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._note(key)
        return super().__contains__(key)

    def get(self, key: Any, *given: Any, **named: Any) -> Any:
        self._note(key)
        return super().get(key, *given, **named)

    def getlist(self, key: Any, *given: Any, **named: Any) -> Any:
        self._note(key)
        return super().getlist(key, *given, **named)


class _AskedRequest(Request):
    parameter_storage_class = _Asking


class Storm:
    """Sends requests to a hub and keeps what was wrong with the answers."""

    def __init__(self, hub: Hub, policy: dict[str, list[dict[str, str]]], seed: int) -> None:
        self.hub, self.policy, self.draw = hub, policy, random.Random(seed)
        self.sent, self.faults, self.kinds = 0, [], Counter[str]()
        self.tried, self.known = set[tuple[str, ...]](), set[tuple[str, ...]]()
        self._waiting: deque[tuple[str, ...]] = deque()
        self._last = ""
        self._locale = ""
        hub.app.request_class = _AskedRequest
        got_request_exception.connect(self._broke, hub.app)
        cases = []
        for endpoint, rows in policy.items():
            for method in {row["method"] for row in rows}:
                _Asking.asked[endpoint] |= {
                    ("query" if method == "GET" else "form", name) for name in FORMS.get(endpoint, {})
                }
                for visitor in VISITORS:
                    cases += [(endpoint, method, visitor, locale) for locale in LOCALES]
        self._cases = sorted(cases)
        self._open = [one for one in self._cases if any(row[one[2]] == "ok" for row in policy[one[0]])]
        self._learn()

    def _broke(self, _app: Any, exception: BaseException, **_more: Any) -> None:
        self._last = "".join(traceback.format_exception(exception)[-6:])

    def _learn(self) -> None:
        """Put every name that came up since into the line, for every visitor in each language."""
        new = []
        for endpoint, method, visitor, locale in self._cases:
            kind = "query" if method in SAFE else "form"
            names = {name for known, name in _Asking.asked[endpoint] if known == kind}
            names |= {f"<{name}>" for name in self.hub.rule(endpoint).arguments}
            new += [(endpoint, method, visitor, locale, name) for name in sorted(names) or [""]]
        fresh = [one for one in new if one not in self.known]
        self.known |= set(fresh)
        self.draw.shuffle(fresh)
        self._waiting.extend(sorted(fresh, key=lambda one: one[3]) if self.sent else fresh)

    def run(self, count: int) -> None:
        """Send so many requests."""
        while self.sent < count:
            self._fresh()
            until = self.sent + AT_ONCE
            while self.sent < min(until, count):
                self._one()
            self._learn()

    def _fresh(self) -> None:
        """Put the hub back, with everybody's pages in one language."""
        self.hub.reset()
        self._locale = self.draw.choice(LOCALES)
        self.hub.store.execute("update person set locale = :locale", {"locale": self._locale})
        self.hub.store.execute("delete from attempt")

    def _one(self) -> None:
        for _ in range(len(self._waiting) if len(self._waiting) < 50 else 50):  # the next in the language of now
            if self._waiting[0][3] == self._locale:
                break
            self._waiting.rotate(-1)
        if self._waiting and self._waiting[0][3] == self._locale and self.draw.random() < ALONE:
            case = self._waiting.popleft()
            self.tried.add(case)
            endpoint, method, visitor, _, name = case
            self._send(endpoint, method, visitor, {name} if name else set())
            return
        endpoint, method, visitor, _ = self.draw.choice(self._cases if self.draw.random() < 0.1 else self._open)
        if endpoint in SLOW and self.draw.random() < 0.95:
            return
        kind = "query" if method in SAFE else "form"
        names = sorted(name for known, name in _Asking.asked[endpoint] if known == kind)
        self._send(endpoint, method, visitor, {name for name in names if self.draw.random() < 0.4})

    def text(self) -> str:
        """Return one hostile text."""
        kind = self.draw.random()
        if kind < 0.45:
            return "".join(self.draw.choice(RUNS) for _ in range(self.draw.choice((1, 1, 1, 2, 5))))
        if kind < 0.85:
            return self.draw.choice(ODD)
        if kind < 0.92:  # an id of something in the hub, that need not be what is asked for
            return self.draw.choice(sorted(self.draw.choice(list(self.hub.world.things.values())).values()))
        return "".join(
            chr(self.draw.choice((self.draw.randrange(0x80), self.draw.randrange(0x110000))))
            for _ in range(self.draw.randrange(1, 40))
        )

    def _send(self, endpoint: str, method: str, visitor: str, odd: set[str]) -> None:
        rows = [row for row in self.policy[endpoint] if row["method"] == method]
        mine = [row for row in rows if row[visitor] == "ok"] or rows
        thing = self.draw.choice(mine)["thing"]
        given, texts = (
            {},
            {name: [self.text() for _ in range(self.draw.choice((1, 1, 1, 1, 3)))] for name in sorted(odd)},
        )
        path = self._path(endpoint, thing, texts)
        fields: dict[str, Any] = {}
        if method not in SAFE:
            fields = self.hub.form(endpoint, visitor, thing)
        pairs = {**fields, **{name: several for name, several in texts.items() if not name.startswith("<")}}
        if method in SAFE:
            path += "?" + _encoded(pairs)
        elif any(isinstance(value, tuple) for value in fields.values()):
            if "file" in odd and isinstance(fields.get("file"), tuple):
                pairs["file"] = (fields["file"][0], _whole(self.text()).replace("\x00", "")[:300] or "x")
            given["data"] = {name: _whole(value) for name, value in pairs.items()}
        else:
            given |= {"data": _encoded(pairs), "content_type": "application/x-www-form-urlencoded"}
        headers = {"Accept-Language": self._locale}
        if self.draw.random() < 0.1:
            text = re.sub(r"[\r\n\x00]", "", self.text()).encode("latin-1", "ignore").decode("latin-1")[:4_000]
            headers[self.draw.choice(HEADERS)] = text
        given["headers"] = headers
        given["environ_base"] = {"REMOTE_ADDR": f"10.0.{self.draw.randrange(256)}.{self.draw.randrange(256)}"}
        answer = self._asked(visitor, method, path, given)
        if answer is not None and answer.status_code == 303 and (answer.location or "").startswith("/"):
            self._asked(visitor, "GET", answer.location, {"headers": {"Accept-Language": self._locale}})

    def _path(self, endpoint: str, thing: str, texts: dict[str, list[str]]) -> str:
        path = self.hub.address(endpoint, thing)
        for name, several in texts.items():
            if name.startswith("<"):
                odd = quote_from_bytes(several[0].encode("utf8", "surrogatepass"), safe="")[:2_000]
                path = re.sub(rf"<(path:)?{name[1:-1]}>", lambda _, odd=odd: odd, self.hub.rule(endpoint).rule)
                others = [one for one in self.hub.rule(endpoint).arguments if f"<{one}>" in path]
                for other in others:
                    path = path.replace(f"<{other}>", "x")
        return path

    def _asked(self, visitor: str, method: str, path: str, given: dict[str, Any]) -> TestResponse | None:
        self.sent += 1
        self._last = ""
        answer = self.hub.send(visitor, method, path, **given)
        self.kinds[str(answer.status_code)] += 1
        wrong = fault(answer)
        if wrong:
            sent = str(given.get("data", ""))[:600]
            self.faults.append(f"{method} {path[:300]} as {visitor} ({self._locale}): {wrong}\n  {sent}\n{self._last}")
        return answer


def _whole(value: Any) -> Any:
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return value.encode("utf8", "replace").decode("utf8") if isinstance(value, str) else value


def _encoded(pairs: dict[str, Any]) -> str:
    several = [(name, one) for name, value in pairs.items() for one in (value if isinstance(value, list) else [value])]
    quoted = [(part.encode("utf8", "surrogatepass") for part in (name, str(value))) for name, value in several]
    return "&".join("=".join(quote_from_bytes(part, safe="") for part in parts) for parts in quoted)


def fault(answer: TestResponse) -> str:
    """Return what is wrong with an answer: a server error, an echo that could run, a header or a cell from outside."""
    if answer.status_code >= 500:
        return f"{answer.status_code}"
    if "X-Evil" in answer.headers:
        return "a header from outside"
    way = urlsplit(answer.location or "")
    if way.netloc not in ("", "localhost", "login.example.org") or (answer.location or "").startswith(("//", "/\\")):
        return f"leads to {answer.location}"
    if answer.headers.get("X-Content-Type-Options") != "nosniff":
        return "its kind may be guessed"
    if answer.status_code in (204, 301, 302, 303, 304, 308):
        return ""
    return _of_kind(answer)


def _of_kind(answer: TestResponse) -> str:
    data = answer.get_data()
    if answer.mimetype == "text/html":
        found = RAW.search(data.decode("utf8", "replace"))
        return (
            f"raw echo: {data.decode('utf8', 'replace')[max(0, found.start() - 120) : found.end() + 60]!r}"
            if found
            else ""
        )
    if answer.mimetype in ("application/json", "application/schema+json"):
        json.loads(data)
    elif answer.mimetype == "text/csv":
        text = data.decode("utf-8-sig")
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in text.partition("\n")[0] else ",")
        live = [cell for row in rows for cell in row if cell.startswith(FIRST_IN_A_CELL) and not _number(cell)]
        return f"a live cell: {live[0][:80]!r}" if live else ""
    elif answer.mimetype == "text/calendar":
        icalendar.Calendar.from_ical(data)
    elif answer.mimetype == "image/svg+xml" and b"script" in data:
        return "a script in a picture"
    return ""


def _number(cell: str) -> bool:
    return re.fullmatch(r"[-+]?[0-9 \u00a0]+([.,][0-9]+)?", cell) is not None
