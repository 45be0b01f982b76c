"""The register of small aid: what each company was given, the limit, and a certificate to print."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from ..exchange import agreement_papers, year_papers
from ..hub import state_aid
from ..hub.clock import day
from ..hub.errors import Conflict, Invalid
from . import forms, words
from .access import allowed, now, person, settings, store
from .agreements import DOCX
from .files import download

blueprint = Blueprint("aid", __name__, url_prefix="/aid")

Row = dict[str, Any]


@blueprint.get("")
@allowed("aid.keep")
def listing() -> str:
    """List the companies that were given something, each with its sum against the limit."""
    return render_template("aid/listing.html", rows=state_aid.companies(store(), now()), limit=state_aid.limit())


@blueprint.get("/<organisation_id>")
@allowed("aid.view", state_aid.load)
def show(row: Row) -> str:
    """Show what one company was given, and the form for one value more."""
    return _page(row, {"pairing_id": request.args.get("case", ""), "given_on": day(now())}, {})


def _page(row: Row, typed: Any, errors: dict[str, str], notice: str = "") -> str:
    return render_template(
        "aid/show.html",
        row=row,
        rows=state_aid.of_organisation(store(), row["id"]),
        total=state_aid.given(store(), row["id"], day(now())),
        begins=state_aid.begins(day(now())),
        group=len(state_aid.group(store(), row["id"])),
        limit=state_aid.limit(),
        typed=typed,
        errors=errors,
        notice=notice,
    )


@blueprint.post("/<organisation_id>")
@allowed("aid.keep", state_aid.load)
def enter(row: Row) -> Any:
    """Write down a value given; one that passes the limit asks for another ground first."""
    typed = forms.read(state_aid.Content.model_fields)
    try:
        state_aid.enter(store(), person(), row["id"], typed, now(), request.form.get("pairing_id", ""))
    except Invalid as error:
        return _page(row, request.form, forms.messages(error)), 422
    flash(_("Written into the register."), "success")
    return redirect(url_for("aid.show", organisation_id=row["id"]), 303)


@blueprint.post("/<organisation_id>/cancel")
@allowed("aid.keep", state_aid.load)
def cancel(row: Row) -> Any:
    """Strike out a row that was wrong."""
    try:
        state_aid.cancel(store(), person(), row["id"], request.form.get("aid_id", ""), now())
    except Conflict as error:
        return _page(row, {}, {}, words.sentence(error)), 409
    flash(_("Struck out. It no longer counts, and stays readable."), "success")
    return redirect(url_for("aid.show", organisation_id=row["id"]), 303)


@blueprint.get("/<organisation_id>/certificate")
@allowed("aid.view", state_aid.load)
def certificate(row: Row) -> Any:
    """Give the certificate of what the company was given, as DOCX or as accessible PDF (`?kind=pdf`)."""
    paper = _paper(row)
    content, name = year_papers.docx(paper), f"{_('certificate')}-{day(now())}"
    if forms.one_of("kind", ("docx", "pdf")) != "pdf":
        return download(content, f"{name}.docx", DOCX)
    try:
        return download(agreement_papers.pdf(content, paper.title, paper.language), f"{name}.pdf", "application/pdf")
    except agreement_papers.NoPdf:
        notice = _("This machine cannot make a PDF yet. Take the DOCX, or ask for Pango to be installed.")
        return _page(row, {}, {}, notice), 409


def _paper(row: Row) -> year_papers.Paper:
    limit, today = state_aid.limit(), day(now())
    counted = [
        one
        for one in state_aid.of_organisation(store(), row["id"])
        if not one["cancelled_at"] and state_aid.begins(today) < one["given_on"] <= today
    ]
    total = state_aid.given(store(), row["id"], today)
    lead = [
        _("%(company)s, organisation number %(orgnr)s.", company=row["name"], orgnr=row["orgnr"] or "–"),
        _(
            "In the three years up to %(day)s the hub at %(hub)s has noted aid of minor importance for %(total)s "
            "kronor, the company's group counted as one. The limit is %(limit)s kronor (%(euro)s euro).",
            day=words.day(today), hub=settings().base_url, total=words.figure(total), limit=words.figure(limit.kronor),
            euro=words.figure(limit.euro),
        ),
        limit.rule_sv if _language() == "sv" else limit.rule,
        _("It says what the hub itself has noted. The company answers for aid from others. This is not legal advice."),
    ]  # fmt: skip
    table = year_papers.Table(
        (_("Day"), _("Kind"), _("Note"), _("Kronor")),
        [
            (words.day(one["given_on"]), words.label("aid_kinds", one["kind"]), one["note"] or "–",
             words.figure(one["amount"]))
            for one in counted
        ],
        numbers=3,
    )  # fmt: skip
    parts = [year_papers.Part(_("What was given to the company itself"), (), table)]
    return year_papers.Paper(_("Certificate of aid of minor importance"), _language(), lead, parts)


def _language() -> str:
    return "en" if str(get_locale()) == "en" else "sv"
