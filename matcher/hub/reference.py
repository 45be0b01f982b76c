"""Reference lists: municipalities, counties, goals, themes. Read once from `data/`, each with its source there."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "data"

LANGUAGES = ("sv", "en", "no", "da", "fi")
BENEFICIARIES = ("resident", "patient", "relative", "traveller", "visitor", "staff")
BUDGETS = ("unknown", "none", "under_100k", "100k_700k", "700k_2m", "over_2m")
SEEKS = ("test", "sell", "codevelop", "license")


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of `data/NAME.csv` as dicts of text, in the file's order."""
    with (DATA / f"{name}.csv").open(encoding="utf8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def codes(name: str) -> frozenset[str]:
    """Return the first column of a list: what may stand in a row of the hub."""
    return frozenset(next(iter(row.values())) for row in rows(name))


@cache
def counties() -> dict[str, dict[str, str]]:
    """Return the 21 counties by their two-digit code."""
    return {row["code"]: row for row in rows("counties")}


@cache
def municipalities() -> dict[str, dict[str, str]]:
    """Return the 290 municipalities by their four-digit code."""
    return {row["code"]: row for row in rows("municipalities")}
