"""Ways to game the ranking, with the real model on the demo hub: what each gains, and whether the brokers are told.

Companies drawn from the demo do it to their profiles, each for one need drawn for it, all by a fixed seed. Twenty of
them and needs that other tests read anyway; with MATCHER_GAMED=100 as many, and all needs (`make test-faults`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from matcher.hub import reference
from matcher.ranking import sentences
from tests.ranking.attacked import Hub, Ranked, Seen
from tests.ranking.demo import FIRST, Demo

pytestmark = pytest.mark.model

PROFILES = int(os.environ.get("MATCHER_GAMED", "20"))
LIFT, TOLD, SUSPECTED = 0.05, 0.95, 0.01
COPIES = 10 if PROFILES > 20 else 5
USUAL = ("need-fall-night", "need-snow-walkways", "need-depot-charging", "need-wounds")
LOOK_ALIKE = str.maketrans("aeo", "аео")


class Cases:
    """Which company games the ranking for which need: by their places in the demo."""

    def __init__(self, demo: Demo) -> None:
        """Draw them."""
        drawn = np.random.default_rng(6)
        needs = range(len(demo.needs)) if PROFILES > 20 else [demo.place[name] for name in USUAL]
        self.startups = drawn.permutation(len(demo.startups))[:PROFILES].tolist()
        self.needs = drawn.choice(needs, PROFILES).tolist()
        self.scores = {need: demo.scores(demo.asked[need], need) for need in set(self.needs)}

    def each(self) -> list[tuple[int, int]]:
        """Return (startup, need)."""
        return list(zip(self.startups, self.needs, strict=True))

    def honest(self) -> list[bool]:
        """Say of each whether it is among the first ten as it is."""
        return [(self.scores[need] > self.scores[need][own]).sum() < FIRST for own, need in self.each()]

    def rival(self, own: int, need: int) -> int:
        """Return the place of the best other company for a need."""
        return next(place for place in np.argsort(-self.scores[need], kind="stable").tolist() if place != own)


@pytest.fixture(scope="module")
def demo(reader: Any) -> Demo:
    return Demo(reader.encode)


@pytest.fixture(scope="module")
def cases(demo: Demo) -> Cases:
    return Cases(demo)


@pytest.fixture
def hub(databases: Any, demo: Demo) -> Hub:
    return Hub(databases.open("sqlite", migrated=True), demo)


TEXTS: dict[str, Callable[[Demo, int, int], str]] = {
    "stuffed words": lambda demo, need, _: ", ".join([w for w in demo.asked[need].split() if len(w) > 4] * 5),
    "hidden text": lambda demo, need, _: "\u200b".join(demo.asked[need].translate(LOOK_ALIKE)),
    "the need copied": lambda demo, need, _: demo.asked[need],
    "one sentence of the need": lambda demo, need, _: max(sentences.split(demo.asked[need]), key=len),
    "its title": lambda demo, need, _: demo.needs[need]["title"],
    "its title twenty times": lambda demo, need, _: (demo.needs[need]["title"] + ". ") * 20,
    "the titles of all needs": lambda demo, need, _: "\n".join(row["title"] for row in demo.needs),
    "a rival's name": lambda demo, need, rival: f"Ett alternativ till {demo.startups[rival]['name']}.",
}


@pytest.mark.parametrize("way", TEXTS)
def test_no_text_lifts_a_profile_by_more_than_five_points_and_the_brokers_are_told(
    demo: Demo, cases: Cases, hub: Hub, way: str
) -> None:
    seen = []
    for own, need in cases.each():
        row, text = demo.startups[own], TEXTS[way](demo, need, cases.rival(own, need))
        seen.append(hub.saves(row["id"], {"evidence": f"{row['evidence']}\n{text}"}))
    ranked = Ranked(demo, cases.startups, [one.texts[0] for one in seen])
    held = [ranked.held([number], need) for number, need in enumerate(cases.needs)]
    _judge(way, sum(cases.honest()), sum(held), seen)


def _judge(way: str, before: int, after: int, seen: list[Seen]) -> None:
    told = [bool(codes) for one in seen for codes in one.codes]
    print(f"{way}: {before} -> {after} of {PROFILES}, told of {sum(told)} of {len(told)}")
    assert after - before <= LIFT * PROFILES
    assert sum(told) >= TOLD * len(told)


def test_every_theme_ticked_changes_no_text_that_is_ranked_and_the_brokers_are_told(
    demo: Demo, cases: Cases, hub: Hub
) -> None:
    every = {"themes": sorted(reference.codes("themes"))}
    seen = [hub.saves(demo.startups[own]["id"], every) for own in cases.startups]
    assert [one.texts[0] for one in seen] == [demo.offers[own] for own in cases.startups]
    _judge("every theme ticked", 0, 0, seen)


def test_many_profiles_that_are_nearly_the_same_lift_by_no_more_than_five_points_and_the_brokers_are_told(
    demo: Demo, cases: Cases, hub: Hub
) -> None:
    seen, texts, owners = [], [], []
    for own in cases.startups:
        row = demo.startups[own]
        typed = [
            {"name": f"{row['name']} {number}", "evidence": f"{row['evidence']}\nVi arbetar i region {number}."}
            for number in range(COPIES)
        ]
        seen.append(hub.adds(row["id"], typed))
        texts += seen[-1].texts
        owners += [own] * COPIES
    ranked = Ranked(demo, owners, texts)
    groups = [range(COPIES * number, COPIES * (number + 1)) for number in range(PROFILES)]
    held = [ranked.held(group, need, instead=False) for group, need in zip(groups, cases.needs, strict=True)]
    _judge("nearly the same", sum(cases.honest()), sum(held), seen)


def test_of_honest_profiles_the_brokers_are_told_of_one_in_a_hundred_at_most(demo: Demo, hub: Hub) -> None:
    """Every profile of the demo, saved now: all needs were published before it."""
    seen = hub.as_they_are([row["id"] for row in demo.startups])
    print(f"honest: told of {sum(map(bool, seen.codes))} of {len(seen.codes)}")
    assert sum(map(bool, seen.codes)) <= SUSPECTED * len(seen.codes)
