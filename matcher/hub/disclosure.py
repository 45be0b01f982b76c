"""Everything that is kept about one person, for that person: what `personal` calls theirs, and nothing of others."""

from __future__ import annotations

import json
from typing import Any

from ..store import Store, Table
from . import record, traces, writers
from .errors import NotFound
from .personal import GROUPS, HOLDINGS, Holding
from .traces import Traces

Row = dict[str, Any]
# What a row of the record holds in its doer's own words: under these names anywhere, and wholly for these actions.
OWN_WORDS = ("note", "comment", "evidence", "lesson", "early")
OWN_ACTIONS = (
    "pilot.indicator", "testbed.close_period", "prerequisite.add", "startup.hide", "startup.flag",
)  # fmt: skip
# These are told in ways of their own.
_APART = ("person", "outbox", "audit", "membership")


def about(store: Store, person_id: str, now: str) -> Row:
    """Return all about a person; raise NotFound where there is none, or nothing left of them.

    `person` (facts, name, email), `made_at` and `groups`: each `group` (a code of `personal.GROUPS`) with `rows` of
    `table`, `id` (its key), `part` (columns that name the person), `facts` and `texts`.
    """
    rows = store.query("select * from person where id = :id and erased_at is null", {"id": person_id})
    if not rows:
        raise NotFound("person")
    person = rows[0]
    found: dict[str, list[Row]] = {group: [] for group in GROUPS}
    for row in (*_roles(store, person), *_mails(store, person), *_acts(store, person)):
        found[HOLDINGS[row["table"]].group].append(row)
    marks = traces.of(store, person)
    for table in store.tables():
        holding = HOLDINGS.get(table.name)
        if holding and holding.group != "machine" and table.name not in _APART:
            found[holding.group] += _of(store, table, holding, marks)
    named = {name: person[name] for name in [*HOLDINGS["person"].names("facts"), "name", "email"] if person[name]}
    groups = [{"group": group, "rows": sorted(rows, key=_when)} for group, rows in found.items() if rows]
    return {"made_at": now, "person": named, "groups": groups}


def given_out(store: Store, person_id: str, by: str, now: str) -> None:
    """Note that somebody else was given all about a person, for that person."""
    with store.atomic():
        record.write(store, by, "person.give_out", "person", person_id, now)


def _when(row: Row) -> tuple[str, str]:
    return str(next((value for name, value in row["facts"].items() if name.endswith(("at", "since"))), "")), row[
        "table"
    ]


def _of(store: Store, table: Table, holding: Holding, marks: Traces) -> list[Row]:
    """Return the rows of a table that name the person, that they wrote, or that have them as a contact."""
    acted = {
        spec: writers.by_record(store, spec, marks.person_id)
        for _, spec in holding.texts("said", "work", "kept")
        if spec.startswith("@")
    }
    params: Row = {"id": marks.person_id}
    wanted = [f'"{name}" = :id' for name in holding.names("who")]
    for number, needle in enumerate(needle for needle in marks.needles() if needle):
        params[f"n{number}"] = needle
        wanted += [traces.holds(name, f"n{number}") for group in holding.contacts() for name in group]
    for number, subjects in enumerate(acted.values()):
        params[f"s{number}"] = sorted(subjects)
        wanted.append(f'"{table.key[0]}" in :s{number}')
    if not wanted:
        return []
    # Not every column: papers and files are long, and nobody's texts.
    columns = ", ".join(f'"{name}"' for name in table.columns if name in _needed(table, holding))
    rows = store.query(f'select {columns} from "{table.name}" where {" or ".join(wanted)}', params)
    told = [_told(table, holding, row, marks, acted) for row in rows]
    return [row for row in told if row["part"] or row["texts"]]


def _needed(table: Table, holding: Holding) -> set[str]:
    texts = [name for name, spec in holding.texts("said", "work", "kept") if spec]
    contacts = [name for group in holding.contacts() for name in group]
    return {*table.key, *holding.names("facts"), *holding.names("who"), *texts, *contacts}


def _told(table: Table, holding: Holding, row: Row, marks: Traces, acted: dict[str, set[str]]) -> Row:
    """Return of a row what is the person's: its facts, which part they had, and the texts that they wrote."""
    part = [name for name in holding.names("who") if row[name] == marks.person_id]
    texts = {}
    for name, spec in holding.texts("said", "work", "kept"):
        own = row[table.key[0]] in acted[spec] if spec in acted else writers.in_row(row, spec) == marks.person_id
        if spec and own and row[name]:
            texts[name] = row[name]
    texts |= {name: row[name] for name in marks.emptied(row, holding.contacts(), bool(part)) if row[name]}
    return {
        "table": table.name,
        "id": {name: row[name] for name in table.key if name not in holding.names("hashes")},
        "part": part,
        "facts": {name: row[name] for name in holding.names("facts") if row[name] not in (None, "", "[]")},
        "texts": {
            name: text if (held := traces.lists_or_fields(text)) is None else held for name, text in texts.items()
        },
    }


def _roles(store: Store, person: Row) -> list[Row]:
    rows = store.query(
        """select m.id, m.role, m.granted_at, m.revoked_at, o.name as organisation from membership m
           join organisation o on o.id = m.organisation_id where m.person_id = :id order by m.granted_at, m.id""",
        {"id": person["id"]},
    )
    return [_plain("membership", row, "id") for row in rows]


def _mails(store: Store, person: Row) -> list[Row]:
    """Return which mails were written to the person; what stands in them they have, and it may let them in."""
    rows = store.query(
        """select id, template, created_at, sent_at, given_up_at, dropped_at, recipient from outbox
           where lower(recipient) = :email order by created_at, id""",
        {"email": person["email"]},
    )
    return [_plain("outbox", row, "id") for row in rows]


def _acts(store: Store, person: Row) -> list[Row]:
    """Return the record of what the person did, with their own words in it, and of what was done to the account."""
    rows = store.query(
        """select id, at, action, kind, subject_id, person_id, detail from audit
           where person_id = :id or (kind = 'person' and subject_id = :id) order by at, id""",
        {"id": person["id"]},
    )
    return [_act(row, row.pop("person_id") == person["id"]) for row in rows]


def _act(row: Row, own: bool) -> Row:
    detail = json.loads(row.pop("detail"))
    wholly = row["action"] in OWN_ACTIONS
    texts = {name: text for name, text in detail.items() if isinstance(text, str) and text}
    told = _plain("audit", row, "id")
    told["texts"] = {name: text for name, text in texts.items() if own and (wholly or name in OWN_WORDS)}
    return told


def _plain(table: str, row: Row, key: str) -> Row:
    facts = {name: value for name, value in row.items() if name != key and value is not None}
    return {"table": table, "id": {key: row[key]}, "part": [], "facts": facts, "texts": {}}
