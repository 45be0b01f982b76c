"""A log-in that is not finished: the password was right and a code is awaited, or somebody is at their provider.

Kept on the server like a session. The browser holds a 256-bit token, the store its hash, and nobody is logged in.
"""

from __future__ import annotations

import json
from typing import Any

from ..store import Store
from .clock import later, latest
from .ids import new_token, token_hash

MINUTES = {"code": 5, "openid": 10}


def begin(store: Store, kind: str, now: str, person_id: str | None = None, **detail: Any) -> str:
    """Keep what the next step needs, for some minutes, and return its token."""
    token = new_token()
    row = {"token_hash": token_hash(token), "kind": kind, "person_id": person_id, "created_at": now}
    ends = later(now, minutes=MINUTES[kind])
    store.insert("login_step", {**row, "expires_at": ends, "detail": json.dumps(detail, ensure_ascii=False)})
    return token


def get(store: Store, kind: str, token: str | None, now: str) -> dict[str, Any] | None:
    """Return a step that has begun and not ended, `detail` parsed; None when there is no such step."""
    rows = store.query(
        """select * from login_step where token_hash = :hash and kind = :kind
           and expires_at > :now and created_at <= :latest""",
        {"hash": token_hash(token or ""), "kind": kind, "now": now, "latest": latest(now)},
    )
    return {**rows[0], "detail": json.loads(rows[0]["detail"])} if rows else None


def end(store: Store, kind: str, token: str | None, now: str) -> dict[str, Any] | None:
    """Take a step away and return it as `get` does: whoever comes second, also at the same moment, gets None."""
    with store.atomic():
        rows = store.query(
            "delete from login_step where token_hash = :hash and kind = :kind returning *",
            {"hash": token_hash(token or ""), "kind": kind},
        )
    if not rows or rows[0]["expires_at"] <= now or rows[0]["created_at"] > latest(now):
        return None
    return {**rows[0], "detail": json.loads(rows[0]["detail"])}


def forget(store: Store, now: str) -> None:
    """Delete steps that nobody finished."""
    store.execute("delete from login_step where expires_at < :now", {"now": now})
