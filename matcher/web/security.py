"""The log of security incidents: for administrators, with the reports that the law asks for and when they are due."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import clock, security_incidents
from ..hub.errors import Conflict, Invalid, NotFound, Stale
from . import forms, security_words, stale, words
from .access import allowed, now, person, settings, store
from .files import download

blueprint = Blueprint("security", __name__, url_prefix="/admin/incidents")

NEW: dict[str, Any] = {"malicious": "unknown", "cross_border": "unknown", "personal": "unknown", "effects": []}


@blueprint.get("")
@allowed("admin")
def listing() -> str:
    """List the incidents with the reports that are still to be sent."""
    return render_template("security/list.html", rows=security_incidents.listing(store(), person()), now=now())


@blueprint.get("/new")
@allowed("admin")
def new() -> str:
    """Ask for what is known of a new one."""
    local = clock.parse(now()).astimezone(security_incidents.ZONE)
    begun = {**NEW, "noticed_on": local.date().isoformat(), "noticed_time": local.strftime("%H:%M")}
    return _form(None, begun, {}, 0)


@blueprint.post("/new")
@allowed("admin")
def create() -> Any:
    """Begin to log one."""
    typed = _typed()
    try:
        incident_id = security_incidents.create(store(), person(), typed, now())
    except Invalid as error:
        return _form(None, typed, forms.messages(error), 0), 422
    flash(_("The incident is logged. Below stands which report is due when."), "success")
    return redirect(url_for("security.show", incident_id=incident_id), 303)


@blueprint.get("/<incident_id>")
@allowed("admin")
def show(incident_id: str) -> str:
    """Show one incident, its reports and its form."""
    row = security_incidents.load(store(), person(), incident_id)
    return _form(row, row, {}, row["revision"])


@blueprint.post("/<incident_id>")
@allowed("admin")
def save(incident_id: str) -> Any:
    """Keep what is known by now."""
    row, typed = security_incidents.load(store(), person(), incident_id), _typed()
    try:
        security_incidents.save(store(), person(), incident_id, typed, forms.revision(), now())
    except Invalid as error:
        return _form(row, typed, forms.messages(error), forms.revision()), 422
    except Stale as error:
        newest = error.params["current"]
        return _form(newest, typed, {}, newest["revision"], stale.differing(newest, typed)), 409
    except Conflict as error:  # closed meanwhile: what was typed stays in the form until it is opened again
        return _form(row, typed, {}, forms.revision(), notice=words.sentence(error)), 409
    flash(_("The incident is saved."), "success")
    return redirect(url_for("security.show", incident_id=incident_id), 303)


@blueprint.post("/<incident_id>/sent")
@allowed("admin")
def sent(incident_id: str) -> Any:
    """Note that a report was sent."""
    security_incidents.sent(store(), person(), incident_id, request.form.get("report", ""), now())
    flash(_("Noted as sent."), "success")
    return redirect(url_for("security.show", incident_id=incident_id), 303)


@blueprint.post("/<incident_id>/close")
@allowed("admin")
def close(incident_id: str) -> Any:
    """Close it, or open it again: the form says which, so that the same form sent twice asks for the same."""
    step = security_incidents.reopen if request.form.get("closed") == "no" else security_incidents.close
    step(store(), person(), incident_id, now())
    return redirect(url_for("security.show", incident_id=incident_id), 303)


@blueprint.get("/<incident_id>/file")
@allowed("admin")
def file(incident_id: str) -> Any:
    """Give a report as text (`?report=`), or all that is known as JSON."""
    row = security_incidents.load(store(), person(), incident_id)
    report = request.args.get("report", "")
    if not report:
        content = {name: row[name] for name in (*security_incidents.FIELDS, "noticed_at", "due", "closed_at")}
        content["changes"] = security_incidents.changes(store(), person(), incident_id)
        return download(json.dumps(content, ensure_ascii=False, indent=1).encode(), "incident.json", "application/json")
    if report not in row["due"]:
        raise NotFound("report")
    text = security_words.report_text(row, report, settings().hub, words.moment)
    return download(text.encode(), f"incident-{report}.txt", "text/plain; charset=utf-8")


def _typed() -> dict[str, Any]:
    return forms.read(security_incidents.FIELDS, ("effects",))


def _form(
    row: dict[str, Any] | None, values: dict[str, Any], errors: dict[str, str], revision: int, differing: Any = (),
    notice: str = "",
) -> str:  # fmt: skip
    changes = security_incidents.changes(store(), person(), row["id"]) if row else []
    return render_template(
        "security/incident.html",
        row=row,
        values=values,
        errors=errors,
        revision=revision,
        stale=differing,
        notice_text=notice,
        known=security_words.known(row, words.moment) if row else [],
        changes=[{**one, "told": security_words.earlier(one, words.moment)} for one in changes],
        moved=[one for one in changes if "noticed_at" in one["before"]],
        now=now(),
    )
