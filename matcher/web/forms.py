"""Reading a form: fields by name into plain data for a noun's own checks, and errors back beside their fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import request

from ..hub.errors import Invalid
from . import words


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


def own_path(target: str | None) -> str | None:
    r"""Return a redirect target when it is a path of our own (`//x`, `/\x` and addresses are not), else None."""
    if not target or not target.startswith("/") or target[1:2] in ("/", "\\") or "\\" in target:
        return None
    return None if any(ord(mark) < 32 for mark in target) else target
