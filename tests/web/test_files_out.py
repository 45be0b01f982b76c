"""What is handed out: no cell that a spreadsheet runs, always as a download, and the very rows that the page shows."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.exchange import case_list, examples, guarding, notes, tables, year_papers

from .storm import FIRST_IN_A_CELL
from .test_policy import POLICY
from .walking import Hub, open_hub, readable
from .world import VISITORS

BLANK = st.text(alphabet=" \t\r\n\u00a0\u200b\ufeff\u2060\x00\x1f", max_size=3)
TEXT = st.one_of(
    st.text(max_size=20),
    st.builds(
        lambda before, mark, after: before + mark + after, BLANK, st.sampled_from("=+-@＝＋－＠"), st.text(max_size=9)
    ),
    st.builds(lambda marks, text: marks + text, st.text("'", max_size=3), st.text("'=+- a", max_size=4)),
)
ROWS = st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=1, max_size=4)
FIELDS = ("a", "b", "c")
PLAIN = re.compile(r"[\s\x00-\x1f\u200b-\u200f\u2060-\u206f\ufeff]+")


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with open_hub() as opened:
        yield opened


def _lives(cell: str) -> bool:
    return cell.startswith(("\t", "\r", "\n")) or PLAIN.sub("", cell).startswith(FIRST_IN_A_CELL)


def _refused(rows: list[list[str]]) -> bytes:
    file = io.StringIO(newline="")
    told = iter({"line": 2, "faults": {"": ["x", {}]}, "cells": row} for row in rows)
    notes.write_refused(file, FIELDS, told, lambda _faults: "=why", ("Line", "Reason"))
    return file.getvalue().encode("utf-8-sig")


@pytest.mark.parametrize("write", [case_list.as_csv, year_papers.as_csv, _refused], ids=["cases", "year", "refused"])
@settings(max_examples=150, deadline=None, derandomize=True)
@given(rows=ROWS)
def test_no_cell_of_a_csv_lives_and_each_holds_its_text(write, rows):
    told = write is _refused
    data = write(rows) if told else write([dict(zip(FIELDS, row, strict=True)) for row in rows], FIELDS)
    found = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert [cell for row in found for cell in row if _lives(cell)] == []
    for sent, cells in zip(rows, found[1:], strict=True):
        kept = cells[2:] if told else cells
        assert all(cell in (text, "'" + text) for text, cell in zip(sent, kept, strict=True))
        assert [guarding.taken_off(cell) for cell in kept] == sent


@pytest.mark.parametrize("kind", sorted(examples.COLUMNS))
def test_every_cell_of_an_xlsx_is_text(kind):
    held = tables.read(examples.as_xlsx(kind), "a.xlsx")
    assert [held.headings, *(row.cells for row in held.rows)] == [
        list(row) for row in zip(*examples.COLUMNS[kind], strict=True)
    ]
    sheet = re.findall(r"<c [^>]*>.*?</c>", _sheet(examples.as_xlsx(kind)))
    assert sheet
    assert [cell for cell in sheet if not cell.startswith('<c t="inlineStr"><is>') or "<f" in cell] == []


def _sheet(data: bytes) -> str:
    return zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()


@pytest.mark.parametrize("visitor", VISITORS)
def test_every_file_is_a_download_that_runs_nothing(hub, visitor):
    seen = 0
    for endpoint, rows in POLICY.items():
        for row in rows:
            if (
                row["method"] != "GET"
                or row[visitor] != "ok"
                or endpoint in ("static", "agreements.paper", "years.paper")
            ):
                continue
            answer = hub.send(visitor, "GET", hub.address(endpoint, row["thing"]))
            if answer.status_code != 200 or answer.mimetype == "text/html":
                continue
            seen += 1
            where = f"{endpoint} {row['thing']} ({answer.mimetype})"
            assert answer.headers["X-Content-Type-Options"] == "nosniff", where
            assert answer.mimetype not in ("application/xhtml+xml", "text/xml", "image/svg+xml"), where
            held = answer.headers.get("Content-Disposition", "")
            if "attachment" in held:
                assert "sandbox" in answer.headers["Content-Security-Policy"], where
            else:  # for machines, and nothing that a browser would make a page of
                assert answer.mimetype in ("application/json", "application/schema+json", "text/plain", "text/csv"), (
                    where
                )
            if visitor not in ("none", "revoked") and endpoint != "static":
                assert "no-store" in answer.headers["Cache-Control"], where
            if answer.mimetype == "text/csv":
                cells = csv.reader(io.StringIO(readable(answer).lstrip("\ufeff"), newline=""), delimiter=";")
                assert [cell for line in cells for cell in line if _lives(cell)] == [], where
    assert seen > 2


@pytest.mark.parametrize("visitor", ["none", "broker", "owner", "other_owner", "startup", "host"])
def test_the_released_cases_of_the_file_are_those_of_the_page(hub, visitor):
    listed = set(re.findall(r'href="/cases/(\w+)"', hub.send(visitor, "GET", "/cases").get_data(as_text=True)))
    made = csv.DictReader(
        io.StringIO(readable(hub.send(visitor, "GET", "/cases.csv")).lstrip("\ufeff"), newline=""), delimiter=";"
    )
    told = hub.send(visitor, "GET", "/cases.json").get_json()
    assert listed
    assert {row["id"] for row in made} == {row["id"] for row in told["rows"]} == listed


@pytest.mark.parametrize("visitor", ["broker", "administrator", "owner"])
def test_the_cases_of_a_year_are_the_same_in_both_files(hub, visitor):
    for query in ("", "?year=2026", "?county=12"):
        made = hub.send(visitor, "GET", f"/year/cases.csv{query}")
        told = hub.send(visitor, "GET", f"/year/cases.json{query}")
        assert made.status_code == told.status_code
        if made.status_code == 200:
            rows = list(csv.DictReader(io.StringIO(readable(made).lstrip("\ufeff"), newline=""), delimiter=";"))
            assert [row["case"] for row in rows] == [row["case"] for row in told.get_json()["rows"]]


def test_the_rows_not_taken_are_those_of_the_page(hub):
    text = hub.send("broker", "GET", hub.address("imports.refused", "tried")).get_data().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))[1:]
    page = hub.send("broker", "GET", hub.address("imports.show", "tried")).get_data(as_text=True)
    assert rows
    assert len(rows) == len(
        hub.store.query(
            "select * from import_note where batch_id = :id and outcome = 'refused'",
            {"id": hub.world.things["batch_id"]["tried"]},
        )
    )
    assert all(row[2] == "canary-import.cell-7q" for row in rows)
    assert "canary-import.note-7q" in page
