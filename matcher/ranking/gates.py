"""Hard conditions between a need and a startup, apart from the score: a failed gate is a reason, never a number.

What is not known is said to be unknown; it neither passes nor fails. The words belong to the pages: a gate has a
code, a state and the values to put into a sentence.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

State = Literal["failed", "unknown"]
CODES = ("region", "readiness", "language", "capacity", "expired", "hidden", "conflict")


@dataclass(frozen=True)
class Gate:
    """One condition that is not known to hold: `code` of CODES, its state, and `params` for the message."""

    code: str
    state: State
    params: dict[str, Any] = field(default_factory=dict)


def check(
    need: Mapping[str, Any],
    startup: Mapping[str, Any],
    today: date,
    running: int,
    conflicts: Iterable[Any] = (),
) -> list[Gate]:
    """Return the gates between one need and one startup that are failed or unknown, in the order of CODES.

    need, startup: rows with the fields of the nouns, lists already read from JSON; a missing field counts as null.
    running: how many tests the startup has going now. conflicts: what was declared between the two (names or reasons).
    """
    gates = (
        _region(need, startup),
        _readiness(need, startup),
        _language(need, startup),
        _capacity(startup, running),
        _expired(need, today),
        _hidden(startup),
        _conflict(conflicts),
    )
    return [gate for gate in gates if gate]


def _region(need: Mapping[str, Any], startup: Mapping[str, Any]) -> Gate | None:
    """Check a need that asks for a local startup; a profile without regions is active everywhere."""
    regions = startup.get("regions") or []
    if not need.get("local") or not regions:
        return None
    params = {"county": need.get("county_code"), "regions": list(regions)}
    if not need.get("county_code"):
        return Gate("region", "unknown", params)
    return None if need["county_code"] in regions else Gate("region", "failed", params)


def _readiness(need: Mapping[str, Any], startup: Mapping[str, Any]) -> Gate | None:
    wanted, stated = need.get("min_readiness"), startup.get("readiness")
    if wanted is None:
        return None
    params = {"wanted": wanted, "stated": stated}
    if stated is None:
        return Gate("readiness", "unknown", params)
    return None if stated >= wanted else Gate("readiness", "failed", params)


def _language(need: Mapping[str, Any], startup: Mapping[str, Any]) -> Gate | None:
    wanted, stated = need.get("languages") or [], startup.get("languages") or []
    if not wanted:
        return None
    params = {"wanted": list(wanted), "stated": list(stated)}
    if not stated:
        return Gate("language", "unknown", params)
    return None if set(wanted) & set(stated) else Gate("language", "failed", params)


def _capacity(startup: Mapping[str, Any], running: int) -> Gate | None:
    capacity = startup.get("capacity")
    params = {"capacity": capacity, "running": running}
    if capacity is None:
        return Gate("capacity", "unknown", params)
    return Gate("capacity", "failed", params) if running >= capacity else None


def _expired(need: Mapping[str, Any], today: date) -> Gate | None:
    """`valid_until` is the last day on which the need holds."""
    until = need.get("valid_until")
    if not until:
        return None
    try:
        last = date.fromisoformat(str(until)[:10])
    except ValueError:
        return Gate("expired", "unknown", {"valid_until": until})
    return Gate("expired", "failed", {"valid_until": last.isoformat()}) if last < today else None


def _hidden(startup: Mapping[str, Any]) -> Gate | None:
    if not startup.get("hidden_at"):
        return None
    return Gate("hidden", "failed", {"reason": startup.get("hidden_reason")})


def _conflict(conflicts: Iterable[Any]) -> Gate | None:
    declared = list(conflicts)
    return Gate("conflict", "failed", {"conflicts": declared}) if declared else None
