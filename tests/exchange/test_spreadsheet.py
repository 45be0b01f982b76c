"""XLSX: what a person sees in the sheet comes out; what a person would not expect inside is refused."""

import datetime
import io
import zipfile

import openpyxl
import pytest

from matcher.exchange import reading, sheet_marks, spreadsheet
from matcher.exchange.errors import ImportRefused

from .files import cells, in_sheet, rebuilt, saved, table, xlsx

PLAIN = xlsx(["id", "titel"], ["1", "Snö"])


def refused(data, name="fil.xlsx"):
    with pytest.raises(ImportRefused) as caught:
        table(data, name)
    assert str(caught.value)
    return caught.value


def test_cells_come_as_a_person_would_type_them():
    day, moment = datetime.date(2027, 3, 1), datetime.datetime(2027, 3, 1, 14, 30)
    found = table(xlsx(["a", "b", "c", "d", "e", "f"], ["0012", 5567701437, 1.5, True, day, moment]))
    assert cells(found) == [["0012", "5567701437", "1.5", "True", "2027-03-01", "2027-03-01T14:30:00"]]


def test_the_first_sheet_that_holds_anything_is_read_and_named():
    found = table(xlsx(Behov=[["titel"], ["Snö"]], Mer=[["x"], ["y"]]))
    assert (found.headings, found.about) == (["titel"], {"sheet": "Behov"})


def test_hidden_sheets_are_left_out():
    book = openpyxl.Workbook()
    book.active.append(["hemligt"])
    book.active.sheet_state = "hidden"
    book.create_sheet("Behov").append(["titel"])
    book["Behov"].append(["Snö"])
    assert table(saved(book)).headings == ["titel"]


def test_lines_are_the_rows_of_the_sheet_wherever_the_table_begins():
    book = openpyxl.Workbook()
    for place, value in {"B3": "titel", "C3": "id", "B5": "Snö", "C5": 1}.items():
        book.active[place] = value
    found = table(saved(book))
    assert found.headings == ["column 1", "titel", "id"]
    assert [(row.line, row.cells) for row in found.rows] == [(5, ["", "Snö", "1"])]


def test_formatted_cells_far_away_are_not_rows():
    book = openpyxl.load_workbook(io.BytesIO(PLAIN))
    book.active["ZZ900000"].font = openpyxl.styles.Font(bold=True)
    assert len(table(saved(book)).rows) == 1


def test_a_value_far_away_is_refused_and_not_unrolled():
    far = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    assert refused(rebuilt(PLAIN, in_sheet(b"</sheetData>", far))).code in ("file_heavy", "too_many_columns")


def test_what_the_file_declares_of_its_size_is_not_believed():
    found = table(rebuilt(PLAIN, in_sheet(b'ref="A1:B2"', b'ref="A1:XFD1048576"')))
    assert len(found.rows) == 1


def test_an_error_in_a_cell_is_seen_and_not_taken_for_empty():
    book = openpyxl.load_workbook(io.BytesIO(PLAIN))
    book.active["B3"] = "#N/A"
    book.active["B3"].data_type = "e"
    book.active["A3"] = 2
    assert cells(table(saved(book))) == [["1", "Snö"], ["2", "#N/A"]]


def test_a_formula_without_a_value_is_refused_with_its_cell():
    error = refused(xlsx(["id", "titel"], [1, "Snö"], [2, '="Is"&"halka"']))
    assert (error.code, error.params) == ("file_formula", {"cell": "B3"})


def test_a_formula_with_a_value_gives_the_value():
    sheet = in_sheet(b"<v>1</v>", b"<f>SUM(1)</f><v>1</v>")
    data = xlsx(["id", "titel"], [1, "Snö"], change=sheet)
    assert cells(table(data)) == [["1", "Snö"]]


@pytest.mark.parametrize("entry", ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_a_document_type_definition_is_refused(entry):
    dtd = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>'

    def change(name, data):
        return dtd + data.split(b"?>", 1)[-1] if name == entry else data

    more = {} if entry in names(PLAIN) else {entry: dtd + b"<sst/>"}
    assert refused(rebuilt(PLAIN, change, **more)).code == "file_dtd"


def test_entities_are_not_expanded_even_where_the_refusal_is_taken_away(monkeypatch):
    shared = (
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY f "boom">]>'
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>&e;</t></si><si><t>&f;</t></si></sst>'
    )
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
        b'<c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row></sheetData></worksheet>'
    )
    new = {"xl/sharedStrings.xml": shared, "xl/worksheets/sheet1.xml": sheet}
    data = rebuilt(
        PLAIN, lambda name, held: new.get(name, held), **{n: d for n, d in new.items() if n not in names(PLAIN)}
    )
    monkeypatch.setattr(spreadsheet, "_examined", lambda *given: {"Sheet": sheet_marks.Marks("", {})})
    try:
        found = str(list(spreadsheet.rows(data, "x.xlsx")[0]))
    except ImportRefused as error:
        found = str(error)
    assert "root:" not in found
    assert "boom" not in found


def names(data):
    return zipfile.ZipFile(io.BytesIO(data)).namelist()


@pytest.mark.parametrize(
    ("name", "code", "found"),
    [
        ("word/document.xml", "file_type", "a text document"),
        ("ppt/slides/slide1.xml", "file_type", "a presentation"),
        ("content.xml", "file_type", "an OpenDocument file"),
        ("readme.txt", "file_type", "a packed file"),
        ("xl/vbaProject.bin", "file_macros", None),
    ],
)
def test_other_kinds_that_are_packed_alike_are_told_apart(name, code, found):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(name, "x")
    error = refused(file.getvalue())
    assert (error.code, error.params.get("found")) == (code, found)


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.99])
def test_half_a_file_is_refused(kept):
    assert refused(PLAIN[: int(len(PLAIN) * kept)]).code == "file_broken"


def test_damage_inside_is_noticed():
    middle = len(PLAIN) // 2
    damaged = PLAIN[:middle] + bytes(byte ^ 0xFF for byte in PLAIN[middle : middle + 40]) + PLAIN[middle + 40 :]
    assert refused(damaged).code == "file_broken"


def test_a_file_under_a_password_inside_the_archive_is_refused():
    data = bytearray(PLAIN)
    place = data.find(b"PK\x01\x02")
    data[place + 8] |= 1  # the central directory says: encrypted
    assert refused(bytes(data)).code == "file_broken"


def test_too_many_entries_are_a_bomb():
    more = {f"xl/media/{number}.xml": b"x" for number in range(spreadsheet.MOST_ENTRIES)}
    assert refused(rebuilt(PLAIN, lambda name, data: data, **more)).code == "file_bomb"


def test_what_unpacks_to_far_more_is_a_bomb():
    more = {"xl/media/large.xml": b" " * 3_000_000}
    assert refused(rebuilt(PLAIN, lambda name, data: data, **more)).code == "file_bomb"


def test_a_size_that_lies_is_counted_and_not_believed():
    data = bytearray(rebuilt(PLAIN, lambda name, held: held, **{"xl/media/large.xml": b" " * 3_000_000}))
    for place in range(len(data) - 4):
        if data[place : place + 4] == (3_000_000).to_bytes(4, "little"):
            data[place : place + 4] = (1_000).to_bytes(4, "little")
    assert refused(bytes(data)).code in ("file_bomb", "file_broken")


def test_too_many_rows_and_columns_are_refused():
    rows = b"".join(b"<row><c><v>%d</v></c></row>" % number for number in range(reading.MOST_ROWS + 1))
    assert refused(rebuilt(PLAIN, in_sheet(b"</sheetData>", rows + b"</sheetData>"))).code == "too_many_rows"
    assert refused(xlsx([f"c{number}" for number in range(201)], [1])).code == "too_many_columns"


def test_a_text_that_many_cells_share_cannot_grow_without_end():
    shared = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>%s</t></si></sst>'
    rows = (b"<row>" + b'<c t="s"><v>0</v></c>' * 100 + b"</row>") * 200
    change = in_sheet(b"</sheetData>", rows + b"</sheetData>")
    assert refused(rebuilt(PLAIN, change, **{"xl/sharedStrings.xml": shared % (b"x" * 3_000)})).code == "file_bomb"
