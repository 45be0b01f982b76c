"""Two people in one form: which of the typed fields differ from what was saved in between."""

from __future__ import annotations

from typing import Any

from ..hub import fields


def differing(saved: dict[str, Any], typed: dict[str, Any]) -> list[str]:
    """Return the names of the typed fields whose content is not what the saved row holds, in the form's order."""
    return [name for name, value in typed.items() if _plain(value) != _plain(saved.get(name))]


def _plain(value: Any) -> str | list[str]:
    if isinstance(value, list):
        return sorted(str(item) for item in value)
    return "" if value is None else fields.clean(str(value))
