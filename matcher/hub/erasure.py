"""Erasing a person: what goes, what stays without a name, and the list that lets a restored backup do it again.

The row of the person stays, empty, so that what others did with them still has its other end. Everything happens in
one transaction; afterwards nothing in the database says who it was.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from ..store import Store
from . import holders, leaving, locks, people, record, traces, writers
from .errors import Conflict, NotFound
from .personal import ERASED_NAME, ERASED_TEXT, HOLDINGS, NOWHERE
from .traces import Traces

Row = dict[str, Any]
SHORT = 8  # characters; a shorter text that was said may be anybody's: "Ja tack"
_OPEN = "p.declined_at is null and p.ended_at is null"


def preview(store: Store, person_id: str) -> Row:
    """Return what hangs on a person before they are erased.

    `cases` (held at the hub, each with id, need, startup), `bookings` (asked for, not over: id, title), `contacts`
    (testbeds: id, name), `alone` (organisations that nobody else acts for: id, name) and `last` (the last
    administrator cannot go).
    """
    person = {"id": person_id}
    return {
        "cases": store.query(
            f"""select p.id, p.proposed_at, n.title as need, s.name as startup from pairing p
                join need n on n.id = p.need_id join startup s on s.id = p.startup_id
                left join case_holder h on h.pairing_id = p.id and h.replaced_at is null
                where coalesce(h.holder_id, p.proposed_by) = :id and {_OPEN}
                order by p.proposed_at, p.id""",
            person,
        ),
        "bookings": store.query(
            """select id, title from booking where requested_by = :id and declined_at is null
               and withdrawn_at is null and cancelled_at is null and used_at is null order by starts_on, id""",
            person,
        ),
        "contacts": store.query(
            """select t.id, t.name from testbed t join person p on p.id = :id
               where lower(t.contact_email) = p.email or lower(t.backup_email) = p.email order by t.name, t.id""",
            person,
        ),
        "alone": store.query(
            """select distinct o.id, o.name from membership m join organisation o on o.id = m.organisation_id
               where m.person_id = :id and m.revoked_at is null and not exists (
                   select 1 from membership x join person p on p.id = x.person_id and p.disabled_at is null
                   where x.organisation_id = o.id and x.revoked_at is null and x.person_id <> :id)
               order by o.name, o.id""",
            person,
        ),
        "last": {one["id"] for one in people.with_role(store, "administrator")} == {person_id},
    }


def named_elsewhere(store: Store, person_id: str) -> dict[str, int]:
    """Return how many rows of each table hold the person's name and nothing else of them: what `everywhere` adds.

    It reads the whole record and every text, each once; nothing of them for a name that cannot stand alone.
    """
    rows = store.query("select * from person where id = :id", {"id": person_id})
    whole = traces.of(store, rows[0], everywhere=True) if rows else None
    if whole is None or not whole.everywhere:
        return {}
    part = replace(whole, everywhere=False)
    more = record.telling_more(store, person_id, _alone(part), _alone(whole), own=[whole.name], name=whole.name)
    found = traces.by_name_alone(store, part, whole)
    return {**found, "audit": more} if more else found


def _alone(found: Traces) -> list[str]:
    """Return what tells of the person wherever it stands."""
    return [found.email, found.name] if found.everywhere else [found.email]


def erase(
    store: Store, person_id: str, by: str | None, now: str, reason: str = "", *, again: bool = False,
    everywhere: bool = True,
) -> None:  # fmt: skip
    """Erase a person; raise NotFound, or Conflict when they are erased already or the last administrator.

    `by` is who does it (the person, an administrator, or None: the command line). With `again` a restored backup is
    brought up to what was erased since, whoever it leaves. `everywhere`: out of texts that hold the name and nothing
    else of the person too, where nobody shares it; never on the word of whoever chose that name.
    """
    with store.atomic():
        people.lock_administrators(store)
        # The row first: whoever comes second waits here, and finds it done.
        store.execute("update person set locale = locale where id = :id", {"id": person_id})
        rows = store.query("select * from person where id = :id", {"id": person_id})
        if not rows:
            raise NotFound("person")
        if rows[0]["erased_at"]:
            raise Conflict("person_erased")
        found = traces.of(store, rows[0], everywhere=everywhere)
        traces.lock(store, found, locks.ORDER)  # as decisions do: neither waits for ever for what the other holds
        held = preview(store, person_id)
        if held["last"] and not again:
            raise Conflict("last_administrator")
        leaving.account(store, person_id, by, now)
        _close(store, found, now, everywhere)
        _hand_over(store, held["cases"], now)
        said = _unsay(store, person_id)
        _mail(store, found, said)
        _uploads(store, found)
        traces.take_out(store, found, now)
        borne = "" if found.shared else found.name
        record.forget(store, person_id, _alone(found), now, own=[found.name, *said], name=borne)
        told = {"reason": found.cleaned(reason, named=True)} if reason else {}
        record.write(store, by, "person.erase", "person", person_id, now, **told)


def listed(store: Store) -> list[Row]:
    """Return who was erased, when and how far (person_id, at, everywhere), oldest first, and nothing else of them."""
    return store.query("select person_id, at, everywhere from erasure order by at, person_id")


def _close(store: Store, found: Traces, now: str, everywhere: bool) -> None:
    """Empty the account: nobody can log in, nothing is sent, no link and no calendar works, no role is held."""
    given = {"id": found.person_id, "email": found.email}
    for table in ("session", "membership", "feed", "identity", "login_step", "recovery_code", "second_factor"):
        store.execute(f"delete from {table} where person_id = :id", given)
    store.execute("delete from link where lower(email) = :email", given)
    buckets = [f"login:{found.email}", f"reset:{found.email}", f"password:{found.person_id}"]
    hashes = [hashlib.sha256(bucket.encode()).hexdigest() for bucket in buckets]
    store.execute("delete from attempt where bucket in :hashes", {"hashes": hashes})
    store.execute(
        """update person set email = :nowhere, name = :name, password_hash = null, keyboard_at = null,
                  digest_at = null, disabled_at = :now, erased_at = :now where id = :id""",
        {"id": found.person_id, "nowhere": f"{found.person_id}@{NOWHERE}", "name": ERASED_NAME, "now": now},
    )
    store.insert("erasure", {"person_id": found.person_id, "at": now, "everywhere": int(everywhere)})


def _hand_over(store: Store, cases: list[Row], now: str) -> None:
    """Give each open case to its substitute, else to the broker who holds fewest; without any broker it waits."""
    for case in cases:
        before = holders.of_case(store, case)
        brokers = {row["id"] for row in people.with_role(store, "broker")}
        heir = before["substitute_id"] if before["substitute_id"] in brokers else _least_busy(store, brokers)
        if heir:
            holders.hand(store, people.SYSTEM, case["id"], {"holder_id": heir, "substitute_id": ""}, now)


def _least_busy(store: Store, brokers: set[str]) -> str | None:
    held = store.query(
        f"""select coalesce(h.holder_id, p.proposed_by) as id, count(*) as n from pairing p
            left join case_holder h on h.pairing_id = p.id and h.replaced_at is null
            where {_OPEN} group by coalesce(h.holder_id, p.proposed_by)"""
    )
    counts = {row["id"]: row["n"] for row in held}
    return min(brokers, key=lambda one: (counts.get(one, 0), one), default=None)


def _unsay(store: Store, person_id: str) -> list[str]:
    """Take away what the person wrote in their own name; return those texts, for they may stand elsewhere too."""
    texts: list[str] = []
    keys = {table.name: table.key for table in store.tables()}
    for table, holding in HOLDINGS.items():
        for name, spec in holding.texts("said"):
            columns = " or ".join(f'"{one}" = :id' for one in spec.split("|"))
            for row in store.query(f'select * from "{table}" where {columns}', {"id": person_id}):
                key = {one: row[one] for one in keys[table]}
                if row[name] and writers.in_row(row, spec) == person_id:
                    texts.append(row[name])
                    where = " and ".join(f'"{one}" = :{one}' for one in key)
                    store.execute(f'update "{table}" set "{name}" = :text where {where}', {**key, "text": ERASED_TEXT})
    return [text for text in dict.fromkeys(texts) if len(text) >= SHORT]


def _mail(store: Store, found: Traces, said: list[str]) -> None:
    """Delete what waits for the person, blank whom was written to, and clean what waits for others."""
    where = "where lower(recipient) = :email"
    waits = "sent_at is null and dropped_at is null"
    store.execute(f"delete from outbox {where} and {waits}", {"email": found.email})
    store.execute(
        f"""update outbox set recipient = '', event = 'erased:' || id, params = '{{}}', error = null {where}""",
        {"email": found.email},
    )
    for row in store.query(f"select id, params, error from outbox where {waits}"):
        params = json.loads(row["params"])
        # Mail about what somebody did holds their name as a value of its own.
        named = found.name in params.values() or found.addressed(row["params"])
        params = _without(params, said) if named else params
        params = json.loads(found.cleaned(json.dumps(params, ensure_ascii=False), named))
        error = found.cleaned(row["error"], named) if row["error"] else None
        if params != json.loads(row["params"]) or error != row["error"]:
            store.execute(
                "update outbox set params = :params, error = :error where id = :id",
                {"id": row["id"], "params": json.dumps(params, ensure_ascii=False, sort_keys=True), "error": error},
            )


def _without(value: Any, said: list[str]) -> Any:
    """Return parameters of a mail without what the person had said in them."""
    if isinstance(value, str):
        return next((value.replace(text, ERASED_TEXT) for text in said if text in value), value)
    if isinstance(value, list):
        return [_without(part, said) for part in value]
    if isinstance(value, dict):
        return {name: _without(part, said) for name, part in value.items()}
    return value


def _uploads(store: Store, found: Traces) -> None:
    """Let go of files that wait to be imported and are the person's, name them, or cannot be looked into here.

    Not of one that is being read or imported just now: what it brings was meant after the person was here. Whoever
    sent a file that is let go reads why.
    """
    rows = store.query("select id, person_id, content from import_batch where length(content) > 0 and wanted is null")
    for row in rows:
        content = bytes(row["content"])
        packed = content.startswith(b"PK") or b"\x00" in content
        if packed or row["person_id"] == found.person_id or found.in_text(content.decode("utf8", "replace")):
            store.execute(
                "update import_batch set content = :none, error = :error where id = :id",
                {"none": b"", "error": json.dumps(["file_let_go", {}]), "id": row["id"]},
            )
