"""A part of a ranked list as it is shown: its matches with their reasons, and who could answer the need together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, islice
from typing import Any

import numpy as np

from ..store import Store
from . import combinations, reasons, unexpected
from .background import Texts
from .evidence import ANSWERED
from .explaining import NO_TEXT, Explain, Heard
from .made import View
from .matches import Combination, Match
from .mirror import Shelf
from .ranked import Between, Choice, Ranked
from .reasons import Spoken
from .scoring import CLOSER_LOOK
from .weighing import Weighing


@dataclass(frozen=True)
class Run:
    """One ranking and what it was made of; `ranked` is None with nothing to rank, `away` while the model is.

    of: how many there are, waiting: how many of them have no vector yet; the shelf may hold the nearest alone.
    """

    shelf: Shelf
    view: View
    asked: Texts
    spoken: reasons.Sentences
    ranked: Ranked | None
    away: bool
    weighing: Weighing
    model: str = ""
    of: int = 0
    waiting: int = 0

    def heard(self, match: Match, spoken: Spoken, need: dict[str, str], rests: np.ndarray | None = None) -> Heard:
        """Return the sentences of a match with all that is known of them."""
        return Heard(spoken, int(self.view.columns[self.shelf.place[match.id]]), need, rests)


def part(
    store: Store, run: Run, between: Between, choice: Choice, need: dict[str, Any] | None, top: int | None, skip: int
) -> tuple[list[Match], Combination | None]:
    """Return `top` matches after the first `skip`, the first CLOSER_LOOK of them with reasons, and a combination.

    need: the row asked, where it is a need that startups are ranked for; the first part of its list then looks for a
    combination too.
    """
    walk = _Walk(run.ranked.walk(between, choice))
    matches = list(islice(walk, skip, None if top is None else skip + top))
    explained, leading = matches[:CLOSER_LOOK], _leading(run.ranked, between, choice, walk) if need and not skip else []
    found = run.spoken.of(list({match.id: None for match in (*explained, *leading)}))
    rests = reasons.rests(store, run.model, [match.id for match in explained]) if need else {}
    needs = {} if need else reasons.needs(store, [match.id for match in explained])
    if run.spoken.own is None:
        return matches, None
    heard = {
        match.id: run.heard(match, found[match.id], needs.get(match.id, NO_TEXT), rests.get(match.id))
        for match in (*explained, *leading)
        if match.id in found
    }
    explain = Explain(run.view.collection, run.asked, run.spoken.own, need)
    known = [match.id for match in explained if match.id in heard]
    why = dict(zip(known, explain.each([heard[name] for name in known]), strict=True))
    matches[: len(explained)] = [replace(match, reasons=why.get(match.id)) for match in explained]
    return matches, _together(explain, [(match, heard[match.id]) for match in leading if match.id in heard])


class _Walk:
    """A list walked as far as anybody asks. What came is kept: a filter that keeps little goes through every row."""

    def __init__(self, matches: Iterator[Match]) -> None:
        self._rest, self._came = matches, list[Match]()
        self.ended = False

    def __iter__(self) -> Iterator[Match]:
        for number in count():
            if number == len(self._came):
                match = next(self._rest, None)
                if match is None:
                    self.ended = True
                    return
                self._came.append(match)
            yield self._came[number]


def _leading(ranked: Ranked, between: Between, choice: Choice, walk: _Walk) -> list[Match]:
    """Return the first startups by fit that a broker could propose, for looking at what they answer together.

    walk: the list by this choice. By fit only the unexpected stands elsewhere in it, and that among the first; in
    another order it will do where it was walked to its end.
    """
    if choice.among is not None:
        return []
    whole = choice.both and walk.ended
    by_fit = walk if whole or not choice.both else ranked.walk(between, Choice(choice.keep))
    least = unexpected.WITHIN if choice.surprise else 0
    found: list[Match] = []
    for number, match in enumerate(by_fit, 1):
        if not match.stopped:
            found.append(replace(match, unexpected=None) if match.unexpected else match)
        if number >= least and len(found) >= combinations.LOOKED_AT and not whole:
            break
    return sorted(found, key=lambda match: match.rank)[: combinations.LOOKED_AT]


def _together(explain: Explain, heard: list[tuple[Match, Heard]]) -> Combination | None:
    if len(heard) < combinations.SMALLEST:
        return None
    near, sentences = explain.coverage([one for _, one in heard])
    found = combinations.best(near, ANSWERED)
    if found is None:
        return None
    answers = [[sentences[number] for number in answered] for answered in found.answers]
    return Combination([heard[place][0] for place in found.startups], answers, found.alone, found.of)
