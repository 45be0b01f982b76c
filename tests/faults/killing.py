"""Killing a process in the middle of its work, at a moment of chance, with SIGKILL: nothing of it can tidy up."""

from __future__ import annotations

import os
import random
import signal
import time
import traceback
from collections.abc import Callable

KILLS = int(os.environ.get("MATCHER_KILLS", "60"))
SEED = int(os.environ.get("MATCHER_KILL_SEED", "20261122"))

Tell = Callable[[str], None]
Work = Callable[[Tell], None]


def killed(work: Work, after: float) -> tuple[list[str], bool]:
    """Run work in a process of its own and kill it after so many seconds.

    Return what it had told (`tell` a line only when its work is kept), and whether it had come to its end. Raises
    AssertionError where it fell over by itself.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _carry_out(work, reader, writer)
    os.close(writer)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reader, encoding="utf-8") as told:
        lines = told.read().splitlines()
    fallen = [line for line in lines if line.startswith("fell: ")]
    assert not fallen, fallen
    return [line for line in lines if line != "end"], lines[-1:] == ["end"]


def _carry_out(work: Work, reader: int, writer: int) -> None:
    os.close(reader)
    try:
        work(lambda line: os.write(writer, f"{line}\n".encode()))
        os.write(writer, b"end\n")
        time.sleep(60)
    except BaseException:
        os.write(writer, f"fell: {traceback.format_exc()!r}\n".encode())
    finally:
        os._exit(0)  # nothing of the parent, pytest, is ended here


class Moments:
    """When to kill: anywhere in the time that the work takes, however fast the machine is just then."""

    def __init__(self, longest: float) -> None:
        self._longest, self._chance = longest, random.Random(SEED)

    def next(self) -> float:
        """Return after how many seconds to kill the next one."""
        return self._chance.uniform(0, self._longest)

    def saw(self, ended: bool) -> None:
        """Learn from the last one: it had come to its end, or it was cut."""
        self._longest *= 0.7 if ended else 1.1


def seconds(work: Work) -> float:
    """Return how long the work takes in a process of its own that is not killed."""
    reader, writer = os.pipe()
    started, child = time.monotonic(), os.fork()
    if not child:
        _carry_out(work, reader, writer)
    os.close(writer)
    told = b""
    while not told.endswith(b"end\n"):
        piece = os.read(reader, 4096)
        assert piece, told
        assert b"fell: " not in piece, piece
        told += piece
    found = time.monotonic() - started
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reader)
    return found
