"""The journey of a case after its place is booked, a step a line: agreement, access, and what comes after.

Each part of the house says one step: its title, how it stands (`state` as in the timeline macro: done, now, next or
stopped), a sentence, and the page where it is done.
"""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _

from ..hub import access, agreements, bookings, cases, signatures
from ..hub.people import Viewer
from ..store import Store
from . import outcome_journey, pilot_journey, words

Case = dict[str, Any]
Step = dict[str, Any]


# Where a next step is taken that the page of the case has no form for.
PAGES = {
    "agree": "agreements.show",
    "sign": "agreements.show",
    "prerequisites": "agreements.show",
    "pilot": "pilots.show",
    "halted": "pilots.show",
    "decide": "pilots.show",
}


def steps(store: Store, viewer: Viewer, case: Case, now: str) -> list[Step]:
    """Return the steps of a confirmed case in their order; none before a place is booked."""
    if not case["confirmed_at"]:
        return []
    return [
        _agreement(store, viewer, case, now),
        _access(store, case, now),
        *_bookings(store, viewer, case, now),
        pilot_journey.step(store, case, now),
        *outcome_journey.steps(store, viewer, case, now),
    ]


def _agreement(store: Store, viewer: Viewer, case: Case, now: str) -> Step:
    rows = [row for row in agreements.of_case(store, case["id"]) if not row["withdrawn_at"]]
    broker = "broker" in cases.sides(viewer, case)
    row = next((one for one in rows if one["sent_at"] or broker), None)
    state = agreements.status(row, now) if row else ""
    waits = signatures.missing(store, case, row["id"]) if row and state == "sent" else []
    parties = agreements.signing_parties(store, case) if waits else {}
    said = {
        "": _("Not written yet. The broker writes it."),
        "drafted": _("A draft is written and not sent yet."),
        "sent": _("Still to sign: %(names)s.", names=", ".join(parties[side]["name"] for side in waits)),
        "in_force": _("In force until %(day)s.", day=words.day(row["ends_on"]) if row else ""),
    }
    return {
        "title": _("Agreement"),
        "state": {"in_force": "done", "over": "done", "ended": "stopped"}.get(state, "now"),
        "text": said.get(state) or (words.label("agreement_status", state) + "."),
        "url": url_for("agreements.show", pairing_id=case["id"]),
    }


def _access(store: Store, case: Case, now: str) -> Step:
    missing = access.missing(store, case, now)
    state = (
        "stopped" if missing[:1] == ["ended"] else "next" if "agreement" in missing else "now" if missing else "done"
    )
    return {
        "title": _("Access to the place"),
        "state": "done" if missing[:1] == ["over"] else state,
        "text": " ".join(words.label("access_missing", code) for code in missing) or _("Open: the place may be used."),
        "url": url_for("agreements.show", pairing_id=case["id"]),
    }


def _bookings(store: Store, viewer: Viewer, case: Case, now: str) -> list[Step]:
    """Return a line for each booking inside the case, and one that tells where to book while that may be done."""
    found = [row for row in bookings.of_case(store, case["id"], now) if row["pairing_id"]]
    steps = [
        {
            "title": _("Days at the testbed: %(title)s", title=row["title"]),
            "state": _booking_state(row["status"]),
            "text": _(
                "%(first)s to %(last)s. %(status)s.", first=words.day(row["starts_on"]), last=words.day(row["ends_on"]),
                status=words.label("booking_status", row["status"]),
            ),
            "url": url_for("bookings.show", booking_id=row["id"]),
        }
        for row in found
    ]  # fmt: skip
    if access.red(store, case, now) or not {"owner", "startup", "broker"} & set(cases.sides(viewer, case)):
        return steps
    asking = {
        "title": _("Book days with the testbed's staff"),
        "state": "next",
        "text": _("The place is open. Days when you need the host's people are asked for here."),
        "url": url_for("bookings.create_form", testbed_id=case["testbed_id"], pairing_id=case["id"]),
    }
    return [*steps, asking]


def _booking_state(status: str) -> str:
    if status in ("approved", "finished"):
        return "done"
    return "now" if status in ("requested", "asked", "waiting") else "stopped"
