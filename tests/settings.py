"""The settings of hubs that tests run: the usual ones here, in each test what is its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matcher.config import Config

SECRET = "for tests only, 0123456789 abcdefghij"


def settings(folder: Path, **own: Any) -> Config:
    """Return the settings of a hub in a folder, with a database there and the tiny encoder; `own` are others."""
    usual = {
        "instance": folder,
        "database_url": f"sqlite:///{folder / 'hub.db'}",
        "model": "tiny",
        "secret_key": SECRET,
        "base_url": "http://localhost",
        "port": 8000,
        "testing": True,
    }
    return Config(**usual | own)
