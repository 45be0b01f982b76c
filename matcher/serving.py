"""`matcher run`: the pages and the background work side by side, ended together."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from .config import Config
from .exchange.demo import PASSWORD

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 90
STOP_SECONDS = 20


def serve_all(config: Config, accounts: Sequence[dict[str, str]]) -> int:
    """Run both until Ctrl-C or SIGTERM, or until one of them ends; return the exit status."""
    web = [sys.executable, "-m", "gunicorn", "--chdir", str(ROOT), "-c", str(ROOT / "gunicorn.conf.py"), "wsgi:app"]
    background = [sys.executable, "-m", "matcher.cli", "work"]
    stop = threading.Event()

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    # Their own sessions: Ctrl-C reaches this process alone, which then ends both in order.
    children = [subprocess.Popen(command, start_new_session=True) for command in (background, web)]  # noqa: S603
    try:
        if _answers(config, children, stop):
            _greet(config, accounts)
        while not stop.is_set() and all(child.poll() is None for child in children):
            stop.wait(0.5)
    finally:
        _end(children)
    ended = [child.returncode for child in children]
    return 0 if stop.is_set() else max((abs(code) for code in ended if code), default=1)


def _answers(config: Config, children: Sequence[subprocess.Popen[bytes]], stop: threading.Event) -> bool:
    url = f"http://127.0.0.1:{config.port}/healthz"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and not stop.is_set() and all(child.poll() is None for child in children):
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
