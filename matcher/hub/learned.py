"""What was learned from decisions, as plain numbers: each row a version with its date, its sample and its scoring.

- chance: how likely a match is to be taken up. The newest of a scoring version counts.
- weights: of the parts of the score. A row is a candidate that changes nothing until an administrator adopts it; one
  at a time counts, and rolling back brings the one before, if it is of the same scoring and model.
- off: while such a row stands, learning is switched off and no learned weights count.

The pages' rankings follow at once: each change takes a number of the change feed, which they watch.
"""

from __future__ import annotations

import json
from typing import Any

from ..store import Store
from . import record
from .errors import Conflict, Denied, NotFound
from .ids import new_id
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
_LIVE = "adopted_at is not null and retired_at is null"


def keep(store: Store, kind: str, scoring: str, model: str, decisions: int, content: dict[str, Any], now: str) -> int:
    """Keep a new version and return its number; it was made of so many decisions under one scoring version."""
    with store.atomic():
        record.next_seq(store)  # locks: two workers never take the same number
        row = _insert(store, kind, now, scoring=scoring, model=model, decisions=decisions, content=content)
        record.write(
            store, None, f"{kind}.learn", "learned", row["id"], now,
            number=row["number"], scoring=scoring, decisions=decisions,
        )  # fmt: skip
    return row["number"]


def _insert(store: Store, kind: str, now: str, content: dict[str, Any], **columns: Any) -> Row:
    last = store.query("select max(number) as n from learned where kind = :kind", {"kind": kind})[0]["n"]
    row = {"id": new_id(), "kind": kind, "number": (last or 0) + 1, "made_at": now, **columns}
    row["content"] = json.dumps(content, ensure_ascii=False, sort_keys=True, allow_nan=False)
    store.insert("learned", row)
    return row


def latest(store: Store, kind: str, scoring: str, model: str) -> Row | None:
    """Return the newest version made under this scoring version and model, with its `content` read, or None."""
    rows = store.query(
        """select * from learned where kind = :kind and scoring = :scoring and model = :model
           order by number desc limit 1""",
        {"kind": kind, "scoring": scoring, "model": model},
    )
    return _read(rows[0]) if rows else None


def numbered(store: Store, kind: str, number: int) -> Row | None:
    """Return one version by its number, or None: a ranking of years ago names it in its scoring version."""
    rows = store.query(
        "select * from learned where kind = :kind and number = :number", {"kind": kind, "number": number}
    )
    return _read(rows[0]) if rows else None


def listing(store: Store, kind: str, most: int = 20) -> list[Row]:
    """Return the newest versions of a kind, newest first, each with the name of who adopted and who retired it."""
    rows = store.query(
        """select l.*, a.name as adopted_by_name, r.name as retired_by_name
           from learned l left join person a on a.id = l.adopted_by left join person r on r.id = l.retired_by
           where l.kind = :kind order by l.number desc limit :most""",
        {"kind": kind, "most": most},
    )
    return [_read(row) for row in rows]


def standing(store: Store) -> dict[str, Row]:
    """Return what counts now, by kind: `weights` that are adopted, `off` while learning is switched off."""
    return {row["kind"]: _read(row) for row in store.query(f"select * from learned where {_LIVE}")}


def load(store: Store, viewer: Viewer | None, learned_id: str) -> Row:
    """Return one version of the weights, for administrators; raise NotFound."""
    rows = store.query("select * from learned where id = :id and kind = 'weights'", {"id": learned_id})
    if not rows or not can(viewer, "admin"):
        raise NotFound("learned")
    return _read(rows[0])


def adopt(store: Store, viewer: Viewer, learned_id: str, scoring: str, model: str, now: str) -> Row:
    """Let a candidate's weights count from now on, under the present `scoring` and `model`; return its row.

    Weights that were rolled back may be adopted again. Raises Conflict when they count already, when newer ones were
    made, when they were made for another scoring version or model or were no better where they were tried, or while
    learning is off.
    """
    with viewer.deciding(store):
        record.next_seq(store)  # locks, and tells the rankings
        row, live = load(store, viewer, learned_id), standing(store)
        _refuse(store, row, live, scoring, model)
        before = live.get("weights")
        if before:
            _retire(store, viewer, before, now)
        store.execute(
            """update learned set adopted_at = :now, adopted_by = :by, replaces = :replaces, retired_at = null,
                      retired_by = null where id = :id""",
            {"now": now, "by": viewer.person_id, "replaces": before and before["number"], "id": row["id"]},
        )
        record.write(
            store, viewer.person_id, "weights.adopt", "learned", row["id"], now,
            number=row["number"], weights=row["content"]["weights"], replaces=before and before["number"],
        )  # fmt: skip
    return row


def _refuse(store: Store, row: Row, live: dict[str, Row], scoring: str, model: str) -> None:
    if "off" in live:
        raise Conflict("learning_off")
    if row["adopted_at"] and not row["retired_at"]:
        raise Conflict("weights_adopted", number=row["number"])
    if row["scoring"] != scoring:
        raise Conflict("weights_of_another_scoring", scoring=row["scoring"])
    if row["model"] != model:
        raise Conflict("weights_of_another_model")
    if not row["content"]["trial"]["better"]:
        raise Conflict("weights_not_better", number=row["number"])
    newest = latest(store, "weights", row["scoring"], row["model"])
    if newest and newest["number"] != row["number"]:
        raise Conflict("weights_replaced", number=newest["number"])


def roll_back(store: Store, viewer: Viewer, number: int, scoring: str, model: str, now: str) -> tuple[Row, Row | None]:
    """Take the adopted version `number` back; return it and what counts instead (None: the built-in weights).

    The weights before, which the row names in `replaces`, count again only when they were learned for the present
    `scoring` and `model`. Raises Conflict when none are adopted, or others than who asks has seen: a second click would
    take back the version before as well.
    """
    if not can(viewer, "admin"):
        raise Denied("denied")
    with viewer.deciding(store):
        record.next_seq(store)
        row = standing(store).get("weights")
        if row is None:
            raise Conflict("weights_not_adopted")
        if row["number"] != number:
            raise Conflict("weights_changed", number=row["number"])
        _retire(store, viewer, row, now)
        before = row["replaces"] and numbered(store, "weights", row["replaces"])
        if before and (before["scoring"], before["model"]) != (scoring, model):
            before = None
        if before:
            store.execute(
                "update learned set retired_at = null, retired_by = null where id = :id", {"id": before["id"]}
            )
        record.write(
            store, viewer.person_id, "weights.roll_back", "learned", row["id"], now,
            number=row["number"], instead=before["number"] if before else None,
        )  # fmt: skip
    return row, before or None


def _retire(store: Store, viewer: Viewer, row: Row, now: str) -> None:
    store.execute(
        "update learned set retired_at = :now, retired_by = :by where id = :id",
        {"now": now, "by": viewer.person_id, "id": row["id"]},
    )


def switch(store: Store, viewer: Viewer, on: bool, now: str) -> bool:
    """Switch learning on or off and return whether that changed anything. Off: the built-in weights count."""
    if not can(viewer, "admin"):
        raise Denied("denied")
    with viewer.deciding(store):
        record.next_seq(store)
        off = standing(store).get("off")
        if on == (off is None):
            return False
        if off:
            _retire(store, viewer, off, now)
            record.write(store, viewer.person_id, "learning.on", "learned", off["id"], now)
        else:
            by = {"adopted_at": now, "adopted_by": viewer.person_id}
            row = _insert(store, "off", now, {}, scoring="", model="", decisions=0, **by)
            record.write(store, viewer.person_id, "learning.off", "learned", row["id"], now)
    return True


def _read(row: Row) -> Row:
    return {**row, "content": json.loads(row["content"])}
