"""A ranking that led to a decision, stored and made again: the same list, or the names of what is gone.

Stored by reference: the texts by their hashes, the statistics by the texts and the shipped background that they were
made of, the weights as numbers. Scores of another scoring version are never compared with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import islice
from typing import Any

from ..hub import candidates, rankings
from ..store import Store
from . import ranked, scoring, weighing
from .background import Background
from .made import Made, keys
from .matches import Match, Ranking
from .mirror import BY_WORDS, Key
from .past import Past
from .ranker import Ranker
from .reasons import Spoken
from .shown import Run

LISTED = 50  # rows of the list that are stored: more than any broker has looked at before deciding
Shipped = Callable[[str, int], tuple[str, Background]]
"""Gives the shipped background of a model (its name and dimensions), with the background's own name."""


@dataclass(frozen=True)
class Row:
    """A place in a list: the startup, its score, and the codes of what stopped it."""

    id: str
    score: float
    stops: list[str]


@dataclass(frozen=True)
class Replay:
    """What was shown, what the same texts give now, and what is missing for making it again.

    names: what the startups of both lists are called now, by id; one that is gone has none.
    """

    made_at: str
    facts: dict[str, Any]
    shown: list[Row]
    again: list[Row]
    gone: list[str]
    names: dict[str, str] = field(default_factory=dict)

    @property
    def same(self) -> bool:
        """Whether the list is the very same: the same startups in the same order."""
        return [row.id for row in self.shown] == [row.id for row in self.again]

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data, for JSON."""
        facts = {name: value for name, value in self.facts.items() if name not in ("list", "spoken", "asked")}
        return {**asdict(self), "facts": facts, "same": self.same}

    def as_text(self) -> str:
        """Return it as lines to read: the list as it was shown, the place of now where it is another, and a verdict."""
        now = {row.id: (place, row.score) for place, row in enumerate(self.again, 1)}
        lines = [f"Ranked {self.made_at}, model {self.facts['model']}, scoring {self.facts['scoring']}"]
        for place, row in enumerate(self.shown, 1):
            found = now.get(row.id)
            changed = "" if found and found[0] == place else f"   now {found[0]}" if found else "   not in it now"
            stopped = f"  [{', '.join(row.stops)}]" if row.stops else ""
            lines.append(f"{place:>3}  {row.score:+.4f}  {self._called(row.id)}{stopped}{changed}")
        lines += [f"gone: {name}" for name in self.gone]
        return "\n".join([*lines, "The same list." if self.same else "Not the same list."])

    def _called(self, startup_id: str) -> str:
        """Return name and id: a list of ids alone tells a reader nothing."""
        name = self.names.get(startup_id)
        return f"{name} ({startup_id})" if name else startup_id


def taken(store: Store, ranker: Ranker, need: dict[str, Any], background: str, now: str) -> rankings.Run:
    """Return the ranking of a need (a decoded row) as it is now, to be kept with a decision.

    background: the name of the shipped background in use.
    """
    return _kept(store, ranker, need, background, *ranker.run_for(need, date.fromisoformat(now[:10])))


def seen(
    store: Store, ranker: Ranker, need: dict[str, Any], startup_id: str, background: str, now: str
) -> tuple[Ranking, rankings.Run]:
    """Return the match of one startup (none, if it is not ranked) and the ranking that it is a part of, to be kept."""
    today = date.fromisoformat(now[:10])
    run, matches = ranker.run_for(need, today, [startup_id])
    kept = _kept(store, ranker, need, background, run, matches)
    return ranker.startups_for(need, today, among=[startup_id], run=run), kept


def _kept(
    store: Store, ranker: Ranker, need: dict[str, Any], background: str, run: Run, matches: Iterator[Match]
) -> rankings.Run:
    listed, made = list(islice(matches, LISTED)), run.view.made
    facts = {
        "model": ranker.model,
        "dimensions": ranker.dimensions,
        "scoring": run.weighing.version,
        "weights": run.weighing.weights,
        "background": background if made.has_shipped else "",
        "asked": _asked(store, need["id"], words=run.away),
        "own": run.view.questions.get(need["id"], -1),
        "own_spoken": run.spoken.own is not None,
        "spoken": run.spoken.heard(),
        "need_version": need["version"],
        "list": [
            asdict(Row(match.id, round(match.score, 6), [gate.code for gate in match.gates if gate.state == "failed"]))
            for match in listed
        ],
    }
    rosters = {
        "documents": keys(run.shelf),
        "made_documents": list(made.documents),
        "made_questions": list(made.questions),
    }
    return rankings.Run(need["id"], rosters, facts)


def replay(store: Store, run_id: str, shipped: Shipped) -> Replay:
    """Make a stored ranking again. Raises NotFound when it was not stored."""
    run = rankings.load(store, run_id)
    facts = run["facts"]
    shown = [Row(**row) for row in facts["list"]]
    names = candidates.names(store, [row.id for row in shown])
    name, background = shipped(facts["model"], facts["dimensions"])
    startups, needs = (Past(store, kind, facts["model"], facts["dimensions"]) for kind in ("startup", "need"))
    asked_key: Key = tuple(facts["asked"]) if facts["asked"] else ("", "")
    gone = _gone(facts, name, startups, needs, run, asked_key)
    if not facts["asked"] or asked_key[0] in needs.gone([asked_key]) or not _same_scoring(facts):
        return Replay(run["made_at"], facts, shown, [], gone, names)
    if not facts["background"] or facts["background"] != name:
        background = Background.none(facts["dimensions"])
    questions = needs.shelf(run["made_questions"])
    made = Made(startups.shelf(run["made_documents"]), questions, background)
    shelf = startups.shelf(run["documents"])
    view, _ = made.view(shelf)
    asked = needs.shelf([asked_key]).texts
    own = questions.place.get(asked_key[0], -1) if facts["own"] >= 0 else -1
    spoken = needs.spoken([asked_key]).get(asked_key[0]) if facts["own_spoken"] else None
    voices = _Voices(spoken, startups.spoken([key for key in run["documents"] if key[0] in set(facts["spoken"])]))
    result = ranked.score(shelf, view, asked, own, voices, facts["weights"], spread=True)
    stops = {row.id: row.stops for row in shown}
    again = [
        Row(name := shelf.rows[place]["id"], round(float(result.total[place]), 6), stops.get(name, []))
        for place in result.order[: len(shown)]
    ]
    names |= candidates.names(store, [row.id for row in again if row.id not in names])
    return Replay(run["made_at"], facts, shown, again, gone, names)


@dataclass(frozen=True)
class _Voices:
    own: Spoken | None
    others: dict[str, Spoken]

    def of(self, ids: list[str]) -> dict[str, Spoken]:
        return {name: self.others[name] for name in ids if name in self.others}


def _asked(store: Store, need_id: str, words: bool) -> list[str] | None:
    """Return id and stamp of the need's text as it stands in the store; None when it is not read yet."""
    rows = store.query("select text_hash from embedding where kind = 'need' and subject_id = :id", {"id": need_id})
    return [need_id, rows[0]["text_hash"] + (BY_WORDS if words else "")] if rows else None


def _same_scoring(facts: dict[str, Any]) -> bool:
    """Whether this program still makes the same parts; learned weights stand beside the run as numbers."""
    return weighing.base(facts["scoring"]) == scoring.SCORING_VERSION


def _gone(
    facts: dict[str, Any], background: str, startups: Past, needs: Past, run: dict[str, Any], asked: Key
) -> list[str]:
    gone = []
    if not _same_scoring(facts):
        gone.append(f"scoring version {facts['scoring']}: this program has {scoring.SCORING_VERSION}")
    if facts["background"] and facts["background"] != background:
        gone.append(f"the shipped background {facts['background']}")
    if not facts["asked"]:
        gone.append("the vector of the need: it was not read when the decision was taken")
    wanted = {
        "startup": (startups, [*run["documents"], *run["made_documents"]]),
        "need": (needs, [*run["made_questions"], *([asked] if facts["asked"] else [])]),
    }
    for kind, (past, wanted_keys) in wanted.items():
        gone += [f"the text of {kind} {name}" for name in _unique(past.gone(wanted_keys))]
    return gone


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
