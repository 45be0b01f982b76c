"""From a confirmed pairing to something in use and on to the next municipality, as each of the people it takes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page

from matcher.hub import clock, need_review, needs, pairings, people
from matcher.store import Store

from .conftest import Site, account

pytestmark = [pytest.mark.browser, pytest.mark.model]

TERMS = {
    "purpose": "Pröva om larmet ger personalen tid att komma fram.", "owner_does": "Öppnar två avdelningar.",
    "startup_does": "Installerar och utbildar.", "results_use": "Kommunen får använda resultaten fritt.",
    "data": "Inga personuppgifter.", "liability": "Var och en svarar för sitt.",
}  # fmt: skip
BOOKING = {
    "title": "Första natten på plats", "benefit_operation": "Personalen lär sig larmet.",
    "benefit_users": "Boende får sova.", "staff_hours": "4",
}  # fmt: skip
FACTS = {
    "question": "Hinner personalen fram före fallet?", "runner_name": "Kim Berg", "runner_role": "Enhetschef",
    "signer_name": "Sam Ek", "signer_role": "Förvaltningschef", "route": "Direktupphandling efter beslut i nämnden.",
}  # fmt: skip
INDICATOR = {
    "name": "Fall på natten", "unit": "fall per 1 000 vårddygn", "baseline": "5,1", "target": "3,5",
    "method": "Ur avvikelserna, varje månad.", "measured_by": "Enhetschefen", "uncertainty": "Säsong.",
}  # fmt: skip


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Give `travel(day)`: from then on it is nine in the morning of that day, for the hub and for the test."""
    return lambda day: monkeypatch.setattr(clock, "now", lambda: f"{day}T08:00:00.000000Z")


def loaded(page: Page) -> AbstractContextManager[Any]:
    return page.expect_event("load")


def send(page: Page, path: str, action: str = "", **typed: str) -> None:
    """Open a page, fill its form in and send it; a value for radios is the one that is checked."""
    if path:
        page.goto(path)
    ending = f'[action$="{action}"]' if action else ""
    form = page.locator(f"main form[method=post]{ending}").last
    assert form.count(), page.locator("main").inner_text()
    for name, value in typed.items():
        radio = form.locator(f'input[name="{name}"][type=radio][value="{value}"]')
        if radio.count():
            radio.check()
        elif form.locator(f'input[name="{name}"][type=checkbox]').count():
            form.locator(f'input[name="{name}"][value="{value}"]').check()
        else:
            form.locator(f'[name="{name}"]').fill(value)
    with loaded(page):
        form.locator("button[type=submit]").last.click()
    assert page.locator("#error-summary").count() == 0, page.locator("#error-summary").inner_text()


def accepted(store: Store, title: str) -> str:
    """Return a case that both sides have accepted, of the demo's owner and startup."""
    now = clock.now()
    mails = {account(role)["email"]: role for role in ("broker", "owner", "startup")}
    rows = store.query("select id, email from person where email in :mails", {"mails": list(mails)})
    found = {mails[row["email"]]: people.viewer(store, row["id"]) for row in rows}
    content = {"title": title, "people": "Boende.", "description": "Någon faller.", "effect": "Färre fall.",
               "measure": "Fall per 1 000 vårddygn.", "language": "sv"}  # fmt: skip
    need = needs.create(store, found["owner"], "lovhamn", content, now)
    need_review.publish(store, None, need, now, tell=False)
    seen = {"rank": 1, "of": 9, "score": 0.7, "model": "e5", "parts": {}, "gates": [], "evidence": []}
    case = pairings.propose(store, found["broker"], need, "su-nattvakt", "", seen, now)
    for side in ("owner", "startup"):
        pairings.accept(store, found[side], case, side, now)
    return case


@pytest.mark.parametrize(("locale", "javascript", "after"), [("sv", True, 100), ("en", False, 200)])
def test_from_a_place_to_something_in_use_elsewhere(
    site: Site, visit: Callable[..., Page], travel: Callable[[str], None], locale: str, javascript: bool, after: int
) -> None:
    case = accepted(site.store, f"Larm på natten ({locale})")
    base, begin = f"/pairings/{case}", date.today() + timedelta(days=after)
    first, last = begin.isoformat(), (begin + timedelta(days=60)).isoformat()

    broker = visit("broker", locale, javascript)
    broker.goto(f"{base}/confirm?starts_on={first}&ends_on={last}")
    send(broker, "", "/confirm", testbed_id="tb-vinterbana")

    # The agreement: written and sent by the broker, signed by each side.
    send(broker, f"{base}/agreement/edit", **TERMS, results_owner="startup", payment="free", funds="own")
    send(broker, f"{base}/agreement", "/agreement/send")
    pages = {"broker": broker} | {role: visit(role, locale, javascript) for role in ("owner", "startup", "host")}
    book = f"/testbeds/tb-vinterbana/book?pairing_id={case}"
    pages["startup"].goto(book)
    assert pages["startup"].locator('main [name="benefit_users"]').count() == 0, "a booking before the agreement"
    for role in ("owner", "startup", "host"):
        send(pages[role], f"{base}/agreement", "/agreement/sign", may_sign="yes")
    host, asked = pages["host"], "details:has(form[action$='/prerequisites'])"
    while host.locator(asked).count():
        host.locator(f"{asked} > summary").first.click()
        with loaded(host):
            host.locator(f"{asked} button[type=submit]").first.click()
    assert [row["in_force_at"] is None for row in site.store.query(
        "select in_force_at from agreement where pairing_id = :id", {"id": case})] == [False]  # fmt: skip

    # The first night on the spot: asked for by the startup now that all is green, scored and promised by the host.
    send(pages["startup"], book, "/book", **BOOKING, starts_on=first, ends_on=first)
    host.goto(pages["startup"].url)
    answer = host.locator('form[action$="/approve"]')
    for score in ("operation_score", "users_score"):
        answer.locator(f'[name="{score}"]').select_option("4")
    with loaded(host):
        answer.locator("button[type=submit]").first.click()
    booked = "select 1 as one from booking where pairing_id = :id and approved_at is not null"
    assert site.store.query(booked, {"id": case}), host.locator("main").inner_text()

    # The facts before the pilot, and its start on the first day.
    owner = pages["owner"]
    send(owner, f"{base}/pilot/facts", "/pilot/facts", **FACTS, starts_on=first, ends_on=last)
    checks = dict.fromkeys(("personal_data", "patients", "research"), "no")
    send(owner, f"{base}/pilot/checks", "/pilot/checks", **checks, security="yes")
    send(owner, f"{base}/pilot/indicator", "/pilot/indicator", **INDICATOR)
    travel(first)
    owner, startup = visit("owner", locale, javascript), visit("startup", locale, javascript)
    send(owner, f"{base}/pilot", "/pilot/start")
    begun = "select 1 as one from pilot where pairing_id = :id and started_at is not null"
    assert site.store.query(begun, {"id": case})

    # Three feedback rounds, each answered on a phone without an account, and by the startup.
    for number in range(1, 4):
        send(owner, f"{base}/pilot/feedback", "/pilot/feedback", question=f"Hur gick natten? ({number})", days="7")
        link = owner.locator('input[name="address"]').input_value()
        round_url = owner.url
        phone = visit(None, locale, javascript, width=360)
        send(phone, link[link.index("/feedback/") :], "", grade="4", text="Larmet kom i tid.")
        send(startup, round_url, "/changed", changed="Vi sänkte ljudet.")
        send(owner, f"{base}/pilot/reading", "/pilot/reading", value=f"4,{number}")

    # The decision, and what the owner says a year later.
    travel((begin + timedelta(days=61)).isoformat())
    owner = visit("owner", locale, javascript)
    learned = {"evidence": "Fallen minskade.", "lesson": "Börja med en avdelning, och låt natten själv välja ljudet."}
    send(owner, f"{base}/pilot/decision", "/pilot/decision", decision="adopt", **learned)
    later = begin + timedelta(days=61 + 370)
    travel(later.isoformat())
    owner, broker = visit("owner", locale, javascript), visit("broker", locale, javascript)
    send(owner, f"{base}/outcome/answer?month=12", "/outcome/answer", in_use="yes", used_by="140")
    assert site.store.query("select in_use from outcome where pairing_id = :id", {"id": case}) == [{"in_use": "yes"}]

    # On to a second municipality, and into the year's report.
    broker.goto(f"{base}/copy")
    broker.select_option("#organisation_id", "granfors")
    send(broker, "", "/copy")
    copied = site.store.query("select title from need where organisation_id = 'granfors' and published_at is null")
    assert copied
    broker.goto(f"/year/lovhamn?year={later.year}")
    assert broker.locator("main table").count() >= 1
    assert str(later.year) in broker.locator("h1").inner_text()
