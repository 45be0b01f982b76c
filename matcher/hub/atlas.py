"""The map as it is kept: where each need and startup stands, its regions, and in how many lists a startup is.

Drawn in the background (ranking/survey.py). Pages join what is drawn with what is published at this moment, so that
nothing shows here which has been closed, hidden or withdrawn since.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from ..store import Store
from . import published

Key = tuple[str, str]
Rows = list[dict[str, Any]]

KINDS = ("need", "startup")
_NAME = {"need": "n.title", "startup": "n.name"}
_WORDS = {"need": "n.title, n.people, n.description, n.effect", "startup": "n.problem, n.audience, n.description"}


def drawn(store: Store) -> dict[str, Any] | None:
    """Return when the map was drawn (`at`), its `model`, `scoring` and `figures`; None before the first."""
    rows = store.query("select at, model, scoring, figures from map_drawn")
    return {**rows[0], "figures": json.loads(rows[0]["figures"])} if rows else None


def live(store: Store, model: str) -> dict[Key, str]:
    """Return the hash of the text by (kind, id) of all that is published and embedded by this model."""
    return {
        (kind, row["id"]): row["text_hash"]
        for kind in KINDS
        for row in store.query(
            f"""select n.id, e.text_hash from {kind} n join embedding e on e.kind = '{kind}' and e.subject_id = n.id
                where {published.live(kind, "n")} and e.model = :model and length(e.vector) > 0""",
            {"model": model},
        )
    }


def texts(store: Store, kind: str) -> dict[str, str]:
    """Return by id the text that the words of a region are taken from: without the name of who wrote it."""
    rows = store.query(f"select n.id, {_WORDS[kind]} from {kind} n where {published.live(kind, 'n')}")
    return {row.pop("id"): " ".join(row.values()) for row in rows}


def points(store: Store) -> Rows:
    """Return everything that stands on the map: kind, subject_id, stamp, x, y, region, shared, best."""
    return store.query("select kind, subject_id, stamp, x, y, region, shared, best from map_point")


def centres(store: Store) -> list[tuple[float, float]]:
    """Return where the regions have their middle, in the order of their numbers from 0."""
    return [(row["x"], row["y"]) for row in store.query("select x, y from map_region order by number")]


def replace(store: Store, state: dict[str, Any], regions: Rows, found: Iterable[dict[str, Any]], lists: Rows) -> None:
    """Keep a map drawn anew instead of the one before, whole or not at all.

    state: at, model, scoring, figures (plain data). lists: startup_id and lists.
    """
    with store.atomic():
        # This row first: two processes that have both drawn one wait for each other here.
        store.upsert("map_drawn", {**state, "name": "map", "figures": json.dumps(state["figures"])}, "name")
        for table in ("map_point", "map_region", "exposure"):
            store.execute(f"delete from {table}")
        for row in regions:
            store.insert("map_region", {**row, "words": json.dumps(row["words"], ensure_ascii=False)})
        for row in found:
            store.insert("map_point", row)
        for row in lists:
            store.insert("exposure", {**row, "scoring": state["scoring"], "counted_at": state["at"]})


def change(store: Store, added: Rows, gone: Iterable[Key], at: str) -> int:
    """Add points to the map drawn at `at`, take away what is gone; return 0 if another was drawn meanwhile."""
    gone = list(gone)
    with store.atomic():
        kept = store.query("update map_drawn set name = name where at = :at returning figures", {"at": at})
        if not kept:
            return 0
        for row in added:
            store.upsert("map_point", row, ["kind", "subject_id"])
        for kind, subject_id in gone:
            store.execute(
                "delete from map_point where kind = :kind and subject_id = :id", {"kind": kind, "id": subject_id}
            )
        figures = json.loads(kept[0]["figures"])
        figures["changed"] = figures.get("changed", 0) + len(added) + len(gone)
        store.execute("update map_drawn set figures = :figures", {"figures": json.dumps(figures)})
    return len(added) + len(gone)


def lists_of(store: Store, startup_ids: Sequence[str]) -> dict[str, int]:
    """Return by id in how many needs' top tens startups stood when it was counted; what was not there is left out."""
    rows = store.query("select startup_id, lists from exposure where startup_id in :ids", {"ids": list(startup_ids)})
    return {row["startup_id"]: int(row["lists"]) for row in rows}


def shown(store: Store) -> Rows:
    """Return what a page shows of each published thing on the map, in no special order.

    kind, id, name, language, organisation, organisation_id, themes (list of codes), x, y, region, shared (needs that
    say the same carry one number), best (of a need: the score of its best startup), lists (of a startup).
    """
    found: Rows = []
    for kind in KINDS:
        lists = "left join exposure e on e.startup_id = n.id" if kind == "startup" else ""
        rows = store.query(
            f"""select n.id, {_NAME[kind]} as name, n.language, n.themes, n.organisation_id, o.name as organisation,
                       p.x, p.y, p.region, p.shared, p.best, {"e.lists" if lists else "null"} as lists
                from map_point p join {kind} n on n.id = p.subject_id join organisation o on o.id = n.organisation_id
                {lists} where p.kind = '{kind}' and {published.live(kind, "n")}"""
        )
        found += [{**row, "kind": kind, "themes": json.loads(row["themes"])} for row in rows]
    return found


def regions(store: Store) -> Rows:
    """Return number (from 0), x, y and words of each region, in the order of the numbers: the most needs first."""
    rows = store.query("select number, x, y, words from map_region order by number")
    return [{**row, "words": json.loads(row["words"])} for row in rows]
