"""What a need consists of: its fields and their checks, its status, and which of it the public may read."""

from __future__ import annotations

import json
from typing import Any

from . import fields, reference
from .clock import day
from .errors import Invalid
from .people import Viewer

LISTS = ("beneficiaries", "themes", "goals", "languages")
TEXTS = ("title", "people", "description", "effect", "measure", "tried", "keep")
NEEDED_TO_SUBMIT = ("title", "people", "description", "effect", "measure")
STATUSES = ("draft", "returned", "submitted", "published", "closed")

# What anybody may read of a published need, on pages, in search, exports and the API. A field that is not
# named here stays inside.
PUBLIC_FIELDS = (
    "id", "organisation_id", "organisation", "title", "people", "description", "effect", "measure", "tried", "keep",
    "beneficiaries", "themes", "goals", "county_code", "municipality_code", "budget", "wanted_by", "testbed_id",
    "testbed", "language", "languages", "min_readiness", "local", "valid_until", "version", "published_at",
    "updated_at", "closed_at", "close_reason", "status",
)  # fmt: skip

# What only the need's own side and the brokers read: the talk between them, and who wrote it.
INSIDE_FIELDS = ("person_id", "return_comment", "returned_at", "close_note", "source", "external_id")
# What those who are in a case about the need read as well: people and units, whom a stranger has no business with.
PARTY_FIELDS = ("contact", "runner")


class NeedContent(fields.Content):
    """What a person writes about a need; every field but the title may wait. Days are ISO dates."""

    title: fields.Title
    people: fields.Text = ""
    description: fields.Text = ""
    effect: fields.Text = ""
    measure: fields.Text = ""
    tried: fields.Text = ""
    keep: fields.Text = ""
    beneficiaries: fields.listing("beneficiaries", frozenset(reference.BENEFICIARIES)) = []
    themes: fields.Themes = []
    goals: fields.Goals = []
    county_code: fields.County = None
    municipality_code: fields.Municipality = None
    contact: fields.Line = ""
    runner: fields.Line = ""
    budget: fields.choice("budgets", frozenset(reference.BUDGETS), "unknown") = "unknown"
    wanted_by: fields.Day = None
    testbed_id: fields.Line = ""
    language: fields.Language = "sv"
    languages: fields.Languages = []
    min_readiness: fields.number(1, 9) = None
    local: fields.choice("local", frozenset({"yes"})) = None
    valid_until: fields.Day = None


def checked(data: dict[str, Any], limit: int = fields.FORM_LIMIT) -> NeedContent:
    """Return the content of `data`; raise Invalid. A municipality brings its county, a local need must have one."""
    content = fields.validate(NeedContent, data, limit)
    home = reference.municipalities().get(content.municipality_code or "", {}).get("county_code")
    if home and content.county_code and home != content.county_code:
        raise Invalid({"municipality_code": ("other_county", {})})
    content.county_code = content.county_code or home
    if content.local and not content.county_code:
        raise Invalid({"county_code": ("local_where", {})})
    content.languages = content.languages or ["sv"]
    return content


def encode(content: NeedContent) -> dict[str, Any]:
    """Return checked content as columns of the table."""
    row = content.model_dump()
    row["testbed_id"] = row["testbed_id"] or None
    return {**row, **{name: json.dumps(row[name], ensure_ascii=False) for name in LISTS}}


def columns(row: dict[str, Any]) -> dict[str, Any]:
    """Return a decoded row's content as columns, for comparing."""
    content = {name: row[name] for name in NeedContent.model_fields}
    return {**content, **{name: json.dumps(row[name], ensure_ascii=False) for name in LISTS}}


def decode(row: dict[str, Any]) -> dict[str, Any]:
    """Return a stored row with its lists parsed and its `status` derived from the timestamps."""
    return {**row, **{name: json.loads(row[name]) for name in LISTS}, "status": status(row)}


def sections(row: dict[str, Any]) -> list[str]:
    """Return the texts of a need that carry its meaning, in order, without the empty ones."""
    return [row[name] for name in TEXTS if row[name]]


def status(row: dict[str, Any]) -> str:
    """Return draft, returned, submitted, published or closed."""
    if row["closed_at"]:
        return "closed"
    if row["published_at"]:
        return "published"
    if row["submitted_at"]:
        return "submitted"
    return "returned" if row["returned_at"] else "draft"


def missing(row: dict[str, Any]) -> list[str]:
    """Return the fields that must be written before a need can be submitted."""
    return [name for name in NEEDED_TO_SUBMIT if not row[name]]


def expired(row: dict[str, Any], now: str) -> bool:
    """Whether the need's own last day has passed."""
    return bool(row["valid_until"]) and row["valid_until"] < day(now)


def inside(viewer: Viewer | None, organisation_id: str) -> bool:
    """Whether a person stands on the side of a need of this organisation, or is a broker."""
    return viewer is not None and (viewer.has("broker") or viewer.acts_for(organisation_id, "owner", "startup"))


def readable(viewer: Viewer | None, row: dict[str, Any], *, party: bool = False) -> dict[str, Any]:
    """Return what a person may read of a decoded row: a visitor the public fields, a stranger not the inside ones.

    party: whether the person is in a case about it. Who holds no role any more reads what a visitor reads.
    """
    if viewer is None or not viewer.roles:
        return {name: row[name] for name in PUBLIC_FIELDS if name in row}
    if inside(viewer, row["organisation_id"]):
        return row
    hidden = INSIDE_FIELDS if party else (*INSIDE_FIELDS, *PARTY_FIELDS)
    return {name: value for name, value in row.items() if name not in hidden}
