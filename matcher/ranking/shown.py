"""A part of a ranked list as it is shown: its matches with their reasons, and who could answer the need together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from ..store import Store
from . import combinations, reasons
from .background import Texts
from .evidence import ANSWERED
from .lexical import Terms
from .matches import Combination, Match
from .mirror import Shelf
from .ranked import Between, Choice, Ranked
from .reasons import Explain, Spoken
from .scoring import CLOSER_LOOK
from .upkeep import View
from .weighing import Weighing

NO_TEXT = {"title": "", "tried": "", "keep": ""}


@dataclass(frozen=True)
class Run:
    """One ranking and what it was made of; `ranked` is None with nothing to rank, `away` while the model is."""

    shelf: Shelf
    view: View
    asked: Texts
    spoken: reasons.Sentences
    ranked: Ranked | None
    away: bool
    weighing: Weighing
    model: str = ""

    def terms(self, match: Match) -> Terms:
        """Return the words of a match."""
        return self.shelf.texts.terms[self.shelf.place[match.id]]


def part(
    store: Store, run: Run, between: Between, choice: Choice, need: dict[str, Any] | None, top: int | None, skip: int
) -> tuple[list[Match], Combination | None]:
    """Return `top` matches after the first `skip`, the first CLOSER_LOOK of them with reasons, and a combination.

    need: the row asked, where it is a need that startups are ranked for; the first part of its list then looks for a
    combination too.
    """
    matches = list(islice(run.ranked.walk(between, choice), skip, None if top is None else skip + top))
    explained, leading = matches[:CLOSER_LOOK], _leading(run.ranked, between, choice) if need and not skip else []
    found = run.spoken.of(list({match.id: None for match in (*explained, *leading)}))
    rests = reasons.rests(store, run.model, [match.id for match in explained]) if need else {}
    needs = {} if need else reasons.needs(store, [match.id for match in explained])
    explain = Explain(run.view.collection, run.asked, run.spoken.own, need)
    matches[: len(explained)] = [
        replace(
            match,
            reasons=explain(found.get(match.id), run.terms(match), needs.get(match.id, NO_TEXT), rests.get(match.id)),
        )
        for match in explained
    ]
    heard = [(match, found[match.id], run.terms(match)) for match in leading if match.id in found]
    return matches, _together(explain, heard) if run.spoken.own else None


def _leading(ranked: Ranked, between: Between, choice: Choice) -> list[Match]:
    """Return the first startups that a broker could propose, for looking at what they answer together."""
    if choice.among is not None:
        return []
    open_to_all = (match for match in ranked.walk(between, Choice(choice.keep)) if not match.stopped)
    return list(islice(open_to_all, combinations.LOOKED_AT))


def _together(explain: Explain, heard: list[tuple[Match, Spoken, Terms]]) -> Combination | None:
    if len(heard) < combinations.SMALLEST:
        return None
    near, sentences = explain.coverage([(spoken, terms) for _, spoken, terms in heard])
    found = combinations.best(near, ANSWERED)
    if found is None:
        return None
    answers = [[sentences[number] for number in answered] for answered in found.answers]
    return Combination([heard[place][0] for place in found.startups], answers, found.alone, found.of)
