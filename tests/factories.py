"""Rows for tests, each with sensible defaults and overrides: `create_need(store, title="…", published=True)`.

Every function takes the store first and returns what was stored: a person as a Viewer, everything else as a row
with its lists parsed. Lists are given as lists. What is not named gets made: a need without an organisation gets
a new municipality. Rows are inserted as they are, so that a test can also make what no form would let through.
"""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from matcher.hub import people, record
from matcher.hub.ids import new_id
from matcher.hub.people import Viewer
from matcher.store import Store

NOW = "2026-11-20T09:00:00.000000Z"
PASSWORD = "tre korta ord"
LISTS = ("beneficiaries", "themes", "goals", "languages", "regions", "seeks")
KIND_OF_ROLE = {"administrator": "hub", "broker": "hub", "owner": "public", "startup": "company", "host": "host"}
_number = count(1)

NEED = {
    "title": "Färre fall nattetid",
    "people": "Boende på tre särskilda boenden, 148 personer.",
    "description": "Förra året registrerade vi 412 fall, två tredjedelar mellan klockan 22 och 06.",
    "effect": "Att den som är på väg upp får stöd innan olyckan är framme.",
    "measure": "Antal fall per 1 000 vårddygn, i dag 5,1.",
    "tried": "Larmmattor gav så många falsklarm att de stängdes av.",
    "keep": "Ingen kamera som spelar in.",
    "beneficiaries": ["patient", "staff"],
    "themes": ["elderly_care"],
    "goals": ["3"],
    "county_code": "12",
    "municipality_code": "1280",
    "contact": "Kim Kontakt, enhetschef",
    "runner": "Vårdförvaltningen",
    "budget": "100k_700k",
    "wanted_by": "2027-06-01",
    "testbed_id": None,
    "language": "sv",
    "languages": ["sv"],
    "min_readiness": None,
    "local": None,
    "valid_until": "2030-12-31",
}
STARTUP = {
    "problem": "Äldre faller när de stiger upp på natten.",
    "audience": "Särskilda boenden och korttidsplatser.",
    "description": "En sensor i taket känner när någon sätter sig upp och larmar tyst.",
    "novelty": "Skiljer på att vända sig och att resa sig.",
    "evidence": "Införd på 22 avdelningar.",
    "readiness": 7,
    "regions": [],
    "languages": ["sv", "en"],
    "seeks": ["test", "sell"],
    "capacity": 2,
    "website": "https://www.example.com",
    "themes": ["elderly_care"],
    "language": "sv",
}
TESTBED = {
    "description": "En avdelning med tolv lägenheter i drift.",
    "users": "Tolv boende och 26 medarbetare.",
    "methods": "Före- och eftermätning, intervjuer.",
    "equipment": "Trådlöst nät, larmserver med testmiljö.",
    "places": 2,
    "conditions": "Samtycke från de boende.",
    "contact_name": "Vera Värd",
    "contact_email": "vera@example.org",
    "backup_name": "Rut Reserv",
    "backup_email": "rut@example.org",
    "answer_days": 10,
    "themes": ["elderly_care"],
    "county_code": "12",
    "municipality_code": "1280",
    "language": "sv",
}


def create_organisation(store: Store, kind: str = "public", **overrides: Any) -> dict[str, Any]:
    """Insert an organisation of a kind: public, company, host or hub."""
    row = {"id": new_id(), "name": f"Organisation {next(_number)}", "kind": kind, "created_at": NOW, **overrides}
    return _insert(store, "organisation", row)


def create_person(
    store: Store, role: str | None = "owner", organisation: dict[str, Any] | str | None = None, **overrides: Any
) -> Viewer:
    """Insert a person with a role (None: without any), in a new organisation of the fitting kind if none is given."""
    number = next(_number)
    row = {
        "id": new_id(),
        "email": f"person{number}@example.org",
        "name": f"Person {number}",
        "locale": "en",
        "created_at": NOW,
        **overrides,
    }
    _insert(store, "person", row)
    return grant(store, row["id"], role, organisation) if role else _viewer(store, row["id"])


def grant(store: Store, person: Viewer | str, role: str, organisation: dict[str, Any] | str | None = None) -> Viewer:
    """Give a person one more role and return the viewer as it is now."""
    person_id = person if isinstance(person, str) else person.person_id
    organisation = organisation or create_organisation(store, KIND_OF_ROLE[role])
    people.grant(store, person_id, _id(organisation), role, None, NOW)
    return _viewer(store, person_id)


def create_need(
    store: Store,
    organisation: dict[str, Any] | str | None = None,
    *,
    submitted: bool = False,
    published: bool = False,
    **overrides: Any,
) -> dict[str, Any]:
    """Insert a need that is written to the end: a draft, or submitted, or published as its version 1."""
    state: dict[str, Any] = {"submitted_at": NOW} if submitted or published else {}
    state |= {"published_at": NOW, "version": 1} if published else {}
    row = _noun(store, "need", "public", organisation, {**NEED, **state, **overrides})
    if row.get("published_at"):
        content = {name: row[name] for name in NEED}
        version = {"need_id": row["id"], "number": row["version"], "at": row["published_at"]}
        store.insert("need_version", {**version, "content": json.dumps(content, ensure_ascii=False)})
    return row


def create_startup(
    store: Store, organisation: dict[str, Any] | str | None = None, *, published: bool = False, **overrides: Any
) -> dict[str, Any]:
    """Insert a startup's profile, filled in to the end; published if asked for."""
    state = {"published_at": NOW} if published else {}
    name = {"name": f"Startup {next(_number)}"}
    return _noun(store, "startup", "company", organisation, {**name, **STARTUP, **state, **overrides})


def create_testbed(
    store: Store, organisation: dict[str, Any] | str | None = None, *, published: bool = False, **overrides: Any
) -> dict[str, Any]:
    """Insert a testbed with two places; published if asked for."""
    state = {"published_at": NOW} if published else {}
    name = {"name": f"Testbed {next(_number)}"}
    return _noun(store, "testbed", "host", organisation, {**name, **TESTBED, **state, **overrides})


def _noun(
    store: Store, table: str, kind: str, organisation: dict[str, Any] | str | None, columns: dict[str, Any]
) -> dict[str, Any]:
    organisation = organisation or create_organisation(store, kind)
    with store.atomic():
        times = {"created_at": NOW, "updated_at": NOW, "revision": 1, "seq": record.next_seq(store)}
        return _insert(store, table, {"id": new_id(), "organisation_id": _id(organisation), **times, **columns})


def _insert(store: Store, table: str, row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: json.dumps(value) if name in LISTS else value for name, value in row.items()}
    store.insert(table, kept)
    stored = store.query(f"select * from {table} where id = :id", {"id": row["id"]})[0]
    return {name: json.loads(value) if name in LISTS else value for name, value in stored.items()}


def _viewer(store: Store, person_id: str) -> Viewer:
    found = people.viewer(store, person_id)
    assert found is not None, "the person is disabled"
    return found


def _id(organisation: dict[str, Any] | str) -> str:
    return organisation if isinstance(organisation, str) else organisation["id"]
