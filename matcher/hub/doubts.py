"""What the machine doubts about a profile: a suggestion to the brokers with its reason, never a decision.

Kinds: `hidden` (characters that nobody sees; they are taken out at saving), `repeated` (said again in the same words),
`copied` (stands in a published need too), `named` (the name of another company), `alike` (nearly the same as other
profiles) and `themes` (more than half of all ticked). Passages that are repeated, copied or named are left out of what
is ranked until a broker says that they are in order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..store import Store
from . import published, record
from .errors import Conflict, NotFound
from .people import Viewer

HIDDEN_LEAST = 8  # characters; a few come along with text from a web page
LEFT_OUT = ("repeated", "copied", "named")  # passages that are not ranked until a broker says that they are in order
# Found when the profile is read, and gone when it is read without finding them.
READ = ("repeated", "copied", "named", "alike", "themes")


@dataclass(frozen=True)
class Doubt:
    """What was found: the passages of the profile, and the ids of the needs or profiles that they stand in."""

    passages: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def hidden(store: Store, startup_id: str, count: int, now: str) -> None:
    """Keep that `count` characters which nobody sees were typed, inside the caller's transaction.

    Each time is a doubt of its own, an answer to an earlier one does not cover it; with fewer the earlier one stays.
    """
    if count >= HIDDEN_LEAST:
        _keep(store, startup_id, "hidden", Doubt([str(count)]), now)


def read(store: Store, startup_id: str, found: Mapping[str, Doubt], now: str) -> None:
    """Keep what reading a profile found, by code of READ, inside the caller's transaction.

    Doubts of READ that were not found again are deleted, answered or not; `hidden` is no matter of reading and stays.
    An answer stands while nothing is found but what it was about, and then for what is left of it (`_answered`).
    Whatever else differs from what was kept is a new doubt, without an answer.
    """
    held = {row["code"]: row for row in store.query(
        "select code, passages, others, answered_at from doubt where startup_id = :id", {"id": startup_id}
    )}  # fmt: skip
    for code in READ:
        if code not in found:
            if code in held:
                store.execute(
                    "delete from doubt where startup_id = :id and code = :code", {"id": startup_id, "code": code}
                )
            continue
        before = _stored(held[code]) if code in held else None
        if before == found[code]:
            continue
        if before and held[code]["answered_at"] and _answered(code, before, found[code]):
            _narrow(store, startup_id, code, found[code])
        else:
            _keep(store, startup_id, code, found[code], now)


def _stored(row: dict[str, Any]) -> Doubt:
    return Doubt(json.loads(row["passages"]), json.loads(row["others"]))


def _answered(code: str, before: Doubt, now: Doubt) -> bool:
    """Say whether a broker's answer to one doubt holds for another: it goes by passages, where there are any.

    The same passages are in order whatever other need has come to have them: the text is ranked by them alone.
    """
    if code in LEFT_OUT:
        return set(now.passages) <= set(before.passages)
    return set(now.others) <= set(before.others)


def _narrow(store: Store, startup_id: str, code: str, doubt: Doubt) -> None:
    """Write what is left of a doubt whose answer stands; what was taken away and comes back is asked about again."""
    store.execute(
        "update doubt set passages = :passages, others = :others where startup_id = :id and code = :code",
        {"id": startup_id, "code": code, **_columns(doubt)},
    )


def _columns(doubt: Doubt) -> dict[str, str]:
    return {"passages": json.dumps(doubt.passages, ensure_ascii=False), "others": json.dumps(doubt.others)}


def _keep(store: Store, startup_id: str, code: str, doubt: Doubt, now: str) -> None:
    row = {
        "startup_id": startup_id,
        "code": code,
        **_columns(doubt),
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
        f"""select n.id, n.title as name from need n where n.id in :ids and {published.live("need", "n")}
            union all select s.id, s.name from startup s where s.id in :ids and {published.live("startup", "s")}""",
        {"ids": ids},
    )} if ids else {}  # fmt: skip
    return [{**row, "others": [(one, names[one]) for one in row["others"] if one in names]} for row in found]


def in_order(store: Store, startup_ids: list[str]) -> dict[tuple[str, str], set[str]]:
    """Return by (profile, code of LEFT_OUT) the passages that a broker has said are in order: they are ranked."""
    rows = store.query(
        """select startup_id, code, passages from doubt
           where startup_id in :ids and code in :codes and answered_at is not null""",
        {"ids": startup_ids, "codes": list(LEFT_OUT)},
    )
    return {(row["startup_id"], row["code"]): set(json.loads(row["passages"])) for row in rows}


def answer(store: Store, viewer: Viewer, startup_id: str, code: str, now: str) -> None:
    """Say that what was doubted is in order. Raises NotFound without such a doubt, Conflict when it was answered.

    What was left out for it is read again. Who has read the text before and keeps it after must look at `in_order` in
    the transaction that keeps it (`ranking.indexing` does), or the answer would be lost.
    """
    with viewer.deciding(store):
        if code in LEFT_OUT:  # first of all, as whoever embeds writes this row before the doubt
            store.execute(
                "update embedding set embedded_at = '' where kind = 'startup' and subject_id = :id", {"id": startup_id}
            )
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
        record.write(store, viewer.person_id, "startup.in_order", "startup", startup_id, now, doubt=code)
