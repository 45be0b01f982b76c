"""CSV, JSON and JSONL: bytes to numbered rows of text. Runs in the reader's own process (`reading.py`)."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator
from typing import Any

from .errors import ImportRefused

MOST_IN_A_CELL = 1_000_000
DELIMITERS = ";,\t"
_SURROGATE = re.compile("[\ud800-\udfff]")
_UTF8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")
_HIGH = re.compile(rb"[\x80-\xff]")
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def decode(data: bytes) -> tuple[str, str]:
    """Return the text and the name of its encoding: UTF-8, UTF-16 or Windows-1252; raise ImportRefused.

    Windows-1252 can decode almost anything, so a file that holds letters in UTF-8 is never read as it: one stray
    byte would turn every å of the file into two other letters, and nobody would be told.
    """
    marked = next((name for bom, name in _BOMS.items() if data.startswith(bom)), None)
    encoding = marked or _utf16(data) or "utf-8"
    try:
        return _without_nul(data.decode(encoding)), encoding.removesuffix("-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        letters = sum(map(len, _UTF8_LETTER.findall(data)))
        if error.end >= len(data) and "end of data" in error.reason and (encoding != "utf-8" or letters):
            raise ImportRefused("file_half", line=line) from None
        if encoding != "utf-8" or letters > len(_HIGH.findall(data)) // 2:
            raise ImportRefused("file_encoding", line=line) from None
    try:
        return _without_nul(data.decode("cp1252")), "windows-1252"
    except UnicodeDecodeError as error:
        raise ImportRefused("file_encoding", line=data.count(b"\n", 0, error.start) + 1) from None


def _utf16(data: bytes) -> str | None:
    """Return the UTF-16 of a text without a mark: every other byte of Latin letters is then zero."""
    start = data[:2_000]
    low, high = start[1::2].count(0), start[::2].count(0)
    if low + high < len(start) // 4:
        return None
    return "utf-16-le" if low > high else "utf-16-be"


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ImportRefused("file_nul", line=text.count("\n", 0, text.index("\x00")) + 1)
    return text


def delimiter_of(text: str) -> str:
    """Return which of `;`, `,` and TAB the line of headings holds most of, outside quotation marks."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=re.sub(r'"[^"]*"', "", first).count)


def csv_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line where the row begins, its cells), without empty rows; raise ImportRefused."""
    csv.field_size_limit(MOST_IN_A_CELL)
    given = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)  # how Excel notes the delimiter
    delimiter = given[1] if given else delimiter_of(text)
    body = text[given.end() :] if given else text
    offset = 2 if given else 1
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    line, width, last = offset, 0, 0
    while True:
        line = reader.line_num + offset
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            if "field larger" in str(error):
                raise ImportRefused("file_field", line=line, limit=MOST_IN_A_CELL) from None
            raise ImportRefused("file_quotes", line=line) from None
        if any(cell.strip() for cell in cells):
            width, last = width or len(cells), len(cells)
            yield line, cells
    if last < width and not text.endswith(("\n", "\r")):
        raise ImportRefused("file_half", line=line - 1)


def objects(text: str) -> list[tuple[int, dict[str, str]]]:
    """Return (line, or number in a list, and the fields as text) of JSON or JSONL; raise ImportRefused."""
    found = list(enumerate(_one(text), 1)) if text.lstrip().startswith("[") else _lines(text)
    rows = []
    for line, item in found:
        if not isinstance(item, dict):
            raise ImportRefused("file_objects", line=line)
        row = {str(name).strip(): as_text(value) for name, value in item.items()}
        if len(row) < len(item):
            twice = next(name for name in map(str, item) if name != name.strip())
            raise ImportRefused("heading_twice", heading=twice.strip())
        rows.append((line, row))
    return rows


def _lines(text: str) -> list[tuple[int, Any]]:
    """Return one value a line; or, where the first line is no value in itself, the one object that fills the file."""
    found: list[tuple[int, Any]] = []
    for line, part in enumerate(text.split("\n"), 1):
        if not part.strip():
            continue
        try:
            found.append((line, _loaded(part)))
        except (ValueError, RecursionError) as error:
            if found or isinstance(error, _Unclear):
                raise _not_json(error, line) from None
            return [(1, _one(text))]
    return found


def _one(text: str) -> Any:
    try:
        return _loaded(text)
    except (ValueError, RecursionError) as error:
        raise _not_json(error, getattr(error, "lineno", 1)) from None


class _Figure(float):
    """A number with a point, an exponent or a sign before zero, that keeps how it is written."""

    text: str


class _Unclear(ValueError):
    """What JSON of other programs may hold, and each reader takes in its own way."""


def _loaded(text: str) -> Any:
    return json.loads(
        text, parse_float=_figure, parse_int=_whole_number, parse_constant=_no_number, object_pairs_hook=_once
    )


def _figure(text: str) -> _Figure:
    number = _Figure(text)
    if math.isinf(number):
        raise _Unclear("file_number", {})
    number.text = text
    return number


def _whole_number(text: str) -> int | _Figure:
    return _figure(text) if text == "-0" else int(text)


def _no_number(text: str) -> Any:
    raise _Unclear("file_no_number", {"value": text})


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Unclear("heading_twice", {"heading": next(name for name in names if names.count(name) > 1)})
    return found


def _not_json(error: Exception, line: int) -> ImportRefused:
    if isinstance(error, _Unclear):
        code, params = error.args
        return ImportRefused(code, **(params if code == "heading_twice" else {"line": line, **params}))
    if isinstance(error, json.JSONDecodeError):
        return ImportRefused("file_json", line=line, column=error.colno)
    return ImportRefused("file_nested" if isinstance(error, RecursionError) else "file_number", line=line)


def as_text(value: Any) -> str:
    """Return a JSON value as a cell's text: a list is parted by `;`, an object stays JSON."""
    if value is None:
        return ""
    if isinstance(value, _Figure):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(as_text(item) for item in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def whole_characters(text: str) -> str:
    """Return a text in which halves of characters (which no database keeps) are replaced by U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)
