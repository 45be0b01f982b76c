"""What a year's report holds, in the reader's language: the same parts make the page, the papers and the CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import format_percent, get_locale
from flask_babel import gettext as _

from ..exchange import year_papers
from ..hub import years
from ..hub.years import Figures
from . import words

Row = dict[str, Any]
STEPS = (
    "published", "considered", "shown", "proposed", "declined", "confirmed", "agreed", "begun", "decided",
    *years.DECIDED, "amount",
)  # fmt: skip
# A row of the CSV; what each column holds is told on the page.
CSV_FIELDS = ("year", "organisation", "unit", "code", "figure", "value", "measured_in", "n", "lower_quartile",
              "upper_quartile", "protected")  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its words, and the figure whose list it opens, of the report's own scope or of a unit's."""

    text: str
    code: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Part:
    """A part of a report: its heading, what is said under it, and a table of cells, whose first column is words."""

    key: str
    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    texts: Sequence[str] = ()
    numbers: int = 1


@dataclass(frozen=True)
class Report:
    """A year's report in the reader's language."""

    title: str
    lead: Sequence[str]
    parts: Sequence[Part] = field(default=())


def told(found: Figures, code: str) -> str:
    """Return a figure as it is told: a number, kronor, or "fewer than 5" of people."""
    number = years.told(found, code)
    if number is None:
        return _("fewer than %(few)s", few=years.FEW)
    if code == "amount":
        return _("%(amount)s kronor", amount=words.figure(number))
    return words.figure(number)


def per_cent(share: float | None) -> str:
    """Return a share (0..1) in whole hundredths; a dash where there is nothing to share."""
    return "–" if share is None else format_percent(share)


def report(name: str, year: int, running: bool, found: Figures, units: Sequence[tuple[Row, Figures]]) -> Report:
    """Return the whole report of an organisation, or of the hub (`name` its own), and of each of its units."""
    title = _("Innovation report %(year)s: %(name)s", year=year, name=name)
    lead = [
        _(
            "Calendar year in Swedish time. Each step counts in the year in which it was first taken, so the steps "
            "of a year are not the fate of one year's needs. What counts is what is in use, not what was matched."
        )
    ]
    if running:
        lead.insert(0, _("The year is not over: these are the figures so far."))
    parts = [_use(found), _steps(found), _times(found), _promises(found), _suppliers(found), _people(found)]
    return Report(title, lead, [*parts, *([_units(found, units)] if units else []), _meanings()])


def _line(found: Figures, code: str) -> list[Cell]:
    return [Cell(words.label("year_figures", code)), Cell(told(found, code), code)]


def _lines(found: Figures, codes: Sequence[str]) -> list[list[Cell]]:
    return [_line(found, code) for code in codes]


def _use(found: Figures) -> Part:
    codes = ("in_use", "newly_in_use", "no_longer", "spread", "hours")
    return Part("use", _("In use"), [_("Figure"), _("Number")], _lines(found, codes))


def _steps(found: Figures) -> Part:
    return Part("steps", _("From need to decision"), [_("Figure"), _("Number")], _lines(found, STEPS))


def _times(found: Figures) -> Part:
    head = [_("Time"), _("Cases"), _("Median, days"), _("Lower quartile"), _("Upper quartile"), _("Shortest"),
            _("Longest")]  # fmt: skip
    rows = []
    for code in years.TIMES:
        spread = found[code].spread
        days = (spread.median, spread.lower, spread.upper, spread.lowest, spread.highest) if spread else ()
        cells = [Cell(words.figure(value, 1)) for value in days] or [Cell("–")] * 5
        rows.append([*_line(found, code), *cells])
    said = _("Half of the cases lie between the quartiles. With few cases these figures say little.")
    return Part("times", _("How long it took"), head, rows, [said])


def _promises(found: Figures) -> Part:
    head = [_("Promise"), _("To be answered"), _("In time"), _("Share in time")]
    rows = [
        [
            Cell(words.label("year_promises", promise)),
            Cell(told(found, f"{promise}_due"), f"{promise}_due"),
            Cell(told(found, f"{promise}_kept"), f"{promise}_kept"),
            Cell(per_cent(years.share(found, f"{promise}_kept", f"{promise}_due"))),
        ]
        for promise in years.PROMISES
    ]
    return Part("promises", _("Answers within promise"), head, rows)


def _suppliers(found: Figures) -> Part:
    rows = _lines(found, ("companies", "confirmed", "first_time"))
    rows.append(
        [Cell(_("Share of first-time suppliers")), Cell(per_cent(years.share(found, "first_time", "confirmed")))]
    )
    return Part("suppliers", _("The companies"), [_("Figure"), _("Number")], rows)


def _people(found: Figures) -> Part:
    said = [
        _(
            "These figures count people and what single persons said. Below %(few)s they could point at somebody, so "
            "they are told as “fewer than %(few)s”, and the lists behind name no one and are not counted. Of known and "
            "new, neither is told when one is that small: the other would give it away. Figures about cases, needs "
            "and companies are told as they are.",
            few=years.FEW,
        )
    ]
    rows = _lines(found, ("people", "feedback", "known_yes", "known_no"))
    return Part("people", _("The people (protected)"), [_("Figure"), _("Number")], rows, said)


def _units(found: Figures, units: Sequence[tuple[Row, Figures]]) -> Part:
    head = [_("Unit"), *(words.label("year_figures", code) for code in years.FUNNEL)]
    rows = [
        [Cell(row["name"]), *(Cell(told(own, code), code, row["id"]) for code in years.FUNNEL)] for row, own in units
    ]
    rows.append([Cell(_("Together")), *(Cell(told(found, code), code) for code in years.FUNNEL)])
    said = _("The first row is the organisation's own needs. Protected figures are not told by unit.")
    return Part("units", _("By unit"), head, rows, [said])


def _meanings() -> Part:
    rows = [[Cell(words.label("year_figures", code)), Cell(words.label("year_meanings", code))] for code in years.CODES]
    return Part("meanings", _("What the figures count"), [_("Figure"), _("Meaning")], rows, numbers=2)


def paper(made: Report) -> year_papers.Paper:
    """Return the report as it is laid out in a file."""
    parts = [
        year_papers.Part(
            part.title, part.texts,
            year_papers.Table(part.head, [[cell.text for cell in row] for row in part.rows], part.numbers),
        )
        for part in made.parts
    ]  # fmt: skip
    return year_papers.Paper(made.title, "en" if str(get_locale()) == "en" else "sv", made.lead, parts)


def csv_rows(name: str, year: int, found: Figures, units: Sequence[tuple[Row, Figures]]) -> list[Row]:
    """Return every figure of a report, and the figures of each unit that are not about people, as rows for a CSV."""
    rows = [_csv_row(name, "", year, found, code) for code in years.CODES]
    open_codes = [code for code in years.CODES if code not in years.PROTECTED]
    return rows + [_csv_row(name, unit["name"], year, own, code) for unit, own in units for code in open_codes]


def _csv_row(name: str, unit: str, year: int, found: Figures, code: str) -> Row:
    figure, value = found[code], years.told(found, code)
    spread = figure.spread if code in years.TIMES else None
    return {
        "year": year,
        "organisation": name,
        "unit": unit,
        "code": code,
        "figure": words.label("year_figures", code),
        "value": (spread.median if spread else None) if code in years.TIMES else value,
        "measured_in": "days" if code in years.TIMES else "SEK" if code == "amount" else "number",
        "n": None if code in years.PROTECTED else len(figure.items),
        "lower_quartile": spread.lower if spread else None,
        "upper_quartile": spread.upper if spread else None,
        "protected": "" if code not in years.PROTECTED else "fewer than 5" if value is None else "no",
    }
