"""What a plan says of a need that gets fewer startups than it asks for: one sentence for each reason there is."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale

from matcher.web import plan_words

WHERE = {"quarters": ["2027 Q1", "2027 Q2"], "testbeds": {"names": ["Villa Nova"], "more": 0}}
TWO_AND_MORE = {"names": ["Fall på natten", "Larm"], "more": 3}
SAID = {
    "nobody_near": ({"have": 0, "least": 0.1}, "No startup reaches a score of 0.10."),
    "nobody_nearer": ({"have": 1, "least": 0.1}, "No other startup reaches a score of 0.10."),
    "all_stopped": (
        {"have": 0, "count": 3, "codes": {"forbidden": 1, "paired": 2}},
        "None of its 3 candidates can come: you said no (1), already being paired (2).",
    ),
    "one_stopped": (
        {"have": 0, "count": 1, "codes": {"forbidden": 1}}, "Its only candidate cannot come: you said no (1).",
    ),
    "others_stopped": (
        {"have": 1, "count": 1, "codes": {"gone": 1}},
        "None of its other candidates can come: no longer on offer (1).",
    ),
    "no_place": (WHERE, "No place is free in Q1 2027, Q2 2027 at “Villa Nova”."),
    "places_taken": (
        {**WHERE, "needs": TWO_AND_MORE},
        "Every place in Q1 2027, Q2 2027 at “Villa Nova” goes to “Fall på natten”, “Larm” and 3 more, "
        "which fit better or can go nowhere else.",
    ),
    "startups_taken": (
        {"startups": {"names": ["Kontinensa AB"], "more": 0}, "needs": TWO_AND_MORE},
        "Its startups (“Kontinensa AB”) have no more room: they go to “Fall på natten”, “Larm” and 3 more.",
    ),
    "too_late": ({"day": "2026-12-01"}, "It is wanted by 1 Dec 2026, before the first quarter of the round."),
    "testbed_gone": ({}, "The testbed that its owner offers is not on offer now."),
    "no_testbed": ({}, "No testbed has a theme in common with it."),
    "worth": ({}, "One more startup would lower the worth of the plan."),
}  # fmt: skip
CODES = {"nobody_nearer": "nobody_near", "one_stopped": "all_stopped", "others_stopped": "all_stopped"}


@pytest.mark.parametrize("code", SAID)
def test_a_need_that_comes_short_is_told_why(app: Flask, code: str) -> None:
    params: dict[str, Any]
    params, sentence = SAID[code]
    with app.test_request_context(), force_locale("en"):
        assert plan_words.why({"code": CODES.get(code, code), "params": params}) == sentence


def test_a_lock_that_cannot_be_kept_says_what_to_do_or_what_stops_it(app: Flask) -> None:
    with app.test_request_context(), force_locale("en"):
        assert plan_words.broken("lock_demand").endswith("Raise its number, or undo a lock.")
        assert plan_words.broken("paired") == "The two cannot be planned together now: already being paired."
