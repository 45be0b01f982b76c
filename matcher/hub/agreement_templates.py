"""The hub's own templates for agreements, beside the two that come with it. What is in them is checked before."""

from __future__ import annotations

import hashlib
from typing import Any

from ..store import Store
from . import fields, record
from .errors import Conflict, Denied, Invalid, NotFound
from .ids import new_id
from .people import Viewer
from .permissions import can


class Content(fields.Content):
    """What an administrator writes about a template; the file comes beside it."""

    name: fields.Name
    language: fields.choice("language", frozenset(("sv", "en"))) = None


def listing(store: Store) -> list[dict[str, Any]]:
    """Return the templates in use without their files, newest first, each with who uploaded it."""
    return store.query(
        """select t.id, t.name, t.language, t.hash, t.uploaded_at, p.name as person from agreement_template t
           left join person p on p.id = t.uploaded_by where t.retired_at is null order by t.uploaded_at desc, t.id"""
    )


def content(store: Store, template_id: str) -> bytes:
    """Return the file of a template, also of one that is no longer offered; raise NotFound."""
    rows = store.query("select content from agreement_template where id = :id", {"id": template_id})
    if not rows:
        raise NotFound("agreement_template")
    return bytes(rows[0]["content"])


def checked(given: dict[str, Any]) -> Content:
    """Return what was written about a template; raise Invalid."""
    found = fields.validate(Content, given)
    if found.language is None:
        raise Invalid({"language": ("required_choice", {})})
    return found


def add(store: Store, viewer: Viewer, given: dict[str, Any], content: bytes, now: str) -> str:
    """Offer a template, checked by the caller, and return its id."""
    if not can(viewer, "admin"):
        raise Denied("denied")
    about = checked(given)
    row = {
        "id": new_id(), "name": about.name[:200], "language": about.language, "content": content,
        "hash": hashlib.sha256(content).hexdigest(), "uploaded_at": now, "uploaded_by": viewer.person_id,
    }  # fmt: skip
    with viewer.deciding(store):
        store.insert("agreement_template", row)
        record.write(
            store, viewer.person_id, "template.add", "template", row["id"], now, name=row["name"], hash=row["hash"][:12]
        )
    return row["id"]


def retire(store: Store, viewer: Viewer, template_id: str, now: str) -> None:
    """Offer a template no longer; drafts that chose it keep it."""
    if not can(viewer, "admin"):
        raise Denied("denied")
    with viewer.deciding(store):
        rows = store.query(
            "update agreement_template set retired_at = :now where id = :id and retired_at is null returning name",
            {"now": now, "id": template_id},
        )
        if not rows:
            raise Conflict("template_retired")
        record.write(store, viewer.person_id, "template.retire", "template", template_id, now, name=rows[0]["name"])
