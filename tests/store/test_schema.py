"""Migrations are applied once, whole, by whoever comes first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from matcher.store import SchemaTooNew, Store, StoreError, open_store
from matcher.store.migrations import MIGRATIONS
from matcher.store.schema import migrate, pending, statements

from .conftest import SHELVES

ROOT = Path(__file__).parents[2]
LAMPS = ("0002_lamps", "create table lamp (id text primary key){strict}\n--;\ninsert into lamp (id) values (':one;')")
BROKEN = ("0003_broken", "create table chair (id text primary key){strict}\n--;\nselekt 1")
MIGRATOR = """
import sys
from matcher.store import open_store
from matcher.store.schema import migrate
store = open_store(sys.argv[1])
sys.stdin.readline()
print(*migrate(store))
store.close()
"""


def names(store: Store) -> list[str]:
    return [table.name for table in store.tables()]


def test_a_script_is_parted_at_the_marks_only():
    script = "create trigger t begin\n  update a set b = ';';\nend\n  --;  \nselect '--;'\n--;\n\n"
    assert statements(script, "sqlite") == ["create trigger t begin\n  update a set b = ';';\nend", "select '--;'"]


def test_a_script_speaks_the_engines_words():
    script = "create table a (b {blob}, f {float}, n {bigint}, j text default '{}'){strict}"
    assert statements(script, "sqlite") == ["create table a (b blob, f real, n integer, j text default '{}') strict"]
    assert statements(script, "postgresql") == [
        "create table a (b bytea, f double precision, n bigint, j text default '{}')"
    ]


def test_the_hubs_migrations_apply_once(empty_store: Store):
    every = [name for name, _ in MIGRATIONS]
    assert pending(empty_store) == every
    assert migrate(empty_store) == every
    assert migrate(empty_store) == []
    assert pending(empty_store) == []


def test_only_what_is_missing_is_applied(empty_store: Store):
    migrate(empty_store, [SHELVES])
    empty_store.insert("shelf", {"id": "s1", "label": "a"})
    assert migrate(empty_store, [SHELVES, LAMPS]) == ["0002_lamps"]
    assert empty_store.query("select id from lamp") == [{"id": ":one;"}]
    assert empty_store.query("select id from shelf") == [{"id": "s1"}]


def test_a_migration_that_fails_leaves_nothing_behind(empty_store: Store):
    with pytest.raises(StoreError):
        migrate(empty_store, [SHELVES, BROKEN])
    assert "chair" not in names(empty_store)
    assert pending(empty_store, [SHELVES, BROKEN]) == ["0003_broken"]


def test_a_database_that_knows_more_than_the_code_is_refused(empty_store: Store):
    migrate(empty_store, [SHELVES, LAMPS])
    for function in (migrate, pending):
        with pytest.raises(SchemaTooNew, match="0002_lamps"):
            function(empty_store, [SHELVES])


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_processes_that_migrate_at_once_apply_each_migration_once(databases, engine: str):
    url = databases.url(engine)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATOR, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        for _ in range(3)
    ]
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=120) for process in started]
    assert [error for _, error in answers] == [""] * 3
    assert sorted(name for out, _ in answers for name in out.split()) == [name for name, _ in MIGRATIONS]
    store = open_store(url)
    assert pending(store) == []
    store.close()


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_both_engines_get_the_same_tables(databases, engine: str):
    store, other = databases.open(engine, migrated=True), databases.open("sqlite", migrated=True)
    assert [(table.name, table.columns, table.key) for table in store.tables()] == [
        (table.name, table.columns, table.key) for table in other.tables()
    ]
    assert [sorted(table.references) for table in store.tables()] == [
        sorted(table.references) for table in other.tables()
    ]


def test_a_database_that_is_lent_again_is_as_new(databases, store: Store):
    """The fixtures empty a used PostgreSQL database; what migrations put into it must be there again."""
    new = databases.open("sqlite", migrated=True)
    for table in new.tables():
        count = f'select count(*) as n from "{table.name}"'
        assert store.query(count) == new.query(count), table.name
