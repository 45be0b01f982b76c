"""What ends with a role or an account: links that were mailed while it held, and would let its holder back in.

A session reads the rights anew at every request; a link in an old mail does not. An invitation that lies unused would
give the role back to who lost it. Everybody on a side of a case gets the same link to its outcome form, so it ends for
all of them; who is still there finds the form on the own page, and is sent a new link while it waits for an answer.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import record

Row = dict[str, Any]
# By which roles a person is on a side of a case (`cases.sides`), and whose organisation that is.
_SIDES = {
    "owner": (("owner", "startup"), "select p.id from pairing p join need x on x.id = p.need_id"),
    "startup": (("startup",), "select p.id from pairing p join startup x on x.id = p.startup_id"),
}


def role(store: Store, membership: Row, by: str | None, now: str) -> None:
    """End what went with a membership that was just taken away: its row with the person's `email`."""
    held = store.query(
        "select role, organisation_id from membership where person_id = :id and revoked_at is null",
        {"id": membership["person_id"]},
    )
    _end(store, membership, held, by, now)


def account(store: Store, person_id: str, by: str | None, now: str) -> None:
    """End the same for every role of an account that was just closed, or is about to be erased."""
    rows = store.query(
        """select m.*, p.email from membership m join person p on p.id = m.person_id
           where m.person_id = :id and m.revoked_at is null order by m.granted_at, m.id""",
        {"id": person_id},
    )
    for row in rows:
        _end(store, row, [], by, now)
    _withdraw(
        store, "(created_by = :id or email = (select email from person where id = :id))", {"id": person_id}, by, now
    )


def _end(store: Store, membership: Row, held: list[Row], by: str | None, now: str) -> None:
    """`held`: the roles that the person has left."""
    _withdraw(
        store, "email = :email and organisation_id = :organisation and role = :role",
        {"email": membership["email"], "organisation": membership["organisation_id"], "role": membership["role"]},
        by, now,
    )  # fmt: skip
    if membership["role"] == "administrator" and not any(row["role"] == "administrator" for row in held):
        _withdraw(store, "created_by = :person", {"person": membership["person_id"]}, by, now)
    still = {row["role"] for row in held if row["organisation_id"] == membership["organisation_id"]}
    for side, (roles, cases) in _SIDES.items():
        if membership["role"] in roles and not still & set(roles):
            store.execute(
                f"""delete from outcome_link where side = :side and sent_at >= :since
                    and pairing_id in ({cases} where x.organisation_id = :organisation)""",
                {
                    "side": side,
                    "since": membership["granted_at"],
                    "organisation": membership["organisation_id"],
                },
            )


def _withdraw(store: Store, condition: str, params: Row, by: str | None, now: str) -> None:
    """Make unused invitations worthless; each stands in the record, like one that an administrator withdraws."""
    rows = store.query(
        f"""update link set used_at = :now where purpose = 'invite' and used_at is null and expires_at > :now
            and {condition} returning organisation_id, role""",
        {**params, "now": now},
    )
    for row in rows:
        record.write(
            store, by, "person.invite_withdrawn", "organisation", row["organisation_id"], now, role=row["role"]
        )
