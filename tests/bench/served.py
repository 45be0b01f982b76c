"""Servers for the benches that ask over HTTP: the hub, a bare page, Datasette; and wrk, which asks."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from matcher import config as configuration
from matcher.exchange.demo import ACCOUNTS, PASSWORD
from matcher.ranking import indexing
from matcher.ranking.encoder import load_encoder
from matcher.store import Store, open_store

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("load.lua")
DATASETTE = ROOT / ".venv-bench" / "bin" / "python"
CONNECTIONS = 16
ROUNDS = int(os.environ.get("MATCHER_BENCH_ROUNDS") or 9)
SECONDS = float(os.environ.get("MATCHER_BENCH_SECONDS") or 3)  # of one asking
START_SECONDS = 120
READ_SECONDS = 3600


@dataclass(frozen=True)
class Asked:
    """What one asking gave: answers a second, p50 and p95 in milliseconds, errors (no answer, or none of 200)."""

    rate: float
    p50: float
    p95: float
    errors: int


class Server:
    """A process group that answers at an address."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], port: int, path: str = "/") -> None:
        """Start it, and wait until it answers."""
        self.address = f"http://127.0.0.1:{port}"
        self.started = time.monotonic()
        self.process = subprocess.Popen(command, env={**os.environ, **environment}, cwd=ROOT, start_new_session=True)
        until(lambda: _answers(self.address + path), START_SECONDS, f"{self.address} answers")

    def seconds(self) -> float:
        """Return the processor time of the process and all its children so far."""
        return processor_seconds(self.process.pid)

    def stop(self) -> None:
        """End it with all its children."""
        end(self.process)


def until(done: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait; raise TimeoutError when it takes too long."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and all its children that run."""
    total = 0.0
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        for one in (first, *first.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                times = one.cpu_times()
                total += times.user + times.system
    return total


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started as the first of its group."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(address: str) -> bool:
    with suppress(requests.RequestException):
        return requests.get(address, timeout=10).status_code < 500
    return False


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(folder: Path, port: int) -> dict[str, str]:
    """Return the settings of a demo hub in a folder."""
    return {
        "MATCHER_INSTANCE": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'matcher.db'}",
        "MATCHER_BASE_URL": f"http://127.0.0.1:{port}",
        "MATCHER_DEMO": "1",
        "MATCHER_PROXIES": "1",
        "PORT": str(port),
        "PYTHONPATH": str(ROOT),
        "OPENBLAS_NUM_THREADS": "1",
    }


def gunicorn(app: str, environment: Mapping[str, str], port: int, path: str = "/") -> Server:
    """Serve an application by the hub's own settings of gunicorn."""
    command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), app]
    return Server(command, {**environment, "PORT": str(port)}, port, path)


def matcher(environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    """Start a command of the hub."""
    return subprocess.Popen(
        [sys.executable, "-m", "matcher.cli", *arguments], env={**os.environ, **environment}, cwd=ROOT,
        stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def demo() -> Path:
    """Return the folder of a demo hub whose texts are all read; the first time that takes some minutes."""
    settings = configuration.read()
    folder = settings.instance / "bench"
    folder.mkdir(exist_ok=True)
    if not (folder / "models").exists():
        (folder / "models").symlink_to((settings.instance / "models").resolve())
    env = environment(folder, free_port())
    for command in ("migrate",) if (folder / "matcher.db").exists() else ("migrate", "demo"):
        if matcher(env, command).wait():
            raise RuntimeError(f"matcher {command} failed in {folder}")
    store, worker = of(folder), matcher(env, "work")
    name = indexing.model_name(load_encoder(settings.model, settings.instance))
    try:
        until(lambda: not left(store, name), READ_SECONDS, "the demo's texts are read")
    finally:
        end(worker)
        store.close()
    return folder


def of(folder: Path) -> Store:
    """Return the store of a hub in a folder."""
    return open_store(f"sqlite:///{folder / 'matcher.db'}")


def left(store: Store, model: str) -> int:
    """Return how many texts wait for a vector of theirs, of their sentences or without each of them."""
    unweighed = "select count(*) as n from embedding where kind = 'startup' and weighed_at is null"
    behind = sum(indexing.behind(store, model).values()) + indexing.unspoken(store, model)
    return behind + store.query(unweighed)[0]["n"]


def copy(folder: Path) -> Path:
    """Return a new folder with a copy of a hub that nobody uses; it goes when this process ends."""
    target = Path(tempfile.mkdtemp(prefix="matcher-bench-"))
    atexit.register(shutil.rmtree, target, ignore_errors=True)
    (target / "models").symlink_to((folder / "models").resolve())
    if (folder / "secret_key").exists():
        shutil.copyfile(folder / "secret_key", target / "secret_key")
    store = of(folder)
    store.save_to(target / "matcher.db")
    store.close()
    return target


def broker(address: str) -> str:
    """Log in as the demo's broker and return the cookies as a header's value."""
    browser = requests.Session()
    page = browser.get(f"{address}/login", timeout=60).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    form = {"csrf_token": token, "email": ACCOUNTS[0]["email"], "password": PASSWORD}
    answer = browser.post(f"{address}/login", data=form, timeout=60)
    if "login" in answer.url:
        raise RuntimeError(f"the broker could not log in: {answer.status_code}")
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def ask(
    address: str, paths: Sequence[str], connections: int = CONNECTIONS, cookie: str = "", seconds: float = SECONDS
) -> Asked:
    """Ask for addresses in turn over so many connections, and return what it took."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write("\n".join(paths) + "\n")
        listed.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "30s"]
        command += ["-H", f"Cookie: {cookie}"] if cookie else []
        command += ["-s", str(SCRIPT), address, "--", listed.name, str(time.time_ns() % 10**6)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    count, microseconds, p50, p95, errors = map(int, re.search(r"figures (.+)", said)[1].split())
    return Asked(count / (microseconds / 1e6), p50 / 1000, p95 / 1000, errors)


def broker_needs(address: str, cookie: str) -> list[str]:
    """Return the ids of the needs that are published, as the interface lists them."""
    found = requests.get(f"{address}/api/v1/needs?per_page=100", headers={"Cookie": cookie}, timeout=60).json()
    return [row["id"] for row in found["rows"]]
