"""What the processes of one host make once and all read: a file for each collection in the instance folder.

The store stays the truth. A file says what it was made from, and what does not fit is left alone and made again. One
process makes it at a time; the others go on with what they have. It is always replaced as a whole under its one name,
so the system frees the one before as soon as nobody reads it any more. Where it cannot be written (disk full, folder
not ours) each process holds its own, as it would without.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import mapped, whole

FOLDER = "ranking"  # in the instance folder
ENDING = ".map"
WAIT = 60.0  # seconds for another process to make it, before one makes its own
_LOOK = 0.05
log = logging.getLogger("matcher.ranking")


class Shared:
    """One file, by its name. Safe to use from many threads and processes."""

    def __init__(self, folder: Path, name: str) -> None:
        """Use a file in `folder`, which is made when something is put there."""
        self.path = folder / (name + ENDING)
        self._told_of = ""

    def stamp(self) -> tuple[int, int] | None:
        """Return what tells the present file from the one before; None when there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def read(self, made_from: Mapping[str, Any]) -> mapped.Mapped | None:
        """Return the file's arrays, if it is whole and was made from this."""
        try:
            if mapped.told(self.path)["from"] != dict(made_from):
                return None
            return mapped.read(self.path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, mapped.Unusable) as error:
            self.tell(error)
            return None

    def put(self, made_from: Mapping[str, Any], told: Mapping[str, Any], arrays: Mapping[str, mapped.Array]) -> bool:
        """Write the file in one's turn; return whether it is there. Else the log says why."""
        try:
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            for left in whole.leftovers(self.path):
                left.unlink(missing_ok=True)
            mapped.write(self.path, {"from": dict(made_from), **told}, arrays)
        except OSError as error:
            self._tell("no shared copy could be written, each process holds its own: %s", error)
            return False
        self._told_of = ""
        return True

    @contextmanager
    def turn(self, wait: float = 0.0) -> Iterator[bool]:
        """Be the one that makes the file; the value says whether one is, within `wait` seconds.

        The system ends the turn of a process that dies. Where turns cannot be taken at all everybody has one.
        """
        try:
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            number = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            self._tell("no shared copy could be written, each process holds its own: %s", error)
            yield True
            return
        try:
            yield _locked(number, time.monotonic() + wait)
        finally:
            os.close(number)

    def tell(self, error: Exception) -> None:
        """Let the log say that what lies there is of no use."""
        self._tell("the shared copy cannot be used and is made again: %s", error)

    def _tell(self, text: str, error: Exception) -> None:
        """Log it, once for as long as it stays the same."""
        if str(error) != self._told_of:
            self._told_of = str(error)
            log.warning(text, error)


def _locked(number: int, until: float) -> bool:
    while True:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_LOOK)
        except OSError:  # a file system without locks
            return True
        else:
            return True
