"""Who may import whom (DESIGN §3), read from the source: a new shortcut between the layers fails here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "matcher"
MODULES = {".".join(("matcher", *path.relative_to(ROOT).with_suffix("").parts)): path for path in ROOT.rglob("*.py")}

# A layer imports itself and what stands here; everything imports the standard library, `config` and `progress`.
MAY_USE = {
    "store": {"store"},
    "hub": {"store", "hub"},
    "ranking": {"store", "hub", "ranking"},
    "exchange": {"store", "hub", "ranking", "exchange"},
    "web": {"store", "hub", "ranking", "exchange", "web"},
}
ONLY_IN = {
    "flask": ("matcher.__init__", "matcher.cli", "matcher.work", "matcher.web."),
    "flask_babel": ("matcher.web.",),
    "flask_wtf": ("matcher.web.",),
    "psycopg": ("matcher.store.postgres",),
    "psycopg_pool": ("matcher.store.postgres",),
    "sqlite_utils": ("matcher.store.", "matcher.exchange."),
    "ortools": ("matcher.ranking.flow",),
    "authlib": ("matcher.exchange.openid",),
    "joserfc": ("matcher.exchange.openid",),
    "requests": ("matcher.exchange.openid",),
    "cryptography": ("matcher.hub.sealing",),
    "pyotp": ("matcher.hub.second_factor",),
    "icalendar": ("matcher.exchange.calendars",),
    "torch": ("matcher.ranking.encoder", "matcher.ranking.weights", "matcher.ranking.wordtable"),
    "sentence_transformers": ("matcher.ranking.encoder", "matcher.ranking.weights"),
}
NEVER = ("pickle", "joblib", "dill", "marshal", "shelve")
NO_NAMES = {"utils", "util", "helpers", "common", "misc", "models", "services", "managers", "manager"}


def imports(name: str, path: Path) -> Iterator[str]:
    """Yield the full names that a module imports at run time, wherever in it."""
    tree = ast.parse(path.read_text(encoding="utf8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = name.split(".")[:-1]
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _layer(name: str) -> str:
    return name.split(".")[1] if name.startswith("matcher.") and name.count(".") > 1 else ""


@pytest.mark.parametrize("name", sorted(MODULES))
def test_arrows_point_one_way(name: str) -> None:
    used = {imported.split(".")[1] for imported in imports(name, MODULES[name]) if imported.startswith("matcher.")}
    layer = _layer(name)
    if layer in MAY_USE:
        assert used & {*MAY_USE, "cli", "work", "serving", "doctor"} <= MAY_USE[layer]


@pytest.mark.parametrize("name", sorted(MODULES))
def test_each_foreign_library_has_its_place(name: str) -> None:
    for imported in imports(name, MODULES[name]):
        library = imported.split(".")[0]
        assert library not in NEVER, f"{name} imports {library}: nothing is ever unpickled"
        places = ONLY_IN.get(library)
        assert places is None or name.startswith(places), f"{name} imports {library}"


def test_every_module_is_named_after_what_it_holds() -> None:
    assert {name for name in MODULES if set(name.split(".")) & NO_NAMES} == set()


def test_the_reader_of_imports_sees_through_relative_ones() -> None:
    found = set(imports("matcher.hub.people", MODULES["matcher.hub.people"]))
    assert "matcher.store.Store" in found
    assert "matcher.hub.record" in found
