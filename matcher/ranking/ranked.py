"""All things of one kind in order for one text: what the scoring gives, row by row of a shelf."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Protocol

import numpy as np

from . import fit, gaming, unexpected
from .background import Texts
from .gates import Gate
from .made import View
from .matches import Match
from .mirror import Shelf
from .reasons import Spoken

Row = dict[str, Any]
Keep = Callable[[Match], bool]
Surprise = Callable[[list[Match]], tuple[int, unexpected.Why] | None]
"""Chooses, among the first matches, the one for the place that is kept for the unexpected."""


@dataclass(frozen=True)
class Between:
    """What is known of the two apart from their texts: the conditions that stop, and what the startup seeks."""

    stops: Callable[[Row], list[Gate]]
    wishes: Callable[[Row], list[fit.Wish]]


@dataclass(frozen=True)
class Choice:
    """Which matches of a list are wanted: a filter, only these ids, by both sides, with a place for the unexpected."""

    keep: Keep | None = None
    among: Collection[str] | None = None
    both: bool = False
    surprise: Surprise | None = None


class Voices(Protocol):
    """What gives the sentences of the text asked (`own`) and of the things it is ranked against."""

    own: Spoken | None

    def of(self, ids: list[str]) -> dict[str, Spoken]:
        """Return the sentences by id, of those that have any."""


@dataclass(frozen=True)
class Ranked:
    """All documents of one kind in order: scores and weighted parts by row of the shelf, and `order`, best first.

    alike: by the row of the one that stands among the first, the rows that are nearly the same and stand after them.
    """

    shelf: Shelf
    total: np.ndarray
    parts: dict[str, np.ndarray]
    order: np.ndarray
    alike: dict[int, list[int]] = field(default_factory=dict)

    def match(self, rank: int, place: int, between: Between | None = None) -> Match:
        """Return the match of one row of the shelf, at the rank that it has."""
        row = self.shelf.rows[place]
        parts = {name: float(part[place]) for name, part in self.parts.items()}
        others = [self.shelf.rows[other] for other in self.alike.get(place, ())]
        alike = [(other["id"], other["name"]) for other in others]
        found = Match(row["id"], rank, float(self.total[place]), parts, row, alike=alike)
        return replace(found, gates=between.stops(row), wishes=between.wishes(row)) if between else found

    def walk(self, between: Between, choice: Choice) -> Iterator[Match]:
        """Walk down the list as far as asked; gates and wishes are read for what is looked at only."""
        matches = self._kept(between, choice)
        if choice.surprise is None:
            return matches
        return _surprised(matches, choice.surprise)

    def _kept(self, between: Between, choice: Choice) -> Iterator[Match]:
        ranks = np.empty(len(self.order), np.int64)
        ranks[self.order] = np.arange(1, len(self.order) + 1)
        for place in self._places(between, choice, ranks):
            match = self.match(int(ranks[place]), place, between)
            if choice.keep is None or choice.keep(match):
                yield match

    def _places(self, between: Between, choice: Choice, ranks: np.ndarray) -> list[int]:
        if choice.among is not None:
            places = [self.shelf.place[name] for name in choice.among if name in self.shelf.place]
            return sorted(places, key=lambda place: int(ranks[place]))
        if not choice.both:
            return self.order.tolist()
        best = float(self.total[self.order[0]])
        joined = [
            fit.joined(float(score), best, fit.share(between.wishes(row)))
            for score, row in zip(self.total, self.shelf.rows, strict=True)
        ]
        places = sorted(self.order.tolist(), key=lambda place: -joined[place])
        after = {other for others in self.alike.values() for other in others}
        first = [place for place in places if place not in after][: gaming.FIRST]
        return [*first, *(place for place in places if place not in first)]


def _surprised(matches: Iterator[Match], surprise: Surprise) -> Iterator[Match]:
    first = list(islice(matches, unexpected.WITHIN))
    if found := surprise(first):
        place, why = found
        first[place] = replace(first[place], unexpected=why)
        first = [first[number] for number in unexpected.moved(range(len(first)), place)]
    yield from first
    yield from matches


def score(
    shelf: Shelf,
    view: View,
    asked: Texts,
    own: int,
    spoken: Voices,
    weights: Mapping[str, float] | None = None,
    *,
    spread: bool = False,
) -> Ranked:
    """Score all documents, then look closer at the sentences of the first. weights: others than the built-in ones.

    spread: only one of a group of nearly the same texts stands among the first (`gaming.spread`).
    """
    collection, place = view.collection, np.array([own])
    scores = collection.score(asked, place)
    scores = replace(scores, weights=dict(weights)) if weights else scores
    looked = scores.first()
    ids = {
        column: shelf.rows[row]["id"]
        for column, row in zip(looked[0].tolist(), view.rows[looked[0]].tolist(), strict=True)
        if row >= 0
    }
    found = spoken.of(list(ids.values()))
    vectors = {column: found[name][1] for column, name in ids.items() if name in found}
    own_vectors = [spoken.own[1] if spoken.own else asked.vectors]
    scores = collection.look_closer(scores, asked, vectors, own_vectors, looked)
    parts = {
        name: scores.weights[name] * (part[0] if view.in_step else part[0, view.columns])
        for name, part in scores.parts.items()
    }
    total = sum(parts.values())
    order, alike = gaming.spread(in_order(total), shelf.texts) if spread else (in_order(total), {})
    return Ranked(shelf, total, parts, order, alike)


def in_order(total: np.ndarray) -> np.ndarray:
    """Best first; equal scores stand in the order of the shelf, which is that of the ids, in every process the same.

    total: (n,) scores without NaN. Of float32 the bits that sort like the score and the place make one whole number
    each: sorting these takes a tenth of the time of a stable sort of places.
    """
    if total.dtype != np.float32:
        return np.argsort(-total, kind="stable")
    bits = (np.float32(0) - total).view(np.int32)  # of two zeros only the positive one is left
    keys = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).astype(np.int64)  # negative numbers the other way round
    keys <<= 32
    keys |= np.arange(len(keys))
    keys.sort()
    return keys & 0xFFFFFFFF
