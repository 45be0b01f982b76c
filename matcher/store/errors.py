"""What can go wrong in the store: the same names whichever engine runs."""

from __future__ import annotations


class StoreError(Exception):
    """Base of all errors of the store; raised itself for a statement that the engine does not understand."""


class UnknownName(StoreError):
    """A table or column that no migration has made."""


class ValueRefused(StoreError):
    """A value outside the contract: only None, str without NUL, 64-bit int, float and bytes are kept."""


class TextRefused(ValueRefused):
    """Text with a NUL or half a surrogate pair: what people type is cleaned before, so somebody sent it on purpose."""


class UniqueViolation(StoreError):
    """There is already a row with that key."""


class ConstraintViolation(StoreError):
    """A check, a foreign key, a `not null` or a column's type does not admit the row."""


class StoreBusy(StoreError):
    """Others held the lock for longer than the waiting time, or a deadlock was broken: trying again may work."""


class StoreUnavailable(StoreError):
    """The database cannot be reached, read or written: a lost server, a full disk, a damaged file."""


class TransactionFailed(StoreError):
    """A statement failed earlier in this `atomic()`: nothing of the block can be kept."""


class NotServed(StoreError):
    """Base of what keeps the pages from being served from a database that answers."""


class SchemaTooNew(NotServed):
    """The database holds migrations that this version of the code does not know."""


class SchemaBehind(NotServed):
    """The database lacks migrations of this version of the code."""


class CopyUnfinished(NotServed):
    """A copy into this database is under way or was broken off: only a part of the hub is in it."""
