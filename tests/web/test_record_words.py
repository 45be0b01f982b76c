"""The record in words: every action that is written somewhere has its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask_babel import force_locale

import matcher
from matcher.web import record_terms, record_words

CODE = re.compile(
    r"""record\.write\(.{0,200}?"([a-z_]+\.[a-z_]+)",\s*"([a-z_]+)"|_record\(.{0,80}?"([a-z_]+\.[a-z_]+)\"""", re.DOTALL
)


def written() -> tuple[set[str], set[str]]:
    """Return the actions and the kinds that the hub writes, from its source."""
    found = [
        match
        for folder in ("hub", "exchange")
        for path in (Path(matcher.__file__).parent / folder).glob("*.py")
        for match in CODE.findall(path.read_text(encoding="utf8"))
    ]
    return {action or other for action, _kind, other in found}, {kind for _action, kind, _other in found if kind}


def test_every_action_and_kind_that_is_written_has_words() -> None:
    actions, kinds = written()
    assert len(actions) > 30
    assert actions - set(record_terms.ACTIONS) == set()
    assert kinds - set(record_terms.KINDS) == set()


def test_a_row_is_told_in_words(app) -> None:
    row = {
        "kind": "need",
        "detail": {"changed": ["effect", "keep"], "role": "owner", "answer_by": "2026-11-22"},
    }
    with app.test_request_context(), force_locale("en"):
        assert record_words.action("need.save") == "Need changed"
        assert record_words.action("of.another_time") == "of.another_time"
        assert dict(record_words.details(row)) == {
            "changed": "The effect wanted, What must not change",
            "role": "Need owner",
            "answer by": "22 Nov 2026",
        }


@pytest.mark.parametrize(
    ("kind", "name", "value", "told"),
    [
        ("pairing", "severity", "stops", "Stops the pilot"),
        ("pairing", "decision", "adopt", "Adopt: it goes into use"),
        ("pairing", "reason", "no_capacity", "There is no capacity for it now"),
        ("booking", "reason", "staff", "There are not enough staff"),
        ("booking", "side", "asker", "whoever asked"),
        ("need", "reason", "met", "The need has been met"),
        ("need", "way", "paid_test", "Paid test under the direct-award limit"),
        ("pairing", "baseline", 1250.0, "1,250"),
        ("round", "cost", 0.532469, "0.532"),
        ("round", "least", 0.1, "0.1"),
        ("pairing", "reason", "of_another_time", "of_another_time"),
    ],
)
def test_a_code_is_told_in_words(app, kind, name, value, told) -> None:
    with app.test_request_context(), force_locale("en"):
        assert record_words.details({"kind": kind, "detail": {name: value}})[0][1] == told


def test_the_first_day_is_told_before_the_last(app) -> None:
    row = {"kind": "booking", "detail": {"ends_on": "2026-12-05", "starts_on": "2026-12-03", "title": "Snö"}}
    with app.test_request_context(), force_locale("en"):
        assert [word for word, _value in record_words.details(row)] == ["first day", "last day", "name"]


def test_the_side_that_acted_is_told_in_words(app) -> None:
    with app.test_request_context(), force_locale("en"):
        told = record_words.details({"kind": "pairing", "detail": {"side": "owner"}})
    assert told == [("side", "the owner of the need")]
