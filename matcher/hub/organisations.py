"""Organisations: public bodies, companies, testbed hosts and the hub itself."""

from __future__ import annotations

import re
from typing import Any

from ..store import Store
from . import fields, record
from .errors import Conflict, NotFound
from .ids import new_id

KINDS = ("public", "company", "host", "hub")


class OrganisationContent(fields.Content):
    """What is kept about an organisation. `orgnr` is ten digits with a valid check digit, or None."""

    name: fields.Title
    orgnr: fields.Orgnr = None
    kind: fields.choice("kinds", frozenset(KINDS), "public") = "public"
    county_code: fields.County = None
    municipality_code: fields.Municipality = None
    website: fields.Website = ""


def create(store: Store, by: str | None, data: dict[str, Any], now: str, *, organisation_id: str = "") -> str:
    """Create an organisation and return its id; raise Invalid, or Conflict when the number is taken by its kind."""
    content = fields.validate(OrganisationContent, data)
    row = {"id": organisation_id or new_id(), "created_at": now, **content.model_dump()}
    with store.atomic():
        if content.orgnr and with_orgnr(store, content.orgnr, str(content.kind)):
            raise Conflict("orgnr_taken", orgnr=content.orgnr)
        store.insert("organisation", row)
        record.write(store, by, "organisation.create", "organisation", row["id"], now, name=row["name"])
    return row["id"]


def get(store: Store, organisation_id: str) -> dict[str, Any]:
    """Return one organisation; raise NotFound."""
    rows = store.query("select * from organisation where id = :id", {"id": organisation_id})
    if not rows:
        raise NotFound("organisation")
    return rows[0]


def with_orgnr(store: Store, orgnr: str, kind: str) -> list[dict[str, Any]]:
    """Return the organisations of one kind that carry this number and were not merged away."""
    return store.query(
        "select * from organisation where orgnr = :orgnr and kind = :kind and merged_into is null order by created_at",
        {"orgnr": orgnr, "kind": kind},
    )


def name_key(name: str) -> str:
    """Return a name as it is compared: lower case, without company forms, punctuation and doubled blanks."""
    text = re.sub(r"\b(ab|aktiebolag|publ|hb|kb|as|a/s|aps|oy|oyj|ltd|inc|gmbh|sverige|sweden)\b", " ", name.casefold())
    return " ".join(re.sub(r"[^\w]+", " ", text).split())


def find_or_create(store: Store, by: str | None, name: str, orgnr: str | None, kind: str, now: str) -> dict[str, Any]:
    """Return the organisation with this number, else with this very name, else a new one (for imports)."""
    rows = with_orgnr(store, orgnr, kind) if orgnr else []
    rows = rows or store.query(
        """select * from organisation where name = :name and kind = :kind and merged_into is null
           and (orgnr is null or :orgnr = '' or orgnr = :orgnr) order by created_at""",
        {"name": " ".join(name.split()), "kind": kind, "orgnr": orgnr or ""},
    )
    if rows:
        return rows[0]
    return get(store, create(store, by, {"name": name, "orgnr": orgnr, "kind": kind}, now))


def listing(store: Store) -> list[dict[str, Any]]:
    """Return all organisations that were not merged away, with `members` counted, by name in code order."""
    return store.query(
        """select o.*, (select count(distinct m.person_id) from membership m
                        where m.organisation_id = o.id and m.revoked_at is null) as members
           from organisation o where o.merged_into is null order by o.name"""
    )
