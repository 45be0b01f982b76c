"""Batches: an uploaded file, what is wanted of it, and how far that has come. It all stands in the store."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any

from ..hub import fields, record
from ..hub.errors import NotFound
from ..hub.ids import new_id
from ..hub.people import Viewer
from ..store import Store
from . import headings, plan
from .errors import ImportRefused
from .tables import Table

SAMPLES, SAMPLE_LENGTH = 3, 60
CHANGES = ("created", "updated", "unchanged", "refused")
_COLUMNS = """b.id, b.kind, b.person_id, b.filename, b.mapping, b.options, b.created_at, b.wanted, b.wanted_at,
    b.claimed_at, b.done, b.total, b.previewed_at, b.finished_at, b.undone_at, b.report, b.error, p.name as person"""


def source_of(name: str) -> str:
    """Return the source that a file's name stands for: with a row's id it makes the row known again.

    `Behov (1).csv` is the same source as `behov.csv`: browsers number what is fetched twice.
    """
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", name.replace("\\", "/").rpartition("/")[2])
    return re.sub(r"\s*\(\d+\)$", "", stem).strip().casefold()[:80] or "import"


def create(
    store: Store, viewer: Viewer, kind: str, name: str, data: bytes, table: Table, now: str, *,
    given: list[str] | None = None, source: str = "", publish: bool = False, wanted: str | None = None,
) -> str:  # fmt: skip
    """Keep a file that could be read as a batch and return its id. `given` is FIELD=HEADING texts."""
    batch_id = new_id()
    options = {
        "source": source or source_of(name),
        "publish": "yes" if publish else "",
        "rows": table.total,
        "about": table.about,
        "columns": columns(table),
    }
    row = {
        "id": batch_id,
        "kind": kind,
        "person_id": viewer.person_id,
        "filename": name[-200:],
        "content": data,
        "mapping": json.dumps(given or [], ensure_ascii=False),
        "options": json.dumps(options, ensure_ascii=False),
        "created_at": now,
        "total": table.total,
        "wanted": wanted,
        "wanted_at": now if wanted else None,
        "claimed_at": now if wanted else None,
    }
    with viewer.deciding(store):
        store.insert("import_batch", row)
        record.write(store, viewer.person_id, "import.upload", "import", batch_id, now, rows=table.total)
    return batch_id


def columns(table: Table) -> list[dict[str, Any]]:
    """Return each heading with the start of its first few values, for choosing what it holds."""
    found = []
    for number, heading in enumerate(table.headings):
        held = (row.cells[number] for row in table.rows if number < len(row.cells) and row.cells[number].strip())
        found.append({"heading": heading, "samples": [text[:SAMPLE_LENGTH] for text in islice(held, SAMPLES)]})
    return found


def load(store: Store, viewer: Viewer | None, batch_id: str) -> dict[str, Any]:
    """Return one batch without its file, its JSON parsed; raise NotFound: imports are the brokers' alone."""
    if viewer is None or not viewer.has("broker"):
        raise NotFound("import")
    rows = store.query(
        f"select {_COLUMNS} from import_batch b left join person p on p.id = b.person_id where b.id = :id",
        {"id": batch_id},
    )
    if not rows:
        raise NotFound("import")
    return _parsed(rows[0])


def recent(store: Store, page: int = 1, size: int = 50) -> tuple[list[dict[str, Any]], int]:
    """Return a page of the batches, the newest first, and how many there are."""
    rows = store.query(
        f"""select {_COLUMNS} from import_batch b left join person p on p.id = b.person_id
            order by b.created_at desc, b.id limit :size offset :skipped""",
        {"size": size, "skipped": size * (page - 1)},
    )
    return [_parsed(row) for row in rows], store.query("select count(*) as n from import_batch")[0]["n"]


def _parsed(row: dict[str, Any]) -> dict[str, Any]:
    report = json.loads(row["report"]) if row["report"] else new_report()
    parsed = {name: json.loads(row[name]) for name in ("mapping", "options")}
    code, params = json.loads(row["error"]) if row["error"] else ("", {})
    error = ImportRefused(code, **params) if code else None
    return {**row, **parsed, "report": report, "error": error, "state": state(row)}


def state(row: dict[str, Any]) -> str:
    """Return where a batch stands: new, tried, finished, undone, or let_go when its file was deleted for good.

    While something is being done it is that: preview, import, undo.
    """
    if row["wanted"]:
        return row["wanted"]
    if row["undone_at"]:
        return "undone"
    if row["finished_at"]:
        return "finished"
    if row["error"] and json.loads(row["error"])[0] == "file_let_go":
        return "let_go"
    return "tried" if row["previewed_at"] else "new"


def new_report() -> dict[str, Any]:
    """Return the report of a batch that has not begun: counts by change, and the first rows taken."""
    return {**dict.fromkeys(CHANGES, 0), "undone": 0, "kept": 0, "sample": []}


def content(store: Store, batch_id: str) -> bytes:
    """Return the file of a batch; empty once the import is finished, when it is not needed any more."""
    rows = store.query("select content from import_batch where id = :id", {"id": batch_id})
    return bytes(rows[0]["content"]) if rows else b""


def job(batch: dict[str, Any], table: Table) -> plan.Job:
    """Return what holds for all rows of a batch; raise ImportRefused for a mapping that does not fit."""
    mapped = headings.mapping(batch["kind"], table.headings, batch["mapping"])
    options = batch["options"]
    return plan.Job(batch["kind"], table.headings, mapped, options["source"], bool(options["publish"]))


def want(
    store: Store, viewer: Viewer, batch_id: str, what: str, now: str, *,
    given: list[str] | None = None, source: str = "", publish: bool = False,
) -> None:  # fmt: skip
    """Ask the background for a preview, the import or its undoing; raise ImportRefused when it cannot be done now.

    A preview may come with a new mapping (`given`, FIELD=HEADING texts), source and whether to publish. What is
    imported is what was tried.
    """
    with viewer.deciding(store):
        store.execute("update import_batch set done = done where id = :id", {"id": batch_id})
        batch = load(store, viewer, batch_id)
        allowed = {"preview": ("new", "tried"), "import": ("tried",), "undo": ("finished",)}
        if batch["state"] not in allowed[what]:
            raise ImportRefused("import_busy" if batch["wanted"] else "import_state")
        row: dict[str, Any] = {"wanted": what, "wanted_at": now, "claimed_at": None, "done": 0, "error": None}
        if what != "undo":
            row["report"] = None
            store.execute("delete from import_note where batch_id = :id", {"id": batch_id})
        else:
            rows = store.query("select count(*) as n from import_row where batch_id = :id", {"id": batch_id})
            row["total"] = rows[0]["n"]
        if what == "preview":
            row |= {"previewed_at": None, **_chosen(batch, given, source, publish)}
        assign(store, batch_id, row)
        record.write(store, viewer.person_id, f"import.{what}", "import", batch_id, now)


def _chosen(batch: dict[str, Any], given: list[str] | None, source: str, publish: bool) -> dict[str, str]:
    """Return the columns of a new mapping; raise ImportRefused when it does not fit the file."""
    if given is None:
        return {}
    headings.mapping(batch["kind"], [column["heading"] for column in batch["options"]["columns"]], given)
    source = fields.clean(source)[:80] or batch["options"]["source"]
    options = {**batch["options"], "source": source, "publish": "yes" if publish else ""}
    return {
        "mapping": json.dumps(given, ensure_ascii=False),
        "options": json.dumps(options, ensure_ascii=False),
    }


def assign(store: Store, batch_id: str, row: dict[str, Any], condition: str = "1 = 1", **more: Any) -> int:
    """Write columns of a batch; return how many rows that was: 0 where the condition does not hold."""
    assignments = ", ".join(f"{name} = :{name}" for name in row)
    return store.execute(
        f"update import_batch set {assignments} where id = :batch and {condition}", {**row, "batch": batch_id, **more}
    )
