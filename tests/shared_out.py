"""How the tests are shared out between processes: whole files, and to one process all that loads the real model.

The model is then loaded and the demo embedded once. That is the longest part, so it begins first; the rest goes to
whoever is free.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[1]


class ByFile(LoadScopeScheduling):
    """Sends a file to a process, or all files that load the model."""

    def _split_scope(self, nodeid: str) -> str:
        name = nodeid.partition("::")[0]
        return "model" if _loads_the_model(name) else name


def scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Return what shares the tests out (a hook of pytest-xdist)."""
    return ByFile(config, log)


def in_order(items: list[pytest.Item]) -> None:
    """Put what loads the model first (a hook of pytest)."""
    items.sort(key=lambda item: not _loads_the_model(item.nodeid.partition("::")[0]))


@cache
def _loads_the_model(name: str) -> bool:
    return "pytest.mark.model" in (ROOT / name).read_text(encoding="utf8")
