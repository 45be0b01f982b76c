"""What somebody has typed on a page with several forms, and not sent yet."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Dialog, Page

from .conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.model]


def test_who_has_typed_an_answer_is_asked_before_another_form_takes_it_away(site: Site, visit: Callable[..., Page]):
    """A host who scores a request and ticks below that a condition is met would have to begin anew."""
    title = "Vinterdäck på kommunens elcyklar"
    booking = site.store.query("select id from booking where title = :title", {"title": title})[0]["id"]
    page = visit("host")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(f"/bookings/{booking}")
    page.locator("#checks details summary").first.click()
    page.select_option("#operation_score-approve", "4")
    page.locator("#checks details button").first.click()
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert page.input_value("#operation_score-approve") == "4"
    page.locator(f"button[formaction$='/{booking}/score']").click()  # the form itself asks nothing
    page.wait_for_selector("[data-focus-first], .ds-alert")
    assert asked == ["beforeunload"]
