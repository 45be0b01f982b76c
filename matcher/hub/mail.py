"""The outbox. A mail is a row in the transaction of the event it tells of; sending comes after.

`event` is unique: the same event never queues twice. The text is made when it is sent, from `template` and
`params`, in the reader's language, so this module knows no words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..store import Store
from .clock import later
from .ids import new_id

MAX_TRIES = 8
LEASE_MINUTES = 10


def queue(store: Store, event: str, people: Iterable[dict[str, Any]], template: str, now: str, **params: Any) -> None:
    """Queue one mail for each of `people` (rows with `email`, `locale`), inside the event's transaction."""
    for person in people:
        if any(mark in person["email"] for mark in "\r\n"):
            raise ValueError("a mail address may not hold a line break")
        store.execute(
            """insert into outbox (id, event, recipient, locale, template, params, created_at, next_try_at)
               values (:id, :event, :recipient, :locale, :template, :params, :now, :now)
               on conflict (event) do nothing""",
            {
                "id": new_id(),
                "event": f"{event}:{person['email']}",
                "recipient": person["email"],
                "locale": person["locale"],
                "template": template,
                "params": json.dumps(params, ensure_ascii=False, sort_keys=True),
                "now": now,
            },
        )


def claim(store: Store, now: str, limit: int = 20) -> list[dict[str, Any]]:
    """Take up to `limit` due mails for sending and return them, `params` parsed.

    The claim counts a try and moves the next one ahead before anything is sent: a crash in between delays
    the mail by the lease, and no other worker sends it meanwhile.
    """
    rows = store.query(
        """update outbox set tries = tries + 1, next_try_at = :lease
           where id in (select id from outbox where sent_at is null and given_up_at is null
                        and next_try_at <= :now order by next_try_at limit :limit)
           and next_try_at <= :now
           returning *""",
        {"now": now, "lease": later(now, minutes=LEASE_MINUTES), "limit": limit},
    )
    return [{**row, "params": json.loads(row["params"])} for row in rows]


def sent(store: Store, mail_id: str, now: str) -> None:
    """Note that a mail was handed over to the server. Its parameters, which may hold a link, are blanked."""
    store.execute(
        "update outbox set sent_at = :now, error = null, params = '{}' where id = :id",
        {"id": mail_id, "now": now},
    )


def failed(store: Store, mail: dict[str, Any], error: str, now: str) -> None:
    """Note a failed try; the next comes after 1, 2, 4 … minutes, and after eight tries it is given up."""
    gone = now if mail["tries"] >= MAX_TRIES else None
    store.execute(
        "update outbox set error = :error, given_up_at = :gone, next_try_at = :next where id = :id",
        {
            "id": mail["id"],
            "error": error[:500],
            "gone": gone,
            "next": later(now, minutes=2 ** (mail["tries"] - 1)),
        },
    )


def recent(store: Store, limit: int = 100) -> list[dict[str, Any]]:
    """Return the newest mails, for the administrator's page; `params` parsed."""
    rows = store.query("select * from outbox order by created_at desc, id limit :limit", {"limit": limit})
    return [{**row, "params": json.loads(row["params"])} for row in rows]
