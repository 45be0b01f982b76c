"""Brokers whose behaviour is known: they decide by a rule that a test can hold the model to.

Their lists are made up (`world`), or those of a judged set, whose grades they follow (`judged`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from matcher.hub.decisions import Decision
from matcher.ranking.evaluation import Folder

PARTS = {"semantic": (0.45, 0.25), "lexical": (0.25, 0.25), "sentence": (0.0, 0.05)}  # mean and spread, weighted
NOW = "2026-11-20T09:00:00.000000Z"


@dataclass(frozen=True)
class Broker:
    """Takes up a candidate with chance sigmoid(bias + taste · standardised parts), if it is looked at.

    looks: a candidate at rank r is looked at with chance r^-looks (0: everything is). empty: the share of needs for
    which the market has nothing: their candidates are no better than chance and none is taken up.
    """

    taste: tuple[float, float, float] = (1.5, 1.0, 0.5)
    bias: float = -3.0
    looks: float = 0.0
    empty: float = 0.0


@dataclass(frozen=True)
class World:
    """Lists of `startups` candidates for each need: parts (needs, startups, 3) weighted, sorted best total first."""

    parts: np.ndarray
    empty: np.ndarray

    @property
    def standard(self) -> np.ndarray:
        means, spreads = np.array(list(PARTS.values())).T
        return (self.parts - means) / spreads


def world(needs: int, startups: int, seed: int, empty: float = 0.0, shift: float = 2.0) -> World:
    """Draw the parts; needs without an answer have all theirs lower by `shift` spreads."""
    random = np.random.default_rng(seed)
    means, spreads = np.array(list(PARTS.values())).T
    parts = random.normal(means, spreads, (needs, startups, 3))
    none = random.random(needs) < empty
    parts[none] -= shift * spreads * np.array([1, 1, 0])
    order = np.argsort(-parts.sum(axis=2), axis=1)
    return World(np.take_along_axis(parts, order[:, :, None], axis=1), none)


def chances(broker: Broker, made: World) -> np.ndarray:
    """(needs, startups): the true chance that a candidate that is looked at is taken up."""
    true = 1 / (1 + np.exp(-(made.standard @ np.array(broker.taste) + broker.bias)))
    return np.where(made.empty[:, None], 0.0, true)


def decide(broker: Broker, made: World, seed: int, most: int | None = None, **named: str) -> list[Decision]:
    """Return the broker's decisions; `most` are made for each need, from the top."""
    random = np.random.default_rng(seed)
    ranks = np.arange(1, made.parts.shape[1] + 1)
    looked = random.random(made.parts.shape[:2]) < ranks ** -float(broker.looks)
    taken = random.random(made.parts.shape[:2]) < chances(broker, made)
    found = []
    for need in range(len(made.parts)):
        places = np.flatnonzero(looked[need])[:most]
        found += [_decision(made, need, int(place), bool(taken[need, place]), named) for place in places]
    return found


def _decision(made: World, need: int, place: int, taken: bool, named: dict[str, str]) -> Decision:
    parts = dict(zip(PARTS, made.parts[need, place].tolist(), strict=True))
    given = {"scoring": "1", "model": "tiny", **named}
    return Decision(f"need-{need}", f"startup-{place}", taken, NOW, place + 1, parts, texts={}, **given)


def judged(texts: Folder, scores: Mapping[str, np.ndarray], seed: int, empty: float = 0.0, most: int = 8):
    """Return the decisions of a broker who takes up what was judged good, and dismisses the rest of the first `most`.

    scores: as `evaluation.ablation` gives them. empty: for this share of the needs the good answers are taken off the
    market first, so that it holds nothing for them.
    """
    highest = max(grade for grades in texts.grades.values() for grade in grades.values())
    good = 2 if highest >= 3 else 1
    parts = {
        "semantic": scores["hubs"],
        "lexical": scores["words"] - scores["hubs"],
        "sentence": scores["sentences"] - scores["words"],
    }
    names, random = list(texts.documents), np.random.default_rng(seed)
    found = []
    for row, query in enumerate(texts.queries):
        answers = {name for name, grade in texts.grades.get(query, {}).items() if grade >= good}
        gone = answers if random.random() < empty else set()
        order = [place for place in np.argsort(-scores["sentences"][row], kind="stable") if names[place] not in gone]
        for rank, place in enumerate(order[:most], 1):
            own = {name: float(part[row, place]) for name, part in parts.items()}
            pair = (query, names[place], names[place] in answers - gone)
            found.append(Decision(*pair, NOW, rank, own, scoring="judged", model="judged", texts={}))
    return found
