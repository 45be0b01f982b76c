"""What `matcher plan` does: a round made or read, planned, and told as text. The words are those of the pages."""

from __future__ import annotations

from typing import Any

from ..config import Config
from ..hub import clock, people, round_facts
from ..hub import rounds as stored
from ..progress import stages
from ..ranking import round_report, round_scores, rounds, shipped
from ..ranking.encoder import load_encoder
from ..ranking.indexing import identity
from ..ranking.ranker import Ranker
from ..ranking.round_scores import NothingToPlan
from ..store import Store
from ..web import plan_words

__all__ = ["NothingToPlan", "kept", "new", "plan", "text"]

WAYS = {"plan": "this plan", "greedy": "best pair first", "in_turn": "one need after the other"}


def kept(store: Store, round_id: str) -> dict[str, Any]:
    """Return a round that was kept; raise NotFound."""
    return stored.load(store, people.SYSTEM, round_id)


def new(config: Config, store: Store, save: str | None, given: dict[str, Any]) -> dict[str, Any]:
    """Rank all open needs and return a round of them, kept where `save` names it; raise Invalid or NothingToPlan.

    given: the terms as typed (see hub.rounds.RoundContent); `places` None means: if the hub has testbeds.
    """
    now, places = clock.now(), given["places"]
    places = round_facts.has_testbeds(store) if places is None else places
    terms = stored.terms({**given, "name": save or "–", "places": "yes" if places else ""}, now)
    encoder = load_encoder(config.model, config.instance)
    background = shipped.load(config.instance, identity(encoder))
    ranker = Ranker(store, encoder, lambda: background)
    with stages() as tell:
        scored = round_scores.make(store, ranker, terms, now, lambda done, total: tell("ranking", done, total))
    if save:
        return kept(store, stored.create(store, people.SYSTEM, terms, scored, now))
    return {"id": None, **terms, **scored}


def plan(store: Store, row: dict[str, Any]) -> dict[str, Any]:
    """Return the plan of a round as plain data."""
    board = rounds.load(store, row, clock.now())
    return {"round": row["id"], **round_report.as_data(board, rounds.solve(board))}


def text(found: dict[str, Any]) -> str:
    """Return a plan for reading on a terminal."""
    lines = []
    for row in found["rows"]:
        place = f"  {row['testbed']}, {row['quarter']}" if row["testbed"] else ""
        locked = "  [locked]" if row["locked"] else ""
        lines += [f"{row['score']:+.3f}  {row['need']}", f"        → {row['startup']}{place}{locked}"]
    lines += [f"  none  {row['need']}\n        {plan_words.why(row)}" for row in found["short"]]
    for row in found["broken"]:
        lines.append(f"broken  {row['need_id']} – {row['startup_id']}: {plan_words.broken(row['code'])}")
    lines += ["", *_compared(found["figures"]), f"model {found['model']}, scoring {found['scoring']}"]
    if found["by_words"]:
        lines.append(
            f"{found['by_words']} text(s) had not been read: words alone ranked them. Rank anew before deciding."
        )
    return "\n".join(lines)


def _compared(figures: dict[str, dict[str, Any]]) -> list[str]:
    lines = [f"{'':<26}{'total':>9}{'served':>14}{'worst off':>11}{'places empty':>16}"]
    for way, one in figures.items():
        served, empty = f"{one['served']} of {one['asked']}", f"{one['empty']} of {one['free']}"
        lines.append(f"{WAYS[way]:<26}{one['total']:>9.2f}{served:>14}{one['worst']:>11.2f}{empty:>16}")
    return lines
