"""Who wrote a text: by the columns of its row, or by the record where the row does not say (see `personal`)."""

from __future__ import annotations

import json
from typing import Any

from ..store import Store

Row = dict[str, Any]


def in_row(row: Row, spec: str) -> str | None:
    """Return the id of whoever wrote a text, by its own row; None when that does not say."""
    return next((row[name] for name in spec.split("|") if row.get(name)), None)


def by_record(store: Store, spec: str, person_id: str) -> set[str]:
    """Return the ids of the things to which a person was the last to do what an `@action/key=value` means."""
    action, _, condition = spec.removeprefix("@").partition("/")
    name, _, value = condition.partition("=")
    rows = store.query(
        """select a.person_id, a.subject_id, a.detail from audit a where a.action = :action and a.subject_id in (
               select b.subject_id from audit b where b.action = :action and b.person_id = :person)
           order by a.at, a.id""",
        {"action": action, "person": person_id},
    )
    last: dict[str, str] = {}
    for row in rows:
        if not name or json.loads(row["detail"]).get(name) == value:
            last[row["subject_id"]] = row["person_id"]
    return {subject for subject, writer in last.items() if writer == person_id}
