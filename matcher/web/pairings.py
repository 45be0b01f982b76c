"""Cases: the list, one case with its history and next step, and every decision about it.

Interests are in `interests`, what is said about a candidate before a case in `candidates`; both add their pages
to this blueprint.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ..hub import (
    access,
    agreements,
    bookings,
    capacity,
    case_tasks,
    cases,
    conflicts,
    needs,
    pairings,
    parties,
    places,
    progress,
    reasons,
    record,
)
from ..hub.catalogue import swedish_key
from ..hub.errors import Conflict, Invalid
from ..ranking.gates import Gate
from . import forms, journey, shortlist, timeline, words
from .access import allowed, now, person, settings, store
from .agreements import usual_texts
from .case_words import STAGE_KINDS

blueprint = Blueprint("pairings", __name__)

Case = dict[str, Any]

# The days that are suggested for a place: as long as a test usually is, and not before an agreement may be signed.
USUAL_WEEKS = 8
NOTICE_DAYS = 14
SUGGESTED = 8  # testbeds


@blueprint.get("/pairings")
@allowed("pairing.view")
def listing() -> str:
    """Show the cases that this person may see, all or those at one stage, newest first."""
    stage = request.args.get("stage", "")
    stage, mine, page = stage if stage in cases.STAGES else "", request.args.get("mine") == "yes", forms.page()
    found, total = cases.listing(store(), person(), now(), stage=stage, mine=mine, page=page)
    return render_template(
        "pairings/listing.html",
        rows=timeline.with_steps(found),
        today=now()[:10],
        counts=cases.counts(store(), person(), now()),
        stage=stage,
        mine=mine,
        page=page,
        pages=max(-(-total // cases.PAGE), 1),
        kinds=STAGE_KINDS,
        actors=timeline.actors,
        page_url=forms.page_address("pairings.listing", "stage", "mine"),
    )


@blueprint.get("/pairings/<pairing_id>")
@allowed("pairing.view", cases.load)
def show(case: Case) -> str:
    """Show one case: where it stands, who acts next and by when, what was said, and whom to ask."""
    return _page(case)


def _page(case: Case, form: str = "", errors: dict[str, str] | None = None, notice: str = "") -> str:
    """Return a case's page; `form` names the one that was sent, whose fields come back as they were typed."""
    step = progress.next_step(store(), case, now(), settings().review_days)
    confirmed, sides = bool(case["confirmed_at"]), cases.sides(person(), case)
    status = cases.status(case, now())
    history = record.history(store(), "pairing", case["id"])
    return render_template(
        "pairings/show.html",
        case=case,
        status=status,
        step=step,
        who=timeline.actors(case, step["who"]),
        events=timeline.events(case, timeline.readable(history, sides), step),
        journey=journey.steps(store(), person(), case, now()),
        step_page=journey.PAGES.get(step["code"], "") if set(step["who"]) & set(sides) else "",
        overdue=case_tasks.overdue(store(), person(), case, now()),
        usual=usual_texts() if step["code"].startswith("answer") else {},
        usual_owner=agreements.USUAL_OWNER,
        sides=sides,
        conflicts=conflicts.history(store(), case["need_id"], case["startup_id"]),
        closures=access.closures(store(), case, now()) if status == "confirmed" else [],
        contacts={side: parties.of_side(store(), side, case)[:3] for side in ("owner", "startup")} if confirmed else {},
        gates=_gates(case),
        reasons={**reasons.DECLINE, "end": reasons.END},
        kinds=STAGE_KINDS,
        form=form,
        typed=request.form if form else {},
        errors=errors or {},
        summary=[(f"{name}-{_suffix(form)}", text) for name, text in (errors or {}).items()],
        notice=notice,
        answer_days=settings().answer_days,
    )


def _suffix(form: str) -> str:
    """Return what the ids of a form's fields end in: a person on several sides has a form for each."""
    return request.form.get("side", "") if form == "decline" else form


def _gates(case: Case) -> list[tuple[bool | None, str, str]]:
    return shortlist.gate_rows([Gate(**gate) for gate in case["seen"].get("gates") or []])


def _decide(case: Case, form: str, step: Callable[[], Any], done: str) -> Any:
    """Take a step and show the case; what stands in the way is told on the case as it is now, with the typed text."""
    try:
        step()
    except Invalid as error:
        return _page(case, form, forms.messages(error)), 422
    except Conflict as error:
        return _page(_fresh(case), form, notice=words.sentence(error)), 409
    flash(done, "success")
    return redirect(url_for("pairings.show", pairing_id=case["id"]), 303)


def _fresh(case: Case) -> Case:
    return cases.load(store(), person(), case["id"])


@blueprint.post("/pairings/<pairing_id>/accept")
@allowed("pairing.answer", cases.load)
def accept(case: Case) -> Any:
    """Say yes for one side."""
    side = request.form.get("side", "")
    done = _("Your yes is recorded, and the others have been told.")
    return _decide(case, "accept", lambda: pairings.accept(store(), person(), case["id"], side, now()), done)


@blueprint.post("/pairings/<pairing_id>/decline")
@allowed("pairing.decline", cases.load)
def decline(case: Case) -> Any:
    """Say no for one side, with a reason."""
    given = forms.read(("side", "reason", "note"))
    values = (given.get("side", ""), given.get("reason", ""), given.get("note", ""))
    done = _("Declined. The others have been told the reason.")
    return _decide(case, "decline", lambda: pairings.decline(store(), person(), case["id"], *values, now()), done)


@blueprint.post("/pairings/<pairing_id>/extend")
@allowed("pairing.confirm", cases.load)
def extend(case: Case) -> Any:
    """Give more time to answer."""
    days = request.form.get("answer_days", "")
    done = _("More time is given, and those who have not answered have been told.")
    return _decide(case, "extend", lambda: pairings.extend(store(), person(), case["id"], days, now()), done)


@blueprint.post("/pairings/<pairing_id>/end")
@allowed("pairing.end", cases.load)
def end(case: Case) -> Any:
    """End a confirmed case, with a reason."""
    given = forms.read(("reason", "note"))
    values = (given.get("reason", ""), given.get("note", ""))
    done = _("Ended. The others have been told the reason.")
    return _decide(case, "end", lambda: pairings.end(store(), person(), case["id"], *values, now()), done)


@blueprint.get("/pairings/<pairing_id>/confirm")
@allowed("pairing.confirm", cases.load)
def choose_place(case: Case) -> Any:
    """Ask for the days first, then show every testbed with the places it has free on all of them."""
    if cases.status(case, now()) != "accepted":
        flash(_("There is no place to book in this case now. Below is how it stands."), "info")
        return redirect(url_for("pairings.show", pairing_id=case["id"]))
    given = {name: request.args.get(name, "") for name in ("starts_on", "ends_on", "testbed_id")}
    if not (given["starts_on"] or given["ends_on"]):
        return _place_page(case, given)
    try:
        return _place_page(case, given, capacity.period(given["starts_on"], given["ends_on"], now()))
    except Invalid as error:
        return _place_page(case, given, errors=forms.messages(error)), 422


@blueprint.post("/pairings/<pairing_id>/confirm")
@allowed("pairing.confirm", cases.load)
def confirm(case: Case) -> Any:
    """Book the place; when it went to somebody else meanwhile, show what is free now."""
    typed = {name: request.form.get(name, "") for name in ("starts_on", "ends_on", "testbed_id")}
    promise = request.form.get("booking_id", "").replace("\x00", "")
    try:
        pairings.confirm(
            store(), person(), case["id"], typed["testbed_id"], typed["starts_on"], typed["ends_on"], now(), promise
        )
    except Invalid as error:
        return _place_page(case, typed, _period(typed), forms.messages(error)), 422
    except Conflict as error:
        case, notice = _fresh(case), words.sentence(error)
        if cases.status(case, now()) != "accepted":
            return _page(case, "confirm", notice=notice), 409
        return _place_page(case, typed, _period(typed), notice=notice), 409
    flash(_("Confirmed. The place is booked, and everybody has been told."), "success")
    return redirect(url_for("pairings.show", pairing_id=case["id"]), 303)


def _period(typed: dict[str, str]) -> capacity.Period | None:
    """Return the typed days where they are a period, for showing what is free in it."""
    try:
        return capacity.period(typed["starts_on"], typed["ends_on"], now())
    except Invalid:
        return None


def _place_page(
    case: Case,
    typed: dict[str, str],
    period: capacity.Period | None = None,
    errors: dict[str, str] | None = None,
    notice: str = "",
) -> str:
    offers = _nearest_first(case, places.openings(store(), *(period or _usual_days()), now()))
    address = partial(url_for, "pairings.choose_place", pairing_id=case["id"])
    return render_template(
        "pairings/confirm.html",
        case=case,
        typed=typed,
        period=period,
        offers=offers,
        suggested=[] if period else _suggested(offers),
        weeks=USUAL_WEEKS,
        on_days=lambda days, testbed: address(starts_on=days[0], ends_on=days[1], testbed_id=testbed),
        promised=bookings.promised(store(), case, now()),
        errors=errors or {},
        notice=notice,
    )


def _usual_days() -> capacity.Period:
    """Return days for a test of usual length, from the first Monday by which an agreement may have been signed."""
    first = date.fromisoformat(now()[:10]) + timedelta(days=NOTICE_DAYS)
    first += timedelta(days=-first.weekday() % 7)
    return first.isoformat(), (first + timedelta(weeks=USUAL_WEEKS, days=-1)).isoformat()


def _suggested(offers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the testbeds that suit the case best with the `days` on which they have a place: the usual or the next."""
    rows = [{**row, "days": _usual_days() if row["free"] else row["next"]} for row in offers]
    return [row for row in rows if row["days"]][:SUGGESTED]


def _nearest_first(case: Case, offers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the testbeds in the order in which they suit the case, each with `why`: what it has in common with it.

    What the need or the proposal names comes first, even when it is full; then what is free, nearest first.
    """
    need = needs.load(store(), person(), case["need_id"])
    for row in offers:
        row["offered"], row["suggested"] = row["id"] == need["testbed_id"], row["id"] == case["testbed_id"]
        row["near"] = bool(need["county_code"]) and row["county_code"] == need["county_code"]
        row["shared"] = [code for code in row["themes"] if code in need["themes"]]
        row["why"] = _why_near(row)
    return sorted(
        offers,
        key=lambda row: (
            not row["offered"],
            not row["suggested"],
            not row["free"],
            not row["near"],
            -len(row["shared"]),
            swedish_key(row["name"]),
        ),
    )


def _why_near(row: dict[str, Any]) -> list[str]:
    said = [
        (row["offered"], _("Offered in the need.")),
        (row["suggested"], _("Suggested when this was proposed.")),
        (row["near"], _("In the need’s county.")),
    ]
    shared = ", ".join(words.theme(code) for code in row["shared"])
    return [
        *(text for holds, text in said if holds),
        *([_("In common: %(themes)s.", themes=shared)] if shared else []),
    ]
