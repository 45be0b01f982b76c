"""Which column is which field: headings in Swedish and English, and a mapping by hand on top."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from ..hub import reference
from ..hub.need_content import NeedContent
from ..hub.startups import StartupContent
from ..hub.testbeds import TestbedContent
from .errors import ImportRefused

CONTENT = {"needs": NeedContent, "startups": StartupContent, "testbeds": TestbedContent}
TITLE = {"needs": "title", "startups": "name", "testbeds": "name"}
# Beside the noun's own fields: what makes a row known again, and whose it is.
ABOUT = ("id", "organisation", "orgnr")

_NAMES = {
    "id": "id identitet nummer ärendenummer diarienummer upphandlingsid",
    "title": "title titel rubrik behov utmaning need challenge upphandlingenstitel",
    "name": "name namn företag bolag företagsnamn startup testbädd testbed company",
    "organisation": "organisation organization beställare köpare uppdragsgivare kommun buyer owner ägare",
    "orgnr": "orgnr organisationsnummer organisationsnr orgnummer organisationnumber companynumber",
    "description": "description beskrivning text sammanfattning nuläge erbjudande miljö abstract summary",
    "people": "people målgrupp vem vemharproblemet",
    "effect": "effect effekt önskadeffekt mål wantedeffect",
    "measure": "measure mått hurvetman indikator indicator",
    "tried": "tried prövat provat testat",
    "keep": "keep fårinteändras bevara",
    "beneficiaries": "beneficiaries nyttafor nyttaför mottagare",
    "themes": "themes theme teman tema område områden",
    "goals": "goals mål globalamål sdg",
    "county_code": "county countycode län länskod",
    "municipality_code": "municipality municipalitycode kommunkod",
    "contact": "contact kontakt kontaktperson",
    "runner": "runner driftansvarig förvaltare",
    "budget": "budget",
    "wanted_by": "wantedby önskatdatum när",
    "valid_until": "validuntil giltigttill sistadag deadline",
    "language": "language språk",
    "languages": "languages arbetsspråk workinglanguages",
    "min_readiness": "minreadiness lägstatrl mintrl",
    "problem": "problem",
    "audience": "audience forwhom förvem kund kunder",
    "novelty": "novelty nyhet nytt",
    "evidence": "evidence belägg referenser references",
    "readiness": "readiness trl mognad mognadsgrad",
    "regions": "regions regioner verksamhetslän",
    "seeks": "seeks söker",
    "capacity": "capacity kapacitet",
    "website": "website webbplats hemsida webb url",
    "users": "users användare patienter",
    "methods": "methods metoder",
    "equipment": "equipment utrustning",
    "places": "places platser antalplatser",
    "conditions": "conditions villkor",
    "contact_name": "contactname kontaktnamn kontaktperson",
    "contact_email": "contactemail epost mejl mail email",
    "backup_name": "backupname reserv ersättare",
    "backup_email": "backupemail reservepost",
    "answer_days": "answerdays svarstid svarsdagar",
}
_LANGUAGE_ENDING = re.compile(r"[ _-](sv|en|no|da|fi)$")


def key(heading: str) -> str:
    """Return a heading as it is compared: lower case, letters and digits only."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", heading).casefold())


def fields(kind: str) -> list[str]:
    """Return the names that a column can be mapped to."""
    return [*ABOUT, *CONTENT[kind].model_fields]


def guess(kind: str, headings: Iterable[str]) -> dict[str, list[str]]:
    """Return the headings recognised for each field; `description_sv` and `description_en` both feed `description`."""
    found: dict[str, list[str]] = {}
    names = {name: field for field in reversed(fields(kind)) for name in [key(field), *_NAMES.get(field, "").split()]}
    for heading in headings:
        field = names.get(key(heading)) or names.get(key(_LANGUAGE_ENDING.sub("", heading)))
        several = field in ("description",) and bool(_LANGUAGE_ENDING.search(heading))
        if field and (field not in found or several):
            found.setdefault(field, []).append(heading)
    return found


def mapping(kind: str, headings: list[str], given: Iterable[str] = ()) -> dict[str, list[str]]:
    """Return the headings of each field: what was recognised, with what was `given` as FIELD=HEADING in its place.

    A field given several times gets all of its headings, in that order. Raise ImportRefused for a wrong one, or
    when nothing holds the title.
    """
    by_hand: dict[str, list[str]] = {}
    for item in given:
        field, equals, heading = (part.strip() for part in item.partition("="))
        if not equals:
            raise ImportRefused("map_form", given=item)
        if field not in fields(kind):
            raise ImportRefused("map_field", field=field, fields=", ".join(fields(kind)))
        actual = {key(known): known for known in headings}.get(key(heading))
        if heading and actual is None:
            raise ImportRefused("map_heading", heading=heading, headings=", ".join(headings))
        by_hand.setdefault(field, [])
        if actual:
            by_hand[field].append(actual)
    taken = {heading for several in by_hand.values() for heading in several}
    guessed = {
        field: [heading for heading in several if heading not in taken]
        for field, several in guess(kind, headings).items()
    }
    found = {field: several for field, several in {**guessed, **by_hand}.items() if several}
    if TITLE[kind] not in found:
        raise ImportRefused("no_title", field=TITLE[kind], headings=", ".join(headings))
    return found


def record(mapped: Mapping[str, list[str]], row: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of one row; several headings of one field are joined by a blank line."""
    return {
        field: "\n\n".join(text for heading in several if (text := row.get(heading, "").strip()))
        for field, several in mapped.items()
    }


def _words(name: str) -> dict[str, str]:
    """Return lower-case names and codes of a reference list, each with its code."""
    found: dict[str, str] = {}
    for row in reference.rows(name):
        code = next(iter(row.values()))
        for text in row.values():
            found.setdefault(str(text).casefold(), code)
    return found


_LANGUAGES = {
    "sv": "sv svenska swedish se", "en": "en engelska english", "no": "no nb nn norska norwegian norsk",
    "da": "da danska danish dansk", "fi": "fi finska finnish suomi",
}  # fmt: skip
_MEMBERS = {
    "beneficiaries": {
        "resident": "resident invånare medborgare boende", "patient": "patient patienter", "relative": "relative anhörig anhöriga närstående",
        "traveller": "traveller resenär resenärer", "visitor": "visitor besökare", "staff": "staff personal medarbetare",
    },
    "seeks": {"test": "test testa", "sell": "sell sälja", "codevelop": "codevelop samutveckla", "license": "license licens licensiera"},
}  # fmt: skip


def value(field: str, text: str) -> Any:
    """Return a cell as its field wants it: words of the reference lists become codes; the rest stays as typed."""
    if field in ("themes", "goals", "regions", "languages", "beneficiaries", "seeks"):
        return [_code(field, part.strip()) for part in re.split(r"[;|,\n]", text) if part.strip()]
    if field in ("county_code", "municipality_code", "language"):
        return _code(field, text)
    return text


def _code(field: str, text: str) -> str:
    lists = {"themes": "themes", "goals": "goals", "regions": "counties", "county_code": "counties"}
    if field in lists:
        return _words(lists[field]).get(text.casefold(), text)
    if field == "municipality_code":
        known = _words("municipalities")
        return known.get(text.casefold(), known.get(text.casefold().removesuffix(" kommun").removesuffix("s"), text))
    groups = _LANGUAGES if field in ("language", "languages") else _MEMBERS[field]
    return next((code for code, names in groups.items() if text.casefold() in names.split()), text)
