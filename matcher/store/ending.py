"""What a block still does at its end, before it is kept.

A lock that everybody wants, like the one on the end of the record, is best taken last: it is then held for a moment,
and nobody who holds it waits for another lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Act = Callable[[Any, list[Any]], None]


class Ending:
    """What one thread's blocks have put off until the end of the outermost."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Act, Any]] = []

    def add(self, act: Act, item: Any) -> None:
        """Have `act(store, items)` called once at the end, with the items of all that asked for it."""
        self._waiting.append((act, item))

    @contextmanager
    def block(self) -> Iterator[None]:
        """Enter a block: where it fails, what it put off is dropped with it."""
        mark = len(self._waiting)
        try:
            yield
        except BaseException:
            del self._waiting[mark:]
            raise

    def run(self, store: Any) -> None:
        """Do all that was put off."""
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            for act in dict.fromkeys(act for act, _ in waiting):
                act(store, [item for asked, item in waiting if asked is act])
