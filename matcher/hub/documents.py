"""Every paper of a case on one list, with its day and who: agreements, signatures, what the testbed asked for, aid.

The files themselves are handed out by the pages that own them; here stands that there is one, and whose it is. Four
queries, however many papers there are.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from .people import Viewer
from .permissions import can

Row = dict[str, Any]


def of_case(store: Store, viewer: Viewer, case: Row) -> list[Row]:
    """Return the papers of a case that a person may read, the newest first.

    Each has `kind` (agreement, signature, prerequisite or aid), `at`, `who` (a name or None) and what its kind tells:
    `number` of an agreement, `side`, `name` and `file_name` of a signature, `what` and `note` of a prerequisite,
    `organisation_id` of the company whose certificate it is.
    """
    rows = [
        *_agreements(store, viewer, case),
        *_signatures(store, case),
        *_met(store, case),
        *_aid(store, viewer, case),
    ]
    return sorted(rows, key=lambda row: (row["at"], row["kind"]), reverse=True)


def _agreements(store: Store, viewer: Viewer, case: Row) -> list[Row]:
    """Return the agreements; a draft only to brokers, as on its own page."""
    rows = store.query(
        """select a.number, a.sent_at, coalesce(a.sent_at, a.drafted_at) as at, coalesce(s.name, d.name) as who,
                  a.in_force_at, a.withdrawn_at, a.ended_at, a.starts_on, a.ends_on
           from agreement a left join person s on s.id = a.sent_by left join person d on d.id = a.drafted_by
           where a.pairing_id = :id""",
        {"id": case["id"]},
    )
    return [{**row, "kind": "agreement"} for row in rows if row["sent_at"] or viewer.has("broker")]


def _signatures(store: Store, case: Row) -> list[Row]:
    rows = store.query(
        """select a.number, s.side, s.name, s.title, s.method, s.file_name, s.at, p.name as who
           from signature s join agreement a on a.id = s.agreement_id left join person p on p.id = s.person_id
           where a.pairing_id = :id""",
        {"id": case["id"]},
    )
    return [{**row, "kind": "signature"} for row in rows]


def _met(store: Store, case: Row) -> list[Row]:
    rows = store.query(
        """select q.kind as asked, q.text as what, m.note, m.met_at as at, p.name as who from prerequisite_met m
           join prerequisite q on q.id = m.prerequisite_id left join person p on p.id = m.met_by
           where m.pairing_id = :id and m.undone_at is null""",
        {"id": case["id"]},
    )
    return [{**row, "kind": "prerequisite"} for row in rows]


def _aid(store: Store, viewer: Viewer, case: Row) -> list[Row]:
    """Return the rows of the register that the case gave rise to: each is in the company's certificate."""
    rows = store.query(
        """select a.organisation_id, a.amount, a.given_on, a.at, p.name as who from state_aid a
           left join person p on p.id = a.person_id where a.pairing_id = :id and a.cancelled_at is null""",
        {"id": case["id"]},
    )
    return [{**row, "kind": "aid"} for row in rows if can(viewer, "aid.view", row)]
