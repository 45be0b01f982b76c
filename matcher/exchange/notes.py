"""What is said of single rows of an import: not taken and why, taken without something, kept when it was undone."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

from ..hub.lettering import INVISIBLE
from ..store import Store
from .plan import Faults, Planned

PAGE = 500
FORMULA = tuple("=+-@＝＋－＠")
Reason = Callable[[Faults], str]


def of(planned: Sequence[Planned]) -> list[dict[str, Any]]:
    """Return the notes on planned rows; a row not taken is kept whole, so that it can be handed back."""
    return [
        {
            "line": row.line,
            "outcome": "refused" if row.faults else "taken",
            "title": row.title,
            "faults": row.faults or row.remarks,
            "cells": list(row.cells) if row.faults else None,
        }
        for row in planned
        if row.faults or row.remarks
    ]


def keep(store: Store, batch_id: str, notes: Sequence[dict[str, Any]]) -> None:
    """Keep notes with their batch, in the transaction of the rows that they are about."""
    for note in notes:
        texts = {name: json.dumps(note[name], ensure_ascii=False) for name in ("faults", "cells") if note.get(name)}
        row = {"batch_id": batch_id, "cells": None, **note, **texts}
        store.upsert("import_note", row, ["batch_id", "line"])


def every(store: Store, batch_id: str, *outcomes: str) -> Iterator[dict[str, Any]]:
    """Yield the notes of a batch in the order of the file, read in pages."""
    last = 0
    while rows := page(store, batch_id, outcomes, last, PAGE):
        yield from rows
        last = rows[-1]["line"]


def page(store: Store, batch_id: str, outcomes: Sequence[str], after: int, most: int) -> list[dict[str, Any]]:
    """Return the next notes after a line."""
    rows = store.query(
        """select line, outcome, title, faults, cells from import_note
           where batch_id = :id and outcome in :outcomes and line > :after order by line limit :most""",
        {"id": batch_id, "outcomes": list(outcomes), "after": after, "most": most},
    )
    return [{**row, **{name: json.loads(row[name] or "null") for name in ("faults", "cells")}} for row in rows]


def write_refused(
    file: TextIO, headings: Sequence[str], notes: Iterator[dict[str, Any]], reason: Reason, words: Sequence[str]
) -> None:
    """Write the rows not taken as a CSV that Excel opens: line, reason, and the row as it came.

    `words` are the headings of the first two columns. Corrected, the file can be imported again as it is.
    """
    writer = csv.writer(file, delimiter=";")
    writer.writerow([*words, *map(safe_cell, headings)])
    for note in notes:
        cells = [*note["cells"], *[""] * (len(headings) - len(note["cells"]))]
        writer.writerow([note["line"], safe_cell(reason(note["faults"])), *map(safe_cell, cells)])


def safe_cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (OWASP, CSV Injection).

    Some take away what is blank or not seen at its start before they look, and read full-width signs as plain ones.
    """
    begins = text[:1] in ("\t", "\r", "\n") or INVISIBLE.sub("", text).lstrip().startswith(FORMULA)
    return "'" + text if begins else text
