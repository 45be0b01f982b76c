"""A table: CSV, XLSX, JSON or JSONL as headings and rows of text, the same whatever it came as.

Nothing is changed silently: leading zeros stay, dates become ISO days, and a cell keeps every character it has.
The file itself is read in a process of its own (`reading.py`).
"""

from __future__ import annotations

import json
import os
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
        # Out of memory kills calamine (Rust) by a signal and Python by an error; out of time comes as SIGXCPU.
        if -done.returncode == 24:
            raise ImportRefused("file_slow", seconds=SECONDS)
        raise ImportRefused("file_heavy")
    return lines


def reading_module() -> str:
    """Return the name of the module that the reader's process runs."""
    return __name__.rpartition(".")[0] + ".reading"
