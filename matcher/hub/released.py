"""The cases that both sides have released, as the public reads them: how far each came and what it is worth.

Texts and names are those that the sides read and said yes to (`releases.py`); the figures follow the case and its
answers from day to day. Nothing else of a case leaves the hub: no names of people, no notes, no company figures.
"""

from __future__ import annotations

import json
from typing import Any

from ..store import Store
from . import outcomes
from .clock import day
from .errors import NotFound
from .people import Viewer

Row = dict[str, Any]
MOST = 100
# How far a case came, the furthest that holds; `decided` also when the decision was to stop.
STAGES = ("confirmed", "agreement", "pilot", "decided", "in_use")
_FACTS = """
    p.id, p.confirmed_at, p.ended_at, n.themes, n.county_code, n.municipality_code, o.name as owner,
    s.name as startup, pilot.started_at, pilot.decided_at, pilot.decision,
    (select min(a.in_force_at) from agreement a where a.pairing_id = p.id) as agreed_at"""
_JOINS = """
    join need n on n.id = p.need_id join organisation o on o.id = n.organisation_id
    join startup s on s.id = p.startup_id left join pilot on pilot.pairing_id = p.id"""
_PUBLIC = f"""
    select r.title, r.owner_text, r.startup_text, r.language, r.owner_released_at, r.startup_released_at,
        r.owner_name, r.startup_name, {_FACTS}
    from release r join pairing p on p.id = r.pairing_id {_JOINS}
    where r.owner_released_at is not null and r.startup_released_at is not null"""


def count(store: Store) -> int:
    """Return how many cases both sides have released."""
    return int(
        store.query(
            """select count(*) as number from release
               where owner_released_at is not null and startup_released_at is not null"""
        )[0]["number"]
    )


def listing(store: Store, now: str, page: int = 1, per_page: int = MOST) -> Row:
    """Return a page of the released cases, last released first: `rows`, `total`, `page`, `pages`. Four queries."""
    per_page, page = min(max(per_page, 1), MOST), max(page, 1)
    total = count(store)
    rows = store.query(
        f"""{_PUBLIC} order by case when r.owner_released_at > r.startup_released_at then r.owner_released_at
            else r.startup_released_at end desc, p.id limit :limit offset :offset""",
        {"limit": per_page, "offset": (page - 1) * per_page},
    )
    pages = max(1, -(-total // per_page))
    return {"rows": _public(store, rows, now), "total": total, "page": page, "pages": pages}


def every(store: Store, now: str) -> list[Row]:
    """Return all released cases, last released first, read in pages."""
    found = listing(store, now)
    rest = (listing(store, now, page)["rows"] for page in range(2, found["pages"] + 1))
    return [*found["rows"], *(row for rows in rest for row in rows)]


def load(store: Store, viewer: Viewer | None, pairing_id: str, now: str) -> Row:
    """Return one released case, the same for everybody; raise NotFound while either side has not said yes."""
    rows = store.query(f"{_PUBLIC} and p.id = :id", {"id": pairing_id})
    if not rows:
        raise NotFound("case")
    return _public(store, rows, now)[0]


def preview(store: Store, release: Row, now: str) -> Row:
    """Return what would be public of a case with these texts: exactly what `load` gives once both have said yes."""
    rows = store.query(f"select {_FACTS} from pairing p {_JOINS} where p.id = :id", {"id": release["pairing_id"]})
    return _public(store, [{**release, **rows[0]}], now)[0]


def _public(store: Store, rows: list[Row], now: str) -> list[Row]:
    answers = outcomes.latest(store, now, [row["id"] for row in rows])
    return [_case(row, answers.get(row["id"]), now) for row in rows]


def _case(row: Row, answer: Row | None, now: str) -> Row:
    said = answer or {}
    yes = [row["owner_released_at"], row["startup_released_at"]]
    return {
        "id": row["id"],
        "title": row["title"],
        "owner": row["owner_name"] or row["owner"],
        "startup": row["startup_name"] or row["startup"],
        "language": row["language"],
        "owner_text": row["owner_text"],
        "startup_text": row["startup_text"],
        "themes": json.loads(row["themes"]),
        "county_code": row["county_code"],
        "municipality_code": row["municipality_code"],
        "confirmed_on": day(row["confirmed_at"]),
        "stage": _stage(row, said),
        "agreement": "yes" if row["agreed_at"] else "no",
        "agreement_on": _on(row["agreed_at"]),
        "decision": row["decision"],
        "decided_on": _on(row["decided_at"]),
        "in_use": said.get("in_use"),
        "months": said.get("month"),
        "answered_on": _on(said.get("answered_at")),
        "used_by": said.get("used_by"),
        "spread": len(said["spread"]) if said else None,
        **{name: said.get(name) for name in outcomes.VALUES},
        "perspectives": said.get("perspectives", []),
        "hours": said.get("hours"),
        "released_on": day(max(yes)) if all(yes) else None,
    }


def _stage(row: Row, said: Row) -> str:
    reached = {
        "in_use": said.get("in_use") in ("yes", "partly"),
        "decided": row["decided_at"],
        "pilot": row["started_at"],
        "agreement": row["agreed_at"],
    }
    return next((stage for stage, holds in reached.items() if holds), "confirmed")


def _on(moment: str | None) -> str | None:
    return day(moment) if moment else None
