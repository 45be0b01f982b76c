"""`docs/trust.md` names only tests that exist, leaves no number of ASVS 5.0.0 out, and counts right."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "trust.md").read_text(encoding="utf8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)

# How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has; those of level 3 are left out, and
# `FIRST` are those of level 1. From OWASP_Application_Security_Verification_Standard_5.0.0_en.csv, May 2025.
LISTED = """
1.1.1-2 1.2.1-9 1.3.1-11 1.4.1-3 1.5.1-2 2.1.1-3 2.2.1-3 2.3.1-4 2.4.1 3.2.1-2 3.3.1-4 3.4.1-6 3.5.1-5 3.7.1-2 4.1.1-3
4.2.1 4.3.1-2 4.4.1-4 5.1.1 5.2.1-3 5.3.1-2 5.4.1-3 6.1.1-3 6.2.1-12 6.3.1-4 6.4.1-4 6.5.1-5 6.6.1-3 6.8.1-4 7.1.1-3
7.2.1-4 7.3.1-2 7.4.1-5 7.5.1-2 7.6.1-2 8.1.1-2 8.2.1-3 8.3.1 8.4.1 9.1.1-3 9.2.1-4 10.1.1-2 10.2.1-2 10.3.1-4
10.4.1-11 10.5.1-5 10.6.1-2 10.7.1-3 11.1.1-2 11.2.1-3 11.3.1-3 11.4.1-4 11.5.1 11.6.1 12.1.1-3 12.2.1-2 12.3.1-4
13.1.1 13.2.1-5 13.3.1-2 13.4.1-5 14.1.1-2 14.2.1-4 14.3.1-3 15.1.1-3 15.2.1-3 15.3.1-7 16.1.1 16.2.1-5 16.3.1-4
16.4.1-3 16.5.1-3 17.1.1 17.2.1-4 17.3.1-2
"""
FIRST = """
1.2.1-5 1.3.1-2 1.5.1 2.1.1 2.2.1-2 2.3.1 3.2.1-2 3.3.1 3.4.1-2 3.5.1-3 4.1.1 4.4.1 5.2.1-2 5.3.1-2 6.1.1 6.2.1-8
6.3.1-2 6.4.1-2 7.2.1-4 7.4.1-2 8.1.1 8.2.1-2 8.3.1 9.1.1-3 9.2.1 10.4.1-5 11.3.1-2 11.4.1 12.1.1 12.2.1-2 13.4.1 14.2.1
14.3.1 15.1.1 15.2.1 15.3.1
"""
KINDS = ("met, shown by a test", "met, by reading or on this page", "PARTLY", "NOT MET", "does not apply")


def numbers(text: str) -> list[str]:
    """Return the single numbers of a list like `1.1.1-2 2.4.1`."""
    found = []
    for part in text.split():
        first, _, last = part.partition("-")
        section, _, start = first.rpartition(".")
        found += [f"{section}.{number}" for number in range(int(start), int(last or start) + 1)]
    return found


def kind(how: str, shown: str) -> str:
    for start, name in (("NOT MET", "NOT MET"), ("PARTLY", "PARTLY"), ("Does not apply:", "does not apply")):
        if how.startswith(start):
            return name
    return KINDS[0] if "::" in shown else KINDS[1]


@cache
def functions(path: str) -> set[str]:
    """Return the names of a file's own functions."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("path", "name"), NAMED, ids=lambda part: part.rpartition("/")[2])
def test_every_test_that_is_named_exists(path: str, name: str) -> None:
    assert (ROOT / path).is_file(), path
    assert name in functions(path), f"{path} has no {name}"
    assert name.startswith("test_")


def test_tests_are_named_in_one_way_only() -> None:
    assert len(NAMED) > 150
    assert PAGE.count("::") == len(re.findall(r"`tests/[\w/]+\.py::test_\w+`", PAGE)) + PAGE.count("`file::function`")


def test_every_number_of_levels_one_and_two_stands_once_in_order() -> None:
    rows = ROW.findall(PAGE)
    assert [row[0] for row in rows] == numbers(LISTED)
    assert {row[0] for row in rows if row[1] == "1"} == set(numbers(FIRST))
    assert (len(numbers(FIRST)), len(rows)) == (70, 253)


def test_each_row_says_how_it_is_known() -> None:
    for number, _, asked, how, shown in ROW.findall(PAGE):
        assert asked.strip(), number
        assert len(how.split()) > (3 if how.startswith(("NOT MET", "PARTLY", "Does not")) else 0), number
        if kind(how, shown) in KINDS[:2]:
            assert "::" in shown or "by reading" in shown or shown == "this page", number


def test_the_counts_are_those_of_the_rows() -> None:
    counted = Counter((level, kind(how, shown)) for _, level, _, how, shown in ROW.findall(PAGE))
    for level in "12":
        of_level = [counted[level, name] for name in KINDS]
        line = " | ".join(map(str, (level, *of_level, sum(of_level))))
        assert f"| {line} |" in PAGE, f"write: | {line} |"
