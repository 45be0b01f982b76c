"""The lists of needs that people browse: the public catalogue, and one's own with where each stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..store import Store
from . import needs, published
from .catalogue import swedish_key
from .clock import day
from .need_content import decode, readable
from .people import Viewer

PER_PAGE = 24  # three cards in a row, two on a tablet
OWN_LIMIT = 100
SORTS = {
    "newest": "n.published_at desc, n.updated_at desc, n.id",
    "closing": "coalesce(n.valid_until, '9999-12-31'), n.published_at desc, n.id",
}
STATUS_SQL = {
    "draft": "n.submitted_at is null and n.returned_at is null and n.published_at is null and n.closed_at is null",
    "returned": "n.returned_at is not null and n.submitted_at is null and n.published_at is null "
    "and n.closed_at is null",
    "submitted": "n.submitted_at is not null and n.published_at is null and n.closed_at is null",
    "published": published.live("need", "n"),
    "closed": "n.closed_at is not null",
}
# A code stands in its list's JSON text with quotes around it; taking it out changes the text. (`like` would do on
# neither engine in the same way, and functions on JSON differ.)
_HOLDS = "replace(n.{column}, :{key}, '') <> n.{column}"
_COLUMNS = """n.id, n.organisation_id, n.title, n.people, n.description, n.effect, n.beneficiaries, n.themes, n.goals,
    n.languages, n.language, n.county_code, n.municipality_code, n.budget, n.valid_until, n.testbed_id, n.version,
    n.created_at, n.updated_at, n.submitted_at, n.returned_at, n.published_at, n.closed_at, n.close_reason,
    o.name as organisation"""


@dataclass(frozen=True)
class Page:
    """One page of a list: decoded rows, how many there are in all, and which page of how many this is."""

    rows: list[dict[str, Any]]
    total: int
    number: int
    pages: int


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to; empty means everything. `late`: also those whose last day has passed."""

    theme: str = ""
    county: str = ""
    beneficiary: str = ""
    status: str = "published"
    late: bool = False
    own: bool = False
    sort: str = "newest"


def listing(store: Store, viewer: Viewer | None, filters: Filters, page: int, now: str) -> Page:
    """Return a page of the needs that the person may see: two queries, whatever the number of rows."""
    condition, params = _condition(viewer, filters, now)
    total = int(store.query(f"select count(*) as number from need n where {condition}", params)[0]["number"])
    pages = max(1, -(-total // PER_PAGE))
    number = min(max(page, 1), pages)
    rows = store.query(
        f"""select {_COLUMNS} from need n join organisation o on o.id = n.organisation_id
            where {condition} order by {SORTS.get(filters.sort, SORTS["newest"])}
            limit :limit offset :offset""",
        {**params, "limit": PER_PAGE, "offset": (number - 1) * PER_PAGE},
    )
    return Page([readable(viewer, decode(row)) for row in rows], total, number, pages)


def _condition(viewer: Viewer | None, filters: Filters, now: str) -> tuple[str, dict[str, Any]]:
    seen, params = needs.visible(viewer)
    conditions = [seen, STATUS_SQL.get(filters.status, STATUS_SQL["published"])] if filters.status != "all" else [seen]
    for column, code in (("themes", filters.theme), ("beneficiaries", filters.beneficiary)):
        if code:
            conditions.append(_HOLDS.format(column=column, key=column))
            params[column] = f'"{code}"'
    if filters.county:
        conditions.append("n.county_code = :county")
        params["county"] = filters.county
    if filters.own and viewer:
        conditions.append("n.organisation_id in :mine")
        params["mine"] = viewer.organisations("owner", "startup")
    if not filters.late and filters.status == "published":
        conditions.append("(n.valid_until is null or n.valid_until >= :today)")
        params["today"] = day(now)
    return " and ".join(f"({part})" for part in conditions), params


def own(store: Store, viewer: Viewer) -> list[dict[str, Any]]:
    """Return the person's organisations' needs, open ones first, at most a hundred, with what happens to each.

    Beside the row: `candidates` (shared by the broker and not yet commented) and `pairings` (live ones).
    """
    rows = store.query(
        f"""select {_COLUMNS},
               (select count(*) from share s where s.need_id = n.id and s.withdrawn_at is null
                and s.commented_at is null) as candidates,
               (select count(*) from pairing p where p.need_id = n.id and p.declined_at is null
                and p.ended_at is null) as pairings
            from need n join organisation o on o.id = n.organisation_id
            where n.organisation_id in :mine
            order by (case when n.closed_at is null then 0 else 1 end), n.updated_at desc, n.id
            limit :limit""",
        {"mine": viewer.organisations("owner", "startup"), "limit": OWN_LIMIT},
    )
    return [decode(row) for row in rows]


def posting_for(store: Store, viewer: Viewer) -> list[tuple[str, str]]:
    """Return the organisations (id, name) that a person may post a need for, in Swedish order.

    A broker may post for every public body and hub, everybody for the organisations that they act for.
    """
    rows = store.query(
        """select id, name from organisation where merged_into is null
           and (id in :own or (:broker = 1 and kind in ('public', 'hub')))""",
        {"own": viewer.organisations("owner", "startup"), "broker": int(viewer.has("broker"))},
    )
    return _by_name(rows)


def testbeds_on_offer(store: Store) -> list[tuple[str, str]]:
    """Return (id, name) of the testbeds that a need may offer, in Swedish order."""
    rows = store.query(f"select t.id, t.name from testbed t where {published.live('testbed', 't')}")
    return _by_name(rows)


def _by_name(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return sorted(((row["id"], row["name"]) for row in rows), key=lambda item: swedish_key(item[1]))


def newest(store: Store, now: str, limit: int = 6) -> list[dict[str, Any]]:
    """Return the newest open needs, as anybody may see them."""
    return listing(store, None, Filters(), 1, now).rows[:limit]


def next_step(row: dict[str, Any]) -> str:
    """Return what a need waits for: `write`, `rewrite`, `review`, `match`, `candidates`, `pairing` or `nothing`."""
    if row["status"] == "published":
        return "candidates" if row.get("candidates") else "pairing" if row.get("pairings") else "match"
    return {"draft": "write", "returned": "rewrite", "submitted": "review", "closed": "nothing"}[row["status"]]
