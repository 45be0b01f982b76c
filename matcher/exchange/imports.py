"""Imports: a file becomes a batch, is tried, is carried out in portions by the background, and can be undone.

A batch lives in the store, its file included, so any background process can take it up where another one left it:
the count of rows done stands in the transaction that did them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..hub import clock, duplicates, record, removals
from ..hub.errors import Conflict, HubError, Invalid, NotFound
from ..hub.ids import new_id
from ..hub.people import SYSTEM, Viewer
from ..hub.people import viewer as viewer_of
from ..store import Store, StoreBusy
from . import headings, plan, tables
from .errors import ImportRefused

__all__ = ["ImportRefused", "Report", "carry_out", "create", "load", "run_due", "want"]

LEASE_SECONDS = 120
SAMPLE = 50
CHANGES = ("created", "updated", "unchanged", "refused")
Tell = Callable[[int, int], None]


@dataclass
class Report:
    """What happened, or would happen: counts by change, the rows not taken, remarks, and a sample of the taken."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CHANGES, 0))
    refused: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[dict[str, Any]] = field(default_factory=list)
    sample: list[dict[str, Any]] = field(default_factory=list)

    def take(self, row: plan.Planned, given: dict[str, str]) -> None:
        """Count one planned row. Rows not taken are kept whole, so that they can be handed back."""
        self.counts[row.change] += 1
        about = {"line": row.line, "title": row.title}
        if row.change == "refused":
            self.refused.append({**about, "faults": row.faults, "row": given})
        elif row.remarks:
            self.remarks.append({**about, "faults": row.remarks})
        if row.change != "refused" and len(self.sample) < SAMPLE:
            self.sample.append({**about, "change": row.change})


def create(
    store: Store, viewer: Viewer, kind: str, name: str, data: bytes, given: list[str], options: dict[str, Any], now: str
) -> str:
    """Keep an uploaded file as a batch and return its id; raise ImportRefused for a file that cannot be read."""
    table = tables.read(data, name)
    batch_id = new_id()
    with store.atomic():
        store.insert(
            "import_batch",
            {
                "id": batch_id,
                "kind": kind,
                "person_id": viewer.person_id or None,
                "filename": name[:200],
                "content": data,
                "mapping": json.dumps(given, ensure_ascii=False),
                "options": json.dumps({"source": source_of(name), "publish": "", **options}),
                "created_at": now,
                "total": len(table.rows),
            },
        )
        record.write(store, viewer.person_id or None, "import.upload", "import", batch_id, now, rows=len(table.rows))
    return batch_id


def source_of(name: str) -> str:
    """Return the source that a file's name stands for: with the row's id it makes a row known again."""
    return name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0].strip().casefold()[:80] or "import"


def load(store: Store, viewer: Viewer | None, batch_id: str) -> dict[str, Any]:
    """Return one batch without its file, its JSON parsed; raise NotFound. (Imports are the brokers' alone.)"""
    if viewer is None or not viewer.has("broker"):
        raise NotFound("import")
    rows = store.query(
        """select b.id, b.kind, b.person_id, b.filename, b.mapping, b.options, b.created_at, b.wanted, b.claimed_at,
                  b.done, b.total, b.previewed_at, b.finished_at, b.undone_at, b.report, b.error, p.name as person
           from import_batch b left join person p on p.id = b.person_id where b.id = :id""",
        {"id": batch_id},
    )
    if not rows:
        raise NotFound("import")
    return _parsed(rows[0])


def recent(store: Store, limit: int = 50) -> list[dict[str, Any]]:
    """Return the newest batches, without their files and reports."""
    return store.query(
        """select b.id, b.kind, b.filename, b.created_at, b.wanted, b.done, b.total, b.previewed_at, b.finished_at,
                  b.undone_at, b.error, p.name as person
           from import_batch b left join person p on p.id = b.person_id order by b.created_at desc limit :limit""",
        {"limit": limit},
    )


def _parsed(row: dict[str, Any]) -> dict[str, Any]:
    parsed = {name: json.loads(row[name]) for name in ("mapping", "options")}
    return {**row, **parsed, "report": json.loads(row["report"]) if row["report"] else None}


def table(store: Store, batch: dict[str, Any]) -> tables.Table:
    """Return the table of a batch's file."""
    rows = store.query("select content from import_batch where id = :id", {"id": batch["id"]})
    return tables.read(rows[0]["content"], batch["filename"])


def want(store: Store, viewer: Viewer, batch_id: str, what: str, now: str, **changes: Any) -> None:
    """Ask the background for a preview, the import or its undoing; raise Conflict when it cannot be done now.

    `changes` may hold a new `mapping` (FIELD=HEADING texts) and `options`, before a preview.
    """
    with store.atomic():
        store.execute("update import_batch set done = done where id = :id", {"id": batch_id})
        batch = load(store, viewer, batch_id)
        ready = {
            "preview": not batch["finished_at"],
            "import": bool(batch["previewed_at"]) and not batch["finished_at"],
            "undo": bool(batch["finished_at"]) and not batch["undone_at"],
        }
        if batch["wanted"] or not ready[what]:
            raise Conflict("import_busy" if batch["wanted"] else "import_state")
        row: dict[str, Any] = {"wanted": what, "done": 0, "error": None}
        if what == "preview":
            row |= {"previewed_at": None, "report": None}
            row |= {name: json.dumps(value, ensure_ascii=False) for name, value in changes.items()}
        assignments = ", ".join(f"{name} = :{name}" for name in row)
        store.execute(f"update import_batch set {assignments} where id = :batch", {**row, "batch": batch_id})
        record.write(store, viewer.person_id or None, f"import.{what}", "import", batch_id, now)


def run_due(store: Store) -> int:
    """Take one batch that waits, or that a dead process left, and do what is wanted of it; return how many (0, 1)."""
    now = clock.now()
    found = store.query(
        """update import_batch set claimed_at = :now where id = (
               select id from import_batch where wanted is not null and (claimed_at is null or claimed_at < :stale)
               order by created_at limit 1)
           and (claimed_at is null or claimed_at < :stale) returning id""",
        {"now": now, "stale": clock.later(now, minutes=-LEASE_SECONDS / 60)},
    )
    if not found:
        return 0
    batch = load(store, SYSTEM, found[0]["id"])
    try:
        work = {"preview": _preview, "import": _import, "undo": _undo}[batch["wanted"]]
        work(store, batch)
    except ImportRefused as error:
        _finish(store, batch, error=json.dumps([error.code, error.params], ensure_ascii=False))
    return 1


def _preview(store: Store, batch: dict[str, Any]) -> None:
    read = table(store, batch)
    report, done = Report(), 0
    seen: dict[str, int] = {}
    mapped = headings.mapping(batch["kind"], read.headings, batch["mapping"])
    for rows in plan.chunks(read):
        for row, (_, given) in zip(_planned(store, batch, rows, mapped, seen), rows, strict=True):
            report.take(row, given)
        done += len(rows)
        store.execute(
            "update import_batch set done = :done, claimed_at = :now where id = :id",
            {"done": done, "now": clock.now(), "id": batch["id"]},
        )
    _finish(store, batch, report=json.dumps(vars(report), ensure_ascii=False), previewed_at=clock.now())


def _planned(
    store: Store, batch: dict[str, Any], rows: Any, mapped: dict[str, list[str]], seen: dict[str, int]
) -> list[plan.Planned]:
    return plan.plan(store, batch["kind"], rows, mapped, batch["options"]["source"], seen)


def _import(store: Store, batch: dict[str, Any]) -> None:
    viewer = (viewer_of(store, batch["person_id"]) if batch["person_id"] else None) or SYSTEM
    if not viewer.has("broker"):
        viewer = SYSTEM
    report = carry_out(store, viewer, batch, table(store, batch))
    _finish(store, batch, report=json.dumps(vars(report), ensure_ascii=False), finished_at=clock.now())


def carry_out(
    store: Store, viewer: Viewer, batch: dict[str, Any], read: tables.Table, tell: Tell = lambda done, total: None
) -> Report:
    """Import the rows of a batch from where it stands, in portions of one transaction each; return the report.

    A portion that another process finished meanwhile is not done again: its count is locked first.
    """
    mapped = headings.mapping(batch["kind"], read.headings, batch["mapping"])
    report, seen, position = Report(), {}, 0
    for rows in plan.chunks(read):
        position += len(rows)
        if position <= batch["done"]:
            _recount(store, batch, rows, mapped, seen, report)
            continue
        with store.atomic():
            if not store.execute(
                "update import_batch set done = :done, claimed_at = :now where id = :id and done = :before",
                {"done": position, "now": clock.now(), "id": batch["id"], "before": position - len(rows)},
            ):
                raise StoreBusy("another process has taken this import up")
            planned = _planned(store, batch, rows, mapped, seen)
            for row in planned:
                _keep(store, viewer, batch, row)
        for row, (_, given) in zip(planned, rows, strict=True):
            report.take(row, given)
        tell(position, len(read.rows))
    if batch["kind"] == "startups":
        duplicates.find(store, clock.now())
    return report


def _recount(
    store: Store, batch: dict[str, Any], rows: Any, mapped: dict[str, list[str]], seen: dict[str, int], report: Report
) -> None:
    """Count the rows that were done before a restart as they were done then."""
    changed = {
        row["line"]: row["change"]
        for row in store.query(
            "select line, change from import_row where batch_id = :id and line in :lines",
            {"id": batch["id"], "lines": [line for line, _ in rows]},
        )
    }
    for row, (line, given) in zip(_planned(store, batch, rows, mapped, seen), rows, strict=True):
        row.change = changed.get(line, row.change)
        report.take(row, given)


def _keep(store: Store, viewer: Viewer, batch: dict[str, Any], row: plan.Planned) -> None:
    if row.change not in ("created", "updated"):
        return
    options, noun = batch["options"], plan.NOUN[batch["kind"]]
    try:
        with store.atomic():
            subject_id = plan.apply(
                store, viewer, row, batch["kind"], options["source"], bool(options["publish"]), clock.now()
            )
    except Invalid as error:
        row.change, row.faults = "refused", error.errors
        return
    except HubError as error:
        row.change, row.faults = "refused", {"": (error.code, {})}
        return
    revision = store.query(f"select revision from {noun} where id = :id", {"id": subject_id})[0]["revision"]
    store.insert(
        "import_row",
        {
            "batch_id": batch["id"],
            "line": row.line,
            "subject_id": subject_id,
            "change": row.change,
            "before": plan.before(row, batch["kind"]),
            "revision": revision,
        },
    )


def _undo(store: Store, batch: dict[str, Any]) -> None:
    """Take back what the batch did to rows that nobody has touched since; say how many had to stay."""
    rows = store.query("select * from import_row where batch_id = :id order by line desc", {"id": batch["id"]})
    undone = kept = 0
    for start in range(0, len(rows), plan.CHUNK):
        with store.atomic():
            for row in rows[start : start + plan.CHUNK]:
                if _take_back(store, batch["kind"], row):
                    undone += 1
                else:
                    kept += 1
            store.execute(
                "update import_batch set done = :done, claimed_at = :now where id = :id",
                {"done": min(start + plan.CHUNK, len(rows)), "now": clock.now(), "id": batch["id"]},
            )
    report = {**(batch["report"] or vars(Report())), "undone": undone, "kept": kept}
    _finish(store, batch, report=json.dumps(report, ensure_ascii=False), undone_at=clock.now())


def _take_back(store: Store, kind: str, row: dict[str, Any]) -> bool:
    noun = plan.NOUN[kind]
    found = store.query(f"update {noun} set seq = seq where id = :id returning revision", {"id": row["subject_id"]})
    if not found or found[0]["revision"] != row["revision"]:
        return not found
    if row["change"] == "created":
        if removals.in_use(store, noun, row["subject_id"]):
            return False
        removals.remove(store, noun, row["subject_id"])
        return True
    module = {"needs": plan.needs, "startups": plan.startups, "testbeds": plan.testbeds}[kind]
    try:
        with store.atomic():
            content = json.loads(row["before"])
            module.save(
                store, SYSTEM, row["subject_id"], content, row["revision"], clock.now(), limit=plan.fields.IMPORT_LIMIT
            )
    except HubError:
        return False
    return True


def finish_here(store: Store, batch: dict[str, Any], report: Report) -> None:
    """Note a batch that the command line carried out itself as finished."""
    done = {**batch, "wanted": "import"}
    _finish(store, done, report=json.dumps(vars(report), ensure_ascii=False), finished_at=clock.now())


def _finish(store: Store, batch: dict[str, Any], **columns: Any) -> None:
    row = {"wanted": None, "claimed_at": None, **columns}
    assignments = ", ".join(f"{name} = :{name}" for name in row)
    with store.atomic():
        store.execute(f"update import_batch set {assignments} where id = :batch", {**row, "batch": batch["id"]})
        record.write(
            store, batch["person_id"], f"import.{batch['wanted']}.done", "import", batch["id"], clock.now(),
            error=bool(columns.get("error")),
        )  # fmt: skip
