"""Where an entry stands in a file of settings, so that who has to mend it need not count."""

from __future__ import annotations

import re


def line_of_table(text: str, table: str, number: int) -> int | None:
    """Return the line of the `number`-th `[[table]]` heading of a TOML text, from 1, or None when it has no such."""
    heading = re.compile(rf"\s*\[\[\s*{re.escape(table)}\s*\]\]")
    lines = [at for at, line in enumerate(text.splitlines(), 1) if heading.match(line)]
    return lines[number - 1] if 0 < number <= len(lines) else None


def place(text: str, table: str, number: int) -> str:
    """Return `line 12: ` for an entry, or nothing where entries are written in another way."""
    line = line_of_table(text, table, number)
    return f"line {line}: " if line else ""


def line_of_key(text: str, key: str) -> int:
    """Return the line of a JSON text where a key stands, or the first when it is not there."""
    found = [at for at, line in enumerate(text.splitlines(), 1) if f'"{key}"' in line]
    return found[0] if found else 1
