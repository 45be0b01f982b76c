"""The papers of the demo's agreements: the hub's own template, filled from the terms in Swedish or English."""

from __future__ import annotations

import io
import json
import re
import zipfile
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from ..hub.reference import DATA
from . import agreement_papers

Row = dict[str, Any]
NOTHING = "–"
_MARK = re.compile(rb"\[\[([a-z_]+)\]\]")


def paper(case: Row, agreement: Row, parties: dict[str, Row], now: str) -> bytes:
    """Return the DOCX of an agreement. parties: side → `name` and `orgnr` of the organisation that signs."""
    terms, language = agreement["terms"], agreement["language"]
    values, words = {name: str(terms.get(name) or NOTHING) for name in agreement_papers.FIELDS}, _words()[language]
    values |= {name: words[name][terms[name]] for name in ("results_owner", "payment", "funds")}
    for side in ("owner", "startup", "host"):
        one = parties.get(side, {})
        values |= {f"{side}_name": one.get("name") or NOTHING, f"{side}_orgnr": one.get("orgnr") or NOTHING}
    values["amount"] = words["amount"].format(amount=terms["amount"]) if terms.get("amount") else ""
    named = {"need": case["need_title"], "testbed": case["testbed_name"], "number": str(agreement["number"])}
    return _filled(language, {**values, **named, "date": now[:10]})


@cache
def _words() -> Row:
    """Return language → what the choices of an agreement say on paper. The pages' translations need a request."""
    return json.loads((DATA / "demo" / "papers.json").read_text(encoding="utf8"))


def _filled(language: str, values: dict[str, str]) -> bytes:
    """Put values in the marked paper: filling the template itself takes a tenth of a second, two dozen times."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in _marked(language).items():
            if name.endswith(".xml"):
                content = _MARK.sub(lambda found: escape(values[found[1].decode()]).encode(), content)
            packed.writestr(name, content)
    return made.getvalue()


@cache
def _marked(language: str) -> dict[str, bytes]:
    """Return the files of the hub's own template, each field filled with a mark of its own."""
    marks = {name: f"[[{name}]]" for name in agreement_papers.FIELDS}
    filled = agreement_papers.fill(agreement_papers.shipped(language), marks)
    with zipfile.ZipFile(io.BytesIO(filled)) as packed:
        return {one.filename: packed.read(one) for one in packed.infolist()}
