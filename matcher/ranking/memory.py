"""Giving memory back to the system: what thousands of small things leave behind stays with the process else."""

from __future__ import annotations

import contextlib
import ctypes
import sys
import time

_ARENAS, _LARGE, _AT_THE_TOP = -8, -3, -1  # of glibc's malloc.h
MANY = 10_000  # things: so much memory is returned at once
PAUSE = 60.0  # seconds; of fewer things what is not used again by then
_last = time.monotonic()


def give_back(let_go: int) -> None:
    """Return what is free to the system, after so many things were let go; does nothing where it cannot be done.

    What few things leave is mostly used again. But the statistics of a small hub are made anew at each change, and
    leave holes that nothing fills: with 25 people the processes of a hub rose from 1.44 to 1.84 GB in two hours.
    """
    global _last
    now = time.monotonic()
    if sys.platform != "linux" or (let_go < MANY and now - _last < PAUSE):
        return
    _last = now
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl has not
    if trim is not None:
        trim(0)


def one_heap() -> None:
    """Let all threads of this process and its children use one heap.

    Each thread has its own otherwise, with holes that nothing fills: the statistics of a small hub are made anew at
    each change, by whichever thread comes first.
    """
    _mallopt((_ARENAS, 1))


def return_large_blocks() -> None:
    """Have large blocks given back to the system when they are freed, and one heap used by all threads.

    Batches of many shapes otherwise leave holes in the heap that nothing fills: 120 MB after 400 texts, and growing.
    """
    _mallopt((_ARENAS, 1), (_LARGE, 1 << 20), (_AT_THE_TOP, 16 << 20))


def _mallopt(*wanted: tuple[int, int]) -> None:
    with contextlib.suppress(OSError, AttributeError):  # another C library goes without
        libc = ctypes.CDLL(None)
        for parameter, value in wanted:
            libc.mallopt(parameter, value)
