"""A hub's data in one file: made while the hub runs, checked before it counts, and brought back.

The file is an SQLite database on either engine, so that one program can check it and bring it back, also to the other
engine. It holds everything but the key of the instance folder (`secret_key`), which belongs in another place than the
data: with a new key everybody logs in again, and nothing else is lost.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ..hub.clock import AHEAD_MINUTES, latest, parse
from ..store import WAIT_MS, Store, StoreError, open_store
from ..store.migrations import MIGRATIONS
from ..store.schema import migrate, pending
from ..store.sqlite import SqliteStore
from . import databases, erased
from .databases import Report

EVERY = timedelta(minutes=15)  # what the background work keeps to; doctor complains after twice as long
NAME = re.compile(r"matcher-(\d{8}T\d{6}Z)\.db")
_STAMP = "%Y%m%dT%H%M%SZ"
# Of the backups of so long, the last one of each so long is kept.
KEPT = (
    (timedelta(hours=2), timedelta(0)),
    (timedelta(days=1), timedelta(hours=1)),
    (timedelta(days=30), timedelta(days=1)),
)
ALWAYS_DAYS = 10  # of so many days the last one is kept, however long ago they were


class BackupDamaged(StoreError):
    """A backup that cannot be brought back; the message says which and what is wrong with it."""


@dataclass(frozen=True)
class Backup:
    """A backup that was checked: its file, when it was begun, and its rows by table."""

    path: Path
    at: datetime
    counts: dict[str, int]


def make(store: Store, folder: Path, now: str, report: Report | None = None) -> Backup:
    """Write a backup into a folder, check it, and let those go that are no longer kept (`superfluous`).

    Nothing counts as a backup before it was checked: until then its name begins with a dot. Raises BackupDamaged, or
    StoreError or OSError when it cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    at = parse(now).astimezone(UTC)
    path = folder / at.strftime(f"matcher-{_STAMP}.db")
    part = folder / f".{path.name}.{os.getpid()}"
    _tidy(folder, at)
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # never, not even for a moment, for others
    try:
        if not store.save_to(part):
            copy = open_store(f"sqlite:///{part}")
            databases.copy_database(store, copy, report)
            copy.close()
        counts = _examined(part)
        digest = _digest(part)
        _sum_of(path).write_text(f"{digest}  {path.name}\n", encoding="ascii")
        _settle(part)
        _settle(_sum_of(path))
        part.rename(path)
        _settle(folder)
    finally:
        for left in folder.glob(f"{part.name}*"):
            left.unlink()
    erased.note(store, [folder])  # who is erased stays so, also when an older backup is brought back
    for old in superfluous(every(folder), at):
        old.unlink()
        _sum_of(old).unlink(missing_ok=True)
    return Backup(path, at, counts)


def every(folder: Path) -> list[Path]:
    """Return the backups of a folder, the newest first."""
    return sorted((path for path in folder.glob("matcher-*.db") if NAME.fullmatch(path.name)), reverse=True)


def last(folder: Path, now: str) -> Path | None:
    """Return the newest backup of a folder, or None. One of time to come, made while the clock was wrong, is none."""
    return next((path for path in every(folder) if moment(path) <= parse(latest(now))), None)


def moment(path: Path) -> datetime:
    """Return when a backup was begun, by its name."""
    return datetime.strptime(path.stem.removeprefix("matcher-"), _STAMP).replace(tzinfo=UTC)


def superfluous(paths: list[Path], now: datetime) -> list[Path]:
    """Return which of these, the newest first, need not be kept; the newest always is, and the last of ten days."""
    kept = {*paths[:1], *_of_last_days(paths, now)}
    for span, each in KEPT:
        last: datetime | None = None
        for path in paths:
            at = moment(path)
            if now - at > span:
                break
            if (
                last is None
                or not each
                or int(at.timestamp() // each.total_seconds()) != int(last.timestamp() // each.total_seconds())
            ):
                kept.add(path)
                last = at
    return [path for path in paths if path not in kept]


def _of_last_days(paths: list[Path], now: datetime) -> list[Path]:
    """Return the last backup of each of the newest days that have one, those of time to come left out.

    By age alone a clock that jumps a year ahead would make all of them too old at once. Days, and not the newest ones
    of all: these would be gone after some hours of the wrong clock, a day of it takes the place of one day.
    """
    of_day: dict[date, Path] = {}
    for path in paths:
        if moment(path) - now <= timedelta(minutes=AHEAD_MINUTES):
            of_day.setdefault(moment(path).date(), path)
    return list(of_day.values())[:ALWAYS_DAYS]


def check(path: Path) -> dict[str, int]:
    """Return the rows by table of a backup that is whole; raise BackupDamaged for any other."""
    if not path.is_file():
        raise BackupDamaged(f"{path} is not there")
    wanted = _sum_of(path)
    if wanted.is_file() and wanted.read_text(encoding="ascii").split()[:1] != [_digest(path)]:
        raise BackupDamaged(f"{path} is not what was written: its sum differs from {wanted.name}. Take another one.")
    return _examined(path)


def restore(path: Path, store: Store, report: Report | None = None) -> dict[str, int]:
    """Bring a checked backup back into an empty database of either engine; return the rows by table.

    Takes room for a copy while it works, beside the backup if that may be written, else where temporary files are.
    Raises BackupDamaged, and databases.TargetNotEmpty before anything is written over.
    """
    check(path)
    beside = path.parent if os.access(path.parent, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=beside) as folder:
        # A copy: one of an older version is brought up to date first, and the backup stays as it is.
        copy = Path(shutil.copyfile(path, Path(folder) / path.name))
        source = open_store(f"sqlite:///{copy}")
        try:
            migrate(source)
            return databases.copy_database(source, store, report)
        finally:
            source.close()


def opened(path: Path) -> SqliteStore:
    """Return a backup for reading; nothing is written beside it, unless it is a hub that runs."""
    runs = any(path.with_name(path.name + end).exists() for end in ("-wal", "-journal"))
    return SqliteStore(str(path), WAIT_MS, (b"",), frozen=not runs)


def _examined(path: Path) -> dict[str, int]:
    """Return the rows by table of a file that is a whole hub, of this version of the program or an older one."""
    store = opened(path)
    try:
        wrong = [*store.query("pragma integrity_check"), *store.query("pragma foreign_key_check")]
        if [row for row in wrong if row != {"integrity_check": "ok"}]:
            raise BackupDamaged(f"{path} is damaged: {wrong[0]}. Take another one.")
        if damaged := store.read_texts().damaged:  # which SQLite's own check does not look at
            raise BackupDamaged(f"{path} is damaged: {damaged}. Take another one.")
        if len(pending(store)) == len(MIGRATIONS):  # raises for a database that is newer than this program
            raise BackupDamaged(f"{path} holds no hub")
        return {
            table.name: int(store.query(f'select count(*) as n from "{table.name}"')[0]["n"])
            for table in store.tables()
            if table.name not in databases.OWN
        }
    except BackupDamaged:
        raise
    except StoreError as error:
        raise BackupDamaged(f"{path} cannot be read: {error}") from error
    finally:
        store.close()  # what SQLite keeps beside a file is SQLite's: the file may be a hub that runs


def _tidy(folder: Path, now: datetime) -> None:
    """Remove what a process left unfinished that was killed a day ago or more."""
    for left in folder.glob(".matcher-*.db.*"):
        if now - datetime.fromtimestamp(left.stat().st_mtime, UTC) > timedelta(days=1):
            left.unlink(missing_ok=True)


def _settle(path: Path) -> None:
    """Wait until a file, or the names in a folder, stand on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sum_of(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
