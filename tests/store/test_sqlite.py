"""What only SQLite does: journal modes, pragmas, files that cannot be used."""

# ruff: noqa: PT012 (what is raised comes from a block of several statements: that is the test)

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from matcher.store import StoreError, StoreUnavailable, open_store
from matcher.store import sqlite as engine
from matcher.store.schema import migrate

from .conftest import SHELVES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ((3, 40, 1), "truncate"),
        ((3, 44, 5), "truncate"),
        ((3, 44, 6), "wal"),
        ((3, 45, 0), "truncate"),
        ((3, 50, 6), "truncate"),
        ((3, 50, 7), "wal"),
        ((3, 51, 2), "truncate"),
        ((3, 51, 3), "wal"),
        ((3, 53, 0), "wal"),
    ],
)
def test_the_journal_mode_follows_the_version(version: tuple[int, int, int], mode: str):
    assert engine.journal_mode(version) == mode


def test_an_affected_build_takes_a_file_out_of_wal_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    url = f"sqlite:///{tmp_path / 'a.db'}"
    store = open_store(url)
    assert store.describe()["journal_mode"] == "wal"
    store.close()
    monkeypatch.setattr(engine.sqlite3, "sqlite_version_info", (3, 51, 2))
    told = open_store(url).describe()
    assert told["journal_mode"] == "truncate"
    assert "corrupt" in told["note"]


def test_pythons_own_sqlite_serves_where_pysqlite3_is_missing(tmp_path: Path):
    script = f"""
import sqlite3, sys
sys.modules["pysqlite3"] = None
from matcher.store import UniqueViolation, open_store
from matcher.store.schema import migrate
from matcher.store.sqlite import journal_mode
store = open_store("sqlite:///{tmp_path / "a.db"}")
migrate(store)
told = store.describe()
assert told["driver"] == "sqlite3", told
assert told["journal_mode"] == journal_mode(sqlite3.sqlite_version_info), told
try:
    store.insert("counter", {{"name": "seq", "value": 1}})
except UniqueViolation:
    print("unique")
"""
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("unique\n", "")


def test_every_connection_has_the_pragmas(tmp_path: Path):
    store = open_store(f"sqlite:///{tmp_path / 'a.db'}")
    for pragma, value in {"foreign_keys": 1, "synchronous": 2, "trusted_schema": 0, "mmap_size": 0}.items():
        assert store.query(f"pragma {pragma}") == [{pragma: value}]
    assert store.query("pragma busy_timeout") == [{"timeout": 5000}]


def test_the_address_is_relative_with_three_slashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    open_store("sqlite:///a.db").query("select 1 as one")
    open_store(f"sqlite:///{tmp_path}/b.db").query("select 1 as one")
    assert {path.name for path in tmp_path.glob("*.db")} == {"a.db", "b.db"}


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "mysql://a:secret@b/c", "a.db", ""])
def test_another_address_is_refused_without_repeating_it(url: str):
    with pytest.raises(ValueError, match="is written sqlite:///") as caught:
        open_store(url)
    assert "secret" not in str(caught.value)


def test_two_statements_in_one_call_are_refused(tmp_path: Path):
    store = open_store(f"sqlite:///{tmp_path / 'a.db'}")
    with pytest.raises(StoreError, match="one statement"):
        store.execute("create table a (id text); create table b (id text)")
    assert store.tables() == []


def test_a_folder_that_is_missing_makes_the_store_unavailable(tmp_path: Path):
    with pytest.raises(StoreUnavailable):
        open_store(f"sqlite:///{tmp_path}/none/a.db").query("select 1 as one")


def test_a_file_that_is_no_database_makes_the_store_unavailable(tmp_path: Path):
    (tmp_path / "a.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreUnavailable):
        open_store(f"sqlite:///{tmp_path}/a.db").query("select 1 as one")


@pytest.mark.parametrize("sql", ["select label from shelf", "update shelf set places = 2 returning label"])
def test_a_text_that_is_not_utf_8_is_damage(tmp_path: Path, sql: str):
    file = tmp_path / "a.db"
    store = open_store(f"sqlite:///{file}")
    migrate(store, [SHELVES])
    store.insert("shelf", {"id": "s1", "label": "Räddningstjänst"})
    store.insert("shelf", {"id": "s2", "label": "whole"})
    store.close()
    whole = file.read_bytes()
    assert whole.count("Räddningstjänst".encode()) == 2, "the row and its index"
    file.write_bytes(whole.replace("Räddningstjänst".encode(), "Räddningstjänst".encode("latin-1") + b"  "))
    with pytest.raises(StoreUnavailable, match="damaged: a text in label is not UTF-8") as caught:
        store.query(sql)
    assert "ddningstj" not in str(caught.value), "what stands there is for no log"
    assert store.query("select label from shelf where id = 's2'") == [{"label": "whole"}], "the rest is read"


def test_a_schema_that_is_not_utf_8_is_damage(tmp_path: Path):
    """SQLite quotes it in its error, which the driver then cannot read."""
    file = tmp_path / "a.db"
    store = open_store(f"sqlite:///{file}")
    migrate(store, [SHELVES])
    store.close()
    file.write_bytes(file.read_bytes().replace(b"CREATE TABLE shelf (", b"CREATE TABLE shelf \xff"))
    with pytest.raises(StoreUnavailable, match="damaged: its schema is not UTF-8"):
        store.query("select label from shelf")


def test_a_write_in_the_middle_of_a_lost_transaction_does_not_slip_out(tmp_path: Path):
    store = open_store(f"sqlite:///{tmp_path / 'a.db'}")
    migrate(store, [SHELVES])
    with pytest.raises(StoreError), store.atomic():
        store.insert("shelf", {"id": "s1", "label": "a"})
        store.execute("rollback")
        store.insert("shelf", {"id": "s2", "label": "b"})
    assert store.query("select id from shelf") == []


def test_after_an_io_error_the_connection_is_thrown_away(tmp_path: Path):
    script = f"""
import resource, signal
from matcher.store import StoreUnavailable, open_store
from matcher.store.schema import migrate
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = open_store("sqlite:///{tmp_path / "a.db"}")
migrate(store)
def attempt(name):
    try:
        with store.atomic():
            first = store._held()
            store.insert("attempt", {{"bucket": name, "period": "x" * 2_000_000, "count": 1}})
            store.insert("attempt", {{"bucket": name, "period": "y", "count": 1}})
    except StoreUnavailable as error:
        print("unavailable")
    return first.db
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, hard))
first = attempt("a")
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
second = attempt("b")
print(first is not second, store.query("select distinct bucket from attempt"))
"""
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("unavailable\nTrue [{'bucket': 'b'}]\n", "")


def test_the_file_is_readable_by_its_owner_alone(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'hub.db'}")
    store.query("select 1 as one")
    store.close()
    assert (tmp_path / "hub.db").stat().st_mode & 0o777 == 0o600
