"""The words of a plan: why a need is short, why a lock cannot be kept, what stops a pair."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from . import words

Row = dict[str, Any]

STOPS: dict[str, Any] = {
    "region": _l("works in other counties only"),
    "readiness": _l("readiness too low"),
    "language": _l("no language in common"),
    "capacity": _l("takes no more tests"),
    "expired": _l("the need has expired"),
    "hidden": _l("hidden"),
    "conflict": _l("conflict of interest"),
    "dismissed": _l("dismissed for this need"),
    "own": _l("the need is their own"),
    "paired": _l("already being paired"),
    "met": _l("they have had a case together"),
    "gone": _l("no longer on offer"),
    "forbidden": _l("you said no"),
    "not_scored": _l("not among the candidates of this round"),
}
BROKEN: dict[str, Any] = {
    "lock_demand": _l("The need asks for fewer startups than are locked to it. Raise its number, or undo a lock."),
    "lock_capacity": _l("The startup is locked to more needs than it can take tests. Undo one of its locks."),
    "lock_place": _l("No place that the need can use is left for it. Undo another lock, or lock another place."),
    "place_gone": _l("That testbed or quarter is not in the round any more. Undo the lock."),
    "not_scored": _l("The startup is not among the candidates of this round. Undo it, or make the scores anew."),
}


def stop(code: str) -> str:
    """Return what stops a pair, in a few words."""
    return str(STOPS.get(code, code))


def broken(code: str) -> str:
    """Return why a lock cannot be kept and what to do: a sentence."""
    if code in BROKEN:
        return str(BROKEN[code])
    return _("The two cannot be planned together now: %(why)s.", why=stop(code))


def why(row: Row) -> str:
    """Return why a need gets fewer startups than it asks for: a sentence that names what would have to change."""
    code, given = row["code"], row["params"]
    if code == "nobody_near":
        if given["have"]:
            return _("No other startup reaches a score of %(least)s.", least=_figure(given["least"]))
        return _("No startup reaches a score of %(least)s.", least=_figure(given["least"]))
    if code == "all_stopped":
        return _all_stopped(given)
    if code == "no_place":
        return _("No place is free in %(quarters)s at %(testbeds)s.", **_where(given))
    if code == "places_taken":
        return _(
            "Every place in %(quarters)s at %(testbeds)s goes to %(needs)s, which fit better or can go nowhere else.",
            **_where(given), needs=_listed(given["needs"]),
        )  # fmt: skip
    if code == "startups_taken":
        return _(
            "Its startups (%(startups)s) have no more room: they go to %(needs)s.",
            startups=_listed(given["startups"]), needs=_listed(given["needs"]),
        )  # fmt: skip
    if code == "too_late":
        return _("It is wanted by %(day)s, before the first quarter of the round.", day=words.day(given["day"]))
    if code == "testbed_gone":
        return _("The testbed that its owner offers is not on offer now.")
    if code == "no_testbed":
        return _("No testbed has a theme in common with it.")
    return _("One more startup would lower the worth of the plan.")


def _all_stopped(given: Row) -> str:
    reasons = ", ".join(f"{stop(code)} ({number})" for code, number in given["codes"].items())
    if given["have"]:
        return _("None of its other candidates can come: %(reasons)s.", reasons=reasons)
    return ngettext(
        "Its only candidate cannot come: %(reasons)s.",
        "None of its %(num)s candidates can come: %(reasons)s.",
        given["count"],
        reasons=reasons,
    )


def _where(given: Row) -> Row:
    return {
        "quarters": ", ".join(words.quarter(name) for name in given["quarters"]),
        "testbeds": _listed(given["testbeds"]),
    }


def _listed(given: Row) -> str:
    """Return a few names; how many more there are."""
    names = ", ".join(_("“%(name)s”", name=name) for name in given["names"])
    if given["more"]:
        return ngettext("%(names)s and %(num)s more", "%(names)s and %(num)s more", given["more"], names=names)
    return names


def _figure(value: float) -> str:
    return words.decimals(value, "0.00")
