"""Stopped cases in order again: those whose reason has lapsed, and those that a new need is like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .matches import Meeting
from .ranker import Ranker

Row = dict[str, Any]
SHOWN = 2


@dataclass(frozen=True)
class Again:
    """A stopped case (a row of `hub.drawer.again`) that stands there again, and the new needs like its own.

    strength: how near the nearest of these is, as a share of the nearest of all.
    """

    case: Row
    strength: float
    needs: list[tuple[Row, list[Meeting]]]


def standing(ranker: Ranker, stopped: Sequence[Row], fresh: Sequence[Row], top: int = 50) -> list[Again]:
    """Rank stopped cases again, the best first; those for which nothing has changed are left out.

    fresh: rows of `hub.drawer.fresh`. A need counts as new when it was published after the case was stopped; not the
    startup's own, nor one that it has met already.
    """
    rows = {row["id"]: row for row in fresh}
    compared = ranker.near_each({case["need_id"] for case in stopped}, list(rows))
    near = {name: compared.nearest(name, len(rows)) for name in compared.asked}
    highest = max((found[0][1] for found in near.values() if found), default=1.0)
    found: list[tuple[float, Row, list[Row]]] = []
    for case in stopped:
        new = [(rows[name], score) for name, score in near.get(case["need_id"], []) if _is_new(rows[name], case)]
        if not new and not case["lapsed"]:
            continue
        found.append((new[0][1] / highest if new else 0.0, case, [row for row, _ in new[:SHOWN]]))
    found = sorted(found, key=_order)[:top]
    met = ranker.need_meetings([(need["id"], case["need_id"]) for _, case, needs in found for need in needs])
    return [
        Again(case, strength, [(need, met.get((need["id"], case["need_id"]), [])[:1]) for need in needs])
        for strength, case, needs in found
    ]


def _order(one: tuple[float, Row, list[Row]]) -> tuple[bool, float, str]:
    # A reason that no longer holds comes before a likeness that a machine has found.
    return not one[1]["lapsed"], -one[0], one[1]["pairing_id"]


def _is_new(need: Row, case: Row) -> bool:
    return (
        need["published_at"] > case["stopped_at"]
        and need["organisation_id"] != case["startup_organisation"]
        and case["startup_id"] not in need["met"]
    )
