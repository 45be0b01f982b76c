"""The record: who did what to which thing, when. A row stands in the same transaction as the change.

Rows are never changed (triggers) and are chained (`chain`), so that `matcher verify` finds whatever was done to them
past the triggers.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..store import Store
from . import chain, published
from .ids import new_id

PAGE = 50
FORGOTTEN = "record.forget"
NAMED = ("holder", "substitute")  # details in which the hub itself writes a person's name


def write(
    store: Store, person_id: str | None, action: str, kind: str, subject_id: str, now: str, **detail: Any
) -> None:
    """Add one audit row, at the end of the transaction. `action` is verb-like (`need.publish`), `detail` plain JSON."""
    store.at_end(
        chain.append,
        {
            # The rows of one request share its moment: the id begins with the clock so that they keep their order.
            "id": f"{time.time_ns():016x}{new_id()}",
            "at": now,
            "person_id": person_id,
            "action": action,
            "kind": kind,
            "subject_id": subject_id,
            "detail": json.dumps(detail, ensure_ascii=False, sort_keys=True),
        },
    )


def forget(
    store: Store, person_id: str, texts: Sequence[str], now: str, own: Sequence[str] = (), name: str = ""
) -> int:
    """Take what is personal out of the record and return how many rows that were; the chain stays whole.

    Emptied are the details of the rows about the person, of those that hold one of `texts` (an address, a name that is
    theirs alone), of those in which the hub itself names them by `name`, and of those that the person wrote and that
    hold one of `own` (what they called themselves or said, which could be anything: what others did is not emptied by
    it). Which rows that were is itself recorded, so that nobody else can empty one unseen.
    """
    with store.atomic():
        chain.append(store, [])  # what is not chained yet is now
        found = telling_of(store, person_id, texts, own, name)
        for start in range(0, len(found), chain.PAGE):
            ids = found[start : start + chain.PAGE]
            store.execute("update audit set detail = '{}', salt = null where id in :ids", {"ids": ids})
            write(store, None, FORGOTTEN, "person", person_id, now, rows=ids)
    return len(found)


def telling_of(
    store: Store, person_id: str, texts: Sequence[str], own: Sequence[str] = (), name: str = ""
) -> list[str]:
    """Return the ids of the rows that `forget` would empty."""
    tells = _telling(person_id, texts, own, name)
    return [row["id"] for row in _detailed(store) if tells(row)]


def telling_more(
    store: Store, person_id: str, fewer: Sequence[str], texts: Sequence[str], own: Sequence[str] = (), name: str = ""
) -> int:
    """Return how many rows `forget` would empty for `texts` and not for `fewer`; the record is read once."""
    tells, told = _telling(person_id, texts, own, name), _telling(person_id, fewer, own, name)
    return sum(tells(row) and not told(row) for row in _detailed(store))


def _detailed(store: Store) -> Iterator[dict[str, Any]]:
    """Yield the rows that still have details, but for those that tell what was forgotten."""
    for page in chain.pages(store):
        yield from (row for row in page if row["detail"] != "{}" and row["action"] != FORGOTTEN)


def _telling(person_id: str, texts: Sequence[str], own: Sequence[str], name: str) -> Callable[[dict[str, Any]], bool]:
    wanted, theirs = _as_words(texts), _as_words([*texts, *own])
    return lambda row: _tells_of(row, person_id, theirs if row["person_id"] == person_id else wanted, name)


def _as_words(texts: Sequence[str]) -> list[re.Pattern[str]]:
    """Return patterns of whole words: whoever is called Anna Berg is not Anna Bergström."""
    return [re.compile(rf"(?<!\w){re.escape(text.strip())}(?!\w)", re.I) for text in texts if text.strip()]


def _tells_of(row: dict[str, Any], person_id: str, wanted: Sequence[re.Pattern[str]], name: str) -> bool:
    if (row["kind"], row["subject_id"]) == ("person", person_id):
        return True
    detail = json.loads(row["detail"])
    named = [detail.get(key) for key in (*NAMED, *(("before",) if row["action"] == "case.holder" else ()))]
    if name and name in named:
        return True
    told = "\n".join(_strings(detail))
    return any(pattern.search(told) for pattern in wanted)


def _strings(value: Any) -> Iterator[str]:
    """Yield every text of plain JSON data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)


def history(store: Store, kind: str, subject_id: str) -> list[dict[str, Any]]:
    """Return the rows about one thing, oldest first, each with the person's name (`person`) and `detail` parsed."""
    rows = store.query(
        """select a.id, a.at, a.action, a.detail, p.name as person, a.person_id
           from audit a left join person p on p.id = a.person_id
           where a.kind = :kind and a.subject_id = :subject_id order by a.at, a.id""",
        {"kind": kind, "subject_id": subject_id},
    )
    return [{**row, "detail": json.loads(row["detail"])} for row in rows]


def latest(store: Store, *, kind: str = "", subject_id: str = "", person_id: str = "", page: int = 1) -> dict[str, Any]:
    """Return a page of the whole record, newest first: `rows` as in `history`, `page`, and `more` (is there another?).

    Each row has the name of its thing (`thing`), where everybody may know it. The record grows for ever, so it is not
    counted: a page is found by its place from the newest.
    """
    page = max(1, page)
    rows = store.query(
        """select a.id, a.at, a.action, a.kind, a.subject_id, a.detail, p.name as person, a.person_id
           from audit a left join person p on p.id = a.person_id
           where (:kind = '' or a.kind = :kind) and (:subject_id = '' or a.subject_id = :subject_id)
             and (:person_id = '' or a.person_id = :person_id)
           order by a.at desc, a.id desc limit :limit offset :offset""",
        {
            "kind": kind,
            "subject_id": subject_id,
            "person_id": person_id,
            "limit": PAGE + 1,
            "offset": (page - 1) * PAGE,
        },
    )
    names = _names(store, {row["subject_id"] for row in rows})
    shown = [
        {**row, "detail": json.loads(row["detail"]), "thing": names.get((row["kind"], row["subject_id"]), "")}
        for row in rows[:PAGE]
    ]
    return {"rows": shown, "page": page, "more": len(rows) > PAGE}


def _names(store: Store, ids: set[str]) -> dict[tuple[str, str], str]:
    """Return the names of organisations, people and published things: drafts and cases are not for administrators."""
    columns = {"organisation": "name", "person": "name", "need": "title", "startup": "name", "testbed": "name"}
    live = {kind: f"and {published.live(kind, kind)}" for kind in ("need", "startup", "testbed")}
    parts = [
        f"select '{kind}' as kind, id, {column} as name from {kind} where id in :ids {live.get(kind, '')}"
        for kind, column in columns.items()
    ]
    rows = store.query(" union all ".join(parts), {"ids": sorted(ids)}) if ids else []
    return {(row["kind"], row["id"]): row["name"] for row in rows}


def kinds(store: Store) -> list[str]:
    """Return the kinds of things that the record tells of, in code order."""
    return [row["kind"] for row in store.query("select distinct kind from audit order by kind")]


def next_seq(store: Store) -> int:
    """Return the next number of the change feed, inside a transaction.

    The counter's row stays locked until commit, so numbers become visible in their order and a reader that
    asks for `seq > seen` never misses one.
    """
    store.execute("update counter set value = value + 1 where name = 'seq'")
    return int(store.query("select value from counter where name = 'seq'")[0]["value"])


def last_seq(store: Store) -> int:
    """Return the last number of the change feed that was kept: while it stands still, nothing has changed."""
    return int(store.query("select value from counter where name = 'seq'")[0]["value"])


def stand(store: Store) -> tuple[int, str]:
    """Return what differs as soon as anything was changed: the change feed's last number and the record's last hash.

    Every change of state writes a row of the record, so what was made of the hub's rows while this stood still holds.
    """
    row = store.query(
        "select value, hash from counter cross join audit_end where counter.name = 'seq' and audit_end.one = 'end'"
    )[0]
    return int(row["value"]), row["hash"]
