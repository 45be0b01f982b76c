"""Signing an agreement: each side once, the very paper that was sent. The last signature puts it in force.

A side signs by its own hand on the page (`recorded`), or a signed file is uploaded (`upload`), by the side or by a
broker who holds the paper. The row names the person who signed, who wrote it down, when, and the paper's hash.
"""

from __future__ import annotations

import re
from typing import Any

from ..store import Store
from . import agreements, cases, fields, locks, parties, record
from .errors import Conflict, Denied, Invalid
from .lettering import visible
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
FILE_LIMIT = 10_000_000  # bytes
# What a signed file may be, by its first bytes: PDF, PNG, JPEG, and the ZIP of DOCX and ASiC.
_KINDS = {
    "application/pdf": b"%PDF-",
    "image/png": b"\x89PNG",
    "image/jpeg": b"\xff\xd8\xff",
    "application/zip": b"PK\x03\x04",
}


# How the name of each kind may end: a file that is a PDF to us and a program to whoever opens it is called a PDF.
ENDINGS = {
    "application/pdf": (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "application/zip": (".zip", ".docx", ".asice", ".asics", ".sce", ".scs"),
}


class _Signer(fields.Content):
    name: fields.Name
    title: fields.Line = ""


def of_agreement(store: Store, agreement_id: str) -> list[Row]:
    """Return the signatures without their files, oldest first, each with who wrote it down (`person`)."""
    return store.query(
        """select s.agreement_id, s.side, s.name, s.title, s.method, s.paper_hash, s.file_name, s.at, p.name as person
           from signature s left join person p on p.id = s.person_id
           where s.agreement_id = :id order by s.at, s.side""",
        {"id": agreement_id},
    )


def missing(store: Store, case: Row, agreement_id: str) -> list[str]:
    """Return the sides whose signature an agreement still lacks."""
    signed = {row["side"] for row in of_agreement(store, agreement_id)}
    return [side for side in agreements.sides(case) if side not in signed]


def file(store: Store, agreement_id: str, side: str = "") -> tuple[str, bytes] | None:
    """Return name and content of a side's uploaded file, or of the first one; None where there is none."""
    rows = store.query(
        """select file_name, file from signature
           where agreement_id = :id and (side = :side or :side = '') and file is not null order by at, side""",
        {"id": agreement_id, "side": side},
    )
    return (rows[0]["file_name"], bytes(rows[0]["file"])) if rows else None


def media_type(content: bytes) -> str | None:
    """Return the media type of a signed file by its first bytes, or None for one that is not taken."""
    return next((kind for kind, mark in _KINDS.items() if content.startswith(mark)), None)


def named(name: str, content: bytes) -> str:
    """Return a file's name as others may be handed it: no folder, nothing hidden in it, and the ending of its kind."""
    endings = ENDINGS[media_type(content) or ""]
    plain = " ".join(visible(re.split(r"[/\\]", name)[-1]).split())[-200:].strip(". ") or "file"
    return plain if plain.lower().endswith(endings) else plain[-190:] + endings[0]


def sign(
    store: Store, viewer: Viewer, pairing_id: str, number: int, side: str, given: Row, paper_hash: str, now: str,
    upload: tuple[str, bytes] | None = None, may_sign: bool = True,
) -> bool:  # fmt: skip
    """Record a side's signature and return whether the agreement is in force by it.

    given: `name` and `title` of the person who signed. paper_hash: of the paper that was shown or signed; another
    one raises Conflict. may_sign: that the signer said so; without an upload it is needed.
    """
    signer = _checked(given, upload, may_sign)
    with viewer.deciding(store):
        case = locks.case(store, pairing_id)
        if side not in agreements.sides(case):
            raise Denied("denied")
        own = side in cases.sides(viewer, case)
        if not can(viewer, "agreement.sign", case) or not (own or (upload and viewer.has("broker"))):
            raise Denied("denied")
        row = _open(store, case, pairing_id, number)
        if row["paper_hash"] != paper_hash:
            raise Conflict("agreement_other_paper", number=number)
        before = [one for one in of_agreement(store, row["id"]) if one["side"] == side]
        if before:
            raise Conflict("agreement_signed", person=before[0]["name"], at=before[0]["at"])
        store.insert(
            "signature",
            {
                "agreement_id": row["id"], "side": side, "person_id": viewer.person_id, "name": signer.name,
                "title": signer.title, "method": "upload" if upload else "recorded", "paper_hash": paper_hash,
                "file_name": named(*upload) if upload else None, "file": upload[1] if upload else None, "at": now,
            },
        )  # fmt: skip
        record.write(
            store, viewer.person_id, "agreement.sign", "pairing", pairing_id, now,
            number=number, side=side, name=signer.name, paper=paper_hash[:12],
        )  # fmt: skip
        if missing(store, case, row["id"]):
            parties.tell(store, viewer, case, (*agreements.sides(case), "broker"), "agreement_signed", now,
                         number=number, side=side)  # fmt: skip
            return False
        _put_in_force(store, viewer, case, row, now)
    return True


def _checked(given: Row, upload: tuple[str, bytes] | None, may_sign: bool) -> _Signer:
    errors: dict[str, tuple[str, Row]] = {}
    try:
        signer = fields.validate(_Signer, given)
    except Invalid as error:
        errors = dict(error.errors)
    if upload and len(upload[1]) > FILE_LIMIT:
        errors["file"] = ("file_large", {"limit": FILE_LIMIT // 1_000_000})
    elif upload and media_type(upload[1]) is None:
        errors["file"] = ("file_kind", {})
    elif not upload and not may_sign:
        errors["may_sign"] = ("required_may_sign", {})
    if errors:
        raise Invalid(errors)
    return signer


def _open(store: Store, case: Row, pairing_id: str, number: int) -> Row:
    """Return the agreement when it can be signed, else raise Conflict with what stands in the way."""
    row = agreements.load(store, pairing_id, number)
    if case["ended_at"]:
        raise Conflict("pairing_ended", person=case["ender"] or "", at=case["ended_at"])
    if row["withdrawn_at"]:
        raise Conflict("agreement_withdrawn", number=number, at=row["withdrawn_at"])
    if not row["sent_at"]:
        raise Conflict("agreement_not_sent", number=number)
    if row["in_force_at"]:
        raise Conflict("agreement_in_force", number=number, at=row["in_force_at"])
    return row


def _put_in_force(store: Store, viewer: Viewer, case: Row, row: Row, now: str) -> None:
    """Put an agreement in force that all have signed; the one before it ends by that."""
    replaced = store.query(
        """update agreement set ended_at = :now where pairing_id = :id and in_force_at is not null and ended_at is null
           returning number""",
        {"now": now, "id": case["id"]},
    )
    store.execute("update agreement set in_force_at = :now where id = :id", {"now": now, "id": row["id"]})
    parties.tell(
        store, viewer, case, (*agreements.sides(case), "broker"), "agreement_in_force", now, number=row["number"]
    )
    replaces = {"replaces": replaced[0]["number"]} if replaced else {}
    record.write(
        store, viewer.person_id, "agreement.in_force", "pairing", case["id"], now, number=row["number"], **replaces
    )
