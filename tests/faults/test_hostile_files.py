"""Hostile files through every door that takes one: what is taken equals what stands in the file, or it is refused.

`MATCHER_FILES` says how many (every tenth in `make test`, all of them in `make test-faults`).
"""

from __future__ import annotations

import io
import os
import resource
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from matcher.exchange import papers_apart, reading, tables
from matcher.exchange.agreement_papers import BrokenTemplate
from matcher.exchange.errors import ImportRefused
from matcher.hub import signatures
from matcher.web import words
from tests.exchange import hostile
from tests.exchange.hostile import Case
from tests.web.walking import Hub, open_hub

CASES = hostile.cases()
WANTED = CASES if os.environ.get("MATCHER_FILES") == "all" else CASES[::10]
SECONDS = reading.SECONDS + 5  # the limit, and the time to start and end a process on a busy machine


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with open_hub() as opened:
        yield opened


def _of(door: str) -> list[Case]:
    return [case for case in WANTED if case.door == door]


def _table(case: Case) -> str:
    """Return what is wrong with how a table was read."""
    try:
        found = tables.read(case.data, case.name)
    except ImportRefused as error:
        return "" if error.code in case.codes and str(error) else f"refused with {error.code}"
    held = [found.headings, *(row.cells for row in found.rows)]
    return "" if held == case.rows else f"taken as {str(held)[:200]}"


def _template(case: Case) -> str:
    try:
        found = papers_apart.check(case.data)
    except BrokenTemplate as error:
        said = words.field_error(f"template_{error.code}", {"detail": error.detail})
        return "" if error.code in case.codes and said else f"refused with {error}"
    return "" if [found] == case.rows else "taken"


def _tried(door: str, one: object) -> None:
    faults, longest, begun = [], (0.0, ""), time.monotonic()
    for case in _of(door):
        started = time.monotonic()
        wrong = one(case)
        took = time.monotonic() - started
        longest = max(longest, (took, case.what))
        faults += [f"{case}: {wrong}, expected {case.rows or sorted(case.codes)}"] if wrong else []
        faults += [f"{case}: {took:.0f} s"] if took > SECONDS else []
    print(
        f"\n{len(_of(door))} of {sum(case.door == door for case in CASES)} files ({door}) in "
        f"{time.monotonic() - begun:.0f} s, the longest {longest[0]:.1f} s ({longest[1]})"
    )
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults)


def test_there_are_enough_of_them_and_each_is_made_the_same_each_time():
    assert len(CASES) > 400
    assert min(Counter(case.door for case in CASES).values()) > 20
    for made in (hostile.texts, hostile.books, hostile.macros, hostile.others):
        assert [case.data for case in made()] == [case.data for case in made()]


def test_a_table_is_taken_as_it_stands_or_refused(caplog):
    _tried("table", _table)
    assert caplog.records == [], "the reader ended in a way that nobody foresaw"


def test_a_template_is_taken_or_refused(caplog, request):
    with request.getfixturevalue("hub").app.test_request_context():
        _tried("template", _template)
    assert caplog.records == []


def test_a_signed_file_comes_back_byte_for_byte_as_a_download_or_is_refused(hub):
    def sign(case: Case) -> str:
        hub.reset()
        form = {**hub.form("agreements.sign", "owner", "prepared"), "file": (io.BytesIO(case.data), case.name)}
        answer = hub.send("owner", "POST", hub.address("agreements.sign", "prepared"), data=form)
        if str(answer.status_code) in case.codes:
            return "" if hub.changed() == [] else "refused, and still kept"
        if answer.status_code != 303 or case.rows is None:
            return f"{answer.status_code}"
        back = hub.send("broker", "GET", hub.address("agreements.signed_file", "prepared") + "?number=2&side=owner")
        if back.get_data() != case.data:
            return f"other bytes came back ({back.status_code})"
        said = back.headers["Content-Disposition"]
        ends = signatures.ENDINGS[back.mimetype]
        kept = hub.store.query("select file_name from signature where side = 'owner' and file_name is not null")[0][
            "file_name"
        ]
        wrong = not said.startswith("attachment;") or "sandbox" not in back.headers["Content-Security-Policy"]
        wrong = wrong or not kept.lower().endswith(ends) or any(mark in kept for mark in "/\\\r\n\x00\u202e")
        return (
            f"handed out as {said!r} ({kept!r})" if wrong or back.headers["X-Content-Type-Options"] != "nosniff" else ""
        )

    _tried("signed", sign)
    hub.reset()


class _Endless:
    """A body that goes on for a gigabyte, and how much of it was asked for."""

    def __init__(self, start: bytes, size: int = 1_000_000_000) -> None:
        self._start, self.left, self.given = start, size, 0

    def read(self, count: int = -1) -> bytes:
        assert count >= 0, "all of it was asked for at once"
        count = min(count, self.left)
        made = self._start[:count].ljust(count, b"x")
        self._start, self.left, self.given = self._start[count:], self.left - count, self.given + count
        return made

    def readline(self, count: int = -1) -> bytes:
        return self.read(count if count >= 0 else 65_536)


MULTIPART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
DOORS = {
    "imports.upload": ("broker", "-"),
    "agreements.sign": ("owner", "prepared"),
    "agreements.add_template": ("administrator", "-"),
    "account.start": ("none", "-"),
}


@pytest.mark.parametrize("declared", ["1000000000", None, "-1", "x", "99999999999999999999", "100"])
@pytest.mark.parametrize("endpoint", DOORS)
def test_of_a_gigabyte_no_more_is_read_than_the_door_allows(hub, endpoint, declared):
    visitor, thing = DOORS[endpoint]
    body = _Endless(MULTIPART)
    environ = {"wsgi.input": body, "CONTENT_TYPE": "multipart/form-data; boundary=b"}
    if declared is None:
        environ |= {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    else:
        environ["CONTENT_LENGTH"] = declared
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = hub.send(visitor, "POST", hub.address(endpoint, thing), environ_overrides=environ)
    assert answer.status_code in (400, 413, 422), answer.status_code
    assert body.given < 11_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB
    assert hub.changed() == []
