"""Every blueprint of the service."""

from __future__ import annotations

from . import (  # noqa: F401 — agreement_setup, need_form, need_review, similar, startup_…, match_day add pages to a noun's blueprint
    account,
    admin,
    agreement_setup,
    agreements,
    api,
    api_cases,
    atlas,
    candidates,
    desk,
    feedback,
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
    pilots,
    plans,
    releases,
    routes,
    search,
    similar,
    startup_needs,
    startup_review,
    startups,
    testbeds,
)

ALL = [
    module.blueprint
    for module in (
        home, account, needs, routes, startups, testbeds, search, desk, pairings, outcomes, releases, agreements, pilots, feedback,
        plans, imports, admin, api, atlas, health,
    )
]  # fmt: skip
