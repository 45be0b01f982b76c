"""Every page, as every role, in both languages, wide and narrow, light and dark: nothing for axe to find."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.model]

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}

PUBLIC = [
    "/", "/login", "/password", "/needs", "/needs/need-fall-night", "/needs/need-fall-night/versions", "/testbeds",
    "/testbeds/tb-vinterbana", "/results", "/search", "/search?q=snö", "/about/accessibility", "/about/privacy",
    "/about/ranking", "/no-such-page",
]  # fmt: skip
PAGES = {
    None: PUBLIC,
    "broker": [
        "/desk/", "/desk/needs/need-fall-night", "/desk/needs/need-fall-night?stopped=yes",
        "/desk/needs/need-fall-night/compare?startup=su-nattvakt&startup=su-balansera", "/needs", "/startups",
        "/startups/su-nattvakt", "/startups/su-nattvakt/edit", "/testbeds", "/pairings", "/imports", "/search?q=snow",
        "/account", "/needs/new", "/startups/duplicates", "/interests", "/map",
    ],
    "owner": ["/mine", "/needs/new", "/needs/need-fall-night", "/needs/need-fall-night/edit?step=effect",
              "/needs/need-fall-night/edit?step=check", "/needs/need-fall-night/candidates", "/pairings"],
    "startup": ["/mine", "/startups/su-nattvakt", "/startups/su-nattvakt/edit", "/startups/su-nattvakt/needs",
                "/needs/need-snow-walkways/interest", "/pairings", "/interests"],
    "host": ["/mine", "/testbeds/tb-vinterbana", "/testbeds/tb-vinterbana/edit", "/testbeds/new", "/pairings"],
    "administrator": ["/mine", "/admin/people", "/admin/organisations", "/admin/outbox", "/admin/record"],
}  # fmt: skip


@pytest.mark.parametrize("locale", ["sv", "en"])
@pytest.mark.parametrize("role", PAGES)
def test_axe_finds_nothing(visit: Callable[..., Page], role: str | None, locale: str) -> None:
    page = visit(role, locale, scheme="dark" if locale == "en" else "light")
    found = {}
    for path in PAGES[role]:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == locale
        problems = Axe().run(page, options=RULES).response["violations"]
        page.set_viewport_size({"width": 360, "height": 800})
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        if problems or wide:
            found[path] = [(problem["id"], problem["nodes"][0]["html"][:160]) for problem in problems] + [wide]
    assert found == {}
