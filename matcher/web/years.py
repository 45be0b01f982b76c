"""The year: the dashboard, the innovation report of an organisation with its lists and papers, targets, the export."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..exchange import agreement_papers, year_papers
from ..hub import atlas, organisations, released, year_export, year_facts, year_reports, year_span, year_targets, years
from ..hub.errors import Invalid, NotFound
from ..hub.year_reports import WHOLE
from ..hub.years import Figures
from . import evaluator_content, forms, words, year_content, year_drawing
from .access import allowed, may, now, person, settings, store
from .agreements import DOCX
from .files import download

blueprint = Blueprint("years", __name__, url_prefix="/year")

Row = dict[str, Any]
STORIES = 2
CSV = "text/csv; charset=utf-8"


def _year() -> int:
    """Return the year that the address or the form names; this year where it names none that can be."""
    text, this = request.values.get("year", ""), year_span.year_of(now())
    right = text.isascii() and text.isdecimal() and len(text) == 4
    return int(text) if right and year_span.FIRST_YEAR <= int(text) <= this + 1 else this


def _county() -> str:
    return forms.one_of("county", dict(words.choices("counties")))


def _facts(row: Row, county: str = "") -> year_facts.Facts:
    scope = year_reports.scope(row, county, alone=request.args.get("alone") == "yes")
    return year_facts.Facts(store(), scope, _year(), now(), settings().review_days)


@blueprint.get("")
@allowed("year")
def show() -> str:
    """Show the year of the whole hub, of one organisation or of a county: the broker's dashboard."""
    known = year_reports.owners(store())
    chosen = forms.one_of("organisation", {row["id"] for row in known}) or WHOLE
    row, county, year = year_reports.load(store(), person(), chosen), _county(), _year()
    found = years.drawn(_facts(row, county))
    targets = year_targets.of_year(store(), year) if chosen == WHOLE and not county else {}
    return render_template(
        "years/show.html",
        year=year,
        years=_choices(),
        running=year == year_span.year_of(now()),
        row=row,
        county=county,
        organisations=[(one["id"], one["name"]) for one in known],
        found=found,
        told={code: year_content.told(found, code) for code in years.CODES},
        funnel=year_drawing.bars(found),
        times=year_drawing.boxes(found),
        aims=year_targets.compared(targets, found),
        promises=[(code, _promise(found, code)) for code in years.PROMISES],
        first_time=year_content.per_cent(years.share(found, "first_time", "confirmed")),
        drawn=atlas.drawn(store()),
        few=years.FEW,
    )


def _choices() -> list[tuple[int, int]]:
    return [(year, year) for year in years.known(store(), now())]


def _promise(found: Figures, code: str) -> str:
    return year_content.per_cent(years.share(found, f"{code}_kept", f"{code}_due"))


@blueprint.get("/reports")
@allowed("year.own")
def reports() -> Any:
    """List the organisations whose report this person may read; who may read one alone is taken to it."""
    rows = year_reports.readable(store(), person())
    if len(rows) == 1 and not may("year"):
        return redirect(url_for("years.report", organisation_id=rows[0]["id"]))
    return render_template("years/reports.html", rows=rows, whole=may("year"), year=_year(), years=_choices())


@blueprint.get("/summary")
@allowed("public")
def summary() -> str:
    """Show three figures of the hub's year and two released stories, for who has a minute."""
    year = _year()
    scope = year_facts.Scope()
    found = years.drawn(year_facts.Facts(store(), scope, year, now(), settings().review_days))
    return render_template(
        "years/summary.html",
        year=year,
        years=_choices(),
        running=year == year_span.year_of(now()),
        found=found,
        days=found["need_to_test"].spread,
        stories=released.listing(store(), now(), 1, STORIES)["rows"],
    )


@blueprint.get("/targets")
@allowed("admin")
def targets() -> str:
    """Show the targets of a year, to be set."""
    return _targets({})


def _targets(errors: dict[str, str], typed: Row | None = None) -> str:
    year = _year()
    this = year_span.year_of(now())
    choices = sorted({*(number for number, _name in _choices()), this, this + 1}, reverse=True)
    return render_template(
        "years/targets.html", year=year, years=[(one, one) for one in choices], errors=errors,
        typed=year_targets.of_year(store(), year) if typed is None else typed, measures=year_targets.MEASURES,
    )  # fmt: skip


@blueprint.post("/targets")
@allowed("admin")
def save_targets() -> Any:
    """Set the targets of a year."""
    typed = forms.read(year_targets.MEASURES)
    try:
        year_targets.save(store(), person(), _year(), typed, now())
    except Invalid as error:
        return _targets(forms.messages(error), typed), 422
    flash(_("The targets of %(year)s are set.", year=_year()), "success")
    return redirect(url_for("years.targets", year=_year()), 303)


def _export() -> tuple[list[Row], int | None]:
    """Return the rows for an evaluator and their year; those of all years where the address names none."""
    year = _year() if request.args.get("year") else None
    return year_export.rows(store(), year_facts.Scope(), year, now(), settings().secret_key), year


@blueprint.get("/cases.csv")
@allowed("year")
def cases_csv() -> Response:
    """Hand out the cases of a year, or of all, to an evaluator as CSV."""
    rows, year = _export()
    made = year_papers.as_csv(rows, tuple(evaluator_content.EvaluatedCase.model_fields))
    return download(made, f"evaluation-{year or 'all'}.csv", CSV)


@blueprint.get("/cases.json")
@allowed("year")
def cases_json() -> Response:
    """Hand out the cases of a year, or of all, to an evaluator as JSON."""
    rows, year = _export()
    cases = [evaluator_content.EvaluatedCase(**row).model_dump() for row in rows]
    schema = f"{settings().base_url}{url_for('years.schema')}"
    return jsonify({"schema": schema, "year": year, "made_at": now(), "total": len(cases), "rows": cases})


@blueprint.get("/cases.schema.json")
@allowed("year")
def schema() -> Response:
    """Describe a row of the export, in CSV and JSON alike, as JSON Schema."""
    answer = jsonify(evaluator_content.schema(settings().base_url))
    answer.content_type = "application/schema+json"
    return answer


@blueprint.get("/<organisation_id>")
@allowed("year.report", year_reports.load)
def report(row: Row) -> str:
    """Show the innovation report of an organisation, or of the whole hub, for one year."""
    made, _found, _units = _report(row)
    return render_template(
        "years/report.html", row=row, name=_name(row), year=_year(), years=_choices(), report=made,
        csv_fields=year_content.CSV_FIELDS,
    )  # fmt: skip


def _report(row: Row) -> tuple[year_content.Report, Figures, list[tuple[Row, Figures]]]:
    facts = _facts(row)
    found = years.drawn(facts)
    units = [
        ({**unit, "alone": unit["id"] == row["id"]}, years.drawn(facts, ids)) for unit, ids in year_reports.parts(row)
    ]
    running = facts.year >= year_span.year_of(now())
    return year_content.report(_name(row), facts.year, running, found, units), found, units


def _name(row: Row) -> str:
    hub = organisations.hub(store()) if row["id"] == WHOLE else None
    return row["name"] or (hub["name"] if hub else _("The whole hub"))


@blueprint.get("/<organisation_id>/list")
@allowed("year.report", year_reports.load)
def listing(row: Row) -> str:
    """Show what a figure counts: as many rows as the figure says, with the names that the reader may see."""
    code = request.args.get("figure") or "in_use"
    if code not in years.CODES:
        raise NotFound("figure")
    county = _county()
    figure, page = years.drawn(_facts(row, county))[code], forms.page()
    return render_template(
        "years/listing.html",
        row=row,
        name=_name(row),
        year=_year(),
        code=code,
        figure=figure,
        county_name=words.county(county),
        alone=request.args.get("alone") == "yes" and bool(row["units"]),
        rows=year_reports.listed(store(), person(), figure, page),
        page=page,
        pages=year_reports.pages(figure),
        page_url=_pages(row, code, county),
        is_sum=code in years.SUMS,
        is_time=code in years.TIMES,
        few=years.FEW,
    )


def _pages(row: Row, code: str, county: str) -> Callable[[int], str]:
    kept = {"figure": code, "year": _year(), "county": county or None, "alone": request.args.get("alone")}
    return lambda number: url_for("years.listing", organisation_id=row["id"], **kept, page=number)


@blueprint.get("/<organisation_id>/paper")
@allowed("year.report", year_reports.load)
def paper(row: Row) -> Any:
    """Give the report as accessible PDF, DOCX or CSV (`?kind=`; without it as CSV)."""
    kind = forms.one_of("kind", ("pdf", "docx", "csv")) or "csv"
    made, found, units = _report(row)
    name = "-".join((_("innovation-report"), f"{_year()}.{kind}"))
    if kind == "csv":
        rows = year_content.csv_rows(_name(row), _year(), found, units)
        return download(year_papers.as_csv(rows, year_content.CSV_FIELDS), name, CSV)
    laid = year_content.paper(made)
    if kind == "docx":
        return download(year_papers.docx(laid), name, DOCX)
    try:
        return download(year_papers.pdf(laid), name, "application/pdf")
    except agreement_papers.NoPdf:
        flash(_("This machine cannot make a PDF yet. Take the DOCX, or ask for Pango to be installed."), "warning")
        return redirect(url_for("years.report", organisation_id=row["id"], year=_year()), 303)
