"""A small memory of what was worked out and may be asked for again: the latest so many, whoever asked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable

import numpy as np


class Latest:
    """Keeps the arrays that were used last, up to a number of rows. Safe to use from many threads."""

    def __init__(self, rows: int) -> None:
        """Keep arrays of `rows` rows together at most."""
        self._most, self._rows = rows, 0
        self._held: OrderedDict[Hashable, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, keys: Iterable[Hashable]) -> dict[Hashable, np.ndarray]:
        """Return what is kept by these keys."""
        with self._lock:
            found = {key: self._held[key] for key in keys if key in self._held}
            for key in found:
                self._held.move_to_end(key)
            return found

    def put(self, key: Hashable, rows: np.ndarray) -> None:
        """Keep an array by a key, instead of any other that stood there; what was not used for longest goes."""
        with self._lock:
            if (old := self._held.pop(key, None)) is not None:
                self._rows -= len(old)
            self._held[key] = rows
            self._rows += len(rows)
            while self._rows > self._most:
                self._rows -= len(self._held.popitem(last=False)[1])
