"""What the engine's own catalogue says about a table; for moving and checking databases, not for daily use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """One table: its columns in order, the columns of its primary key, and (column, other table) per foreign key."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    references: tuple[tuple[str, str], ...]
