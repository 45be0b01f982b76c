"""The hub's checklists for a case: a line per thing to do in the phase of procurement or of development, with why.

They are configuration, read from `data/checklists.toml` or from a hub's own `INSTANCE/checklists.toml`. What is
ticked in a case is in `case_tasks.py`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .entry_lines import place
from .reference import DATA

SHIPPED = DATA / "checklists.toml"
PHASES = ("procurement", "development")
LOCALES = ("sv", "en")
MOST = 60


class ChecklistError(Exception):
    """A file that cannot be used; the message names the file, the entry and what is wrong."""


@dataclass(frozen=True)
class Item:
    """A line: its phase and code, what is done and why, each by language."""

    phase: str
    code: str
    text: dict[str, str]
    why: dict[str, str]


@dataclass(frozen=True)
class Checklists:
    """All lines in their order, and what is wrong with the hub's own file, if anything."""

    items: tuple[Item, ...]
    fault: str = ""

    def of(self, phase: str) -> list[Item]:
        """Return the lines of a phase in their order."""
        return [item for item in self.items if item.phase == phase]

    def find(self, phase: str, code: str) -> Item | None:
        """Return a line by phase and code, or None when the list no longer has it."""
        return next((item for item in self.of(phase) if item.code == code), None)


def load(own: Path | None = None) -> Checklists:
    """Return the hub's own lists where the file `own` is there and can be used, else those shipped."""
    there = own is not None and own.is_file()
    return _load(str(own), own.stat().st_mtime_ns) if own and there else _load("", 0)


@lru_cache(maxsize=4)
def _load(path: str, changed: int) -> Checklists:
    """Read a file once for each state of it; `changed` is its time of change."""
    if not path:
        return Checklists(read(SHIPPED))
    try:
        return Checklists(read(Path(path)))
    except ChecklistError as error:
        return Checklists(read(SHIPPED), str(error))


def read(path: Path) -> tuple[Item, ...]:
    """Return the lines of a file; raise ChecklistError."""
    try:
        source = path.read_text(encoding="utf8")
        rows = tomllib.loads(source).get("item")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ChecklistError(f"{path.name}: {error}") from None
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST:
        raise ChecklistError(f"{path.name}: there must be 1 to {MOST} entries called [[item]]")
    items = []
    for number, row in enumerate(rows, 1):
        try:
            items.append(_item(row))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            said = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
            raise ChecklistError(f"{path.name}: {place(source, 'item', number)}item {number}: {said}") from None
        if any((item.phase, item.code) == (items[-1].phase, items[-1].code) for item in items[:-1]):
            raise ChecklistError(
                f"{path.name}: {place(source, 'item', number)}item {number}: "
                f"the code {items[-1].code} stands twice in the same phase"
            )
    return tuple(items)


def _item(row: dict[str, Any]) -> Item:
    if row["phase"] not in PHASES:
        raise ValueError(f"phase must be one of {', '.join(PHASES)}")
    code = row["code"]
    if not isinstance(code, str) or not code.isidentifier() or not code.isascii() or len(code) > 60:
        raise ValueError(f"code must be letters, digits and _ (at most 60): {str(code)[:60]!r}")
    return Item(row["phase"], code, _words(row), _words(row["why"]))


def _words(row: dict[str, Any]) -> dict[str, str]:
    for locale in LOCALES:
        if not isinstance(row[locale], str) or not row[locale].strip() or len(row[locale]) > 500:
            raise ValueError(f"the text {locale} must have 1 to 500 characters")
    return {locale: row[locale].strip() for locale in LOCALES}
