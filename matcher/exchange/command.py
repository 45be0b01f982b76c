"""`matcher import`: the same batch as in the browser, carried out here and now."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..hub import clock
from ..hub.people import SYSTEM
from ..progress import stages
from ..store import Store
from . import batches, headings, imports, notes, plan, tables, working
from .errors import MESSAGES, ROW_MESSAGES, ImportRefused

# What `hub.fields` and the nouns' rules say of a field, in the words of the command line. Others show their code.
_CODES = {
    "required": "it is empty",
    "too_long": "it has %(length)s characters, at most %(limit)s fit",
    "unknown_choice": "%(value)r is not one of the %(list)s",
    "number_range": "%(value)r is not a whole number from %(low)s to %(high)s",
    "not_a_date": "%(value)r is not a date like 2027-03-31",
    "date_range": "%(value)s cannot be right: it must be after %(earliest)s and within thirty years",
    "not_a_website": "%(value)r is not a web address",
    "not_an_email": "%(value)r is not an e-mail address",
    "not_an_orgnr": "%(value)r is no Swedish organisation number (ten digits, the last one a check digit)",
    "other_county": "the municipality lies in another county",
    "local_where": "a need for local startups only must say its county",
}


def run_import(
    store: Store, kind: str, file: Path, mapping: Sequence[str], *, dry_run: bool, publish: bool, source: str,
    refused: Path | None, quiet: bool,
) -> int:  # fmt: skip
    """Import a file, print a line for each row not taken and the counts last; return the exit status."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ImportRefused("file_missing", name=str(file), detail=error.strerror or str(error)) from None
    table = tables.read(data, file.name)
    source = source or batches.source_of(file.name)
    job = plan.Job(kind, table.headings, headings.mapping(kind, table.headings, mapping), source, publish)
    if not quiet:
        _say_mapping(job, table)
    with stages(quiet) as tell:
        if dry_run:
            report, found = imports.try_out(store, SYSTEM, job, table, lambda done, total: tell("Trying", done, total))
        else:
            batch_id = batches.create(
                store, SYSTEM, kind, file.name, data, table, clock.now(),
                given=list(mapping), source=source, publish=publish, wanted="import",
            )  # fmt: skip
            batch = batches.load(store, SYSTEM, batch_id)
            report = _carry_out(store, batch, table, lambda done, total: tell("Importing", done, total))
            found = list(notes.every(store, batch_id, "refused", "taken"))
    _say_rows(found, quiet)
    if refused is not None:
        _write_refused(refused, table.headings, found)
    print(("would be: " if dry_run else "") + ", ".join(f"{report[name]} {name}" for name in batches.CHANGES))
    return 0


def _carry_out(store: Store, batch: dict[str, Any], table: tables.Table, tell: imports.Tell) -> dict[str, Any]:
    """Import; on Ctrl-C keep the portions that are done. After a crash the background goes on with the rest."""
    try:
        return imports.carry_out(store, SYSTEM, batch, table, tell)
    except KeyboardInterrupt:
        working.stop(store, batch)
        print(f"stopped after {batch['done']} rows, which are kept; the same command goes on", file=sys.stderr)
        raise
    except working.TakenOver:
        raise ImportRefused("import_taken") from None


def _say_mapping(job: plan.Job, table: tables.Table) -> None:
    about = ", ".join(f"{name} {value}" for name, value in table.about.items())
    print(f"{table.total} rows ({about}), source {job.source!r}", file=sys.stderr)
    for field, several in job.mapped.items():
        print(f"  {field} ← {' + '.join(several)}", file=sys.stderr)
    unused = headings.unused(job.mapped, table.headings)
    if unused:
        print(f"  not used: {', '.join(unused)}", file=sys.stderr)


def _say_rows(found: Sequence[dict[str, Any]], quiet: bool) -> None:
    if quiet:
        return
    for note in found:
        what = "not taken" if note["outcome"] == "refused" else "taken, but"
        print(f"line {note['line']}: {note['title'][:60]}: {what}: {reason(note['faults'])}")


def reason(faults: plan.Faults) -> str:
    """Return the faults of a row in words, with the field and what stood in it."""
    parts = []
    for field, (code, params) in faults.items():
        text = _CODES.get(code) or ROW_MESSAGES.get(code) or MESSAGES.get(code)
        words = text % params if text else f"{code} {params or ''}".strip()
        parts.append(f"{field}: {words}" if field else words)
    return "; ".join(parts)


def _write_refused(path: Path, names: Sequence[str], found: Sequence[dict[str, Any]]) -> None:
    rows = iter([note for note in found if note["outcome"] == "refused"])
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            notes.write_refused(file, names, rows, reason, ("line", "reason"))
    except OSError as error:
        raise ImportRefused("file_missing", name=str(path), detail=error.strerror or str(error)) from None
