"""Which ways fit which answers: the rules as they are shipped, case by case, and what holds for every combination."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.hub import route_settings
from matcher.hub.route_guide import QUESTIONS, UNKNOWN, Condition
from matcher.hub.route_rules import advise, amounts, holds, kept, nothing_known, unknown

GUIDE = route_settings.load()
PLAIN = {"service": "ordinary", "utility": "no"}
AMOUNTS = (None, 0, 1, 99_999, 100_000, 699_999, 700_000, 1_199_999, 1_200_000, 2_389_585, 8_109_450, 10**11 - 1)


def advice(**answers):
    return advise(GUIDE, {**nothing_known(), **answers})


def order(**answers):
    return [one.way.code for one in advice(**answers).ranked]


def out(**answers):
    return {one.way.code for one in advice(**answers).out}


def fired(code, **answers):
    return [reason.rule.code for reason in advice(**answers).standing(code).fired]


@pytest.mark.parametrize(
    ("answers", "ways"),
    [
        ({}, ["early_dialogue", "rfi", "functional_procurement"]),
        (
            {**PLAIN, "market": "no", "amount": 450_000, "testbed": "yes", "dialogue": "no", "research": "no"},
            ["testbed_agreement", "paid_test", "contest", "functional_procurement", "competitive_dialogue"],
        ),
        (
            {**PLAIN, "market": "yes", "amount": 2_500_000, "testbed": "no", "dialogue": "no", "research": "no"},
            ["functional_procurement"],
        ),
        (
            {**PLAIN, "market": "no", "amount": 5_000_000, "testbed": "no", "dialogue": "no", "research": "yes"},
            ["innovation_partnership", "pre_commercial", "functional_procurement", "competitive_dialogue"],
        ),
        (
            {"market": "no", "research": "yes", "buyers": "yes", "dialogue": "no", "testbed": "no"},
            ["pre_commercial", "innovation_partnership", "competitive_dialogue"],
        ),
        (
            {"market": "adapt", "dialogue": "yes", "testbed": "no"},
            ["early_dialogue", "rfi", "competitive_dialogue", "functional_procurement", "contest"],
        ),
    ],
)
def test_the_ways_stand_in_this_order(answers, ways):
    assert order(**answers)[: len(ways)] == ways


def test_what_is_no_procurement_comes_first_where_it_serves_whatever_its_points():
    found = advice(**PLAIN, market="no", amount=450_000, testbed="yes", buyers="yes", research="yes")
    assert (found.ranked[0].way.code, found.ranked[0].first) == ("testbed_agreement", True)
    assert max(one.points for one in found.ranked) > found.ranked[0].points


def test_what_is_no_procurement_and_serves_little_has_no_place_of_honour():
    weak = order(market="yes", buyers="yes", testbed="no", dialogue="no")
    assert weak.index("functional_procurement") < weak.index("rfi")


@pytest.mark.parametrize(
    ("amount", "more", "offered"),
    [
        (699_999, PLAIN, True),
        (700_000, PLAIN, False),
        (700_000, {"service": "ordinary", "utility": "yes"}, True),
        (1_199_999, {"service": "ordinary", "utility": "yes"}, True),
        (1_200_000, {"service": "ordinary", "utility": "yes"}, False),
        (1_200_000, {"service": "ordinary"}, False),
        (8_109_449, {"service": "special", "utility": "no"}, True),
        (8_109_450, {"service": "special", "utility": "no"}, False),
        (50_000_000, {"service": "exempt"}, True),
        (699_999, {}, True),
        (0, PLAIN, False),
    ],
)
def test_the_paid_test_keeps_to_the_limit_of_what_is_bought(amount, more, offered):
    assert ("paid_test" in order(amount=amount, **more)) is offered


@pytest.mark.parametrize("amount", [700_000, 900_000])
def test_between_two_limits_an_unknown_answer_is_told_not_guessed(amount):
    found = advice(amount=amount, service="ordinary")
    [standing] = [one for one in found.possible if one.way.code == "paid_test"]
    assert [(wait.rule.code, [one.question for one in wait.unknown]) for wait in standing.waits] == [
        ("direct_under_utility", ["utility"]),
        ("direct_over", ["utility"]),
    ]


@pytest.mark.parametrize(
    ("answers", "way"),
    [
        ({"testbed": "no"}, "testbed_agreement"),
        ({"market": "yes"}, "contest"),
        ({"market": "yes", "dialogue": "no"}, "competitive_dialogue"),
        ({"market": "adapt"}, "innovation_partnership"),
        ({"research": "no"}, "innovation_partnership"),
        ({"research": "no"}, "pre_commercial"),
        ({"market": "yes"}, "pre_commercial"),
    ],
)
def test_a_way_that_is_closed_says_by_which_rule(answers, way):
    assert way in out(**answers)
    assert any(reason.rule.stops for reason in advice(**answers).standing(way).fired)


def test_a_rule_names_the_figures_it_compared_with_and_the_amounts_of_its_sentence():
    found = advice(**PLAIN, amount=450_000).standing("paid_test")
    [reason] = [one for one in found.fired if one.rule.code == "direct_under"]
    assert [(one.code, one.amount) for one in reason.figures] == [("direct_lou", 700_000)]
    assert amounts(reason.rule, {"amount": 450_000}) == {"amount": 450_000, "from": 1, "under": 700_000}


def test_what_nobody_knows_is_listed():
    assert unknown(nothing_known()) == ["amount", *QUESTIONS]
    assert unknown({**nothing_known(), "market": "no", "amount": 0}) == [name for name in QUESTIONS if name != "market"]


@pytest.mark.parametrize(
    ("condition", "answer", "said"),
    [
        (Condition("market", ("no",)), "no", True),
        (Condition("market", ("no",)), "yes", False),
        (Condition("market", ("no",)), UNKNOWN, None),
        (Condition("market", ("no", UNKNOWN)), UNKNOWN, True),
        (Condition("amount", (), 1, 700), 700, False),
        (Condition("amount", (), 1, 700), 1, True),
        (Condition("amount", (), 700, None), 700, True),
        (Condition("amount", (), None, 1), 0, True),
        (Condition("amount", (), None, 1), None, None),
    ],
)
def test_a_condition_is_true_false_or_open(condition, answer, said):
    assert holds(condition, {condition.question: answer}) is said


def test_what_is_kept_with_a_choice_is_plain_and_whole():
    answers = {**nothing_known(), **PLAIN, "amount": 450_000}
    found = kept(advise(GUIDE, answers), "paid_test", answers)
    assert (found["rank"], found["of"]) == (2, 4)
    [under] = [one for one in found["fired"] if one["code"] == "direct_under"]
    assert under["amounts"]["under"] == 700_000
    assert under["figures"][0]["as_of"] == GUIDE.figures["direct_lou"].as_of
    assert kept(advise(GUIDE, answers), "long_gone", answers) == {"rank": None, "of": 4, "fired": []}


def check(answers):
    """Assert what must hold whatever is answered, and return the ways."""
    found = advise(GUIDE, answers)
    assert found.ranked
    every = [one.way.code for group in (found.ranked, found.possible, found.out) for one in group]
    assert sorted(every) == sorted(way.code for way in GUIDE.ways)
    for standing in found.ranked:
        assert any(reason.rule.points > 0 for reason in standing.fired)
        assert not any(reason.rule.stops for reason in standing.fired)
        for reason in standing.fired:
            assert all(holds(one, answers) for one in reason.rule.when)
    for standing in found.possible:
        assert standing.waits
    firsts = [standing.first for standing in found.ranked]
    assert firsts == sorted(firsts, reverse=True)
    points = [(not one.first, -one.points) for one in found.ranked]
    assert points == sorted(points)
    return [one.way.code for one in found.ranked]


def test_every_combination_of_answers_gives_a_way_with_a_rule_that_fired():
    names = list(QUESTIONS)
    for values in product(*((*QUESTIONS[name], UNKNOWN) for name in names)):
        answers = dict(zip(names, values, strict=True))
        for amount in (None, 450_000, 1_000_000):
            check({**answers, "amount": amount})


ANSWERS = st.fixed_dictionaries(
    {
        **{name: st.sampled_from((*values, UNKNOWN)) for name, values in QUESTIONS.items()},
        "amount": st.one_of(st.sampled_from(AMOUNTS), st.integers(0, 10**11)),
    }
)


@given(ANSWERS)
@settings(max_examples=300, deadline=None)
def test_the_same_answers_give_the_same_order_however_they_came(answers):
    turned = dict(reversed(list(answers.items())))
    assert check(answers) == check(turned)


@given(ANSWERS, st.sampled_from(list(QUESTIONS)))
@settings(max_examples=200, deadline=None)
def test_what_waits_for_an_answer_fires_when_it_comes(answers, name):
    answers = {**answers, name: UNKNOWN}
    for standing in (*advise(GUIDE, answers).ranked, *advise(GUIDE, answers).possible):
        for wait in standing.waits:
            if [one.question for one in wait.unknown] == [name]:
                value = next(one for one in wait.unknown[0].values if one != UNKNOWN)
                after = advise(GUIDE, {**answers, name: value}).standing(standing.way.code)
                assert wait.rule in [reason.rule for reason in after.fired]
