"""Both ways in, in a real browser without JavaScript: the code after the password, and the organisation's account."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import oidc_provider_mock
import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect
from werkzeug.serving import make_server

from matcher import create_app
from matcher.config import Oidc
from matcher.hub import clock, links, passwords
from matcher.ranking.encoder import TinyEncoder
from matcher.store import Store
from matcher.store.schema import migrate
from tests.factories import create_organisation, create_person
from tests.settings import settings

from .test_pages import RULES

pytestmark = pytest.mark.browser
PASSWORD = "tre korta ord"
STEP = 30  # seconds that a code lasts


class Door:
    """A small hub with a provider of log-ins beside it: its address, its store, and a broker of each language."""

    def __init__(self, url: str, store: Store) -> None:
        self.url, self.store = url, store


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder: Path = tmp_path_factory.mktemp("door")
    with oidc_provider_mock.run_server_in_thread() as provider:
        server = make_server("127.0.0.1", 0, None, threaded=True)
        config = settings(
            folder, base_url=f"http://127.0.0.1:{server.server_port}",
            port=server.server_port, second_factor="required", testing=False,
            oidc=Oidc(f"http://localhost:{provider.server_port}", "hub", "secret", "Lövhamns kommuns inloggning"),
        )  # fmt: skip
        server.app = create_app(config, TinyEncoder())
        store = server.app.extensions["store"]
        migrate(store)
        hashed = passwords.hashed(PASSWORD)
        for locale in ("sv", "en"):
            email = f"{locale}@example.org"
            create_person(store, "broker", email=email, locale=locale, password_hash=hashed)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Door(config.base_url, store)
        server.shutdown()
        store.close()


@pytest.fixture
def visit(browser: Browser, door: Door) -> Iterator[Callable[[str], Page]]:
    """`visit(locale)`: a page without JavaScript on a phone; anything in its console about us fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and "cdn" not in message.location["url"]:  # what the provider's own page asks for
            faults.append(f"{message.location['url']}: {message.text}")

    def open_page(locale: str) -> Page:
        context = browser.new_context(
            base_url=door.url, java_script_enabled=False, viewport={"width": 360, "height": 800},
            extra_http_headers={"Accept-Language": locale},
        )  # fmt: skip
        context.set_default_timeout(90_000)
        context.route("https://**", lambda route: route.abort())  # the provider's page asks strangers, and waits
        contexts.append(context)
        page = context.new_page()
        page.on("console", heard)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [fault for fault in faults if "status of 4" not in fault] == []


@pytest.fixture
def faultless(browser: Browser) -> Iterator[Callable[[Page], None]]:
    """`faultless(page)`: nothing for axe to find in what the page shows, and it is no wider than a phone.

    Axe needs scripts: it looks at the same page in a browser with them, that has the same cookies.
    """
    contexts: list[BrowserContext] = []

    def look(page: Page) -> None:
        context = browser.new_context(viewport={"width": 360, "height": 800}, reduced_motion="reduce")
        contexts.append(context)
        shown = context.new_page()
        head = f'<head><base href="{page.url}">'
        shown.route(page.url, lambda route: route.fulfill(body=page.content().replace("<head>", head, 1),
                                                          content_type="text/html; charset=utf-8"))  # fmt: skip
        shown.goto(page.url)
        found = Axe().run(shown, options=RULES).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:160]) for one in found] == [], page.url
        assert not shown.evaluate("document.documentElement.scrollWidth > innerWidth"), page.url

    yield look
    for context in contexts:
        context.close()


def fresh_code(secret: str) -> str:
    """Return a code with at least 45 seconds left to type it: the hub takes those of the steps beside its own too."""
    return pyotp.TOTP(secret).at(int(time.time()) + STEP // 2)


def give_password(page: Page, email: str) -> None:
    page.goto("/login")
    page.fill("#email", email)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")


@pytest.mark.parametrize("locale", ["sv", "en"])
def test_a_second_factor_is_set_up_and_used_without_javascript(
    door: Door, visit: Callable[[str], Page], faultless: Callable[[Page], None], locale: str
) -> None:
    page = visit(locale)
    page.goto("/login")
    faultless(page)
    give_password(page, f"{locale}@example.org")
    expect(page).to_have_url(re.compile("/account/second-factor$"))
    faultless(page)
    page.click("main form button")
    secret = page.inner_text(".secret").replace(" ", "")
    assert page.locator("img.qr").bounding_box()["width"] > 150
    faultless(page)
    page.fill("#otp", "000000")
    page.fill("#present", PASSWORD)
    page.click("main form button")
    expect(page.locator("#error-summary")).to_be_visible()
    faultless(page)
    page.fill("#otp", fresh_code(secret))
    page.fill("#present", PASSWORD)
    page.click("main form button")
    codes = page.locator(".secret li").all_inner_texts()
    assert len(codes) == 10
    faultless(page)
    for path in ("/account", "/account/second-factor"):
        page.goto(path)
        faultless(page)
    page.context.clear_cookies()
    give_password(page, f"{locale}@example.org")
    faultless(page)
    page.click("summary >> nth=-1")
    page.fill("#recovery", codes[0])
    page.click("main form button")
    expect(page).to_have_url(re.compile("/(mine|desk/)$"))


def test_an_invitation_is_taken_with_the_organisations_account(
    door: Door, visit: Callable[[str], Page], faultless: Callable[[Page], None]
) -> None:
    company = create_organisation(door.store, "company", name="Bolaget")
    token = links.invite(door.store, None, "ny@example.org", company["id"], "startup", clock.now())
    page = visit("sv")
    page.goto(f"/link/{token}")
    faultless(page)
    page.click('form[action$="/openid"] button')
    page.wait_for_url("**/oauth2/authorize**")  # our own page led on, and no policy of ours was in the way
    page.fill('input[name="sub"]', "alice")
    page.click('button[type="submit"] >> nth=0')
    expect(page).to_have_url(re.compile(f"^{door.url}/mine$"))
    page.goto("/account")
    faultless(page)
    page.context.clear_cookies()
    page.goto("/login")
    page.click('form[action="/login/openid"] button')
    page.wait_for_url("**/oauth2/authorize**")
    page.fill('input[name="sub"]', "nobody")
    page.click('button[type="submit"] >> nth=0')
    expect(page.locator("h1")).to_be_visible()
    assert page.url.startswith(f"{door.url}/login/openid/back")
    faultless(page)
