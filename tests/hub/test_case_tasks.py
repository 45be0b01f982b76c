"""What is to be done in a case, and the lists it comes from."""

from __future__ import annotations

import pytest

from matcher.hub import case_tasks, cases, checklists, pairings, record
from matcher.hub.clock import day, later
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound
from tests.factories import NOW

LISTS = checklists.load()
OWN = """
[[item]]
phase = "development"
code = "mine"
sv = "Vår egen rad."
en = "A line of ours."
[item.why]
sv = "För att."
en = "Because."
"""


@pytest.fixture
def pairing_id(case):
    return case.propose()


def lines(store, viewer, pairing_id, phase="development", now=NOW):
    return case_tasks.of_case(store, viewer, cases.fetch(store, pairing_id), now).get(phase, [])


def test_a_list_is_put_to_use_once_and_in_the_language_of_who_does_it(store, case, pairing_id):
    assert case_tasks.begin(store, case.broker, pairing_id, "development", LISTS, NOW) == 7
    assert case_tasks.begin(store, case.broker, pairing_id, "development", LISTS, NOW) == 0
    rows = lines(store, case.founder, pairing_id)
    assert [row["code"] for row in rows] == [item.code for item in LISTS.of("development")]
    assert rows[0]["text"] == LISTS.of("development")[0].text[case.broker.locale]


def test_ticking_keeps_who_and_when_and_two_can_tick_at_once(store, case, pairing_id):
    case_tasks.begin(store, case.broker, pairing_id, "development", LISTS, NOW)
    first, second, *_ = (row["id"] for row in lines(store, case.owner, pairing_id))
    assert case_tasks.tick(store, case.owner, pairing_id, "development", [], [first], NOW) == 1
    assert case_tasks.tick(store, case.founder, pairing_id, "development", [], [second], later(NOW, days=1)) == 1
    done = {row["id"]: (row["doer"], row["done_at"]) for row in lines(store, case.broker, pairing_id) if row["done_at"]}
    assert done == {first: (case.owner.name, NOW), second: (case.founder.name, later(NOW, days=1))}
    assert case_tasks.tick(store, case.broker, pairing_id, "development", [first, second], [second], NOW) == 1
    assert [row["id"] for row in lines(store, case.owner, pairing_id) if row["done_at"]] == [second]


def test_the_startup_neither_reads_nor_ticks_the_procurement(store, case, pairing_id):
    case_tasks.begin(store, case.owner, pairing_id, "procurement", LISTS, NOW)
    row = lines(store, case.owner, pairing_id, "procurement")[0]
    assert lines(store, case.founder, pairing_id, "procurement") == []
    assert case_tasks.tick(store, case.founder, pairing_id, "procurement", [], [row["id"]], NOW) == 0
    with pytest.raises(Denied):
        case_tasks.begin(store, case.founder, pairing_id, "development", LISTS, NOW)
    assert record.history(store, "pairing", pairing_id)[-1]["detail"]["visible"] == "owner"


def test_a_line_of_ones_own_is_late_after_its_day_until_it_is_done(store, case, pairing_id):
    given = {"phase": "development", "task": "Beställ nycklar.", "task_why": "Annars står de där.", "due_on": day(NOW)}
    task = case_tasks.add(store, case.owner, pairing_id, given, NOW)
    assert [row["late"] for row in lines(store, case.owner, pairing_id)] == [False]
    assert [row["late"] for row in lines(store, case.owner, pairing_id, now=later(NOW, days=1))] == [True]
    case_tasks.set_day(store, case.broker, pairing_id, task, "", NOW)
    assert [row["late"] for row in lines(store, case.owner, pairing_id, now=later(NOW, days=1))] == [False]


def test_a_line_that_is_not_needed_is_taken_away_and_can_come_back(store, case, pairing_id):
    case_tasks.begin(store, case.broker, pairing_id, "development", LISTS, NOW)
    task = lines(store, case.owner, pairing_id)[0]["id"]
    case_tasks.remove(store, case.owner, pairing_id, task, NOW)
    assert len(lines(store, case.owner, pairing_id)) == 6
    with pytest.raises(NotFound):
        case_tasks.remove(store, case.owner, pairing_id, task, NOW)
    assert case_tasks.begin(store, case.broker, pairing_id, "development", LISTS, NOW) == 1


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"phase": "development"}, "task"),
        ({"task": "x"}, "phase"),
        ({"phase": "party", "task": "x"}, "phase"),
        ({"phase": "development", "task": "x" * 501}, "task"),
        ({"phase": "development", "task": "x", "due_on": "i morgon"}, "due_on"),
    ],
)
def test_what_is_no_line_is_refused(store, case, pairing_id, given, wrong):
    with pytest.raises(Invalid) as error:
        case_tasks.add(store, case.owner, pairing_id, given, NOW)
    assert set(error.value.errors) == {wrong}


def test_a_declined_case_has_nothing_to_do(store, case, pairing_id):
    pairings.decline(store, case.owner, pairing_id, "owner", "no_fit", "", NOW)
    with pytest.raises(Conflict, match="pairing_declined"):
        case_tasks.begin(store, case.broker, pairing_id, "development", LISTS, NOW)


def test_a_case_holds_so_many_lines(store, case, pairing_id, monkeypatch):
    monkeypatch.setattr(case_tasks, "MOST", 3)
    with pytest.raises(Conflict, match="tasks_full"):
        case_tasks.begin(store, case.broker, pairing_id, "development", LISTS, NOW)


def test_both_phases_are_shipped_in_both_languages():
    assert not LISTS.fault
    assert all(len(LISTS.of(phase)) > 4 for phase in checklists.PHASES)


def test_a_hubs_own_file_takes_the_place_of_the_shipped_one(tmp_path):
    own = tmp_path / "checklists.toml"
    own.write_text(OWN, encoding="utf8")
    assert [item.code for item in checklists.load(own).items] == ["mine"]
    assert checklists.load(own).find("development", "mine").why["en"] == "Because."


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (OWN.replace("development", "party"), "item 1: phase must be one of"),
        (OWN.replace('en = "Because."', ""), "item 1: en is missing"),
        (OWN + OWN, "line 11: item 2: the code mine stands twice"),
        ("item = 3", "[[item]]"),
        ("= ", "Invalid"),
    ],
)
def test_a_file_that_cannot_be_used_is_left_aside_and_told_of(tmp_path, broken, said):
    own = tmp_path / "checklists.toml"
    own.write_text(broken, encoding="utf8")
    found = checklists.load(own)
    assert said in found.fault
    assert found.items == LISTS.items
