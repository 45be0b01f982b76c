"""Every blueprint of the service."""

from __future__ import annotations

from . import (  # noqa: F401 — need_form, need_review, similar, startup_…, match_day add pages to a noun's blueprint
    account,
    admin,
    api,
    atlas,
    candidates,
    desk,
    health,
    home,
    imports,
    interests,
    learning,
    match_day,
    need_form,
    need_review,
    needs,
    pairings,
    plans,
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
        home, account, needs, startups, testbeds, search, desk, pairings,
        routes, plans, imports, admin, api, atlas, health,
    )
]  # fmt: skip
