"""What the machine doubts about a profile: a suggestion to the brokers with its reason, never a decision.

Kinds: `hidden` (characters that nobody sees; they are taken out at saving), `repeated` (said again in the same words),
`copied` (from a published need) and `alike` (nearly the same as other profiles). Passages that are repeated or copied
are left out of what is ranked until a broker says that they are in order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..store import Store
from . import record
from .errors import Conflict, NotFound
from .people import Viewer

HIDDEN_LEAST = 8  # characters; a few come along with text from a web page
LEFT_OUT = ("repeated", "copied")  # passages that are not ranked until a broker says that they are in order
READ = ("repeated", "copied", "alike")  # found when the text is read, so also gone when the text has changed


@dataclass(frozen=True)
class Doubt:
    """What was found: the passages of the profile, and the ids of the needs or profiles that they stand in."""

    passages: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def hidden(store: Store, startup_id: str, count: int, now: str) -> None:
    """Keep that `count` characters which nobody sees were typed, inside the caller's transaction."""
    if count >= HIDDEN_LEAST:
        _keep(store, startup_id, "hidden", Doubt([str(count)]), now)


def read(store: Store, startup_id: str, found: Mapping[str, Doubt], now: str) -> None:
    """Keep what reading a profile found, by code of READ, inside the caller's transaction; the rest is gone.

    An answer stands as long as the same is found.
    """
    held = {row["code"]: row for row in store.query(
        "select code, passages, others from doubt where startup_id = :id", {"id": startup_id}
    )}  # fmt: skip
    for code in READ:
        if code not in found:
            if code in held:
                store.execute(
                    "delete from doubt where startup_id = :id and code = :code", {"id": startup_id, "code": code}
                )
        elif code not in held or not _same(held[code], found[code]):
            _keep(store, startup_id, code, found[code], now)


def _same(row: dict[str, Any], doubt: Doubt) -> bool:
    return json.loads(row["passages"]) == doubt.passages and json.loads(row["others"]) == doubt.others


def _keep(store: Store, startup_id: str, code: str, doubt: Doubt, now: str) -> None:
    row = {
        "startup_id": startup_id,
        "code": code,
        "passages": json.dumps(doubt.passages, ensure_ascii=False),
        "others": json.dumps(doubt.others),
        "found_at": now,
        "answered_at": None,
        "answered_by": None,
    }
    store.upsert("doubt", row, ["startup_id", "code"])


def of_startup(store: Store, startup_id: str) -> list[dict[str, Any]]:
    """Return the doubts about a profile with `passages` and `others` (id and name of each need or profile)."""
    rows = store.query(
        """select d.code, d.passages, d.others, d.found_at, d.answered_at, p.name as broker from doubt d
           left join person p on p.id = d.answered_by where d.startup_id = :id order by d.code""",
        {"id": startup_id},
    )
    found = [{**row, "passages": json.loads(row["passages"]), "others": json.loads(row["others"])} for row in rows]
    ids = [other for row in found for other in row["others"]]
    names = {row["id"]: row["name"] for row in store.query(
        """select id, title as name from need where id in :ids and published_at is not null and closed_at is null
           union all select id, name from startup where id in :ids
                     and published_at is not null and hidden_at is null and merged_into is null""",
        {"ids": ids},
    )} if ids else {}  # fmt: skip
    return [{**row, "others": [(one, names[one]) for one in row["others"] if one in names]} for row in found]


def in_order(store: Store, startup_ids: list[str]) -> dict[tuple[str, str], set[str]]:
    """Return by (profile, code) the passages that a broker has said are in order: they are ranked."""
    rows = store.query(
        "select startup_id, code, passages from doubt where startup_id in :ids and answered_at is not null",
        {"ids": startup_ids},
    )
    return {(row["startup_id"], row["code"]): set(json.loads(row["passages"])) for row in rows}


def answer(store: Store, viewer: Viewer, startup_id: str, code: str, now: str) -> None:
    """Say that what was doubted is in order. Raises NotFound without such a doubt, Conflict when it was answered."""
    with store.atomic():
        rows = store.query(
            "update doubt set found_at = found_at where startup_id = :id and code = :code returning answered_at",
            {"id": startup_id, "code": code},
        )
        if not rows:
            raise NotFound("doubt")
        if rows[0]["answered_at"]:
            raise Conflict("doubt_answered")
        store.execute(
            "update doubt set answered_at = :now, answered_by = :by where startup_id = :id and code = :code",
            {"now": now, "by": viewer.person_id, "id": startup_id, "code": code},
        )
        # The text is read again with what is in order.
        store.execute(
            "update embedding set embedded_at = '' where kind = 'startup' and subject_id = :id", {"id": startup_id}
        )
        record.write(store, viewer.person_id, "startup.in_order", "startup", startup_id, now, doubt=code)
