"""Giving memory back to the system: what thousands of small things leave behind stays with the process else."""

from __future__ import annotations

import ctypes
import sys

MANY = 10_000  # things; the memory of fewer is soon used again


def give_back(let_go: int) -> None:
    """Return what is free to the system, after so many things were let go; does nothing where it cannot be done."""
    if let_go < MANY or sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl has not
    if trim is not None:
        trim(0)
