"""PostgreSQL through psycopg 3, for a hub that outgrew one machine: the same verbs, the same SQL text.

Values are put into the statement by the client (`ClientCursor`): an untyped `:name` then stands anywhere a literal
may, as on SQLite (`:county is null or …`), where a server-side parameter has no type to be found.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool, PoolTimeout

from . import forks, no_connection, statements
from .catalogue import Table
from .ending import Act, Ending
from .errors import (
    ConstraintViolation,
    StoreBusy,
    StoreError,
    StoreUnavailable,
    TransactionFailed,
    UniqueViolation,
    UnknownName,
)

POOL_SIZE = 8  # connections of one process; further threads wait for one
IDLE_MS = 60_000  # a block that does nothing for so long is ended by the server: its locks stop everybody
CONNECT_SECONDS = 1.0  # a lock may be waited for more briefly, but a server on a busy machine takes this long to answer
RECONNECT_SECONDS = 1  # a pool that waits longer and longer between its tries would come back long after the server
# A server that is gone without a word (power, cable) is given up after some seconds; the address may say otherwise.
_PATIENCE = {
    "connect_timeout": "3",  # for each host of the address
    "tcp_user_timeout": "5000",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}
# The pool tells its log at each try that it failed, and the hub does not log what libraries say of values; what it says
# itself (`no_connection`) stands where somebody waited for the connection.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
_SECRETS = ("password", "sslpassword", "passfile")
_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[StoreError]], ...] = (
    (errors.UniqueViolation, UniqueViolation),
    ((errors.IntegrityError, errors.DataError, errors.DatatypeMismatch), ConstraintViolation),
    ((errors.UndefinedTable, errors.UndefinedColumn), UnknownName),
    (errors.InFailedSqlTransaction, TransactionFailed),
    (
        (errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable, errors.QueryCanceled),
        StoreBusy,
    ),
    (
        # Read-only: a standby, or a server that is being moved. Like one that is away it takes no writes.
        (errors.OperationalError, errors.InterfaceError, errors.ReadOnlySqlTransaction),
        StoreUnavailable,
    ),
)
_CONSTRAINTS = """
    select c.conrelid::regclass::text as name, c.contype::text as kind, c.confrelid::regclass::text as other,
           string_agg(a.attname, ',' order by k.position) as columns
    from pg_constraint c
    cross join lateral unnest(c.conkey) with ordinality as k (number, position)
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number
    where c.contype in ('p', 'f') and c.connamespace = current_schema()::regnamespace
    group by c.oid order by c.oid"""
_COLUMNS = """
    select table_name as name, string_agg(column_name, ',' order by ordinal_position) as columns
    from information_schema.columns where table_schema = current_schema() group by table_name order by table_name"""


class PostgresStore:
    """The store in a PostgreSQL database, a pool a process."""

    engine = "postgresql"

    def __init__(self, url: str, wait_ms: int, keys: Sequence[bytes]) -> None:
        self.keys = tuple(keys)
        self._url = url
        self._place = _read(url)
        self._wait_ms = wait_ms
        self._connect_seconds = max(wait_ms / 1000, CONNECT_SECONDS)
        self._pool: ConnectionPool | None = None
        self._fault = ""
        self.forget()
        forks.watch(self)

    def query(self, sql: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return every row of a statement that answers with rows."""
        with self._ran(*statements.prepare(sql, params)) as cursor:
            if cursor.description is None:
                raise StoreError("this statement has no rows to return: use execute()")
            return statements.rows([column.name for column in cursor.description], cursor.fetchall())

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> int:
        """Run one statement and return how many rows it wrote."""
        with self._ran(*statements.prepare(sql, params)) as cursor:
            return max(cursor.rowcount, 0)

    def insert(self, table: str, row: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        """Add one row, or several by COPY."""
        rows = [row] if isinstance(row, Mapping) else row
        for one in rows:
            statements.check_values(one)
        if not isinstance(row, Mapping):
            self._copy_in(table, rows)
        else:
            with self._ran(statements.insert(table, row), row):
                pass

    def _copy_in(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        columns, into = tuple(rows[0]), statements.copy_in(table, rows[0])
        with (
            _named_errors(),
            self._connection() as connection,
            connection.cursor() as cursor,
            cursor.copy(into) as copy,
        ):
            for row in rows:
                copy.write_row([row[name] for name in columns])

    def upsert(self, table: str, row: Mapping[str, Any], pk: str | Sequence[str]) -> None:
        """Add one row, or update the one with that key."""
        statements.check_values(row)
        with self._ran(statements.upsert(table, row, pk), row):
            pass

    def atomic(self) -> AbstractContextManager[None]:
        """Return a block that is kept whole or not at all."""
        return self._block()

    def at_end(self, act: Act, item: Any) -> None:
        """Put something off until the outermost block ends."""
        with self._block():
            self._local.ending.add(act, item)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Enter a block whose reads all see one moment."""
        with self._block():
            self.execute("set transaction isolation level repeatable read, read only")
            yield

    def tables(self) -> list[Table]:
        """Return the tables that are there, by name."""
        keys: dict[str, tuple[str, ...]] = {}
        references: dict[str, list[tuple[str, str]]] = {}
        for row in self.query(_CONSTRAINTS):
            if row["kind"] == "p":
                keys[row["name"]] = tuple(row["columns"].split(","))
            else:
                references.setdefault(row["name"], []).append((row["columns"], row["other"]))
        return [
            Table(name, tuple(row["columns"].split(",")), keys.get(name, ()), tuple(references.get(name, ())))
            for row in self.query(_COLUMNS)
            for name in [row["name"]]
        ]

    def save_to(self, path: Path) -> bool:
        """Say that there is no such file of this engine; see Store.save_to."""
        return False

    def describe(self) -> dict[str, str]:
        """Return version and address."""
        place = {name: value for name, value in self._place.items() if name not in _SECRETS}
        return {
            "engine": "PostgreSQL",
            "version": self.query("select current_setting('server_version') as version")[0]["version"],
            "driver": f"psycopg {psycopg.__version__}",
            "location": make_conninfo(**place),
        }

    def close(self) -> None:
        """Close the pool of this process; the next verb opens another."""
        pool = self.forget()
        if pool:
            pool.close()

    def forget(self) -> ConnectionPool | None:
        """Start without connections, and return the old ones without closing them."""
        left, self._pool = self._pool, None
        self._opening = threading.Lock()
        self._local = threading.local()
        return left

    @contextmanager
    def _ran(self, sql: str, values: Mapping[str, Any]) -> Iterator[psycopg.Cursor]:
        with _named_errors(), self._connection() as connection:
            yield connection.execute(statements.pyformat(sql), values)

    @contextmanager
    def _block(self) -> Iterator[None]:
        outer = self._held()
        if not outer:
            self._local.ending = Ending()
        ending = self._local.ending
        with _named_errors(), self._connection() as connection, connection.transaction(), ending.block():
            self._local.held = connection
            try:
                yield
                if not outer and connection.info.transaction_status is not TransactionStatus.INERROR:
                    ending.run(self)
                if connection.info.transaction_status is TransactionStatus.INERROR:
                    # COMMIT would answer ROLLBACK here, and nobody would know.
                    raise TransactionFailed("a statement failed in this atomic(): nothing of it is kept")
            finally:
                self._local.held = outer

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection]:
        """Lend the connection of this thread's block, or one of the pool."""
        held = self._held()
        if held:
            yield held
        else:
            try:
                with self._own_pool().connection() as connection:
                    yield connection
            except PoolTimeout as error:
                why = no_connection.why(self._connect_seconds, self._place, self._fault, POOL_SIZE)
                raise StoreUnavailable(why) from error

    def _held(self) -> psycopg.Connection | None:
        return getattr(self._local, "held", None)

    def _own_pool(self) -> ConnectionPool:
        with self._opening:
            if not self._pool:
                self._pool = ConnectionPool(
                    _address(self._url),
                    connection_class=_Telling,
                    kwargs={"autocommit": True, "cursor_factory": psycopg.ClientCursor, "tell": self._hear},
                    min_size=1,
                    max_size=POOL_SIZE,
                    timeout=self._connect_seconds,
                    reconnect_timeout=RECONNECT_SECONDS,
                    configure=self._configure,
                    check=ConnectionPool.check_connection,
                    open=True,
                )
            return self._pool

    def _hear(self, fault: str) -> None:
        self._fault = fault

    def _configure(self, connection: psycopg.Connection) -> None:
        connection.execute(f"set lock_timeout = {self._wait_ms:d}")
        connection.execute(f"set idle_in_transaction_session_timeout = {IDLE_MS:d}")
        connection.adapters.register_loader("numeric", _Number)
        connection.adapters.register_loader("bool", _Truth)


class _Telling(psycopg.Connection):
    """A connection that says why it could not be opened; the pool would only let those who wait for it wait."""

    @classmethod
    def connect(cls, conninfo: str = "", *, tell: Callable[[str], None], **given: Any) -> psycopg.Connection:
        """Open it, and call `tell` with what was wrong, or with nothing."""
        try:
            connection = super().connect(conninfo, **given)
            _check_encoding(connection)
        except psycopg.Error as error:
            tell(str(error))
            raise
        tell("")
        return connection


def _check_encoding(connection: psycopg.Connection) -> None:
    """Raise for a database in which some texts of the hub cannot stand: the first would be met by whoever writes it."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        connection.close()
        raise psycopg.OperationalError(
            f"the database keeps text as {encoding}: make it anew in UTF-8 "
            "(create database NAME encoding 'UTF8' template template0)"
        )


def _read(url: str) -> dict[str, Any]:
    """Return the parts of an address. Raise ValueError, which names none of them: the password may be among any."""
    try:
        found = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        found = {"host": "@"}
    if not no_connection.is_readable(found):
        raise ValueError(
            "the address of the PostgreSQL database cannot be read: write it as "
            "postgresql://user:password@host:5432/name, and what is neither letter nor digit in the password by its "
            "code, as %40 for @ and %2F for /"
        )
    return found


def _address(url: str) -> str:
    """Return the address with what makes a lost server noticed, and of several servers the one that takes writes."""
    given = conninfo_to_dict(url)
    if "," in str(given.get("host") or given.get("hostaddr") or ""):
        given.setdefault("target_session_attrs", "read-write")
    return make_conninfo(**{**_PATIENCE, "client_encoding": "utf8", **given})


class _Number(Loader):
    """Sums and averages come as int or float, as on SQLite, not as Decimal."""

    def load(self, data: Buffer) -> int | float:
        """Return an int where no fraction is written."""
        text = bytes(data)
        return int(text) if text.lstrip(b"-").isdigit() else float(text)


class _Truth(Loader):
    """A comparison comes as 1 or 0, as on SQLite."""

    def load(self, data: Buffer) -> int:
        """Return 1 for true."""
        return int(bytes(data) == b"t")


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        named = next((named for kinds, named in _KINDS if isinstance(error, kinds)), StoreError)
        raise named(_said(error)) from error


def _said(error: psycopg.Error) -> str:
    """Return the server's words, with the remedy where it is the operator's to mend."""
    if isinstance(error, errors.InsufficientPrivilege):
        why = str(error).partition("\n")[0]
        return f"{why}: let the user in DATABASE_URL own the database (alter database NAME owner to USER) and all in it"
    return str(error)
