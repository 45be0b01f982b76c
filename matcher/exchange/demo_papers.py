"""The papers of the demo's agreements: the hub's own template, filled from the terms in plain Swedish or English."""

from __future__ import annotations

from functools import cache
from typing import Any

from . import agreement_papers

Row = dict[str, Any]
NOTHING = "–"
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
    return agreement_papers.fill(_template(language), {**values, **named, "date": now[:10]})


@cache
def _template(language: str) -> bytes:
    return agreement_papers.shipped(language)
