"""A migration is stopped after each of its statements, with SIGKILL, and run again: it comes out as if it never was."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Mapping
from typing import Any

import pytest

from matcher.store import Store, open_store
from matcher.store.migrations import MIGRATIONS
from matcher.store.schema import migrate, pending, statements
from tests.conftest import ENGINES, Databases

from .killing import KILLS, SEED

EVERY = 1 if KILLS >= 1000 else 12

# Beside tables and columns: what keeps rows right and what is done by itself.
MADE = {
    "sqlite": "select type, name, tbl_name, sql from sqlite_master order by type, name",
    "postgresql": """
        select 'index' as kind, indexname as name, indexdef as said from pg_indexes where schemaname = 'public'
        union all select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
            from pg_constraint where connamespace = 'public'::regnamespace
        union all select 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid)
            from pg_trigger where not tgisinternal
        union all select 'function', proname, pg_get_functiondef(oid)
            from pg_proc where pronamespace = 'public'::regnamespace
        union all select 'column', table_name || '.' || column_name,
            data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '')
            from information_schema.columns where table_schema = 'public'
        order by 1, 2, 3""",
}


def made(store: Store) -> dict[str, Any]:
    """What migrations have made: the whole schema, and the rows, of their own moment nothing."""
    rows = {table.name: store.query(f'select * from "{table.name}"') for table in store.tables()}
    rows["migration"] = [{"name": row["name"]} for row in rows["migration"]]
    return {"schema": store.query(MADE[store.engine]), "rows": {name: sorted(map(str, rows[name])) for name in rows}}


def killed_at(url: str, number: int) -> bool:
    """Migrate in a process that is killed when a statement was carried out; return whether it came so far.

    number: which statement of those that migrations are made of, counted from the first that is carried out.
    """
    child = os.fork()
    if not child:
        try:
            store = open_store(url)
            carry_out, left = store.execute, [number]
            known = {one for _, script in MIGRATIONS for one in statements(script, store.engine)}

            def execute(sql: str, params: Mapping[str, Any] | None = None) -> int:
                done = carry_out(sql, params)
                left[0] -= sql in known
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                return done

            store.execute = execute  # type: ignore[method-assign]
            migrate(store)
        finally:
            os._exit(1)  # nothing of the parent, pytest, is ended here
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.parametrize("engine", ENGINES)
def test_a_migration_is_run_again_from_each_of_its_statements(databases: Databases, engine: str) -> None:
    """One database goes through all: each migration is stopped again and again before it is let through."""
    whole = databases.open(engine)
    migrate(whole)
    wanted = made(whole)
    url = databases.url(engine)
    store, chance, stops = open_store(url), random.Random(SEED), 0
    migrate(store, [])
    for at, (name, script) in enumerate(MIGRATIONS):
        for number in range(1, len(statements(script, engine)) + 1):
            if chance.randrange(EVERY):
                continue
            assert killed_at(url, number), f"{name}: statement {number} was not reached"
            assert pending(store)[0] == name, f"{name}: stopped after statement {number}, it counts as applied"
            stops += 1
        assert migrate(store, MIGRATIONS[: at + 1]) == [name]
    assert made(store) == wanted
    print(f"{engine}: {stops} stops, seed {SEED}")
    assert stops >= 100 / EVERY
    store.close()
