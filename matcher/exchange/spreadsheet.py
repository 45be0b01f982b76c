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
from xml.parsers import expat

from .errors import N_, ImportRefused
from .sheet_marks import Marks, sheets, zero_formats

MOST_ENTRIES = 1_000
MOST_UNPACKED = 100_000_000
MOST_RATIO = 100
BLOCK = 1 << 16
_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]{0,100}\bencoding=["']([^"']{1,40})["']""")
BOOK, RELATIONS, STYLES = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"


def rows(data: bytes, name: str) -> tuple[Iterator[tuple[int, list[str]]], str]:
    """Return (row number, cells as text) of the first sheet that holds anything, and its name; raise ImportRefused."""
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    marked = _examined(data, name)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        shown = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        if book.sheet_names != list(marked):
            raise ImportRefused("file_broken")
        for sheet_name in shown:
            if fault := marked[sheet_name].fault:
                raise fault
            sheet = book.get_sheet_by_name(sheet_name)
            if sheet.total_height and sheet.start is not None:
                return _cells(sheet, marked[sheet_name].texts), sheet_name
    except (CalamineError, OSError, ValueError, KeyError, zipfile.BadZipFile):
        raise ImportRefused("file_broken") from None
    raise ImportRefused("file_empty")


def _cells(sheet: Any, seen: dict[tuple[int, int], str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a sheet. What was `seen` in its XML stands before what calamine gives."""
    left = sheet.start[1]  # `iter_rows` gives the empty rows above the table, but not the empty columns beside it
    instead: dict[int, dict[int, str]] = {}
    for (row, column), text in seen.items():
        instead.setdefault(row, {})[column] = text
    for number, cells in enumerate(sheet.iter_rows(), 1):
        texts = [""] * left + [as_text(cell) for cell in cells]
        for column, text in instead.get(number, {}).items():
            texts += [""] * (column + 1 - len(texts))
            texts[column] = text
        if any(text.strip() for text in texts):
            yield number, texts


def _examined(data: bytes, name: str) -> dict[str, Marks]:
    """Measure the archive and look through its XML; return what each sheet says beside its values, by its name."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            if len(entries) > MOST_ENTRIES:
                raise ImportRefused("file_bomb")
            _check_kind(set(names), name)
            # Of two parts of one name each reader takes another one.
            if len({one.casefold() for one in names}) < len(names) or not {BOOK, RELATIONS} <= set(names):
                raise ImportRefused("file_broken")
            left, parts = MOST_UNPACKED, _Parts(len(data))
            for entry in sorted(entries, key=lambda one: one.filename.startswith("xl/worksheets/")):
                with archive.open(entry) as part:
                    left -= parts.read(part, entry.filename, left)
            return parts.by_name()
    except (
        zipfile.BadZipFile, zipfile.LargeZipFile, zipfile.zlib.error, EOFError, NotImplementedError, RuntimeError,
        expat.ExpatError, UnicodeError,
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


class _Parts:
    """Reads the parts of a book to their ends, the small ones that say where everything is before the sheets."""

    def __init__(self, packed: int) -> None:
        self._packed = packed
        self._small: dict[str, bytes] = {}
        self._marks: dict[str, Marks] = {}
        self._formats: dict[str, str] | None = None

    def read(self, part: Any, name: str, left: int) -> int:
        """Read one entry in blocks and return its size; raise ImportRefused for a bomb or a DTD."""
        size, rest, kept = 0, b"", io.BytesIO()
        marks = self._marks_of(name)
        while block := part.read(BLOCK):
            size += len(block)
            # 1 MB may always come out: a small file of equal rows packs to less than a hundredth.
            if size > left or (size > 1_000_000 and size > MOST_RATIO * self._packed):
                raise ImportRefused("file_bomb")
            if marks or name.endswith((".xml", ".rels", ".vml")):
                _check_xml(rest + block, name, first=size == len(block))
                rest = block[-16:]
            if marks:
                marks.feed(block)
            elif name in (BOOK, RELATIONS, STYLES):
                kept.write(block)
        if marks:
            marks.feed(b"", last=True)
        self._small[name] = kept.getvalue()
        return size

    def _marks_of(self, name: str) -> Marks | None:
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            if self._formats is None:
                styles = self._small.get(STYLES, b"")
                self._formats = zero_formats(styles) if styles else {}
            self._marks[name] = Marks(name, self._formats)
        return self._marks.get(name)

    def by_name(self) -> dict[str, Marks]:
        """Return what was found by the sheets' names, in the order of the book."""
        found = sheets(self._small[BOOK], self._small[RELATIONS])
        return {name: self._marks.get(part) or self._nowhere(part) for name, part in found}

    def _nowhere(self, part: str) -> Marks:
        """Return what refuses a sheet whose part is not there, or not where spreadsheet programs put it."""
        marks = Marks(part, {})
        marks.fault = ImportRefused("file_broken")
        return marks


def _check_xml(window: bytes, name: str, first: bool) -> None:
    if b"\x00" in window:  # UTF-16 would hide the words looked for below
        raise ImportRefused("file_broken")
    if b"<!DOCTYPE" in window or b"<!ENTITY" in window:
        raise ImportRefused("file_dtd", name=name)
    declared = _ENCODING.match(window.removeprefix(b"\xef\xbb\xbf")) if first else None
    if declared and declared[1].lower() not in (b"utf-8", b"us-ascii", b"ascii"):
        raise ImportRefused("file_broken")  # calamine reads every part as UTF-8


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
