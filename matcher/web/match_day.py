"""The match day of a round: who meets whom, when and where; as a page to print and as a calendar file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import get_timezone
from flask_babel import gettext as _

from ..exchange import calendars
from ..hub import clock, rounds
from ..hub.errors import Conflict, Invalid
from ..hub.swedish import swedish_key
from ..ranking import match_day, round_report
from ..ranking import rounds as boards
from . import forms, words
from .access import allowed, now, person, store
from .files import download
from .plans import blueprint

Row = dict[str, Any]
USUAL = {"opens_at": "09:00", "minutes": 20, "pause": 5, "tables": 10}


@blueprint.get("/<round_id>/day")
@allowed("plan", rounds.load)
def timetable(row: Row) -> str:
    """Show the timetable of a round's match day, and the form for its day, times and tables."""
    return _page(row)


def _page(row: Row, typed: Any = None, errors: dict[str, str] | None = None) -> str:
    found, too_long = _meetings(row)
    party = request.args.get("organisation", "")
    names = {one[key]: one[name] for one in found for key, name in (("owner_id", "owner"), ("company_id", "startup"))}
    return render_template(
        "plans/day.html",
        row=row,
        rows=[one for one in found if not party or party in (one["owner_id"], one["company_id"])],
        party=party if party in names else "",
        unknown=bool(party) and party not in names,
        parties=sorted(names.items(), key=lambda one: swedish_key(one[1])),
        times=len({one["time"] for one in found}),
        too_long=too_long,
        typed=typed or {**USUAL, **{name: row[name] for name in rounds.MATCH_DAY if row[name] is not None}},
        errors=errors or {},
        wide=True,
    )


@blueprint.post("/<round_id>/day")
@allowed("plan", rounds.load)
def set_day(row: Row) -> Any:
    """Keep day, times and tables of the match day."""
    typed = forms.read(rounds.MATCH_DAY)
    try:
        rounds.set_match_day(store(), person(), row["id"], typed, now())
    except Invalid as error:
        return _page(row, typed, forms.messages(error)), 422
    except Conflict as error:
        flash(words.sentence(error), "warning")
    else:
        flash(_("The timetable is made. Nobody has been told; send them the page or the calendar file."), "success")
    return redirect(url_for("plans.timetable", round_id=row["id"]), 303)


@blueprint.get("/<round_id>/day.ics")
@allowed("plan", rounds.load)
def day_file(row: Row) -> Response:
    """Give the match day as a calendar file, whole or of one organisation."""
    found, _too_long = _meetings(row)
    party = request.args.get("organisation", "")
    entries = [_entry(row, one) for one in found if not party or party in (one["owner_id"], one["company_id"])]
    # Of two files the calendar programs believe the one that was made later: the day may have been moved since.
    body = calendars.calendar(row["name"], entries, clock.parse(now()))
    return download(body, "match-day.ics", "text/calendar")


def _meetings(row: Row) -> tuple[list[Row], int]:
    """Return the meetings with their times as text and 0; or none, and how many times do not fit into the day."""
    if not row["held_on"]:
        return [], 0
    board = boards.load(store(), row, now())
    try:
        found = match_day.meetings(round_report.rows(board, boards.solve(board)), row)
    except match_day.DayTooLong as error:
        return [], error.needed
    return [{**one, "from": _clock(one["starts"]), "to": _clock(one["ends"])} for one in found], 0


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def _entry(row: Row, one: Row) -> calendars.Entry:
    midnight = datetime.fromisoformat(row["held_on"])
    zone = get_timezone()

    def moment(minutes: int) -> datetime:
        local = midnight + timedelta(minutes=minutes)
        aware = zone.localize(local) if hasattr(zone, "localize") else local.replace(tzinfo=zone)
        return aware.astimezone(UTC)

    return calendars.Entry(
        uid=f"{row['id']}-{one['owner_id']}-{one['company_id']}@matcher",
        starts=moment(one["starts"]),
        ends=moment(one["ends"]),
        title=f"{one['owner']} – {one['startup']}",
        place=_("Table %(number)s", number=one["table"]),
        text="\n".join(need["name"] for need in one["needs"]),
    )
