"""All things of one kind in order for one text: what the scoring gives, row by row of a shelf."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .background import Texts
from .gates import Gate
from .matches import Match
from .mirror import Shelf
from .reasons import Spoken
from .upkeep import View

Stops = Callable[[dict[str, Any]], list[Gate]]


class Voices(Protocol):
    """What gives the sentences of the text asked (`own`) and of the things it is ranked against."""

    own: Spoken | None

    def of(self, ids: list[str]) -> dict[str, Spoken]:
        """Return the sentences by id, of those that have any."""


@dataclass(frozen=True)
class Ranked:
    """All documents of one kind in order: scores and weighted parts by row of the shelf, and `order`, best first."""

    shelf: Shelf
    total: np.ndarray
    parts: dict[str, np.ndarray]
    order: np.ndarray

    def match(self, rank: int, place: int, stops: Stops) -> Match:
        """Return the match of one row of the shelf, at the rank that it has."""
        row = self.shelf.rows[place]
        parts = {name: float(part[place]) for name, part in self.parts.items()}
        return Match(row["id"], rank, float(self.total[place]), parts, row, stops(row))


def score(shelf: Shelf, view: View, asked: Texts, own: int, spoken: Voices) -> Ranked:
    """Score all documents, then look closer at the sentences of the first."""
    collection, columns, place = view.collection, view.columns, np.array([own])
    scores = collection.score(asked, place)
    first = {column: int(view.rows[column]) for column in scores.first()[0].tolist() if view.rows[column] >= 0}
    found = spoken.of([shelf.rows[row]["id"] for row in first.values()])
    vectors = {
        column: found[shelf.rows[row]["id"]][1] for column, row in first.items() if shelf.rows[row]["id"] in found
    }
    own_vectors = [spoken.own[1] if spoken.own else asked.vectors]
    scores = collection.look_closer(scores, asked, vectors, own_vectors, place)
    parts = {name: scores.weights[name] * part[0, columns] for name, part in scores.parts.items()}
    total = sum(parts.values())
    return Ranked(shelf, total, parts, in_order(total))


def in_order(total: np.ndarray) -> np.ndarray:
    """Best first; equal scores stand in the order of the shelf, which is that of the ids, in every process the same."""
    return np.argsort(-total, kind="stable")
