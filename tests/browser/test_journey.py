"""From a need to a confirmed place at a testbed, as each of the people it takes, with JavaScript and without."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page

from .conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.model]

ANSWERS = {
    "people": "Boende på ett särskilt boende, de flesta över 85 år, och två i nattpersonalen.",
    "today": "På natten faller någon på väg till toaletten ungefär varannan natt, och personalen märker det sent.",
    "effect": "Att den som är på väg upp ur sängen får stöd innan ett fall händer, och att ingen blir liggande.",
}
MEASURE = "Antal fall per 1 000 vårddygn, i dag 5,1 och helst under 3,5."


@pytest.mark.parametrize(("locale", "javascript"), [("sv", True), ("en", False)])
def test_from_a_need_to_a_place(site: Site, visit: Callable[..., Page], locale: str, javascript: bool) -> None:
    title = f"Fall nattetid på vårt nya boende ({locale})"

    owner = visit("owner", locale, javascript, form=True)
    need_id = post_need(owner, title)

    broker = visit("broker", locale, javascript, form=True)
    broker.goto("/desk/")
    with loaded(broker):
        broker.get_by_role("link", name=title, exact=True).first.click()
    submit(broker, f"/needs/{need_id}/publish")
    assert site.store.query("select published_at from need where id = :id", {"id": need_id})[0]["published_at"]

    broker.goto(f"/desk/needs/{need_id}")
    first = broker.locator("ol.matches > li").first
    names = broker.locator("ol.matches h2").all_inner_texts()
    assert "Nattljus Omsorgsteknik AB" in names[:3], names
    assert first.locator(".evidence").count() >= 1
    propose(broker, need_id)
    case_url = broker.url

    owner.goto(case_url)
    submit(owner, "/accept")
    startup = visit("startup", locale, javascript, form=True)
    startup.goto(case_url)
    submit(startup, "/accept")

    broker.goto(case_url + "/confirm")
    first_day = date.today() + timedelta(days=10)
    broker.fill("#starts_on", first_day.isoformat())
    broker.fill("#ends_on", (first_day + timedelta(days=8)).isoformat())
    with loaded(broker):
        broker.locator("form.filters:has(#starts_on) button").click()
    broker.locator("input[name=testbed_id][value=tb-vinterbana]").check()
    submit(broker, "/confirm")
    access = site.store.query(
        """select a.testbed_id from access a join pairing p on p.id = a.pairing_id where p.need_id = :id""",
        {"id": need_id},
    )
    assert [row["testbed_id"] for row in access] == ["tb-vinterbana"]

    host = visit("host", locale, javascript, form=True)
    host.goto(case_url)
    assert title in host.locator("h1").inner_text()
    seen = site.store.query("select seen from pairing where need_id = :id", {"id": need_id})[0]["seen"]
    assert "multilingual-e5-small" in seen

    # Pressing back and confirming again books nothing more and says so.
    broker.goto(case_url + "/confirm")
    assert "/confirm" not in broker.url


def post_need(page: Page, title: str) -> str:
    """Write a need in the guided form, send it, and return its id."""
    page.goto("/needs/new")
    page.fill("#title", title)
    page.locator("main form.form button[type=submit]").first.click()
    page.wait_for_url("**/edit?step=people*")
    need_id = page.url.split("/needs/")[1].split("/")[0]
    for step, (field, text) in zip(
        ("people", "today", "effect"), (("people", ANSWERS["people"]), ("description", ANSWERS["today"]),
                                        ("effect", ANSWERS["effect"])), strict=True,
    ):  # fmt: skip
        page.goto(f"/needs/{need_id}/edit?step={step}")
        page.fill(f"#{field}", text)
        if step == "effect":
            page.fill("#measure", MEASURE)
        with loaded(page):
            page.locator("main form.form button[value=next]").click()
    page.goto(f"/needs/{need_id}/edit?step=check")
    submit(page, "/submit")
    return need_id


def propose(page: Page, need_id: str) -> None:
    """Send the proposal of one startup from its row in the ranked list."""
    form = page.locator('#startup-su-nattvakt form[action*="propose"]')
    if not form.is_visible():
        page.locator("#startup-su-nattvakt details:has(form[action*=propose]) > summary").click()
    form.locator("textarea").fill("Ni beskriver samma nätter. Hör av er om ni vill pröva.")
    form.locator("button[type=submit]").click()
    page.wait_for_url("**/pairings/*")


def loaded(page: Page) -> AbstractContextManager[Any]:
    """Wait for the next document: `expect_navigation` is content with an entry that a script writes in the history."""
    return page.expect_event("load")


def submit(page: Page, action: str) -> None:
    """Press the button of the form that posts to an address ending so, and wait for what comes of it."""
    with loaded(page):
        page.locator(f'main form[method=post][action$="{action}"] button[type=submit]').first.click()
