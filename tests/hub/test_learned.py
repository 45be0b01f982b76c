from __future__ import annotations

import pytest

from matcher.hub import learned, record
from matcher.hub.errors import Conflict, Denied, NotFound
from matcher.hub.people import Viewer
from matcher.store import Store
from tests.factories import NOW, create_person

WEIGHTS = {"semantic": 1.0, "lexical": 3.0, "sentence": 0.3}


@pytest.fixture
def administrator(store: Store) -> Viewer:
    return create_person(store, "administrator")


def candidate(store: Store, *, better: bool = True, scoring: str = "1", model: str = "tiny") -> str:
    content = {"weights": WEIGHTS, "trial": {"better": better}}
    number = learned.keep(store, "weights", scoring, model, 60, content, NOW)
    return learned.numbered(store, "weights", number)["id"]


def actions(store: Store) -> list[str]:
    return [row["action"] for row in reversed(record.latest(store, kind="learned")["rows"])]


def test_versions_are_numbered_by_kind_and_read_back_as_numbers(store):
    learned.keep(store, "chance", "1", "tiny", 60, {"bias": 0.5}, NOW)
    assert candidate(store) != candidate(store)
    assert [row["number"] for row in learned.listing(store, "weights")] == [2, 1]
    found = learned.latest(store, "chance", "1", "tiny")
    assert (found["number"], found["decisions"], found["content"]) == (1, 60, {"bias": 0.5})


@pytest.mark.parametrize(("scoring", "model"), [("1+w1", "tiny"), ("2", "tiny"), ("1", "large")])
def test_a_chance_of_another_scoring_or_model_is_not_found(store, scoring, model):
    learned.keep(store, "chance", "1", "tiny", 60, {}, NOW)
    assert learned.latest(store, "chance", scoring, model) is None


def test_a_candidate_counts_only_when_it_is_adopted(store, administrator):
    name = candidate(store)
    assert learned.standing(store) == {}
    before = record.last_seq(store)
    learned.adopt(store, administrator, name, "1", "tiny", NOW)
    assert learned.standing(store)["weights"]["content"]["weights"] == WEIGHTS
    assert record.last_seq(store) > before
    assert actions(store) == ["weights.learn", "weights.adopt"]


def test_rolling_back_brings_the_weights_before_and_then_the_built_in_ones(store, administrator):
    learned.adopt(store, administrator, candidate(store), "1", "tiny", NOW)
    learned.adopt(store, administrator, candidate(store), "1", "tiny", NOW)
    assert learned.standing(store)["weights"]["number"] == 2
    row, instead = learned.roll_back(store, administrator, 2, "1", "tiny", NOW)
    assert (row["number"], instead["number"], learned.standing(store)["weights"]["number"]) == (2, 1, 1)
    assert learned.roll_back(store, administrator, 1, "1", "tiny", NOW)[1] is None
    assert learned.standing(store) == {}
    with pytest.raises(Conflict, match="weights_not_adopted"):
        learned.roll_back(store, administrator, 1, "1", "tiny", NOW)
    assert actions(store)[-2:] == ["weights.roll_back", "weights.roll_back"]
    again = learned.numbered(store, "weights", 2)
    learned.adopt(store, administrator, again["id"], "1", "tiny", NOW)
    assert learned.standing(store)["weights"]["number"] == 2


def test_rolling_back_again_what_is_rolled_back_leaves_the_version_before(store, administrator):
    for _ in range(2):
        learned.adopt(store, administrator, candidate(store), "1", "tiny", NOW)
    learned.roll_back(store, administrator, 2, "1", "tiny", NOW)
    with pytest.raises(Conflict, match="weights_changed"):
        learned.roll_back(store, administrator, 2, "1", "tiny", NOW)
    assert learned.standing(store)["weights"]["number"] == 1


@pytest.mark.parametrize(("scoring", "model"), [("2", "tiny"), ("1", "large")])
def test_weights_of_another_scoring_or_model_are_not_brought_back(store, administrator, scoring, model):
    content = {"weights": WEIGHTS, "trial": {"better": True}}
    learned.adopt(store, administrator, candidate(store), "1", "tiny", NOW)
    number = learned.keep(store, "weights", scoring, model, 60, content, NOW)
    learned.adopt(store, administrator, learned.numbered(store, "weights", number)["id"], scoring, model, NOW)
    row, instead = learned.roll_back(store, administrator, number, scoring, model, NOW)
    assert (row["replaces"], instead) == (1, None)
    assert learned.standing(store) == {}


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"better": False}, "weights_not_better"),
        ({"scoring": "0"}, "weights_of_another_scoring"),
        ({"model": "large"}, "weights_of_another_model"),
    ],
)
def test_what_must_not_count_is_refused(store, administrator, state, code):
    with pytest.raises(Conflict, match=code):
        learned.adopt(store, administrator, candidate(store, **state), "1", "tiny", NOW)
    assert learned.standing(store) == {}


def test_an_older_candidate_is_refused(store, administrator):
    older = candidate(store)
    candidate(store)
    with pytest.raises(Conflict, match="weights_replaced"):
        learned.adopt(store, administrator, older, "1", "tiny", NOW)


def test_the_second_administrator_learns_of_the_first(store, administrator):
    name = candidate(store)
    learned.adopt(store, administrator, name, "1", "tiny", NOW)
    with pytest.raises(Conflict, match="weights_adopted"):
        learned.adopt(store, administrator, name, "1", "tiny", NOW)


def test_learning_is_switched_off_and_on_again(store, administrator):
    name = candidate(store)
    assert learned.switch(store, administrator, False, NOW)
    assert not learned.switch(store, administrator, False, NOW)
    with pytest.raises(Conflict, match="learning_off"):
        learned.adopt(store, administrator, name, "1", "tiny", NOW)
    assert learned.switch(store, administrator, True, NOW)
    assert learned.standing(store) == {}
    assert learned.switch(store, administrator, False, NOW)
    assert [action for action in actions(store) if action.startswith("learning")] == [
        "learning.off", "learning.on", "learning.off",
    ]  # fmt: skip


def test_only_administrators_decide(store):
    broker, name = create_person(store, "broker"), candidate(store)
    with pytest.raises(NotFound):
        learned.adopt(store, broker, name, "1", "tiny", NOW)
    with pytest.raises(Denied):
        learned.roll_back(store, broker, 1, "1", "tiny", NOW)
    with pytest.raises(Denied):
        learned.switch(store, broker, False, NOW)
