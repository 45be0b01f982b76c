"""The hub's list of ways to test or buy: ways, rules and figures, each with its source and date.

They are configuration, read from TOML files (`data/routes/`, or a hub's own copy of one of them in
`INSTANCE/routes/`), so that a lawyer can change a figure or a text without touching code. None of it is legal
advice. `docs/route.md` says what stands in each file.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from .entry_lines import place
from .reference import DATA
from .route_guide import QUESTIONS, UNKNOWN, Condition, Figure, Guide, Item, Rule, Source, Way, Words

SHIPPED = DATA / "routes"
NAMES = ("figures", "ways", "rules")
LOCALES = ("sv", "en")


class GuideError(Exception):
    """A file of the list cannot be used; the message names the file, the entry and the remedy."""


def load(own: Path | None = None) -> Guide:
    """Return the list, with the files that stand in the folder `own` instead of those shipped.

    A file of one's own that cannot be used is left aside and told of in `faults`: a slip of the pen in a text
    must not close the page for everybody.
    """
    found = {name: own / f"{name}.toml" for name in NAMES if own and (own / f"{name}.toml").is_file()}
    return _load(tuple((name, str(path), path.stat().st_mtime_ns) for name, path in found.items()))


@lru_cache(maxsize=8)
def _load(own: tuple[tuple[str, str, int], ...]) -> Guide:
    """Read the list once for each state of a hub's own files (name, path, time of change)."""
    kept = {name: SHIPPED / f"{name}.toml" for name in NAMES}
    replaced = {name: Path(path) for name, path, _ in own}
    try:
        return _guide({**kept, **replaced})
    except GuideError as error:
        if not replaced:
            raise
        return _guide(kept, faults=(str(error),))


def read(folder: Path) -> Guide:
    """Return the list of the three files in a folder; raise GuideError."""
    return _guide({name: folder / f"{name}.toml" for name in NAMES})


def _guide(paths: Mapping[str, Path], **more: Any) -> Guide:
    figures = {item.code: item for item in _each(paths["figures"], "figure", _figure)}
    ways = tuple(_each(paths["ways"], "way", _way))
    codes = {way.code for way in ways}
    rules = tuple(_each(paths["rules"], "rule", lambda row: _rule(row, figures, codes)))
    serves = _parsed(paths["rules"]).get("serves", 3)
    if not isinstance(serves, int):
        raise GuideError(f"{paths['rules'].name}: serves must be a whole number")
    if not any(rule.points > 0 and not rule.when for rule in rules):
        raise GuideError(
            f"{paths['rules'].name}: one rule must speak for a way without a condition, so that there is always a way"
        )
    always = {rule.way for rule in rules if rule.points > 0 and not rule.when}
    if always <= {rule.way for rule in rules if rule.stops}:
        raise GuideError(f"{paths['rules'].name}: the way that is always open must not be stopped by another rule")
    return Guide(figures, ways, rules, serves, **more)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise GuideError(f"{path.name}: {error}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf8")
    except (OSError, UnicodeDecodeError) as error:
        raise GuideError(f"{path.name}: {error}") from None


def _each(path: Path, table: str, made: Any) -> list[Any]:
    """Return one made thing for each entry of a table; raise GuideError that names the entry."""
    rows = _parsed(path).get(table)
    if not isinstance(rows, list) or not rows:
        raise GuideError(f"{path.name}: no [[{table}]] in it")
    found: dict[str, Any] = {}
    for number, row in enumerate(rows, 1):
        code = row.get("code", "") if isinstance(row, dict) else ""
        where = f"{path.name}: {place(_text(path), table, number)}{table} {number}"
        try:
            item = made(row)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            said = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
            raise GuideError(f"{where} ({code or 'without code'}): {said}") from None
        if item.code in found:
            raise GuideError(f"{where}: the code {item.code} stands there twice")
        found[item.code] = item
    return list(found.values())


def _code(row: dict[str, Any], name: str = "code") -> str:
    code = row[name]
    if not isinstance(code, str) or not code.isidentifier() or not code.isascii() or len(code) > 60:
        raise ValueError(f"{name} must be letters, digits and _ (at most 60): {str(code)[:60]!r}")
    return code


def _words(row: dict[str, Any]) -> Words:
    for locale in LOCALES:
        if not isinstance(row[locale], str) or not row[locale].strip():
            raise ValueError(f"the text {locale} is empty")
    return {locale: row[locale].strip() for locale in LOCALES}


def _day(value: Any) -> str:
    if not isinstance(value, date):
        raise ValueError(f"write the day as 2026-01-31, without quotes: {value!r}")
    return value.isoformat()[:10]


def _url(value: Any) -> str:
    if not isinstance(value, str) or not value.startswith("https://"):
        raise ValueError(f"an address begins with https://: {str(value)[:80]!r}")
    return value


def _figure(row: dict[str, Any]) -> Figure:
    amount = row["amount"]
    if not isinstance(amount, int) or amount < 1:
        raise ValueError(f"amount must be whole kronor: {amount!r}")
    until = row.get("applies_until")
    return Figure(
        _code(row), amount, _words(row["name"]), _words(row["law"]), _words(row["check"]), str(row["source"]),
        _url(row["url"]), _day(row["applies_from"]), _day(row["as_of"]), _day(until) if until else None,
    )  # fmt: skip


def _way(row: dict[str, Any]) -> Way:
    if row["kind"] not in ("other", "procurement"):
        raise ValueError("kind must be other or procurement")
    sources = tuple(_source(one) for one in row["sources"])
    items = tuple(Item(_code(one, "id"), _words(one)) for one in row["check"])
    if not sources or not items or len({item.id for item in items}) < len(items):
        raise ValueError("a way needs a source and a checklist whose ids differ")
    return Way(_code(row), row["kind"], _words(row["name"]), _words(row["text"]), sources, items)


def _source(row: dict[str, Any]) -> Source:
    found = {name: _day(row[name]) for name in ("date", "read") if name in row}
    if not found:
        raise ValueError("a source needs its date, or the day on which it was read")
    return Source(str(row["title"]), _url(row["url"]), **found)


def _rule(row: dict[str, Any], figures: Mapping[str, Figure], ways: set[str]) -> Rule:
    if row["way"] not in ways:
        raise ValueError(f"there is no way {str(row['way'])[:60]!r}")
    stops, points = bool(row.get("stops", False)), row.get("points", 0)
    if not isinstance(points, int) or (stops and points):
        raise ValueError("points must be a whole number, and a rule that stops has none")
    when = tuple(_condition(name, value, figures) for name, value in row.get("when", {}).items())
    text = _words(row)
    _check_text(text, when)
    return Rule(_code(row), row["way"], points, stops, text, when)


def _check_text(text: Words, when: tuple[Condition, ...]) -> None:
    amounts = [one for one in when if one.question == "amount"]
    known = {"amount"} if amounts else set()
    known |= {name for one in amounts for name, bound in (("from", one.low), ("under", one.high)) if bound is not None}
    for sentence in text.values():
        used = {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}
        if used - known:
            raise ValueError(f"the text uses {{{min(used - known)}}}, which its condition does not give")


def _condition(question: str, value: Any, figures: Mapping[str, Figure]) -> Condition:
    if question == "amount":
        low, low_figure = _bound(value.get("from"), figures)
        high, high_figure = _bound(value.get("under"), figures)
        if set(value) - {"from", "under"} or (low is None and high is None):
            raise ValueError("amount takes from and under")
        return Condition("amount", (), low, high, low_figure, high_figure)
    if question not in QUESTIONS:
        raise ValueError(f"there is no question {question[:60]!r}")
    known = (*QUESTIONS[question], UNKNOWN)
    if not isinstance(value, list) or not value or any(one not in known for one in value):
        raise ValueError(f"{question} takes some of {', '.join(known)}")
    return Condition(question, tuple(value))


def _bound(value: Any, figures: Mapping[str, Figure]) -> tuple[int | None, str | None]:
    if value is None:
        return None, None
    if isinstance(value, int):
        return value, None
    if value not in figures:
        raise ValueError(f"there is no figure {str(value)[:60]!r} in figures.toml")
    return figures[value].amount, value
