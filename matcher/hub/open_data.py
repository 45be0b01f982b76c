"""What leaves the hub for other systems: published needs and testbeds, in the public fields, a page at a time."""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import need_content, needs, testbeds
from .clock import day

MOST = 100
# A code stands in its list's JSON text with quotes around it; taking it out changes the text. (`like` would do on
# neither engine in the same way, and functions on JSON differ.)
_HOLDS = "replace({table}.{column}, :{column}, '') <> {table}.{column}"

Found = dict[str, Any]


def list_needs(
    store: Store, now: str, *,
    theme: str = "", beneficiary: str = "", county: str = "", municipality: str = "",
    since: str = "", late: bool = False, page: int = 1, per_page: int = 50,
) -> Found:  # fmt: skip
    """Return published open needs, last changed first: `rows`, `total`, `page`, `pages`.

    `since` is a moment: only what changed then or later. `late`: also those whose own last day has passed. A page
    beyond the last is empty.
    """
    conditions, params = _conditions("n", county, municipality, since)
    conditions.append(needs.visible(None)[0])
    for column, code in (("themes", theme), ("beneficiaries", beneficiary)):
        if code:
            conditions.append(_HOLDS.format(table="n", column=column))
            params[column] = f'"{code}"'
    if not late:
        conditions.append("(n.valid_until is null or n.valid_until >= :today)")
        params["today"] = day(now)
    source = "need n join organisation o on o.id = n.organisation_id left join testbed t on t.id = n.testbed_id"
    columns = "n.*, o.name as organisation, t.name as testbed"
    found = _page(store, source, columns, "n", conditions, params, page, per_page)
    rows = [need_content.readable(None, need_content.decode(row)) for row in found["rows"]]
    return {**found, "rows": rows}


def list_testbeds(
    store: Store, *, theme: str = "", county: str = "", municipality: str = "",
    since: str = "", page: int = 1, per_page: int = 50,
) -> Found:  # fmt: skip
    """Return the testbeds of the catalogue, last changed first; see `list_needs`."""
    conditions, params = _conditions("t", county, municipality, since)
    conditions.append(testbeds.visible(None)[0])
    if theme:
        conditions.append(_HOLDS.format(table="t", column="themes"))
        params["themes"] = f'"{theme}"'
    source = "testbed t join organisation o on o.id = t.organisation_id"
    found = _page(store, source, "t.*, o.name as organisation", "t", conditions, params, page, per_page)
    return {**found, "rows": [testbeds.public(testbeds.decode(row)) for row in found["rows"]]}


def _conditions(table: str, county: str, municipality: str, since: str) -> tuple[list[str], dict[str, Any]]:
    given = {"county_code": county, "municipality_code": municipality}
    conditions = [f"{table}.{column} = :{column}" for column, code in given.items() if code]
    params: dict[str, Any] = {column: code for column, code in given.items() if code}
    if since:
        conditions.append(f"{table}.updated_at >= :since")
        params["since"] = since
    return conditions, params


def _page(
    store: Store, source: str, columns: str, table: str,
    conditions: list[str], params: dict[str, Any], page: int, per_page: int,
) -> Found:  # fmt: skip
    """Run the count and the page: two queries. All SQL given here is constant, values are parameters."""
    where = " and ".join(conditions)
    per_page = min(max(per_page, 1), MOST)
    total = int(store.query(f"select count(*) as number from {source} where {where}", params)[0]["number"])
    rows = store.query(
        f"""select {columns} from {source} where {where}
            order by {table}.updated_at desc, {table}.id limit :limit offset :offset""",
        {**params, "limit": per_page, "offset": (max(page, 1) - 1) * per_page},
    )
    return {"rows": rows, "total": total, "page": max(page, 1), "pages": max(1, -(-total // per_page))}
