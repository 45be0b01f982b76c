"""Which column is which field: headings in Swedish and English, and a mapping by hand on top."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from ..hub import need_content, startups, testbeds
from ..hub.need_content import NeedContent
from ..hub.startups import StartupContent
from ..hub.testbeds import TestbedContent
from .errors import ImportRefused

Mapped = dict[str, list[str]]

CONTENT = {"needs": NeedContent, "startups": StartupContent, "testbeds": TestbedContent}
TITLE = {"needs": "title", "startups": "name", "testbeds": "name"}
# Long texts may stand in several columns, one a language: `description_sv` and `description_en`.
LONG = {"needs": need_content.TEXTS[1:], "startups": startups.TEXTS[1:], "testbeds": testbeds.TEXTS[1:]}
# Beside the noun's own fields: what makes a row known again, and whose it is.
ABOUT = ("id", "organisation", "orgnr")

_WEAK = {"namn", "name"}  # a title where nothing else is one: beside a title they are somebody's
_NAMES = {
    "id": "id identitet nummer ärendenummer diarienummer upphandlingsid",
    "title": "title titel rubrik namn name behov behovetsnamn utmaning need challenge upphandlingenstitel",
    "name": "name namn företag bolag företagsnamn startup testbädd testbed company",
    "organisation": "organisation organization beställare köpare uppdragsgivare kommun buyer owner ägare",
    "orgnr": "orgnr organisationsnummer organisationsnr orgnummer organisationnumber companynumber",
    "description": "description beskrivning text sammanfattning nuläge erbjudande miljö abstract summary "
    "vadsomhänderidag whathappenstoday",
    "people": "people målgrupp vem vemharproblemet vemsomharproblemet whohastheproblem",
    "effect": "effect effekt önskadeffekt mål wantedeffect theeffectwanted",
    "measure": "measure mått hurvetman indikator indicator howonewouldknow såvetmanattdetlyckats",
    "tried": "tried prövat provat testat vadsomharprövats whathasbeentried",
    "keep": "keep fårinteändras bevara vadsomintefårändras whatmustnotchange",
    "beneficiaries": "beneficiaries nyttaför nyttoför mottagare vemsomharnyttaavdet whobenefits",
    "themes": "themes theme teman tema område områden",
    "goals": "goals mål globalamål sdg globalgoals",
    "county_code": "county countycode län länskod",
    "municipality_code": "municipality municipalitycode kommunkod kommun",
    "contact": "contact kontakt kontaktperson vemsomägerbehovet whoownstheneed",
    "runner": "runner driftansvarig förvaltare vemsomdriverdetvidare whowouldrunitafterwards",
    "budget": "budget",
    "wanted_by": "wantedby önskatdatum när önskassenast",
    "valid_until": "validuntil giltigttill sistadag deadline gällertill",
    "language": "language språk languageofthetext textensspråk",
    "languages": "languages arbetsspråk workinglanguages",
    "local": "local lokalt endastlokala",
    "min_readiness": "minreadiness lägstatrl mintrl lowestreadinesslevel lägstamognadsgrad",
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
    "backup_email": "backupemail reservepost reservensepost",
    "answer_days": "answerdays svarstid svarsdagar",
    "buffer_days": "bufferdays buffert buffertdagar",
    "staff_hours": "staffhours personaltimmar",
}
_LANGUAGE_ENDING = re.compile(r"[ _-](sv|en|no|da|fi)$")


def key(heading: str) -> str:
    """Return a heading as it is compared: lower case, letters and digits only."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", heading).casefold())


def fields(kind: str) -> list[str]:
    """Return the names that a column can be mapped to."""
    return [*ABOUT, *CONTENT[kind].model_fields]


def guess(kind: str, headings: Iterable[str]) -> Mapped:
    """Return the headings recognised for each field; `description_sv` and `description_en` both feed `description`."""
    found: Mapped = {}
    names: dict[str, list[str]] = {}
    for field in fields(kind):
        for name in {key(field), *_NAMES.get(field, "").split()}:
            names.setdefault(name, []).append(field)
    known = {
        heading: names.get(key(heading)) or names.get(key(_LANGUAGE_ENDING.sub("", heading))) or []
        for heading in headings
    }
    # What can mean one thing only comes first: beside an organisation, `kommun` is the municipality it lies in.
    for heading in sorted(
        known, key=lambda one: len(known[one]) > 1 or (known[one] == ["title"] and key(one) in _WEAK)
    ):
        for field in known[heading]:
            several = field in LONG[kind] and bool(_LANGUAGE_ENDING.search(heading))
            if field not in found or several:
                found.setdefault(field, []).append(heading)
                break
    order = {heading: place for place, heading in enumerate(known)}
    return dict(sorted(found.items(), key=lambda one: order[one[1][0]]))


def mapping(kind: str, headings: Sequence[str], given: Iterable[str] = ()) -> Mapped:
    """Return the headings of each field: what was recognised, with what was `given` as FIELD=HEADING in its place.

    A field given several times gets all of its headings, in that order; one given without a heading gets none.
    Raise ImportRefused for a wrong one, or when nothing holds the title.
    """
    by_hand: Mapped = {}
    for item in given:
        field, equals, heading = (part.strip() for part in item.partition("="))
        if not equals:
            raise ImportRefused("map_form", given=item)
        if field not in fields(kind):
            raise ImportRefused("map_field", field=field, fields=", ".join(fields(kind)))
        by_hand.setdefault(field, [])
        if heading:
            by_hand[field].append(_actual(heading, headings))
    for field, several in by_hand.items():
        if len(several) > 1 and field not in LONG[kind]:
            raise ImportRefused("map_twice", field=field, headings=", ".join(several))
    taken = {heading for several in by_hand.values() for heading in several}
    guessed = {
        field: [heading for heading in several if heading not in taken]
        for field, several in guess(kind, headings).items()
    }
    found = {field: several for field, several in {**guessed, **by_hand}.items() if several}
    if TITLE[kind] not in found:
        raise ImportRefused("no_title", field=TITLE[kind], headings=_listed(headings))
    return found


def _actual(heading: str, headings: Sequence[str]) -> str:
    """Return the heading as the file has it: the very same, else the one that differs in case or punctuation only."""
    if heading in headings:
        return heading
    alike = [known for known in headings if key(known) == key(heading)]
    if len(alike) != 1:
        raise ImportRefused("map_heading", heading=heading, headings=_listed(headings))
    return alike[0]


def _listed(headings: Sequence[str]) -> str:
    shown = ", ".join(headings[:40])
    return shown if len(headings) <= 40 else shown + ", …"


def unused(mapped: Mapped, headings: Sequence[str]) -> list[str]:
    """Return the headings that feed no field."""
    used = {heading for several in mapped.values() for heading in several}
    return [heading for heading in headings if heading not in used]


def record(mapped: Mapped, headings: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Return the fields of one row; several headings of one field are joined by a blank line."""
    row: Mapping[str, str] = dict(zip(headings, cells, strict=False))  # a short row ends before its last headings
    return {
        field: "\n\n".join(text for heading in several if (text := row.get(heading, "").strip()))
        for field, several in mapped.items()
    }
