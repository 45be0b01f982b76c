"""The pages in Swedish: nothing of the English text is left on them."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from matcher.exchange import demo
from matcher.hub import clock, sessions
from matcher.store import Store

CATALOGUE = Path(__file__).parents[2] / "matcher" / "translations" / "sv" / "LC_MESSAGES" / "messages.po"
PAGES: dict[str | None, list[str]] = {
    None: ["/", "/login", "/password", "/needs", "/needs/need-fall-night", "/testbeds", "/testbeds/tb-vinterbana",
           "/results", "/search", "/about/accessibility", "/about/privacy", "/about/ranking", "/no-such-page"],
    "broker": ["/desk/", "/desk/needs/need-fall-night", "/startups", "/startups/su-nattvakt", "/startups/duplicates",
               "/pairings", "/interests", "/imports/", "/search?q=fall", "/account"],
    "owner": ["/mine", "/needs/new", "/needs/need-fall-night/edit?step=effect",
              "/needs/need-fall-night/edit?step=check", "/needs/need-fall-night/candidates",
              "/needs/need-fall-night/close", "/bookings", "/testbeds/tb-vinterbana/book"],
    "startup": ["/mine", "/startups/su-nattvakt/edit", "/startups/su-nattvakt/needs", "/testbeds/tb-depa/book",
                "/bookings/{Larm i väntrum för den som svimmar}", "/bookings/{Tyst larm på natten i sex lägenheter}"],
    "host": ["/mine", "/testbeds/new", "/testbeds/tb-vinterbana/edit", "/bookings",
             "/bookings/{Vinterdäck på kommunens elcyklar}", "/bookings/{Känna av kantstenar under snö}"],
    "administrator": ["/admin/people", "/admin/organisations", "/admin/organisations/lovhamn", "/admin/outbox"],
}  # fmt: skip


def english() -> list[str]:
    """Return the English texts of two words or more that read otherwise in Swedish."""
    with CATALOGUE.open("rb") as file:
        texts = [message for message in read_po(file) if isinstance(message.id, str) and message.id]
    return [m.id for m in texts if " " in m.id and "%(" not in m.id and m.id != m.string]


@pytest.fixture
def hub(store: Store) -> Store:
    """The demo hub, everybody with Swedish chosen."""
    demo.load(store, clock.now())
    store.execute("update person set locale = 'sv'")
    return store


def test_no_english_text_is_left_on_the_pages(hub: Store, client: FlaskClient) -> None:
    texts, left = english(), {}
    titles = {row["title"]: row["id"] for row in hub.query("select title, id from booking")}
    for role, paths in PAGES.items():
        if role:
            account = next(one for one in demo.ACCOUNTS if one["role"] == role)
            person = hub.query("select id from person where email = :email", account)[0]["id"]
            with client.session_transaction() as session:
                session["token"] = sessions.start(hub, person, clock.now())
        for path in paths:
            page = client.get(path.format_map(titles), headers={"Accept-Language": "sv"})
            assert (page.status_code, '<html lang="sv"' in page.text) == (404 if "no-such" in path else 200, True), path
            shown = " ".join(unescape(re.sub(r"<[^>]*lang=\"en\"[^>]*>[^<]*<|<[^>]+>", " \n", page.text)).split())
            found = [text for text in texts if text in shown]
            if found:
                left[path] = found
    assert left == {}
