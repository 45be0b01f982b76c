"""Agreements: drafted → sent → signed by each side → in force → ended. Before one is in force nobody gets access.

When is an agreement in force? When the last of its sides has signed the very paper that was sent (`signatures.py`).
One agreement of a case may be in preparation and one in force at a time; a new one takes the place of the old when
it is signed. The terms are data, the paper is made from them and from a template of the hub (`exchange`), and what
was sent is kept byte for byte: a signature names its hash.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ..store import Store
from . import fields, locks, parties, record
from .clock import day
from .errors import Conflict, Denied, Invalid, NotFound, Stale
from .ids import new_id
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
PAYMENTS = ("free", "paid", "milestones", "result")
FUNDS = ("own", "national", "european", "startup", "other")
OWNERS = ("startup", "owner", "joint", "each")
LANGUAGES = ("sv", "en")
AMOUNT = (1, 500_000_000)

# What stands in a new draft, and is told to both sides before they answer: the sides may agree on something else.
USUAL_OWNER = "startup"

_COLUMNS = """id, pairing_id, number, language, template_id, terms, starts_on, ends_on, drafted_at, drafted_by,
    revision, paper_hash, sent_at, sent_by, in_force_at, withdrawn_at, withdrawn_by, ended_at, ended_by, note"""


class Terms(fields.Content):
    """What the sides agree on. Amounts are whole kronor; days are ISO text."""

    purpose: fields.Text = ""
    owner_does: fields.Text = ""
    startup_does: fields.Text = ""
    host_does: fields.Text = ""
    owner_brings: fields.Text = ""
    startup_brings: fields.Text = ""
    results_owner: fields.choice("results_owner", frozenset(OWNERS)) = None
    results_use: fields.Text = ""
    data: fields.Text = ""
    liability: fields.Text = ""
    payment: fields.choice("payment", frozenset(PAYMENTS)) = None
    amount: fields.number(*AMOUNT) = None
    payment_terms: fields.Text = ""
    funds: fields.choice("funds", frozenset(FUNDS)) = None
    starts_on: fields.Day = None
    ends_on: fields.Day = None
    language: fields.choice("language", frozenset(LANGUAGES)) = None
    template_id: fields.Line = ""


# Without these an agreement is not sent; the draft may be saved without them.
NEEDED = (
    "purpose", "owner_does", "startup_does", "results_owner", "results_use", "data", "liability", "payment", "funds",
)  # fmt: skip
_CHOSEN = ("results_owner", "payment", "funds")


def sides(case: Row) -> list[str]:
    """Return who must sign: owner, startup, and the host where it is an organisation of its own."""
    others = (case["owner_organisation"], case["startup_organisation"])
    host = case["testbed_id"] and case["host_organisation"] not in others
    return ["owner", "startup", *(["host"] if host else [])]


def signing_parties(store: Store, case: Row) -> dict[str, Row]:
    """Return name and organisation number of the organisations behind owner, startup and host, as they are now."""
    ids = {side: case[f"{side}_organisation"] for side in ("owner", "startup", "host")}
    rows = store.query(
        "select id, name, orgnr from organisation where id in :ids", {"ids": [one for one in ids.values() if one]}
    )
    known = {row["id"]: row for row in rows}
    return {side: known[one] for side, one in ids.items() if one in known}


def status(row: Row, now: str) -> str:
    """Return drafted, sent, withdrawn, in_force, over (its last day has passed) or ended."""
    if row["withdrawn_at"]:
        return "withdrawn"
    if row["ended_at"]:
        return "ended"
    if row["in_force_at"]:
        return "over" if row["ends_on"] < day(now) else "in_force"
    return "sent" if row["sent_at"] else "drafted"


def of_case(store: Store, pairing_id: str) -> list[Row]:
    """Return the agreements of a case without their papers, newest first, `terms` parsed."""
    rows = store.query(
        f"select {_COLUMNS} from agreement where pairing_id = :id order by number desc", {"id": pairing_id}
    )
    return [{**row, "terms": json.loads(row["terms"])} for row in rows]


def load(store: Store, pairing_id: str, number: int) -> Row:
    """Return one agreement of a case, `terms` parsed; raise NotFound."""
    found = [row for row in of_case(store, pairing_id) if row["number"] == number]
    if not found:
        raise NotFound("agreement")
    return found[0]


def paper(store: Store, agreement_id: str) -> bytes:
    """Return the paper that was sent, as it was sent; raise NotFound while nothing is sent."""
    rows = store.query("select paper from agreement where id = :id and paper is not null", {"id": agreement_id})
    if not rows:
        raise NotFound("agreement")
    return bytes(rows[0]["paper"])


def signed(store: Store, pairing_id: str, now: str) -> Row | None:
    """Return the agreement that all have signed and nobody has ended, whatever its days, or None."""
    rows = store.query(
        f"""select {_COLUMNS} from agreement where pairing_id = :id and in_force_at is not null and in_force_at <= :now
            and ended_at is null""",
        {"id": pairing_id, "now": now},
    )
    return {**rows[0], "terms": json.loads(rows[0]["terms"])} if rows else None


def draft(store: Store, viewer: Viewer, pairing_id: str, given: Row, now: str) -> int:
    """Begin an agreement from terms as they were typed and return its number; only a confirmed case can have one."""
    terms = fields.validate(Terms, given)
    with viewer.deciding(store):
        case = _held(store, viewer, pairing_id)
        if not case["confirmed_at"] or case["ended_at"]:
            raise Conflict("agreement_no_place")
        waiting = [row for row in of_case(store, pairing_id) if not row["in_force_at"] and not row["withdrawn_at"]]
        if waiting:
            raise Conflict("agreement_waiting", number=waiting[0]["number"])
        _check_days(terms, case)
        _check_template(store, terms)
        number = store.query(
            "select coalesce(max(number), 0) + 1 as n from agreement where pairing_id = :id", {"id": pairing_id}
        )[0]["n"]
        row = {
            "id": new_id(), "pairing_id": pairing_id, "number": number, "drafted_at": now,
            "drafted_by": viewer.person_id, **_stored(terms),
        }  # fmt: skip
        store.insert("agreement", row)
        record.write(
            store, viewer.person_id, "agreement.draft", "pairing", pairing_id, now, number=number, visible="brokers"
        )
    return number


def change(store: Store, viewer: Viewer, pairing_id: str, number: int, given: Row, revision: int, now: str) -> None:
    """Save other terms while nothing is sent; raise Stale when somebody saved in between."""
    terms = fields.validate(Terms, given)
    with viewer.deciding(store):
        case = _held(store, viewer, pairing_id)
        row = _drafted(store, pairing_id, number)
        if row["revision"] != revision:
            raise Stale("stale", current=row)
        _check_days(terms, case)
        _check_template(store, terms)
        changed = {**_stored(terms), "revision": revision + 1, "id": row["id"]}
        store.execute(
            f"update agreement set {', '.join(f'{name} = :{name}' for name in changed if name != 'id')} where id = :id",
            changed,
        )
        record.write(
            store, viewer.person_id, "agreement.change", "pairing", pairing_id, now, number=number, visible="brokers"
        )


def unready(terms: Row) -> list[str]:
    """Return the fields that must be filled in before an agreement is sent."""
    missing = [name for name in NEEDED if not terms.get(name)]
    return missing + ([] if terms.get("payment") in (None, "free") or terms.get("amount") else ["amount"])


def send(store: Store, viewer: Viewer, pairing_id: str, number: int, paper: bytes, revision: int, now: str) -> None:
    """Send the paper that was made of the terms at `revision` to those who sign it; it is not changed after that."""
    with viewer.deciding(store):
        case = _held(store, viewer, pairing_id)
        row = _drafted(store, pairing_id, number)
        if row["revision"] != revision:
            raise Stale("stale", current=row)
        missing = unready(row["terms"])
        if missing:
            codes = {name: "required_choice" if name in _CHOSEN else "required" for name in missing}
            raise Invalid({name: (code, {}) for name, code in codes.items()})
        _check_days(fields.validate(Terms, row["terms"]), case)
        store.execute(
            """update agreement set paper = :paper, paper_hash = :hash, sent_at = :now, sent_by = :by
               where id = :id""",
            {
                "paper": paper, "hash": hashlib.sha256(paper).hexdigest(), "now": now, "by": viewer.person_id,
                "id": row["id"],
            },
        )  # fmt: skip
        parties.tell(store, viewer, case, sides(case), "agreement_sent", now, number=number)
        # Who owns what comes out is decided case by case, and stands in the record by itself.
        record.write(
            store, viewer.person_id, "agreement.send", "pairing", pairing_id, now,
            number=number, results_owner=row["terms"]["results_owner"], payment=row["terms"]["payment"],
        )  # fmt: skip


def withdraw(store: Store, viewer: Viewer, pairing_id: str, number: int, note: str, now: str) -> None:
    """Take back an agreement that is not in force; who has signed it is told why."""
    note = fields.written("note", note)
    with viewer.deciding(store):
        case = _held(store, viewer, pairing_id)
        row = load(store, pairing_id, number)
        if row["withdrawn_at"]:
            raise Conflict("agreement_withdrawn", number=number, at=row["withdrawn_at"])
        if row["in_force_at"]:
            raise Conflict("agreement_in_force", number=number, at=row["in_force_at"])
        store.execute(
            "update agreement set withdrawn_at = :now, withdrawn_by = :by, note = :note where id = :id",
            {"now": now, "by": viewer.person_id, "note": note, "id": row["id"]},
        )
        if row["sent_at"]:
            parties.tell(store, viewer, case, sides(case), "agreement_withdrawn", now, number=number, note=note)
        visible = {} if row["sent_at"] else {"visible": "brokers"}  # the others never knew of a draft
        record.write(
            store, viewer.person_id, "agreement.withdraw", "pairing", pairing_id, now, number=number, note=note,
            **visible,
        )  # fmt: skip


def end(store: Store, viewer: Viewer, pairing_id: str, number: int, note: str, now: str) -> None:
    """End an agreement that is in force, with a reason; the place may not be used from this moment on."""
    note = fields.written("note", note)
    with viewer.deciding(store):
        case = _held(store, viewer, pairing_id)
        row = load(store, pairing_id, number)
        if not row["in_force_at"]:
            raise Conflict("agreement_not_in_force", number=number)
        if row["ended_at"]:
            raise Conflict("agreement_ended", number=number, at=row["ended_at"])
        store.execute(
            "update agreement set ended_at = :now, ended_by = :by, note = :note where id = :id",
            {"now": now, "by": viewer.person_id, "note": note, "id": row["id"]},
        )
        parties.tell(store, viewer, case, (*sides(case), "broker"), "agreement_ended", now, number=number, note=note)
        record.write(store, viewer.person_id, "agreement.end", "pairing", pairing_id, now, number=number, note=note)


def _held(store: Store, viewer: Viewer, pairing_id: str) -> Row:
    """Lock the case and return it; raise Denied for who may not keep its agreements."""
    case = locks.case(store, pairing_id)
    if not can(viewer, "agreement.keep", case):
        raise Denied("denied")
    return case


def _drafted(store: Store, pairing_id: str, number: int) -> Row:
    row = load(store, pairing_id, number)
    if row["withdrawn_at"]:
        raise Conflict("agreement_withdrawn", number=number, at=row["withdrawn_at"])
    if row["sent_at"]:
        raise Conflict("agreement_sent", number=number, at=row["sent_at"])
    return row


def _check_days(terms: Terms, case: Row) -> None:
    """Raise Invalid unless the agreement covers the booked period."""
    errors: dict[str, tuple[str, Row]] = {}
    for name in ("starts_on", "ends_on"):
        if not getattr(terms, name):
            errors[name] = ("required_day", {})
    if not errors and terms.ends_on < terms.starts_on:
        errors["ends_on"] = ("period", {})
    elif not errors and terms.starts_on > case["starts_on"]:
        errors["starts_on"] = ("agreement_covers", {"starts_on": case["starts_on"], "ends_on": case["ends_on"]})
    elif not errors and terms.ends_on < case["ends_on"]:
        errors["ends_on"] = ("agreement_covers", {"starts_on": case["starts_on"], "ends_on": case["ends_on"]})
    if errors:
        raise Invalid(errors)


def _check_template(store: Store, terms: Terms) -> None:
    params = {"id": terms.template_id}
    if terms.template_id and not store.query(
        "select id from agreement_template where id = :id and retired_at is null", params
    ):
        raise Invalid({"template_id": ("required_choice", {})})


def _stored(terms: Terms) -> Row:
    given = terms.model_dump()
    return {
        "terms": json.dumps(given, ensure_ascii=False, sort_keys=True),
        "starts_on": terms.starts_on,
        "ends_on": terms.ends_on,
        "language": terms.language or "sv",
        "template_id": terms.template_id or None,
    }


def usual(case: Row) -> Row:
    """Return what a new draft holds for a case: its days, and the hub's usual answer to who owns the results."""
    return {
        "starts_on": case["starts_on"], "ends_on": case["ends_on"], "results_owner": USUAL_OWNER, "payment": "free",
        "funds": "own", "language": case["need_language"] if case["need_language"] in LANGUAGES else "sv",
    }  # fmt: skip
