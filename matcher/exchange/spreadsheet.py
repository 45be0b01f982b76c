"""XLSX: bytes to numbered rows of text. Runs in the reader's own process (`reading.py`).

The archive is measured before it is read, by what really comes out of it and not by what it declares. The cells are
read by calamine (Rust), which expands no entities; a file with a document type definition is refused all the same.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from .errors import N_, ImportRefused

MOST_ENTRIES = 1_000
MOST_UNPACKED = 100_000_000
MOST_RATIO = 100
BLOCK = 1 << 16
_CELL = re.compile(rb"<c\b([^>]*[^>/])>((?:(?!</c>).)*)</c>", re.DOTALL)
_NEVER_CALCULATED = re.compile(rb"<f\b[^>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*\Z")
_ERROR = re.compile(rb"<v>([^<]{1,20})</v>")
_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_LONGEST_CELL = 200_000  # a cell holds at most 32,767 characters


def rows(data: bytes, name: str) -> tuple[Iterator[tuple[int, list[str]]], str]:
    """Return (row number, cells as text) of the first sheet that holds anything, and its name; raise ImportRefused."""
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    errors = _examined(data, name)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        shown = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        for sheet_name in shown:
            sheet = book.get_sheet_by_name(sheet_name)
            if sheet.total_height and sheet.start is not None:
                return _cells(sheet, errors.get(book.sheet_names.index(sheet_name), {})), sheet_name
    except (CalamineError, OSError, ValueError, KeyError, zipfile.BadZipFile):
        raise ImportRefused("file_broken") from None
    raise ImportRefused("file_empty")


def _cells(sheet: Any, errors: dict[tuple[int, int], str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a sheet. Cells with an error hold its name (#N/A), where calamine gives nothing."""
    left = sheet.start[1]  # `iter_rows` gives the empty rows above the table, but not the empty columns beside it
    wrong: dict[int, dict[int, str]] = {}
    for (row, column), text in errors.items():
        wrong.setdefault(row, {})[column] = text
    for number, cells in enumerate(sheet.iter_rows(), 1):
        texts = [""] * left + [as_text(cell) for cell in cells]
        for column, text in wrong.get(number, {}).items():
            if column < len(texts) and not texts[column]:
                texts[column] = text
        if any(text.strip() for text in texts):
            yield number, texts


def _examined(data: bytes, name: str) -> dict[int, dict[tuple[int, int], str]]:
    """Measure the archive and look through its XML; return the cells with errors by sheet, row and column."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ENTRIES:
                raise ImportRefused("file_bomb")
            _check_kind({entry.filename for entry in entries}, name)
            left = MOST_UNPACKED
            found: dict[int, dict[tuple[int, int], str]] = {}
            for entry in entries:
                with archive.open(entry) as part:
                    left -= _look_through(part, entry, left, len(data), found)
            return found
    except (
        zipfile.BadZipFile, zipfile.LargeZipFile, zipfile.zlib.error, EOFError, NotImplementedError, RuntimeError,
    ):  # fmt: skip
        raise ImportRefused("file_broken") from None


def _check_kind(names: set[str], name: str) -> None:
    """Tell an XLSX from the other kinds of file that are packed the same way."""
    if any("vbaproject" in entry.lower() or "macrosheets/" in entry.lower() for entry in names):
        raise ImportRefused("file_macros", name=name)
    if not any(re.fullmatch(r"xl/workbook\d*\.xml", entry) for entry in names):
        kinds = {
            "word/": N_("a text document"),
            "ppt/": N_("a presentation"),
            "content.xml": N_("an OpenDocument file"),
        }
        starts = (kind for start, kind in kinds.items() if any(entry.startswith(start) for entry in names))
        kind = next(starts, N_("a packed file"))
        raise ImportRefused("file_type", name=name, found=kind)


def _look_through(part: Any, entry: zipfile.ZipInfo, left: int, packed: int, found: dict[int, Any]) -> int:
    """Read one entry to its end in blocks and return its size; raise ImportRefused for a bomb or a DTD."""
    size, rest = 0, b""
    sheet = re.fullmatch(r"xl/worksheets/sheet(\d+)\.xml", entry.filename)
    errors = found.setdefault(int(sheet[1]) - 1, {}) if sheet else {}
    while block := part.read(BLOCK):
        size += len(block)
        # 1 MB may always come out: a small file of equal rows packs to less than a hundredth.
        if size > left or (size > 1_000_000 and size > MOST_RATIO * packed):
            raise ImportRefused("file_bomb")
        if not entry.filename.endswith((".xml", ".rels", ".vml")):
            continue
        window = rest + block
        if b"\x00" in window:  # UTF-16 would hide the words looked for below
            raise ImportRefused("file_broken")
        if b"<!DOCTYPE" in window or b"<!ENTITY" in window:
            raise ImportRefused("file_dtd", name=entry.filename)
        rest = _check_cells(window, errors) if sheet else window[-16:]
    return size


def _check_cells(window: bytes, errors: dict[tuple[int, int], str]) -> bytes:
    """Note cells with errors, refuse formulas without a value; return what belongs to the next block."""
    end = 0
    if b"<f" in window or b't="e"' in window:
        for cell in _CELL.finditer(window):
            end = cell.end()
            if b"<f" not in cell[2] and b't="e"' not in cell[1]:
                continue
            place = _REFERENCE.search(cell[1])
            where = (place[1] + place[2]).decode() if place else "?"
            if _NEVER_CALCULATED.search(cell[2]):
                raise ImportRefused("file_formula", cell=where)
            if b't="e"' in cell[1] and place and (error := _ERROR.search(cell[2])):
                errors[(int(place[2]), _column(place[1]))] = error[1].decode("ascii", "replace")
    start = max(end, window.rfind(b"<c ", end), len(window) - _LONGEST_CELL)
    return window[start:] if window.rfind(b"<c ", end) >= 0 else window[-16:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def as_text(cell: Any) -> str:
    """Return a cell as a person would type it: whole numbers without a point, days as ISO dates."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "True" if cell else "False"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)
