"""What stands between a need and a startup beside their texts: the gates that stop a match, and the wishes met."""

from __future__ import annotations

from datetime import date
from typing import Any

from ..hub import capacity, conflicts
from ..store import Store
from . import fit, gates
from .ranked import Between


def for_need(store: Store, need: dict[str, Any], today: date) -> Between:
    """Return what says of each startup (a row of its shelf) how it stands to a need (a decoded row)."""
    running = capacity.running(store, today.isoformat())
    standing = conflicts.standing(store, need_id=need["id"])

    def stops(row: dict[str, Any]) -> list[gates.Gate]:
        return gates.check(need, row, today, running.get(row["id"], 0), _notes(standing, need["id"], row["id"]))

    return Between(stops, lambda row: fit.wishes(need, row, today, running.get(row["id"], 0)))


def for_startup(store: Store, startup: dict[str, Any], today: date) -> Between:
    """Return what says of each need (a row of its shelf) how it stands to a startup (a decoded row)."""
    running = capacity.running(store, today.isoformat()).get(startup["id"], 0)
    standing = conflicts.standing(store, startup_ids=[startup["id"]])

    def stops(row: dict[str, Any]) -> list[gates.Gate]:
        return gates.check(row, startup, today, running, _notes(standing, row["id"], startup["id"]))

    return Between(stops, lambda row: fit.wishes(row, startup, today, running))


def _notes(standing: dict[tuple[str, str], dict[str, Any]], need_id: str, startup_id: str) -> list[str]:
    found = standing.get((need_id, startup_id))
    return [found["note"]] if found else []
