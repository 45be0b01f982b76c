from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher import serving
from matcher.commands import opening
from matcher.config import Config
from matcher.store import open_store
from matcher.store.schema import migrate

WAITS = [sys.executable, "-c", "import time; time.sleep(60)"]
CRASHES = [sys.executable, "-c", "import sys; sys.exit(3)"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    port = free_port()
    return Config(tmp_path, "sqlite:///x", "tiny", "key", f"http://127.0.0.1:{port}", port)


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("MATCHER_BIND", raising=False)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def answering(port: int) -> list[str]:
    return [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_both_and_is_no_error(
    config: Config, number: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    greet = serving._greet
    # The greeting comes when the pages answer: from then on the hub is stopped as a person would.
    monkeypatch.setattr(
        serving,
        "_greet",
        lambda *given: (greet(*given), threading.Timer(0, os.kill, (os.getpid(), number)).start()),
    )
    accounts = ({"role": "broker", "email": "broker@demo.example"},)
    assert serving.serve_all(config, accounts, {"the work": WAITS, "the pages": answering(config.port)}) == 0
    shown = capsys.readouterr().out
    assert f"Matcher is at {config.base_url}" in shown
    assert "broker@demo.example" in shown
    assert "Matcher has stopped" in shown
    assert not _listens(config.port)


def test_when_one_crashes_the_other_ends_and_it_is_said(config: Config, capsys: pytest.CaptureFixture[str]) -> None:
    assert serving.serve_all(config, (), {"the background work": CRASHES, "the pages": WAITS}) == 1
    assert "the background work ended with status 3" in capsys.readouterr().err


def test_a_port_in_use_is_found_before_anything_starts(config: Config) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", config.port))
        taken.listen()
        with pytest.raises(serving.PortTaken, match=f"PORT={config.port + 1}"):
            serving.serve_all(config, (), {"the pages": CRASHES})


def test_demo_log_ins_are_only_shown_when_there_are_some(config: Config, capsys: pytest.CaptureFixture[str]) -> None:
    serving._greet(config, ())
    assert "password" not in capsys.readouterr().out


def test_what_is_run_is_the_work_and_the_pages() -> None:
    run = serving.commands()
    assert run["the background work"][-1] == "work"
    assert run["the pages"][-1] == "wsgi:app"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("delete from migration where name = (select max(name) from migration)", "run `matcher migrate`"),
        ("insert into migration (name, applied_at) values ('9999_later', 'x')", "a newer version of the code"),
        ("delete from person where id = '-'", ""),
    ],
    ids=["older", "newer", "fits"],
)
def test_pages_do_not_start_on_a_database_of_another_version(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str, said: str
) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'hub.db'}")
    migrate(store)
    store.execute(change)
    with pytest.raises(SystemExit) if said else contextlib.nullcontext():
        opening.check(store)
    assert said in capsys.readouterr().err
    store.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
