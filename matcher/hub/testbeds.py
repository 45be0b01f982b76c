"""Testbeds: an environment to try in, with places, conditions and somebody who answers. A public catalogue."""

from __future__ import annotations

import json
from typing import Any

from ..store import Store
from . import affected, fields, published, record, reference
from .clock import day
from .errors import Conflict, Denied, Invalid, NotFound, Stale
from .ids import new_id
from .people import SYSTEM, Viewer

LISTS = ("themes",)
TEXTS = ("name", "description", "users", "methods", "equipment")
NEEDED_TO_PUBLISH = ("name", "description", "conditions", "contact_name", "contact_email")

# What a visitor may see of a testbed: the public catalogue, its exports and feeds. Whom to write to is not in it.
PUBLIC_FIELDS = (
    "id",
    "organisation_id",
    "organisation",
    "name",
    "description",
    "users",
    "methods",
    "equipment",
    "places",
    "conditions",
    "answer_days",
    "buffer_days",
    "themes",
    "county_code",
    "municipality_code",
    "language",
    "published_at",
    "updated_at",
    "status",
)


class TestbedContent(fields.Content):
    """What a host writes about a testbed; everything but the name may wait. `answer_days` is the promised time.

    `buffer_days` are kept free after each test; `staff_hours` is what the staff manages in a week, if anybody said.
    """

    __test__ = False  # not a test, whatever its name begins with

    name: fields.Title
    description: fields.Text = ""
    users: fields.Text = ""
    methods: fields.Text = ""
    equipment: fields.Text = ""
    places: fields.number(0, 1000) = None
    conditions: fields.Text = ""
    contact_name: fields.Line = ""
    contact_email: fields.Email = ""
    backup_name: fields.Line = ""
    backup_email: fields.Email = ""
    answer_days: fields.number(1, 90) = None
    buffer_days: fields.number(0, 60) = None
    staff_hours: fields.number(0, 1000) = None
    themes: fields.Themes = []
    county_code: fields.County = None
    municipality_code: fields.Municipality = None
    language: fields.Language = "sv"


def checked(data: dict[str, Any], limit: int = fields.FORM_LIMIT) -> TestbedContent:
    """Return the content of `data`; raise Invalid. A municipality brings its county."""
    content = fields.validate(TestbedContent, data, limit)
    home = reference.municipalities().get(content.municipality_code or "", {}).get("county_code")
    if home and content.county_code and home != content.county_code:
        raise Invalid({"municipality_code": ("other_county", {})})
    content.county_code = content.county_code or home
    return content


def sections(row: dict[str, Any]) -> list[str]:
    """Return the texts of a testbed that carry its meaning, in order, without the empty ones."""
    return [row[name] for name in TEXTS if row[name]]


def decode(row: dict[str, Any]) -> dict[str, Any]:
    """Return a stored row with its lists parsed and its `status` derived from the timestamps."""
    return {**row, **{name: json.loads(row[name]) for name in LISTS}, "status": status(row)}


def status(row: dict[str, Any]) -> str:
    """Return draft, published or withdrawn."""
    if row["withdrawn_at"]:
        return "withdrawn"
    return "published" if row["published_at"] else "draft"


def missing(row: dict[str, Any]) -> list[str]:
    """Return the fields that must be written before a testbed can be published: terms and a contact among them."""
    return [name for name in NEEDED_TO_PUBLISH if not row[name]]


def public(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a visitor may see of a testbed, and nothing else."""
    return {name: row[name] for name in PUBLIC_FIELDS if name in row}


def visible(viewer: Viewer | None) -> tuple[str, dict[str, Any]]:
    """Return the SQL condition (on `t`) for the testbeds that a person may see, and its parameters.

    Everybody sees what is published and not withdrawn; hosts see their own and brokers all.
    """
    if viewer is None:
        return published.live("testbed", "t"), {}
    if viewer.has("broker"):
        return "1 = 1", {}
    return (
        f"({published.live('testbed', 't')} or t.organisation_id in :own)",
        {"own": viewer.organisations("host")},
    )


def load(store: Store, viewer: Viewer | None, testbed_id: str) -> dict[str, Any]:
    """Return one testbed that the person may see, its organisation's name with it; raise NotFound.

    A visitor, and who holds no role any more, gets only the public fields.
    """
    condition, params = visible(viewer)
    rows = store.query(
        f"""select t.*, o.name as organisation from testbed t join organisation o on o.id = t.organisation_id
            where t.id = :id and {condition}""",
        {"id": testbed_id, **params},
    )
    if not rows:
        raise NotFound("testbed")
    row = decode(rows[0])
    return row if viewer and viewer.roles else public(row)


def create(
    store: Store, viewer: Viewer | None, organisation_id: str, data: dict[str, Any], now: str, **origin: Any
) -> str:
    """Create a draft for an organisation of the person's own (or, as a broker, of anybody's); return the id.

    `origin` may hold `id`, `source`, `external_id`, `person_id` and `limit` for imports.
    """
    if viewer and not viewer.has("broker") and not viewer.acts_for(organisation_id, "host"):
        raise Denied("testbed_organisation")
    limit = origin.pop("limit", fields.FORM_LIMIT)
    content = checked(data, limit)
    row = {
        "id": new_id(),
        "organisation_id": organisation_id,
        "person_id": viewer.person_id if viewer else None,
        **encode(content),
        **origin,
        "created_at": now,
        "updated_at": now,
    }
    with (viewer or SYSTEM).deciding(store):
        store.insert("testbed", {**row, "seq": record.next_seq(store)})
        record.write(store, viewer and viewer.person_id, "testbed.create", "testbed", row["id"], now, name=row["name"])
    return row["id"]


def encode(content: TestbedContent) -> dict[str, Any]:
    """Return checked content as columns of the table; one place, ten days and no buffer where nothing was said."""
    row = content.model_dump()
    row["places"] = 1 if row["places"] is None else row["places"]
    row["answer_days"] = row["answer_days"] or 10
    row["buffer_days"] = row["buffer_days"] or 0
    return {**row, **{name: json.dumps(row[name], ensure_ascii=False) for name in LISTS}}


def save(
    store: Store, viewer: Viewer, testbed_id: str, data: dict[str, Any], revision: int, now: str,
    limit: int = fields.FORM_LIMIT, seen: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Save changed fields (`data` may hold some of them) and return the new row.

    Raises Stale when another save came in between (the typed text stays with the caller), Invalid per field, Conflict
    naming whom fewer places or more days kept free leave no room until they have been `seen` (see `affected`; without
    it, as in an import, nobody is asked). What is booked stands: the fewer places hold from the next one on.
    """
    with viewer.deciding(store):
        current = decode(locked(store, testbed_id))
        if current["revision"] != revision:
            raise Stale("stale", current=load(store, viewer, testbed_id))
        merged = {name: data.get(name, current[name]) for name in TestbedContent.model_fields}
        longest = max(len(current[name]) for name in (*TEXTS, "conditions"))
        columns = encode(checked(merged, max(limit, longest)))
        before = {name: current[name] for name in columns}
        before |= {name: json.dumps(current[name], ensure_ascii=False) for name in LISTS}
        changed = sorted(name for name in columns if columns[name] != before[name])
        emptied = [name for name in missing(columns) if current["published_at"] and name not in missing(current)]
        if emptied:
            raise Invalid({name: ("required", {}) for name in emptied})
        if seen is not None and _has_less_room(columns, current):
            less = affected.crowded(store, testbed_id, columns["places"], columns["buffer_days"], now)
            affected.confirmed(less, seen)
        if changed:
            update(store, testbed_id, {**columns, "revision": revision + 1, "updated_at": now})
            record.write(store, viewer.person_id, "testbed.save", "testbed", testbed_id, now, changed=changed)
    return load(store, viewer, testbed_id)


def _has_less_room(columns: dict[str, Any], before: dict[str, Any]) -> bool:
    return columns["places"] < before["places"] or columns["buffer_days"] > before["buffer_days"]


def publish(store: Store, viewer: Viewer | None, testbed_id: str, now: str) -> None:
    """Put a testbed into the public catalogue, also again after a withdrawal (without a viewer an import's).

    Raises Invalid naming what is still to be written, Conflict when it is published already.
    """
    with (viewer or SYSTEM).deciding(store):
        row = locked(store, testbed_id)
        if status(row) == "published":
            raise Conflict("testbed_already_published")
        if viewer and missing(row):
            raise Invalid({name: ("required", {}) for name in missing(row)})
        update(store, testbed_id, {"published_at": row["published_at"] or now, "withdrawn_at": None})
        record.write(store, viewer and viewer.person_id, "testbed.publish", "testbed", testbed_id, now)


def withdraw(store: Store, viewer: Viewer, testbed_id: str, now: str, seen: str = "") -> None:
    """Take a testbed out of the catalogue; what is booked stands, and those it is booked for are told.

    Raise Conflict naming whom it affects until they have been `seen` (see `affected`).
    """
    with viewer.deciding(store):
        row = locked(store, testbed_id)
        if status(row) != "published":
            raise Conflict("testbed_not_published")
        rows = affected.find(store, testbed_id, day(now), affected.LAST_DAY, now)
        affected.confirmed(rows, seen)
        update(store, testbed_id, {"withdrawn_at": now})
        told = affected.tell(store, viewer, rows, "testbed_withdrawn", now)
        record.write(store, viewer.person_id, "testbed.withdraw", "testbed", testbed_id, now, told=told)


def locked(store: Store, testbed_id: str) -> dict[str, Any]:
    """Lock a testbed's row by a write and return it as stored: whoever comes second sees what the first did."""
    rows = store.query("update testbed set seq = seq where id = :id returning *", {"id": testbed_id})
    if not rows:
        raise NotFound("testbed")
    return rows[0]


def update(store: Store, testbed_id: str, columns: dict[str, Any]) -> None:
    """Change columns of a testbed, or none, and number the change: whoever keeps something made from it sees that."""
    row = {**columns, "seq": record.next_seq(store)}
    assignments = ", ".join(f"{name} = :{name}" for name in row)
    store.execute(f"update testbed set {assignments} where id = :testbed_id", {**row, "testbed_id": testbed_id})
