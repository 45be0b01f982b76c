"""Indicators and readings on both engines: what is asked for, what is kept, what a correction leaves behind."""

from __future__ import annotations

import json

import pytest

from matcher.hub import indicators, pilots, readings
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound
from matcher.store import ConstraintViolation, Store
from tests.factories import NOW

from .cases import FIRST, recorded
from .pilots import BEGUN, INDICATOR, OVER, Pilot


@pytest.fixture
def pilot(store: Store) -> Pilot:
    return Pilot(store)


def of(pilot: Pilot) -> list[dict]:
    return indicators.of_pilot(pilot.store, pilot.row["id"])


def held(pilot: Pilot, indicator_id: str) -> list[dict]:
    return readings.of_pilot(pilot.store, pilot.row["id"]).get(indicator_id, [])


@pytest.mark.parametrize("field", indicators.REQUIRED)
def test_an_indicator_lacks_nothing(pilot: Pilot, field: str) -> None:
    with pytest.raises(Invalid) as error:
        pilot.indicator(**{field: "  "})
    assert error.value.errors == {field: ("required", {})}
    assert pilots.of_case(pilot.store, pilot.id) is None


def test_all_that_is_wrong_is_told_at_once(pilot: Pilot) -> None:
    with pytest.raises(Invalid) as error:
        pilot.indicator(unit="", target="tre")
    assert {name: code for name, (code, _) in error.value.errors.items()} == {
        "unit": "required", "target": "not_a_figure",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("5,1", 5.1),
        ("5.1", 5.1),
        ("-3", -3.0),
        ("\u22123", -3.0),
        ("1 000", 1000.0),
        ("1\u00a0000,5", 1000.5),
        ("0", 0.0),
    ],
)
def test_a_figure_is_read_as_people_write_it(pilot: Pilot, typed: str, kept: float) -> None:
    pilot.indicator(baseline=typed, target="7")
    assert of(pilot)[0]["baseline"] == kept


@pytest.mark.parametrize(
    "typed", ["5 %", "1,234.5", "1e9", "NaN", "inf", "5-6", "9" * 13, "٣", "fem", "5 1", "12 5", "1 0000"]
)
def test_what_is_no_figure_is_refused(pilot: Pilot, typed: str) -> None:
    with pytest.raises(Invalid) as error:
        pilot.indicator(baseline=typed)
    assert error.value.errors["baseline"] == ("not_a_figure", {"value": typed})  # as it was typed


def test_the_direction_follows_from_baseline_and_target(pilot: Pilot) -> None:
    for target in ("3", "7", "5,1"):
        pilot.indicator(target=target)
    assert [row["direction"] for row in of(pilot)] == ["down", "up", "keep"]
    assert [indicators.reached(row, 3.0) for row in of(pilot)] == [True, False, None]
    assert [indicators.reached(row, 7.0) for row in of(pilot)] == [False, True, None]


def test_three_are_the_most_and_a_place_that_is_free_again_is_used(pilot: Pilot) -> None:
    first, *_ = [pilot.indicator(name=name) for name in ("A", "B", "C")]
    with pytest.raises(Conflict, match="indicators_full"):
        pilot.indicator(name="D")
    indicators.remove(pilot.store, pilot.owner, pilot.id, first, NOW)
    pilot.indicator(name="E")
    assert [row["name"] for row in of(pilot)] == ["E", "B", "C"]


def test_an_indicator_is_changed_until_the_start_and_never_after(pilot: Pilot) -> None:
    indicator_id = pilot.prepare()
    pilot.indicator(indicator_id=indicator_id, target="2,5")
    assert of(pilot)[0]["target"] == 2.5
    pilots.start(pilot.store, pilot.owner, pilot.id, BEGUN)
    for step in (
        lambda: pilot.indicator(BEGUN, indicator_id=indicator_id, target="5"),
        lambda: indicators.remove(pilot.store, pilot.owner, pilot.id, indicator_id, BEGUN),
    ):
        with pytest.raises(Conflict, match="pilot_started"):
            step()
    assert of(pilot)[0]["target"] == 2.5


def test_an_indicator_of_another_pilot_is_not_there(pilot: Pilot) -> None:
    other = Pilot(pilot.store)
    theirs = other.prepare()
    for step in (
        lambda: pilot.indicator(indicator_id=theirs),
        lambda: indicators.remove(pilot.store, pilot.owner, pilot.id, theirs, NOW),
    ):
        with pytest.raises(NotFound):
            step()
    pilot.start()
    with pytest.raises(NotFound):
        pilot.read(theirs, "4")


@pytest.mark.parametrize("who", ["owner", "founder", "broker"])
def test_readings_are_entered_by_the_owner_the_startup_and_brokers(pilot: Pilot, who: str) -> None:
    indicator_id = pilot.start()
    pilot.read(indicator_id, "4,2", who=getattr(pilot, who))
    assert [(row["value"], row["person"]) for row in held(pilot, indicator_id)] == [(4.2, getattr(pilot, who).name)]
    assert recorded(pilot.store, pilot.row["id"]) == ["pilot.reading"]


def test_the_host_reads_but_enters_no_readings(pilot: Pilot) -> None:
    indicator_id = pilot.start()
    with pytest.raises(Denied):
        pilot.read(indicator_id, "4", who=pilot.host)


def test_no_reading_before_the_start_nor_after_the_decision(pilot: Pilot) -> None:
    indicator_id = pilot.prepare()
    with pytest.raises(Conflict, match="pilot_not_started"):
        pilot.read(indicator_id, "4")
    pilots.start(pilot.store, pilot.owner, pilot.id, BEGUN)
    pilot.read(indicator_id, "4", "2027-01-10", OVER)
    pilot.decide()
    with pytest.raises(Conflict, match="pilot_decided"):
        pilot.read(indicator_id, "3", "2027-01-11", OVER)


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({"value": "", "on_day": FIRST}, {"value": "required_figure"}),
        ({"value": "4", "on_day": ""}, {"on_day": "required_day"}),
        ({"value": "4", "on_day": "2026-12-02"}, {"on_day": "day_ahead"}),
        ({"value": "", "on_day": "i går"}, {"on_day": "not_a_date", "value": "required_figure"}),
    ],
)
def test_a_reading_has_a_value_and_a_day_that_has_come(pilot: Pilot, given: dict, errors: dict) -> None:
    indicator_id = pilot.start()
    with pytest.raises(Invalid) as error:
        readings.enter(pilot.store, pilot.owner, pilot.id, indicator_id, given, BEGUN)
    assert {name: code for name, (code, _) in error.value.errors.items()} == errors


def test_a_button_pressed_twice_enters_one_reading(pilot: Pilot) -> None:
    indicator_id = pilot.start()
    pilot.read(indicator_id, "4")
    with pytest.raises(Conflict, match="reading_exists") as error:
        pilot.read(indicator_id, "4")
    assert error.value.params["person"] == pilot.founder.name
    pilot.read(indicator_id, "4,5")
    assert len(held(pilot, indicator_id)) == 2


def test_a_corrected_reading_stays_struck_out_with_its_reason(pilot: Pilot) -> None:
    indicator_id = pilot.start()
    wrong = pilot.read(indicator_id, "41")
    given = {"value": "4,1", "on_day": FIRST}
    readings.correct(pilot.store, pilot.owner, pilot.id, wrong, given, "Kommat föll bort.", BEGUN)
    rows = held(pilot, indicator_id)
    assert {(row["value"], row["withdrawn_reason"]) for row in rows} == {(41.0, "Kommat föll bort."), (4.1, None)}
    assert [row["value"] for row in readings.standing(rows)] == [4.1]
    detail = json.loads(
        pilot.store.query("select detail from audit where action = 'pilot.reading_corrected'")[0]["detail"]
    )
    assert (detail["before"], detail["value"], detail["note"]) == (41.0, 4.1, "Kommat föll bort.")
    with pytest.raises(Conflict, match="reading_withdrawn"):
        readings.correct(pilot.store, pilot.owner, pilot.id, wrong, given, "Igen.", BEGUN)


def test_a_reading_may_be_corrected_to_the_value_it_had_on_another_day(pilot: Pilot) -> None:
    indicator_id = pilot.start()
    wrong = pilot.read(indicator_id, "4", "2026-11-30")
    readings.correct(pilot.store, pilot.owner, pilot.id, wrong, {"value": "4", "on_day": FIRST}, "Fel dag.", BEGUN)
    assert [row["on_day"] for row in readings.standing(held(pilot, indicator_id))] == [FIRST]


def test_a_reading_is_struck_out_with_a_reason_only(pilot: Pilot) -> None:
    indicator_id = pilot.start()
    wrong = pilot.read(indicator_id, "4")
    with pytest.raises(Invalid):
        readings.withdraw(pilot.store, pilot.owner, pilot.id, wrong, "", BEGUN)
    readings.withdraw(pilot.store, pilot.owner, pilot.id, wrong, "Annan avdelning.", BEGUN)
    assert readings.standing(held(pilot, indicator_id)) == []
    assert len(held(pilot, indicator_id)) == 1


def test_a_reading_of_another_pilot_is_not_there(pilot: Pilot) -> None:
    other = Pilot(pilot.store)
    theirs = other.read(other.start(), "4")
    pilot.start()
    with pytest.raises(NotFound):
        readings.withdraw(pilot.store, pilot.owner, pilot.id, theirs, "Nej.", BEGUN)


def test_a_pilot_holds_a_thousand_readings_and_says_so(pilot: Pilot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "MOST", 2)
    indicator_id = pilot.start()
    for value in ("1", "2"):
        pilot.read(indicator_id, value)
    with pytest.raises(Conflict, match="readings_full"):
        pilot.read(indicator_id, "3")


def test_the_store_itself_knows_an_indicator_without_a_unit(pilot: Pilot) -> None:
    pilot.prepare()
    with pytest.raises(ConstraintViolation):
        pilot.store.execute("update indicator set unit = ''")
    assert of(pilot)[0]["unit"] == INDICATOR["unit"]
