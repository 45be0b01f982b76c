"""Whose year may be read by whom: the whole hub by its brokers and administrators, an organisation by its owners too.

An organisation's year holds the cases of its units: the organisations below it (`organisation.parent_id`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..store import Store
from . import cases, needs, published
from .errors import NotFound
from .people import Viewer
from .permissions import can
from .swedish import swedish_key
from .year_facts import Scope
from .years import Figure, Item

Row = dict[str, Any]
WHOLE = "hub"  # stands in addresses for the whole hub
PAGE = 100


def load(store: Store, viewer: Viewer | None, organisation_id: str) -> Row:
    """Return whose year it is: `id`, `name`, `above` and `units`, or the whole hub for WHOLE; raise NotFound.

    `above` holds the ids of the organisations that it is a unit of, `units` those right below it,
    `within` the ids of all below it and its own.
    """
    tree = _tree(store)
    if organisation_id == WHOLE:
        row: Row = {"id": WHOLE, "name": "", "above": [], "units": [], "within": None}
    elif organisation_id in tree:
        row = _placed(tree, organisation_id)
    else:
        raise NotFound("organisation")
    if not can(viewer, "year.report", row):
        raise NotFound("organisation")
    return row


def _tree(store: Store) -> dict[str, Row]:
    rows = store.query("select id, name, kind, parent_id, merged_into from organisation")
    return {row["id"]: row for row in rows if not row["merged_into"]}


def _placed(tree: dict[str, Row], organisation_id: str) -> Row:
    """Return an organisation with those above and below it; one that stands above itself is taken once."""
    row, above = tree[organisation_id], []
    parent = row["parent_id"]
    while parent in tree and parent not in (organisation_id, *above):
        above.append(parent)
        parent = tree[parent]["parent_id"]
    units = [
        {**one, "within": [unit for unit in _below(tree, one["id"]) if unit != organisation_id]}
        for one in tree.values()
        if one["parent_id"] == organisation_id and one["id"] != organisation_id
    ]
    units.sort(key=lambda one: (swedish_key(one["name"]), one["id"]))
    return {**row, "above": above, "units": units, "within": _below(tree, organisation_id)}


def _below(tree: dict[str, Row], organisation_id: str) -> list[str]:
    found, new = [organisation_id], {organisation_id}
    while new:
        new = {one for one, row in tree.items() if row["parent_id"] in new and one not in found}
        found += sorted(new)
    return found


def scope(row: Row, county: str = "", *, alone: bool = False) -> Scope:
    """Return what a loaded report counts: everything, or the organisation and (unless `alone`) all below it."""
    if row["within"] is None:
        return Scope(None, county)
    return Scope((row["id"],) if alone else tuple(row["within"]), county)


def parts(row: Row) -> list[tuple[Row, list[str]]]:
    """Return (organisation, ids) of a report's own part and of each unit right below it; empty without units.

    The parts do not overlap and together are the whole, so that their figures add up to it.
    """
    if not row["units"]:
        return []
    return [(row, [row["id"]]), *((unit, unit["within"]) for unit in row["units"])]


def owners(store: Store) -> list[Row]:
    """Return id and name of the organisations that have published a need, or whose units have, in Swedish order."""
    tree = _tree(store)
    found: set[str] = set()
    for need in store.query("select distinct organisation_id as id from need where published_at is not null"):
        if need["id"] in tree:
            found |= {need["id"], *_placed(tree, need["id"])["above"]}
    return sorted((tree[one] for one in found), key=lambda row: (swedish_key(row["name"]), row["id"]))


def readable(store: Store, viewer: Viewer) -> list[Row]:
    """Return id and name of the organisations whose year a person may read: owners their own, brokers every one."""
    if can(viewer, "year", None):
        return owners(store)
    tree = _tree(store)
    own = {one for role in viewer.organisations("owner") if role in tree for one in _below(tree, role)}
    return sorted((tree[one] for one in own), key=lambda row: (swedish_key(row["name"]), row["id"]))


def listed(store: Store, viewer: Viewer, figure: Figure, page: int = 1) -> list[Row]:
    """Return a page of the list behind a figure, the latest first, with the names that the person may see.

    Each row holds the item's `kind`, `id`, `at`, `value`, `case_id`, `need_id`, and where they may be seen `title`,
    `other` (the startup) and `opens` (whether the case, or the need, can be opened). A figure about people lists the
    cases that they stand in, each once, and nothing of who or how many. At most five queries.
    """
    items = _cases_only(figure) if figure.protected else list(figure.items)
    items = sorted(items, key=lambda item: (item.at, item.id), reverse=True)[PAGE * (page - 1) : PAGE * page]
    known = _cases(store, viewer, {item.case_id for item in items})
    titles = _titles(store, viewer, {item.need_id for item in items if item.need_id and item.case_id not in known})
    startups = _startups(store, viewer, {item.id for item in items if item.kind == "startup"})
    return [_row(item, known, titles, startups) for item in items]


def pages(figure: Figure) -> int:
    """Return how many pages the list behind a figure has."""
    items = _cases_only(figure) if figure.protected else figure.items
    return max(1, -(-len(items) // PAGE))


def _cases_only(figure: Figure) -> list[Item]:
    held = {item.case_id: item for item in figure.items if item.case_id}
    return [Item("case", one, "", case_id=one) for one in sorted(held)]


def _row(item: Item, known: Row, titles: Row, startups: Row) -> Row:
    case = known.get(item.case_id, {})
    title = case.get("title") or titles.get(item.need_id) or startups.get(item.id)
    opens = "case" if case else "need" if item.need_id in titles else "startup" if item.id in startups else ""
    return {
        "kind": item.kind, "id": item.id, "at": item.at, "value": item.value, "case_id": item.case_id,
        "need_id": item.need_id, "title": title, "other": case.get("startup"), "opens": opens,
    }  # fmt: skip


def _cases(store: Store, viewer: Viewer, ids: set[str]) -> Row:
    condition, params = cases.visible(viewer)
    rows = store.query(
        f"""select p.id, n.title, s.name as startup from pairing p join need n on n.id = p.need_id
            join startup s on s.id = p.startup_id left join testbed t on t.id = p.testbed_id
            where p.id in :ids and {condition}""",
        {"ids": _ids(ids), **params},
    )
    return {row["id"]: row for row in rows}


def _titles(store: Store, viewer: Viewer, ids: set[str]) -> Row:
    condition, params = needs.visible(viewer)
    rows = store.query(
        f"select n.id, n.title from need n where n.id in :ids and {condition}", {"ids": _ids(ids), **params}
    )
    return {row["id"]: row["title"] for row in rows}


def _startups(store: Store, viewer: Viewer, ids: set[str]) -> Row:
    """Return names of published profiles; what is hidden or merged is shown to brokers only."""
    shown = "1 = 1" if viewer.has("broker") else published.live("startup", "s")
    rows = store.query(f"select s.id, s.name from startup s where s.id in :ids and {shown}", {"ids": _ids(ids)})
    return {row["id"]: row["name"] for row in rows}


def _ids(ids: set[str]) -> Sequence[str]:
    return sorted(one for one in ids if one)
