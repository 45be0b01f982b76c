"""What happens next with a need: done so far, now by whom and by when, and what comes after, from its own cases."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from ..hub import need_content
from ..hub.clock import later
from . import route_words, timeline, words

Need = dict[str, Any]
Event = dict[str, Any]

PAST_SHOWN = 5
_PLACE = {"draft": 0, "returned": 0, "submitted": 1, "published": 2, "closed": 2}
_OVER = ("over", "follow")  # what came of it is asked for months later, and nothing else happens in the case
_FURTHEST = (
    "decide", "halted", "finish", "pilot", "prerequisites", "sign", "agree", "close_case", "confirm",
    "answer", "answer_owner", "answer_startup", "extend_or_close",
)  # fmt: skip


def events(
    need: Need, rows: list[dict[str, Any]], now: str, review_days: int, route: dict[str, Any] | None, own: bool
) -> list[Event]:
    """Return the events for the timeline macro.

    rows: the need's cases (`cases.of_need`), newest first, each with its `step` (`timeline.with_steps`). route: the way
    that was chosen (`routes.standing`).
    own: the reader is of the need's own side; else a broker, to whom "you" is the hub.
    """
    live = [(row, row["step"]) for row in rows if row["step"]["code"] not in _OVER]
    past = [row for row in rows if row["step"]["code"] in _OVER][:PAST_SHOWN]
    begun = [*_begun(need, review_days, own), *_chosen(need, route), *(_past(row) for row in reversed(past))]
    if need["closed_at"]:
        closed = {"state": "done", "title": _("The need is closed"), **_when(need["closed_at"])}
        return [*begun, closed, *(_live(row, step) for row, step in live)]
    acting = [*_open(need, past, bool(live), now, own), *(_live(row, step) for row, step in live)]
    coming = [{"state": "next", "title": title} for title in _coming(need, live, now, own)]
    return [*begun, *acting, *_to_choose(need, route, own), *coming]


def _when(moment: str | None) -> Event:
    return {"when": words.day(moment), "iso": moment} if moment else {}


def _begun(need: Need, review_days: int, own: bool) -> list[Event]:
    """Return the writing and the review, which every need goes through."""
    place = _PLACE[need["status"]]
    title = _("You write and send it") if own else _("The owner of the need writes and sends it")
    written = {"state": "done" if place else "now", "title": title}
    written |= _when(need["submitted_at"]) if place else {"who": need["organisation"]}
    read = {"title": _("A broker reads it and publishes it, or asks for a change")}
    if place > 1:
        return (
            [written, {**read, "state": "done", **_when(need["published_at"])}] if need["published_at"] else [written]
        )
    if place == 1:
        due = words.day(later(need["submitted_at"], days=review_days), "long")
        return [written, {**read, "state": "now", "when": _("by %(day)s", day=due), "who": _broker(own)}]
    within = ngettext("within %(num)s day", "within %(num)s days", review_days)
    return [written, {**read, "state": "next", "when": within}]


def _chosen(need: Need, route: dict[str, Any] | None) -> list[Event]:
    """Return the way that was chosen to test or buy."""
    if not route:
        return []
    said = _("The way is chosen: %(way)s", way=route_words.way_name(route["way"]))
    return [{"state": "done", "title": _way(need, said), **_when(route["chosen_at"]), "who": route["person"] or ""}]


def _to_choose(need: Need, route: dict[str, Any] | None, own: bool) -> list[Event]:
    """Return for a published need without a way that one is to be found."""
    if route or need["status"] != "published":
        return []
    said = _("You find the way to test or buy") if own else _("The owner of the need finds the way to test or buy")
    return [{"state": "next", "title": _way(need, said)}]


def _way(need: Need, said: str) -> Markup:
    address = url_for("routes.show", need_id=need["id"])
    return Markup('<a class="ds-link" href="{}">{}</a>').format(address, said)


def _broker(own: bool) -> str:
    return _("the broker") if own else _("you or another broker")


def _ranked(own: bool) -> str:
    if own:
        return _("Startups are ranked; the broker shows you those worth a call")
    return _("Startups are ranked; you show the owner of the need those worth a call")


def _open(need: Need, past: list[dict[str, Any]], paired: bool, now: str, own: bool) -> list[Event]:
    """Return what happens now with the need itself: past its last day it is offered to nobody."""
    if need["status"] != "published":
        return []
    if need_content.expired(need, now):
        title = _("Its last day has passed: choose a new one if it still holds, or close the need")
        said = _("Until then it is not offered to startups, and nothing new can be proposed.")
        return [
            {"state": "now", "title": title, **_when(need["valid_until"]), "who": need["organisation"], "text": said}
        ]
    if paired:
        return []
    text = (
        _("You say what you think of each, and whether you knew them.")
        if own
        else _("The owner says what they think of each, and whether they knew them.")
    )
    if past:
        text += " " + _("When the need is met, close it.")
    by = _("before %(day)s, its last day", day=words.day(need["valid_until"])) if need["valid_until"] else ""
    return [{"state": "now", "title": _ranked(own), "when": by, "who": _broker(own), "text": text}]


def _live(row: dict[str, Any], step: dict[str, Any]) -> Event:
    return {
        "state": "now",
        "title": _titled(row, words.label("next_steps", step["code"])),
        "when": words.due(step),
        "iso": step["by"],
        "who": timeline.actors(row, step["who"]),
    }


def _past(row: dict[str, Any]) -> Event:
    ended = row["declined_at"] or row["ended_at"]
    decided = row["status"] == "confirmed"  # its days are not over, but its pilot is
    said = words.label("pilot_status", "decided") if decided else words.label("pairing_status", row["status"])
    return {
        "state": "done" if decided or row["status"] == "finished" else "stopped",
        "title": _titled(row, said),
        **_when(ended),
        "text": words.label("reasons", row["reason"]) if row["reason"] else "",
    }


def _titled(row: dict[str, Any], said: str) -> Markup:
    link = url_for("pairings.show", pairing_id=row["id"])
    return Markup('<a class="ds-link" href="{}">{}</a>: {}').format(link, row["startup_name"], said)


def _coming(need: Need, live: list[tuple[dict[str, Any], dict[str, Any]]], now: str, own: bool) -> list[str]:
    """Return what comes after: of the case that has come furthest, or of a need without any."""
    codes = [step["code"] for _row, step in live]
    if codes:
        return timeline.coming(min(codes, key=_FURTHEST.index))
    if need["status"] == "published" and need_content.expired(need, now):
        return []
    first = [] if need["status"] == "published" else [_ranked(own)]
    if own:
        return [*first, _("You and a startup say yes; the broker confirms a testbed and a period")]
    return [*first, _("The owner and a startup say yes; you confirm a testbed and a period")]
