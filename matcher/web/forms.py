"""Reading a form: fields by name into plain data for a noun's own checks, and errors back beside their fields."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

from flask import request, url_for

from ..hub import limits, organisations, reference
from ..hub.errors import Invalid
from ..hub.swedish import swedish_key
from . import words
from .access import now, person, store

BEGUN_A_QUARTER = 30  # needs, profiles and testbeds that one person begins, tries that are refused counted too


def read(names: Iterable[str], lists: Iterable[str] = ()) -> dict[str, Any]:
    """Return the typed values of `names` that the form held; those in `lists` as lists of text.

    A list field counts as present when the form says so by a hidden `NAME__shown`, so that unticking the last
    box is a change and a page that does not show the field leaves it alone.
    """
    several = set(lists)
    data: dict[str, Any] = {}
    for name in names:
        if name in several:
            if name in request.form or f"{name}__shown" in request.form:
                data[name] = request.form.getlist(name)
        elif name in request.form:
            data[name] = request.form[name]
    return data


def messages(error: Invalid) -> dict[str, str]:
    """Return the sentence for each field of an Invalid, in the reader's language."""
    return {name: words.field_error(code, params) for name, (code, params) in error.errors.items()}


def revision() -> int:
    """Return the revision that the form was opened with; 0 when it is missing or no number."""
    text = request.form.get("revision", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def page() -> int:
    """Return which page of a list the address asks for, from 1; 1 when it is missing or no such number."""
    text = request.args.get("page", "")
    return max(int(text), 1) if text.isdecimal() and len(text) < 6 else 1


def one_of(name: str, known: Container[str]) -> str:
    """Return what the address asks for under `name` when it is one of `known`; an empty text otherwise."""
    value = request.args.get(name, "")
    return value if value in known else ""


def page_address(endpoint: str, *kept: str) -> Callable[[int], str]:
    """Return what makes the address of a list's page: with what this request asked for under the names in `kept`."""
    given = {name: request.args[name] for name in kept if request.args.get(name)}
    return lambda number: url_for(endpoint, **given, page=number)


def count_begun() -> None:
    """Count a need, profile or testbed that a person is about to begin; raise TooMany past what anybody writes."""
    limits.count(store(), f"begun:{person().person_id}", BEGUN_A_QUARTER, now())


def acting_for(role: str) -> list[dict[str, Any]]:
    """Return the organisations that the person acts for in a role, in Swedish order: whose a new thing can be."""
    rows = [organisations.get(store(), found) for found in person().organisations(role)]
    return sorted(rows, key=lambda row: swedish_key(row["name"]))


def chosen_organisation(rows: Sequence[dict[str, Any]], given: str | None) -> dict[str, Any]:
    """Return the one of `rows` whose id was given; the first when it is none of them."""
    return next((row for row in rows if row["id"] == given), rows[0])


def municipalities() -> list[tuple[str, str]]:
    """Return (code, name) of the 290 municipalities in Swedish order."""
    rows = sorted(reference.municipalities().values(), key=lambda row: swedish_key(row["name"]))
    return [(row["code"], row["name"]) for row in rows]


def own_path(target: str | None) -> str | None:
    r"""Return a redirect target when it is a path of our own (`//x`, `/\x` and addresses are not), else None."""
    if not target or not target.startswith("/") or target[1:2] in ("/", "\\") or "\\" in target:
        return None
    return None if any(ord(mark) < 32 for mark in target) else target
