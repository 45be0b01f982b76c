"""Moves a hub from one database to another, in either direction between SQLite and PostgreSQL.

The target is written in one transaction: a copy that stops halfway leaves it as empty as it was, and is simply run
again. The source is read as of one moment, so the hub may be read meanwhile; what is written to it after the start
stays behind, so stop the hub first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from ..store import Store, StoreError, Table, open_store
from ..store.migrations import MIGRATIONS, Migration
from ..store.schema import migrate, pending

BATCH = 200  # rows; a row may hold a file of megabytes
_OWN = "migration"  # each database keeps its own record of when it was migrated

Report = Callable[[str, int, int], None]


class TargetNotEmpty(StoreError):
    """The target already holds rows: nothing was written to it."""


class SourceNotMigrated(StoreError):
    """The source lacks migrations of this version of the code: run `matcher migrate` on it first."""


class CountsDiffer(StoreError):
    """After copying, a table holds another number of rows than its source: all of it was undone."""


def copy_database(
    source: Store, target: Store, report: Report | None = None, migrations: Sequence[Migration] = MIGRATIONS
) -> dict[str, int]:
    """Copy every row into an empty or newly migrated target and return the rows per table.

    `report(table, done, total)` is called after each batch. Raise SourceNotMigrated, TargetNotEmpty or CountsDiffer.
    """
    missing = pending(source, migrations)
    if missing:
        raise SourceNotMigrated(f"the source lacks {', '.join(missing)}: migrate it first")
    _refuse_rows(target, migrations)
    migrate(target, migrations)
    with source.snapshot(), target.atomic():
        tables = _parents_first(source, target)
        for table in reversed(tables):
            target.execute(f'delete from "{table.name}"')
        for table in tables:
            _copy_table(source, target, table, report)
        return _compared(source, target, tables)


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
        raise TargetNotEmpty(f"the target already holds rows: {', '.join(filled)}")


def _parents_first(source: Store, target: Store) -> list[Table]:
    """Return the tables that both have, those that others refer to first."""
    kept = {table.name for table in target.tables()} - {_OWN}
    tables = {table.name: table for table in source.tables() if table.name in kept}
    needs = {name: {other for _, other in table.references} - {name} for name, table in tables.items()}
    return [tables[name] for name in TopologicalSorter(needs).static_order()]


def _copy_table(source: Store, target: Store, table: Table, report: Report | None) -> None:
    """Copy one table. Columns that refer to the table itself are filled in last, when every row is there."""
    links = [column for column, other in table.references if other == table.name]
    linked: list[dict[str, Any]] = []
    done, total = 0, _count(source, table)
    for batch in _batches(source, table):
        for row in batch:
            target.insert(table.name, {**row, **dict.fromkeys(links)})
        linked += [
            {name: row[name] for name in (*table.key, *links)}
            for row in batch
            if any(row[link] is not None for link in links)
        ]
        done += len(batch)
        if report:
            report(table.name, done, total)
    changed = ", ".join(f'"{name}" = :{name}' for name in links)
    key = " and ".join(f'"{name}" = :{name}' for name in table.key)
    for row in linked:
        target.execute(f'update "{table.name}" set {changed} where {key}', row)


def _batches(source: Store, table: Table) -> Iterator[list[dict[str, Any]]]:
    """Yield all rows in the order of their key, each batch starting after the last key of the one before."""
    columns = ", ".join(f'"{name}"' for name in table.columns)
    key = ", ".join(f'"{name}"' for name in table.key)
    after = ", ".join(f":{name}" for name in table.key)
    last: dict[str, Any] = {}
    while True:
        where = f"where ({key}) > ({after})" if last else ""
        rows = source.query(
            f'select {columns} from "{table.name}" {where} order by {key} limit :most',
            {**last, "most": BATCH},
        )
        if rows:
            yield rows
        if len(rows) < BATCH:
            return
        last = {name: rows[-1][name] for name in table.key}


def _compared(source: Store, target: Store, tables: list[Table]) -> dict[str, int]:
    wanted, found = _counts(source, tables), _counts(target, tables)
    differ = [
        f"{name}: {wanted[name]} in the source, {found[name]} copied" for name in wanted if wanted[name] != found[name]
    ]
    if differ:
        raise CountsDiffer("; ".join(differ))
    return found


def _counts(store: Store, tables: Sequence[Table]) -> dict[str, int]:
    return {table.name: _count(store, table) for table in tables if table.name != _OWN}


def _count(store: Store, table: Table) -> int:
    return int(store.query(f'select count(*) as n from "{table.name}"')[0]["n"])
