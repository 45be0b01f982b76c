"""Which things of a kind are nearest to a question: one method, answered in the process or by the database.

`Exact` holds every vector in the memory of the process. `pgvector.PgvectorIndex` asks PostgreSQL, for hubs whose
vectors should not be held by every process of the pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ..store import Store
from .mirror import Shelf
from .tongues import Frame
from .vectors import Vectors, highest

Found = list[tuple[str, float]]


@dataclass(frozen=True)
class Filter:
    """Only some things: those with these `ids`, and those whose row `n` meets a condition (SQL of both engines)."""

    ids: Sequence[str] | None = None
    condition: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


class Nearest(Protocol):
    """What finds the nearest of one kind among all that can be ranked."""

    def nearest(self, vector: np.ndarray, count: int, only: Filter | None = None) -> Found:
        """Return up to `count` (id, cosine) for a centred vector (d,) of length 1, the nearest first.

        Equal ones stand in the order of their ids. What has no vector yet is not found.
        """


class Exact:
    """Every vector of one kind, in this process."""

    def __init__(self, store: Store, kind: str, shelf: Shelf, frame: Frame) -> None:
        """Hold what is on a shelf, centred by `frame`."""
        self._store, self._kind = store, kind
        self._ids = [row["id"] for row in shelf.rows]
        self._vectors = Vectors(frame.centre(shelf.texts.vectors, shelf.texts.languages))
        self._embedded = shelf.embedded

    def nearest(self, vector: np.ndarray, count: int, only: Filter | None = None) -> Found:
        """See Nearest.nearest."""
        kept = np.flatnonzero(self._embedded & self._kept(only))
        scores = self._vectors.dot(vector)[kept]
        return [(self._ids[kept[place]], float(scores[place])) for place in highest(scores, count)]

    def _kept(self, only: Filter | None) -> np.ndarray:
        kept = np.ones(len(self._ids), bool)
        if only is not None and only.ids is not None:
            kept &= np.isin(self._ids, list(only.ids))
        if only is not None and only.condition:
            met = self._store.query(f"select n.id from {self._kind} n where {only.condition}", only.values)
            kept &= np.isin(self._ids, [row["id"] for row in met])
        return kept
