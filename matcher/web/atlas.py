"""The map of all published needs and startups: by meaning, in areas, with the same in tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from flask import Blueprint, render_template, request, url_for

from ..hub import atlas, reference
from ..hub.swedish import swedish_key
from . import forms, map_drawing, words
from .access import allowed, store, viewer

blueprint = Blueprint("atlas", __name__)

PER_PAGE = 20
GROUPS, MOST_GROUPS = 10, 50
SHOWS = ("shared", "unanswered")
KINDS = ("need", "startup")
Row = dict[str, Any]


@blueprint.get("/map")
@allowed("map")
def show() -> str:
    """Show the map, or an area, a theme, or the needs of one sort on it."""
    drawn = atlas.drawn(store())
    rows = atlas.shown(store()) if drawn else []
    _judge(rows, drawn)
    groups = map_drawing.shared(rows)
    chosen = _chosen()
    areas = map_drawing.areas(rows, atlas.regions(store()))
    area = next((one for one in areas if one["number"] == chosen["area"]), None)
    names = _names(areas)
    kept = _kept(rows, chosen, area, groups)
    broker = bool((who := viewer()) and who.has("broker"))
    sort, direction = _order(broker)
    listed = sorted(kept, key=_key(sort), reverse=direction == "desc")
    page = min(forms.page(), max(1, -(-len(listed) // PER_PAGE)))
    return render_template(
        "atlas/show.html",
        drawn=drawn, rows=rows, kept=kept, chosen=chosen, area=area, areas=areas,
        groups=[one for one in groups if not area or one["needs"][0]["area"] == area["number"]],
        most=MOST_GROUPS if chosen["show"] == "shared" else GROUPS,
        picture=map_drawing.draw(rows, kept, chosen["theme"], near=area is not None),
        themes=_legend(rows), name=lambda one: names[one["number"]],
        listed=listed[(page - 1) * PER_PAGE : page * PER_PAGE], page=page, pages=-(-len(listed) // PER_PAGE),
        sort=sort, direction=direction, address=_address,
        sort_url=lambda key, way: _address(sort=key, direction=way), page_url=lambda number: _address(page=number),
        broker=broker, wide=True,
    )  # fmt: skip


def _judge(rows: list[Row], drawn: Row | None) -> None:
    """Say of each thing in which area it is, and of a need whether its best startup is so far off that none answers."""
    limit = drawn["figures"]["answered"] if drawn else 0.0
    for row in rows:
        row["area"] = row["region"] + 1
        row["unanswered"] = row["kind"] == "need" and row["best"] is not None and row["best"] < limit


def _chosen() -> dict[str, Any]:
    """Return what the address narrows the map to, each from a list; `area` is 0 for all."""
    given = request.args.get("area", "")
    return {
        "area": int(given) if given.isdecimal() and len(given) < 4 else 0,
        "theme": forms.one_of("theme", reference.codes("themes")),
        "show": forms.one_of("show", SHOWS),
        "kind": forms.one_of("kind", KINDS),
    }


def _kept(rows: list[Row], chosen: dict[str, Any], area: Row | None, groups: list[Row]) -> list[Row]:
    wide = {row["id"] for group in groups for row in group["needs"]} if chosen["show"] == "shared" else set()
    return [
        row
        for row in rows
        if (area is None or row["area"] == area["number"])
        and (not chosen["theme"] or chosen["theme"] in row["themes"])
        and (not chosen["kind"] or row["kind"] == chosen["kind"])
        and (chosen["show"] != "unanswered" or row["unanswered"])
        and (chosen["show"] != "shared" or row["id"] in wide)
    ]


SORTS: dict[str, Callable[[Row], Any]] = {
    "area": lambda row: (row["area"], row["kind"]),
    "name": lambda row: swedish_key(row["name"]),
    "kind": lambda row: row["kind"],
    "organisation": lambda row: swedish_key(row["organisation"]),
    "theme": lambda row: swedish_key(words.theme(row["themes"][0])) if row["themes"] else ("", ""),
    "best": lambda row: row["best"] if row["best"] is not None else 99.0,
    "lists": lambda row: row["lists"] if row["lists"] is not None else -1,
}


FOR_BROKERS = {"best", "lists"}  # an order tells as much as the figures that it is made by


def _order(broker: bool) -> tuple[str, str]:
    sort = forms.one_of("sort", SORTS.keys() - (set() if broker else FOR_BROKERS))
    return sort or "area", forms.one_of("direction", ("desc",)) or "asc"


def _key(sort: str) -> Callable[[Row], Any]:
    """Return the key of a sorting; equal ones stand by their ids, on every page in one order."""
    return lambda row: (SORTS[sort](row), row["id"])


def _legend(rows: list[Row]) -> list[tuple[str, int]]:
    """Return (theme code, colour) of the themes that things on the map have, in the order of the list of themes."""
    there = {code for row in rows for code in row["themes"]}
    codes = [row["code"] for row in reference.rows("themes")]
    return [(code, number) for number, code in enumerate(codes, 1) if code in there]


def _names(areas: list[Row]) -> dict[int, str]:
    """Return by number what each area is called; areas of one name are told apart by a word that only one has."""
    names = {area["number"]: _name(area) for area in areas}
    said = Counter(names.values())
    for area in areas:
        name = _name(area)
        others = {word for one in areas if one is not area and _name(one) == name for word in one["words"]}
        if said[name] > 1 and (own := [word for word in area["words"] if word not in others]):
            names[area["number"]] = f"{name} ({own[0]})"
    return names


def _name(area: Row) -> str:
    """Return what an area is called: its telling theme in the reader's language, or without one its own words.

    The words stand in the languages that the texts are written in; in a name they would mix with the reader's.
    """
    return ", ".join(words.theme(code) for code in area["themes"]) or ", ".join(area["words"]) or "–"


def _address(**changed: Any) -> str:
    """Return the address of the map as it is now, but for what is `changed`; a change starts at the first page."""
    names = ("area", "theme", "show", "kind", "sort", "direction")
    kept = {name: request.args[name] for name in names if request.args.get(name)}
    return url_for("atlas.show", **{name: value for name, value in {**kept, **changed}.items() if value})
