"""The outbox. A mail is a row in the transaction of the event it tells of; sending comes after.

`event` is unique: the same event never queues twice. The text is made when it is sent, from `template` and
`params`, in the reader's language, so this module knows no words.

Who wants one mail a day (`digest.py`) has mails that wait: they bear the moment of that mail, are claimed together
and go as one letter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..store import Store
from . import digest
from .clock import later
from .errors import Conflict, NotFound
from .ids import new_id

MAX_TRIES = 8
LEASE_MINUTES = 10
# Each pause is four times the one before, so that eight tries reach over a weekend without a mail server.
PAUSE_FACTOR = 4
# No mail is put off for longer than this: a later moment was written while a clock was ahead, and the mail is due.
LONGEST_PAUSE_MINUTES = PAUSE_FACTOR ** (MAX_TRIES - 1)
PAGE = 25
STATES = {
    "waiting": "sent_at is null and given_up_at is null and dropped_at is null",
    "sent": "sent_at is not null",
    "given_up": "given_up_at is not null and sent_at is null",
    "dropped": "dropped_at is not null",
}
_DUE = "(next_try_at <= :now or next_try_at > :never)"
_TAKE = "update outbox set tries = tries + 1, next_try_at = :lease where"


def queue(store: Store, event: str, people: Iterable[dict[str, Any]], template: str, now: str, **params: Any) -> int:
    """Queue one mail for each of `people` (rows with `email`, `locale`), inside the event's transaction.

    Return how many are new: whom the same event has told already is not told again.
    """
    new, people = 0, list(people)
    moment = digest.waits_until(template, params, now)
    patient = _patient(store, people) if moment else set()
    soon = later(now, minutes=digest.SETTLES.get(template, 0))
    for person in people:
        if any(mark in person["email"] for mark in "\r\n"):
            raise ValueError("a mail address may not hold a line break")
        waits = moment if person["email"] in patient else None
        new += store.execute(
            """insert into outbox
                   (id, event, recipient, locale, template, params, created_at, next_try_at, digest_at)
               values (:id, :event, :recipient, :locale, :template, :params, :now, :next, :digest)
               on conflict (event) do nothing""",
            {
                "id": new_id(),
                "event": f"{event}:{person['email']}",
                "recipient": person["email"],
                "locale": person["locale"],
                "template": template,
                "params": json.dumps(params, ensure_ascii=False, sort_keys=True),
                "now": now,
                "next": waits or soon,
                "digest": waits,
            },
        )
    return new


def _patient(store: Store, people: list[dict[str, Any]]) -> set[str]:
    """Return the addresses of those among `people` who want one mail a day."""
    rows = store.query(
        "select email from person where digest_at is not null and disabled_at is null and email in :emails",
        {"emails": [person["email"] for person in people]},
    )
    return {row["email"] for row in rows}


def release(store: Store, recipient: str, now: str) -> int:
    """Let the mails that wait for a person's daily mail go at once, each by itself; return how many."""
    return store.execute(
        f"""update outbox set digest_at = null, next_try_at = :now
            where recipient = :recipient and digest_at is not null and tries = 0 and {STATES["waiting"]}""",
        {"recipient": recipient, "now": now},
    )


def claim(store: Store, now: str) -> list[dict[str, Any]]:
    """Take what goes out as the next letter and return it, `params` parsed: one due mail, or none.

    A mail that waited for a daily mail comes with all others due to the same reader that did, the oldest first:
    they are one letter. The claim counts a try and moves the next one ahead before anything is sent: a crash in
    between delays the letter by the lease, and no other worker sends it meanwhile. One letter at a time: sending
    many to a slow server could take longer than the lease.
    """
    given = {
        "now": now,
        "lease": later(now, minutes=LEASE_MINUTES),
        "never": later(now, minutes=LONGEST_PAUSE_MINUTES),
    }
    with store.atomic():
        rows = store.query(
            f"""{_TAKE} id in (select id from outbox where {STATES["waiting"]} and {_DUE}
                               order by next_try_at, id limit 1)
                and {_DUE} returning *""",
            given,
        )
        if rows and rows[0]["digest_at"]:
            rows += store.query(
                f"""{_TAKE} recipient = :recipient and digest_at is not null and {STATES["waiting"]}
                    and {_DUE} returning *""",
                {**given, "recipient": rows[0]["recipient"]},
            )
    rows.sort(key=lambda row: (row["created_at"], row["id"]))
    return [{**row, "params": json.loads(row["params"])} for row in rows]


def locale(store: Store, row: dict[str, Any]) -> str:
    """Return the language of a mail's reader today, or the mail's own for somebody without an account."""
    found = store.query("select locale from person where email = :email", {"email": row["recipient"]})
    return str(found[0]["locale"] if found else row["locale"])


def sent(store: Store, mail_ids: list[str], now: str) -> None:
    """Note that the mails of one letter were handed over to the server, all or none.

    Their parameters, which may hold a link, are blanked.
    """
    store.execute(
        "update outbox set sent_at = :now, error = null, params = '{}' where id in :ids",
        {"ids": mail_ids, "now": now},
    )


def drop(store: Store, mail_id: str, now: str) -> None:
    """Note that a mail is not sent: what it asks for has been done, or its reader may not read it any more."""
    store.execute(
        "update outbox set dropped_at = :now, error = null, params = '{}' where id = :id", {"id": mail_id, "now": now}
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
    """Return waiting, sent, given_up or dropped."""
    if row["sent_at"]:
        return "sent"
    if row["dropped_at"]:
        return "dropped"
    return "given_up" if row["given_up_at"] else "waiting"


def waiting(store: Store) -> dict[str, int]:
    """Return how many mails are `waiting` to be sent and how many were `given_up`."""
    rows = store.query(
        """select count(*) filter (where given_up_at is null) as waiting,
                  count(*) filter (where given_up_at is not null) as given_up
           from outbox where sent_at is null and dropped_at is null"""
    )
    return {name: int(count) for name, count in rows[0].items()}
