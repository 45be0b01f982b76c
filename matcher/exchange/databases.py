"""Moves a hub from one database to another, in either direction between SQLite and PostgreSQL.

The target is written in portions, each a transaction of its own with a mark of how far the copy has come
(`store/copy_mark.py`): a copy that was broken off goes on where it stopped when it is run again, and until it is
whole nothing serves the target. The source is read as of one moment, so the hub may be read meanwhile; what is
written to it after the start stays behind, so stop the hub first. If it was written to before a broken copy is run
again, the copy starts again from nothing.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from ..store import Store, StoreError, Table, copy_mark, open_store
from ..store.copy_mark import Place
from ..store.migrations import MIGRATIONS, Migration
from ..store.schema import listed, migrate, pending

BATCH = 200  # rows; a row may hold a file of megabytes
OWN = ("migration", copy_mark.TABLE)  # each database's own: when it was migrated, and a copy into it

Row = dict[str, Any]
Report = Callable[[str, int, int], None]
Say = Callable[[str], None]


class TargetNotEmpty(StoreError):
    """The target already holds rows: nothing was written to it."""


class SourceNotMigrated(StoreError):
    """The source lacks migrations of this version of the code: run `matcher migrate` on it first."""


class SourceMissing(StoreError):
    """There is no such database to copy."""


class CountsDiffer(StoreError):
    """After copying, a table holds another number of rows than its source: run again, it starts from nothing."""


def copy_database(
    source: Store,
    target: Store,
    report: Report | None = None,
    migrations: Sequence[Migration] = MIGRATIONS,
    say: Say = lambda text: None,
) -> dict[str, int]:
    """Copy every row into an empty or newly migrated target, or go on with a copy; return the rows per table.

    `report(table, done, total)` is called after each portion, `say` with what the operator should know. Raise
    SourceNotMigrated, TargetNotEmpty, CountsDiffer, or CopyUnfinished for a source that is itself half a copy.
    """
    copy_mark.refuse(source)
    missing = pending(source, migrations)
    if missing:
        raise SourceNotMigrated(_without(missing, migrations))
    with source.snapshot():
        _prepare(source, target, _fingerprint(source), migrations, say)
        tables = _parents_first(source, target)
        for table in tables:
            _copy_table(source, target, table, report)
        return _compared(source, target, tables)


def existing(url: str) -> Store:
    """Return the store that a copy is made of. Raise SourceMissing for a file that is not there: SQLite would make it.

    Raises as `open_store` does.
    """
    scheme, _, rest = url.partition(":///")
    if scheme == "sqlite" and rest and not Path(rest).is_file():
        raise SourceMissing(f"there is no database {Path(rest).absolute()}: the source is named first, then the target")
    return open_store(url)


def _without(missing: list[str], migrations: Sequence[Migration]) -> str:
    """Return what a source is told that lacks migrations; one that lacks all was hardly meant."""
    if len(missing) == len(migrations):
        return (
            f"the source holds no hub, it lacks all of {listed(missing)}: is it the right database? "
            "The source is named first, then the target"
        )
    return f"the source lacks {listed(missing)}: stop the hub, run `matcher migrate` on it, then this again"


def _prepare(source: Store, target: Store, from_where: str, migrations: Sequence[Migration], say: Say) -> None:
    """Leave the target marked: as a broken copy of this very source left it, or without any row."""
    before = copy_mark.source(target)
    if before == from_where and not pending(target, migrations):
        say("A copy was broken off here: it goes on where it stopped.")
        return
    if before is None:
        _refuse_rows(target, migrations)
    else:
        say("A copy was broken off here, and its source has changed since: it starts again from nothing.")
        with target.atomic():
            _empty(source, target)
            copy_mark.end(target)
    migrate(target, migrations)
    with target.atomic():
        _empty(source, target)  # what the migrations themselves put in comes from the source too
        copy_mark.begin(target, from_where, [table.name for table in _parents_first(source, target)])


def _empty(source: Store, target: Store) -> None:
    for table in reversed(_parents_first(source, target)):
        target.execute(f'delete from "{table.name}"')


def _fingerprint(source: Store) -> str:
    """Return what tells this source, as it is now, from any other and from what it was or becomes.

    Where it is, and of each table the rows, and of each column that holds a moment or a number of the change feed
    how many are filled and the last: whatever the hub writes adds a row or sets one of these.
    """
    about: list[Any] = [source.describe()["location"]]
    for table in sorted(source.tables(), key=lambda table: table.name):
        if table.name not in OWN:
            watched = [name for name in table.columns if name.endswith("_at") or name in ("at", "seq", "value")]
            asked = ["count(*) as n", *(f'count("{one}") as n_{one}, max("{one}") as m_{one}' for one in watched)]
            about.append([table.name, source.query(f'select {", ".join(asked)} from "{table.name}"')[0]])
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _refuse_rows(target: Store, migrations: Sequence[Migration]) -> None:
    """Raise TargetNotEmpty when a table holds more than migrations themselves put into it."""
    found = _counts(target, target.tables())
    if not any(found.values()):
        return
    with tempfile.TemporaryDirectory() as folder:
        fresh = open_store(f"sqlite:///{Path(folder) / 'fresh.db'}")
        migrate(fresh, migrations)
        seeded = _counts(fresh, fresh.tables())
        fresh.close()
    filled = [f"{table} ({count})" for table, count in found.items() if count > seeded.get(table, 0)]
    if filled:
        raise TargetNotEmpty(
            f"the target already holds rows, and nothing is written over: {', '.join(filled)}. Name an empty database"
        )


def _parents_first(source: Store, target: Store) -> list[Table]:
    """Return the tables that both have, those that others refer to first."""
    kept = {table.name for table in target.tables()} - set(OWN)
    tables = {table.name: table for table in source.tables() if table.name in kept}
    needs = {name: {other for _, other in table.references} - {name} for name, table in tables.items()}
    return [tables[name] for name in TopologicalSorter(needs).static_order()]


def _copy_table(source: Store, target: Store, table: Table, report: Report | None) -> None:
    """Copy what is left of one table. Columns that refer to the table itself are filled in when every row is there."""
    at = copy_mark.place(target, table.name)
    if at.whole:
        return
    links = [column for column, other in table.references if other == table.name]
    total = _count(source, table)
    for batch in _batches(source, table, at.key):
        at = Place(at.rows + len(batch), {name: batch[-1][name] for name in table.key})
        with target.atomic():
            target.insert(table.name, [{**row, **dict.fromkeys(links)} for row in batch])
            copy_mark.note(target, table.name, at)
        if report:
            report(table.name, at.rows, total)
    with target.atomic():
        if links:
            _fill_links(source, target, table, links)
        copy_mark.note(target, table.name, Place(at.rows, at.key, whole=True))


def _fill_links(source: Store, target: Store, table: Table, links: list[str]) -> None:
    changed = ", ".join(f'"{name}" = :{name}' for name in links)
    key = " and ".join(f'"{name}" = :{name}' for name in table.key)
    for batch in _batches(source, table, None, (*table.key, *links)):
        for row in batch:
            if any(row[link] is not None for link in links):
                target.execute(f'update "{table.name}" set {changed} where {key}', row)


def _batches(source: Store, table: Table, last: Row | None, columns: Sequence[str] = ()) -> Iterator[list[Row]]:
    """Yield all rows after a key, in its order; each batch starts after the last key of the one before."""
    asked = ", ".join(f'"{name}"' for name in columns or table.columns)
    key = ", ".join(f'"{name}"' for name in table.key)
    after = ", ".join(f":{name}" for name in table.key)
    while True:
        where = f"where ({key}) > ({after})" if last else ""
        rows = source.query(
            f'select {asked} from "{table.name}" {where} order by {key} limit :most',
            {**(last or {}), "most": BATCH},
        )
        if rows:
            yield rows
        if len(rows) < BATCH:
            return
        last = {name: rows[-1][name] for name in table.key}


def _compared(source: Store, target: Store, tables: list[Table]) -> dict[str, int]:
    """Take the mark away when every table has as many rows as its source; else leave it and raise CountsDiffer."""
    wanted, found = _counts(source, tables), _counts(target, tables)
    differ = [
        f"{name}: {wanted[name]} in the source, {found[name]} copied" for name in wanted if wanted[name] != found[name]
    ]
    if differ:
        target.execute(f"update {copy_mark.TABLE} set source = ''")  # of no source: the next one starts from nothing
        raise CountsDiffer("; ".join(differ))
    copy_mark.end(target)
    return found


def _counts(store: Store, tables: Sequence[Table]) -> dict[str, int]:
    return {table.name: _count(store, table) for table in tables if table.name not in OWN}


def _count(store: Store, table: Table) -> int:
    return int(store.query(f'select count(*) as n from "{table.name}"')[0]["n"])
