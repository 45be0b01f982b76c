"""The map as SVG: what is drawn where, in few bytes. Classes and attributes only; no inline style.

Many points are one path of dots for each colour, about seven bytes a point, and no links; the regions are the links.
Once a region or a theme leaves few enough, each is a link of its own. The page has the same as tables beside it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Any

from ..hub import reference
from ..hub.swedish import swedish_key

Row = dict[str, Any]
SIZE = 1000
LINKED = 400  # with more, the page would weigh more than 200 kB and the points lie on each other anyway
EDGE = 25
SHARE_OF_A_NAME = 0.3  # a theme that fewer of a region's things have does not name it


@dataclass(frozen=True)
class Layer:
    """Points that look alike: the classes of their group, one path of dots or, if they are few, (row, path) of each."""

    classes: str
    path: str
    points: list[tuple[Row, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Picture:
    """What the SVG shows: its viewBox, layers from the lowest up, and whether the points are links."""

    box: str
    layers: list[Layer]
    linked: bool


def draw(rows: Sequence[Row], shown: Sequence[Row], theme: str = "", near: bool = False) -> Picture:
    """Draw `shown` in colour over the others of `rows`; `near`: only the place that they take, without the others."""
    linked = len(shown) <= LINKED
    keys = {(row["kind"], row["id"]) for row in shown}
    others = [] if near else [row for row in rows if (row["kind"], row["id"]) not in keys]
    layers = [Layer("map-dim", dots(others))] if others else []
    alone = [row for row in shown if row["unanswered"]]
    layers += [Layer("map-alone", dots(alone))] if alone else []
    groups: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in shown:
        groups[row["kind"], colour(row, theme)].append(row)
    for (kind, number), members in sorted(groups.items(), key=lambda item: (item[0][0] == "need", item[0][1])):
        classes = f"map-{kind} map-t{number}"
        if linked:
            layers.append(Layer(classes, "", [(row, dots([row])) for row in members]))
        else:
            layers.append(Layer(classes, dots(members)))
    return Picture(_box(shown) if near and shown else f"0 0 {SIZE} {SIZE}", layers, linked)


def colour(row: Row, theme: str = "") -> int:
    """Return the number of a thing's colour: that of the theme asked for, else of its first; 0 without any."""
    codes = _themes()
    chosen = theme if theme in row["themes"] else next(iter(row["themes"]), "")
    return codes.get(chosen, 0)


def _themes() -> dict[str, int]:
    return {row["code"]: number for number, row in enumerate(reference.rows("themes"), 1)}


def dots(rows: Iterable[Row]) -> str:
    """Return the path of a dot at each place: a line of no length, which its round or square ends make visible."""
    # From stripe to stripe, so that one step is a few digits; two on one spot are one dot.
    places = sorted(
        {(round(row["x"]), round(row["y"])) for row in rows}, key=lambda place: (place[0] // EDGE, place[1])
    )
    parts, at = [], (0, 0)
    for x, y in places:
        across, down = x - at[0], y - at[1]
        parts.append(f"m{across}{'' if down < 0 else ' '}{down}h0")
        at = (x, y)
    return "".join(parts)


def _box(rows: Sequence[Row]) -> str:
    """Return the viewBox of the square that holds all of the rows."""
    low_x, low_y = (min(row[axis] for row in rows) for axis in "xy")
    high_x, high_y = (max(row[axis] for row in rows) for axis in "xy")
    side = max(high_x - low_x, high_y - low_y, EDGE) + 2 * EDGE
    left, top = (low_x + high_x - side) / 2, (low_y + high_y - side) / 2
    return f"{left:.0f} {top:.0f} {side:.0f} {side:.0f}"


def areas(rows: Sequence[Row], regions: Sequence[Row]) -> list[Row]:
    """Return of each region that holds something: number (from 1), x, y, words, themes (codes), and its counts.

    needs, organisations (that have them), startups, unanswered: how many.
    """
    members: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        members[row["region"]].append(row)
    overall = Counter(code for row in rows for code in row["themes"])
    found = []
    for region in regions:
        here = members.get(region["number"], [])
        asked = [row for row in here if row["kind"] == "need"]
        if here:
            counts = {
                "needs": len(asked),
                "organisations": len({row["organisation_id"] for row in asked}),
                "startups": len(here) - len(asked),
                "unanswered": sum(row["unanswered"] for row in asked),
            }
            found.append(
                {**region, **counts, "number": region["number"] + 1, "themes": _telling(here, overall, len(rows))}
            )
    return found


def _telling(here: Sequence[Row], overall: Counter[str], size: int) -> list[str]:
    """Return the theme, if any, that many in the region have and few elsewhere, by p · ln(p / q) as its words."""
    counts = Counter(code for row in here for code in row["themes"])
    weight = {code: n / len(here) * log(n / len(here) * size / overall[code]) for code, n in counts.items()}
    telling = [code for code in weight if counts[code] >= SHARE_OF_A_NAME * len(here) and weight[code] > 0]
    return sorted(telling, key=lambda code: (-weight[code], code))[:1]


def shared(rows: Sequence[Row]) -> list[Row]:
    """Return the groups of needs that say the same and come from two organisations or more, the widest first.

    number, needs (rows), organisations (their names, each once).
    """
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        if row["kind"] == "need" and row["shared"] is not None:
            groups[row["shared"]].append(row)
    found = []
    for number, members in groups.items():
        names = {row["organisation_id"]: row["organisation"] for row in members}
        if len(names) > 1:
            found.append({"number": number, "needs": members, "organisations": sorted(names.values(), key=swedish_key)})
    return sorted(found, key=lambda group: (-len(group["organisations"]), -len(group["needs"]), group["number"]))
