"""`matcher run`: the pages and the background work side by side, ended together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

from .config import Config
from .exchange.demo import PASSWORD

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 90
STOP_SECONDS = 20

Commands = Mapping[str, Sequence[str]]


class PortTaken(Exception):
    """Something else listens where the pages should be served; the message says what to do."""


def commands() -> Commands:
    """Return what is run: the background work and the pages, each by its name in messages."""
    web = [sys.executable, "-m", "gunicorn", "--chdir", str(ROOT), "-c", str(ROOT / "gunicorn.conf.py"), "wsgi:app"]
    return {"the background work": [sys.executable, "-m", "matcher.cli", "work"], "the pages": web}


def serve_all(config: Config, accounts: Sequence[dict[str, str]], run: Commands | None = None) -> int:
    """Run both until Ctrl-C or SIGTERM, or until one of them ends; return the exit status.

    Raises PortTaken before anything is started.
    """
    _check_port(config)
    stop = threading.Event()

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    # Their own sessions: Ctrl-C reaches this process alone, which then ends both in order.
    children = {
        name: subprocess.Popen(command, start_new_session=True)  # noqa: S603 — our own two commands
        for name, command in (run or commands()).items()
    }
    try:
        if _answers(config, children, stop):
            _greet(config, accounts)
        while not stop.is_set() and _all_run(children):
            stop.wait(0.5)
        ended = {name: child.returncode for name, child in children.items() if child.poll() is not None}
    finally:
        _end(list(children.values()))
    if stop.is_set():
        print("\n  Matcher has stopped.", flush=True)
        return 0
    for name, code in ended.items():
        print(f"matcher: {name} ended with status {code}, so all of it was stopped. The lines above say why.",
              file=sys.stderr, flush=True)  # fmt: skip
    return 1


def _check_port(config: Config) -> None:
    """Look before starting: else another program's answer would be taken for ours."""
    if os.environ.get("MATCHER_BIND"):
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", config.port))
        except OSError:
            raise PortTaken(
                f"port {config.port} is in use, perhaps by another Matcher. Stop that, or choose another: "
                f"PORT={config.port + 1 if config.port < 65535 else 8000} make run"
            ) from None


def _all_run(children: Mapping[str, subprocess.Popen[bytes]]) -> bool:
    return all(child.poll() is None for child in children.values())


def _answers(config: Config, children: Mapping[str, subprocess.Popen[bytes]], stop: threading.Event) -> bool:
    url = f"http://127.0.0.1:{config.port}/healthz"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and not stop.is_set() and _all_run(children):
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 — our own address
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            stop.wait(0.3)
    return False


def _greet(config: Config, accounts: Sequence[dict[str, str]]) -> None:
    print(f"\n  Matcher is at {config.base_url}   (Ctrl-C stops it)\n", flush=True)
    if accounts:
        print(f"  Demo log-ins, all with the password: {PASSWORD}\n")
        for account in accounts:
            print(f"    {account['role']:<14} {account['email']}")
        print(flush=True)


def _end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
