"""What SQLite's errors mean, as the errors of the store."""

from __future__ import annotations

import re

from sqlite_utils.utils import sqlite3  # pysqlite3 where it is installed, else Python's own

from .errors import ConstraintViolation, StoreBusy, StoreError, StoreUnavailable, UniqueViolation, UnknownName

BUSY = {5, 6}  # SQLITE_BUSY, SQLITE_LOCKED
# SQLITE_PERM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOLFS, NOTADB
_UNAVAILABLE = {3, 8, 10, 11, 13, 14, 15, 22, 26}
# Said by the driver, with no code, where the bytes of a text are not UTF-8: no verb can write such, so they are damage.
_UNDECODED = re.compile(r"Could not decode to UTF-8 column '([^']*)'")
_UNKNOWN = ("no such table", "no such column", "has no column named")


def code(error: Exception) -> int:
    """Return SQLite's primary code of an error; 0 where it has none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def named(error: Exception) -> StoreError:
    """Return the error of the store for one of the driver's."""
    text = str(error)
    if isinstance(error, sqlite3.IntegrityError):
        # pysqlite3 gives the primary code only, so the kind of constraint is read from the words.
        return UniqueViolation(text) if text.startswith("UNIQUE") else ConstraintViolation(text)
    if code(error) in BUSY:
        return StoreBusy(text)
    if code(error) in _UNAVAILABLE:
        return StoreUnavailable(text)
    if undecoded := _UNDECODED.match(text):  # the text itself is nobody's to read in a log
        return StoreUnavailable(f"the database file is damaged: a text in {undecoded[1]} is not UTF-8")
    return UnknownName(text) if any(words in text for words in _UNKNOWN) else StoreError(text)
