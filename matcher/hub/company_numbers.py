"""Whose word a company's organisation number is: who gave it, when, and what it was before, as the record tells.

A company types its own number, and may type another's: until somebody at the hub has looked, it proves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..store import Store
from .clock import later

Row = dict[str, Any]
NEW_DAYS = 90
CONFIRMED = "organisation.number_confirmed"


def told_before(had: str | None) -> dict[str, Any]:
    """Return what a row of the record tells of the number that another one replaces.

    A sole trader's number is a person's, which the record would keep for good: of it only that there was one.
    """
    if not had:
        return {}
    return {"changed": ["orgnr"]} if is_personal(had) else {"before": had}


def is_personal(number: str) -> bool:
    """Whether a number is a person's: its third digit begins a month, a company's is 2 or more."""
    return number[2] < "2"


def origins(store: Store, organisation_ids: Iterable[str]) -> dict[str, Row]:
    """Return by organisation where its number comes from; who has none, or from before the record, is left out.

    `source` is company (typed by its own people), broker, administrator or import; `at` when, `before` the number that
    it replaced, where that may be told, and `changed` whether it replaced any. One query.
    """
    rows = store.query(
        """select a.subject_id, a.at, a.action, a.detail, a.person_id,
                  case when exists (select 1 from membership m where m.person_id = a.person_id and m.role = 'startup'
                                    and m.organisation_id = a.subject_id) then 1 else 0 end as own,
                  case when exists (select 1 from membership m where m.person_id = a.person_id
                                    and m.role = 'administrator') then 1 else 0 end as administrator,
                  case when exists (select 1 from membership m where m.person_id = a.person_id
                                    and m.role = 'broker') then 1 else 0 end as broker
           from audit a join organisation o on o.id = a.subject_id
           where a.kind = 'organisation' and a.subject_id in :ids and o.orgnr is not null
             and a.action in ('organisation.create', 'organisation.number', 'organisation.save', :confirmed)
           order by a.at, a.id""",
        {"ids": list(organisation_ids), "confirmed": CONFIRMED},
    )
    found: dict[str, Row] = {}
    for row in rows:
        detail = json.loads(row["detail"])
        if row["action"] != "organisation.save" or "orgnr" in detail.get("changed", ()):
            found[row["subject_id"]] = _origin(row, detail, found.get(row["subject_id"]))
    return found


def _origin(row: Row, detail: Row, earlier: Row | None) -> Row:
    typed, known = row["action"] == "organisation.number", earlier["number"] if earlier else ""
    # Rows from before `before` was kept: the number that the row before them gave.
    before = detail.get("before") or (known if known and not is_personal(known) else "")
    again = bool(before or detail.get("changed") or (earlier and earlier["action"] != "organisation.create"))
    return {
        "action": row["action"],
        "number": detail.get("orgnr") or (known if row["action"] == CONFIRMED else ""),
        "at": row["at"],
        "source": _source(row),
        "before": before if typed else "",
        "changed": typed and again,
    }


def _source(row: Row) -> str:
    if row["action"] in ("organisation.save", CONFIRMED):
        return "administrator"
    if row["action"] == "organisation.create":
        return "administrator" if row["administrator"] else "import"
    if row["person_id"] is None:
        return "import"
    return "broker" if row["broker"] and not row["own"] else "company"


def typed_itself(store: Store, organisation_ids: Iterable[str]) -> set[str]:
    """Return those organisations whose number is their own people's word alone."""
    ids = list(organisation_ids)
    return {one for one, row in origins(store, ids).items() if row["source"] == "company"} if ids else set()


def doubtful(origin: Row | None, now: str) -> bool:
    """Whether a number proves little: the company typed it itself, not long ago or in place of another."""
    if not origin or origin["source"] != "company":
        return False
    return origin["changed"] or origin["at"] > later(now, days=-NEW_DAYS)
