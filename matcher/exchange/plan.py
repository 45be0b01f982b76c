"""What an import would do with each row. The dry run prints it, the import carries it out: one plan for both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..hub import fields, need_content, needs, organisations, startups, testbeds
from ..hub.errors import Invalid
from ..hub.people import Viewer
from ..store import Store
from . import headings
from .tables import Table

NOUN = {"needs": "need", "startups": "startup", "testbeds": "testbed"}
ORGANISATION_KIND = {"needs": "public", "startups": "company", "testbeds": "host"}
CHUNK = 100
Faults = dict[str, tuple[str, dict[str, Any]]]


@dataclass
class Planned:
    """One row: `change` is created, updated, unchanged or refused; `faults` say why, `remarks` what was left out."""

    line: int
    change: str
    title: str
    data: dict[str, Any]
    external_id: str
    organisation: str = ""
    orgnr: str | None = None
    current: dict[str, Any] | None = None
    faults: Faults = field(default_factory=dict)
    remarks: Faults = field(default_factory=dict)


def chunks(table: Table) -> Iterator[Sequence[tuple[int, dict[str, str]]]]:
    """Yield the rows in portions that are planned and kept together."""
    for start in range(0, len(table.rows), CHUNK):
        yield table.rows[start : start + CHUNK]


def plan(
    store: Store,
    kind: str,
    rows: Sequence[tuple[int, dict[str, str]]],
    mapped: Mapping[str, list[str]],
    source: str,
    seen: dict[str, int],
) -> list[Planned]:
    """Return what each row would become; `seen` remembers the ids of earlier rows of the same file by their line."""
    planned = [_read(kind, line, headings.record(mapped, row)) for line, row in rows]
    known = _known(store, kind, source, [row.external_id for row in planned])
    for row in planned:
        if row.external_id in seen:
            row.faults["id"] = ("same_row", {"line": seen[row.external_id]})
        seen.setdefault(row.external_id, row.line)
        row.current = known.get(row.external_id)
        row.change = "refused" if row.faults else _change(kind, row)
    return planned


def _read(kind: str, line: int, given: dict[str, str]) -> Planned:
    title = headings.TITLE[kind]
    about = {name: given.pop(name, "") for name in headings.ABOUT}
    row = Planned(line, "created", given.get(title, "")[:120], {}, "")
    for name, text in given.items():
        row.data[name] = headings.value(name, text)
    row.organisation = about["organisation"] or (given.get(title, "") if kind != "needs" else "")
    _number(kind, row, about["orgnr"])
    try:
        fields.validate(headings.CONTENT[kind], row.data, fields.IMPORT_LIMIT)
        if kind == "needs":
            need_content.checked(row.data, fields.IMPORT_LIMIT)
    except Invalid as error:
        row.faults |= error.errors
    if not row.organisation:
        row.faults["organisation"] = ("required", {})
    row.external_id = about["id"].strip()[:200] or _fingerprint(row.orgnr or row.organisation, row.data.get(title, ""))
    return row


def _number(kind: str, row: Planned, text: str) -> None:
    """Check the organisation's number: a company without a true one is refused, a need is taken without it."""
    try:
        row.orgnr = fields.validate(organisations.OrganisationContent, {"name": "x", "orgnr": text}).orgnr
    except Invalid as error:
        (row.remarks if kind == "needs" else row.faults)["orgnr"] = error.errors["orgnr"]


def _fingerprint(*parts: str) -> str:
    """Return what makes a row without an id known again: whose it is and its title."""
    return "row-" + hashlib.sha256("\x1f".join(" ".join(part.split()) for part in parts).encode()).hexdigest()[:24]


def _known(store: Store, kind: str, source: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    noun = NOUN[kind]
    rows = store.query(
        f"select * from {noun} where source = :source and external_id in :ids",
        {"source": source, "ids": [known for known in ids if known]},
    )
    module = {"needs": needs, "startups": startups, "testbeds": testbeds}[kind]
    decode = need_content.decode if kind == "needs" else module.decode
    return {row["external_id"]: decode(row) for row in rows}


def _change(kind: str, row: Planned) -> str:
    current = row.current
    if current is None:
        return "created"
    if current.get("closed_at") or current.get("merged_into"):
        return "unchanged"  # what was closed or merged here is not opened again by a file
    model = headings.CONTENT[kind]
    merged = {name: row.data.get(name, current[name]) for name in model.model_fields}
    new = _columns(kind, merged)
    old = _columns(kind, {name: current[name] for name in model.model_fields})
    return "updated" if new != old else "unchanged"


def _columns(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    longest = max(fields.IMPORT_LIMIT, *(len(value) for value in data.values() if isinstance(value, str)))
    if kind == "needs":
        return need_content.encode(need_content.checked(data, longest))
    module = startups if kind == "startups" else testbeds
    return module.encode(fields.validate(headings.CONTENT[kind], data, longest))


def apply(store: Store, viewer: Viewer, row: Planned, kind: str, source: str, publish: bool, now: str) -> str:
    """Carry out one planned row inside a transaction and return the noun's id."""
    module = {"needs": needs, "startups": startups, "testbeds": testbeds}[kind]
    if row.current is not None:
        module.save(store, viewer, row.current["id"], row.data, row.current["revision"], now, limit=fields.IMPORT_LIMIT)
        return row.current["id"]
    by = viewer.person_id
    organisation = organisations.find_or_create(store, by, row.organisation, row.orgnr, ORGANISATION_KIND[kind], now)
    made = module.create(
        store, viewer, organisation["id"], row.data, now, source=source, external_id=row.external_id,
        limit=fields.IMPORT_LIMIT, person_id=None,
    )  # fmt: skip
    if publish:
        if kind == "needs":
            needs.publish(store, viewer, made, now, tell=False)
        else:
            module.publish(store, None, made, now)
    return made


def before(row: Planned, kind: str) -> str | None:
    """Return the content that an update replaces, as JSON, so that the import can be undone."""
    if row.current is None:
        return None
    content = {name: row.current[name] for name in headings.CONTENT[kind].model_fields}
    return json.dumps(content, ensure_ascii=False)
