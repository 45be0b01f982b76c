"""The words of imports: why a file or a row was not taken, fields and states, in the reader's language."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from ..exchange import headings, plan
from ..exchange.errors import MESSAGES, ROW_MESSAGES, ImportRefused
from . import words

KINDS: dict[str, Any] = {"needs": _l("Needs"), "startups": _l("Startups"), "testbeds": _l("Testbeds")}
STATES: dict[str, tuple[Any, str]] = {
    "new": (_l("Columns to check"), "draft"),
    "preview": (_l("Being tried"), "info"),
    "tried": (_l("Tried, not imported"), "draft"),
    "import": (_l("Being imported"), "info"),
    "finished": (_l("Imported"), "success"),
    "undo": (_l("Being undone"), "info"),
    "undone": (_l("Undone"), "neutral"),
    "let_go": (_l("File deleted"), "neutral"),
}
CHANGES: dict[str, Any] = {
    "created": _l("Created"),
    "updated": _l("Updated"),
    "unchanged": _l("Unchanged"),
    "refused": _l("Not taken"),
}
# Counts of a trial speak of what would happen.
WOULD: dict[str, Any] = {
    "created": _l("Would be created"),
    "updated": _l("Would be updated"),
    "unchanged": _l("Would stay as they are"),
    "refused": _l("Would not be taken"),
}
_ABOUT: dict[str, Any] = {
    "id": _l("Id in the source"),
    "organisation": _l("Organisation"),
    "orgnr": _l("Organisation number"),
}


def field(kind: str, name: str) -> str:
    """Return the word for a field that a column can hold."""
    if name in _ABOUT:
        return str(_ABOUT[name])
    return words.label(f"{plan.NOUN[kind]}_fields", name) if name in headings.CONTENT[kind].model_fields else name


def fields(kind: str) -> list[tuple[str, str]]:
    """Return (field, word) for every field that a column can hold, the required one first."""
    first = headings.TITLE[kind]
    names = [first, *(name for name in headings.fields(kind) if name != first)]
    return [(name, field(kind, name)) for name in names]


def heading(name: str) -> str:
    """Return a column's heading; one that has none in the file is called by its number."""
    number = re.fullmatch(r"column (\d{1,3})", name)
    return _("column %(number)s", number=number[1]) if number else name


def refusal(kind: str, error: ImportRefused) -> str:
    """Return why a file or its columns cannot be used, with the field's own name."""
    params = dict(error.params)
    if "field" in params:
        params["field"] = field(kind, params["field"])
    if "fields" in params:
        params["fields"] = ", ".join(word for _name, word in fields(kind))
    if "headings" in params:
        params["headings"] = ", ".join(map(heading, params["headings"].split(", ")))
    if "found" in params:
        params["found"] = _(params["found"])
    return _(MESSAGES[error.code]) % params


def reason(kind: str, faults: plan.Faults) -> str:
    """Return what is wrong with a row, each fault with the name of its field."""
    parts = []
    for name, (code, params) in faults.items():
        text = _(ROW_MESSAGES[code]) % params if code in ROW_MESSAGES else _known(code, params)
        parts.append(f"{field(kind, name)}: {text}" if name else text)
    return " ".join(parts)


def _known(code: str, params: dict[str, Any]) -> str:
    if code in words.SENTENCES and code not in words.FIELD_ERRORS:
        return str(words.SENTENCES[code]) % params
    return words.field_error(code, params)


def about(found: dict[str, str]) -> str:
    """Return how a file was read: its sheet, or its encoding and delimiter."""
    if "sheet" in found:
        return _("Read from the sheet “%(sheet)s”.", sheet=found["sheet"])
    encoding = {"utf-8": "UTF-8", "windows-1252": "Windows-1252"}.get(found.get("encoding", ""), "UTF-16")
    if "delimiter" in found:
        mark = _("tab") if found["delimiter"] == "TAB" else found["delimiter"]
        return _("Read as %(encoding)s, cells parted by %(mark)s.", encoding=encoding, mark=mark)
    return _("Read as JSON in %(encoding)s.", encoding=encoding)
