"""What can go wrong by the rules of the hub. One table in `matcher.web` turns these into statuses."""

from __future__ import annotations

from typing import Any


class HubError(Exception):
    """Base of all domain errors. `code` names the reason; `params` fill the sentence that a person reads."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


class NotFound(HubError):
    """There is no such thing, or not for this person: the two must look the same."""


class Denied(HubError):
    """The person may see the thing but may not do this to it."""


class Conflict(HubError):
    """The thing is no longer in a state where this can be done: somebody else decided first."""


class Stale(Conflict):
    """Somebody saved another text since this form was opened; `params['current']` holds the saved row."""


class Full(Conflict):
    """No place is free in the period that was asked for."""


class Invalid(HubError):
    """Something that was typed cannot be used; `errors` maps a field to a code and its parameters."""

    def __init__(self, errors: dict[str, tuple[str, dict[str, Any]]]) -> None:
        super().__init__("invalid", fields=sorted(errors))
        self.errors = errors
