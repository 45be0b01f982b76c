"""What the public reads of cases: the list, one case, the data; and the page where both sides write and say yes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..exchange import case_list
from ..hub import outcomes, released, releases
from ..hub.errors import Conflict, Invalid, Stale
from . import case_content, forms, spread, words
from .access import allowed, now, person, settings, store

blueprint = Blueprint("releases", __name__)

Row = dict[str, Any]
SHOWN = 20


def _released(store: Any, viewer: Any, pairing_id: str) -> Row:
    return released.load(store, viewer, pairing_id, now())


@blueprint.get("/cases")
@allowed("public")
def listing() -> str:
    """Show the cases that both sides have released, last released first, and where the data is."""
    found = released.listing(store(), now(), forms.page(), SHOWN)
    return render_template(
        "releases/listing.html", found=found, use=outcomes.use(store(), now()),
        fields=case_content.schema(settings().base_url)["properties"], page_url=forms.page_address("releases.listing"),
    )  # fmt: skip


@blueprint.get("/cases/<pairing_id>")
@allowed("public", _released)
def public(case: Row) -> str:
    """Show one released case, the same to everybody but for who else uses it, and what an owner of needs may do."""
    return render_template("releases/public.html", case=case, **spread.beside(case["id"]))


@blueprint.get("/cases.csv")
@allowed("public")
def as_csv() -> Response:
    """Hand out the released cases as a CSV that a spreadsheet opens."""
    headers = {
        "Content-Disposition": 'attachment; filename="cases.csv"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Link": f'<{url_for("releases.schema")}>; rel="describedby"',
        "Access-Control-Allow-Origin": "*",
    }
    data = case_list.as_csv(released.every(store(), now()), tuple(case_content.ReleasedCase.model_fields))
    return Response(data, content_type="text/csv; charset=utf-8", headers=headers)


@blueprint.get("/cases.schema.json")
@allowed("public")
def schema() -> Response:
    """Describe a row of the list, in CSV and JSON alike, as JSON Schema."""
    answer = jsonify(case_content.schema(settings().base_url))
    answer.content_type = "application/schema+json"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@blueprint.get("/pairings/<pairing_id>/release")
@allowed("release.view", releases.load)
def review(case: Row) -> str:
    """Show exactly what would be public, with each side's own summary to write, and who has said yes."""
    return _page(case)


def _page(case: Row, typed: Row | None = None, errors: dict[str, str] | None = None, notice: str = "") -> str:
    row = releases.of_case(store(), case)
    return render_template(
        "releases/review.html",
        case=case,
        release=row,
        preview=released.preview(store(), row, now()),
        own=releases.own_sides(person(), case),
        unwritten=releases.unwritten(row),
        is_public=releases.is_public(row),
        typed=typed or {},
        side=(typed or {}).get("side", ""),
        errors=errors or {},
        notice=notice,
        limit=releases.TEXT_LIMIT,
    )


@blueprint.post("/pairings/<pairing_id>/release")
@allowed("release.write", releases.load)
def save(case: Row) -> Any:
    """Keep what a side writes; both are asked anew."""
    side = request.form.get("side", "")
    typed = forms.read(releases.CONTENT[side].model_fields) if side in releases.CONTENT else {}
    done = _("The text is saved. Both sides say yes to it as it is now before it becomes public.")
    return _step(
        case, lambda: releases.save(store(), person(), case["id"], side, typed, forms.revision(), now()), done,
        {**typed, "side": side},
    )  # fmt: skip


@blueprint.post("/pairings/<pairing_id>/release/agree")
@allowed("release.write", releases.load)
def agree(case: Row) -> Any:
    """Say yes for a side to the text that was read."""
    side, revision = request.form.get("side", ""), forms.revision()
    read = {one: request.form.get(f"{one}_name") for one in releases.SIDES}
    done = _("Your yes is recorded, and the others have been told.")
    return _step(case, lambda: releases.agree(store(), person(), case["id"], side, revision, now(), read), done)


@blueprint.post("/pairings/<pairing_id>/release/take-back")
@allowed("release.write", releases.load)
def take_back(case: Row) -> Any:
    """Take a side's yes back: the page is gone at once."""
    side = request.form.get("side", "")
    done = _("Taken back. Nobody else can read the page now, and the others have been told.")
    return _step(case, lambda: releases.take_back(store(), person(), case["id"], side, now()), done)


@blueprint.post("/pairings/<pairing_id>/release/ask")
@allowed("release.ask", releases.load)
def ask(case: Row) -> Any:
    """Ask the sides that have not said yes."""
    done = _("Those who have not said yes have been asked by mail.")
    return _step(case, lambda: releases.ask(store(), person(), case["id"], now()), done)


def _step(case: Row, step: Callable[[], Any], done: str, typed: Row | None = None) -> Any:
    """Take a step and show the page again; what stands in the way is told there, with the typed text."""
    try:
        step()
    except Invalid as error:
        return _page(case, typed, forms.messages(error)), 422
    except (Stale, Conflict) as error:
        return _page(case, typed, notice=words.sentence(error)), 409
    flash(done, "success")
    return redirect(url_for("releases.review", pairing_id=case["id"]), 303)
