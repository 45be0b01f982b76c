"""One SQLite file, through sqlite-utils: the embedded default.

sqlite-utils gives the connection's `execute`, savepoints and the catalogue. Rows are inserted by the same SQL text
as on PostgreSQL: `Table.insert` would create a misspelt table, and its `atomic()` begins a deferred transaction,
which fails at once with "database is locked" when it has read before it writes.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlite_utils import Database
from sqlite_utils.utils import sqlite3  # pysqlite3 where it is installed, else Python's own

from . import forks, sqlite_texts, statements
from .catalogue import Table
from .ending import Act, Ending
from .errors import StoreBusy, StoreError, StoreUnavailable, TransactionFailed
from .sqlite_errors import BUSY, code, named


@dataclass
class _Connection:
    """One thread's connection and where it stands: blocks entered, and whether it can still be used."""

    db: Database
    depth: int = 0
    failed: bool = False
    broken: bool = False
    ending: Ending = field(default_factory=Ending)


class SqliteStore:
    """The store in one file, a connection a thread."""

    engine = "sqlite"

    def __init__(self, path: str, wait_ms: int, keys: Sequence[bytes], frozen: bool = False) -> None:
        self.keys = tuple(keys)
        self._frozen = frozen
        self._path = path
        self._wait_ms = wait_ms
        self._open: weakref.WeakSet[Database] = weakref.WeakSet()
        self.forget()
        forks.watch(self)

    def query(self, sql: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return every row of a statement that answers with rows."""
        sql, values = statements.prepare(sql, params)
        with self._usable() as db:
            cursor = db.execute(sql, values)
            if cursor.description is None:
                raise StoreError("this statement has no rows to return: use execute()")
            return statements.rows([column[0] for column in cursor.description], cursor.fetchall())

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> int:
        """Run one statement and return how many rows it wrote."""
        sql, values = statements.prepare(sql, params)
        with self._turn(self._held()), self._usable() as db:
            cursor = db.execute(sql, values)
            cursor.fetchall()  # `returning` holds the write lock until its rows are read
            return max(cursor.rowcount, 0)

    def insert(self, table: str, row: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        """Add one row, or several."""
        if isinstance(row, Mapping):
            self._write(statements.insert(table, row), row)
            return
        with self.atomic():
            for one in row:
                self._write(statements.insert(table, one), one)

    def upsert(self, table: str, row: Mapping[str, Any], pk: str | Sequence[str]) -> None:
        """Add one row, or update the one with that key."""
        self._write(statements.upsert(table, row, pk), row)

    def atomic(self) -> AbstractContextManager[None]:
        """Return a block that is kept whole or not at all; the outermost one holds the write lock from its start."""
        return self._block("begin immediate", writes=True)

    def at_end(self, act: Act, item: Any) -> None:
        """Put something off until the outermost block ends."""
        with self.atomic():
            self._held().ending.add(act, item)

    def snapshot(self) -> AbstractContextManager[None]:
        """Return a block whose reads all see one moment."""
        return self._block("begin", writes=False)

    def tables(self) -> list[Table]:
        """Return the tables that are there, by name."""
        with self._usable() as db:
            return [
                Table(
                    table.name,
                    tuple(column.name for column in table.columns),
                    tuple(table.pks),
                    tuple((key.column, key.other_table) for key in table.foreign_keys),
                )
                for table in sorted(db.tables, key=lambda table: table.name)
                if not table.name.startswith("sqlite_")
            ]

    def save_to(self, path: Path) -> bool:
        """Write all that stands at one moment to a new file; see Store.save_to."""
        with self._usable() as db:
            db.execute("vacuum into :path", {"path": str(path)})
        return True

    def read_texts(self, seconds: float | None = None) -> sqlite_texts.Reading:
        """Read the bytes of every text, or for so long, and stop at a damaged one; see `sqlite_texts.read`."""
        with self._usable() as db:
            columns = {
                table.name: [column.name for column in table.columns if column.type == "TEXT"]
                for table in db.tables
                if not table.name.startswith("sqlite_")
            }
            return sqlite_texts.read(db.conn, columns, seconds)

    def describe(self) -> dict[str, str]:
        """Return version, driver, journal mode and file."""
        with self._usable() as db:
            mode = db.execute("pragma journal_mode").fetchone()[0]
        found = {
            "engine": "SQLite",
            "version": sqlite3.sqlite_version,
            "driver": sqlite3.__name__.partition(".")[0],
            "journal_mode": mode,
            "location": os.path.abspath(self._path),
        }
        if not wal_is_safe(sqlite3.sqlite_version_info):
            found["note"] = "this SQLite can corrupt a WAL file, so the rollback journal is used: install pysqlite3"
        return found

    def close(self) -> None:
        """Close the connections of all threads of this process."""
        for db in self.forget():
            db.close()

    def forget(self) -> list[Database]:
        """Start without connections, and return the old ones without closing them."""
        left = list(self._open)
        self._open.clear()
        self._local = threading.local()
        self._writing = threading.Lock()
        return left

    def _write(self, sql: str, row: Mapping[str, Any]) -> None:
        statements.check_values(row)
        with self._turn(self._held()), self._usable() as db:
            db.execute(sql, dict(row))

    @contextmanager
    def _usable(self) -> Iterator[Database]:
        """Lend this thread's connection for one statement."""
        held = self._held()
        with _named_errors(held):
            yield held.db

    @contextmanager
    def _turn(self, held: _Connection) -> Iterator[None]:
        """Let one thread of this process write at a time.

        SQLite's own waiting is a lottery of naps: of 16 threads one waited for 4 of its 5 seconds. In a queue the
        longest wait was 0.2 s, and a third more transactions went through (2 busy cores, November 2026).
        """
        writing = self._writing
        if held.depth:
            yield
        elif writing.acquire(timeout=self._wait_ms / 1000):
            try:
                yield
            finally:
                writing.release()
        else:
            raise StoreBusy("another thread is writing")

    @contextmanager
    def _block(self, begin: str, writes: bool) -> Iterator[None]:
        held = self._held()
        turn = self._turn(held) if writes else nullcontext()
        transaction = held.db.atomic() if held.depth else _transaction(held.db, begin)
        with turn, _named_errors(held), transaction, held.ending.block():
            held.depth += 1
            try:
                yield
                if held.depth == 1 and not held.failed:
                    held.ending.run(self)
                if held.failed:
                    raise TransactionFailed("a statement failed in this atomic(): nothing of it is kept")
            finally:
                held.depth -= 1
                held.failed = False

    def _held(self) -> _Connection:
        """Return this thread's connection; a new one once the old one broke. Raise where its block cannot go on."""
        held: _Connection | None = getattr(self._local, "held", None)
        if held and held.depth and (held.broken or not held.db.conn.in_transaction):
            raise StoreUnavailable("the transaction was lost")  # a new connection would write outside the block
        if held and held.failed:
            raise TransactionFailed("a statement failed earlier in this atomic()")
        if held and held.broken:
            self._open.discard(held.db)
            held.db.close()
            held = None
        if not held:
            held = self._local.held = _Connection(self._connect())
        return held

    def _connect(self) -> Database:
        if not self._frozen:
            _keep_private(self._path)
        address = f"file:{quote(os.path.abspath(self._path))}?mode=ro&immutable=1" if self._frozen else self._path
        with _named_errors(), ExitStack() as on_failure:
            connection = sqlite3.connect(
                address, timeout=self._wait_ms / 1000, isolation_level=None, check_same_thread=False, uri=self._frozen
            )
            on_failure.callback(connection.close)
            try:
                for pragma in ("foreign_keys=on", "synchronous=full", "trusted_schema=off"):
                    connection.execute(f"pragma {pragma}")
            except (
                UnicodeDecodeError
            ) as error:  # of SQLite's own words: they quote the schema, read here for the first time
                raise StoreUnavailable("the database file is damaged: its schema is not UTF-8") from error
            if not self._frozen:
                _set_journal_mode(connection, journal_mode(sqlite3.sqlite_version_info), self._wait_ms)
            # Plugins of sqlite-utils that happen to be installed have no business in the hub.
            db = Database(connection, execute_plugins=False)
            on_failure.pop_all()
        self._open.add(db)
        return db


def _keep_private(path: str) -> None:
    """Make a new file readable by its owner alone, and with it those that SQLite puts beside it: people stand in it."""
    if path == ":memory:" or os.path.exists(path):
        return
    with suppress(OSError):  # SQLite says better what is wrong with the place
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def wal_is_safe(version: tuple[int, ...]) -> bool:
    """Return whether this SQLite has the fix of the WAL-reset bug: 3.51.3 and later, 3.50.7 and 3.44.6.

    Before it, two connections that write or checkpoint at the same moment can corrupt the file
    (https://www.sqlite.org/wal.html#walresetbug, found in March 2026).
    """
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


def journal_mode(version: tuple[int, ...]) -> str:
    """Return `wal`, or on an affected SQLite `truncate`: a rollback journal that is synced when it ends."""
    return "wal" if wal_is_safe(version) else "truncate"


def _set_journal_mode(connection: sqlite3.Connection, mode: str, wait_ms: int) -> None:
    """Change the mode where it differs. SQLite does not wait for the lock this takes, so we do."""
    deadline = time.monotonic() + wait_ms / 1000
    while connection.execute("pragma journal_mode").fetchone()[0] != mode:
        try:
            connection.execute(f"pragma journal_mode={mode}")
        except sqlite3.OperationalError as error:
            if code(error) not in BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


@contextmanager
def _transaction(db: Database, begin: str) -> Iterator[None]:
    db.conn.execute(begin)
    try:
        yield
        db.conn.execute("commit")
    except BaseException:
        db.rollback()
        raise


@contextmanager
def _named_errors(held: _Connection | None = None) -> Iterator[None]:
    """Raise the store's errors instead of the driver's, and note on the connection what they mean for it."""
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        told = named(error)
        if held:
            held.failed = held.depth > 0
            held.broken = held.broken or isinstance(told, StoreUnavailable)
        raise told from error
