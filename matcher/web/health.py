"""For operators: alive, and ready to serve."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from ..store import CopyUnfinished, SchemaBehind, SchemaTooNew, StoreError
from ..store.schema import refuse
from .access import allowed, store

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@allowed("public")
def alive() -> Response:
    """Answer when the process does."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@allowed("public")
def ready() -> tuple[Response, int]:
    """Answer 200 when the store answers and has the code's schema, else 503 with the reason."""
    try:
        refuse(store())
    except CopyUnfinished:
        return jsonify(status="a copy into the database is not finished"), 503
    except SchemaBehind:
        return jsonify(status="schema not up to date"), 503
    except SchemaTooNew:
        return jsonify(status="schema newer than the code"), 503
    except StoreError:
        return jsonify(status="store unavailable"), 503
    return jsonify(status="ready"), 200
