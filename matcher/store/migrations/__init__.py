"""Every table, in the order in which the tables came. Append only: what has run somewhere is never edited.

A migration is a file beside this one, `NNNN_name.sql`. Inside it a line holding only ``--;`` parts two statements.
The place-holders ``{blob}``, ``{float}``, ``{bigint}`` and ``{strict}`` are the only words on which the two
engines differ (see `schema.py`), but for triggers: a statement under ``-- only sqlite`` or ``-- only postgresql``
is for that engine alone. The portable contract stands in the docstring of `matcher.store`.
"""

from __future__ import annotations

from pathlib import Path

Migration = tuple[str, str]

MIGRATIONS: list[Migration] = [
    (path.stem, path.read_text(encoding="utf-8")) for path in sorted(Path(__file__).parent.glob("*.sql"))
]
