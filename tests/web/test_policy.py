"""Who may what: every route × every kind of visitor × every thing, compared with `policy.csv`.

The file says what is right; where a page differs, the page is mended. A route that is not in the file fails here.
`ok` is an answer (for a write also "nothing to do", 409, or "sent with too little", 422), `login` asks who it is.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .walking import FORMS, SAFE, Hub, open_hub, verdict
from .world import VISITORS

FILE = Path(__file__).parent / "policy.csv"
VERDICTS = {"ok", "login", "403", "404", "405"}
# Writes that are not meant to change a row here: a log-in, a password or a code that is wrong, a visitor's language.
WITHOUT_CHANGE = {
    "account.start", "account.save_password", "account.logout", "startups.look",
    "account.give_code", "account.confirm_factor", "account.new_codes", "account.factor_off",
    "account.connect", "account.disconnect", "account.end_session", "account.end_other_sessions",
}  # fmt: skip
METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}


def _read() -> dict[str, list[dict[str, str]]]:
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    with FILE.open(encoding="utf8", newline="") as file:
        for row in csv.DictReader(file):
            rows[row["endpoint"]].append(row)
    return dict(rows)


POLICY = _read()


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    """One hub for all cells; whoever changes it puts it back."""
    with open_hub() as opened:
        yield opened


def test_the_file_names_every_route_and_method_and_nothing_else(hub):
    written = {(endpoint, row["method"]) for endpoint, rows in POLICY.items() for row in rows}
    there = {(rule.endpoint, method) for rule in hub.rules() for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert sorted(there - written) == [], "routes without a row in policy.csv"
    assert sorted(written - there) == [], "rows in policy.csv for routes that are not there"


def test_the_file_says_something_about_everybody_and_each_thing_once(hub):
    for endpoint, rows in POLICY.items():
        keys = [(row["method"], row["thing"]) for row in rows]
        assert len(keys) == len(set(keys)), f"{endpoint} has a row twice"
        assert {row[visitor] for row in rows for visitor in VISITORS} <= VERDICTS, endpoint
        if hub.rule(endpoint).arguments:
            assert any("missing" in thing for _, thing in keys), f"{endpoint} has no row for a thing that is not there"


@pytest.mark.parametrize("endpoint", sorted(POLICY))
def test_every_visitor_gets_what_the_file_says(hub, endpoint):
    wrong, changing = [], 0
    for row in POLICY[endpoint]:
        for visitor in VISITORS:
            fault, changed = _cell(hub, row, visitor)
            wrong += [fault] if fault else []
            changing += changed
    assert not wrong, "\n".join(wrong)
    if endpoint not in WITHOUT_CHANGE and any(row["method"] == "POST" for row in POLICY[endpoint]):
        assert changing, f"no visitor's form changed anything: {FORMS.get(endpoint)} is not what the page takes"


def _cell(hub: Hub, row: dict[str, str], visitor: str) -> tuple[str, bool]:
    """Try one cell; return what is wrong with it, and whether it changed rows."""
    method, expected = row["method"], row[visitor]
    given: dict[str, Any] = {}
    if method not in SAFE:
        given["data"] = hub.form(row["endpoint"], visitor, row["thing"])
    answer = hub.send(visitor, method, hub.address(row["endpoint"], row["thing"]), **given)
    found, changed = verdict(answer), hub.changed()
    if changed or method not in SAFE:
        hub.reset()
    where = f"{method} {row['endpoint']} {row['thing']} as {visitor}"
    if found != expected:
        return f"{where}: {expected} expected, {found} ({answer.status_code}) came", bool(changed)
    if changed and (method in SAFE or expected != "ok"):
        return f"{where}: {expected}, and still it changed {', '.join(changed)}", True
    return "", bool(changed)


@pytest.mark.parametrize("visitor", VISITORS)
def test_a_head_says_what_a_get_says_and_no_more(hub, visitor):
    for endpoint, rows in POLICY.items():
        row = rows[-1]
        if row["method"] == "GET":
            answer = hub.send(visitor, "HEAD", hub.address(endpoint, row["thing"]))
            assert (verdict(answer), answer.data) == (row[visitor], b""), f"HEAD {endpoint} {row['thing']}"


def test_options_tells_the_methods_and_nothing_about_the_thing(hub):
    for endpoint, rows in POLICY.items():
        answers = {
            (answer.status_code, answer.headers["Allow"], answer.data)
            for row in rows
            for answer in [hub.send("none", "OPTIONS", hub.address(endpoint, row["thing"]))]
        }
        assert len(answers) == 1, endpoint
        status, _, body = answers.pop()
        assert (status, body) == (200, b""), endpoint


def test_other_methods_are_refused_for_everybody(hub):
    by_path: dict[str, set[str]] = defaultdict(set)
    for endpoint, rows in POLICY.items():
        by_path[hub.address(endpoint, rows[0]["thing"])] |= hub.rule(endpoint).methods
    for path, methods in by_path.items():
        for method in sorted(METHODS - methods):
            for visitor in ("none", "broker"):
                answer = hub.send(visitor, method, path)
                assert answer.status_code == 405, f"{method} {path} as {visitor}"
                assert set(answer.headers["Allow"].split(", ")) >= methods
    assert hub.changed() == []
