"""Reads the bytes of the texts in an SQLite file: it keeps no sums, but what is damaged is seldom a text any more.

Most damage leaves bytes that are not UTF-8, or noughts, which no text of the hub holds (PostgreSQL takes none).
A letter that was changed into another letter cannot be told from one that was written.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import SystemRandom
from typing import Any

from sqlite_utils.utils import sqlite3  # pysqlite3 where it is installed, else Python's own

PAGE = 500  # rows
NOUGHT = b"\0"


@dataclass(frozen=True)
class Reading:
    """What was read: which text is damaged and how (or empty), how many rows, whether it was all."""

    damaged: str
    rows: int
    whole: bool


def read(connection: sqlite3.Connection, columns: Mapping[str, Sequence[str]], seconds: float | None) -> Reading:
    """Read the texts of a file for so long, or all, table by table in an order by chance; stop at a damaged one.

    columns: of each table those that hold text. In small pages, each a transaction of its own: where the rollback
    journal is used a long one holds up who writes. Raises the driver's errors.
    """
    until, rows = time.monotonic() + (math.inf if seconds is None else seconds), 0
    factory = connection.text_factory
    connection.text_factory = bytes  # the driver's own decoding stops at the first, and does not say where
    try:
        for table in SystemRandom().sample(sorted(columns), len(columns)):
            last = 0
            while page := _page(connection, table, columns[table], last):
                last, rows = page[-1][0], rows + len(page)
                if found := next((what for row in page if (what := _damage(columns[table], row[1:]))), ""):
                    return Reading(f"a text in {table}.{found}", rows, False)
                if time.monotonic() > until:
                    return Reading("", rows, False)
    finally:
        connection.text_factory = factory
    return Reading("", rows, True)


def _page(connection: sqlite3.Connection, table: str, columns: Sequence[str], after: int) -> list[Any]:
    """Return the next rows of a table by their row numbers: the number, and the texts as bytes."""
    names = "".join(f', "{name}"' for name in columns)
    return connection.execute(
        f'select rowid{names} from "{table}" where rowid > :after order by rowid limit {PAGE}', {"after": after}
    ).fetchall()


def _damage(columns: Sequence[str], values: Sequence[bytes | None]) -> str:
    """Return which column's value is no text, and why; empty when all are texts."""
    if _is_text(b"\n".join(value for value in values if value)):  # at once: most rows are sound
        return ""
    column, value = next(pair for pair in zip(columns, values, strict=True) if pair[1] and not _is_text(pair[1]))
    return f"{column} {'holds noughts' if NOUGHT in value else 'is not UTF-8'}"


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return NOUGHT not in value
