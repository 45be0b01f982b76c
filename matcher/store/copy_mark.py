"""The mark of a copy under way into a database: from which source, and where each table has come to.

It stands in the database that is being written, in a table of its own, and each step of it in the transaction of the
rows it tells of. While it is there nothing but the copy itself may use the database (`schema.migrate` and the pages
refuse it), and the copy may take out again what it wrote, the record as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from . import Store
from .errors import CopyUnfinished, UnknownName

TABLE = "copy_under_way"


@dataclass(frozen=True)
class Place:
    """How far a table has come: `rows` written, the key of the last one, and whether all of it is there."""

    rows: int = 0
    key: dict[str, Any] | None = None
    whole: bool = False


def begin(store: Store, source: str, tables: Iterable[str]) -> None:
    """Put the mark into a database; `source` tells one source from another and holds no secret."""
    for name in tables:
        store.insert(TABLE, {"name": name, "source": source, "done": "0", "last_key": None})


def source(store: Store) -> str | None:
    """Return from where a copy into this database was begun; None when none is under way."""
    try:
        rows = store.query(f"select source from {TABLE} limit 1")
    except UnknownName:
        return None
    return str(rows[0]["source"]) if rows else None


def place(store: Store, table: str) -> Place:
    """Return how far a table has come. Raise CopyUnfinished where another copy has taken the mark away."""
    found = store.query(f"select done, last_key from {TABLE} where name = :name", {"name": table})
    if not found:
        raise CopyUnfinished("another copy into this database has ended meanwhile: run this again")
    row = found[0]
    rows, _, whole = row["done"].partition(" ")
    return Place(int(rows), json.loads(row["last_key"]) if row["last_key"] else None, bool(whole))


def note(store: Store, table: str, at: Place) -> None:
    """Note how far a table has come, in the transaction of its rows."""
    store.execute(
        f"update {TABLE} set done = :done, last_key = :key where name = :name",
        {
            "name": table,
            "done": f"{at.rows} whole" if at.whole else str(at.rows),
            "key": json.dumps(at.key) if at.key else None,
        },
    )


def end(store: Store) -> None:
    """Take the mark away: the copy is whole, or all of it was taken out again."""
    store.execute(f"delete from {TABLE}")


def refuse(store: Store) -> None:
    """Raise CopyUnfinished while a copy into this database is under way or was broken off."""
    if source(store) is not None:
        raise CopyUnfinished(
            "a copy into this database was not finished, so only a part of the hub is in it: run the same "
            "`matcher copy-database` again and it goes on where it stopped, or `matcher restore` and it starts anew"
        )
