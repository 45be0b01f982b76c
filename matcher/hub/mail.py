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
from .errors import Conflict, NotFound
from .ids import new_id

MAX_TRIES = 8
LEASE_MINUTES = 10
# Each pause is four times the one before, so that eight tries reach over a weekend without a mail server.
PAUSE_FACTOR = 4
PAGE = 25
STATES = {
    "waiting": "sent_at is null and given_up_at is null",
    "sent": "sent_at is not null",
    "given_up": "given_up_at is not null and sent_at is null",
}


def queue(store: Store, event: str, people: Iterable[dict[str, Any]], template: str, now: str, **params: Any) -> int:
    """Queue one mail for each of `people` (rows with `email`, `locale`), inside the event's transaction.

    Return how many are new: whom the same event has told already is not told again.
    """
    new = 0
    for person in people:
        if any(mark in person["email"] for mark in "\r\n"):
            raise ValueError("a mail address may not hold a line break")
        new += store.execute(
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
    return new


def claim(store: Store, now: str, limit: int = 1) -> list[dict[str, Any]]:
    """Take up to `limit` due mails for sending and return them, `params` parsed.

    The claim counts a try and moves the next one ahead before anything is sent: a crash in between delays
    the mail by the lease, and no other worker sends it meanwhile. One at a time by default: sending many to
    a slow server could take longer than the lease.
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
    """Note a failed try; the next comes after 1, 4, 16 … minutes, and after eight tries (four days) it is given up."""
    gone = now if mail["tries"] >= MAX_TRIES else None
    store.execute(
        "update outbox set error = :error, given_up_at = :gone, next_try_at = :next where id = :id",
        {
            "id": mail["id"],
            "error": " ".join(error.split())[:500],
            "gone": gone,
            "next": later(now, minutes=PAUSE_FACTOR ** (mail["tries"] - 1)),
        },
    )


def retry(store: Store, mail_id: str, now: str) -> None:
    """Let a mail that was given up be tried again from the beginning; raise NotFound, or Conflict when it was not."""
    if not store.query("select id from outbox where id = :id", {"id": mail_id}):
        raise NotFound("mail")
    if not store.execute(
        """update outbox set given_up_at = null, tries = 0, next_try_at = :now
           where id = :id and given_up_at is not null and sent_at is null""",
        {"id": mail_id, "now": now},
    ):
        raise Conflict("mail_not_given_up")


def listing(store: Store, state: str = "", page: int = 1) -> dict[str, Any]:
    """Return a page of the outbox, newest first: `rows` (`params` parsed, `state` derived), `total`, `page`, `pages`.

    `state` is one of STATES; anything else counts as not given.
    """
    condition = STATES.get(state, "1 = 1")
    total = int(store.query(f"select count(*) as number from outbox where {condition}")[0]["number"])
    pages = max(1, -(-total // PAGE))
    page = min(max(page, 1), pages)
    rows = store.query(
        f"select * from outbox where {condition} order by created_at desc, id limit :limit offset :offset",
        {"limit": PAGE, "offset": (page - 1) * PAGE},
    )
    shown = [{**row, "params": json.loads(row["params"]), "state": status(row)} for row in rows]
    return {"rows": shown, "total": total, "page": page, "pages": pages}


def status(row: dict[str, Any]) -> str:
    """Return waiting, sent or given_up."""
    if row["sent_at"]:
        return "sent"
    return "given_up" if row["given_up_at"] else "waiting"


def waiting(store: Store) -> dict[str, int]:
    """Return how many mails are `waiting` to be sent and how many were `given_up`."""
    rows = store.query(
        """select count(*) filter (where given_up_at is null) as waiting,
                  count(*) filter (where given_up_at is not null) as given_up from outbox where sent_at is null"""
    )
    return {name: int(count) for name, count in rows[0].items()}
