"""The year's report as files: DOCX with headings and tables, the same as accessible PDF, and CSV a row per figure.

The PDF comes of the DOCX, as that of an agreement does (`agreement_papers.pdf`): tags, language and title.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt

from . import agreement_papers
from .guarding import put_on


@dataclass(frozen=True)
class Table:
    """A table with a heading row; the columns from `numbers` on hold figures and stand to the right."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: int = 1


@dataclass(frozen=True)
class Part:
    """A heading, what is said under it, and a table, if any."""

    title: str
    texts: Sequence[str] = ()
    table: Table | None = None


@dataclass(frozen=True)
class Paper:
    """A report in one language (`sv` or `en`): its title, what stands under that, and its parts."""

    title: str
    language: str
    lead: Sequence[str] = ()
    parts: Sequence[Part] = field(default=())


def docx(paper: Paper) -> bytes:
    """Return the report as DOCX, with its title, language, headings, and heading rows that are marked as such."""
    document = Document()
    document.core_properties.title = paper.title
    document.core_properties.language = paper.language
    _speak(document, paper.language)
    document.add_heading(paper.title, 1)
    for text in paper.lead:
        document.add_paragraph(text)
    for part in paper.parts:
        document.add_heading(part.title, 2)
        for text in part.texts:
            document.add_paragraph(text)
        if part.table and part.table.rows:
            _lay(document, part.table)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def _speak(document: Any, language: str) -> None:
    """Say in which language all text is, for a screen reader and for the spelling."""
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Arial", Pt(11)
    properties = style.element.get_or_add_rPr()
    spoken = OxmlElement("w:lang")
    spoken.set(qn("w:val"), {"sv": "sv-SE", "en": "en-GB"}[language])
    properties.append(spoken)


def _lay(document: Any, table: Table) -> None:
    laid = document.add_table(rows=1, cols=len(table.head))
    laid.style = "Table Grid"
    _fill(laid.rows[0].cells, table.head, table.numbers, bold=True)
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    laid.rows[0]._tr.get_or_add_trPr().append(mark)
    for row in table.rows:
        _fill(laid.add_row().cells, row, table.numbers)
    document.add_paragraph("")


def _fill(cells: Sequence[Any], texts: Sequence[str], numbers: int, bold: bool = False) -> None:
    for place, (cell, text) in enumerate(zip(cells, texts, strict=True)):
        paragraph = cell.paragraphs[0]
        paragraph.add_run(text).bold = bold
        if place >= numbers:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def pdf(paper: Paper) -> bytes:
    """Return the report as PDF/UA-1; raise `agreement_papers.NoPdf` on a machine without Pango."""
    return agreement_papers.pdf(docx(paper), paper.title, paper.language)


def as_csv(rows: Iterable[Mapping[str, Any]], fields: Sequence[str]) -> bytes:
    """Return rows as CSV with `;` and a mark for UTF-8. Numbers are written with a point; lists are parted by a bar."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=";")
    writer.writerow(fields)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in fields])
    return file.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return put_on("|".join(value) if isinstance(value, list) else str(value))
