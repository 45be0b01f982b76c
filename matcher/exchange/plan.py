"""What an import does with each row: decided here, for the dry run and for the import alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..hub import company_numbers, fields, need_content, need_review, needs, organisations, startups, testbeds
from ..hub.errors import HubError, Invalid
from ..hub.people import Viewer
from ..store import Store
from . import headings, values
from .tables import Row

NOUN = {"needs": "need", "startups": "startup", "testbeds": "testbed"}
MODULE: dict[str, Any] = {"needs": needs, "startups": startups, "testbeds": testbeds}
ORGANISATION_KIND = {"needs": "public", "startups": "company", "testbeds": "host"}
LONGEST_ID = 200
Faults = dict[str, tuple[str, dict[str, Any]]]

_CHECKED: dict[str, Callable[[dict[str, Any], int], fields.Content]] = {
    "needs": need_content.checked,
    "startups": lambda data, limit: fields.validate(startups.StartupContent, data, limit),
    "testbeds": testbeds.checked,
}


@dataclass(frozen=True)
class Job:
    """What holds for all rows of an import: the noun, its columns, the name of the source, whether to publish."""

    kind: str
    headings: Sequence[str]
    mapped: headings.Mapped
    source: str
    publish: bool = False

    @property
    def limit(self) -> int:
        """Characters of one text: each column that feeds it may be as long as a text may be."""
        return fields.IMPORT_LIMIT * max(len(several) for several in self.mapped.values())


@dataclass
class Planned:
    """One row: `change` is created, updated, unchanged or refused; `faults` say why, `remarks` what was left out."""

    line: int
    cells: Sequence[str]
    change: str = "created"
    title: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    external_id: str = ""
    organisation: str = ""
    orgnr: str | None = None
    current: dict[str, Any] | None = None
    faults: Faults = field(default_factory=dict)
    remarks: Faults = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """What the file said of this row, as a hash: a row that says the same again is left alone."""
        given = [self.organisation, self.orgnr, sorted(self.data.items())]
        return hashlib.sha256(json.dumps(given, ensure_ascii=False).encode()).hexdigest()


def plan(store: Store, job: Job, planned: list[Planned], seen: dict[str, int]) -> list[Planned]:
    """Say what each row that was `read` becomes, and return them.

    `seen` remembers the ids of earlier rows of the same file by their line.
    """
    refuse_doubles(planned, seen)
    known = _known(store, job, [row.external_id for row in planned if not row.faults])
    numbered = _numbered(store, job, planned)
    unconfirmed = company_numbers.typed_itself(store, (one["id"] for one in numbered.values()))
    for row in planned:
        if not row.faults:
            row.current = known.get(row.external_id)
            _compare(job, row)
            _told_whose(row, numbered, unconfirmed)
        if row.faults:
            row.change = "refused"
    return planned


def read(job: Job, rows: Sequence[Row]) -> list[Planned]:
    """Return rows of the file with their fields checked, before they are compared with the hub: no lock is needed."""
    return [_read(job, row) for row in rows]


def _read(job: Job, given: Row) -> Planned:
    cells = headings.record(job.mapped, job.headings, given.cells)
    about = {name: fields.clean(cells.pop(name, "")) for name in headings.ABOUT}
    title = cells.get(headings.TITLE[job.kind], "")
    row = Planned(given.line, given.cells, title=fields.clean(title)[:120])
    row.data = {name: values.value(name, text) for name, text in cells.items()}
    # A company or a testbed without a named organisation is its own.
    row.organisation = " ".join((about["organisation"] or ("" if job.kind == "needs" else title)).split())
    if given.fault:
        row.faults[""] = given.fault
        return row
    try:
        _CHECKED[job.kind](row.data, job.limit)
    except Invalid as error:
        row.faults |= error.errors
    _whose(job, row, about["orgnr"])
    _identity(row, about["id"], title)
    return row


def _whose(job: Job, row: Planned, number: str) -> None:
    """Check whose the row is. A company with a wrong number is refused, a need is taken without the number."""
    if not row.organisation and job.kind == "needs":
        row.faults["organisation"] = ("no_organisation", {})
    try:
        about = {"name": row.organisation or "-", "orgnr": number}
        row.orgnr = fields.validate(organisations.OrganisationContent, about).orgnr
    except Invalid as error:
        if "orgnr" in error.errors:
            (row.remarks if job.kind == "needs" else row.faults)["orgnr"] = error.errors["orgnr"]
        if "name" in error.errors:
            row.faults["organisation"] = error.errors["name"]


def _identity(row: Planned, given: str, title: str) -> None:
    """Take the row's id, or make one of whose it is and what it is called: it is known again by it."""
    if len(given) > LONGEST_ID:
        row.faults["id"] = ("too_long", {"limit": LONGEST_ID, "length": len(given)})
    parts = "\x1f".join((row.orgnr or row.organisation, " ".join(fields.clean(title).split())))
    row.external_id = given or "row-" + hashlib.sha256(parts.encode("utf8", "replace")).hexdigest()[:24]


def refuse_doubles(planned: Sequence[Planned], seen: dict[str, int]) -> None:
    """Refuse rows whose id an earlier row of the file has."""
    for row in planned:
        if row.faults:
            continue
        if row.external_id in seen:
            code = "same_row" if row.external_id.startswith("row-") else "same_id"
            row.faults["id"] = (code, {"line": seen[row.external_id]})
        else:
            seen[row.external_id] = row.line


def _known(store: Store, job: Job, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the rows of the hub that came from this source under these ids, with what was last taken from a file."""
    noun = NOUN[job.kind]
    rows = store.query(
        f"""select n.*, o.name as organisation, o.orgnr as orgnr from {noun} n
            join organisation o on o.id = n.organisation_id where n.source = :source and n.external_id in :ids""",
        {"source": job.source, "ids": list(ids)},
    )
    digests = {
        row["subject_id"]: row["digest"]
        for row in store.query(
            """select r.subject_id, r.digest from import_row r join import_batch b on b.id = r.batch_id
               where r.subject_id in :ids and b.undone_at is null order by b.created_at""",
            {"ids": [row["id"] for row in rows]},
        )
    }
    return {row["external_id"]: {**MODULE[job.kind].decode(row), "digest": digests.get(row["id"])} for row in rows}


def _numbered(store: Store, job: Job, planned: Sequence[Planned]) -> dict[str, dict[str, Any]]:
    """Return by its number the organisation that a new row goes to (`organisations.find_or_create`)."""
    rows = store.query(
        """select orgnr, id, name from organisation where orgnr in :numbers and kind = :kind and merged_into is null
           order by created_at desc""",
        {"numbers": list({row.orgnr for row in planned if row.orgnr}), "kind": ORGANISATION_KIND[job.kind]},
    )
    return {row["orgnr"]: row for row in rows}


def _told_whose(row: Planned, numbered: dict[str, dict[str, Any]], unconfirmed: set[str]) -> None:
    """Say of a new row that its number is another name's here: a company may have typed another's for its own.

    Where only the company's own word stands behind the number, the row is refused until an administrator confirms it.
    """
    here = numbered.get(row.orgnr or "")
    if row.current or not here or organisations.name_key(here["name"]) == organisations.name_key(row.organisation):
        return
    if here["id"] in unconfirmed:
        row.faults["orgnr"] = ("number_unconfirmed", {"organisation": here["name"]})
    else:
        row.remarks["orgnr"] = ("number_of_another", {"organisation": here["name"]})


def _compare(job: Job, row: Planned) -> None:
    """Say whether the row is new or changed. What the file says as it did before leaves the hub's own edits alone."""
    current = row.current
    if current is None:
        return
    same_number = bool(row.orgnr) and row.orgnr == current["orgnr"]
    if not same_number and organisations.name_key(row.organisation) != organisations.name_key(current["organisation"]):
        row.remarks["organisation"] = ("other_organisation", {"organisation": current["organisation"]})
    if row.digest == current["digest"]:
        row.change = "unchanged"
        return
    try:
        changes = _changes(job, current, row.data)
    except Invalid as error:
        row.faults |= error.errors
        return
    if not changes:
        row.change = "unchanged"
    elif current.get("closed_at") or current.get("merged_into"):
        row.change = "unchanged"
        row.remarks[""] = ("closed" if current.get("closed_at") else "merged", {})
    else:
        row.change = "updated"


def _changes(job: Job, current: dict[str, Any], data: dict[str, Any]) -> bool:
    """Whether a noun's row would change; raise Invalid where old and new fields do not go together."""
    merged = {name: data.get(name, current[name]) for name in headings.CONTENT[job.kind].model_fields}
    longest = max(job.limit, *(len(text) for text in merged.values() if isinstance(text, str)))
    columns = MODULE[job.kind].encode(_CHECKED[job.kind](merged, longest))
    held = {
        name: json.dumps(current[name], ensure_ascii=False) if isinstance(current[name], list) else current[name]
        for name in columns
    }
    return columns != held


def apply(store: Store, viewer: Viewer, job: Job, row: Planned, now: str) -> str:
    """Carry out one planned row inside a transaction and return the noun's id; raise what the noun's rules raise."""
    module, limit = MODULE[job.kind], job.limit
    if row.current is not None:
        module.save(store, viewer, row.current["id"], row.data, row.current["revision"], now, limit=limit)
        return row.current["id"]
    by, kind = viewer.person_id, ORGANISATION_KIND[job.kind]
    organisation = organisations.find_or_create(store, by, row.organisation, row.orgnr, kind, now)
    made = module.create(
        store, viewer, organisation["id"], row.data, now, source=job.source, external_id=row.external_id,
        limit=limit, person_id=None,
    )  # fmt: skip
    if job.publish and job.kind == "needs":
        need_review.publish(store, viewer, made, now, tell=False)
    elif job.publish:
        module.publish(store, None, made, now)
    return made


def refused_by(error: HubError) -> Faults:
    """Return what a noun's own rules had against a row, as its faults."""
    return error.errors if isinstance(error, Invalid) else {"": (error.code, error.params)}


def before(job: Job, row: Planned) -> str | None:
    """Return the content that an update replaces, as JSON, so that the import can be undone."""
    if row.current is None:
        return None
    content = {name: row.current[name] for name in headings.CONTENT[job.kind].model_fields}
    return json.dumps(content, ensure_ascii=False)
