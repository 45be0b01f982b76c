"""Reads the bytes of the texts in an SQLite file: it keeps no sums, but a damaged text is seldom UTF-8 any more."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from random import SystemRandom
from typing import Any

from sqlite_utils.utils import sqlite3  # pysqlite3 where it is installed, else Python's own

PAGE = 500  # rows


@dataclass(frozen=True)
class Reading:
    """What was read: the `table.column` of a text that is not UTF-8 (or empty), how many rows, whether it was all."""

    damaged: str
    rows: int
    whole: bool


def read(path: str, wait_ms: int, columns: Mapping[str, Sequence[str]], seconds: float) -> Reading:
    """Read the texts of a file for so long, table by table in an order by chance, and stop at a damaged one.

    columns: of each table those that hold text. In small pages, each a transaction of its own: where the rollback
    journal is used a long one holds up who writes. Raises the driver's errors.
    """
    until, rows = time.monotonic() + seconds, 0
    with closing(sqlite3.connect(path, timeout=wait_ms / 1000, isolation_level=None)) as connection:
        connection.text_factory = bytes  # the driver's own decoding stops at the first, and does not say where
        for table in SystemRandom().sample(sorted(columns), len(columns)):
            last = 0
            while page := _page(connection, table, columns[table], last):
                last, rows = page[-1][0], rows + len(page)
                if column := next((name for row in page if (name := _undecoded(columns[table], row[1:]))), ""):
                    return Reading(f"{table}.{column}", rows, False)
                if time.monotonic() > until:
                    return Reading("", rows, False)
    return Reading("", rows, True)


def _page(connection: sqlite3.Connection, table: str, columns: Sequence[str], after: int) -> list[Any]:
    """Return the next rows of a table by their row numbers: the number, and the texts as bytes."""
    names = "".join(f', "{name}"' for name in columns)
    return connection.execute(
        f'select rowid{names} from "{table}" where rowid > :after order by rowid limit {PAGE}', {"after": after}
    ).fetchall()


def _undecoded(columns: Sequence[str], values: Sequence[bytes | None]) -> str:
    """Return the column of the first value that is not UTF-8; empty when all are."""
    for column, value in zip(columns, values, strict=True):
        try:
            (value or b"").decode()
        except UnicodeDecodeError:
            return column
    return ""
