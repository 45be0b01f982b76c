"""Reading a table: CSV, XLSX, JSON or JSONL to headings and rows of text, the same whatever it came as.

Nothing is changed silently: leading zeros stay, dates become ISO days, and a cell keeps every character it has.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

from . import spreadsheet
from .errors import ImportRefused

MOST_BYTES = 10_000_000
MOST_ROWS = 20_000
MOST_COLUMNS = 200
_FIELD_BYTES = 1_000_000


@dataclass(frozen=True)
class Table:
    """Headings in order, and rows as (line number in the file, {heading: text})."""

    headings: list[str]
    rows: list[tuple[int, dict[str, str]]]


def read(data: bytes, name: str) -> Table:
    """Return the table in a file's bytes; raise ImportRefused. The kind is told from the bytes, then from the name."""
    if not data.strip():
        raise ImportRefused("file_empty")
    if len(data) > MOST_BYTES:
        raise ImportRefused("file_size", limit=MOST_BYTES // 1_000_000)
    if data[:4] == b"PK\x03\x04":
        return _checked(*_with_lines(spreadsheet.read(data)))
    ending = name.rpartition(".")[2].lower()
    if ending in ("xlsx", "xls", "ods", "docx", "pdf", "zip", "gz") or data[:4] in (b"\xd0\xcf\x11\xe0", b"%PDF"):
        # Named a spreadsheet but not one inside, or a kind that is not read.
        code = "file_broken" if ending == "xlsx" else "file_type"
        raise ImportRefused(code, name=name, detail="no XLSX inside")
    text = decode(data)
    first = text.lstrip()[:1]
    if ending in ("json", "jsonl", "ndjson") or first in ("{", "["):
        return _checked(*_objects(text))
    return _checked(*_with_lines(_cells(text)))


def decode(data: bytes) -> str:
    """Return the text of UTF-8 (with or without BOM), UTF-16 with BOM, or Windows-1252 bytes."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        candidates = ["utf-16"]
    else:
        candidates = ["utf-8-sig", "cp1252"]
    for encoding in candidates:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise ImportRefused("file_encoding")


def _cells(text: str) -> list[list[str]]:
    """Return the cells of a CSV; the delimiter is the one of `;`, `,` and TAB that the first line has most of."""
    csv.field_size_limit(_FIELD_BYTES)
    first = text.split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    try:
        for cells in reader:
            rows.append(cells)
            if len(rows) > MOST_ROWS + 1:
                raise ImportRefused("too_many_rows", limit=MOST_ROWS)
    except csv.Error as error:
        raise ImportRefused("file_broken", detail=f"line {reader.line_num}: {error}") from None
    return rows


def _with_lines(cells: list[list[str]]) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Take the first row that holds anything as headings. A row longer than they are is kept under `column N`."""
    numbered = [(line, row) for line, row in enumerate(cells, 1) if any(cell.strip() for cell in row)]
    if not numbered:
        raise ImportRefused("file_empty")
    headings = [cell.strip() for cell in numbered[0][1]]
    while headings and not headings[-1]:
        headings.pop()
    width = max(len(headings), max((len(_trimmed(row)) for _, row in numbered), default=0))
    if width > MOST_COLUMNS:
        raise ImportRefused("too_many_columns", limit=MOST_COLUMNS)
    headings = [heading or f"column {number}" for number, heading in enumerate(headings, 1)]
    headings += [f"column {number}" for number in range(len(headings) + 1, width + 1)]
    rows = [(line, dict(zip(headings, row + [""] * (width - len(row)), strict=False))) for line, row in numbered[1:]]
    return headings, rows


def _trimmed(row: list[str]) -> list[str]:
    end = len(row)
    while end and not row[end - 1].strip():
        end -= 1
    return row[:end]


def _objects(text: str) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    found = _whole(text) if text.lstrip().startswith("[") else _lines(text)
    headings: dict[str, None] = {}
    rows = []
    for line, item in found:
        if not isinstance(item, dict):
            raise ImportRefused("file_objects", line=line)
        row = {str(name).strip(): _text(value) for name, value in item.items()}
        headings.update(dict.fromkeys(row))
        rows.append((line, row))
    return list(headings), rows


def _whole(text: str) -> list[tuple[int, Any]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ImportRefused("file_json", line=getattr(error, "lineno", 1), detail=str(error)[:120]) from None
    return list(enumerate(found, 1))


def _lines(text: str) -> list[tuple[int, Any]]:
    lines = [(line, part) for line, part in enumerate(text.split("\n"), 1) if part.strip()]
    found = []
    for line, part in lines:
        try:
            found.append((line, json.loads(part)))
        except (ValueError, RecursionError) as error:
            whole = _one_object(text) if line == lines[0][0] else None
            if whole is not None:
                return [(1, whole)]
            raise ImportRefused("file_json", line=line, detail=str(error)[:120]) from None
    return found


def _one_object(text: str) -> Any:
    """Return the one object that fills a file over several lines, or None."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(_text(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _checked(headings: list[str], rows: list[tuple[int, dict[str, str]]]) -> Table:
    if len(headings) > MOST_COLUMNS:
        raise ImportRefused("too_many_columns", limit=MOST_COLUMNS)
    if len(rows) > MOST_ROWS:
        raise ImportRefused("too_many_rows", limit=MOST_ROWS)
    if not rows:
        raise ImportRefused("no_rows")
    twice = [heading for heading in headings if headings.count(heading) > 1]
    if twice:
        raise ImportRefused("heading_twice", heading=twice[0])
    return Table(headings, rows)
