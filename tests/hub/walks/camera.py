"""What a walk looks at: the tables of the hub, read by plain SQL over a connection of its own.

Nothing of `matcher.hub` is asked, so that a rule which is wrong there is not wrong here in the same way.
"""

from __future__ import annotations

from typing import Any

import psycopg
from sqlite_utils.utils import sqlite3  # the store's own: two copies in one process would break each other's locks

Row = dict[str, Any]
Photo = dict[str, dict[str, Row]]

_OF_CASE = "from TABLE t join pairing c on c.id = t.pairing_id where c.need_id in {needs}"
_OF_PILOT = """from TABLE t join pilot on pilot.id = t.pilot_id join pairing c on c.id = pilot.pairing_id
    where c.need_id in {needs}"""
TABLES = {
    "need": "select t.id, t.organisation_id, t.closed_at, t.valid_until from need t where t.id in {needs}",
    "startup": """select t.id, t.organisation_id, t.published_at, t.hidden_at, t.merged_into, t.capacity from startup t
                  where t.id in {startups}""",
    "testbed": """select t.id, t.organisation_id, t.places, t.buffer_days, t.staff_hours, t.answer_days, t.withdrawn_at
                  from testbed t where t.id in {testbeds}""",
    "testbed_closure": "select t.* from testbed_closure t where t.testbed_id in {testbeds}",
    "prerequisite": "select t.* from prerequisite t where t.testbed_id in {testbeds}",
    "conflict": "select t.* from conflict t where t.need_id in {needs}",
    "pairing": "select t.* from pairing t where t.need_id in {needs}",
    **{
        name: "select t.* " + _OF_CASE.replace("TABLE", name)
        for name in ("access", "agreement", "prerequisite_met", "pilot", "outcome", "outcome_company", "outcome_link")
    },
    **{name: "select t.* " + _OF_PILOT.replace("TABLE", name) for name in ("indicator", "incident", "feedback_round")},
    "reading": """select t.*, i.pilot_id from reading t join indicator i on i.id = t.indicator_id
                  join pilot on pilot.id = i.pilot_id join pairing c on c.id = pilot.pairing_id
                  where c.need_id in {needs}""",
    "signature": """select t.* from signature t join agreement a on a.id = t.agreement_id
                    join pairing c on c.id = a.pairing_id where c.need_id in {needs}""",
    "booking": "select t.* from booking t where t.testbed_id in {testbeds}",
    **{
        name: f"select t.* from {name} t join booking b on b.id = t.booking_id where b.testbed_id in {{testbeds}}"
        for name in ("booking_question", "booking_met")
    },
    "kept": """select 'kept' as id, (select count(*) from audit) as audit, (select count(*) from outbox) as outbox""",
}
_AFTER = {
    **dict.fromkeys(("access", "agreement", "pilot", "outcome", "outcome_company", "outcome_link"), ("pairing",)),
    **dict.fromkeys(("indicator", "incident", "feedback_round"), ("pilot",)),
    "prerequisite_met": ("prerequisite",), "reading": ("indicator",), "signature": ("agreement",),
    "booking_question": ("booking",), "booking_met": ("booking", "prerequisite"),
}  # fmt: skip
_KEYS = {"signature": ("agreement_id", "side"), "outcome_link": ("token_hash",)}


class Camera:
    """Reads the tables of a hub beside the hub, over a connection of its own."""

    def __init__(self, url: str) -> None:
        scheme, _, place = url.partition(":///")
        self._connection: Any = (
            sqlite3.connect(place, isolation_level=None)
            if scheme == "sqlite"
            else psycopg.connect(url, autocommit=True)
        )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def photograph(self, **ids: list[str]) -> Photo:
        """Return the rows of a walk by table and key; `ids`: its needs, startups and testbeds."""
        named = {name: "(" + ", ".join(f"'{one}'" for one in some) + ")" for name, some in ids.items()}
        photo: Photo = {}
        for name, sql in TABLES.items():
            asked = all(photo[other] for other in _AFTER.get(name, ()))  # no agreement, no signature: not asked for
            photo[name] = self._rows(name, sql.format(**named)) if asked else {}
        return photo

    def _rows(self, name: str, sql: str) -> dict[str, Row]:
        cursor = self._connection.execute(sql)
        columns = [column[0] for column in cursor.description]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        return {"/".join(row[key] for key in _KEYS.get(name, ("id",))): row for row in rows}
