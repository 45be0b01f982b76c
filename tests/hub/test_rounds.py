"""Rounds: terms, locks and noes that are stored, audited and undoable, and the facts that planning asks for."""

from __future__ import annotations

import json

import pytest

from matcher.hub import quarters, round_facts, rounds
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound
from matcher.hub.people import SYSTEM
from tests.factories import NOW, create_need, create_person, create_startup, create_testbed
from tests.hub.cases import Case

LATER = "2026-11-21T09:00:00.000000Z"


class Planned:
    """A round over one need and two startups, and its broker."""

    def __init__(self, store, **terms):
        self.store, self.broker = store, create_person(store, "broker")
        self.need = create_need(store, published=True)
        self.startups = [create_startup(store, published=True) for _ in range(2)]
        self.scored = {
            "model": "tiny", "scoring": "1", "need_ids": [self.need["id"]],
            "startup_ids": [row["id"] for row in self.startups], "arcs": b"",
        }  # fmt: skip
        checked = rounds.terms({"name": "Vår", **terms}, NOW)
        self.id = rounds.create(store, self.broker, checked, self.scored, NOW)

    def rule(self, kind="lock", startup=0, **given):
        return rounds.add_rule(
            self.store, self.broker, self.id, self.need["id"], self.startups[startup]["id"], kind, LATER, **given
        )

    def told(self):
        rows = self.store.query("select action, detail from audit where kind = 'round' order by at, id")
        return [(row["action"], json.loads(row["detail"])) for row in rows]


@pytest.mark.parametrize(("typed", "kept"), [("0,25", 0.25), ("0.3", 0.3), ("1", 1.0), ("0", 0.0), ("3,00", 3.0)])
def test_the_lowest_score_is_written_as_scores_are_shown(typed, kept):
    assert rounds.terms({"name": "Vår", "least": typed}, NOW)["least"] == kept


@pytest.mark.parametrize("typed", ["10", "3,01", "-0,1", "0,123", "tio", "1e-1", "0,1,0"])
def test_what_is_no_score_is_refused(typed):
    with pytest.raises(Invalid) as error:
        rounds.terms({"name": "Vår", "least": typed}, NOW)
    assert error.value.errors == {"least": ("decimal_range", {"low": 0, "high": 3, "value": typed})}


def test_terms_have_what_is_usual_and_begin_with_the_next_quarter():
    found = rounds.terms({"name": "Vår"}, NOW)
    assert found["starts_on"] == "2027-01-01"
    assert (found["quarters"], found["days"], found["demand"], found["most"]) == (4, 56, 1, None)
    assert (found["places"], found["least"]) == (None, 0.1)
    assert rounds.terms({"name": "x", "starts_on": "2027-05-17"}, NOW)["starts_on"] == "2027-04-01"


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("quarters", "9"), ("days", "91"), ("demand", "0"), ("places", "no"), ("starts_on", "2026-06-01")],
)
def test_terms_that_cannot_be_are_refused_by_field(field, value):
    with pytest.raises(Invalid) as refused:
        rounds.terms({"name": "Vår", field: value}, NOW)
    assert list(refused.value.errors) == [field]


def test_quarters_follow_each_other_over_the_year():
    assert quarters.span("2026-10-01", 2) == [("2026-10-01", "2026-12-31"), ("2027-01-01", "2027-03-31")]
    assert quarters.name("2026-12-31") == "2026 Q4"


def test_a_round_is_kept_and_recorded(store):
    planned = Planned(store)
    row = rounds.load(store, planned.broker, planned.id)
    assert row["need_ids"] == [planned.need["id"]]
    assert [action for action, _ in planned.told()] == ["round.create"]
    rows, total = rounds.listing(store)
    assert ([one["id"] for one in rows], total) == ([planned.id], 1)


def test_every_round_stands_on_some_page(store):
    planned = Planned(store)
    row = store.query("select * from round")[0]
    for number in range(rounds.PAGE):
        store.insert("round", {**row, "id": f"round-{number:02}", "closed_at": NOW})
    pages = [[one["id"] for one in rounds.listing(store, page)[0]] for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [rounds.PAGE, 1, 0]
    assert pages[0][0] == planned.id  # the open one
    assert len({*pages[0], *pages[1]}) == rounds.listing(store)[1] == rounds.PAGE + 1


def test_only_a_broker_meets_a_round(store):
    planned = Planned(store)
    for role in ("owner", "startup", "host", "administrator"):
        other = create_person(store, role)
        with pytest.raises(NotFound):
            rounds.load(store, other, planned.id)
        with pytest.raises(Denied):
            rounds.close(store, other, planned.id, NOW)
    with pytest.raises(NotFound):
        rounds.load(store, None, planned.id)


def test_a_lock_is_stored_with_its_cost_and_recorded(store):
    planned = Planned(store)
    planned.rule(cost=0.25, note="De känner varandra.")
    [rule] = rounds.rules(store, planned.id)
    assert (rule["kind"], rule["cost"], rule["note"], rule["person"]) == (
        "lock", 0.25, "De känner varandra.", planned.broker.name,
    )  # fmt: skip
    action, detail = planned.told()[-1]
    assert (action, detail["cost"], detail["need_id"]) == ("round.lock", 0.25, planned.need["id"])


def test_a_no_takes_the_place_of_a_lock_between_the_same_two(store):
    planned = Planned(store)
    planned.rule("lock")
    planned.rule("forbid")
    assert [rule["kind"] for rule in rounds.rules(store, planned.id)] == ["forbid"]
    assert [action for action, _ in planned.told()][1:] == ["round.lock", "round.undo", "round.forbid"]


def test_what_is_taken_back_stays_as_a_row_and_only_once(store):
    planned = Planned(store)
    rule_id = planned.rule()
    rounds.undo_rule(store, planned.broker, rule_id, LATER)
    assert rounds.rules(store, planned.id) == []
    [row] = store.query("select undone_at, undone_by from round_rule")
    assert (row["undone_at"], row["undone_by"]) == (LATER, planned.broker.person_id)
    with pytest.raises(Conflict, match="round_rule_undone"):
        rounds.undo_rule(store, planned.broker, rule_id, LATER)


def test_a_lock_of_what_is_not_in_the_round_is_refused(store):
    planned = Planned(store)
    with pytest.raises(NotFound):
        rounds.add_rule(store, planned.broker, planned.id, "nothing", planned.startups[0]["id"], "lock", NOW)
    with pytest.raises(NotFound):
        rounds.add_rule(store, planned.broker, planned.id, planned.need["id"], "nothing", "lock", NOW)
    with pytest.raises(Invalid):
        planned.rule("perhaps")


def test_nothing_changes_in_a_closed_round(store):
    planned = Planned(store)
    rule_id = planned.rule()
    rounds.close(store, planned.broker, planned.id, LATER)
    for step in (
        lambda: planned.rule("forbid"),
        lambda: rounds.undo_rule(store, planned.broker, rule_id, LATER),
        lambda: rounds.set_demand(store, planned.broker, planned.id, planned.need["id"], 2, LATER),
        lambda: rounds.remake(store, planned.broker, planned.id, planned.scored, LATER),
        lambda: rounds.close(store, planned.broker, planned.id, LATER),
    ):
        with pytest.raises(Conflict, match="round_closed"):
            step()
    assert [rule["kind"] for rule in rounds.rules(store, planned.id)] == ["lock"]


def test_a_need_may_ask_for_another_number(store):
    planned = Planned(store)
    for number in (3, 0):
        rounds.set_demand(store, planned.broker, planned.id, planned.need["id"], number, LATER)
        assert rounds.demands(store, planned.id) == {planned.need["id"]: number}


def test_the_match_day_needs_a_day_to_come_and_a_time(store):
    planned = Planned(store)
    with pytest.raises(Invalid) as refused:
        rounds.set_match_day(store, planned.broker, planned.id, {"held_on": "2026-11-01", "opens_at": "25:00"}, NOW)
    assert set(refused.value.errors) == {"held_on", "opens_at"}
    rounds.set_match_day(store, planned.broker, planned.id, {"held_on": "2027-02-11", "opens_at": "9.30"}, NOW)
    row = rounds.load(store, planned.broker, planned.id)
    assert (row["held_on"], row["minutes"], row["pause"], row["tables"]) == ("2027-02-11", 20, 5, 10)
    assert rounds.minutes_of(row["opens_at"]) == 570


def test_a_round_without_a_person_is_the_command_lines(store):
    planned = Planned(store)
    round_id = rounds.create(store, SYSTEM, rounds.terms({"name": "Natt"}, NOW), planned.scored, NOW)
    assert rounds.load(store, planned.broker, round_id)["person"] is None


def test_open_needs_are_those_that_can_still_be_answered(store):
    live = create_need(store, published=True)
    create_need(store)
    create_need(store, published=True, closed_at=NOW, close_reason="met")
    create_need(store, published=True, valid_until="2026-11-19")
    assert [row["id"] for row in round_facts.open_needs(store, NOW)] == [live["id"]]


def test_what_is_being_paired_counts_until_it_is_over(store):
    case = Case(store)
    assert round_facts.under_way(store, "2027-01-01") == []
    pairing_id = case.propose()
    [row] = round_facts.under_way(store, "2027-01-01")
    assert (row["id"], row["need_id"], row["startup_id"]) == (pairing_id, case.need["id"], case.startup["id"])
    store.execute(
        "update pairing set declined_at = :now, declined_side = 'broker', reason = 'no_fit' where id = :id",
        {"now": NOW, "id": pairing_id},
    )
    assert round_facts.under_way(store, "2027-01-01") == []


def test_testbeds_come_with_what_is_held_and_closed(store):
    testbed = create_testbed(store, published=True, name="Bädden")
    create_testbed(store)
    closure = {"id": "c1", "testbed_id": testbed["id"], "starts_on": "2027-02-01", "ends_on": "2027-02-28"}
    store.insert("testbed_closure", {**closure, "reason": "Flytt", "created_at": NOW})
    [row] = round_facts.testbeds(store, "2027-01-01", "2027-03-31")
    assert (row["name"], row["closed"], row["held"]) == ("Bädden", [("2027-02-01", "2027-02-28")], [])
    assert round_facts.testbeds(store, "2027-04-01", "2027-06-30")[0]["closed"] == []
    assert round_facts.has_testbeds(store)
