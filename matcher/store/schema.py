"""Applies `migrations/`: each migration in its own transaction, once, whoever starts at the same moment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from . import Store, copy_mark
from .errors import SchemaBehind, SchemaTooNew, StoreBusy, UnknownName
from .migrations import MIGRATIONS, Migration

WORDS = {
    "sqlite": {"{strict}": " strict", "{blob}": "blob", "{float}": "real", "{bigint}": "integer"},
    "postgresql": {"{strict}": "", "{blob}": "bytea", "{float}": "double precision", "{bigint}": "bigint"},
}
TRIES = 12  # of the store's waiting time each: a minute for another process to finish the same migration
_PARTING = re.compile(r"^[ \t]*--;[ \t]*$", re.MULTILINE)
_ONLY = re.compile(r"-- only (\w+)\n")
_TURNS = "-- only postgresql\nselect pg_advisory_xact_lock(hashtext('matcher migration'))"
_TABLE = "create table if not exists migration (name text primary key, applied_at text not null){strict}"


def migrate(store: Store, migrations: Sequence[Migration] = MIGRATIONS) -> list[str]:
    """Apply what is missing, in order, and return the names; raise SchemaTooNew before anything is changed.

    Raises CopyUnfinished for a database that a copy has filled in part.
    """
    copy_mark.refuse(store)
    if not pending(store, migrations) and migrations:
        return []
    _create_table(store)
    return [name for name, script in migrations if _apply(store, name, script)]


def pending(store: Store, migrations: Sequence[Migration] = MIGRATIONS) -> list[str]:
    """Return the names that are not yet applied; raise SchemaTooNew where the database knows more than the code."""
    try:
        applied = {row["name"] for row in store.query("select name from migration")}
    except UnknownName:
        applied = set()
    names = [name for name, _ in migrations]
    unknown = sorted(applied - set(names))
    if unknown:
        raise SchemaTooNew(f"the database was migrated by a newer version of the code: {listed(unknown)}")
    return [name for name in names if name not in applied]


def refuse(store: Store) -> None:
    """Raise NotServed where the pages are not to be served: CopyUnfinished, SchemaBehind or SchemaTooNew."""
    copy_mark.refuse(store)
    if missing := pending(store):
        text = f"the database is older than the code ({listed(missing)} not applied): run `matcher migrate`"
        raise SchemaBehind(text)


def listed(names: Sequence[str]) -> str:
    """Return names of migrations for a sentence: few as they are, of many the first, the last and how many."""
    return ", ".join(names) if len(names) < 4 else f"{names[0]} … {names[-1]} ({len(names)} migrations)"


def statements(script: str, engine: str) -> list[str]:
    """Return the script's statements in the engine's words; a line holding only `--;` parts two of them.

    One that begins with the line `-- only sqlite` or `-- only postgresql` is left out on the other: triggers.
    """
    for word, meaning in WORDS[engine].items():
        script = script.replace(word, meaning)
    parts = [part.strip() for part in _PARTING.split(script) if part.strip()]
    return [part for part in parts if not (only := _ONLY.match(part)) or only[1] == engine]


def _create_table(store: Store) -> None:
    # PostgreSQL's "if not exists" looks before it makes: of two that create at the same moment one is told, now of the
    # row, now of the type, that it is there. So they take turns.
    with store.atomic():
        for statement in statements(_TURNS, store.engine):
            store.query(statement)
        store.execute(statements(_TABLE, store.engine)[0])


def _apply(store: Store, name: str, script: str) -> bool:
    """Apply one migration and return True, or False where it is applied already."""
    for tries_left in reversed(range(TRIES)):
        try:
            return _apply_once(store, name, script)
        except StoreBusy:
            if not tries_left:
                raise
    raise AssertionError("unreachable")


def _apply_once(store: Store, name: str, script: str) -> bool:
    applied_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    with store.atomic():
        # The row first: a second process waits here until the first has committed, and then finds the name taken.
        taken = store.execute(
            "insert into migration (name, applied_at) values (:name, :at) on conflict (name) do nothing",
            {"name": name, "at": applied_at},
        )
        if taken:
            for statement in statements(script, store.engine):
                store.execute(statement)
    return bool(taken)
