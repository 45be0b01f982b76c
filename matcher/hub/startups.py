"""Startups: a company's profile with its offer. The startup writes and publishes it, a broker may hide or flag it."""

from __future__ import annotations

import json
from typing import Any

from ..store import Store
from . import company_news, company_numbers, doubts, duplicates, fields, lettering, people, published, record, reference
from .errors import Conflict, Denied, Invalid, NotFound, Stale
from .ids import new_id
from .people import SYSTEM, Viewer

LISTS = ("regions", "languages", "seeks", "themes")
TEXTS = ("name", "problem", "audience", "description", "novelty", "evidence")
NEEDED_TO_PUBLISH = ("name", "problem", "description")

# What only the company itself and the brokers see of a profile.
INSIDE_FIELDS = ("person_id", "hidden_reason", "flagged_at", "flag_reason", "source", "external_id")

# How much each field helps the ranking and the people who read: points out of 100, and the length (in characters)
# from which a text gives all of its points; a shorter one gives half. Our own judgement, nobody's measurement.
WORTH = {
    "description": (20, 120),
    "problem": (18, 60),
    "evidence": (14, 40),
    "audience": (12, 20),
    "novelty": (8, 30),
    "readiness": (8, 0),
    "themes": (5, 0),
    "orgnr": (5, 0),
    "seeks": (4, 0),
    "languages": (3, 0),
    "capacity": (2, 0),
    "website": (1, 0),
}


class StartupContent(fields.Content):
    """What a startup writes in its profile; everything but the name may wait. No regions means the whole country."""

    name: fields.Title
    problem: fields.Text = ""
    audience: fields.Text = ""
    description: fields.Text = ""
    novelty: fields.Text = ""
    evidence: fields.Text = ""
    readiness: fields.number(1, 9) = None
    regions: fields.Counties = []
    languages: fields.Languages = []
    seeks: fields.listing("seeks", frozenset(reference.SEEKS)) = []
    capacity: fields.number(0, 100) = None
    website: fields.Website = ""
    themes: fields.Themes = []
    language: fields.Language = "sv"


class _Number(fields.Content):
    orgnr: fields.Orgnr = None


def sections(row: dict[str, Any]) -> list[str]:
    """Return the texts of a profile that carry its meaning, in order, without the empty ones."""
    return [row[name] for name in TEXTS if row[name]]


def decode(row: dict[str, Any]) -> dict[str, Any]:
    """Return a stored row with its lists parsed and its `status` derived from the timestamps."""
    return {**row, **{name: json.loads(row[name]) for name in LISTS}, "status": status(row)}


def status(row: dict[str, Any]) -> str:
    """Return draft, published, hidden or merged. A flag is a remark beside it."""
    if row["merged_into"]:
        return "merged"
    if row["hidden_at"]:
        return "hidden"
    return "published" if row["published_at"] else "draft"


def missing(row: dict[str, Any]) -> list[str]:
    """Return the fields that must be written before a profile can be published."""
    return [name for name in NEEDED_TO_PUBLISH if not row[name]]


def completeness(row: dict[str, Any]) -> tuple[int, list[str]]:
    """Return how complete a decoded profile is, in percent, and the fields that would help, the best first.

    A text may stand in `row` as its length and a list as its JSON, for lists that do not fetch whole rows.
    """
    gained = {name: _points(row.get(name), *worth) for name, worth in WORTH.items()}
    lacking = {name: WORTH[name][0] - points for name, points in gained.items() if points < WORTH[name][0]}
    return round(sum(gained.values())), sorted(lacking, key=lambda name: -lacking[name])


def _points(value: Any, points: int, enough: int) -> float:
    if value in (None, "", [], "[]") or (enough and value == 0):
        return 0
    length = len(value) if isinstance(value, str) else value
    return points / 2 if enough and length < enough else points


def visible(viewer: Viewer | None) -> tuple[str, dict[str, Any]]:
    """Return the SQL condition (on `s`) for the profiles that a person may see, and its parameters.

    Visitors see none: the public catalogue is needs, testbeds and results. Whoever acts as something sees what is
    published, and their own whatever its state; brokers see all. Who lost the last role is a visitor.
    """
    if viewer is None or not viewer.roles:
        return "1 = 0", {}
    if viewer.has("broker"):
        return "1 = 1", {}
    return (
        f"({published.live('startup', 's')} or s.organisation_id in :own)",
        {"own": viewer.organisations("startup")},
    )


def load(store: Store, viewer: Viewer | None, startup_id: str) -> dict[str, Any]:
    """Return one profile that the person may see, with its organisation's name and number; raise NotFound."""
    condition, params = visible(viewer)
    rows = store.query(
        f"""select s.*, o.name as organisation, o.orgnr as orgnr, k.name as merged_name from startup s
            join organisation o on o.id = s.organisation_id left join startup k on k.id = s.merged_into
            where s.id = :id and {condition}""",
        {"id": startup_id, **params},
    )
    if not rows:
        raise NotFound("startup")
    return readable(viewer, decode(rows[0]))


def readable(viewer: Viewer | None, row: dict[str, Any]) -> dict[str, Any]:
    """Return what a person may read of a decoded profile: a stranger not what passes between company and brokers."""
    if viewer and (viewer.has("broker") or viewer.acts_for(row["organisation_id"], "startup")):
        return row
    return {name: value for name, value in row.items() if name not in INSIDE_FIELDS}


def create(
    store: Store, viewer: Viewer | None, organisation_id: str, data: dict[str, Any], now: str, **origin: Any
) -> str:
    """Create a draft for an organisation of the person's own (or, as a broker, of anybody's); return the id.

    `data` may hold the organisation's `orgnr` beside the content. `origin` may hold `id`, `source`,
    `external_id`, `person_id` and `limit` for imports. What came from a `source` is not compared with the
    other profiles one by one: after an import `duplicates.find` looks at all of them in one go.
    """
    if viewer and not viewer.has("broker") and not viewer.acts_for(organisation_id, "startup"):
        raise Denied("startup_organisation")
    limit = origin.pop("limit", fields.FORM_LIMIT)
    content, number = _checked(data, limit)
    by = viewer.person_id if viewer else None
    row = {
        "id": new_id(),
        "organisation_id": organisation_id,
        "person_id": by,
        **encode(content),
        **origin,
        "created_at": now,
        "updated_at": now,
    }
    with (viewer or SYSTEM).deciding(store):
        _keep_number(store, viewer, organisation_id, number, now)
        store.insert("startup", {**row, "seq": record.next_seq(store)})
        record.write(store, by, "startup.create", "startup", row["id"], now, name=row["name"])
        doubts.hidden(store, row["id"], _hidden(data), now)
        if not row.get("source"):
            duplicates.find_for(store, row["id"], now)
    return row["id"]


def _checked(data: dict[str, Any], limit: int) -> tuple[StartupContent, str | None]:
    """Check the content and the organisation number together, so that a person sees all faults at once."""
    errors: dict[str, Any] = {}
    number, content = None, None
    try:
        number = fields.validate(_Number, {"orgnr": data.get("orgnr")}).orgnr
    except Invalid as error:
        errors |= error.errors
    try:
        rest = {name: value for name, value in data.items() if name != "orgnr"}
        content = fields.validate(StartupContent, rest, limit)
    except Invalid as error:
        errors |= error.errors
    if errors or content is None:
        raise Invalid(errors)
    return content, number


def _hidden(data: dict[str, Any]) -> int:
    """Return how many characters that nobody sees were typed into the texts; none of them is kept."""
    return sum(lettering.hidden(str(data.get(name) or "")[: fields.IMPORT_LIMIT]) for name in TEXTS)


def _keep_number(store: Store, viewer: Viewer | None, organisation_id: str, number: str | None, now: str) -> bool:
    """Give the organisation its number where one was typed; return whether that changed anything.

    A number that another company carries too is kept: the pair is offered to the brokers as a duplicate.
    """
    had = store.query("select orgnr from organisation where id = :id", {"id": organisation_id})[0]["orgnr"]
    if not number or not store.execute(
        "update organisation set orgnr = :orgnr where id = :id and (orgnr is null or orgnr <> :orgnr)",
        {"orgnr": number, "id": organisation_id},
    ):
        return False
    by = viewer.person_id if viewer else None
    told = {"orgnr": number, **company_numbers.told_before(had)}
    record.write(store, by, "organisation.number", "organisation", organisation_id, now, **told)
    if viewer:
        company_news.renumbered(store, viewer, organisation_id, had, now)
    return True


def encode(content: StartupContent) -> dict[str, Any]:
    """Return checked content as columns of the table."""
    row = content.model_dump()
    return {**row, **{name: json.dumps(row[name], ensure_ascii=False) for name in LISTS}}


def save(
    store: Store, viewer: Viewer, startup_id: str, data: dict[str, Any], revision: int, now: str,
    limit: int = fields.FORM_LIMIT,
) -> dict[str, Any]:  # fmt: skip
    """Save changed fields (`data` may hold some of them, and `orgnr`) and return the new row.

    Raises Stale when another save came in between (the typed text stays with the caller), Invalid per field,
    Conflict for a profile that was merged into another.
    """
    with viewer.deciding(store):
        current = decode(locked(store, startup_id))
        if current["merged_into"]:
            raise Conflict("startup_merged")
        if current["revision"] != revision:
            raise Stale("stale", current=load(store, viewer, startup_id))
        merged = {name: data.get(name, current[name]) for name in StartupContent.model_fields}
        longest = max(len(current[name]) for name in TEXTS)
        content, number = _checked({**merged, "orgnr": data.get("orgnr")}, max(limit, longest))
        columns, before = encode(content), _encoded(current)
        changed = sorted(name for name in columns if columns[name] != before[name])
        if current["published_at"]:
            _stay_publishable(current, columns)
        if _keep_number(store, viewer, current["organisation_id"], number, now):
            changed.append("orgnr")
        doubts.hidden(store, startup_id, _hidden(data), now)
        if changed:
            update(store, startup_id, {**columns, "revision": revision + 1, "updated_at": now})
            record.write(store, viewer.person_id, "startup.save", "startup", startup_id, now, changed=changed)
        if "name" in changed:
            company_news.tell(store, viewer, startup_id, "renamed", now, before=current["name"])
        if {"name", "orgnr"} & set(changed):
            duplicates.find_for(store, startup_id, now)
    return load(store, viewer, startup_id)


def _encoded(row: dict[str, Any]) -> dict[str, Any]:
    columns = {name: row[name] for name in StartupContent.model_fields}
    return {**columns, **{name: json.dumps(row[name], ensure_ascii=False) for name in LISTS}}


def _stay_publishable(current: dict[str, Any], columns: dict[str, Any]) -> None:
    """Refuse to empty what a published profile must hold (an imported one may lack it from the start)."""
    emptied = [name for name in missing({**current, **columns}) if name not in missing(current)]
    if emptied:
        raise Invalid({name: ("required", {}) for name in emptied})


def publish(store: Store, viewer: Viewer | None, startup_id: str, now: str) -> None:
    """Show the profile to owners and brokers (the startup's decision; without a viewer an import's).

    Raises Invalid naming what is still to be written, Conflict when it is published or merged already.
    """
    with (viewer or SYSTEM).deciding(store):
        row = locked(store, startup_id)
        if row["published_at"] or row["merged_into"]:
            raise Conflict("startup_already_published")
        if viewer and missing(row):
            raise Invalid({name: ("required", {}) for name in missing(row)})
        decide(store, viewer, row, "startup.publish", now, published_at=now)


def unpublish(store: Store, viewer: Viewer, startup_id: str, now: str) -> None:
    """Take the profile back to a draft; nobody but its own people and the brokers sees it any more."""
    with viewer.deciding(store):
        row = locked(store, startup_id)
        if not row["published_at"] or row["merged_into"]:
            raise Conflict("startup_not_published")
        decide(store, viewer, row, "startup.unpublish", now, published_at=None)


def decide(
    store: Store, viewer: Viewer | None, row: dict[str, Any], action: str, now: str, reason: str = "", **columns: Any
) -> None:
    """Write a decision about a locked profile and its audit row, inside the caller's transaction."""
    update(store, row["id"], columns)  # not a new revision: who is writing meanwhile may save the text
    detail = {"reason": reason} if reason else {}
    record.write(store, viewer.person_id if viewer else None, action, "startup", row["id"], now, **detail)


def contacts(store: Store, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return who is told of a profile's fate: all who act as startup for its organisation."""
    return people.in_organisation(store, row["organisation_id"], "startup")


def locked(store: Store, startup_id: str) -> dict[str, Any]:
    """Lock a profile's row by a write and return it as stored: whoever comes second sees what the first did."""
    rows = store.query("update startup set seq = seq where id = :id returning *", {"id": startup_id})
    if not rows:
        raise NotFound("startup")
    return rows[0]


def update(store: Store, startup_id: str, columns: dict[str, Any]) -> None:
    """Write columns of a profile and give it its place in the change feed, inside the caller's transaction."""
    row = {**columns, "seq": record.next_seq(store)}
    assignments = ", ".join(f"{name} = :{name}" for name in row)
    store.execute(f"update startup set {assignments} where id = :startup_id", {**row, "startup_id": startup_id})
