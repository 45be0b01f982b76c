"""A disk that is full or fails: for every write and sync of a confirmation, that one fails. Never a false yes."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from matcher.hub import chain, pairings
from matcher.store import Store, open_store
from tests.conftest import Databases
from tests.factories import NOW
from tests.faults.confirming import FIRST, LAST
from tests.faults.test_kills import Cases

ROOT = Path(__file__).resolve().parents[2]
EVERY = os.environ.get("MATCHER_KILLS") == "1000"  # `make test-faults`; else each sixth of them
FAULTS = {"pwrite64": ("ENOSPC", "EIO"), "fdatasync": ("EIO",), "fsync": ("EIO",), "ftruncate": ("EIO",)}


class Scene:
    """A hub in a file with one case to confirm; `again` puts the file back as it was."""

    def __init__(self, databases: Databases, folder: Path) -> None:
        self.url = databases.url("sqlite", migrated=True)
        store = open_store(self.url)
        cases = Cases(store)
        self.case, self.testbed = cases.next()[0]
        self.broker = cases.broker
        store.close()
        self.file = Path(self.url.removeprefix("sqlite:///"))
        self.kept = Path(shutil.copy(self.file, folder / "kept.db"))

    def again(self) -> None:
        for left in self.file.parent.glob(f"{self.file.name}*"):
            left.unlink()
        shutil.copy(self.kept, self.file)

    def confirm(self, *inject: str) -> tuple[str, str]:
        """Confirm in a process of its own under strace; return what it said, and the calls it made after `begin`."""
        log = self.kept.with_suffix(".log")
        command = [
            "strace",
            "-f",
            "--seccomp-bpf",
            "-qq",
            "-e",
            f"trace=write,{','.join(FAULTS)}",
            "-o",
            str(log),
            *inject,
        ]
        program = [sys.executable, "-m", "tests.faults.confirming"]
        given = [self.url, self.broker.person_id or "", self.case, self.testbed]
        done = subprocess.run([*command, *program, *given], cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.stdout.startswith("begin\n"), done.stdout + done.stderr
        return done.stdout.split()[-1], log.read_text()


@pytest.fixture
def scene(databases: Databases, tmp_path: Path) -> Scene:
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    return Scene(databases, tmp_path)


def confirmed(store: Store, case: str) -> bool:
    row = store.query("select confirmed_at from pairing where id = :id", {"id": case})[0]
    halves = [
        store.query("select count(*) as n from access where pairing_id = :id", {"id": case})[0]["n"],
        store.query("select count(*) as n from audit where subject_id = :id", {"id": case})[0]["n"],
    ]
    assert halves == [int(row["confirmed_at"] is not None)] * 2
    return row["confirmed_at"] is not None


def test_whichever_write_or_sync_fails_nobody_hears_a_false_yes(scene: Scene) -> None:
    said, log = scene.confirm()
    assert said == "confirmed"
    before, _, during = log.partition('write(1, "begin')
    told: Counter[str] = Counter()
    for call, errors in FAULTS.items():
        first, count = before.count(f" {call}(") + 1, during.count(f" {call}(")
        numbers = range(first, first + count, 1 if EVERY else 6)
        tried = itertools.product(numbers, errors) if EVERY else zip(numbers, itertools.cycle(errors), strict=False)
        for number, error in tried:
            scene.again()
            said, _ = scene.confirm("-e", f"inject={call}:error={error}:when={number}")
            store = open_store(scene.url)
            kept = confirmed(store, scene.case)
            assert said != "confirmed" or kept, f"{call} {number}: said to be confirmed, and is not"
            assert store.query("pragma integrity_check") == [{"integrity_check": "ok"}]
            if not kept:  # repaired: the same is done at once
                pairings.confirm(store, scene.broker, scene.case, scene.testbed, FIRST, LAST, NOW)
            assert confirmed(store, scene.case)
            assert not chain.verify(store).faults
            told[f"{call} {error} {said}"] += 1
            store.close()
    print(dict(told))
    assert sum(told.values()) >= (10 if EVERY else 3)
    felt = {name.split()[1] for name in told if not name.endswith("confirmed")}
    assert felt == {"ENOSPC", "EIO"}  # of each some were felt
