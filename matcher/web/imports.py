"""Imports for brokers: a file, its columns, a trial, the import, and taking it back. The background does the work."""

from __future__ import annotations

import io
from typing import Any

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..exchange import batches, examples, headings, imports, notes, plan, tables, working
from ..exchange.errors import ImportRefused
from ..hub import limits
from ..ranking import indexing
from . import forms, import_words
from .access import allowed, now, person, store
from .files import download

blueprint = Blueprint("imports", __name__, url_prefix="/imports")

KINDS = tuple(import_words.KINDS)
PAGE, SHOWN = 25, 50
FORM_BYTES = tables.MOST_BYTES + 100_000  # the file, and the few fields beside it
FILES_A_QUARTER = 30
EXAMPLES = {
    "csv": (examples.as_csv, "text/csv; charset=utf-8"),
    "xlsx": (examples.as_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


@blueprint.url_value_preprocessor
def larger(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Let a file through to the upload alone. This runs before the CSRF check, which already reads the form."""
    if endpoint == "imports.upload":
        request.max_content_length = FORM_BYTES


@blueprint.get("/")
@allowed("import")
def listing() -> str:
    """Show the form for a file, and the imports so far."""
    return _listing({}, {})


def _listing(typed: dict[str, Any], errors: dict[str, str]) -> str:
    number = forms.page()
    rows, total = batches.recent(store(), number, PAGE)
    return render_template(
        "imports/listing.html",
        rows=rows,
        page=number,
        pages=-(-total // PAGE),
        page_url=lambda shown: url_for("imports.listing", page=shown),
        typed=typed,
        errors=errors,
        words=import_words,
    )


@blueprint.post("/")
@allowed("import")
def upload() -> Any:
    """Take a file that can be read as a batch; its columns are looked at next."""
    limits.count(store(), f"import:{person().person_id}", FILES_A_QUARTER, now())
    kind = request.form.get("kind", "")
    file = request.files.get("file")
    errors = {} if kind in KINDS else {"kind": _("Choose what the file holds.")}
    try:
        if file is None or not file.filename:
            raise ImportRefused("file_none")
        if errors:
            return _listing({}, errors), 422
        data = file.stream.read(tables.MOST_BYTES + 1)
        table = tables.read(data, file.filename, rows=SHOWN)
        batch_id = batches.create(store(), person(), kind, file.filename, data, table, now())
    except ImportRefused as error:
        return _listing({"kind": kind}, {**errors, "file": import_words.refusal(kind, error)}), 422
    return redirect(url_for("imports.show", batch_id=batch_id), 303)


@blueprint.get("/<batch_id>")
@allowed("import", imports.load)
def show(batch: dict[str, Any]) -> str:
    """Show where an import stands: its columns, its progress, what the trial found, or what became of it."""
    return _show(batch, None, {})


def _show(batch: dict[str, Any], typed: dict[str, Any] | None, errors: dict[str, str]) -> str:
    outcome = "kept" if batch["state"] == "undone" else "refused"
    embedding = _embedding(batch)
    remarks = notes.page(store(), batch["id"], ("taken",), 0, SHOWN)
    return render_template(
        "imports/show.html",
        batch=batch,
        typed=typed or _chosen(batch),
        errors=errors,
        words=import_words,
        not_taken=notes.page(store(), batch["id"], (outcome,), 0, SHOWN),
        remarks=remarks,
        waiting=working.waiting(store(), batch, now()) if batch["wanted"] else "",
        embedding=embedding if embedding and embedding["done"] < embedding["total"] else None,
    )


def _chosen(batch: dict[str, Any]) -> dict[str, Any]:
    """Return what the form of the columns holds: what was chosen, or what is recognised."""
    names = [column["heading"] for column in batch["options"]["columns"]]
    try:
        mapped = headings.mapping(batch["kind"], names, batch["mapping"])
    except ImportRefused:
        mapped = headings.guess(batch["kind"], names)
    fields = {heading: field for field, several in mapped.items() for heading in several}
    return {
        "columns": [fields.get(name, "") for name in names],
        "source": batch["options"]["source"],
        "publish": batch["options"]["publish"],
    }


@blueprint.post("/<batch_id>/preview")
@allowed("import", imports.load)
def preview(batch: dict[str, Any]) -> Any:
    """Keep which column holds what, and have the file tried."""
    names = [column["heading"] for column in batch["options"]["columns"]]
    typed = {
        "columns": [request.form.get(f"column-{number}", "") for number in range(len(names))],
        "source": request.form.get("source", ""),
        "publish": request.form.get("publish", ""),
    }
    # Every field is said, also those that no column holds: what is recognised by itself may have been taken away.
    given = [f"{field}=" for field in headings.fields(batch["kind"])]
    given += [f"{field}={name}" for field, name in zip(typed["columns"], names, strict=True) if field]
    try:
        batches.want(
            store(), person(), batch["id"], "preview", now(),
            given=given, source=typed["source"], publish=bool(typed["publish"]),
        )  # fmt: skip
    except ImportRefused as error:
        if error.code.startswith("import_"):
            return _gone_on(batch, error)
        return _show(batch, typed, {"column-0": import_words.refusal(batch["kind"], error)}), 422
    return _to(batch)


@blueprint.post("/<batch_id>/run")
@allowed("import", imports.load)
def run(batch: dict[str, Any]) -> Any:
    """Have the file imported as it was tried."""
    return _want(batch, "import")


@blueprint.post("/<batch_id>/undo")
@allowed("import", imports.load)
def undo(batch: dict[str, Any]) -> Any:
    """Have the import taken back."""
    return _want(batch, "undo")


def _want(batch: dict[str, Any], what: str) -> Any:
    try:
        batches.want(store(), person(), batch["id"], what, now())
    except ImportRefused as error:
        return _gone_on(batch, error)
    return _to(batch)


def _gone_on(batch: dict[str, Any], error: ImportRefused) -> Any:
    flash(import_words.refusal(batch["kind"], error), "warning")
    return _to(batch)


def _to(batch: dict[str, Any]) -> Response:
    return redirect(url_for("imports.show", batch_id=batch["id"]), 303)  # type: ignore[return-value]


@blueprint.get("/<batch_id>/progress")
@allowed("import", imports.load)
def progress(batch: dict[str, Any]) -> Response:
    """Answer how far the work has come, for the page to show; when it is done the page loads itself anew."""
    waiting = working.waiting(store(), batch, now()) if batch["wanted"] else ""
    response = make_response(
        render_template("imports/_progress.html", batch=batch, waiting=waiting, embedding=_embedding(batch))
    )
    if not batch["wanted"] and "embedding" not in request.args:
        response.headers["HX-Refresh"] = "true"
    return response


def _embedding(batch: dict[str, Any]) -> dict[str, int] | None:
    """Return how many of a finished import's rows can be found by meaning; others of its noun that wait count too."""
    if batch["state"] != "finished":
        return None
    total = batch["report"]["created"] + batch["report"]["updated"]
    behind = indexing.behind(store(), indexing.stored_identity(store())[0])[plan.NOUN[batch["kind"]]]
    return {"total": total, "done": max(0, total - behind)}


@blueprint.get("/<batch_id>/refused")
@allowed("import", imports.load)
def refused(batch: dict[str, Any]) -> Response:
    """Hand back the rows not taken, each with its reason, as a CSV that Excel opens."""
    file = io.StringIO(newline="")
    names = [column["heading"] for column in batch["options"]["columns"]]
    notes.write_refused(
        file, names, notes.every(store(), batch["id"], "refused"),
        lambda faults: import_words.reason(batch["kind"], faults), (_("Line"), _("Reason")),
    )  # fmt: skip
    return download(file.getvalue().encode("utf-8-sig"), f"not-taken-{batch['id']}.csv", "text/csv; charset=utf-8")


@blueprint.get("/examples/<kind>.<ending>")
@allowed("import")
def template(kind: str, ending: str) -> Response:
    """Hand out an example file: all headings, and one row filled in."""
    if kind not in KINDS or ending not in EXAMPLES:
        abort(404)
    make, mimetype = EXAMPLES[ending]
    return download(make(kind), f"{kind}.{ending}", mimetype)
