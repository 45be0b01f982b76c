"""Files that are wrong on purpose, for every door that takes one: the same bytes each time, and what must come of them.

A `Case` of a table says the rows that stand in the file, or the codes one of which must refuse it; nothing between.
"""

# ruff: noqa: E501 — a file a line, so that what is in it stands beside what must come of it
from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from matcher.exchange import agreement_papers as papers

NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACK = "http://schemas.openxmlformats.org/package/2006"
TEXTS = (
    "Färre fall på Ängsgården",
    "Snö & is",
    "0012",
    "  två  ord ",
    "=1+1",
    "1,50",
    "💩 é",
    "a\u0301",
    "<b>",
    "\u2028x",
)
DTDS = {
    "external": b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    "parameter": b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
    "laughs": b'<!DOCTYPE a [<!ENTITY l0 "ha">'
    + b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]>",
    "quadratic": b'<!DOCTYPE a [<!ENTITY q "' + b"a" * 60_000 + b'">]>',
    "public": b'<!DOCTYPE a PUBLIC "-//x" "http://127.0.0.1:9/x.dtd">',
}


@dataclass(frozen=True)
class Case:
    """One file, for the door that it is sent to; `rows` with their headings first, or the codes that may refuse it."""

    door: str
    what: str
    name: str
    data: bytes
    rows: list[list[str]] | None = None
    codes: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.door}: {self.what}"


def table(what: str, name: str, data: bytes, *rows: list[str]) -> Case:
    """Return a file that holds these rows."""
    return Case("table", what, name, data, [list(row) for row in rows])


def refused(door: str, what: str, name: str, data: bytes, codes: str) -> Case:
    """Return a file that must be refused with one of these codes."""
    return Case(door, what, name, data, None, frozenset(codes.split()))


def cases() -> list[Case]:
    """Return all of them."""
    return [*texts(), *csvs(), *jsons(), *books(), *archives("table"), *macros(), *templates(), *others()]


def texts() -> Iterator[Case]:
    """Encodings: each that can be told apart comes out as it was written, each that cannot is refused by its line."""
    rows = [["id", "titel"], *([str(n), text] for n, text in enumerate(TEXTS))]
    body = "\n".join(f'{one};"{two}"' for one, two in rows) + "\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
        yield table(encoding, "a.csv", body.encode(encoding), *rows)
        yield table(f"{encoding}, CRLF", "a.csv", body.replace("\n", "\r\n").encode(encoding), *rows)
        half = "file_half file_encoding file_quotes"
        yield refused(
            "table", f"{encoding}, cut within a letter", "a.csv", f"id;titel\n1;{'Snö💩'}".encode(encoding)[:-1], half
        )
    western = [["id", "titel"], ["1", "Snö – “is” € Åre"]]
    yield table("windows-1252", "a.csv", _csv(western).encode("cp1252"), *western)
    for encoding in ("utf-32", "utf-32-le", "utf-32-be"):
        yield refused("table", encoding, "a.csv", body.encode(encoding), "file_nul file_encoding file_half no_rows")
    yield refused("table", "utf-7", "a.csv", b"id;titel\n1;+AOU-\x81\n", "file_encoding")
    for what, stray in {
        "a byte of windows-1252 within UTF-8": b"1;Sn\xf6 och \xc3\xa5 och \xc3\xa4\n",
        "an overlong slash": b"1;\xc0\xaf\xc3\xa5\xc3\xa4\n", "a half of a character in UTF-8": b"1;\xed\xa0\x80\xc3\xa5\xc3\xa4\xc3\xb6\n",
        "beyond Unicode": b"1;\xf4\x90\x80\x80\xc3\xa5\xc3\xa4\xc3\xb6\n", "unknown bytes": b"1;\x81\x8d\x9d\n",
    }.items():  # fmt: skip
        yield refused("table", what, "a.csv", b"id;titel\n" + stray, "file_encoding")
    for what, data in {
        "NUL": b"id;titel\n1;a\x00b\n", "NUL at the end": b"id;titel\n1;a\n\x00", "all NUL": b"\x00" * 5_000,
        "NUL in UTF-16": "id;titel\n1;a\x00b\n".encode("utf-16"), "two encodings": b"id;titel\n" + "1;Snö\n".encode("utf-16"),
    }.items():  # fmt: skip
        yield refused("table", what, "a.csv", data, "file_nul file_encoding file_half file_empty no_rows")
    yield table(
        "a mark within the text", "a.csv", "id;titel\n1;\ufeffSnö\n".encode(), ["id", "titel"], ["1", "\ufeffSnö"]
    )


def _csv(rows: list[list[str]], mark: str = ";") -> str:
    return "\n".join(mark.join(f'"{cell}"' for cell in row) for row in rows) + "\n"


def csvs() -> Iterator[Case]:
    """What a spreadsheet would change, and quotation marks, rows and columns that do not fit."""
    for text in (
        "0012", "00", "007,50", "1e5", "1E400", "12345678901234567890", "1/2", "3-4", "2027-02-30", "01.02.03", "TRUE", "NaN",
        "=cmd|' /C calc'!A0", "+46 70 123", "-1", "@SUM(A1)", "\t=1", "＝1", "%00", "1 000", "1\u00a0000", "٣", "\u202eabc",
        "'0012", "1.0", ".5", "5.", "0x1F", "é", "e\u0301", "#REF!", "12:30", "mars 5", "SEPT2", "1-1", "null", "\\n", "`",
    ):  # fmt: skip
        yield table(
            f"the cell {text!a}", "a.csv", _csv([["id", "titel"], ["1", text]]).encode(), ["id", "titel"], ["1", text]
        )
    yield table("lines in a cell", "a.csv", b'id;titel\n1;"a\nb\r\nc"\n', ["id", "titel"], ["1", "a\nb\r\nc"])
    yield table("quotation marks", "a.csv", b'id;titel\n1;"a ""b"" c"\n', ["id", "titel"], ["1", 'a "b" c'])
    yield table("the delimiter noted", "a.csv", b"sep=|\nid|titel\n1|a;b\n", ["id", "titel"], ["1", "a;b"])
    for what, data, code in (
        ("a quotation mark left open", b'id;titel\n1;"a\n2;b\n', "file_quotes"),
        ("a quotation mark in the middle", b'id;titel\n1;"a"b\n', "file_quotes"),
        ("one cell of a megabyte", b"id;titel\n1;" + b"x" * 1_100_000 + b"\n", "file_field"),
        ("a quotation mark open for ten megabytes", b'id;titel\n1;"' + b"x\n" * 4_900_000, "file_field file_quotes file_heavy"),
        ("too many rows", b"id\n" + b"1\n" * 20_001, "too_many_rows"),
        ("too many columns", b";".join(b"c%d" % n for n in range(201)) + b"\n1\n", "too_many_columns"),
        ("millions of columns", b"a" + b";" * 9_000_000 + b"b\n1\n", "too_many_columns file_heavy"),
        ("a heading twice", b"a;a\n1;2\n", "heading_twice"),
        ("a heading twice but for spaces", b"a;a \n1;2\n", "heading_twice"),
        ("nothing", b"", "file_empty"), ("white space", b" \r\n\t", "file_empty"), ("headings alone", b"id;titel\n", "no_rows"),
        ("delimiters alone", b";;;\n" * 1_000, "file_empty"), ("more than ten megabytes", b"x" * 10_000_001, "file_size"),
        ("a row cut short", b"id;titel;text\n1;a;b\n2;c", "file_half"),
    ):  # fmt: skip
        yield refused("table", what, "a.csv", data, code)


def jsons() -> Iterator[Case]:
    """JSON: numbers keep each digit, a name twice is no choice of ours, depth and length end somewhere."""
    for text in ("0012", "12345678901234567890", "=1+1", "a\tb", "Snö", "💩"):
        data = f'[{{"id": "1", "titel": "{text}"}}]'.replace("\t", "\\t").encode()
        yield table(f"the text {text!a} in JSON", "a.json", data, ["id", "titel"], ["1", text])
    for number in (
        "12345678901234567890",
        "1.10",
        "0.1",
        "1e5",
        "-0",
        "1.7976931348623157e308",
        "0.12345678901234567890",
    ):
        yield table(f"the number {number} in JSON", "a.json", b'[{"n": %s}]' % number.encode(), ["n"], [number])
    for what, data, codes in (
        ("a field twice", b'[{"a": 1, "a": 2}]', "heading_twice"), ("a field twice but for spaces", b'{"a": 1, " a": 2}', "heading_twice"),
        ("depth", b"[" * 5_000, "file_nested"), ("depth in an object", b'{"a":' * 100_000 + b"1", "file_nested file_heavy file_json"),
        ("depth that ends", b"[" * 900 + b"]" * 900, "file_objects file_nested"), ("a number without end", b'{"a": ' + b"9" * 5_000 + b"}", "file_number"),
        ("not a number", b'[{"a": NaN}]', "file_no_number"), ("infinity", b'[{"a": -Infinity}]', "file_no_number"), ("beyond numbers", b'[{"a": 1E400}]', "file_number"),
        ("half of it", b'[{"a": 1}, {"a"', "file_json"), ("text behind it", b'[{"a": 1}] x', "file_json"), ("a list of lists", b"[[1]]", "file_objects"),
        ("millions of objects", b"[" + b'{"a":1},' * 1_200_000 + b"{}]", "file_heavy too_many_rows"),
        ("thousands of fields", b"{" + b",".join(b'"%d":1' % n for n in range(5_000)) + b"}", "too_many_columns"),
        ("a control character", b'[{"a": "\x01"}]', "file_json"), ("one quotation mark", b"[{'a': 1}]", "file_json"),
        ("a comment", b'[{"a": 1} /* x */]', "file_json"), ("a comma at the end", b'[{"a": 1},]', "file_json"),
    ):  # fmt: skip
        yield refused("table", what, "a.json", data, codes)


def book(cells: str, *, after: str = "", formats: str = "", shared: str | None = None, **more: bytes) -> bytes:
    """Return a small XLSX: the sheet's rows as XML, what stands after them, number formats, shared strings, more parts."""
    codes = formats.split("|") if formats else []
    styles = (
        f'<styleSheet xmlns="{NS}"><numFmts>'
        + "".join(f'<numFmt numFmtId="{200 + n}" formatCode="{code}"/>' for n, code in enumerate(codes))
        + '</numFmts><fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/>'
        + "".join(f'<xf numFmtId="{200 + n}"/>' for n in range(len(codes)))
        + "</cellXfs></styleSheet>"
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    types = {
        "xl/workbook.xml": "sheet.main",
        "xl/worksheets/sheet1.xml": "worksheet",
        "xl/styles.xml": "styles",
        "xl/sharedStrings.xml": "sharedStrings",
    }
    links = {
        "rId1": ("worksheet", "worksheets/sheet1.xml"),
        "rId2": ("styles", "styles.xml"),
        "rId3": ("sharedStrings", "sharedStrings.xml"),
    }
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    parts: dict[str, Any] = {
        "[Content_Types].xml": f'<Types xmlns="{PACK}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        + "".join(f'<Override PartName="/{part}" ContentType="{kind}.{one}+xml"/>' for part, one in types.items()) + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{PACK}/relationships"><Relationship Id="r1" Type="{REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{NS}" xmlns:r="{REL}"><sheets><sheet name="Blad1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACK}/relationships">'
        + "".join(f'<Relationship Id="{one}" Type="{REL}/{what}" Target="{part}"/>' for one, (what, part) in links.items()) + "</Relationships>",
        "xl/styles.xml": styles,
        "xl/sharedStrings.xml": shared or f'<sst xmlns="{NS}"/>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{NS}"><sheetData>{cells}</sheetData>{after}</worksheet>',
    }  # fmt: skip
    parts = {name: (head + part).encode() if isinstance(part, str) else part for name, part in parts.items()} | more
    return packed(parts)


def packed(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive of these parts, with the same bytes each time."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 22, 0, 0, 0)), part, method)
    return made.getvalue()


HEAD = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1" t="inlineStr"><is><t>titel</t></is></c></row>'
)


def row(cell: str, number: int = 2) -> str:
    """Return the rows of a sheet: the headings, and one row that begins with 1."""
    return f'{HEAD}<row r="{number}"><c r="A{number}"><v>1</v></c>{cell}</row>'


def books() -> Iterator[Case]:
    """Cells of an XLSX that come out otherwise than they stand there, unless somebody looks."""
    heads, name = ["id", "titel"], "a.xlsx"
    for value, shown in (
        ("5", "5"), ("-5", "-5"), ("0.5", "0.5"), ("0.30000000000000004", "0.30000000000000004"), ("1E3", "1000"), ("1e-7", "1e-07"),
        ("999999999999999", "999999999999999"), ("1.5", "1.5"), ("0", "0"), ("123456789.25", "123456789.25"),
    ):  # fmt: skip
        yield table(f"the number {value}", name, book(row(f'<c r="B2"><v>{value}</v></c>')), heads, ["1", shown])
    for value in (
        "1234567890123456",
        "12345678901234567890",
        "1.2345678901234567E+19",
        "-9999999999999999",
        "1e400",
        "0.12345678901234567891",
    ):
        yield refused(
            "table",
            f"the number {value}",
            name,
            book(row(f'<c r="B2"><v>{value}</v></c>')),
            "file_long_number file_broken",
        )
    for value in ("abc", "1,5", "0x10", "1e", "", "NaN", "١"):
        data = book(row(f'<c r="B2"><v>{value}</v></c>'))
        yield (
            refused("table", f"no number: {value!a}", name, data, "file_broken")
            if value
            else table("an empty value", name, data, heads, ["1"])
        )
    for code, value, shown in (
        ("0000", "180", "0180"), ("00000", "12345", "12345"), ("000000-0000", "5566771234", "556677-1234"), ("000 00", "2345", "023 45"),
        ("0000;-0000", "7", "0007"), (r"000000\-0000", "101011234", "010101-1234"), ("[Red]000", "7", "007"), ("#,##0", "1234", "1234"),
        ("0.00", "7", "7"), ("0%", "0.5", "0.5"),
    ):  # fmt: skip
        data = book(row(f'<c r="B2" s="2"><v>{value}</v></c>'), formats=code)
        yield table(f"{value} as {code}", name, data, heads, ["1", shown])
    for value, shown in (("46357", "2026-12-01"), ("46357.5", "2026-12-01T12:00:00")):
        yield table(f"the day {value}", name, book(row(f'<c r="B2" s="1"><v>{value}</v></c>')), heads, ["1", shown])
    for kind, inner, shown in (
        ("inlineStr", "<is><t>0012</t></is>", "0012"), ("inlineStr", '<is><t xml:space="preserve"> a </t></is>', " a "), ("b", "<v>1</v>", "True"),
        ("inlineStr", "<is><r><t>a</t></r><r><t>b</t></r></is>", "ab"), ("str", "<f>A1</f><v>=x</v>", "=x"), ("e", "<v>#N/A</v>", "#N/A"),
        ("e", "<f>1/0</f><v>#DIV/0!</v>", "#DIV/0!"), ("inlineStr", "<is><t>&lt;b&gt;&amp;amp;</t></is>", "<b>&amp;"), ("inlineStr", "<is><t><![CDATA[<x>]]></t></is>", "<x>"),
        ("n", "<f>1+1</f><v>2</v>", "2"), ("inlineStr", "<is><t>&#x1F4A9;</t></is>", "💩"), ("d", "<v>2026-12-01</v>", "2026-12-01"),
    ):  # fmt: skip
        yield table(f"{kind} {inner}", name, book(row(f'<c r="B2" t="{kind}">{inner}</c>')), heads, ["1", shown])
    shared = f'<sst xmlns="{NS}"><si><t>0012</t></si><si><r><t>a</t></r><r><t>b</t></r><rPh sb="0" eb="1"><t>x</t></rPh></si></sst>'
    for number, shown in (("0", "0012"), ("1", "ab")):
        yield table(
            f"shared text {number}",
            name,
            book(row(f'<c r="B2" t="s"><v>{number}</v></c>'), shared=shared),
            heads,
            ["1", shown],
        )
    for what, cell in {
        "a formula that was never calculated": '<c r="B2"><f>1+1</f></c>', "one with an empty value": '<c r="B2"><f>1+1</f><v/></c>',
        "a shared one": '<c r="B2"><f t="shared" si="0"/></c>', "DDE": "<c r=\"B2\"><f>cmd|'/C calc'!A0</f></c>",
        "a formula with a prefix": f'<x:c xmlns:x="{NS}" r="B2"><x:f>1</x:f></x:c>',
    }.items():  # fmt: skip
        yield refused("table", what, name, book(row(cell)), "file_formula file_broken")
    for what, inner, after in (
        ("merged over two columns", '<c r="B2"><v>1</v></c>', '<mergeCells><mergeCell ref="A2:B2"/></mergeCells>'),
        (
            "merged over two rows",
            '<c r="B2"><v>1</v></c>',
            '<mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>',
        ),
    ):
        yield refused("table", what, name, book(row(inner), after=after), "file_merged")
    for what, cells in {
        "a cell twice": row('<c r="B2"><v>1</v></c><c r="B2"><v>2</v></c>'), "cells in the wrong order": row('<c r="C2"><v>1</v></c><c r="B2"><v>2</v></c>'),
        "a row twice": row('<c r="B2"><v>1</v></c>') + '<row r="2"><c r="A2"><v>2</v></c></row>', "rows in the wrong order": row("", 3) + '<row r="2"><c r="A2"><v>2</v></c></row>',
        "a cell of another row": row('<c r="B9"><v>1</v></c>'), "a place that is none": row('<c r="ÅÄ"><v>1</v></c>'), "a row of nothing": row('<c r="B0"><v>1</v></c>'),
    }.items():  # fmt: skip
        yield refused("table", what, name, book(cells), "file_twice file_broken")
    far = HEAD + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    yield refused("table", "a value far away", name, book(far), "file_heavy too_many_columns file_slow")
    yield refused(
        "table", "a shared text that is not there", name, book(row('<c r="B2" t="s"><v>99</v></c>')), "file_broken"
    )
    wide = "".join(f'<c t="inlineStr"><is><t>h{n}</t></is></c>' for n in range(201))
    yield refused(
        "table",
        "201 columns",
        name,
        book(f'<row r="1">{wide}</row><row r="2"><c><v>1</v></c></row>'),
        "too_many_columns",
    )
    yield table(
        "a size that it declares and does not have",
        name,
        book(row('<c r="B2"><v>5</v></c>'), after="<x/>"),
        heads,
        ["1", "5"],
    )
    two = f'<workbook xmlns="{NS}" xmlns:r="{REL}"><sheets><sheet name="A" sheetId="1" r:id="rId1"/><sheet name="B" sheetId="2" r:id="rId9"/></sheets></workbook>'
    yield refused(
        "table",
        "a sheet whose part is nowhere",
        name,
        book("", **{"xl/workbook.xml": two.encode()}),
        "file_broken file_empty",
    )


def archives(door: str) -> Iterator[Case]:
    """Broken archives, bombs and sizes that lie; a template of an agreement is packed in the same way."""
    name, good = (
        ("a.xlsx", book(row('<c r="B2"><v>5</v></c>'))) if door == "table" else ("a.docx", papers.shipped("sv"))
    )
    broken = "file_broken file_type file_bomb" if door == "table" else "unreadable"
    bomb = "file_bomb" if door == "table" else "large heavy"
    for kept in (4, 30, 100, len(good) // 3, len(good) - 40, len(good) - 1):
        yield refused(door, f"the first {kept} bytes of an archive", name, good[:kept], broken)
    for place in range(1, 9):
        at = len(good) * place // 12
        damaged = good[:at] + bytes(byte ^ 0xFF for byte in good[at : at + 60]) + good[at + 60 :]
        yield refused(door, f"damage at {place}/12", name, damaged, broken)
    parts = {
        item: zipfile.ZipFile(io.BytesIO(good)).read(item) for item in zipfile.ZipFile(io.BytesIO(good)).namelist()
    }
    inside = "xl/" if door == "table" else "word/"
    for what, more in {
        "51 MB of nothing": {f"{inside}media/a.xml": b" " * 51_000_000}, "many entries": {f"{inside}media/{n}.txt": b"" for n in range(1_001)},
        "many parts of some MB": {f"{inside}media/{n}.xml": b"<a/>" + b" " * 9_000_000 for n in range(6)},
    }.items():  # fmt: skip
        yield refused(door, what, name, packed(parts | more), bomb + " file_broken unreadable")
    large = packed(parts | {f"{inside}media/a.xml": b" " * 30_000_000})
    for declared in (0, 10, 1_000_000, 2**31 - 1):
        lied = large.replace(struct.pack("<I", 30_000_000), struct.pack("<I", declared))
        yield refused(door, f"30 MB that says it is {declared}", name, lied, f"{bomb} {broken}")
    yield refused(door, "a part twice", name, _twice(parts, next(iter(parts))), broken)
    first = f"{inside}worksheets/sheet1.xml" if door == "table" else "word/document.xml"
    yield refused(door, "the main part twice, in two cases", name, packed(parts | {first.upper(): b"<a/>"}), broken)
    yield refused(door, "the main part twice", name, _twice(parts, first), broken)
    yield refused(
        door,
        "without its main part",
        name,
        packed({one: part for one, part in parts.items() if one != first}),
        broken + " file_empty",
    )
    yield refused(door, "one part over another", name, _overlapping(), broken + f" {bomb}")
    yield refused(door, "under a password", name, _flagged(good), broken)
    yield refused(
        door,
        "an archive in an archive",
        name,
        packed({"a.zip": packed({"b.zip": packed(parts)})}),
        broken + " file_type",
    )
    yield refused(door, "packed in another way", name, packed(parts | {"x.xml": b"x"}, zipfile.ZIP_LZMA)[:-3], broken)
    for part in [one for one in parts if one.endswith((".xml", ".rels"))][:9]:
        for what, dtd in DTDS.items():
            changed = b'<?xml version="1.0"?>' + dtd + (parts[part].split(b"?>", 1)[-1])
            yield refused(door, f"{what} in {part}", name, packed(parts | {part: changed}), "file_dtd unreadable")
    hidden = ('<?xml version="1.0" encoding="UTF-16"?>' + DTDS["external"].decode() + "<a/>").encode("utf-16")
    yield refused(door, "a definition in UTF-16", name, packed(parts | {first: hidden}), broken)
    yield refused(
        door,
        "a part of another encoding",
        name,
        packed(parts | {first: parts[first].replace(b"UTF-8", b"EBCDIC-CP-SE").replace(b"utf-8", b"EBCDIC")}),
        broken,
    )
    yield refused(door, "a part that is cut", name, packed(parts | {first: parts[first][:-30]}), broken)
    yield refused(
        door,
        "a part nested too deeply",
        name,
        packed(parts | {first: b"<a>" * 60_000}),
        broken + f" {bomb} heavy file_heavy",
    )
    names = {
        f"../../../tmp/{inside}x": b"x",
        "/etc/x": b"x",
        "C:\\x": b"x",
        "a\x00b": b"x",
        "\u202ex": b"x",
        "x" * 3_000: b"x",
    }
    if door == "table":
        yield table("parts named by paths that lead out", name, packed(parts | names), ["id", "titel"], ["1", "5"])
        yield table("text before the archive", name, good, ["id", "titel"], ["1", "5"])
    else:
        yield Case(door, "parts named by paths that lead out", name, packed(parts | names), [list(papers.FIELDS)])


def _twice(parts: dict[str, bytes], name: str) -> bytes:
    made = io.BytesIO(packed(parts))
    with zipfile.ZipFile(made, "a") as archive:
        archive.fp.seek(0, 2)
        archive.NameToInfo.pop(name, None)
        archive.writestr(zipfile.ZipInfo(name), b"<other/>")
    return made.getvalue()


def _flagged(data: bytes) -> bytes:
    changed = bytearray(data)
    for mark, away in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        place = data.find(mark)
        changed[place + away] |= 1
    return bytes(changed)


def _overlapping() -> bytes:
    """Return an archive of many names for the same packed bytes: small as it lies there, without end unpacked."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = b" " * 5_000_000
    body = packer.compress(raw) + packer.flush()
    fixed = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, zlib.crc32(raw), len(body), len(raw), 15, 0)
    local = b"PK\x03\x04" + fixed + b"xl/workbook.xml" + body
    listed = b""
    for number in range(900):
        name = b"xl/workbook.xml" if not number else b"xl/w%07d.xml" % number
        given = struct.pack(
            "<HHHHHHIIIHHHHHII", 20, 20, 0, 8, 0, 0, zlib.crc32(raw), len(body), len(raw), 15, 0, 0, 0, 0, 0, 0
        )
        listed += b"PK\x01\x02" + given + name
    return local + listed + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 900, 900, len(listed), len(local), 0)


def macros() -> Iterator[Case]:
    """Other kinds that come along by mistake or on purpose, and what runs."""
    parts = dict.fromkeys(("[Content_Types].xml", "xl/workbook.xml"), b"<a/>")
    for what, more in {
        "vbaProject": "xl/vbaProject.bin",
        "an old macro sheet": "xl/macrosheets/sheet1.xml",
        "one in capitals": "xl/VBAPROJECT.BIN",
    }.items():
        yield refused("table", what, "a.xlsm", packed(parts | {more: b"x"}), "file_macros")
    for what, data in {
        "OLE": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a PDF": b"%PDF-1.7\n<script>", "RTF": b"{\\rtf1\\object}", "gzip": b"\x1f\x8b\x08\0",
        "7-Zip": b"7z\xbc\xaf\x27\x1c", "RAR": b"Rar!\x1a\x07", "PNG": b"\x89PNG\r\n\x1a\n", "GIF": b"GIF89a;id\n1;2\n", "HTML": b"<table><tr><td>=1</table>",
        "SpreadsheetML": b'<?xml version="1.0"?><Workbook/>', "SVG": b"<svg onload='x'/>", "a program": b"MZ\x90\0\x03\0\0\0\x04", "ELF": b"\x7fELF\x02\x01\x01\0\0\0",
        "SQLite": b"SQLite format 3\0\x10\0", "a pickle": b"\x80\x04\x95\x05\0\0\0\0\0\0\0K\x01.", "Parquet": b"PAR1\x15\0\x15\0",
        "a program of the shell": b"#!/bin/sh\n",
    }.items():  # fmt: skip
        yield refused(
            "table", what, "a.csv", data, "file_old file_type file_nul file_encoding file_half no_rows file_empty"
        )
    for kind in ("word/document.xml", "ppt/slides/slide1.xml", "content.xml", "x.txt", "META-INF/MANIFEST.MF"):
        yield refused("table", f"an archive with {kind}", "a.xlsx", packed({kind: b"x"}), "file_type")


def templates() -> Iterator[Case]:
    """Templates of agreements: the archive, what is in its braces, and what runs or is fetched when it is opened."""
    yield from archives("template")
    parts = {
        item: zipfile.ZipFile(io.BytesIO(papers.shipped("sv"))).read(item)
        for item in zipfile.ZipFile(io.BytesIO(papers.shipped("sv"))).namelist()
    }
    main, links = parts["word/document.xml"], parts["word/_rels/document.xml.rels"]

    def written(text: str) -> bytes:
        paragraph = f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>".encode()
        return packed(parts | {"word/document.xml": main.replace(b"<w:body>", b"<w:body>" + paragraph, 1)})

    for what, text in {
        "loops within loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
        "a text without end": "{{ 'x' * 9999999999 }}", "a number without end": "{{ 9 ** (9 ** 9) }}", "padding": "{{ '%999999999d' % 1 }}",
        "a format": "{{ '{:>9999999999}'.format(1) }}", "a list that grows": "{% set a = ['x' * 1000000] * 9999999 %}{{ a|join }}",
    }.items():  # fmt: skip
        yield refused("template", what, "a.docx", written(text), "heavy syntax unreadable large")
    for what, text in {
        "a way to Python": "{{ ''.__class__.__mro__ }}", "a global": "{{ cycler.__init__.__globals__.os.popen('id').read() }}", "an unknown name": "{{ config }}",
        "self": "{{ self._TemplateReference__context }}", "a loop left open": "{% for a in need %}", "an include": "{% include '/etc/passwd' %}", "an import": "{% import 'os' as o %}",
        "a call": "{{ need() }}", "a brace left open": "{{ need", "a tag that is none": "{% nothing %}", "a format's way in": "{{ '{0.__class__}'.format(need) }}x{{ lacking }}",
    }.items():  # fmt: skip
        yield refused("template", what, "a.docx", written(text), "syntax unknown unreadable heavy")
    for what, more in {
        "a macro": {"word/vbaProject.bin": b"x"}, "an embedded program": {"word/embeddings/oleObject1.bin": b"x"}, "ActiveX": {"word/activeX/activeX1.xml": b"<a/>"},
        "a template elsewhere": {"word/_rels/settings.xml.rels": b'<Relationships><Relationship Id="r" Type="x/attachedTemplate" Target="http://127.0.0.1:9/x.dotm" TargetMode="External"/></Relationships>'},
        "a linked picture": {"word/_rels/document.xml.rels": links.replace(b"</Relationships>", b'<Relationship Id="r99" Type="x/image" Target="http://127.0.0.1:9/x.png" TargetMode="External"/></Relationships>')},
        "DDE": {"word/document.xml": main.replace(b"<w:body>", b'<w:body><w:p><w:r><w:instrText>DDEAUTO c:\\cmd "/k calc"</w:instrText></w:r></w:p>', 1)},
        "a picture by its field": {"word/document.xml": main.replace(b"<w:body>", b'<w:body><w:p><w:fldSimple w:instr="INCLUDEPICTURE http://127.0.0.1:9/x"/></w:p>', 1)},
        "a page of HTML inside": {"word/document.xml": main.replace(b"<w:body>", b'<w:body><w:altChunk r:id="x"/>', 1)},
        "the kind of a document with macros": {"[Content_Types].xml": parts["[Content_Types].xml"].replace(b"wordprocessingml.document.main", b"ms-word.document.macroEnabled.main")},
    }.items():  # fmt: skip
        yield refused("template", what, "a.docx", packed(parts | more), "active unreadable")
    for what, data in {
        "nothing": b"",
        "a PDF": b"%PDF-1.7",
        "OLE": b"\xd0\xcf\x11\xe0" + b"\0" * 600,
        "a spreadsheet": book(row("")),
        "six megabytes": b"PK" + b"\0" * 6_000_000,
    }.items():
        yield refused("template", what, "a.docx", data, "unreadable large lacking")


PDF = b"%%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction %s>>endobj\ntrailer<</Root 1 0 R>>\n%%%%EOF"


def others() -> Iterator[Case]:
    """Signed files: never opened here, so each kind that is taken comes back byte for byte, and as a download."""
    kinds = {
        "JavaScript": PDF % b"<</S/JavaScript/JS(app.alert(1))>>", "a program to launch": PDF % b"<</S/Launch/F(cmd.exe)>>", "a file within": PDF % b"<</S/GoToE>>",
        "a way out": PDF % b"<</S/URI/URI(http://127.0.0.1:9/)>>", "a page of HTML": b"%PDF-<html><script>alert(1)</script>", "a form that sends": PDF % b"<</S/SubmitForm/F(http://127.0.0.1:9/)>>",
        "half a PDF": b"%PDF-", "a PNG with a script": b"\x89PNG\r\n\x1a\n<script>alert(1)</script>", "a JPEG with PHP": b"\xff\xd8\xff\xe0<?php system('id') ?>",
        "an archive of macros": packed({"word/vbaProject.bin": b"x"}), "an archive that unpacks without end": _overlapping(),
    }  # fmt: skip
    names = (
        "avtal.pdf",
        "../../../etc/passwd",
        "..\\..\\x.pdf",
        "a%0D%0AX-Evil: 1.pdf",
        "\u202efdp.exe",
        "x.html",
        "x.hta",
        "a;b\"c'd.pdf",
        "å" * 300 + ".pdf",
        "CON",
        ".htaccess",
        "x\x00.pdf",
        "<b>.pdf",
    )
    for number, (what, data) in enumerate(kinds.items()):
        yield Case("signed", what, names[number % len(names)], data, [[]])
    for name in names:
        yield Case("signed", f"the name {name[:30]!a}", name, b"%PDF-1.7 x", [[]])
    for what, data in {
        "HTML": b"<html>", "SVG": b"<svg onload='x'/>", "a program": b"MZ\x90", "OLE": b"\xd0\xcf\x11\xe0", "text": b"hej", "EICAR begun": b"X5O!P%@AP", "a PDF after a blank": b" %PDF-1.7",
        "an empty archive": b"PK\x05\x06" + b"\0" * 18, "eleven megabytes": b"%PDF-" + b"x" * 10_100_000,
    }.items():  # fmt: skip
        yield refused("signed", what, "avtal.pdf", data, "422 413")
