"""A table: CSV, XLSX, JSON or JSONL as headings and rows of text, the same whatever it came as.

Nothing is changed silently: leading zeros stay, dates become ISO days, and a cell keeps every character it has, but
for the apostrophe that the hub itself puts before what looks like a formula (`guarding.py`).
The file itself is read in a process of its own (`reading.py`).
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

from .errors import ImportRefused
from .reading import MOST_ROWS, SECONDS

MOST_BYTES = 10_000_000


@dataclass(frozen=True)
class Row:
    """One row: its line in the file, its cells in the order of the headings, and what is wrong with the row itself."""

    line: int
    cells: list[str]
    fault: tuple[str, dict[str, Any]] | None = None


@dataclass(frozen=True)
class Table:
    """Headings, rows, how many rows the file has (`rows` may hold the first ones only), and how it was read."""

    headings: list[str]
    rows: list[Row]
    total: int
    about: dict[str, str] = field(default_factory=dict)


def read(data: bytes, name: str, rows: int = MOST_ROWS) -> Table:
    """Return the table in a file's bytes with its first `rows` rows; raise ImportRefused."""
    if len(data) > MOST_BYTES:
        raise ImportRefused("file_size", limit=MOST_BYTES // 1_000_000)
    lines = _in_own_process(data, name, rows)
    found = json.loads(lines[0])
    if "refused" in found:
        raise ImportRefused(found["refused"], **found["params"])
    taken = [Row(line, cells, tuple(fault) if fault else None) for line, cells, fault in map(json.loads, lines[1:])]
    return Table(found["headings"], taken, found["total"], found["about"])


def _in_own_process(data: bytes, name: str, rows: int) -> list[bytes]:
    # The name is the person's own text: only its ending and a short start are of use to the reader.
    command = [sys.executable, "-I", "-m", reading_module(), name[-200:], str(rows)]
    try:
        done = subprocess.run(  # noqa: S603 — our own module; the file's name is one argument, no shell
            command, input=data, capture_output=True, timeout=SECONDS, check=False, env={"PATH": os.defpath}
        )
    except subprocess.TimeoutExpired:
        raise ImportRefused("file_slow", seconds=SECONDS) from None
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines:
        raise _crashed(done.returncode, done.stderr)
    return lines


def _crashed(status: int, said: bytes) -> ImportRefused:
    """Return why the reader's process ended before it had said anything: time, memory, or what nobody foresaw.

    Out of time comes as SIGXCPU. Out of memory ends calamine (Rust) by SIGABRT with a line on stderr, Python by a
    MemoryError, and a machine that has none left by SIGKILL.
    """
    if -status == signal.SIGXCPU:
        return ImportRefused("file_slow", seconds=SECONDS)
    out_of_memory = (b"MemoryError", b"memory allocation of", b"overflowed its stack", b"cannot allocate memory")
    if -status == signal.SIGKILL or any(sign in said for sign in out_of_memory):
        return ImportRefused("file_heavy")
    # The kind of the error alone: what stands after it may hold what is in the file.
    kind = said.strip().rpartition(b"\n")[2].partition(b":")[0][:80].decode("ascii", "replace")
    logging.getLogger(__name__).error("the reader of an import ended with %s: %s", status, kind)
    return ImportRefused("file_unread")


def reading_module() -> str:
    """Return the name of the module that the reader's process runs."""
    return __name__.rpartition(".")[0] + ".reading"
