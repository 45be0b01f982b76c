"""For the startup: why it stands where it does for a need, and what would change that, each change tried for real.

A change is made to a copy of the profile, which is then read, embedded and ranked as if it had been saved, and only
what really moves it is told. The texts tried say what the company may not have done: they show how much a true sentence
of that kind would do, and a page must say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np

from . import evidence, lexical, reading, reasons
from .background import Texts
from .embedder import EmbedderAway
from .gates import Gate
from .matches import Match
from .mirror import Shelf
from .ranked import Ranked
from .ranker import Ranker
from .reasons import Spoken
from .shown import Run

Row = dict[str, Any]
FIRST = 10  # the place that a startup is compared with: what a broker surely looks at
TOLD = 3
ANSWERS_TRIED = 2
WORDS_TRIED = 8  # of a need's sentence; more would be the list of its words that is not ranked (see `gaming`)
LATER = "9999"  # whatever is published now was published before the change
LEVEL = 0.02  # a part that differs by less is as good


@dataclass(frozen=True)
class Phrases:
    """Sentences in the profile's language: a verified test in a theme (a code), and an answer to some words."""

    test: Callable[[str], str]
    answer: Callable[[str], str]


@dataclass(frozen=True)
class Change:
    """Something that moves the startup. `columns` is what is changed of the profile, `sentence` what was added.

    code: readiness, region, language, capacity (a condition that no longer stops), test (a verified test in `about`, a
    theme's code) or answer (to `about`, a sentence of the need). rank: the place after it. free: nothing stops it then.
    """

    code: str
    about: str
    columns: dict[str, Any]
    rank: int
    free: bool
    sentence: str = ""


@dataclass(frozen=True)
class Standing:
    """Where a startup stands among `total` for a need, its parts beside those at place FIRST, and what would help.

    near: whether the profile answers any sentence of the need; texts are tried only then.
    """

    match: Match
    total: int
    first: Mapping[str, float]
    changes: list[Change] = field(default_factory=list)
    away: bool = False
    near: bool = False


def standing(ranker: Ranker, need: Row, startup: Row, today: date, phrases: Phrases) -> Standing | None:
    """Return where a published startup (a decoded row) stands for a need and what was tried; None if not ranked."""
    run, _ = ranker.run_for(need, today, [startup["id"]])
    if run.ranked is None or startup["id"] not in run.shelf.place:
        return None
    place = run.shelf.place[startup["id"]]
    rank = _rank_of(run.ranked, place)
    found = ranker.startups_for(need, today, among=[startup["id"]], run=run).matches[0]
    tenth = run.ranked.order[min(FIRST, len(run.ranked.order)) - 1]
    first = {name: float(part[tenth]) for name, part in run.ranked.parts.items()}
    changes = [*_conditions(found, startup)]
    away = run.away
    try:
        changes += _texts(_Trial(ranker, need, startup, run), found, phrases, rank)
    except EmbedderAway:
        away = True
    return Standing(found, run.of, first, sorted(changes, key=_worth)[:TOLD], away, _answers(found))


def _answers(match: Match) -> bool:
    return any(meeting.score >= evidence.ANSWERED for meeting in (match.reasons.meetings if match.reasons else []))


def _worth(change: Change) -> tuple[bool, bool, int]:
    """Conditions first: while one stops, no text helps. Then by place."""
    condition = change.code in _CONDITIONS
    return not condition, not change.free, change.rank


def compared(standing: Standing) -> dict[str, str]:
    """Say of meaning and words whether the startup is `ahead`, `level` or `behind` the one at place FIRST."""
    own, first = standing.match.parts, standing.first
    parts = {"meaning": ("semantic", "sentence"), "words": ("lexical",)}
    differences = {
        name: sum(own.get(part, 0.0) - first.get(part, 0.0) for part in members) for name, members in parts.items()
    }
    return {
        name: "level" if abs(value) < LEVEL else "ahead" if value > 0 else "behind"
        for name, value in differences.items()
    }


def _region(gate: Gate, startup: Row) -> tuple[str, dict[str, Any]]:
    county = gate.params["county"]
    return county, {"regions": [*(startup["regions"] or []), county]}


def _language(gate: Gate, startup: Row) -> tuple[str, dict[str, Any]]:
    language = gate.params["wanted"][0]
    return language, {"languages": [*(startup["languages"] or []), language]}


def _readiness(gate: Gate, startup: Row) -> tuple[str, dict[str, Any]]:
    return str(gate.params["wanted"]), {"readiness": gate.params["wanted"]}


def _capacity(gate: Gate, startup: Row) -> tuple[str, dict[str, Any]]:
    enough = gate.params["running"] + 1
    return str(enough), {"capacity": enough}


# The conditions that a company can change itself; the others (a conflict of interest, the need's last day) it cannot.
_CONDITIONS = {"region": _region, "language": _language, "readiness": _readiness, "capacity": _capacity}


def _conditions(match: Match, startup: Row) -> Iterator[Change]:
    """Yield what would lift each condition that stops; the place by fit is not moved by it."""
    failed = [gate for gate in match.gates if gate.state == "failed"]
    for gate in failed:
        if gate.code in _CONDITIONS and (gate.code != "region" or gate.params["county"]):
            about, columns = _CONDITIONS[gate.code](gate, startup)
            yield Change(gate.code, about, columns, match.rank, len(failed) == 1)


def _texts(trial: _Trial, match: Match, phrases: Phrases, rank: int) -> Iterator[Change]:
    """Try a verified test in the need's theme, and answers to what the profile does not answer."""
    for code, about, column, sentence in _ideas(trial, match, phrases):
        columns = {column: _added(trial.startup[column], sentence)}
        after = trial.rank(columns)
        if after < rank:
            yield Change(code, about, columns, after, not match.stopped, sentence)


def _ideas(trial: _Trial, match: Match, phrases: Phrases) -> Iterator[tuple[str, str, str, str]]:
    """Yield what could be tried; nothing for a profile that is about other things and answers no sentence."""
    if not _answers(match):
        return
    for theme in (trial.need["themes"] or [])[:1]:
        yield "test", theme, "evidence", phrases.test(theme)
    for sentence in match.reasons.uncovered[:ANSWERS_TRIED]:
        words = list(dict.fromkeys(evidence.telling(sentence)))[:WORDS_TRIED]
        if words:
            yield "answer", sentence, "description", phrases.answer(", ".join(words))


def _added(text: str, sentence: str) -> str:
    return f"{text}\n{sentence}" if text else sentence


class _Trial:
    """One need and one startup, ranked again and again with a changed profile. Nothing is stored."""

    def __init__(self, ranker: Ranker, need: Row, startup: Row, run: Run) -> None:
        self.need, self.startup = need, startup
        self._ranker, self._run = ranker, run
        self._own = reasons.fetch(ranker.store, ranker.model, [("startup", startup["id"])])
        self._published = reading.Published(ranker.store)

    def rank(self, columns: Mapping[str, Any]) -> int:
        """Return the place with these columns changed. Raises EmbedderAway."""
        row = {**self.startup, **columns, "updated_at": LATER}
        read = reading.read(self._ranker.store, "startup", [row], alike=False, published=self._published)
        text = read[row["id"]].texts
        vectors = self._vectors(text)
        shelf = self._shelf(text, vectors[0])
        spoken = _Instead(self._run.spoken, self.startup["id"], (text.sentences, vectors[1:]))
        ranked = self._ranker.imagined(self.need, self._run, shelf, spoken)
        return _rank_of(ranked, shelf.place[self.startup["id"]])

    def _vectors(self, text: reading.Texts) -> np.ndarray:
        """(1 + sentences, d): of the whole text and its sentences; only what is new is embedded."""
        texts, vectors = self._own.get(("startup", self.startup["id"]), ([], np.empty((0, self._ranker.dimensions))))
        known = dict(zip(texts, vectors, strict=True))
        new = [sentence for sentence in text.sentences if sentence not in known]
        made = self._ranker.encoder.encode([text.whole, *new], "passage")
        # Sentences are stored as float16: the same figures as after a real save.
        known |= dict(zip(new, made[1:].astype("<f2").astype(np.float32), strict=True))
        return np.stack([made[0], *(known[sentence] for sentence in text.sentences)])

    def _shelf(self, text: reading.Texts, vector: np.ndarray) -> Shelf:
        shelf = self._run.shelf
        place = shelf.place[self.startup["id"]]
        vectors, terms, stamps = shelf.texts.vectors.copy(), list(shelf.texts.terms), list(shelf.stamps)
        vectors[place], terms[place], stamps[place] = vector, lexical.terms(text.whole), text.hash
        return replace(shelf, texts=Texts(vectors, terms), stamps=stamps)


def _rank_of(ranked: Ranked, place: int) -> int:
    return int(np.flatnonzero(ranked.order == place)[0]) + 1


class _Instead:
    """The sentences of a run, with others for one thing."""

    def __init__(self, voices: reasons.Sentences, name: str, spoken: Spoken) -> None:
        self._voices, self._name, self._spoken = voices, name, spoken

    @property
    def own(self) -> Spoken | None:
        return self._voices.own

    def of(self, ids: list[str]) -> dict[str, Spoken]:
        found = self._voices.of(ids)
        return {**found, self._name: self._spoken} if self._name in ids else found
