"""Imports carried out: tried and then done in portions, by whoever takes the batch up, and undone again.

A trial really does each portion and rolls it back, so that it says what the import will do and not what somebody
thought it would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..hub import clock, duplicates, people
from ..hub.errors import HubError, Stale
from ..hub.people import SYSTEM, Viewer
from ..store import ConstraintViolation, Store, UniqueViolation, ValueRefused
from . import batches, notes, plan, tables, undoing, working
from .batches import load
from .errors import ImportRefused

__all__ = ["ImportRefused", "carry_out", "load", "run_due", "try_out"]

SAMPLE = 8
Tell = Callable[[int, int], None]


class _RolledBack(Exception):
    """Ends a trial: what was done in its block is undone."""


def run_due(store: Store) -> int:
    """Take one batch that waits, or that a dead process left, and do what is wanted of it; return how many (0, 1)."""
    batch_id = working.claim(store, clock.now())
    if batch_id is None:
        return 0
    batch = batches.load(store, SYSTEM, batch_id)
    try:
        if batch["wanted"] == "undo":
            undoing.undo(store, batch)
        else:
            table = tables.read(batches.content(store, batch_id), batch["filename"])
            carry_out(store, _behind(store, batch), batch, table)
    except ImportRefused as error:
        working.finish(store, batch, clock.now(), error)
    except working.TakenOver:
        return 1
    return 1


def _behind(store: Store, batch: dict[str, Any]) -> Viewer:
    """Return who imports: the person who sent the file, if still a broker."""
    found = people.viewer(store, batch["person_id"]) if batch["person_id"] else None
    return found if found and found.has("broker") else SYSTEM


def _still(store: Store, viewer: Viewer) -> Viewer:
    """Return who imports, held until the block ends; the hub itself once they no longer may: what was begun is done."""
    return viewer if viewer.still_acts(store) else SYSTEM


def carry_out(
    store: Store, viewer: Viewer, batch: dict[str, Any], table: tables.Table, tell: Tell = lambda done, total: None
) -> dict[str, Any]:
    """Try or import the rows of a batch from where it stands, and finish it; return its report.

    Raise ImportRefused for a mapping that does not fit, TakenOver when another process went on with it.
    """
    job = batches.job(batch, table)
    report = batch["report"]
    seen: dict[str, int] = {}
    for rows, done in working.paced(_portions(table)):
        if done <= batch["done"]:
            plan.refuse_doubles(plan.read(job, rows), seen)
            continue
        seen, report = working.again(_kept, store, viewer, job, batch, rows, done, seen, report)
        batch["done"] = done
        tell(done, len(table.rows))
    if batch["wanted"] == "import" and job.kind == "startups":
        duplicates.find(store, clock.now())
    working.finish(store, batch, clock.now())
    return report


def try_out(
    store: Store, viewer: Viewer, job: plan.Job, table: tables.Table, tell: Tell = lambda done, total: None
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Try the rows of a file without keeping anything; return the report and the notes on rows."""
    report, seen, found = batches.new_report(), {}, []
    for rows, done in working.paced(_portions(table)):
        planned, seen = working.again(_tried, store, viewer, job, rows, seen)
        found += notes.of(planned)
        report = _counted(report, planned)
        tell(done, len(table.rows))
    return report, found


def _portions(table: tables.Table) -> Iterator[tuple[Sequence[tables.Row], int]]:
    for start in range(0, len(table.rows), working.PORTION):
        rows = table.rows[start : start + working.PORTION]
        yield rows, start + len(rows)


def _kept(
    store: Store, viewer: Viewer, job: plan.Job, batch: dict[str, Any], rows: Sequence[tables.Row], done: int,
    seen: dict[str, int], report: dict[str, Any],
) -> tuple[dict[str, int], dict[str, Any]]:  # fmt: skip
    """Do one portion of a batch in one transaction: its rows, its notes, and how far the batch has come."""
    planned = plan.read(job, rows)  # half of the work, before anybody has to wait for it
    with store.atomic():
        viewer = _still(store, viewer)
        working.advance(store, batch, done)
        if batch["wanted"] == "preview":
            seen = _rolled_back(store, viewer, job, planned, seen)
        else:
            seen = _done(store, viewer, job, planned, seen, batch["id"])
        notes.keep(store, batch["id"], notes.of(planned))
        report = _counted(report, planned)
        working.keep_report(store, batch, report)
    return seen, report


def _tried(
    store: Store, viewer: Viewer, job: plan.Job, rows: Sequence[tables.Row], seen: dict[str, int]
) -> tuple[list[plan.Planned], dict[str, int]]:
    planned = plan.read(job, rows)
    return planned, _rolled_back(store, viewer, job, planned, seen)


def _rolled_back(
    store: Store, viewer: Viewer, job: plan.Job, planned: list[plan.Planned], seen: dict[str, int]
) -> dict[str, int]:
    """Do a portion and undo it; the rows say how they went. Return the ids seen so far."""
    try:
        with store.atomic():
            viewer = _still(store, viewer)
            seen = _done(store, viewer, job, planned, seen, None)
            raise _RolledBack
    except _RolledBack:
        return seen


def _done(
    store: Store, viewer: Viewer, job: plan.Job, planned: list[plan.Planned], seen: dict[str, int], batch_id: str | None
) -> dict[str, int]:
    """Plan a portion and apply it, so that its rows say how they went. Return the ids seen so far."""
    seen = dict(seen)  # the caller's stays as it was, should this be done again
    plan.plan(store, job, planned, seen)
    kept = {row.line: subject for row in planned if (subject := _one(store, viewer, job, row))}
    if batch_id:
        _remember(store, job, batch_id, planned, kept)
    return seen


def _one(store: Store, viewer: Viewer, job: plan.Job, row: plan.Planned) -> str | None:
    """Apply one row and return the noun's id; None for a row that changes nothing or that the noun's rules refuse."""
    if row.change not in ("created", "updated"):
        return None
    try:
        with store.atomic():
            return plan.apply(store, viewer, job, row, clock.now())
    except (Stale, UniqueViolation):
        raise  # somebody was faster: the whole portion is planned anew
    except HubError as error:
        row.faults |= plan.refused_by(error)
    except (ConstraintViolation, ValueRefused) as error:
        row.faults[""] = ("refused", {"detail": str(error).splitlines()[0][:120]})
    row.change = "refused"
    return None


def _remember(
    store: Store, job: plan.Job, batch_id: str, planned: Sequence[plan.Planned], kept: dict[int, str]
) -> None:
    """Note what was done to which row of the hub, and at which revision it stands, so that it can be undone."""
    revisions = {
        row["id"]: row["revision"]
        for row in store.query(
            f"select id, revision from {plan.NOUN[job.kind]} where id in :ids", {"ids": list(kept.values())}
        )
    }
    for row in planned:
        if row.line in kept:
            store.insert(
                "import_row",
                {
                    "batch_id": batch_id,
                    "line": row.line,
                    "subject_id": kept[row.line],
                    "change": row.change,
                    "before": plan.before(job, row),
                    "revision": revisions[kept[row.line]],
                    "digest": row.digest,
                },
            )


def _counted(report: dict[str, Any], planned: Sequence[plan.Planned]) -> dict[str, Any]:
    """Return the report with a portion's rows counted, and the first few of those taken as a sample."""
    report = {**report, "sample": list(report["sample"])}
    for row in planned:
        report[row.change] += 1
        if row.change != "refused" and len(report["sample"]) < SAMPLE:
            report["sample"].append({"line": row.line, "title": row.title, "change": row.change})
    return report
