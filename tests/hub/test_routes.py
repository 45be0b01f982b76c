"""The route of a need in the store: answers in versions, the choice with why, ticks, and innovation."""

from __future__ import annotations

import pytest

from matcher.hub import record, removals, route_notes, route_settings, routes
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound, Stale
from matcher.store.errors import UniqueViolation
from tests.factories import NOW, create_need, create_person

LATER = "2026-12-01T08:00:00.000000Z"
GUIDE = route_settings.load()
ANSWERS = {"market": "no", "amount": "450 000", "testbed": "yes", "service": "ordinary", "utility": "no"}


@pytest.fixture
def need_id(store, owner):
    return create_need(store, owner.organisations("owner")[0], published=True)["id"]


@pytest.fixture
def chosen(store, owner, need_id):
    routes.answer(store, owner, need_id, ANSWERS, 0, NOW)
    return routes.choose(store, owner, GUIDE, need_id, "testbed_agreement", "Vi vill lära.", 1, "", NOW)


def actions(store, need_id):
    return [row["action"] for row in record.history(store, "need", need_id)]


@pytest.mark.parametrize(
    ("typed", "kronor"),
    [
        ("450 000", 450_000), ("450\u00a0000 kr", 450_000), ("450.000", 450_000), ("450,000 SEK", 450_000),
        ("SEK 450,000", 450_000), ("0", 0), ("  ", None), (None, None), (700_000, 700_000),
        ("1 234 567 kronor", 1_234_567),
    ],
)  # fmt: skip
def test_kronor_are_read_as_people_write_them(typed, kronor):
    assert routes.kronor(typed) == kronor


@pytest.mark.parametrize("typed", ["1,5", "0,5 Mkr", "en halv miljon", "-1", "1e6", "450 00", "9" * 30, "٤٥٠", "1.5.0"])
def test_what_is_no_whole_amount_is_refused_and_never_guessed(typed):
    with pytest.raises(Invalid) as error:
        routes.checked({"amount": typed})
    assert error.value.errors["amount"][0] == "not_kronor"


def test_answers_that_are_missing_are_not_known_and_odd_ones_are_refused():
    assert routes.checked({"market": "no"})["buyers"] == "unknown"
    assert routes.checked({})["amount"] is None
    with pytest.raises(Invalid) as error:
        routes.checked({"market": "perhaps", "service": "x"})
    assert set(error.value.errors) == {"market", "service"}


def test_answers_are_kept_in_versions_with_who_and_what_changed(store, owner, need_id):
    assert routes.latest(store, need_id)["number"] == 0
    assert routes.answer(store, owner, need_id, ANSWERS, 0, NOW) == 1
    assert routes.answer(store, owner, need_id, {**ANSWERS, "market": "yes"}, 1, LATER) == 2
    assert [(row["number"], row["answers"]["market"]) for row in routes.versions(store, need_id)] == [
        (2, "yes"),
        (1, "no"),
    ]
    assert routes.latest(store, need_id)["person"] == owner.name
    [_, last] = record.history(store, "need", need_id)
    assert (last["action"], last["detail"]) == ("need.route_answer", {"questions": ["market"], "version": 2})


def test_the_same_answers_again_make_no_version(store, owner, need_id):
    routes.answer(store, owner, need_id, ANSWERS, 0, NOW)
    assert routes.answer(store, owner, need_id, ANSWERS, 0, LATER) == 1
    assert actions(store, need_id) == ["need.route_answer"]


def test_not_to_know_anything_is_an_answer_too(store, owner, need_id):
    assert routes.answer(store, owner, need_id, {}, 0, NOW) == 1


def test_answers_over_somebody_elses_are_stale(store, owner, need_id):
    routes.answer(store, owner, need_id, ANSWERS, 0, NOW)
    with pytest.raises(Stale) as error:
        routes.answer(store, owner, need_id, {"market": "yes"}, 0, LATER)
    assert error.value.params["current"]["answers"]["market"] == "no"


def test_a_choice_needs_answers_a_reason_and_a_way_of_the_list(store, owner, need_id):
    with pytest.raises(Conflict, match="route_not_answered"):
        routes.choose(store, owner, GUIDE, need_id, "paid_test", "Litet.", 0, "", NOW)
    routes.answer(store, owner, need_id, ANSWERS, 0, NOW)
    for way, why, field in (("paid_test", " ", "why"), ("nothing", "Litet.", "way"), ("paid_test", "å" * 8_001, "why")):
        with pytest.raises(Invalid) as error:
            routes.choose(store, owner, GUIDE, need_id, way, why, 1, "", NOW)
        assert set(error.value.errors) == {field}


def test_a_choice_is_kept_with_what_spoke_for_it(store, owner, need_id, chosen):
    stands = routes.standing(store, need_id)
    assert (stands["id"], stands["way"], stands["person"], stands["number"]) == (
        chosen,
        "testbed_agreement",
        owner.name,
        1,
    )
    assert stands["shown"]["rank"] == 1
    assert {one["code"] for one in stands["shown"]["fired"]} == {"testbed_hosts", "testbed_new"}


def test_another_way_replaces_the_first_which_is_kept(store, owner, need_id, chosen):
    routes.choose(store, owner, GUIDE, need_id, "paid_test", "Nu vet vi.", 1, chosen, LATER)
    assert [(row["way"], bool(row["replaced_at"])) for row in routes.choices(store, need_id)] == [
        ("paid_test", False),
        ("testbed_agreement", True),
    ]
    last = record.history(store, "need", need_id)[-1]
    assert last["detail"] == {"way": "paid_test", "replaces": "testbed_agreement", "version": 1}


@pytest.mark.parametrize(
    ("way", "number", "replaces", "code"),
    [
        ("paid_test", 1, "", "route_chosen_anew"),
        ("paid_test", 0, "", "route_answered_anew"),
        ("testbed_agreement", 1, "", "route_stands"),
    ],
)
def test_a_choice_made_on_an_old_page_is_refused(store, owner, need_id, chosen, way, number, replaces, code):
    with pytest.raises(Conflict) as error:
        routes.choose(store, owner, GUIDE, need_id, way, "Därför.", number, replaces, LATER)
    assert error.value.code == code
    assert error.value.params["person"] == owner.name


def test_two_ways_cannot_stand_at_once(store, owner, need_id, chosen):
    row = store.query("select * from route_choice")[0]
    with pytest.raises(UniqueViolation), store.atomic():
        store.insert("route_choice", {**row, "id": "second"})


def test_a_choice_can_go_against_the_rules_and_that_is_kept(store, owner, need_id):
    routes.answer(store, owner, need_id, {**ANSWERS, "testbed": "no"}, 0, NOW)
    routes.choose(store, owner, GUIDE, need_id, "testbed_agreement", "Vi bygger en.", 1, "", NOW)
    shown = routes.standing(store, need_id)["shown"]
    assert shown["rank"] is None
    assert [one["code"] for one in shown["fired"] if one["stops"]] == ["testbed_none"]


def test_ticks_keep_who_and_when_and_two_people_can_tick_at_once(store, owner, need_id, chosen):
    broker = create_person(store, "broker")
    way = "testbed_agreement"
    assert route_notes.tick(store, owner, GUIDE, need_id, way, [], ["end"], NOW) == 1
    assert route_notes.tick(store, broker, GUIDE, need_id, way, [], ["rights", "end"], LATER) == 1
    found = route_notes.ticks(store, need_id, way)
    assert {item: row["person"] for item, row in found.items()} == {"end": owner.name, "rights": broker.name}
    assert route_notes.tick(store, owner, GUIDE, need_id, way, ["end"], [], LATER) == 1
    assert set(route_notes.ticks(store, need_id, way)) == {"rights"}
    assert actions(store, need_id)[2:] == ["need.route_tick", "need.route_tick", "need.route_untick"]
    assert store.query("select count(*) as n from route_tick")[0]["n"] == 2


def test_only_lines_of_the_chosen_ways_list_are_ticked(store, owner, need_id, chosen):
    assert route_notes.tick(store, owner, GUIDE, need_id, "testbed_agreement", [], ["nothing", "x" * 500], NOW) == 0
    with pytest.raises(Conflict, match="route_other_way"):
        route_notes.tick(store, owner, GUIDE, need_id, "paid_test", [], ["value"], NOW)


def test_ticks_come_back_when_the_way_is_chosen_again(store, owner, need_id, chosen):
    route_notes.tick(store, owner, GUIDE, need_id, "testbed_agreement", [], ["end"], NOW)
    second = routes.choose(store, owner, GUIDE, need_id, "paid_test", "Nu vet vi.", 1, chosen, LATER)
    assert route_notes.ticks(store, need_id, "paid_test") == {}
    routes.choose(store, owner, GUIDE, need_id, "testbed_agreement", "Ändå inte.", 1, second, LATER)
    assert set(route_notes.ticks(store, need_id, "testbed_agreement")) == {"end"}


def test_innovation_is_answered_again_and_again_and_all_is_kept(store, owner, need_id):
    route_notes.consider(store, owner, need_id, "no", "Det brådskade.", NOW)
    route_notes.consider(store, owner, need_id, "no", "Det brådskade.", LATER)
    route_notes.consider(store, owner, need_id, "yes", "Vi frågade tre bolag.", LATER)
    assert [(row["considered"], row["person"]) for row in route_notes.innovation(store, need_id)] == [
        ("yes", owner.name),
        ("no", owner.name),
    ]
    for considered, note, field in (("maybe", "x", "considered"), ("yes", "", "innovation_note")):
        with pytest.raises(Invalid) as error:
            route_notes.consider(store, owner, need_id, considered, note, NOW)
        assert set(error.value.errors) == {field}


def test_who_did_it_before_is_counted_without_this_need_and_named_to_who_may_see(store, owner, need_id, chosen):
    other = create_person(store, "owner")
    home = other.organisations("owner")[0]
    for number in range(5):
        theirs = create_need(store, home, published=number < 4, title=f"Behov {number}")["id"]
        routes.answer(store, other, theirs, ANSWERS, 0, NOW)
        routes.choose(
            store, other, GUIDE, theirs, "testbed_agreement", "Vi med.", 1, "", f"2026-11-2{number}T00:00:00Z"
        )
    found = routes.done_before(store, owner, need_id)
    assert set(found) == {"testbed_agreement"}
    assert found["testbed_agreement"]["count"] == 5
    assert [one["title"] for one in found["testbed_agreement"]["needs"]] == ["Behov 3", "Behov 2", "Behov 1"]
    assert [one["title"] for one in routes.done_before(store, other, need_id)["testbed_agreement"]["needs"]] == [
        "Behov 4",
        "Behov 3",
        "Behov 2",
    ]


@pytest.mark.parametrize("role", ["owner", "startup", "host", "administrator"])
def test_others_may_not_write(store, owner, need_id, chosen, role):
    stranger = create_person(store, role)
    writes = (
        lambda: routes.answer(store, stranger, need_id, {}, 1, NOW),
        lambda: routes.choose(store, stranger, GUIDE, need_id, "paid_test", "Jo.", 1, chosen, NOW),
        lambda: route_notes.tick(store, stranger, GUIDE, need_id, "testbed_agreement", [], ["end"], NOW),
        lambda: route_notes.consider(store, stranger, need_id, "yes", "Jo.", NOW),
    )
    for write in writes:
        with pytest.raises(Denied):
            write()


def test_a_closed_need_takes_no_more_and_one_that_is_not_there_is_not_found(store, owner, need_id, chosen):
    store.execute("update need set closed_at = :now where id = :id", {"now": NOW, "id": need_id})
    with pytest.raises(Conflict, match="need_closed"):
        routes.answer(store, owner, need_id, {}, 1, NOW)
    with pytest.raises(Conflict, match="need_closed"):
        route_notes.consider(store, owner, need_id, "yes", "Jo.", NOW)
    with pytest.raises(NotFound):
        routes.answer(store, owner, "nowhere", {}, 0, NOW)


def test_a_need_with_a_choice_stays_and_one_with_answers_only_may_go(store, owner, need_id, chosen):
    assert removals.in_use(store, "need", need_id)
    other = create_need(store, owner.organisations("owner")[0])["id"]
    routes.answer(store, owner, other, ANSWERS, 0, NOW)
    assert not removals.in_use(store, "need", other)
    with store.atomic():
        removals.remove(store, "need", other)
    assert routes.latest(store, other)["number"] == 0
