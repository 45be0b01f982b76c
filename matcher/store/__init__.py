"""How rows are kept: one SQL text and one list of migrations for SQLite and PostgreSQL.

The store knows no noun of the hub. The whole port is five verbs (`Store`). What every caller keeps to:

Values
- Ids are text made in Python. Times are UTC ISO text passed in, never `now()` in SQL. JSON is text. There are no
  booleans: a nullable `…_at` says it better. Kept are None, str, int (64 bits), float and bytes; all else is refused.
- A list or tuple stands after `in`: `where id in :ids`. An empty one matches nothing.

SQL
- Allowed: `on conflict`, `returning` (through `query`), window functions, `filter (where …)`, row values, partial
  indexes, CHECK and foreign keys. Every column of an answer has its own name.
- Not allowed: `insert or …`, `rowid`, `?`, `ifnull`, scalar `max`, `is` between columns, text in double quotes,
  `sum` of a comparison, LIKE for search (SQLite's `lower` is ASCII only: å, ä, ö), two statements in one call, DDL
  outside `migrations/` (but for what is derived from the rows and may be missing: `ranking/pgvector_build.py`). Tables
  are STRICT on SQLite.
- A rule that can be a constraint is a constraint. What a person reads is sorted in Python, with Swedish collation.

Transactions
- A verb outside `atomic()` stands alone and is kept at once. `atomic()` nests: an inner block that raises is undone,
  and the outer one may go on.
- After a statement failed inside `atomic()` nothing more runs in that block, and leaving it without an exception
  raises TransactionFailed. Who expects a UniqueViolation puts the insert in an inner `atomic()`, or catches outside.
- The first statement of a decision is a write that locks the row that owns the scarce thing; read and count after it:
  PostgreSQL's default isolation oversells a read-then-write. (On SQLite the outermost block is BEGIN IMMEDIATE.)
- No model call, file, mail or network inside: embed before, send after. Another thread is another transaction.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from .catalogue import Table
from .ending import Act
from .errors import (
    ConstraintViolation,
    CopyUnfinished,
    NotServed,
    SchemaBehind,
    SchemaTooNew,
    StoreBusy,
    StoreError,
    StoreUnavailable,
    TextRefused,
    TransactionFailed,
    UniqueViolation,
    UnknownName,
    ValueRefused,
)

__all__ = [
    "ConstraintViolation",
    "CopyUnfinished",
    "NotServed",
    "SchemaBehind",
    "SchemaTooNew",
    "Store",
    "StoreBusy",
    "StoreError",
    "StoreUnavailable",
    "Table",
    "TextRefused",
    "TransactionFailed",
    "UniqueViolation",
    "UnknownName",
    "ValueRefused",
    "open_store",
]

Row = dict[str, Any]
WAIT_MS = 5_000


class Store(Protocol):
    """The five verbs, and what an operator asks about the engine. Safe to share between threads and across fork."""

    engine: str
    keys: tuple[bytes, ...]  # what the hub signs its rows with, and signed them with before

    def query(self, sql: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        """Return every row of a statement that answers with rows; parameters are `:name`."""

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> int:
        """Run one statement and return how many rows it wrote (0 for DDL)."""

    def atomic(self) -> AbstractContextManager[None]:
        """Return a block that is kept whole or not at all; an inner one is undone alone."""

    def insert(self, table: str, row: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        """Add one row, or several of the same columns, all or none; the quickest way that the engine has for many.

        Raise UnknownName for a table or column that no migration has made.
        """

    def upsert(self, table: str, row: Mapping[str, Any], pk: str | Sequence[str]) -> None:
        """Add one row, or give the row with the same `pk` the other columns' values."""

    def at_end(self, act: Act, item: Any) -> None:
        """Have `act(store, items)` called once before the outermost block is kept, with all items asked for.

        What an undone inner block asked for is dropped; outside a block it is done at once.
        """

    def snapshot(self) -> AbstractContextManager[None]:
        """Return a block whose reads all see one moment, and that writes nothing; for copies and reports."""

    def tables(self) -> list[Table]:
        """Return the tables that are there, by name."""

    def save_to(self, path: Path) -> bool:
        """Write all that stands at one moment to a new SQLite file while others read and write; False: cannot."""

    def describe(self) -> dict[str, str]:
        """Return engine, version, location (never with a password) and what an operator should know."""

    def close(self) -> None:
        """Close this process's connections; the next verb opens anew."""


def open_store(url: str, wait_ms: int = WAIT_MS, keys: Sequence[bytes] = (b"",), *, frozen: bool = False) -> Store:
    """Return the store at `sqlite:///relative`, `sqlite:////absolute` or `postgresql://…`; connects at first use.

    `wait_ms` is how long a lock is waited for before StoreBusy, `keys` what rows are signed with (the first) or were
    before. `frozen`: an SQLite file that nobody writes to, read without a trace, also in a folder that cannot be
    written. Raise ValueError for any other address, StoreError where PostgreSQL's driver is not installed.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from .sqlite import SqliteStore

        return SqliteStore(rest[1:], wait_ms, keys, frozen)
    if scheme in ("postgresql", "postgres"):
        try:
            from .postgres import PostgresStore
        except ImportError as error:
            said = str(error).partition("\n")[0]
            remedy = f"{sys.prefix}/bin/pip install -r requirements-postgres.txt"
            raise StoreError(f"the driver of PostgreSQL is not installed ({said}): {remedy}") from None
        return PostgresStore(url, wait_ms, keys)
    raise ValueError("a database is written sqlite:///relative, sqlite:////absolute or postgresql://user@host/name")
