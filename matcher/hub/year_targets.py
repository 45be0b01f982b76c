"""What an administrator wants a year to reach. Targets are the whole hub's; the record keeps what they were before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..store import Store
from . import fields, record
from .errors import Denied, Invalid
from .people import Viewer
from .permissions import can
from .year_span import FIRST_YEAR, LAST_YEAR
from .years import PROMISES, Figures

HIGHEST = 1_000_000
# What can be aimed at, and whether more is better: numbers, days (as few as possible) and hundredths of promises kept.
MEASURES = {
    "published": "more", "confirmed": "more", "agreed": "more", "begun": "more", "decided": "more", "in_use": "more",
    "need_to_test": "fewer", "kept": "percent",
}  # fmt: skip
LIMITS = {"more": HIGHEST, "fewer": 10_000, "percent": 100}


@dataclass(frozen=True)
class Aim:
    """A target beside what came of it; `actual` is None while there is nothing to measure."""

    measure: str
    target: int
    actual: float | None
    reached: bool | None


def of_year(store: Store, year: int) -> dict[str, int]:
    """Return measure → target of a year, those that are set."""
    rows = store.query("select measure, value from year_target where year = :year", {"year": year})
    return {row["measure"]: row["value"] for row in rows if row["measure"] in MEASURES}


def save(store: Store, viewer: Viewer, year: int, given: dict[str, Any], now: str) -> list[str]:
    """Set a year's targets from text by measure (empty: none) and return the measures that changed; raise Invalid."""
    if not can(viewer, "admin", None):
        raise Denied("denied")
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Invalid({"year": ("number_range", {"low": FIRST_YEAR, "high": LAST_YEAR, "value": str(year)})})
    wanted = _checked(given)
    with viewer.deciding(store):
        store.execute("update counter set value = value where name = 'seq'")  # two at once wait for each other
        before = of_year(store, year)
        after = {name: wanted.get(name, before.get(name)) for name in MEASURES}
        changed = [name for name in MEASURES if after[name] != before.get(name)]
        for name in changed:
            _set(store, viewer, year, name, after[name], now)
        if changed:
            said = {name: after[name] for name in changed}
            record.write(store, viewer.person_id, "year.targets", "year", str(year), now, **said)
    return changed


def _checked(given: dict[str, Any]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    errors: dict[str, tuple[str, dict[str, Any]]] = {}
    for name, kind in MEASURES.items():
        if name not in given:
            continue
        text = fields.clean(str(given[name])).replace(" ", "").replace("\u00a0", "")
        if text and not (text.isascii() and text.isdecimal() and len(text) < 8 and int(text) <= LIMITS[kind]):
            errors[name] = ("number_range", {"low": 0, "high": LIMITS[kind], "value": text[:40]})
        else:
            found[name] = int(text) if text else None
    if errors:
        raise Invalid(errors)
    return found


def _set(store: Store, viewer: Viewer, year: int, measure: str, value: int | None, now: str) -> None:
    key = {"year": year, "measure": measure}
    if value is None:
        store.execute("delete from year_target where year = :year and measure = :measure", key)
    else:
        row = {**key, "value": value, "set_at": now, "set_by": viewer.person_id}
        store.upsert("year_target", row, ["year", "measure"])


def compared(targets: dict[str, int], found: Figures) -> list[Aim]:
    """Return each target that is set beside what the year came to."""
    return [_aim(name, targets[name], found) for name in MEASURES if name in targets]


def _aim(measure: str, target: int, found: Figures) -> Aim:
    kind = MEASURES[measure]
    if kind == "fewer":
        spread = found[measure].spread
        actual: float | None = spread.median if spread else None
        return Aim(measure, target, actual, None if actual is None else actual <= target)
    if kind == "percent":
        due = sum(found[f"{promise}_due"].number for promise in PROMISES)
        kept = sum(found[f"{promise}_kept"].number for promise in PROMISES)
        actual = 100 * kept / due if due else None
        return Aim(measure, target, actual, None if actual is None else actual >= target)
    return Aim(measure, target, found[measure].number, found[measure].number >= target)
