"""What a sheet of an XLSX says beside its plain values, read from its XML as it stands in the file.

calamine gives values: it drops the name of an error, a formula that nobody calculated, the zeros that a number format
puts in front, and the digits that do not fit in a float. Each of them would change silently what a person sees, so
they are looked for here: some come out as text, the others refuse the file and name the cell.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any
from xml.parsers import expat

from .errors import ImportRefused

MOST_DIGITS = 15  # of a whole number; more of them a spreadsheet does not keep
_MOST_OF_A_FRACTION = 17  # how a float is written in full
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_NUMBER = re.compile(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")
_ZEROS = re.compile(r"0+([-/ ]0+)*")
Place = tuple[int, int]


def parser(name: str) -> Any:
    """Return a reader of XML that refuses a document type definition, so that no entity is ever looked up."""
    made = expat.ParserCreate()
    made.buffer_text = True

    def refuse(*_given: Any) -> None:
        raise ImportRefused("file_dtd", name=name)

    made.StartDoctypeDeclHandler = refuse
    return made


def elements(data: bytes, name: str) -> list[tuple[str, dict[str, str]]]:
    """Return the elements of a small part, without their prefixes, each with its attributes."""
    found: list[tuple[str, dict[str, str]]] = []
    reader = parser(name)
    reader.StartElementHandler = lambda tag, given: found.append(
        (_bare(tag), {_bare(key): text for key, text in given.items()})
    )
    reader.Parse(data, True)
    return found


def sheets(book: bytes, relations: bytes) -> list[tuple[str, str]]:
    """Return the name of each sheet and the part that holds it, in the order of the book."""
    targets = {
        given["Id"]: posixpath.normpath(posixpath.join("/xl", given["Target"]))[1:]
        for tag, given in elements(relations, "xl/_rels/workbook.xml.rels")
        if tag == "Relationship" and {"Id", "Target"} <= set(given)
    }
    listed = [given for tag, given in elements(book, "xl/workbook.xml") if tag == "sheet"]
    return [(given.get("name", ""), targets.get(given.get("id", ""), "")) for given in listed]


def zero_formats(styles: bytes) -> dict[str, str]:
    """Return the styles whose number format writes zeros in front (`0000`, `000000-0000`): number of style → format."""
    codes: dict[str, str] = {}
    found: dict[str, str] = {}
    number, inside = 0, False
    for tag, given in elements(styles, "xl/styles.xml"):
        if tag == "numFmt":
            plain = re.sub(r'\\(.)|"([^"]*)"', r"\1\2", given.get("formatCode", "").partition(";")[0])
            codes[given.get("numFmtId", "")] = re.sub(r"\[[^\]]*\]", "", plain)
        elif tag in ("cellXfs", "cellStyles", "dxfs", "cellStyleXfs"):
            inside, number = tag == "cellXfs", 0
        elif tag == "xf" and inside:
            code = codes.get(given.get("numFmtId", ""), "")
            if _ZEROS.fullmatch(code) and code.count("0") > 1:
                found[str(number)] = code
            number += 1
    return found


class Marks:
    """Reads one sheet; `texts` are cells as they are seen where calamine gives less, `fault` is what refuses it."""

    def __init__(self, name: str, formats: dict[str, str]) -> None:
        self.texts: dict[Place, str] = {}
        self.fault: ImportRefused | None = None
        self._formats, self._row, self._column = formats, 0, -1
        self._cell: dict[str, str] = {}
        self._value: list[str] = []
        self._within, self._seen = "", set[str]()
        self._parser = parser(name)
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def feed(self, data: bytes, last: bool = False) -> None:
        """Read on; raise ImportRefused for what no spreadsheet program writes."""
        self._parser.Parse(data, last)

    def _start(self, tag: str, given: dict[str, str]) -> None:
        tag = _bare(tag)
        if tag == "c":
            self._begin(given)
        elif tag == "row":
            number = given.get("r", "")
            following = int(number) if number.isdecimal() and len(number) < 8 else self._row + 1
            if following <= self._row:
                raise ImportRefused("file_twice", cell=following)
            self._row, self._column = following, -1
        elif tag in ("v", "f", "is"):
            self._within = tag
            self._seen.add(tag)
        elif tag == "mergeCell":
            self._refuse("file_merged", cells=given.get("ref", "?")[:20])

    def _begin(self, given: dict[str, str]) -> None:
        self._cell, self._value, self._seen, self._within = given, [], set(), ""
        place = _PLACE.fullmatch(given.get("r", ""))
        if "r" in given and (not place or int(place[2]) != self._row):
            raise ImportRefused("file_broken")
        column = _column(place[1]) if place else self._column + 1
        if column <= self._column:
            raise ImportRefused("file_twice", cell=_name(self._row, column))
        self._column = column

    def _text(self, data: str) -> None:
        if self._within == "v":
            self._value.append(data)

    def _end(self, tag: str) -> None:
        tag = _bare(tag)
        if tag in ("v", "f", "is"):
            self._within = ""
        elif tag == "c":
            self._finish("".join(self._value).strip(), self._cell.get("t", "n"))

    def _finish(self, value: str, kind: str) -> None:
        if "f" in self._seen and not value and "is" not in self._seen and not (kind == "str" and "v" in self._seen):
            self._refuse("file_formula")
        if kind == "e" and value:
            self.texts[self._row, self._column] = value[:20]
        elif kind == "n" and value:
            self._number(value)

    def _number(self, value: str) -> None:
        if not _NUMBER.fullmatch(value):
            raise ImportRefused("file_broken")
        digits = re.sub(r"[eE].*|[-.]", "", value).strip("0")
        if abs(float(value)) >= 10**MOST_DIGITS or len(digits) > _MOST_OF_A_FRACTION:
            self._refuse("file_long_number", digits=MOST_DIGITS)
        elif (code := self._formats.get(self._cell.get("s", ""))) and float(value) >= 0 and float(value).is_integer():
            self.texts[self._row, self._column] = padded(int(float(value)), code)

    def _refuse(self, code: str, **params: Any) -> None:
        if self.fault is None:
            place = {} if code == "file_merged" else {"cell": _name(self._row, self._column)}
            self.fault = ImportRefused(code, **place, **params)


def padded(number: int, code: str) -> str:
    """Return a whole number as a format of zeros shows it: 180 as `0180`, 5566771234 as `556677-1234`."""
    digits = list(str(number).zfill(code.count("0")))
    shown = [digits.pop() if mark == "0" else mark for mark in reversed(code)]
    return "".join(digits) + "".join(reversed(shown))


def _bare(name: str) -> str:
    return name.rpartition(":")[2]


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _name(row: int, column: int) -> str:
    letters, number = "", column + 1
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"
