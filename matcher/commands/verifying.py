"""What `matcher verify` does: the whole record read, and what is wrong with it told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..exchange import backups
from ..hub import chain
from ..progress import stages
from ..store import Store


def verify(store: Store, against: Path | None) -> chain.Verdict:
    """Read the record, held against a backup if one is named; raise BackupDamaged for one that is not whole."""
    with stages() as tell:
        return chain.verify(store, _older(against), lambda done, total: tell("rows", done, total))


def _older(backup: Path | None) -> Callable[[int], str | None]:
    if backup is None:
        return lambda n: None
    backups.check(backup)
    kept = backups.opened(backup)
    try:
        return chain.macs(kept).get
    finally:
        kept.close()


def lines(found: chain.Verdict) -> list[str]:
    """Return the verdict for reading on a terminal."""
    told = [f"row {'?' if one.n is None else one.n} {one.row}: {chain.FAULTS[one.code]}" for one in found.faults]
    emptied = f", of {found.forgotten} the details were erased with a person" if found.forgotten else ""
    if not told:
        return [f"The record is whole: {found.rows} rows{emptied}."]
    more = [f"These are the first {chain.MOST_FAULTS}."] if len(told) == chain.MOST_FAULTS else []
    remedy = "Keep the database as it is, and compare it with a backup (--against FILE)."
    return [*told, *more, f"The record is NOT whole: {found.rows} rows{emptied}. {remedy}"]
