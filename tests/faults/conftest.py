"""Here databases stand on a disk: what becomes of them on one is what is tested. The seeds of chance are printed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import killing
from .network import Host

WEB = "127.0.0.31"  # port 8000 there is nobody else's


@pytest.fixture(scope="session")
def database_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder on the disk."""
    return tmp_path_factory.mktemp("disk")


@pytest.fixture(scope="session", autouse=True)
def seeds() -> None:
    """Say what leads to the same moments of chance again; pytest shows it with -s, or beside what failed."""
    print(f"\nMATCHER_KILL_SEED={killing.SEED} MATCHER_KILLS={killing.KILLS}")


@pytest.fixture
def web() -> Iterator[Host]:
    """Give a host for the pages; what runs there is killed in the end."""
    folder = Path(tempfile.mkdtemp(prefix="matcher-web-"))
    made = Host("web", WEB, [], folder / "web")
    yield made
    made.kill()
    shutil.rmtree(folder, ignore_errors=True)
