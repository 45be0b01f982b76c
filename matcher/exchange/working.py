"""Working through a batch: taking it up, its portions, and what others of the same hub see of it meanwhile.

Any background process can take a batch up where another one left it: the count of rows done stands in the
transaction that did them, and a process that was too slow finds its count moved on and stops.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from ..hub import clock, record
from ..hub.errors import Stale
from ..store import Store, StoreBusy, UniqueViolation
from .batches import assign
from .errors import ImportRefused

PORTION = 100  # rows of one transaction
TRIES = 5
PAUSE_EVERY, PAUSE = 0.6, 0.12  # seconds
LEASE_SECONDS = 45  # a file may take 20 s to read, a portion about one
SILENT_SECONDS = 15
Portion = TypeVar("Portion")


class TakenOver(Exception):
    """Another process goes on with this batch; what this one did is kept, and it stops."""


def claim(store: Store, now: str) -> str | None:
    """Take the oldest batch that waits, or that a dead process left, and return its id."""
    found = store.query(
        """update import_batch set claimed_at = :now where id = (
               select id from import_batch where wanted is not null and (claimed_at is null or claimed_at < :stale)
               order by wanted_at, id limit 1)
           and wanted is not null and (claimed_at is null or claimed_at < :stale) returning id""",
        {"now": now, "stale": stale(now)},
    )
    return found[0]["id"] if found else None


def stale(now: str) -> str:
    """Return the moment before which a claim has run out."""
    return clock.later(now, minutes=-LEASE_SECONDS / 60)


def again(work: Callable[..., Any], *given: Any) -> Any:
    """Do a portion; once more when somebody saved one of its rows in between, or stood in the way."""
    for _ in range(TRIES - 1):
        try:
            return work(*given)
        except (Stale, UniqueViolation, StoreBusy):
            continue
    return work(*given)


def paced(portions: Iterable[Portion]) -> Iterator[Portion]:
    """Yield portions, and now and then leave the database to others for a moment.

    Who waits for SQLite's lock looks for it every 0.1 s and gets it only if it is free just then: beside an import
    that took it again at once, 2 of 48 writes of another process failed after 5 s.
    """
    since = time.monotonic()
    for portion in portions:
        yield portion
        if time.monotonic() - since > PAUSE_EVERY:
            time.sleep(PAUSE)
            since = time.monotonic()


def advance(store: Store, batch: dict[str, Any], done: int) -> None:
    """Take the next portion as done, first in its transaction: who comes second waits, then raises TakenOver."""
    if not store.execute(
        """update import_batch set done = :done, claimed_at = :now
           where id = :id and done = :before and wanted = :wanted""",
        {"done": done, "now": clock.now(), "id": batch["id"], "before": batch["done"], "wanted": batch["wanted"]},
    ):
        raise TakenOver


def keep_report(store: Store, batch: dict[str, Any], report: dict[str, Any]) -> None:
    """Keep the counts so far, in the transaction of the portion that they include."""
    assign(store, batch["id"], {"report": json.dumps(report, ensure_ascii=False)})


def finish(store: Store, batch: dict[str, Any], now: str, error: ImportRefused | None = None) -> None:
    """Note that what was wanted is done, or why it cannot be; once only, however many processes say so."""
    row: dict[str, Any] = {"wanted": None, "wanted_at": None, "claimed_at": None}
    if error is not None:
        row["error"] = json.dumps([error.code, error.params], ensure_ascii=False)
    else:
        row[{"preview": "previewed_at", "import": "finished_at", "undo": "undone_at"}[batch["wanted"]]] = now
        if batch["wanted"] == "import":
            row["content"] = b""
    with store.atomic():
        if not assign(store, batch["id"], row, "wanted = :was", was=batch["wanted"]):
            return
        record.write(
            store, batch["person_id"], f"import.{batch['wanted']}.done", "import", batch["id"], now,
            error=error.code if error else None,
        )  # fmt: skip


def stop(store: Store, batch: dict[str, Any]) -> None:
    """Take back what is wanted of a batch: the rows done stay, the others are left."""
    assign(store, batch["id"], {"wanted": None, "wanted_at": None, "claimed_at": None})


def waiting(store: Store, batch: dict[str, Any], now: str) -> str:
    """Return how the work on a batch goes: working, queued behind another one, or silent (nobody answers)."""
    if batch["claimed_at"] and batch["claimed_at"] >= stale(now):
        return "working"
    busy = store.query(
        "select count(*) as n from import_batch where wanted is not null and claimed_at >= :stale",
        {"stale": stale(now)},
    )
    if busy[0]["n"]:
        return "queued"
    since = batch["claimed_at"] or batch["wanted_at"] or now
    return "silent" if since < clock.later(now, minutes=-SILENT_SECONDS / 60) else "queued"
