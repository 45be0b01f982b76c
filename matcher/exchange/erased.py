"""Who was erased, beside the database: so that a backup from before, brought back, is brought up to it.

The list is a file of lines that are only added, each `{"at": …, "everywhere": …, "person": …}` with an id, and whether
the name went everywhere: of somebody who is erased it says nothing more. It stands in the instance folder and with the
backups, for either may be what is left.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..hub import erasure
from ..store import Store

NAME = "erased.jsonl"


def note(store: Store, folders: Iterable[Path | None]) -> int:
    """Add to the list in each folder who it lacks, and wait until that stands on the disk; return how many lines."""
    listed, added = erasure.listed(store), 0
    for folder in {folder for folder in folders if folder and folder.is_dir()}:
        known = set(_read(folder))
        missing = [row for row in listed if row["person_id"] not in known]
        added += len(missing)
        if missing:
            _append(folder / NAME, [_line(row) for row in missing])
    return added


def again(store: Store, folders: Iterable[Path | None], now: str) -> list[str]:
    """Erase whoever a list names and the store still knows; return their ids. For a backup that was brought back."""
    wanted = {person_id: far for folder in folders if folder for person_id, far in _read(folder).items()}
    rows = store.query(
        "select id from person where id in :ids and erased_at is null order by id", {"ids": sorted(wanted)}
    )
    for row in rows:
        erasure.erase(store, row["id"], None, now, again=True, everywhere=wanted[row["id"]])
    return [row["id"] for row in rows]


def _line(row: dict[str, Any]) -> dict[str, Any]:
    return {"at": row["at"], "everywhere": bool(row["everywhere"]), "person": row["person_id"]}


def _read(folder: Path) -> dict[str, bool]:
    """Return the ids of a folder's list and how far each went; a line that a crash cut short is left out.

    A line of before says nothing of how far: it went everywhere.
    """
    path = folder / NAME
    found = {}
    for line in path.read_text(encoding="utf8", errors="replace").splitlines() if path.is_file() else ():
        try:
            row = json.loads(line)
            found[str(row["person"])] = row.get("everywhere") is not False
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def _append(path: Path, rows: list[dict[str, Any]]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    # A line end first: the last line may have been cut short. Empty lines are read over.
    text = "\n" + "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows)
    try:
        os.write(handle, text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
