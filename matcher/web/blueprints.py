"""Every blueprint of the service."""

from __future__ import annotations

from . import (
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
    startups,
    testbeds,
)

ALL = [
    module.blueprint
    for module in (
        home, account, needs, startups, testbeds, search, desk, pairings, imports, admin, api, health,
    )
]  # fmt: skip
