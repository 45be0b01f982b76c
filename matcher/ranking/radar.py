"""Who else might want a solution that is in use: other organisations, ranked by their open and earlier needs.

Two things speak for a need: it is near the need that the solution has met elsewhere, and, while it is open, the
ranking puts the solution's profile among its first. Both are guesses of a machine, and marked as such unless the
organisation has said something itself. An earlier need counts less, and less the longer ago it was closed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from .matches import Meeting
from .ranker import Ranker

Row = dict[str, Any]
FIRST = 10  # places of the solution's own list of needs that speak for an open need
PLAUSIBLE = 0.5  # of the score of the list's best: less is not plausible
EARLIER = 0.6  # what a need counts on the day it is closed, falling to FADED after YEARS
FADED, YEARS = 0.2, 3.0
MORE = 0.1  # what each further need of an organisation adds
SHOWN = 3


@dataclass(frozen=True)
class Near:
    """One need that speaks: how much (0..1), what its organisation has said, and the sentences that meet.

    other: whose sentences stand beside the need's: those of the `need` met elsewhere, or of the `startup`'s profile.
    """

    need: Row
    strength: float
    said: str = ""
    source: str = ""
    other: str = ""
    meetings: list[Meeting] = field(default_factory=list)


@dataclass(frozen=True)
class Lead:
    """An organisation and its needs that speak for telling it of a solution, the strongest first."""

    organisation_id: str
    name: str
    strength: float
    needs: list[Near]

    @property
    def guess(self) -> bool:
        """Whether nothing but nearness in meaning stands behind it."""
        return not any(near.said for near in self.needs)


def leads(
    ranker: Ranker, startup: Row, sources: Sequence[str], needs: Sequence[Row], said: Mapping[str, str],
    without: Collection[str], today: date, top: int = 20,
) -> list[Lead]:  # fmt: skip
    """Rank other organisations for a solution (`startup`, a decoded row), the best first.

    sources: ids of the needs that it has met. needs: rows of `hub.radar.needs`. said: by need, what its organisation
    has said itself. without: organisations that are left out, as they use it already.
    """
    rows = {row["id"]: row for row in needs if row["organisation_id"] not in without and row["id"] not in sources}
    strengths, source = _near(ranker, sources, list(rows))
    ranked = ranker.needs_for(startup, today, top=FIRST)
    matches = {
        match.id: match
        for match in ranked.matches
        if match.id in rows and not match.stopped and match.score > 0 and match.score >= PLAUSIBLE * ranked.best
    }
    for name, match in matches.items():
        strengths[name] = max(strengths.get(name, 0), match.score / ranked.best)
    found: dict[str, list[Near]] = {}
    for name in {*strengths, *(one for one in said if one in rows)}:
        row = rows[name]
        strength = strengths.get(name, 0) * _age(row, today)
        reasons = matches[name].reasons if name in matches else None
        met = [] if name in source or not reasons else reasons.meetings[:2]
        near = Near(row, strength, said.get(name, ""), source.get(name, ""), "startup" if met else "", met)
        found.setdefault(row["organisation_id"], []).append(near)
    return _explained(ranker, sorted((_lead(one) for one in found.values()), key=_order)[:top])


def _near(ranker: Ranker, sources: Sequence[str], others: list[str]) -> tuple[dict[str, float], dict[str, str]]:
    """Return by need how near it is to the nearest source, as a share of the nearest of all, and which that is."""
    compared = ranker.near_each(sources, others)
    best: dict[str, tuple[float, str]] = {}
    for one in compared.asked:
        for name, score in compared.nearest(one, len(others)):
            best[name] = max(best.get(name, (0.0, "")), (score, one))
    highest = max((score for score, _ in best.values()), default=1.0)
    return {name: score / highest for name, (score, _) in best.items()}, {name: one for name, (_, one) in best.items()}


def _age(row: Row, today: date) -> float:
    """Return what a need counts for its age: an open one wholly."""
    if row["open"]:
        return 1.0
    ended = row["closed_at"] or row["valid_until"]
    years = (today - date.fromisoformat(ended[:10])).days / 365
    return EARLIER - (EARLIER - FADED) * min(max(years, 0) / YEARS, 1)


def _lead(nears: list[Near]) -> Lead:
    nears = sorted(nears, key=lambda near: (not near.said, -near.strength, near.need["id"]))
    strength = nears[0].strength + MORE * sum(near.strength for near in nears[1:SHOWN])
    first = nears[0].need
    return Lead(first["organisation_id"], first["owner_name"], strength, nears[:SHOWN])


def _order(lead: Lead) -> tuple[bool, float, str]:
    # What an organisation has said itself comes before any guess.
    return lead.guess, -lead.strength, lead.organisation_id


def _explained(ranker: Ranker, found: list[Lead]) -> list[Lead]:
    """Give the needs that are near another need the sentences of both that meet; one query for all."""
    pairs = [(near.need["id"], near.source) for lead in found for near in lead.needs if near.source]
    met = ranker.need_meetings(pairs)

    def told(near: Near) -> Near:
        meetings = met.get((near.need["id"], near.source), [])
        return Near(near.need, near.strength, near.said, near.source, "need", meetings) if meetings else near

    return [Lead(one.organisation_id, one.name, one.strength, [told(near) for near in one.needs]) for one in found]
