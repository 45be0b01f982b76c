"""Every blueprint of the service."""

from __future__ import annotations

# agreement_setup, booking_form, booking_steps, need_form, need_review, similar, startup_…, testbed_calendar and
# match_day add pages to a noun's blueprint.
from . import (  # noqa: F401
    account,
    admin,
    agreement_setup,
    agreements,
    api,
    api_cases,
    atlas,
    booking_form,
    booking_steps,
    bookings,
    candidates,
    case_tasks,
    cases,
    desk,
    feedback,
    feeds,
    handover,
    health,
    home,
    imports,
    interests,
    learning,
    match_day,
    need_form,
    need_review,
    needs,
    outcomes,
    pairings,
    pilot_course,
    pilots,
    places,
    plans,
    questions,
    radar,
    releases,
    routes,
    search,
    similar,
    spread,
    startup_needs,
    startup_review,
    startups,
    state_aid,
    testbed_calendar,
    testbeds,
    years,
)

ALL = [
    module.blueprint
    for module in (
        home, account, needs, routes, questions, startups, testbeds, places, bookings, search, desk, pairings, cases,
        agreements, state_aid, pilots, feedback, outcomes, releases, spread, plans, imports, admin, api, atlas, years,
        feeds, health,
    )
]  # fmt: skip
