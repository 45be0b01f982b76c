from datetime import date

import pytest

from matcher.ranking import fit

TODAY = date(2026, 11, 22)
NEED = {
    "county_code": "14", "budget": "100k_700k", "runner": "Hemtjänsten", "testbed_id": "tb", "wanted_by": "2027-12-01",
}  # fmt: skip
STARTUP = {"seeks": ["test", "sell"], "regions": ["14"], "capacity": 2, "readiness": 6}


def states(need=None, startup=None, running=0):
    found = fit.wishes({**NEED, **(need or {})}, {**STARTUP, **(startup or {})}, TODAY, running)
    return {wish.code: wish.state for wish in found}


def test_a_need_that_offers_all_that_is_sought():
    assert states() == dict.fromkeys(fit.CODES, "met")


@pytest.mark.parametrize(
    ("need", "startup", "running", "code", "state"),
    [
        ({"runner": ""}, {"seeks": ["sell"]}, 0, "intent", "part"),
        ({"runner": ""}, {"seeks": ["sell", "test"]}, 0, "intent", "met"),
        ({"county_code": "01"}, {}, 0, "region", "unmet"),
        ({"county_code": None}, {}, 0, "region", "unknown"),
        ({"county_code": "01"}, {"regions": []}, 0, "region", "met"),
        ({"budget": "none"}, {}, 0, "budget", "unmet"),
        ({"budget": "under_100k"}, {}, 0, "budget", "part"),
        ({"budget": "unknown"}, {}, 0, "budget", "unknown"),
        ({}, {}, 2, "capacity", "unmet"),
        ({"testbed_id": None}, {}, 0, "testbed", "part"),
        ({"wanted_by": "2026-12-24"}, {}, 0, "time", "unmet"),
        ({"wanted_by": "2026-12-24"}, {"readiness": 9}, 0, "time", "met"),
    ],
)
def test_each_wish_by_itself(need, startup, running, code, state):
    assert states(need, startup, running)[code] == state


def test_what_a_startup_does_not_seek_is_not_counted():
    assert set(states(startup={"seeks": ["codevelop"], "capacity": None, "readiness": None})) == {"intent", "region"}


def test_the_share_leaves_out_what_is_unknown():
    wishes = [fit.Wish("intent", "met"), fit.Wish("region", "unknown"), fit.Wish("budget", "part")]
    assert fit.share(wishes) == 0.75
    assert fit.share([fit.Wish("region", "unknown")]) is None


def test_neither_side_can_hide_the_other():
    balanced, lopsided = fit.joined(0.6, 1.0, 0.6), fit.joined(1.0, 1.0, 0.2)
    assert balanced > lopsided
    assert fit.joined(0.0, 1.0, 1.0) == fit.joined(1.0, 1.0, 0.0) == 0.0
    assert fit.joined(-0.3, 1.0, 1.0) == 0.0
    assert fit.joined(0.5, 0.0, 1.0) == 0.0
