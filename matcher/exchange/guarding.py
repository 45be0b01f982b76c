"""The apostrophe before a cell that a spreadsheet would take for a formula: put on going out, taken off coming in.

A CSV that is handed out is opened in a spreadsheet, and a cell that begins with = + - or @ would be worked out there
(OWASP, CSV Injection). So such a cell gets an apostrophe, by which spreadsheets know text. They show it, and keep it
when they save; read again with it, `+46 8 123 45` would come back as `'+46 8 123 45`.

Taking off undoes putting on for every text: what already begins with apostrophes and then like a formula gets one
more. One thing therefore changes on the way in: `'=x` that somebody typed so in a file of their own is read as `=x`,
as a spreadsheet reads it. An apostrophe before anything else stays, as in `'s-Hertogenbosch`.
"""

from __future__ import annotations

from ..hub.lettering import INVISIBLE

FORMULA = tuple("=+-@＝＋－＠")
MARK = "'"


def put_on(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return MARK + text if _is_guarded(text) else text


def taken_off(cell: str) -> str:
    """Return the text of a cell that `put_on` may have guarded."""
    return cell[1:] if cell.startswith(MARK) and _is_guarded(cell) else cell


def _is_guarded(text: str) -> bool:
    """Whether a text, or what stands behind its apostrophes, begins like a formula.

    Some spreadsheets take away what is blank or not seen at its start before they look, and read full-width signs as
    plain ones.
    """
    text = text.lstrip(MARK)
    return text[:1] in ("\t", "\r", "\n") or INVISIBLE.sub("", text).lstrip().startswith(FORMULA)
