"""`matcher import`: the same batch as in the browser, carried out here and now."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

from ..hub import clock
from ..hub.people import SYSTEM
from ..progress import stages
from ..store import Store
from . import headings, imports, plan, tables
from .errors import ImportRefused


def run_import(
    store: Store, kind: str, file: Path, mapping: tuple[str, ...], *, dry_run: bool, publish: bool, source: str,
    refused: Path | None, quiet: bool,
) -> int:  # fmt: skip
    """Import a file, print a line for each row not taken and the counts last; return the exit status."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ImportRefused("file_broken", detail=error.strerror or str(error)) from None
    read = tables.read(data, file.name)
    mapped = headings.mapping(kind, read.headings, mapping)
    if not quiet:
        for field, several in mapped.items():
            print(f"{field} ← {' + '.join(several)}", file=sys.stderr)
    options = {"source": source or imports.source_of(file.name), "publish": "yes" if publish else ""}
    with stages(quiet) as tell:
        if dry_run:
            report = _try(store, kind, read, mapped, options["source"], tell)
        else:
            report = _import(store, kind, file.name, data, mapping, options, read, tell)
    if not quiet:
        for row in [*report.remarks, *report.refused]:
            print(f"line {row['line']}: {row['title'][:60]!r} {'not taken' if 'row' in row else 'taken without'}: "
                  f"{faults(row['faults'])}")  # fmt: skip
    if refused is not None:
        write_refused(refused, report)
    print(("would be: " if dry_run else "") + ", ".join(f"{report.counts[name]} {name}" for name in imports.CHANGES))
    return 0


def _try(
    store: Store, kind: str, read: tables.Table, mapped: dict[str, list[str]], source: str, tell: Any
) -> imports.Report:
    report, seen, done = imports.Report(), {}, 0
    for rows in plan.chunks(read):
        for row, (_, given) in zip(plan.plan(store, kind, rows, mapped, source, seen), rows, strict=True):
            report.take(row, given)
        done += len(rows)
        tell("Trying", done, len(read.rows))
    return report


def _import(
    store: Store, kind: str, name: str, data: bytes, mapping: tuple[str, ...], options: dict[str, Any],
    read: tables.Table, tell: Any,
) -> imports.Report:  # fmt: skip
    batch_id = imports.create(store, SYSTEM, kind, name, data, list(mapping), options, clock.now())
    batch = imports.load(store, SYSTEM, batch_id)
    report = imports.carry_out(store, SYSTEM, batch, read, lambda done, total: tell("Importing", done, total))
    imports.finish_here(store, batch, report)
    return report


def faults(found: dict[str, Any]) -> str:
    """Return the faults of a row as `field: code (what was there)`."""
    parts = []
    for name, (code, params) in found.items():
        given = ", ".join(f"{key} {value}" for key, value in params.items())
        parts.append(f"{name}: {code}" + (f" ({given})" if given else ""))
    return "; ".join(parts)


def write_refused(path: Path, report: imports.Report) -> None:
    """Write the rows not taken with line and reason, as a CSV that Excel opens."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        refused_csv(file, report.refused)


def refused_csv(file: Any, rows: list[dict[str, Any]]) -> None:
    """Write the rows not taken: line, reason, and the row as it came. Cells that a spreadsheet would run are quoted."""
    names = list(dict.fromkeys(name for row in rows for name in row["row"]))
    writer = csv.writer(file, delimiter=";")
    writer.writerow(["line", "reason", *map(safe_cell, names)])
    for row in rows:
        writer.writerow([row["line"], faults(row["faults"]), *(safe_cell(row["row"].get(name, "")) for name in names)])


def safe_cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (OWASP, CSV Injection)."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
