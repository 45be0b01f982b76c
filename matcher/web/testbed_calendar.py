"""A testbed's calendar: three months as tables, for everybody in counts; names, staff and use for who keeps it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from flask import render_template, request, url_for
from flask_babel import format_date

from ..hub import answer_times, capacity, clock, occupancy, quarters, staff_load, testbeds
from . import words
from .access import allowed, may, now, store
from .testbeds import blueprint

Row = dict[str, Any]
MONTHS = 3
BACK_DAYS, AHEAD_DAYS = 730, 1096  # how far one can leaf
QUARTERS_BACK, QUARTERS = 4, 6


@blueprint.get("/testbeds/<testbed_id>/calendar")
@allowed("testbed.view", testbeds.load)
def calendar(testbed: Row) -> str:
    """Show what is free day by day from a month on; to the host and the brokers who has it."""
    spans = occupancy.months(_from(), MONTHS)
    first, last = spans[0][0], spans[-1][1]
    found = {day.on: day for day in occupancy.days(store(), testbed["id"], first, last)}
    inside = may("testbed.edit", testbed)
    host = testbed["organisation_id"]
    return render_template(
        "testbeds/calendar.html",
        testbed=testbed,
        inside=inside,
        months=[_month(span, found) for span in spans],
        weekdays=[format_date(date(2024, 1, 1 + number), "EEE").rstrip(".") for number in range(7)],
        today=clock.day(now()),
        earlier=_leaf(testbed, capacity.shifted(first, -75)),
        later=_leaf(testbed, capacity.shifted(last, 1)),
        closures=capacity.closures(store(), testbed["id"], first, last),
        answers=answer_times.of_hosts(store(), [host], now())[host],
        **(_kept(testbed, first, last) if inside else {}),
    )


def _kept(testbed: Row, first: str, last: str) -> Row:
    """Return what the host and the brokers see beside the counts."""
    begins = quarters.first_day(capacity.shifted(clock.day(now()), -91 * QUARTERS_BACK))
    return {
        "named": occupancy.named(store(), testbed["id"], first, last),
        "load": staff_load.weeks(store(), testbed["id"], first, last),
        "used": [
            {**row, "name": words.quarter(row["starts_on"]).capitalize()}
            for row in occupancy.used(store(), testbed["id"], begins, QUARTERS)
        ],
        "week": week,
    }


def _from() -> str:
    """Return the first day to show: the month that the address names, this month when it names none within reach."""
    today, text = clock.day(now()), request.args.get("from", "")
    found = re.fullmatch(r"(\d{4}-\d{2})(-\d{2})?", text, re.ASCII)
    try:
        asked = date.fromisoformat(f"{found[1]}-01").isoformat() if found else today
    except ValueError:
        asked = today
    return asked if _reach(asked) else today


def _reach(on_day: str) -> bool:
    return -BACK_DAYS <= clock.days_between(now(), on_day) <= AHEAD_DAYS


def _leaf(testbed: Row, on_day: str) -> str:
    """Return the address of the three months from a day's month on; empty beyond what can be leafed to."""
    address = url_for("testbeds.calendar", testbed_id=testbed["id"], **{"from": on_day[:7]})
    return address if _reach(f"{on_day[:7]}-01") else ""


def _month(span: capacity.Period, found: dict[str, occupancy.Day]) -> Row:
    """Return a month as weeks of seven days from Monday; None stands for a day of another month."""
    weeks = []
    for monday in staff_load.mondays(*span):
        on_days = [capacity.shifted(monday, number) for number in range(7)]
        cells = [found[on] if span[0] <= on <= span[1] else None for on in on_days]
        weeks.append({"number": week(monday), "days": cells})
    return {"first": span[0], "title": format_date(date.fromisoformat(span[0]), "MMMM y"), "weeks": weeks}


def week(monday: str) -> int:
    """Return the number of the week that begins on a Monday (ISO 8601)."""
    return (date.fromisoformat(monday) + timedelta(days=3)).isocalendar().week
