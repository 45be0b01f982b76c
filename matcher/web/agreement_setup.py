"""What stands before an agreement: the hub's templates, and what a testbed asks for of those who come."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..exchange import agreement_papers as papers
from ..exchange import papers_apart
from ..hub import agreement_templates, prerequisite_steps, prerequisites, testbeds
from ..hub.errors import Conflict, Invalid
from . import forms, words
from .access import allowed, now, person, store
from .agreements import DOCX, blueprint, broken
from .files import download


@blueprint.get("/admin/agreements")
@allowed("admin")
def templates() -> str:
    """List the templates for agreements, with the fields that one may hold."""
    return _templates_page({}, {})


def _templates_page(typed: Any, errors: dict[str, str]) -> str:
    return render_template(
        "agreements/templates.html",
        rows=agreement_templates.listing(store()),
        fields=papers.FIELDS,
        needed=papers.NEEDED,
        typed=typed,
        errors=errors,
    )


@blueprint.post("/admin/agreements")
@allowed("admin")
def add_template() -> Any:
    """Take a template after its fields were checked: a broken one is refused here, not when somebody waits to sign."""
    file = request.files.get("file")
    errors: dict[str, str] = {}
    content = file.stream.read(papers.LIMIT + 1) if file and file.filename else b""
    if not content:
        errors["file"] = words.field_error("template_file", {})
    else:
        try:
            papers_apart.check(content)
        except papers.BrokenTemplate as error:
            errors["file"] = broken(error)
    try:
        given = forms.read(("name", "language"))
        agreement_templates.checked(given)
        if not errors:
            agreement_templates.add(store(), person(), given, content, now())
    except Invalid as error:
        errors |= forms.messages(error)
    if errors:
        return _templates_page(request.form, errors), 422
    flash(_("The template is added. Brokers can choose it now."), "success")
    return redirect(url_for("agreements.templates"), 303)


@blueprint.get("/admin/agreements/file")
@allowed("admin")
def template_file() -> Any:
    """Give a template of the hub (`?template=`), or the one that comes with it: what a lawyer begins from."""
    asked = request.args.get("template", "")
    language = forms.one_of("language", tuple(papers.SHIPPED)) or "sv"
    content = agreement_templates.content(store(), asked) if asked else papers.shipped(language)
    return download(content, f"agreement-{asked or language}.docx", DOCX)


@blueprint.post("/admin/agreements/retire")
@allowed("admin")
def retire_template() -> Any:
    """Offer a template no longer."""
    try:
        agreement_templates.retire(store(), person(), request.form.get("template_id", ""), now())
        flash(_("The template is no longer offered. Drafts that use it keep it."), "success")
    except Conflict as error:
        flash(words.sentence(error), "warning")
    return redirect(url_for("agreements.templates"), 303)


@blueprint.get("/testbeds/<testbed_id>/prerequisites", endpoint="prerequisites")
@allowed("testbed.edit", testbeds.load)
def asked(testbed: dict[str, Any]) -> str:
    """Show what a testbed asks for of those who come."""
    return _asked_page(testbed, {}, {})


def _asked_page(testbed: dict[str, Any], typed: Any, errors: dict[str, str], notice: str = "") -> str:
    return render_template(
        "agreements/prerequisites.html",
        testbed=testbed,
        rows=prerequisites.of_testbed(store(), testbed["id"]),
        typed=typed,
        errors=errors,
        notice=notice,
    )


@blueprint.post("/testbeds/<testbed_id>/prerequisites", endpoint="add_prerequisite")
@allowed("testbed.edit", testbeds.load)
def add(testbed: dict[str, Any]) -> Any:
    """Ask for one thing more."""
    try:
        prerequisite_steps.add(store(), person(), testbed["id"], forms.read(("kind", "text")), now())
    except Invalid as error:
        return _asked_page(testbed, request.form, forms.messages(error)), 422
    except Conflict as error:
        return _asked_page(testbed, request.form, {}, words.sentence(error)), 409
    told = _("Added. Tests and bookings at the testbed show it at once, and those who have a place are told.")
    flash(told, "success")
    return redirect(url_for("agreements.prerequisites", testbed_id=testbed["id"]), 303)


@blueprint.post("/testbeds/<testbed_id>/prerequisites/retire")
@allowed("testbed.edit", testbeds.load)
def retire(testbed: dict[str, Any]) -> Any:
    """Ask for a thing no longer."""
    prerequisite_steps.retire(store(), person(), testbed["id"], request.form.get("prerequisite_id", ""), now())
    flash(_("It is no longer asked for."), "success")
    return redirect(url_for("agreements.prerequisites", testbed_id=testbed["id"]), 303)
