"""Offers to merge two profiles that look like one company, as the brokers see them before they decide."""

from __future__ import annotations

import json
from typing import Any

from ..store import Store
from . import company_numbers, startups
from .errors import NotFound
from .people import Viewer

# Table → what makes a row live, as in the unique indexes of `store/migrations/`.
LIVE = {
    "interest": "withdrawn_at is null",
    "dismissal": "undone_at is null",
    "share": "withdrawn_at is null",
    "conflict": "lifted_at is null",
    "pairing": "declined_at is null and ended_at is null",
}
PAGE = 50

_OPEN = "(m.decided_at is null or m.undone_at is not null) and k.merged_into is null and d.merged_into is null"
_DECIDED = "m.decided_at is not null and m.undone_at is null"


def offers(store: Store, viewer: Viewer | None, *, decided: bool = False, page: int = 1) -> dict[str, Any]:
    """Return a page of open (or decided) offers with both names, for brokers: `rows`, `total`, `page`, `pages`."""
    if viewer is None or not viewer.has("broker"):
        raise NotFound("page")
    condition = _DECIDED if decided else _OPEN
    joined = "from merge_offer m join startup k on k.id = m.keep_id join startup d on d.id = m.drop_id"
    total = store.query(f"select count(*) as n {joined} where {condition}")[0]["n"]
    pages = max(1, -(-total // PAGE))
    page = min(max(page, 1), pages)
    rows = store.query(
        f"""select m.id, m.reason, m.found_at, m.decided_at, m.undone_at, m.decision, m.keep_id, m.drop_id,
                   k.name as keep_name, d.name as drop_name, ko.orgnr as keep_orgnr, dro.orgnr as drop_orgnr,
                   p.name as decided_name
            {joined} join organisation ko on ko.id = k.organisation_id
            join organisation dro on dro.id = d.organisation_id left join person p on p.id = m.decided_by
            where {condition} order by m.reason desc, coalesce(m.decided_at, m.found_at) desc, m.id
            limit :limit offset :offset""",
        {"limit": PAGE, "offset": PAGE * (page - 1)},
    )
    return {"rows": rows, "total": total, "page": page, "pages": pages}


def load(store: Store, viewer: Viewer | None, offer_id: str) -> dict[str, Any]:
    """Return one offer for a broker, with both profiles whole and what a merge would move; raise NotFound.

    `keep` and `drop` are decoded profiles; `counts` holds by profile and table how much each has, `collisions` lists
    (table, need's title) where both have something live; `newcomers` holds by profile those of its company's people
    who do not act for the other one; `numbers` holds by profile where its company's number comes from, where known.
    """
    rows = store.query("select * from merge_offer where id = :id", {"id": offer_id})
    if not rows or viewer is None or not viewer.has("broker"):
        raise NotFound("offer")
    offer = rows[0]
    keep, drop = (startups.load(store, viewer, offer[side]) for side in ("keep_id", "drop_id"))
    origins = company_numbers.origins(store, [keep["organisation_id"], drop["organisation_id"]])
    before = json.loads(offer["before"]) if offer["before"] else None
    return {
        **offer,
        "before": before,
        "open": offer["decided_at"] is None or offer["undone_at"] is not None,
        "keep": keep,
        "drop": drop,
        "counts": {row["id"]: _counts(store, row["id"]) for row in (keep, drop)},
        "collisions": collisions(store, keep["id"], drop["id"]),
        "numbers": {row["id"]: origins.get(row["organisation_id"]) for row in (keep, drop)},
        "newcomers": {keep["id"]: newcomers(store, drop, keep), drop["id"]: newcomers(store, keep, drop)},
    }


def collisions(store: Store, keep_id: str, drop_id: str) -> list[tuple[str, str]]:
    """Return (table, need's title) wherever both profiles have a live row for one need."""
    found: list[tuple[str, str]] = []
    for table, live in LIVE.items():
        condition = " and ".join(f"{side}.{part}" for side in "ab" for part in live.split(" and "))
        rows = store.query(
            f"""select n.title from {table} a join {table} b on b.need_id = a.need_id join need n on n.id = a.need_id
                where a.startup_id = :keep and b.startup_id = :drop and {condition} order by n.title""",
            {"keep": keep_id, "drop": drop_id},
        )
        found += [(table, row["title"]) for row in rows]
    return found


def newcomers(store: Store, keep: dict[str, Any], drop: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the dropped profile's people who do not act for the kept one's company."""
    there = {person["id"] for person in startups.contacts(store, keep)}
    return [person for person in startups.contacts(store, drop) if person["id"] not in there]


def _counts(store: Store, startup_id: str) -> dict[str, int]:
    return {
        table: store.query(
            f"select count(*) as n from {table} where startup_id = :id",
            {"id": startup_id},
        )[0]["n"]
        for table in LIVE
    }
