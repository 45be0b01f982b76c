"""The papers of the demo's agreements: the hub's own template, filled from the terms in plain Swedish or English."""

from __future__ import annotations

import io
import re
import zipfile
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from . import agreement_papers

Row = dict[str, Any]
NOTHING = "–"
_MARK = re.compile(rb"\[\[([a-z_]+)\]\]")
# What the choices of an agreement say on paper. The pages have translations of their own; a demo has no page here.
CHOICES: dict[str, dict[str, dict[str, str]]] = {
    "sv": {
        "results_owner": {
            "startup": "Bolaget äger det som kommer ut av testet.",
            "owner": "Behovsägaren äger det som kommer ut av testet.",
            "joint": "Bolaget och behovsägaren äger det som kommer ut av testet tillsammans.",
            "each": "Var och en äger det som den själv tar fram i testet.",
        },
        "payment": {
            "free": "Ingen betalar någon för testet.",
            "paid": "Behovsägaren betalar en fast summa.",
            "milestones": "Behovsägaren betalar när avtalade steg är nådda.",
        },
        "funds": {"own": "Egen budget", "national": "Ett nationellt bidrag", "startup": "Bolagets egna pengar"},
    },
    "en": {
        "results_owner": {
            "startup": "The company owns what comes out of the test.",
            "owner": "The owner of the need owns what comes out of the test.",
            "joint": "The company and the owner of the need own what comes out of the test together.",
            "each": "Each owns what it makes itself in the test.",
        },
        "payment": {
            "free": "Nobody pays anybody for the test.",
            "paid": "The owner of the need pays a fixed sum.",
            "milestones": "The owner of the need pays when agreed steps are reached.",
        },
        "funds": {"own": "Own budget", "national": "A national grant", "startup": "The company's own money"},
    },
}


def paper(case: Row, agreement: Row, parties: dict[str, Row], now: str) -> bytes:
    """Return the DOCX of an agreement. parties: side → `name` and `orgnr` of the organisation that signs."""
    terms, language = agreement["terms"], agreement["language"]
    values = {name: str(terms.get(name) or NOTHING) for name in agreement_papers.FIELDS}
    for name, words in CHOICES[language].items():
        values[name] = words[terms[name]]
    for side in ("owner", "startup", "host"):
        one = parties.get(side, {})
        values |= {f"{side}_name": one.get("name") or NOTHING, f"{side}_orgnr": one.get("orgnr") or NOTHING}
    unit = {"sv": "kronor exklusive moms", "en": "kronor before VAT"}[language]
    values["amount"] = f"{terms['amount']} {unit}." if terms.get("amount") else ""
    named = {"need": case["need_title"], "testbed": case["testbed_name"], "number": str(agreement["number"])}
    return _filled(language, {**values, **named, "date": now[:10]})


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
