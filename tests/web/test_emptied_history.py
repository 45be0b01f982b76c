"""A row of the record that was emptied, for it held a word about somebody erased, still stands in its history."""

from __future__ import annotations

import pytest

from matcher.web import booking_history, timeline, words

ROW = {"at": "2026-11-22T10:00:00.000000Z", "person": None, "detail": {}}
OVER = {"code": "over"}


@pytest.mark.parametrize("action", sorted({*words.LABELS["pairing_actions"], "case.holder", "case.note", "case.phase"}))
def test_a_case_s_history_shows_it_without_its_text(app, action):
    with app.test_request_context():
        (shown,) = timeline.events({}, [{**ROW, "action": action}], OVER)
    assert (shown["text"], shown["who"]) == ("", "")
    assert shown["title"]


@pytest.mark.parametrize(
    ("action", "readers"),
    [
        ("agreement.draft", {"broker"}), ("agreement.change", {"broker"}), ("agreement.withdraw", {"broker"}),
        ("spread.ask", {"broker", "owner"}), ("agreement.send", {"broker", "owner", "startup", "host"}),
    ],
)  # fmt: skip
def test_what_is_for_some_is_for_nobody_else_when_its_row_does_not_say_so(action, readers):
    for detail in ({}, {"number": 2, "note": "Vi väntar."}):
        row = {**ROW, "action": action, "detail": detail}
        history = [{**ROW, "action": "agreement.send", "detail": {"number": 1}}, row]
        told = {side for side in ("broker", "owner", "startup", "host") if row in timeline.readable(history, [side])}
        assert told == readers


@pytest.mark.parametrize("action", sorted(booking_history.ACTIONS))
def test_a_booking_s_history_too(app, action):
    with app.test_request_context():
        (shown,) = booking_history.events([{**ROW, "action": action}], inside=True)
    assert shown["text"] == ""
