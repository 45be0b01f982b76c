"""What a ranked list says of every condition and wish that the ranking knows, from rows that bring each about."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from flask_babel import force_locale

from matcher.ranking import fit, gates
from matcher.web import shortlist

TODAY = date(2026, 11, 23)
GATES = [  # of the need, of the startup, tests that run; what the list says
    ({"local": 1}, {"regions": ["01"]}, 0, ("Region", "the need has no county")),
    ({"local": 1, "county_code": "12"}, {"regions": ["01"]}, 0, ("Region", "works in Stockholm County only")),
    ({"min_readiness": 6}, {}, 0, ("Readiness", "not stated; the need asks for 6")),
    ({"min_readiness": 6}, {"readiness": 4}, 0, ("Readiness", "level 4; the need asks for 6")),
    ({"languages": ["sv"]}, {}, 0, ("Language", "not stated; the need asks for Swedish")),
    ({"languages": ["sv"]}, {"languages": ["en"]}, 0, ("Language", "the need asks for Swedish")),
    ({}, {"capacity": 2}, 2, ("Capacity", "2 of 2 tests are running")),
    ({"valid_until": "2026-11-22"}, {}, 0, ("Time", "the need was valid until 22 Nov 2026")),
    ({}, {"hidden_at": "2026-11-01", "hidden_reason": "Gone."}, 0, ("Hidden", "Gone.")),
    ({}, {"hidden_at": "2026-11-01"}, 0, ("Hidden", "by a broker")),
]
WISHES = [
    ({}, {"seeks": ["sell"]}, ("part", "Sell", "nobody is named who would run it afterwards")),
    ({"runner": "named"}, {"seeks": ["sell"]}, (True, "Sell", "the need offers it")),
    ({}, {"regions": ["01"]}, (None, "Region", "the need has no county")),
    ({"county_code": "12"}, {"regions": ["01"]}, (False, "Region", "Skåne County")),
    ({"budget": "under_100k"}, {"seeks": ["sell"]}, ("part", "Budget", "Under SEK 100,000")),
    ({}, {"capacity": 3}, (True, "Capacity", "room for 2 tests more")),
    ({}, {"capacity": 2}, (True, "Capacity", "room for 1 test more")),
    ({}, {"seeks": ["test"]}, ("part", "Testbed", "chosen when the pairing is confirmed")),
    ({"testbed_id": "t"}, {"seeks": ["test"]}, (True, "Testbed", "the need brings one")),
    ({"wanted_by": "2027-11-01"}, {"readiness": 4}, (True, "Time", "wanted by 1 Nov 2027")),
    ({"wanted_by": "2026-12-24"}, {"readiness": 4},
     (False, "Time", "wanted by 24 Dec 2026, soon for a product that is not finished")),
]  # fmt: skip


@pytest.mark.parametrize(("need", "startup", "running", "said"), GATES)
def test_a_condition_that_does_not_hold_is_said(app: Flask, need, startup, running, said):
    found = gates.check(need, {"capacity": 9, **startup}, TODAY, running)
    with app.test_request_context(), force_locale("en"):
        assert [row[1:] for row in shortlist.gate_rows(found)] == [said]


def test_an_unknown_capacity_and_a_declared_conflict_are_said(app: Flask):
    found = gates.check({}, {}, TODAY, 0, ["Sits on our board."])
    with app.test_request_context(), force_locale("en"):
        assert shortlist.gate_rows(found) == [
            (None, "Capacity", "not stated"),
            (False, "Conflict of interest", "Sits on our board."),
        ]


@pytest.mark.parametrize(("need", "startup", "said"), WISHES)
def test_what_a_startup_seeks_is_said(app: Flask, need, startup, said):
    found = [wish for wish in fit.wishes(need, startup, TODAY, 1) if wish.code != "region" or "regions" in startup]
    with app.test_request_context(), force_locale("en"):
        assert said in shortlist.wish_rows(found)
