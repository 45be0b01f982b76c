"""Here databases stand on a disk: what becomes of them on one is what is tested."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def database_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder on the disk."""
    return tmp_path_factory.mktemp("disk")
