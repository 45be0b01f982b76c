"""Every blueprint of the service."""

from __future__ import annotations

# agreement_setup, booking_form, booking_steps, need_form, need_review, openid, own_sessions, overrides, second_factor,
# similar, startup_…, testbed_calendar and match_day add pages to a noun's blueprint.
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
    openid,
    outcomes,
    overrides,
    own_sessions,
    pairings,
    pilot_course,
    pilots,
    places,
    plans,
    privacy,
    questions,
    radar,
    releases,
    routes,
    search,
    second_factor,
    security,
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
        agreements, state_aid, pilots, feedback, outcomes, releases, spread, plans, imports, admin, privacy, security,
        api, atlas, years, feeds, health,
    )
]  # fmt: skip
