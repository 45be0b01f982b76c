"""What is logged: a line of JSON each, with ids, kinds of errors and places in the code.

Never a name, an address, a text, a token or what stood after `?`: an error's own words may hold any of them (a unique
key that is taken is named with its value), so of an error only its kind and where it arose are told.
"""

from __future__ import annotations

import json
import logging
import traceback
from typing import Any

OURS = "matcher"


class Line(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; of what libraries log only the pattern, without the values that it is filled with."""
        ours = record.name.partition(".")[0] == OURS
        said: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage() if ours else str(record.msg),
            **getattr(record, "told", {}),
        }
        if record.exc_info and record.exc_info[1]:
            said |= told(record.exc_info[1])
        return json.dumps(said, ensure_ascii=False)


def told(error: BaseException) -> dict[str, Any]:
    """Return of an error its kinds, the first cause last, and where it arose: no word of its message."""
    kinds, one = [], error
    while one is not None and len(kinds) < 5:
        kinds.append(type(one).__name__)
        one = one.__cause__ or one.__context__  # type: ignore[assignment]
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return {"error": kinds, "where": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]}


def install() -> None:
    """Let everything that is logged by this process go to stderr as such lines, from warnings on."""
    handler = logging.StreamHandler()
    handler.setFormatter(Line())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
