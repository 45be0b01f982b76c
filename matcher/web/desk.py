"""The broker's desk: the inbox, the ranked startups of a need, two to four side by side."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import atlas, candidates, inbox, needs
from ..ranking import exposure, indexing, mirror, unexpected
from ..ranking.matches import Match
from . import chance, shortlist, words
from .access import allowed, now, settings, store
from .ranking import ranker

blueprint = Blueprint("desk", __name__, url_prefix="/desk")

SHOWN = 8
COMPARED = (2, 4)
CHOSEN_KEPT = 12  # more than can be compared, so that nothing is lost by one tick too many
FILTERS = ("county", "readiness", "seeks", "stopped", "dismissed", "order")
NARROWING = ("county", "readiness", "seeks", "stopped", "dismissed")


@blueprint.get("/", endpoint="inbox")
@allowed("desk")
def show_inbox() -> str:
    """Show what waits for the brokers, oldest first."""
    waiting = inbox.desk(store(), now(), settings().review_days)
    totals = {name: inbox.total(rows) for name, rows in waiting.items()}
    return render_template("desk/inbox.html", waiting=waiting, totals=totals, links_to=_links(), wide=True)


def _links() -> dict[str, Callable[[dict[str, Any]], str]]:
    """Return, by list, where a row of it leads."""
    case = partial(_address, "pairings.show", "pairing_id")
    need = partial(_address, "needs.show", "need_id")
    return {
        "needs_to_review": partial(_address, "needs.review", "need_id"),
        "interests": partial(_address, "pairings.interest", "interest_id"),
        "proposals_unanswered": case,
        "pairings_to_confirm": case,
        "agreements_to_write": partial(_address, "agreements.show", "pairing_id"),
        "questions_unanswered": partial(_address, "questions.show", "need_id"),
        "bookings_unanswered": partial(_address, "bookings.show", "booking_id"),
        "accesses_ending": case,
        "pilots_halted": partial(_address, "pilots.show", "pairing_id"),
        "pilots_undecided": partial(_address, "pilots.show", "pairing_id"),
        "outcomes_unanswered": partial(_address, "outcomes.show", "pairing_id"),
        "needs_expiring": need,
        "needs_expired": need,
        "startups_flagged": partial(_address, "startups.show", "startup_id"),
        "startups_doubted": partial(_address, "startups.show", "startup_id"),
        "merge_offers": lambda row: url_for("startups.duplicates"),
    }


def _address(endpoint: str, name: str, row: dict[str, Any]) -> str:
    return url_for(endpoint, **{name: row["id"]})


@blueprint.get("/needs/<need_id>")
@allowed("need.rank", needs.load)
def ranking(need: dict[str, Any]) -> str:
    """Show the ranked startups for a need, eight at a time."""
    number, filters = shortlist.page_number(), _filters()
    said = candidates.of_need(store(), need["id"])
    found = ranker().startups_for(
        need, date.fromisoformat(now()[:10]), top=SHOWN + 1, skip=(number - 1) * SHOWN, keep=_filter(filters, said),
        both=filters.get("order") == "both", surprise=None if set(NARROWING) & set(filters) else _surprise,
    )  # fmt: skip
    shown = found.matches[:SHOWN]
    chosen = _chosen()
    profiles = candidates.profiles(store(), [*(match.id for match in shown), *chosen])
    return render_template(
        "desk/ranking.html",
        need=need,
        found=found,
        cards=shortlist.cards(shown, found, profiles, said),
        unread=not found.total and mirror.is_unread(store(), "startup"),
        page=number,
        today=now()[:10],
        more=len(found.matches) > SHOWN,
        skipped=0 if filters.get("order") == "both" else _skipped(shown, number),
        dismissed=sum("dismissal" in row for row in said.values()),
        filtered=filters,
        chosen=chosen,
        elsewhere=_elsewhere(chosen, profiles, shown),
        here=_back(need, page=number),
        first_page=_back(need, page=1),
        unheard=_unheard(need, found.model, shown),
        seen_in=_seen_in(shown),
        chance=chance.of_list(found, shown, whole=number == 1 and not filters and not _in_hand(said)),
        reasons=words.choices("dismiss_reasons"),
        answer_days=settings().answer_days,
        wide=True,
    )


def _in_hand(said: dict[str, candidates.Standing]) -> bool:
    """Whether somebody is being paired with the need, or wants to be."""
    return any("pairing" in row or "interest" in row for row in said.values())


def _unheard(need: dict[str, Any], model: str, shown: list[Match]) -> int:
    """Return how many texts of the list have no reasons yet because their sentences are still being read."""
    silent = [match.id for match in shown if match.reasons is None]
    return indexing.unheard(store(), model, need["id"], silent) if silent else 0


def _seen_in(shown: list[Match]) -> dict[str, int | None]:
    """Return by id in how many other needs' first ten startups stand, as the background has counted it.

    Asked once a request: the place of the unexpected is chosen by the same figures.
    """
    counted: dict[str, int | None] = g.setdefault("lists", {})
    if missing := [match.id for match in shown if match.id not in counted]:
        counted |= dict.fromkeys(missing) | atlas.lists_of(store(), missing)
    return {match.id: exposure.elsewhere(counted[match.id], match.rank) for match in shown}


def _filters() -> dict[str, str]:
    """Return the filters of the list that the address holds."""
    return {name: request.args[name] for name in FILTERS if request.args.get(name)}


def _chosen() -> list[str]:
    """Return the ids of the startups that are chosen for comparing, also those on other parts of the list."""
    return list(dict.fromkeys(request.args.getlist("startup")))[:CHOSEN_KEPT]


def _elsewhere(chosen: list[str], profiles: dict[str, dict[str, Any]], shown: list[Match]) -> list[tuple[str, str]]:
    """Return (id, name) of the chosen startups that the part of the list shown does not hold."""
    here = {match.id for match in shown}
    return [(one, profiles[one]["name"]) for one in chosen if one in profiles and one not in here]


def _back(need: dict[str, Any], page: int) -> str:
    """Return the address of the list with the filters, the part of it and the choices as they are."""
    return url_for("desk.ranking", need_id=need["id"], **_filters(), page=page, startup=_chosen())


def _filter(filters: dict[str, str], said: dict[str, candidates.Standing]) -> Callable[[Match], bool]:
    """Return which matches the filters keep; what is stopped or dismissed is left out unless asked for."""
    county, seeks, least = (filters.get(name, "") for name in ("county", "seeks", "readiness"))
    stopped, dismissed = filters.get("stopped") == "yes", filters.get("dismissed") == "yes"

    def keep(match: Match) -> bool:
        row = match.row
        return (
            (stopped or not match.stopped)
            and (dismissed or "dismissal" not in said.get(match.id, {}))
            and (not county or not row["regions"] or county in row["regions"])
            and (not seeks or seeks in row["seeks"])
            and (not least.isdecimal() or (row["readiness"] or 0) >= int(least))
        )

    return keep


def _surprise(matches: list[Match]) -> tuple[int, unexpected.Why] | None:
    """Choose the startup for the place of the unexpected among the first of the list."""
    lists = _seen_in(matches)
    return unexpected.choose(
        [unexpected.Candidate(match.score, frozenset(match.row["themes"]), lists[match.id]) for match in matches]
    )


def _skipped(shown: list[Match], page: int) -> int:
    """Return how many better-ranked startups the filters left out, up to the last one shown in its own place."""
    usual = [match for match in shown if not match.unexpected]
    return max(usual[-1].rank - len(usual) - (page - 1) * SHOWN, 0) if usual else 0


@blueprint.get("/needs/<need_id>/compare")
@allowed("need.rank", needs.load)
def compare(need: dict[str, Any]) -> Any:
    """Show two to four startups side by side against the need."""
    chosen, back = _chosen(), _back(need, shortlist.page_number())
    if not COMPARED[0] <= len(chosen) <= COMPARED[1]:
        flash(_("Choose two to four startups to compare."), "warning")
        return redirect(back)
    found = ranker().startups_for(need, date.fromisoformat(now()[:10]), among=chosen)
    said = candidates.of_need(store(), need["id"])
    profiles = candidates.profiles(store(), [match.id for match in found.matches])
    cards = shortlist.cards(found.matches, found, profiles, said)
    if len(cards) < COMPARED[0]:
        flash(_("Fewer than two of the chosen startups are published now."), "warning")
        return redirect(back)
    sentences = list(dict.fromkeys(text for card in cards for text in _spoken(card["match"])))
    return render_template(
        "desk/compare.html", need=need, cards=cards, sentences=sentences, found=found, wide=True,
        answer_days=settings().answer_days, back=back,
    )  # fmt: skip


def _spoken(match: Match) -> list[str]:
    """Return the need's sentences that a candidate answers or leaves open, in no special order."""
    if not match.reasons:
        return []
    return [*(meeting.need for meeting in match.reasons.meetings), *match.reasons.uncovered]
