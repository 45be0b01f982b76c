"""Needs: a published problem with an owner and a wanted effect. Draft → submitted → published → closed."""

from __future__ import annotations

import json
from typing import Any

from ..store import Store
from . import fields, mail, people, record, reference
from .clock import day
from .errors import Conflict, Denied, Invalid, NotFound, Stale
from .ids import new_id
from .people import Viewer

LISTS = ("beneficiaries", "themes", "goals", "languages")
TEXTS = ("title", "people", "description", "effect", "measure", "tried", "keep")
NEEDED_TO_SUBMIT = ("title", "people", "description", "effect", "measure")
CLOSE_REASONS = ("met", "no_longer_needed", "no_match", "procured", "paused", "duplicate")
RETURN_REASONS = (
    "describe_problem",
    "describe_effect",
    "no_solution",
    "measure",
    "too_wide",
    "duplicate",
    "other",
)


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


def sections(row: dict[str, Any]) -> list[str]:
    """Return the texts of a need that carry its meaning, in order, without the empty ones."""
    return [row[name] for name in TEXTS if row[name]]


def decode(row: dict[str, Any]) -> dict[str, Any]:
    """Return a stored row with its lists parsed and its `status` derived from the timestamps."""
    return {**row, **{name: json.loads(row[name]) for name in LISTS}, "status": status(row)}


def status(row: dict[str, Any]) -> str:
    """Return draft, returned, submitted, published or closed."""
    if row["closed_at"]:
        return "closed"
    if row["published_at"]:
        return "published"
    if row["submitted_at"]:
        return "submitted"
    return "returned" if row["returned_at"] else "draft"


def expired(row: dict[str, Any], now: str) -> bool:
    """Whether the need's own last day has passed."""
    return bool(row["valid_until"]) and row["valid_until"] < day(now)


def visible(viewer: Viewer | None) -> tuple[str, dict[str, Any]]:
    """Return the SQL condition (on `n`) for the needs that a person may see, and its parameters.

    Everybody sees what is published and open; a closed one is seen by its own side, the brokers, and the
    startups that answered it.
    """
    if viewer is None:
        return "(n.published_at is not null and n.closed_at is null)", {}
    if viewer.has("broker"):
        return "1 = 1", {}
    return (
        """((n.published_at is not null and n.closed_at is null) or n.organisation_id in :own
            or (n.published_at is not null and exists (
                select 1 from startup s where s.organisation_id in :companies and (
                    exists (select 1 from pairing p where p.need_id = n.id and p.startup_id = s.id)
                    or exists (select 1 from interest i where i.need_id = n.id and i.startup_id = s.id)))))""",
        {"own": viewer.organisations("owner", "startup"), "companies": viewer.organisations("startup")},
    )


def load(store: Store, viewer: Viewer | None, need_id: str) -> dict[str, Any]:
    """Return one need that the person may see, with its organisation's name; raise NotFound."""
    condition, params = visible(viewer)
    rows = store.query(
        f"""select n.*, o.name as organisation, t.name as testbed from need n
            join organisation o on o.id = n.organisation_id left join testbed t on t.id = n.testbed_id
            where n.id = :id and {condition}""",  # noqa: S608 — the condition is one of three constants above
        {"id": need_id, **params},
    )
    if not rows:
        raise NotFound("need")
    return decode(rows[0])


def missing(row: dict[str, Any]) -> list[str]:
    """Return the fields that must be written before a need can be submitted."""
    return [name for name in NEEDED_TO_SUBMIT if not row[name]]


def create(
    store: Store, viewer: Viewer | None, organisation_id: str, data: dict[str, Any], now: str, **origin: Any
) -> str:
    """Create a draft for an organisation of the person's own (or, as a broker, of anybody's); return the id.

    `origin` may hold `id`, `source`, `external_id`, `person_id` and `limit` for imports.
    """
    if viewer and not viewer.has("broker") and not viewer.acts_for(organisation_id, "owner", "startup"):
        raise Denied("need_organisation")
    limit = origin.pop("limit", fields.FORM_LIMIT)
    content = fields.validate(NeedContent, data, limit)
    row = {
        "id": new_id(),
        "organisation_id": organisation_id,
        "person_id": viewer.person_id if viewer else None,
        **encode(content),
        **origin,
        "created_at": now,
        "updated_at": now,
    }
    with store.atomic():
        store.insert("need", {**row, "seq": record.next_seq(store)})
        record.write(store, viewer and viewer.person_id, "need.create", "need", row["id"], now, title=row["title"])
    return row["id"]


def encode(content: NeedContent) -> dict[str, Any]:
    """Return checked content as columns of the table."""
    row = content.model_dump()
    row["languages"] = row["languages"] or ["sv"]
    row["testbed_id"] = row["testbed_id"] or None
    return {**row, **{name: json.dumps(row[name], ensure_ascii=False) for name in LISTS}}


def save(
    store: Store, viewer: Viewer, need_id: str, data: dict[str, Any], revision: int, now: str,
    limit: int = fields.FORM_LIMIT,
) -> dict[str, Any]:  # fmt: skip
    """Save changed fields (`data` may hold some of them) and return the new row.

    Raises Stale when another save came in between (the typed text stays with the caller), Invalid per field,
    Conflict for a closed need. A change of a published need becomes a new version, which those who answered
    see and are told of.
    """
    with store.atomic():
        current = decode(_locked(store, need_id))
        if current["closed_at"]:
            raise Conflict("need_closed")
        if current["revision"] != revision:
            raise Stale("stale", current=current)
        merged = {name: data.get(name, current[name]) for name in NeedContent.model_fields}
        longest = max((len(current[name]) for name in TEXTS), default=0)
        columns = encode(fields.validate(NeedContent, merged, max(limit, longest)))
        changed = sorted(name for name in columns if columns[name] != encode_current(current)[name])
        if not changed:
            return current
        version = current["version"] + 1 if current["published_at"] else current["version"]
        _update(store, need_id, {**columns, "version": version, "revision": revision + 1, "updated_at": now})
        if current["published_at"]:
            if missing({**current, **columns}) and not missing(current):
                raise Invalid({name: ("required", {}) for name in missing({**current, **columns})})
            _keep_version(store, need_id, version, viewer.person_id, columns, now)
            mail.queue(
                store, f"need.changed:{need_id}:{version}", involved(store, need_id), "need_changed", now,
                need_id=need_id, title=columns["title"], version=version,
            )  # fmt: skip
        record.write(store, viewer.person_id, "need.save", "need", need_id, now, changed=changed, version=version)
    return load(store, viewer, need_id)


def encode_current(row: dict[str, Any]) -> dict[str, Any]:
    """Return a decoded row's content as columns, for comparing."""
    columns = {name: row[name] for name in NeedContent.model_fields}
    return {**columns, **{name: json.dumps(row[name], ensure_ascii=False) for name in LISTS}}


def submit(store: Store, viewer: Viewer, need_id: str, now: str) -> None:
    """Send a draft to the brokers; raise Invalid naming what is still to be written, Conflict if it was sent."""
    with store.atomic():
        row = _locked(store, need_id)
        if row["submitted_at"] or row["published_at"] or row["closed_at"]:
            raise Conflict("need_already_submitted")
        if missing(row):
            raise Invalid({name: ("required", {}) for name in missing(row)})
        _update(store, need_id, {"submitted_at": now, "returned_at": None, "revision": row["revision"] + 1})
        mail.queue(
            store, f"need.submitted:{need_id}:{row['revision']}", people.with_role(store, "broker"),
            "need_submitted", now, need_id=need_id, title=row["title"],
        )  # fmt: skip
        record.write(store, viewer.person_id, "need.submit", "need", need_id, now)


def publish(store: Store, viewer: Viewer | None, need_id: str, now: str, *, tell: bool = True) -> None:
    """Publish a need (a broker's decision); raise Conflict when it is published or closed already."""
    with store.atomic():
        row = _locked(store, need_id)
        if row["published_at"] or row["closed_at"]:
            raise Conflict("need_already_decided")
        _update(
            store, need_id,
            {"published_at": now, "submitted_at": row["submitted_at"] or now, "version": 1,
             "revision": row["revision"] + 1},
        )  # fmt: skip
        by = viewer.person_id if viewer else None
        _keep_version(store, need_id, 1, by, {name: row[name] for name in NeedContent.model_fields}, now)
        if tell:
            mail.queue(
                store, f"need.published:{need_id}", owners(store, row), "need_published", now,
                need_id=need_id, title=row["title"],
            )  # fmt: skip
        record.write(store, by, "need.publish", "need", need_id, now)


def send_back(store: Store, viewer: Viewer, need_id: str, reason: str, comment: str, now: str) -> None:
    """Send a submitted need back to its owner with a reason and a comment."""
    comment = fields.clean(comment)
    if reason not in RETURN_REASONS or not comment or len(comment) > fields.FORM_LIMIT:
        raise Invalid({"comment": ("required", {})})
    with store.atomic():
        row = _locked(store, need_id)
        if not row["submitted_at"] or row["published_at"] or row["closed_at"]:
            raise Conflict("need_already_decided")
        _update(
            store, need_id,
            {"submitted_at": None, "returned_at": now, "return_comment": comment, "revision": row["revision"] + 1},
        )  # fmt: skip
        mail.queue(
            store, f"need.returned:{need_id}:{row['revision']}", owners(store, row), "need_returned", now,
            need_id=need_id, title=row["title"], comment=comment,
        )  # fmt: skip
        record.write(store, viewer.person_id, "need.return", "need", need_id, now, reason=reason, comment=comment)


def close(store: Store, viewer: Viewer, need_id: str, reason: str, note: str, now: str) -> None:
    """Close a need with a reason that all who answered are told; open interests are answered with it."""
    if reason not in CLOSE_REASONS:
        raise Invalid({"reason": ("required", {})})
    note = fields.clean(note)[: fields.FORM_LIMIT]
    with store.atomic():
        row = _locked(store, need_id)
        if row["closed_at"]:
            raise Conflict("need_closed")
        told = involved(store, need_id)
        _update(
            store, need_id,
            {"closed_at": now, "close_reason": reason, "close_note": note, "revision": row["revision"] + 1},
        )  # fmt: skip
        store.execute(
            """update interest set answered_at = :now, answered_by = :by, answer = 'declined',
                      reason = 'need_closed', note = :note
               where need_id = :id and answered_at is null and withdrawn_at is null""",
            {"now": now, "by": viewer.person_id, "id": need_id, "note": note},
        )
        mail.queue(
            store, f"need.closed:{need_id}", told, "need_closed", now,
            need_id=need_id, title=row["title"], reason=reason, note=note,
        )  # fmt: skip
        record.write(store, viewer.person_id, "need.close", "need", need_id, now, reason=reason)


def versions(store: Store, need_id: str) -> list[dict[str, Any]]:
    """Return the published versions, newest first, `content` parsed and with the person's name."""
    rows = store.query(
        """select v.*, p.name as person from need_version v left join person p on p.id = v.person_id
           where v.need_id = :id order by v.number desc""",
        {"id": need_id},
    )
    return [{**row, "content": json.loads(row["content"])} for row in rows]


def owners(store: Store, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return who is told of a need's fate: its own person, else all who act for its organisation."""
    own = store.query(
        "select id, name, email, locale from person where id = :id and disabled_at is null",
        {"id": row["person_id"]},
    )
    return own or people.with_role(store, "owner", "startup", organisation_id=row["organisation_id"])


def involved(store: Store, need_id: str) -> list[dict[str, Any]]:
    """Return the people of the startups that answered a need or are being paired with it."""
    return store.query(
        """select distinct p.id, p.name, p.email, p.locale from person p
           join membership m on m.person_id = p.id and m.revoked_at is null and m.role = 'startup'
           join startup s on s.organisation_id = m.organisation_id
           where p.disabled_at is null and (
               s.id in (select startup_id from interest where need_id = :id and withdrawn_at is null)
               or s.id in (select startup_id from pairing where need_id = :id and declined_at is null
                           and ended_at is null)) order by p.email""",
        {"id": need_id},
    )


def _locked(store: Store, need_id: str) -> dict[str, Any]:
    """Lock a need's row by a write and return it: whoever comes second waits and sees what the first did."""
    rows = store.query("update need set seq = seq where id = :id returning *", {"id": need_id})
    if not rows:
        raise NotFound("need")
    return rows[0]


def _update(store: Store, need_id: str, columns: dict[str, Any]) -> None:
    row = {**columns, "seq": record.next_seq(store)}
    assignments = ", ".join(f"{name} = :{name}" for name in row)
    store.execute(f"update need set {assignments} where id = :need_id", {**row, "need_id": need_id})  # noqa: S608


def _keep_version(
    store: Store, need_id: str, number: int, person_id: str | None, columns: dict[str, Any], now: str
) -> None:
    content = {name: json.loads(columns[name]) if name in LISTS else columns[name] for name in NeedContent.model_fields}
    store.insert(
        "need_version",
        {
            "need_id": need_id,
            "number": number,
            "at": now,
            "person_id": person_id,
            "content": json.dumps(content, ensure_ascii=False),
        },
    )
