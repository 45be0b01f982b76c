"""What a ranking gives: matches with their parts, gates and reasons, as objects and as plain data.

A match is computed, never stored as a decision; `snapshot` is what a decision stores of the match it was made on.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from . import evidence
from .fit import Wish
from .gates import Gate
from .unexpected import Why


@dataclass(frozen=True)
class Meeting:
    """A sentence of the need and one of the profile that meet; `…_marks` are (start, end) of the shared words.

    The marks are looked for when somebody asks: they cost more than all the rest of a ranking.
    """

    need: str
    profile: str
    score: float

    @cached_property
    def _marks(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        return evidence.shared_words(self.need, self.profile)

    @property
    def need_marks(self) -> list[tuple[int, int]]:
        """Where the need's sentence has words that the profile's has too."""
        return self._marks[0]

    @property
    def profile_marks(self) -> list[tuple[int, int]]:
        """Where the profile's sentence has words that the need's has too."""
        return self._marks[1]


@dataclass(frozen=True)
class Reasons:
    """The sentences that meet, best first, and those of the need that the profile says least about.

    uncovered: the few of them that tell most of the need. silent: every sentence that nothing in the profile is near.
    """

    meetings: list[Meeting]
    uncovered: list[str]
    silent: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Match:
    """One computed match: a row, its place (1 is best), the parts that add up to its score, and what stops it.

    wishes: what the startup seeks, and how far the need offers it. unexpected: why it has the place kept for that.
    alike: id and name of profiles that say nearly the same and therefore stand after the first ten.
    """

    id: str
    rank: int
    score: float
    parts: dict[str, float]
    row: dict[str, Any]
    gates: list[Gate] = field(default_factory=list)
    reasons: Reasons | None = None
    wishes: list[Wish] = field(default_factory=list)
    unexpected: Why | None = None
    alike: list[tuple[str, str]] = field(default_factory=list)

    @property
    def stopped(self) -> bool:
        """Whether a gate has failed (an unknown one does not stop)."""
        return any(gate.state == "failed" for gate in self.gates)


@dataclass(frozen=True)
class Combination:
    """Two or three startups, best ranked first, and the sentences of the need that each of them answers best.

    alone: how many sentences the one that answers most does. of: how many sentences of the need there are.
    """

    startups: list[Match]
    answers: list[list[str]]
    alone: int
    of: int

    @property
    def answered(self) -> int:
        """How many sentences they answer together."""
        return sum(len(sentences) for sentences in self.answers)


@dataclass(frozen=True)
class Ranking:
    """Matches, best first, of `total` that were ranked.

    lexical_only: the model was away, so words alone decided. without_vector: how many of the total have no vector
    yet. best: the highest score of the whole list. together: startups that answer more than any one of them.
    """

    matches: list[Match]
    total: int
    model: str
    scoring: str
    lexical_only: bool = False
    without_vector: int = 0
    best: float = 0.0
    together: Combination | None = None


def snapshot(ranking: Ranking, match: Match, need: dict[str, Any]) -> dict[str, Any]:
    """Return what a broker saw of one match, as plain data to store with the decision."""
    return {
        **_plain(match),
        "of": ranking.total,
        "model": ranking.model,
        "scoring": ranking.scoring,
        "lexical_only": ranking.lexical_only,
        "need_version": need["version"],
    }


def as_data(ranking: Ranking) -> dict[str, Any]:
    """Return a ranking as plain data, for JSON."""
    return {
        "total": ranking.total,
        "model": ranking.model,
        "scoring": ranking.scoring,
        "lexical_only": ranking.lexical_only,
        "matches": [{"id": match.id, "name": match.row["name"], **_plain(match)} for match in ranking.matches],
    }


def _plain(match: Match) -> dict[str, Any]:
    return {
        "rank": match.rank,
        "score": round(match.score, 6),
        "parts": {name: round(value, 6) for name, value in match.parts.items()},
        "gates": [asdict(gate) for gate in match.gates],
        "wishes": [asdict(wish) for wish in match.wishes],
        "reasons": _plain_reasons(match.reasons) if match.reasons else None,
    }


def _plain_reasons(reasons: Reasons) -> dict[str, Any]:
    meetings = [
        {**asdict(meeting), "need_marks": meeting.need_marks, "profile_marks": meeting.profile_marks}
        for meeting in reasons.meetings
    ]
    return {"meetings": meetings, "uncovered": reasons.uncovered}
