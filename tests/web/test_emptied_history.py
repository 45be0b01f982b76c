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


@pytest.mark.parametrize("action", sorted(booking_history.ACTIONS))
def test_a_booking_s_history_too(app, action):
    with app.test_request_context():
        (shown,) = booking_history.events([{**ROW, "action": action}], inside=True)
    assert shown["text"] == ""
