"""Every blueprint of the service."""

from __future__ import annotations

from . import (  # noqa: F401 — startup_needs adds a page to the blueprint of startups
    account,
    admin,
    api,
    desk,
    health,
    home,
    imports,
    needs,
    pairings,
    search,
    startup_needs,
    startups,
    testbeds,
)

ALL = [
    module.blueprint
    for module in (
        home, account, needs, startups, testbeds, search, desk, pairings, imports, admin, api, health,
    )
]  # fmt: skip
