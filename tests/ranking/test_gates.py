from datetime import date

import pytest

from matcher.ranking.gates import CODES, Gate, check

TODAY = date(2026, 11, 22)


def create_need(**fields):
    return {"local": None, "county_code": "14", "languages": [], "min_readiness": None, "valid_until": None} | fields


def create_startup(**fields):
    return {"regions": [], "languages": ["sv"], "readiness": 6, "capacity": 2, "hidden_at": None} | fields


def states(need=None, startup=None, running=0, conflicts=()):
    found = check(need or create_need(), startup or create_startup(), TODAY, running, conflicts)
    return {gate.code: gate.state for gate in found}


def test_nothing_stands_in_the_way_of_a_need_that_asks_for_nothing():
    assert states() == {}


@pytest.mark.parametrize(
    ("regions", "expected"), [(["14"], {}), ([], {}), (["01", "14"], {}), (["01"], {"region": "failed"})]
)
def test_a_local_need_asks_for_its_county_and_the_whole_country_is_local_anywhere(regions, expected):
    assert states(create_need(local="yes"), create_startup(regions=regions)) == expected


def test_a_need_that_is_not_local_does_not_ask_for_a_county():
    assert states(startup=create_startup(regions=["01"])) == {}


def test_a_local_need_without_a_county_cannot_tell():
    assert states(create_need(local="yes", county_code=None), create_startup(regions=["01"])) == {"region": "unknown"}


@pytest.mark.parametrize(
    ("stated", "expected"), [(7, {}), (8, {}), (6, {"readiness": "failed"}), (None, {"readiness": "unknown"})]
)
def test_readiness_is_at_least_what_is_wanted(stated, expected):
    assert states(create_need(min_readiness=7), create_startup(readiness=stated)) == expected


@pytest.mark.parametrize(
    ("stated", "expected"), [(["en", "fi"], {}), (["de"], {"language": "failed"}), ([], {"language": "unknown"})]
)
def test_one_language_in_common_is_enough(stated, expected):
    assert states(create_need(languages=["sv", "en"]), create_startup(languages=stated)) == expected


@pytest.mark.parametrize(
    ("capacity", "running", "expected"),
    [(2, 1, {}), (2, 2, {"capacity": "failed"}), (0, 0, {"capacity": "failed"}), (None, 0, {"capacity": "unknown"})],
)
def test_a_startup_with_as_many_tests_as_it_takes_is_full(capacity, running, expected):
    assert states(startup=create_startup(capacity=capacity), running=running) == expected


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2026-11-22", {}),
        ("2026-11-21", {"expired": "failed"}),
        ("2026-11-21T23:00:00+00:00", {"expired": "failed"}),
        ("i vår", {"expired": "unknown"}),
    ],
)
def test_a_need_holds_to_the_end_of_its_last_day(until, expected):
    assert states(create_need(valid_until=until)) == expected


def test_a_hidden_startup_is_stopped_with_the_reason():
    startup = create_startup(hidden_at="2026-11-01T08:00:00Z", hidden_reason="Svarar inte")
    assert check(create_need(), startup, TODAY, 0) == [Gate("hidden", "failed", {"reason": "Svarar inte"})]


def test_a_declared_conflict_stops_and_is_named():
    assert check(create_need(), create_startup(), TODAY, 0, ["Bror i styrelsen"])[0].params == {
        "conflicts": ["Bror i styrelsen"]
    }


def test_a_gate_carries_what_its_sentence_needs():
    gate = check(create_need(min_readiness=7), create_startup(readiness=3), TODAY, 0)[0]
    assert gate.params == {"wanted": 7, "stated": 3}


def test_all_gates_come_in_the_order_of_their_codes():
    need = create_need(local="yes", min_readiness=9, languages=["fi"], valid_until="2020-01-01")
    startup = create_startup(regions=["01"], hidden_at="2026-01-01", capacity=0)
    assert [gate.code for gate in check(need, startup, TODAY, 1, ["x"])] == list(CODES)


def test_missing_fields_count_as_not_stated():
    assert {gate.state for gate in check({}, {}, TODAY, 0)} == {"unknown"}
