"""Lists of startups and testbeds: what the person may see, filtered, in Swedish order, a page at a time.

Names are sorted in Python (the engines know no Swedish), so a list first reads one light row for each profile
and then the whole rows of its page: two queries, however long the list is.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..store import Store
from . import startups, testbeds
from .clock import day
from .people import Viewer
from .swedish import swedish_key

PAGE = 50
STATES = ("draft", "published", "hidden", "flagged", "merged")
# Completeness in percent: from, to.
COMPLETE = {"low": (0, 49), "middle": (50, 79), "high": (80, 100)}
SORTS = ("name", "completeness", "updated")


def list_startups(
    store: Store, viewer: Viewer | None, *,
    words: str = "", state: str = "", theme: str = "", complete: str = "", sort: str = "name", page: int = 1,
) -> dict[str, Any]:  # fmt: skip
    """Return a page of profiles: `rows` (decoded, with `percent`), `total`, `page`, `pages`, `states` counted.

    `state` is one of STATES, `complete` a key of COMPLETE, `sort` one of SORTS; anything else counts as not given.
    Merged profiles are listed only when asked for. Raises nothing: nobody sees more than `startups.visible` lets.
    """
    found = [row for row in _light_startups(store, viewer) if _named(row, words)]
    states = Counter(startups.status(row) for row in found)
    states["flagged"] = sum(1 for row in found if _in_state(row, "flagged"))
    found = [row for row in found if _in_state(row, state) and (not theme or f'"{theme}"' in row["themes"])]
    if complete in COMPLETE:
        low, high = COMPLETE[complete]
        found = [row for row in found if low <= startups.completeness(row)[0] <= high]
    shown = _page(_sorted(found, sort), page)
    whole = store.query(
        """select s.*, o.name as organisation, o.orgnr as orgnr from startup s
           join organisation o on o.id = s.organisation_id where s.id in :ids""",
        {"ids": [row["id"] for row in shown["rows"]]},
    )
    by_id = {row["id"]: startups.decode(row) for row in whole}
    rows = [by_id[row["id"]] for row in shown["rows"] if row["id"] in by_id]
    rows = [{**startups.readable(viewer, row), "percent": startups.completeness(row)[0]} for row in rows]
    return {**shown, "rows": rows, "states": {name: states[name] for name in STATES}}


def _light_startups(store: Store, viewer: Viewer | None) -> list[dict[str, Any]]:
    """Return for every profile what filters and completeness need; texts as their length, lists as JSON."""
    condition, params = startups.visible(viewer)
    lengths = ", ".join(f"length(s.{name}) as {name}" for name in startups.TEXTS if name != "name")
    return store.query(
        f"""select s.id, s.name, {lengths}, s.readiness, s.capacity, s.website, s.themes,
                   s.seeks, s.languages, o.orgnr as orgnr, s.published_at, s.hidden_at, s.flagged_at, s.merged_into,
                   s.updated_at
            from startup s join organisation o on o.id = s.organisation_id where {condition}""",
        params,
    )


def _in_state(row: dict[str, Any], state: str) -> bool:
    if state == "flagged":
        return bool(row["flagged_at"]) and not row["merged_into"]
    if state in STATES:
        return startups.status(row) == state
    return not row["merged_into"]


def _sorted(rows: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    if sort == "updated":
        return sorted(rows, key=lambda row: row["updated_at"], reverse=True)
    rows = sorted(rows, key=lambda row: swedish_key(row["name"]))
    return sorted(rows, key=lambda row: -startups.completeness(row)[0]) if sort == "completeness" else rows


def list_testbeds(
    store: Store, viewer: Viewer | None, now: str, *,
    words: str = "", theme: str = "", county: str = "", page: int = 1,
) -> dict[str, Any]:  # fmt: skip
    """Return a page of testbeds: `rows`, `total`, `page`, `pages`.

    Rows are decoded, for a visitor with the public fields only; `closed` is the last day of a closed period that
    holds today, or None.
    """
    condition, params = testbeds.visible(viewer)
    light = store.query(
        f"select t.id, t.name, t.themes, t.county_code from testbed t where {condition}",
        params,
    )
    found = [
        row
        for row in light
        if _named(row, words)
        and (not theme or f'"{theme}"' in row["themes"])
        and (not county or row["county_code"] == county)
    ]
    shown = _page(sorted(found, key=lambda row: swedish_key(row["name"])), page)
    whole = store.query(
        """select t.*, o.name as organisation,
                  (select max(c.ends_on) from testbed_closure c where c.testbed_id = t.id
                   and c.starts_on <= :today and c.ends_on >= :today) as closed
           from testbed t join organisation o on o.id = t.organisation_id where t.id in :ids""",
        {"ids": [row["id"] for row in shown["rows"]], "today": day(now)},
    )
    by_id = {row["id"]: testbeds.decode(row) for row in whole}
    rows = [by_id[row["id"]] for row in shown["rows"] if row["id"] in by_id]
    if viewer is None or not viewer.roles:
        rows = [{**testbeds.public(row), "closed": row["closed"]} for row in rows]
    return {**shown, "rows": rows}


def _named(row: dict[str, Any], words: str) -> bool:
    name = row["name"].casefold()
    return all(word in name for word in words.casefold().split())


def _page(rows: list[dict[str, Any]], page: int) -> dict[str, Any]:
    pages = max(1, -(-len(rows) // PAGE))
    page = min(max(page, 1), pages)
    return {"rows": rows[PAGE * (page - 1) : PAGE * page], "total": len(rows), "page": page, "pages": pages}
