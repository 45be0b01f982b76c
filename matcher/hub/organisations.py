"""Organisations: public bodies, companies, testbed hosts and the hub itself."""

from __future__ import annotations

import re
from typing import Any

from ..store import Store
from . import company_news, company_numbers, fields, people, record, reference
from .errors import Conflict, Invalid, NotFound
from .ids import new_id
from .people import Viewer
from .swedish import swedish_key

KINDS = ("public", "company", "host", "hub")
PAGE = 50


class OrganisationContent(fields.Content):
    """What is kept about an organisation. `orgnr` is ten digits with a valid check digit, or None."""

    name: fields.Name
    orgnr: fields.Orgnr = None
    kind: fields.choice("kinds", frozenset(KINDS), "public") = "public"
    county_code: fields.County = None
    municipality_code: fields.Municipality = None
    website: fields.Website = ""


def checked(data: dict[str, Any]) -> OrganisationContent:
    """Return the content of `data`; raise Invalid. A municipality brings its county."""
    content = fields.validate(OrganisationContent, data)
    home = reference.municipalities().get(content.municipality_code or "", {}).get("county_code")
    if home and content.county_code and home != content.county_code:
        raise Invalid({"municipality_code": ("other_county", {})})
    content.county_code = content.county_code or home
    return content


def create(store: Store, by: str | None, data: dict[str, Any], now: str, *, organisation_id: str = "") -> str:
    """Create an organisation and return its id; raise Invalid, or Conflict when the number is taken by its kind."""
    content = checked(data)
    row = {"id": organisation_id or new_id(), "created_at": now, **content.model_dump()}
    with store.atomic():
        _claim_number(store, content, row["id"])
        store.insert("organisation", row)
        record.write(store, by, "organisation.create", "organisation", row["id"], now, name=row["name"])
    return row["id"]


def save(store: Store, by: Viewer, organisation_id: str, data: dict[str, Any], now: str) -> dict[str, Any]:
    """Save changed fields (`data` may hold some of them) and return the new row.

    A number that the company typed itself is thereby confirmed, which the record tells once.

    Raises Invalid per field, Conflict for a number that another one of its kind carries, or for a kind in which
    its people's roles, or what it has published, could not be.
    """
    with by.deciding(store):
        current = _locked(store, organisation_id)
        names = OrganisationContent.model_fields
        content = checked({name: data.get(name, current[name]) for name in names})
        row = content.model_dump()
        changed = sorted(name for name in names if (row[name] or None) != (current[name] or None))
        if "kind" in changed and str(content.kind) not in _fitting_kinds(store, organisation_id):
            raise Conflict("organisation_kind_in_use")
        if {"orgnr", "kind"} & set(changed):
            _claim_number(store, content, organisation_id)
        if changed:
            store.execute(
                """update organisation set name = :name, orgnr = :orgnr, kind = :kind, county_code = :county_code,
                   municipality_code = :municipality_code, website = :website where id = :id""",
                {**row, "id": organisation_id},
            )
            record.write(
                store, by.person_id, "organisation.save", "organisation", organisation_id, now, changed=changed
            )
        if "orgnr" in changed:
            company_news.renumbered(store, by, organisation_id, current["orgnr"], now)
        elif company_numbers.typed_itself(store, [organisation_id]):
            record.write(store, by.person_id, company_numbers.CONFIRMED, "organisation", organisation_id, now)
    return {**current, **row}


def _locked(store: Store, organisation_id: str) -> dict[str, Any]:
    rows = store.query(
        "update organisation set name = name where id = :id and merged_into is null returning *",
        {"id": organisation_id},
    )
    if not rows:
        raise NotFound("organisation")
    return rows[0]


def _claim_number(store: Store, content: OrganisationContent, organisation_id: str) -> None:
    """Raise Conflict when another organisation of the kind carries the number; two at once wait for each other."""
    if not content.orgnr:
        return
    record.next_seq(store)
    if any(row["id"] != organisation_id for row in with_orgnr(store, content.orgnr, str(content.kind))):
        raise Conflict("orgnr_taken", orgnr=content.orgnr)


def _fitting_kinds(store: Store, organisation_id: str) -> set[str]:
    """Return the kinds in which all that hangs on an organisation could be: roles, needs, startups, testbeds."""
    held = store.query(
        """select role as what from membership where organisation_id = :id and revoked_at is null
           union select 'need' from need where organisation_id = :id
           union select 'startup' from startup where organisation_id = :id
           union select 'host' from testbed where organisation_id = :id""",
        {"id": organisation_id},
    )
    fitting = {**people.ORGANISATION_KIND, "need": ("public", "company", "hub")}
    return set(KINDS).intersection(*(fitting[row["what"]] for row in held))


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


def listing(store: Store, *, words: str = "", kind: str = "", page: int = 1) -> dict[str, Any]:
    """Return a page of the organisations that were not merged away, in Swedish order, with `members` counted.

    Keys: `rows`, `total`, `page`, `pages`. `words` are looked for in name and number, `kind` is one of KINDS.
    Two queries, however many there are.
    """
    light = store.query("select id, name, orgnr, kind from organisation where merged_into is null")
    found = [row for row in light if _mentions(row, words) and (kind not in KINDS or row["kind"] == kind)]
    found.sort(key=lambda row: (swedish_key(row["name"]), row["id"]))
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(page, 1), pages)
    ids = [row["id"] for row in found[PAGE * (page - 1) : PAGE * page]]
    whole = store.query(
        """select o.*, (select count(distinct m.person_id) from membership m
                        where m.organisation_id = o.id and m.revoked_at is null) as members
           from organisation o where o.id in :ids""",
        {"ids": ids},
    )
    by_id = {row["id"]: row for row in whole}
    return {"rows": [by_id[one] for one in ids if one in by_id], "total": len(found), "page": page, "pages": pages}


def _mentions(row: dict[str, Any], words: str) -> bool:
    text = f"{row['name']} {row['orgnr'] or ''}".casefold()
    return all(word in text for word in words.casefold().replace("-", "").split()) or words.casefold() in text


def load(store: Store, viewer: Viewer | None, organisation_id: str) -> dict[str, Any]:
    """Return one organisation for an administrator; raise NotFound for everybody else."""
    if viewer is None or not viewer.has("administrator"):
        raise NotFound("organisation")
    return get(store, organisation_id)


def members(store: Store, organisation_id: str) -> list[dict[str, Any]]:
    """Return who acts for an organisation and as what, in Swedish order; `id` is the membership's."""
    rows = store.query(
        """select m.id, m.role, m.granted_at, p.id as person_id, p.name, p.email, p.disabled_at
           from membership m join person p on p.id = m.person_id
           where m.organisation_id = :id and m.revoked_at is null""",
        {"id": organisation_id},
    )
    return sorted(rows, key=lambda row: (swedish_key(row["name"]), row["role"], row["id"]))


def hub(store: Store) -> dict[str, Any] | None:
    """Return the hub's own organisation, the oldest when there are several, or None."""
    rows = store.query("select * from organisation where kind = 'hub' and merged_into is null order by created_at, id")
    return rows[0] if rows else None
