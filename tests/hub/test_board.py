"""The board: every case in its column, with what is next."""

from __future__ import annotations

import pytest

from matcher.hub import board, case_tasks, cases, holders, inbox, incidents, outcomes, pairings, progress
from matcher.hub.clock import day, later
from matcher.hub.people import SYSTEM
from tests.factories import NOW, create_person, create_testbed

from .cases import FIRST, LAST, Case
from .pilots import BEGUN, ENDS, OVER, Pilot

BOOKED = f"{FIRST}T08:00:00.000000Z"


def stages(store, now=NOW, viewer=SYSTEM, **given):
    """Return the id of each card and its stage, step, actors, day and whether it is late."""
    return {
        card["id"]: (column["stage"], card["step"]["code"], card["step"]["who"], card["step"]["by"], card["late"])
        for column in board.columns(store, viewer, now, **given)
        for card in column["cards"]
    }


def test_every_column_is_there_in_the_order_of_a_case(store):
    assert [column["stage"] for column in board.columns(store, SYSTEM, NOW)] == list(board.STAGES)


def test_before_the_place(store):
    first, second = Case(store), Case(store)
    waiting, accepted = first.propose(answer_days=7), second.accepted()
    assert stages(store) == {
        waiting: ("proposed", "answer", ["owner", "startup"], day(later(NOW, days=7)), False),
        accepted: ("accepted", "confirm", ["broker"], day(later(NOW, days=7)), False),
    }
    late = stages(store, later(NOW, days=20))
    assert (late[waiting][:3], late[waiting][4]) == (("proposed", "extend_or_close", ["broker"]), True)
    assert late[accepted][4]


def test_a_place_waits_for_its_agreement(store):
    case = Case(store)
    pairing_id = case.accepted()
    case.confirm(pairing_id, create_testbed(store, published=True, places=1))
    assert stages(store)[pairing_id] == ("agreement", "agree", ["broker"], FIRST, False)
    assert stages(store, f"{LAST[:4]}-03-01T08:00:00.000000Z")[pairing_id][1:3] == ("close_case", ["broker"])


def test_through_the_pilot_to_the_follow_up(store):
    pilot = Pilot(store)
    assert stages(store, BEGUN)[pilot.id][:3] == ("access", "pilot", ["owner", "startup"])
    pilot.start()
    assert stages(store, BEGUN)[pilot.id] == ("pilot", "finish", ["startup", "owner", "host"], ENDS, False)
    assert stages(store, OVER)[pilot.id][:3] == ("decision", "decide", ["owner"])
    assert stages(store, later(OVER, days=40))[pilot.id][4]
    pilot.decide()
    found = stages(store, OVER)[pilot.id]
    assert found[:3] == ("follow_up", "follow", ["owner"])
    assert found[3] == outcomes.months_after(day(OVER), 6)


def test_a_pilot_that_an_incident_stopped_waits_for_the_word_of_what_was_done(store):
    pilot = Pilot(store)
    pilot.start()
    told = {"happened_on": day(BEGUN), "what": "Rök.", "severity": "stops"}
    incident = incidents.report(store, pilot.owner, pilot.id, told, BEGUN)
    step = {"code": "halted", "who": ["owner", "broker"], "by": None}
    assert stages(store, BEGUN)[pilot.id] == ("pilot", *step.values(), False)
    assert progress.next_step(store, cases.fetch(store, pilot.id), BEGUN) == step
    [row] = inbox.rows(store, "pilots_halted", BEGUN)
    assert (row["id"], row["age"]) == (pilot.id, 0)
    incidents.handle(store, pilot.broker, pilot.id, incident, "Bytt.", BEGUN)
    assert stages(store, BEGUN)[pilot.id][1] == "finish"
    assert inbox.rows(store, "pilots_halted", BEGUN) == []


def test_what_was_declined_or_ended_is_over(store):
    case, other = Case(store), Case(store)
    declined, ended = case.propose(), other.accepted()
    pairings.decline(store, case.owner, declined, "owner", "no_fit", "", NOW)
    other.confirm(ended, create_testbed(store, published=True, places=1))
    pairings.end(store, other.broker, ended, "agreement", "", NOW)
    over = ("ended", "over", [], None, False)
    assert stages(store) == {declined: over, ended: over}


def test_a_test_completed_without_a_pilot_is_followed_up_for_two_years_and_then_over(store):
    case = Case(store)
    pairing_id = case.accepted()
    case.confirm(pairing_id, create_testbed(store, published=True, places=1))
    pairings.end(store, case.broker, pairing_id, "completed", "", BOOKED)
    assert stages(store, BOOKED)[pairing_id][0] == "follow_up"
    assert stages(store, later(BOOKED, days=365 * 3 + 30))[pairing_id][0] == "ended"


def test_mine_are_those_that_i_hold_or_step_in_for(store):
    first, second, third = Case(store), Case(store), Case(store)
    kept, given, stepped = first.propose(), second.propose(), third.propose()
    colleague = create_person(store, "broker")
    holders.hand(store, second.broker, given, {"holder_id": colleague.person_id}, NOW)
    holders.hand(
        store, third.broker, stepped,
        {"holder_id": third.broker.person_id, "substitute_id": colleague.person_id}, NOW,
    )  # fmt: skip
    assert set(stages(store, viewer=colleague, mine=True)) == {given, stepped}
    assert set(stages(store, viewer=first.broker, mine=True)) == {kept}
    assert len(stages(store)) == 3


def test_the_late_stand_first(store):
    soon, late = Case(store), Case(store)
    waiting = soon.propose(answer_days=30)
    passed = late.propose(answer_days=2)
    [column] = [one for one in board.columns(store, SYSTEM, later(NOW, days=20)) if one["stage"] == "proposed"]
    assert [card["id"] for card in column["cards"]] == [passed, waiting]


def test_a_long_column_tells_how_many_it_holds(store, monkeypatch):
    monkeypatch.setattr(board, "SHOWN", 2)
    for _ in range(3):
        Case(store).propose()
    [column] = [one for one in board.columns(store, SYSTEM, NOW) if one["stage"] == "proposed"]
    assert (column["total"], len(column["cards"])) == (3, 2)


@pytest.mark.parametrize("moment", [BEGUN, OVER])
def test_the_board_and_the_case_say_the_same(store, moment):
    """What is next on the case's own page (`progress`) is what the board says."""
    pilot, case = Pilot(store), Case(store)
    case.confirm(case.accepted(), create_testbed(store, published=True, places=1))
    found = stages(store, moment)
    for row in store.query("select id from pairing"):
        step = progress.next_step(store, cases.fetch(store, row["id"]), moment)
        assert found[row["id"]][1:4] == (step["code"], step["who"], step["by"])
    pilot.start()
    step = progress.next_step(store, cases.fetch(store, pilot.id), moment)
    assert stages(store, moment)[pilot.id][1] == step["code"]


def test_an_overdue_line_of_a_checklist_marks_its_case(store):
    case, other = Case(store), Case(store)
    pairing_id, _ = case.propose(answer_days=30), other.propose(answer_days=30)
    due = {"phase": "procurement", "task": "Fråga jurist.", "due_on": day(NOW)}
    case_tasks.add(store, case.broker, pairing_id, due, NOW)
    assert not stages(store)[pairing_id][4], "the day itself is not late"
    tomorrow = later(NOW, days=1)
    cards = board.columns(store, SYSTEM, tomorrow)[0]["cards"]
    assert (cards[0]["id"], cards[0]["overdue"], cards[0]["late"]) == (pairing_id, 1, True)
    assert [card["late"] for card in cards] == [True, False], "the late first"
    found = cases.fetch(store, pairing_id)
    seen = {who: case_tasks.overdue(store, who, found, tomorrow) for who in (case.broker, case.owner, case.founder)}
    assert list(seen.values()) == [1, 1, 0], "the startup does not learn of the procurement"
    line = case_tasks.of_case(store, case.broker, found, NOW)["procurement"][0]["id"]
    case_tasks.tick(store, case.broker, pairing_id, "procurement", [], [line], tomorrow)
    assert case_tasks.overdue(store, case.broker, found, tomorrow) == 0
    assert not stages(store, tomorrow)[pairing_id][4]


def test_what_was_left_undone_in_a_case_that_is_over_marks_nothing(store):
    case = Case(store)
    pairing_id = case.propose(answer_days=30)
    due = {"phase": "development", "task": "Ring.", "due_on": day(NOW)}
    case_tasks.add(store, case.broker, pairing_id, due, NOW)
    pairings.decline(store, case.owner, pairing_id, "owner", "no_fit", "", NOW)
    assert not stages(store, later(NOW, days=3))[pairing_id][4]
    assert case_tasks.overdue(store, case.broker, cases.fetch(store, pairing_id), later(NOW, days=3)) == 0


def test_what_waits_for_a_person_is_what_their_own_side_does_next(store):
    case = Case(store)
    pairing_id = case.accepted()
    assert board.waiting(store, case.owner, NOW) == board.waiting(store, case.founder, NOW) == []
    pilot = Pilot(store)
    found = {
        who: [row["step"]["code"] for row in board.waiting(store, who, BEGUN)] for who in (pilot.owner, pilot.host)
    }
    assert found == {pilot.owner: ["pilot"], pilot.host: []}
    assert board.steps(store, [pairing_id, pilot.id], BEGUN)[pilot.id]["code"] == "pilot"
    assert board.waiting(store, case.broker, BEGUN) == []  # the desk tells brokers, of all cases of the hub
    assert board.steps(store, [], NOW) == {}
