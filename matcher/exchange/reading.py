"""Reads an uploaded file in a process of its own, which can be killed: bytes on stdin, JSON lines on stdout.

`python -m matcher.exchange.reading NAME ROWS < FILE`. The process gets little memory and little time, and nothing of
the hub's settings. The first line it writes is what was found, or why the file is refused; then come the rows.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from . import spreadsheet, textfiles
from .errors import N_, ImportRefused
from .guarding import taken_off

SECONDS = 20
MOST_MEMORY = 256_000_000
MOST_ROWS = 20_000
MOST_COLUMNS = 200
# One text that many cells of a spreadsheet share comes out again in each of them.
MOST_CHARACTERS = 40_000_000
Found = tuple[list[str], list[list[Any]], dict[str, str]]

# First bytes of kinds that people choose by mistake.
_KINDS = {
    b"%PDF": N_("a PDF"),
    b"{\\rtf": N_("a text document"),
    b"\x1f\x8b": N_("a packed file"),
    b"7z\xbc\xaf": N_("a packed file"),
    b"Rar!": N_("a packed file"),
    b"\x89PNG": N_("a picture"),
    b"\xff\xd8\xff": N_("a picture"),
    b"GIF8": N_("a picture"),
    b"<": N_("a web page or XML"),
}
_OLE = b"\xd0\xcf\x11\xe0"


def main() -> None:
    """Read stdin and write what was found, or the refusal, to stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    name, wanted = sys.argv[1], int(sys.argv[2])
    try:
        headings, rows, about = read(sys.stdin.buffer.read(), name)
    except ImportRefused as error:
        _say({"refused": error.code, "params": error.params})
        return
    except MemoryError:
        _say({"refused": "file_heavy", "params": {}})
        return
    _say({"headings": headings, "total": len(rows), "about": about})
    for row in rows[:wanted]:
        _say(row)


def _say(found: Any) -> None:
    sys.stdout.write(json.dumps(found) + "\n")


def read(data: bytes, name: str) -> Found:
    """Return headings, rows as [line, cells, fault or None] and what was found out about the file."""
    if not data.strip():
        raise ImportRefused("file_empty")
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:5]
    if start.startswith(_OLE):
        raise ImportRefused("file_old", name=name)
    found = next((kind for magic, kind in _KINDS.items() if start.startswith(magic)), None)
    if found:
        raise ImportRefused("file_type", name=name, found=found)
    if data.startswith(b"PK"):
        rows, sheet = spreadsheet.rows(data, name)
        return _table(rows, torn=False, about={"sheet": sheet})
    if name.lower().endswith(".xlsx"):
        raise ImportRefused("file_not_xlsx", name=name)
    text, encoding = textfiles.decode(data)
    if text.lstrip()[:1] in ("{", "["):
        return _of_objects(text, {"encoding": encoding})
    delimiter = {"\t": "TAB"}.get(textfiles.delimiter_of(text), textfiles.delimiter_of(text))
    return _table(textfiles.csv_rows(text), torn=True, about={"encoding": encoding, "delimiter": delimiter})


def _table(rows: Iterator[tuple[int, list[str]]], torn: bool, about: dict[str, str]) -> Found:
    """Take the first row as headings. What stands beside them gets `column N`, or in a CSV makes the row torn.

    The hub's own guard against formulas is taken off, also of a file that a spreadsheet saved as its own since.
    """
    first = next(rows, None)
    if first is None:
        raise ImportRefused("file_empty")
    headings = [taken_off(cell).strip() for cell in _trimmed(first[1])]
    kept = [[line, [taken_off(cell) for cell in _trimmed(cells)], None] for line, cells in _bounded(rows)]
    width = max([len(headings), *(len(cells) for _, cells, _ in kept)])
    _check_columns(width)
    if torn:
        for row in kept:
            if len(row[1]) > len(headings):
                row[2] = ["torn", {"cells": len(row[1]), "headings": len(headings)}]
    else:
        headings += [""] * (width - len(headings))
    return _checked([heading or f"column {number}" for number, heading in enumerate(headings, 1)], kept, about)


def _of_objects(text: str, about: dict[str, str]) -> Found:
    found = list(_bounded(textfiles.objects(text)))
    headings = list(dict.fromkeys(name for _, row in found for name in row))
    _check_columns(len(headings))
    rows = []
    for line, row in found:
        cells = [row.get(name, "") for name in headings]
        whole = [textfiles.whole_characters(cell) for cell in cells]
        rows.append([line, whole, None if whole == cells else ["half_character", {}]])
    return _checked([textfiles.whole_characters(name) for name in headings], rows, about)


def _bounded(rows: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    """Pass rows on; raise ImportRefused when they are too many or hold too much."""
    left = MOST_CHARACTERS
    for number, (line, row) in enumerate(rows, 1):
        if number > MOST_ROWS:
            raise ImportRefused("too_many_rows", limit=MOST_ROWS)
        left -= sum(map(len, row.values() if isinstance(row, dict) else row))
        if left < 0:
            raise ImportRefused("file_bomb")
        yield line, row


def _trimmed(cells: list[str]) -> list[str]:
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _check_columns(count: int) -> None:
    if count > MOST_COLUMNS:
        raise ImportRefused("too_many_columns", limit=MOST_COLUMNS)


def _checked(headings: list[str], rows: list[list[Any]], about: dict[str, str]) -> Found:
    if not rows:
        raise ImportRefused("no_rows")
    twice = next((heading for number, heading in enumerate(headings) if heading in headings[:number]), None)
    if twice is not None:
        raise ImportRefused("heading_twice", heading=twice)
    return headings, rows, about


if __name__ == "__main__":
    main()
