"""The other side of a match: what the startup seeks, and how much of it the need offers.

Apart from the score, which says how well the offer fits the need, and from the gates, which stop. A wish that nothing
is known about neither counts for nor against. The words belong to the pages: a wish has a code, a state and values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

State = Literal["met", "part", "unmet", "unknown"]
WORTH = {"met": 1.0, "part": 0.5, "unmet": 0.0}
CODES = ("intent", "region", "budget", "capacity", "testbed", "time")
PAID = {"none": "unmet", "under_100k": "part", "100k_700k": "met", "700k_2m": "met", "over_2m": "met"}
SOON_DAYS = 90
READY = 7  # of 9: shown in use; a product below is not in place within SOON_DAYS


@dataclass(frozen=True)
class Wish:
    """One thing that the startup seeks: `code` of CODES, how far the need offers it, and values for the sentence."""

    code: str
    state: State
    params: dict[str, Any] = field(default_factory=dict)


def wishes(need: Mapping[str, Any], startup: Mapping[str, Any], today: date, running: int) -> list[Wish]:
    """Return what the startup seeks and how far the need offers it, in the order of CODES.

    need, startup: rows with the fields of the nouns, lists already read from JSON; a missing field counts as null.
    running: how many tests the startup has going now.
    """
    found = (
        _intent(need, startup),
        _region(need, startup),
        _budget(need, startup),
        _capacity(startup, running),
        _testbed(need, startup),
        _time(need, startup, today),
    )
    return [wish for wish in found if wish]


def share(found: list[Wish]) -> float | None:
    """Return how much of what is known to be sought the need offers, 0 to 1; None when nothing is known."""
    known = [WORTH[wish.state] for wish in found if wish.state != "unknown"]
    return sum(known) / len(known) if known else None


def joined(score: float, best: float, seeks: float | None) -> float:
    """Return one figure, 0 to 1, for the order by both sides: the harmonic mean, which a low side pulls down.

    score: how well the offer fits, against the `best` of the list. seeks: `share`; unknown counts as a half.
    """
    offers = min(max(score / best, 0.0), 1.0) if best > 0 else 0.0
    other = 0.5 if seeks is None else seeks
    return 2 * offers * other / (offers + other) if offers + other else 0.0


def _intent(need: Mapping[str, Any], startup: Mapping[str, Any]) -> Wish | None:
    """Judge by the one of the startup's aims that the need serves best."""
    aims = startup.get("seeks") or []
    if not aims:
        return None
    # Every confirmed pairing opens a place, so a test is always possible; a sale needs somebody who goes on using it.
    kept = "met" if need.get("runner") else "part"
    states: dict[str, State] = {"test": "met", "codevelop": "met", "sell": kept, "license": kept}
    best = max((aim for aim in aims if aim in states), key=lambda aim: WORTH[states[aim]], default=None)
    return Wish("intent", states[best], {"aim": best}) if best else None


def _region(need: Mapping[str, Any], startup: Mapping[str, Any]) -> Wish:
    regions, county = startup.get("regions") or [], need.get("county_code")
    if not regions:
        return Wish("region", "met", {"county": county})
    if not county:
        return Wish("region", "unknown")
    return Wish("region", "met" if county in regions else "unmet", {"county": county})


def _budget(need: Mapping[str, Any], startup: Mapping[str, Any]) -> Wish | None:
    """Money matters to those who seek to sell or license; a test may be free."""
    if not {"sell", "license"} & set(startup.get("seeks") or []):
        return None
    budget = need.get("budget")
    return Wish("budget", PAID.get(budget or "", "unknown"), {"budget": budget})


def _capacity(startup: Mapping[str, Any], running: int) -> Wish | None:
    capacity = startup.get("capacity")
    if not capacity:
        return None
    free = max(capacity - running, 0)
    return Wish("capacity", "met" if free else "unmet", {"free": free, "capacity": capacity})


def _testbed(need: Mapping[str, Any], startup: Mapping[str, Any]) -> Wish | None:
    if "test" not in (startup.get("seeks") or []):
        return None
    return Wish("testbed", "met" if need.get("testbed_id") else "part")


def _time(need: Mapping[str, Any], startup: Mapping[str, Any], today: date) -> Wish | None:
    """Judge whether what is not ready yet is wanted too soon."""
    wanted, level = need.get("wanted_by"), startup.get("readiness")
    if not wanted or not level:
        return None
    days = (date.fromisoformat(str(wanted)[:10]) - today).days
    return Wish("time", "unmet" if days < SOON_DAYS and level < READY else "met", {"wanted_by": wanted})
