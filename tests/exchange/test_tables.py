"""CSV, JSON and JSONL as people have them, and every way in which such a file can be wrong."""

import io
import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.exchange import notes, reading, tables, textfiles
from matcher.exchange.errors import MESSAGES, ImportRefused

from .files import cells, table, xlsx

SWEDISH = "id;titel\n1;Färre fall på Ängsgården\n2;Snöröjning\n"


def refused(data, name="file.csv"):
    with pytest.raises(ImportRefused) as caught:
        table(data, name)
    assert str(caught.value)  # its sentence fills in
    return caught.value


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (SWEDISH.encode(), "utf-8"),
        (SWEDISH.encode("utf-8-sig"), "utf-8"),
        (SWEDISH.encode("cp1252"), "windows-1252"),
        (SWEDISH.encode("utf-16"), "utf-16"),
        (SWEDISH.encode("utf-16-le"), "utf-16-le"),
        (SWEDISH.replace("\n", "\r\n").encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_encodings_are_told_apart(data, encoding):
    found = table(data)
    assert cells(found) == [["1", "Färre fall på Ängsgården"], ["2", "Snöröjning"]]
    assert found.about == {"encoding": encoding, "delimiter": ";"}


def test_a_last_letter_in_windows_1252_is_not_half_a_file():
    assert cells(table("titel;ort\nSnö;Malå\n".encode("cp1252").rstrip(b"\n"))) == [["Snö", "Malå"]]
    assert cells(table("titel;ort\nSno;Mal".encode("cp1252") + "å".encode("cp1252"))) == [["Sno", "Malå"]]


def test_one_stray_byte_does_not_turn_every_letter_into_two():
    data = SWEDISH.encode() * 3
    error = refused(data.replace("Snö".encode(), b"Sn\xf6", 1))
    assert (error.code, error.params["line"]) == ("file_encoding", 3)


@pytest.mark.parametrize("mark", [";", ",", "\t"])
def test_delimiters_are_told_apart(mark):
    assert cells(table(f"id{mark}titel\n1{mark}Snö\n")) == [["1", "Snö"]]


def test_a_delimiter_inside_quoted_headings_does_not_count():
    assert table('"a, b, c";d\n1;2\n').headings == ["a, b, c", "d"]


def test_excels_note_of_the_delimiter_is_understood():
    found = table("sep=,\r\nid,a;b;c\r\n1,2\r\n")
    assert found.headings == ["id", "a;b;c"]
    assert found.rows[0].line == 3


def test_nothing_is_changed_in_a_cell():
    found = table('id;titel\n0012;"  1,50 "\n-1;"två\nrader; ""citat"""\n')
    assert cells(found) == [["0012", "  1,50 "], ["-1", 'två\nrader; "citat"']]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("+46 8 123 45", "+46 8 123 45"),
        ("'+46 8 123 45", "+46 8 123 45"),  # as the hub hands it out, or as a spreadsheet takes what is typed
        ("''=1+1", "'=1+1"),
        ("' - tre", " - tre"),
        ("'s-Hertogenbosch", "'s-Hertogenbosch"),
        ("'0012", "'0012"),
        ("''", "''"),
        ("tre '=", "tre '="),
    ],
)
def test_the_guard_against_formulas_is_taken_off_and_no_other_apostrophe(typed, read):
    files = {"a.csv": f'id;titel\n1;"{typed}"\n'.encode(), "a.xlsx": xlsx(["id", "titel"], ["1", typed])}
    for name, data in files.items():
        assert [row[1] for row in reading.read(data, name)[1]] == [["1", read]]
    data = json.dumps([{"id": "1", "titel": typed}]).encode()
    assert reading.read(data, "a.json")[1][0][1] == ["1", typed], "no spreadsheet saves JSON"


def refused_again(headings, rows, words=("Line", "Reason")):
    """Return the table that is read from the file of refused rows."""
    file = io.StringIO(newline="")
    told = ({"line": number, "faults": {}, "cells": row} for number, row in enumerate(rows, 2))
    notes.write_refused(file, headings, told, lambda _: "=why", words)
    found = reading.read(file.getvalue().encode("utf-8-sig"), "refused.csv")
    return found[0], [row[1] for row in found[1]]


# What a file that was read can hold: no NUL, no halves of characters; the last column keeps blanks before it.
CELL = st.text(
    st.one_of(st.sampled_from("'=+-@;,\"\t\r\n \u200b＝ab"), st.characters(codec="utf-8", exclude_characters="\x00"))
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(rows=st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=3))
def test_refused_rows_come_back_as_they_were(rows):
    rows = [[*row, "end"] for row in rows]
    headings, found = refused_again(["a", "b", "c"], rows)
    assert headings == ["Line", "Reason", "a", "b", "c"]
    assert [row[2:] for row in found] == rows


HEADING = st.text("'=+-@;,\" aåb", min_size=1, max_size=12).map(str.strip).filter(bool)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(names=st.lists(HEADING, min_size=1, max_size=4, unique=True))
def test_headings_of_refused_rows_come_back_as_they_were(names):
    headings, rows = refused_again(names, [["x"] * len(names)])
    assert (headings[2:], rows[0][2:]) == (names, ["x"] * len(names))


def test_rows_that_are_refused_again_do_not_gather_columns():
    headings, rows = refused_again(["titel", "telefon"], [["Snö", "+46 8"]])
    assert refused_again(headings, rows) == (headings, rows)


def test_a_file_with_a_column_of_our_name_can_be_read_again():
    headings, rows = refused_again(["Line", "titel"], [["röd", "Snö"]])
    assert (headings, rows) == (["Line *", "Reason", "Line", "titel"], [["2", "=why", "röd", "Snö"]])


def test_lines_are_those_of_the_file():
    found = table('\n\nid;titel\n\n1;"en\ntvå"\n2;tre\n')
    assert [row.line for row in found.rows] == [5, 7]


def test_short_rows_are_whole_and_rows_with_too_much_are_torn():
    found = table("id;titel;text\n1\n2;Snö;på vägen; och halka\n3;Is;;;\n")
    assert [row.fault for row in found.rows] == [None, ("torn", {"cells": 4, "headings": 3}), None]


def test_headings_without_a_name_are_numbered():
    assert table(";titel;\n1;2;3\n").headings == ["column 1", "titel"]


def test_the_first_rows_can_be_had_alone():
    found = tables.read(SWEDISH.encode(), "x.csv", rows=1)
    assert (len(found.rows), found.total) == (1, 2)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"id": 1, "titel": "Snö"}\n\n{"titel": "Is", "mer": [1, "b"]}\n', "a.jsonl"),
        ('[{"id": 1, "titel": "Snö"}, {"titel": "Is", "mer": [1, "b"]}]', "a.json"),
        ('[\n{"id": 1, "titel": "Snö"},\n{"titel": "Is", "mer": [1, "b"]}\n]\n', "what.txt"),
    ],
)
def test_json_and_jsonl_give_the_same_table(text, name):
    found = table(text, name)
    assert found.headings == ["id", "titel", "mer"]
    assert cells(found) == [["1", "Snö", ""], ["", "Is", "1;b"]]


def test_one_object_over_several_lines_is_one_row():
    assert cells(table('{\n "titel": "Snö",\n "publik": true,\n "stil": {"a": null}\n}')) == [
        ["Snö", "true", '{"a": null}']
    ]


def test_half_a_character_is_a_fault_of_its_row_alone():
    found = table('{"titel": "Snö"}\n{"titel": "\\ud83d"}\n')
    assert [row.fault for row in found.rows] == [None, ("half_character", {})]


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "file_empty", None),
        (b" \n\r\n", "file_empty", None),
        (b";;\n;;\n", "file_empty", None),
        (b"id;titel\n", "no_rows", None),
        (b"[]", "no_rows", None),
        (b"id;titel;text\n1;a;b\n2;c", "file_half", 3),
        ("id;titel\n1;Sn\u00f6 \u00f6".encode()[:-1], "file_half", 2),
        (b'id;titel\n1;"a\n2;b\n', "file_quotes", 2),
        (b'id;titel\n1;a\n2;"b"c\n', "file_quotes", 3),
        (b'{"a": 1}\n{"a": \n', "file_json", 2),
        (b'[{"a": 1}, {"a"', "file_json", 1),
        (b'{"a": 1}\n[2]\n', "file_objects", 2),
        (b'"a"\n', None, None),
        (b"[1, 2]", "file_objects", 1),
        (b"id;titel\n1;a\x00b\n", "file_nul", 2),
        (b"id;titel\n1;\x81\x8d\n", "file_encoding", 2),
        (b"titel;titel\n1;2\n", "heading_twice", None),
        (b'{"a": 1, " a": 2}', "heading_twice", None),
        (b"%PDF-1.4\n", "file_type", None),
        (b"\x1f\x8b\x08", "file_type", None),
        (b"<html><table>", "file_type", None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "file_old", None),
        (b"id;titel\n1;" + b"x" * 1_100_000, "file_field", 2),
        (b"[" * 5_000, "file_nested", None),
        (b'{"a": ' + b"9" * 5_000 + b"}", "file_number", 1),
        (b"id\n" + b"1\n" * 20_001, "too_many_rows", None),
        (b";".join(b"c%d" % n for n in range(201)) + b"\n1\n", "too_many_columns", None),
        (json.dumps([{f"c{n}": 1 for n in range(201)}]).encode(), "too_many_columns", None),
    ],
)
def test_a_bad_file_is_refused_and_its_place_named(data, code, line):
    if code is None:
        assert table(data, "a.csv").headings if data.count(b"\n") > 1 else refused(data).code == "no_rows"
        return
    error = refused(data)
    assert error.code == code
    assert error.params.get("line") == line or line is None


def test_a_file_that_is_too_large_is_not_even_begun():
    assert refused(b"x" * (tables.MOST_BYTES + 1)).code == "file_size"


def test_text_named_xlsx_is_called_no_spreadsheet():
    assert refused("id;titel\n1;Snö\n", "behov.xlsx").code == "file_not_xlsx"


def test_a_file_that_takes_too_much_memory_ends_its_process_only():
    data = b"[" + b'{"a":1},' * 1_200_000 + b"{}]"
    assert refused(data, "stor.json").code == "file_heavy"


@pytest.mark.parametrize(
    ("status", "said", "code"),
    [
        (-9, b"", "file_heavy"),
        (-6, b"memory allocation of 90177536 bytes failed\n", "file_heavy"),
        (1, b"Traceback (most recent call last):\nMemoryError\n", "file_heavy"),
        (-24, b"", "file_slow"),
        (-11, b"", "file_unread"),
        (1, b"Traceback (most recent call last):\nKeyError: 'a private text'\n", "file_unread"),
        (0, b"", "file_unread"),
    ],
)
def test_why_the_reader_ended_is_told_apart(monkeypatch, caplog, status, said, code):
    ended = subprocess.CompletedProcess([], status, b"", said)
    monkeypatch.setattr(tables.subprocess, "run", lambda *_given, **_named: ended)
    assert refused(SWEDISH).code == code
    assert len(caplog.records) == (code == "file_unread")
    assert "private" not in caplog.text


def test_a_file_that_takes_too_long_is_stopped(monkeypatch):
    monkeypatch.setattr(tables, "SECONDS", 0.001)
    assert refused(SWEDISH).code == "file_slow"


def test_the_reader_knows_nothing_of_the_hub_s_secrets(monkeypatch, tmp_path):
    seen = {}

    def run(command, **given):
        seen.update(given)
        raise tables.subprocess.TimeoutExpired(command, 1)

    monkeypatch.setenv("MATCHER_SECRET_KEY", "very secret")
    monkeypatch.setattr(tables.subprocess, "run", run)
    assert refused(SWEDISH).code == "file_slow"
    assert list(seen["env"]) == ["PATH"]


def test_every_refusal_names_the_remedy():
    modules = "".join(Path(module.__file__).read_text(encoding="utf8") for module in (reading, textfiles, tables))
    codes = {part.split('"')[1] for part in modules.split("ImportRefused(")[1:] if part.startswith('"')}
    assert codes <= set(MESSAGES)
