"""The beginning and the end of what the processes of one host share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..store import Store
from . import mapped, shared
from .made import from_bytes
from .mirror import BY_WORDS
from .shared import Shared
from .upkeep import Upkeep

UNUSED = 3_600.0  # seconds; processes that rank make what has changed anew long before


class Opening:
    """The beginning of a process: what lies in the shared files is taken over, or made by one process for all.

    Who would make it reads the texts of the whole hub into memory first. Were all to do so at the same moment, each
    would hold its own: so the others wait, for a while, and then read it from the files.
    """

    def __init__(self, folder: Path | None, upkeeps: Sequence[Upkeep], warm: Callable[[], None]) -> None:
        """Open these; `warm` makes them."""
        self._file = Shared(folder, "opening") if folder else None
        self._upkeeps, self._warm = upkeeps, warm
        self._lock = threading.Lock()
        self._done = folder is None

    def once(self) -> None:
        """Do it, at the first call."""
        if self._done:
            return
        with self._lock:
            if self._done:
                return
            if not self._opened():
                with self._file.turn(shared.WAIT) as mine:
                    if mine and not self._opened():
                        self._warm()
            self._done = True

    def _opened(self) -> bool:
        found = [upkeep.open() for upkeep in self._upkeeps]  # each of them, not only up to the first
        return any(found)


def forget(store: Store, folder: Path) -> int:
    """Delete files that hold a text which the store no longer has (changed, deleted, a person erased); return how many.

    Where pages are visited the files are made anew within minutes of a change; this is for a hub that nobody visits.
    """
    if not folder.is_dir():
        return 0
    rows = store.query("select subject_id, text_hash from embedding")
    known = {(row["subject_id"], row["text_hash"]) for row in rows}
    return sum(_forgotten(path, known) for path in sorted(folder.glob(f"*{shared.ENDING}")))


def _forgotten(path: Path, known: set[tuple[str, str]]) -> bool:
    try:
        if time.time() - path.stat().st_mtime < UNUSED:
            return False
        arrays = mapped.read(path).arrays
        held = [*from_bytes(arrays["documents"]), *from_bytes(arrays["questions"])]
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError, mapped.Unusable):
        held = [("", "")]  # nobody can read it either
    if all((name, stamp.removesuffix(BY_WORDS)) in known for name, stamp in held):
        return False
    path.unlink(missing_ok=True)
    return True
