"""What is said of single rows of an import: not taken and why, taken without something, kept when it was undone."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

from ..store import Store
from .guarding import put_on
from .plan import Faults, Planned

PAGE = 500
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
    own = len(words) if list(headings[: len(words)]) == list(words) else 0  # what an earlier such file said
    headings = headings[own:]
    first = [*map(put_on, (_apart(word, headings) for word in words)), *map(put_on, headings)]
    # The reader finds the delimiter by counting in this line, outside quotation marks.
    quoting = csv.QUOTE_ALL if any("," in heading or "\t" in heading for heading in first) else csv.QUOTE_MINIMAL
    csv.writer(file, delimiter=";", quoting=quoting).writerow(first)
    writer = csv.writer(file, delimiter=";")
    for note in notes:
        cells = note["cells"][own:]
        cells += [""] * (len(headings) - len(cells))
        writer.writerow([note["line"], put_on(reason(note["faults"])), *map(put_on, cells)])


def _apart(word: str, headings: Sequence[str]) -> str:
    """Return a heading of our own that is none of the file's: of two alike the file could not be read again."""
    while word in headings:
        word += " *"
    return word
