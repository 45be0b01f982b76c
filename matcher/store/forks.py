"""After a fork the child opens its own connections and leaves its parent's alone.

Closing an inherited SQLite file or PostgreSQL socket in the child could end the parent's locks or session, so the
old connections are kept, unused, for as long as the child lives.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forgetful(Protocol):
    """What holds connections and can leave them behind."""

    def forget(self) -> object:
        """Start without connections, and return the old ones without closing them."""


_watched: weakref.WeakSet[Forgetful] = weakref.WeakSet()
_left_behind: list[object] = []


def watch(holder: Forgetful) -> None:
    """Have `holder` forget its connections in every child of this process."""
    _watched.add(holder)


def _in_child() -> None:
    _left_behind.extend([holder.forget() for holder in list(_watched)])


os.register_at_fork(after_in_child=_in_child)
