"""The scores that a round is planned with: those of the broker's own pages, for all open needs at once.

Of a small hub every pair above the round's lowest score is kept, of a large one the best of each need and whatever
else the best plan over all pairs asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np

from ..hub import need_content, round_facts
from ..store import Store
from . import planning, rounds
from .assignment import Arcs
from .ranker import Ranker

ALL_KEPT = 200_000  # pairs: up to so many no choice is made beforehand

Report = Callable[[int, int], None]
Scored = dict[str, Any]


class NothingToPlan(Exception):
    """There is no open need, or no published startup."""


def make(store: Store, ranker: Ranker, terms: dict[str, Any], now: str, report: Report | None = None) -> Scored:
    """Return what a round keeps: model, scoring, need_ids, startup_ids, arcs and by_words. Raise NothingToPlan.

    terms: those of the round (see hub.rounds.terms). report is told (done, total) while needs are ranked.
    """
    rows = [need_content.decode(row) for row in round_facts.open_needs(store, now)]
    scores, startup_ids, by_words = _scores(ranker, rows, date.fromisoformat(now[:10]), report)
    if not scores.size:
        raise NothingToPlan
    scores[scores < terms["least"]] = -np.inf
    scored = {
        "model": ranker.model,
        "scoring": ranker.weighing().version,
        "need_ids": [row["id"] for row in rows],
        "startup_ids": startup_ids,
        "by_words": by_words,
    }
    arcs = planning.dense(scores) if scores.size <= ALL_KEPT else _best(store, {**terms, **scored}, scores, now)
    return {**scored, "arcs": rounds.pack(arcs)}


def _scores(
    ranker: Ranker, rows: list[dict[str, Any]], today: date, report: Report | None
) -> tuple[np.ndarray, list[str], int]:
    """Return (needs, startups) float32 scores, the startups' ids, and how many texts were ranked by words alone.

    A startup that came or went meanwhile is at -inf. Meaning cannot be told of a text that was not read yet.
    """
    ranker = ranker.whole()
    found: list[np.ndarray] = []
    ids: list[str] = []
    place: dict[str, int] = {}
    away = waiting = 0
    for done, row in enumerate(rows, 1):
        run = ranker.run_for(row, today)[0]
        away, waiting = away + run.away, max(waiting, run.waiting)
        here = [one["id"] for one in run.shelf.rows]
        if not ids:
            ids, place = here, {name: at for at, name in enumerate(here)}
        line = np.full(len(ids), -np.inf, np.float32)
        if run.ranked is not None:
            if here == ids:
                line[:] = run.ranked.total
            else:
                for at, name in enumerate(here):
                    if name in place:
                        line[place[name]] = run.ranked.total[at]
        found.append(line)
        if report:
            report(done, len(rows))
    return np.array(found, np.float32).reshape(len(rows), len(ids)), ids, away + waiting


def _best(store: Store, row: dict[str, Any], scores: np.ndarray, now: str) -> Arcs:
    """Return the best arcs of each need, and those that the best plan over all pairs needs beside them."""
    facts = rounds.facts(store, row, now)
    first = planning.best(scores)
    kept, seen = first, set(zip(first.need.tolist(), first.startup.tolist(), strict=True))
    board = rounds.board(facts, row, first, [], {}, now)
    _stop(scores, first, board.stopped)
    while True:
        _, arcs = planning.solve_dense(board.wanted, scores)
        new = np.array([pair not in seen for pair in zip(arcs.need.tolist(), arcs.startup.tolist(), strict=True)], bool)
        more = arcs.kept(new)
        seen |= set(zip(more.need.tolist(), more.startup.tolist(), strict=True))
        kept = kept.joined(more)
        stopped = rounds.stops(facts, row, more, now)
        if not (stopped != "").any():
            return kept
        _stop(scores, more, stopped)


def _stop(scores: np.ndarray, arcs: Arcs, stopped: np.ndarray) -> None:
    """Take what a condition stops out of a matrix of scores."""
    out = arcs.kept(stopped != "")
    scores[out.need, out.startup] = -np.inf
