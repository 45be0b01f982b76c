"""A cell's text as its field wants it: words of the reference lists become codes, the rest stays as typed."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from ..hub import reference

LISTS = ("themes", "goals", "regions", "languages", "beneficiaries", "seeks")
_REFERENCE = {
    "themes": "themes", "goals": "goals", "regions": "counties", "county_code": "counties",
    "municipality_code": "municipalities",
}  # fmt: skip
_CODE_LENGTH = {"counties": 2, "municipalities": 4}
_WORDS = {
    "languages": {
        "sv": "sv svenska swedish se", "en": "en engelska english", "no": "no nb nn norska norwegian norsk",
        "da": "da danska danish dansk", "fi": "fi finska finnish suomi",
    },
    "beneficiaries": {
        "resident": "resident invånare medborgare boende", "patient": "patient patienter",
        "relative": "relative anhörig anhöriga närstående", "traveller": "traveller resenär resenärer",
        "visitor": "visitor besökare", "staff": "staff personal medarbetare",
    },
    "seeks": {
        "test": "test testa", "sell": "sell sälja", "codevelop": "codevelop samutveckla",
        "license": "license licens licensiera",
    },
    "budget": {
        "unknown": "unknown okänd okänt notknownyet intekäntännu",
        "none": "none ingen inga nomoneyonlytimeandaplace ingapengarbaratidochenplats",
        "under_100k": "undersek100000 under100000kronor under100000kr under100000",
        "100k_700k": "sek100000700000 100000700000kronor 100000700000kr 100000700000",
        "700k_2m": "sek7000002million 700000kronortill2miljoner 7000002miljonerkronor 7000002000000",
        "over_2m": "oversek2million över2miljonerkronor över2miljoner över2000000",
    },
    "local": {"yes": "yes ja true 1 x", "": "no nej false 0"},
}  # fmt: skip


def value(field: str, text: str) -> Any:
    """Return a cell as its field wants it; a word that no list knows stays, and is refused with the row."""
    if field in LISTS:
        return [code for part in re.split(r"[;|\n]", text) if part.strip() for code in _codes(field, part.strip())]
    return _code("languages" if field == "language" else field, text)


def _codes(field: str, text: str) -> list[str]:
    """Return the codes of one part of a list, which may hold commas: a name with a comma in it, or several names."""
    whole = _code(field, text)
    if "," not in text or whole != text:
        return [whole]
    return [_code(field, part.strip()) for part in text.split(",") if part.strip()]


def _code(field: str, text: str) -> str:
    name = text.strip().casefold()
    if field in _WORDS:
        whole = re.sub(r"[\W_]+", "", name)  # of several words too, as the form of the hub shows them
        return next((code for code, words in _WORDS[field].items() if whole in words.split() or name == code), text)
    if field not in _REFERENCE:
        return text
    known, length = _names(_REFERENCE[field]), _CODE_LENGTH.get(_REFERENCE[field], 0)
    if name.isdecimal():
        name = name.zfill(length)  # a spreadsheet turns 0180 into 180
    short = re.sub(r"^region |( läns landsting| län| kommun|s kommun| stad|s stad)$", "", name)
    return known.get(name) or known.get(short) or known.get(short.removesuffix("s"), text)


@cache
def _names(name: str) -> dict[str, str]:
    """Return the lower-case names and codes of a reference list, each with its code."""
    found: dict[str, str] = {}
    for row in reference.rows(name):
        code = next(iter(row.values()))
        for column, text in row.items():
            if column == next(iter(row)) or column.startswith("name") or column in ("sv", "en"):
                found.setdefault(text.casefold(), code)
                found.setdefault(text.casefold().removesuffix(" län").removesuffix("s"), code)
    return found
