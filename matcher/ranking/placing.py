"""Which testbed suits? Need × startup × testbed: how well a testbed fits the one, the other, or both alike.

The two scores lie on scales of their own, so each is first measured in standard deviations from the mean over all
testbeds; with a need and a startup chosen the mean of the two decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import evidence
from .ranker import Ranker

Row = dict[str, Any]
WORDS = 4
BEGINNING = 5  # letters, in which an inflected word is still itself


@dataclass(frozen=True)
class Fit:
    """How one of `of` testbeds fits: its place by both together, and by the need and the startup alone (or None)."""

    rank: int
    of: int
    score: float
    need: int | None
    startup: int | None


@dataclass(frozen=True)
class Fits:
    """Every testbed's fit by its id; `words_only` while the model is away."""

    of: dict[str, Fit]
    words_only: bool = False


def fits(ranker: Ranker, need: Row | None, startup: Row | None) -> Fits:
    """Rank all published testbeds for a need, a startup, or both (decoded rows); without either nothing is ranked."""
    asked = {"need": need, "startup": startup}
    scored = {kind: ranker.testbed_scores(kind, row) for kind, row in asked.items() if row is not None}
    known = [set(shelf.place) for shelf, _, _ in scored.values()]
    ids = sorted(set.intersection(*known)) if known else []  # a testbed may be published between two looks
    if not ids:
        return Fits({})
    alone = {kind: total[[shelf.place[name] for name in ids]] for kind, (shelf, total, _) in scored.items()}
    joined = np.mean([standardised(total) for total in alone.values()], axis=0)
    ranks, own = ranked(joined), {kind: ranked(total) for kind, total in alone.items()}
    found = {
        name: Fit(
            int(ranks[at]),
            len(ids),
            float(joined[at]),
            *(int(own[kind][at]) if kind in own else None for kind in asked),
        )
        for at, name in enumerate(ids)
    }
    return Fits(found, any(away for _, _, away in scored.values()))


def standardised(scores: np.ndarray) -> np.ndarray:
    """Return (n,) scores in standard deviations from their mean; zeros where all are the same."""
    spread = float(scores.std())
    return (scores - scores.mean()) / spread if spread > 1e-9 else np.zeros_like(scores)


def ranked(scores: np.ndarray) -> np.ndarray:
    """Return the place (1 is best) of each of (n,) scores; equal ones in their order."""
    places = np.empty(len(scores), np.int64)
    places[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    return places


def words_in_common(asked: str, offers: Mapping[str, str]) -> dict[str, list[str]]:
    """Return by id the words of each offered text that the asked text has too; first those that few of them have.

    Inflected words are the same, parts of compounds are not: a shared ending says little of what a place is for.
    """
    wanted = {_beginning(word) for word in evidence.telling(asked)}
    found = {name: _shared(wanted, text) for name, text in offers.items()}
    spread = Counter(beginning for words in found.values() for beginning in words)
    return {
        name: sorted(words.values(), key=lambda word: (spread[_beginning(word)], -len(word)))[:WORDS]
        for name, words in found.items()
    }


def _shared(wanted: set[str], text: str) -> dict[str, str]:
    """Return by their beginning the words of a text that are wanted, of a word and its inflections the first."""
    found: dict[str, str] = {}
    for word in evidence.telling(text):
        if _beginning(word) in wanted:
            found.setdefault(_beginning(word), word.lower())
    return found


def _beginning(word: str) -> str:
    return word.lower()[:BEGINNING]
