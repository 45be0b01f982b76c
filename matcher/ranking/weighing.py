"""Which weights count now: the built-in ones of `scoring`, or those that an administrator has adopted.

Adopted weights are part of the scoring version ("1+w3"), so their scores are never compared with others'. They count
only for the scoring version and the model that they were learned with.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from ..hub import learned
from ..store import Store
from . import scoring


@dataclass(frozen=True)
class Weighing:
    """The weight of each part by name, in the order of the built-in ones, and the scoring version that they make."""

    version: str
    weights: dict[str, float]


def built_in() -> Weighing:
    """Return the weights that the program comes with."""
    return Weighing(scoring.SCORING_VERSION, scoring.WEIGHTS)


def base(version: str) -> str:
    """Return the scoring version without the learned weights: what the unweighted parts depend on."""
    return version.partition("+")[0]


def adopted(store: Store, model: str) -> Weighing:
    """Return the weights that count now for a model's vectors."""
    standing = learned.standing(store)
    row = standing.get("weights")
    if row is None or "off" in standing or (row["scoring"], row["model"]) != (scoring.SCORING_VERSION, model):
        return built_in()
    kept = row["content"]["weights"]
    return Weighing(f"{scoring.SCORING_VERSION}+w{row['number']}", {name: kept[name] for name in scoring.WEIGHTS})


class Adopted:
    """The weights that count, read again when the change feed has moved. Safe to use from many threads."""

    def __init__(self, store: Store, model: str) -> None:
        """Read for the vectors of one model."""
        self._store, self._model = store, model
        self._lock = threading.Lock()
        self._held: tuple[int, Weighing] | None = None

    def now(self, counter: int) -> Weighing:
        """Return the weights at this number of the change feed, or at a later one."""
        with self._lock:
            if self._held is None or self._held[0] < counter:
                self._held = (counter, adopted(self._store, self._model))
            return self._held[1]
