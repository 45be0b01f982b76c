"""The chain of the record: each row carries the hash of the one before and a digest keyed with the hub's secret.

What is personal stands beside the chain: in it is only the salted digest of a row's `detail`, so that a person can be
forgotten and the chain still holds. The end of the chain is kept and signed apart, so that cutting rows off is seen
too. Who holds both the database and the key can forge everything; keep the key, and a backup, in another place.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..store import Store
from .ids import new_id

PAGE = 2_000
MOST_FAULTS = 100
BROKEN = "record.broken"
FAULTS = {
    "missing": "rows before it are missing",
    "order": "it does not follow the row before it: one of them was changed, or their order",
    "signature": "it was changed, or it was never written by the hub",
    "key": "it is signed with a key that is not at hand: give it in MATCHER_OLD_SECRET_KEYS",
    "detail": "its details were changed",
    "emptied": "its details were taken away, and nobody was erased",
    "begins": "the hub has people or organisations from before it: rows were taken away from the beginning",
    "end": "the record ends elsewhere than the hub left it: rows are missing or were added",
    "outside": "it was put in past the chain",
    "broken": "when the hub wrote this row, the end of the record was not what it had left there",
    "differs": "the older copy has another row here",
    "cut": "the older copy goes on here: rows were cut off",
}
_CHAINED = ("id", "at", "person_id", "action", "kind", "subject_id", "digest")

Row = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """What is wrong at one place of the record. n: the row's number, None where it has none; code: a key of FAULTS."""

    n: int | None
    row: str
    code: str


@dataclass(frozen=True)
class Verdict:
    """What was found: how many rows there are, how many of them forget a person, and the first faults."""

    rows: int
    forgotten: int
    faults: list[Fault]


def append(store: Store, rows: Sequence[Row]) -> None:
    """Put rows at the end of the chain, inside a transaction; the end is locked until it is kept.

    Where the end is not what the hub left there, the chain goes on behind a row that says so, for ever.
    """
    end = _locked_end(store)
    last = int(store.query("select coalesce(max(n), 0) as n from audit")[0]["n"])
    if (end["n"], end["mac"], last) == (0, "", 0):
        end = _chain_older(store, end)
    elif end["n"] != last or _fault(store.keys, end["mac"], _end_text(end)):
        kept = store.query("select * from audit where n = :n", {"n": last})
        end = {"n": last, "hash": _hash(kept[0]) if kept else ""}
        rows = [_broken(rows), *rows]
    n, previous = end["n"], end["hash"]
    for row in rows:
        n += 1
        linked = _linked(store.keys[0], {**row, "n": n, "previous": previous})
        store.insert("audit", linked)
        previous = _hash(linked)
    _keep_end(store, n, previous)


def verify(
    store: Store,
    earlier: Callable[[int], str | None] = lambda n: None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Verdict:
    """Read the whole record and return what is wrong with it.

    earlier: the digest (`mac`) that an older copy has for a number, to
    find what was rewritten by somebody who holds the key. report: told how many of all rows are read.
    """
    with store.snapshot():
        reading = _Reading(store.keys, earlier)
        end = _end(store)
        for page in pages(store):
            for row in page:
                reading.take(row)
            report(reading.n, end["n"])
        reading.close(end, _outside(store))
        if _older_hub(store):
            reading.faults.append(Fault(1, "", "begins"))
    return Verdict(reading.n, len(reading.empty), reading.faults[:MOST_FAULTS])


def macs(store: Store) -> dict[int, str]:
    """Return the digest of every row by its number: to hold another copy of the record against."""
    return {row["n"]: row["mac"] for page in pages(store) for row in page}


class _Reading:
    """How far the record was read, and what was wrong with it."""

    def __init__(self, keys: Sequence[bytes], earlier: Callable[[int], str | None]) -> None:
        self.n, self.hash, self.faults = 0, "", list[Fault]()
        self.empty: dict[str, int] = {}
        self.told: set[str] = set()
        self._keys, self._earlier = keys, earlier

    def take(self, row: Row) -> None:
        """Look at the next row."""
        if row["n"] != self.n + 1:
            self._wrong(row, "missing")
        elif row["previous"] != self.hash:
            self._wrong(row, "order")
        self.n, self.hash = row["n"], _hash(row)
        self._signed(row["mac"], self.hash, row)
        if (row["salt"], row["detail"]) == (None, "{}"):
            self.empty[row["id"]] = row["n"]
        elif _digest(row["salt"] or "", row["detail"]) != row["digest"]:
            self._wrong(row, "detail")
        if row["action"] == BROKEN:
            self._wrong(row, "broken")
        if row["action"] == "record.forget":
            self.told.update(json.loads(row["detail"]).get("rows", ()))
        if (mac := self._earlier(row["n"])) and mac != row["mac"]:
            self._wrong(row, "differs")

    def close(self, end: Row, outside: Sequence[Row]) -> None:
        """Look at the end, and at what stands outside the chain."""
        if (end["n"], end["hash"]) != (self.n, self.hash):
            self._wrong(end, "end")
        elif self.n or end["mac"]:  # of a hub that has written nothing yet the end is not signed either
            self._signed(end["mac"], _end_text(end), end)
        for name, n in self.empty.items():
            if name not in self.told:
                self.faults.append(Fault(n, name, "emptied"))
        for row in outside:
            self._wrong(row, "outside")
        if self._earlier(self.n + 1):
            self.faults.append(Fault(self.n + 1, "", "cut"))

    def _signed(self, mac: str, text: str, row: Row) -> None:
        if fault := _fault(self._keys, mac, text):
            self._wrong(row, fault)

    def _wrong(self, row: Row, code: str) -> None:
        self.faults.append(Fault(row.get("n"), row.get("id", ""), code))


def _end(store: Store) -> Row:
    rows = store.query("select n, hash, mac from audit_end where one = 'end'")
    return rows[0] if rows else {"n": -1, "hash": "", "mac": ""}


def _locked_end(store: Store) -> Row:
    if not store.execute("update audit_end set n = n + 0 where one = 'end'"):
        store.upsert("audit_end", {"one": "end", "n": -1, "hash": "", "mac": ""}, "one")
    return _end(store)


def _keep_end(store: Store, n: int, last: str) -> None:
    end = {"n": n, "hash": last}
    store.execute(
        "update audit_end set n = :n, hash = :hash, mac = :mac where one = 'end'",
        {**end, "mac": _mac(store.keys[0], _end_text(end))},
    )


def _end_text(end: Row) -> str:
    return f"end {end['n']} {end['hash']}"


def _broken(rows: Sequence[Row]) -> Row:
    """Return the row that says where the record was found broken, at the moment of the rows that come after it."""
    first = rows[0] if rows else {"id": "", "at": ""}
    told = {"action": BROKEN, "kind": "record", "subject_id": "end", "person_id": None, "detail": "{}"}
    return {**told, "id": f"{first['id'][:16]}{new_id()}", "at": first["at"]}


def _chain_older(store: Store, end: Row) -> Row:
    """Chain what was recorded before there was a chain; done once, with the first row after it."""
    n, previous = 0, ""
    for row in store.query("select * from audit where n is null order by at, id"):
        n += 1
        linked = _linked(store.keys[0], {**row, "n": n, "previous": previous})
        store.execute(
            """update audit set n = :n, salt = :salt, digest = :digest, previous = :previous, mac = :mac
               where id = :id""",
            {name: linked[name] for name in ("n", "salt", "digest", "previous", "mac", "id")},
        )
        previous = _hash(linked)
    return {**end, "n": n, "hash": previous}


def _linked(key: bytes, row: Row) -> Row:
    """Return a row with its salt, digests and signature; it has its number and the hash of the one before."""
    salt = secrets.token_hex(16)
    linked = {**row, "salt": salt, "digest": _digest(salt, row["detail"])}
    return {**linked, "mac": _mac(key, _hash(linked))}


def pages(store: Store) -> Iterator[list[Row]]:
    """Yield the chained rows in their order, some thousand at a time."""
    last = 0
    while rows := store.query(
        "select * from audit where n > :last order by n limit :most", {"last": last, "most": PAGE}
    ):
        yield rows
        last = rows[-1]["n"]


def _outside(store: Store) -> list[Row]:
    return store.query(
        "select id, n from audit where n is null or n < 1 order by id limit :most", {"most": MOST_FAULTS}
    )


def _older_hub(store: Store) -> bool:
    """Whether anybody is older than the record: who is taken in stands there from the same moment.

    A record that was emptied whole, its end set back to what it was at birth, has nothing else that gives it away.
    """
    [made] = store.query(
        """select min(at) as at from (select min(created_at) as at from organisation
           union all select min(created_at) as at from person) as made"""
    )
    [told] = store.query("select min(at) as at from audit")
    return bool(made["at"]) and (told["at"] is None or told["at"] > made["at"])


def _digest(salt: str, detail: str) -> str:
    return hashlib.sha256(f"{salt}{detail}".encode()).hexdigest()


def _hash(row: Row) -> str:
    chained = [row["n"], row["previous"], *(row[name] for name in _CHAINED)]
    return hashlib.sha256(json.dumps(chained, ensure_ascii=False).encode()).hexdigest()


def _mac(key: bytes, text: str) -> str:
    return f"{_name(key)}:{hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}"


def _fault(keys: Sequence[bytes], mac: str, text: str) -> str:
    """Return the code of what is wrong with a signature; nothing if it is right."""
    key = next((key for key in keys if _name(key) == mac.partition(":")[0]), None)
    if key is None:
        return "key"
    if hmac.compare_digest(mac, _mac(key, text)):
        return ""
    return "signature"


def _name(key: bytes) -> str:
    """Return what a key is called beside what it signed; it tells nothing of the key."""
    return hashlib.sha256(b"name of the key " + key).hexdigest()[:12]
