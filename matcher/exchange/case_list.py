"""Released cases as a table: one row a case, the fields of the open data as headings."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from .guarding import put_on


def as_csv(rows: Iterable[dict[str, Any]], fields: Sequence[str]) -> bytes:
    """Return rows as CSV with `;` and a mark for UTF-8, as a Swedish Excel opens it. Lists are parted by a bar."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=";")
    writer.writerow(fields)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in fields])
    return file.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    return put_on("|".join(value) if isinstance(value, list) else str(value))
