"""A running hub with the demo and the real model, and a Chromium that fails on any error in its console."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import make_server

from matcher import create_app
from matcher.exchange import demo
from matcher.hub import clock, sessions
from matcher.ranking import indexing
from matcher.store import Store
from matcher.store.schema import migrate
from tests.remembering import Remembering
from tests.settings import settings

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
QUIET = ("favicon",)


class Site:
    """The address of the running hub, and its store for looking behind the pages."""

    def __init__(self, url: str, app: Flask) -> None:
        self.url = url
        self.store: Store = app.extensions["store"]
        self._app = app

    def session_of(self, role: str) -> dict[str, str]:
        """Return the cookie of a new session of the demo person of a role, as the browser would have it."""
        found = self.store.query("select id from person where email = :e", {"e": account(role)["email"]})
        held = {"token": sessions.start(self.store, found[0]["id"], clock.now()), "_permanent": True}
        value = self._app.session_interface.get_signing_serializer(self._app).dumps(held)
        return {"name": self._app.config["SESSION_COOKIE_NAME"], "value": value, "url": self.url}


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Use the system's Chromium."""
    return {
        **browser_type_launch_args,
        "executable_path": shutil.which("chromium"),
        "headless": True,
        "args": FLAGS.split(),
    }


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, reader: Remembering) -> Iterator[Site]:
    """Serve the demo hub, every text embedded."""
    folder: Path = tmp_path_factory.mktemp("site")
    config = settings(
        folder, model="multilingual-e5-small", base_url="http://127.0.0.1", port=80, demo=True, testing=False
    )
    app = create_app(config, reader)
    store: Store = app.extensions["store"]
    migrate(store)
    demo.load(store, clock.now())
    model = indexing.model_name(reader)
    while sum(indexing.behind(store, model).values()) or indexing.unspoken(store, model):
        indexing.catch_up(store, reader)  # all but what is left to quiet hours
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Site(f"http://127.0.0.1:{server.server_port}", app)
    server.shutdown()
    store.close()


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """`visit(role, locale, javascript, width)`: a page of a browser of its own, logged in; errors fail the test.

    form: by the form, as a person would; else with a session that the hub has begun.
    """
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_page(
        role: str | None = None, locale: str = "sv", javascript: bool = True, width: int = 1280,
        scheme: str = "light", form: bool = False,
    ) -> Page:  # fmt: skip
        context = browser.new_context(
            base_url=site.url,
            java_script_enabled=javascript,
            viewport={"width": width, "height": 900},
            extra_http_headers={"Accept-Language": locale},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        context.set_default_timeout(90_000)  # a loaded machine is slow, not wrong
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        if role:
            set_locale(site.store, role, locale)
            if form:
                log_in(page, role)
            else:
                context.add_cookies([site.session_of(role)])
        return page

    yield open_page
    for context in contexts:
        context.close()
    # A refused form answers 4xx, which Chromium writes to the console though nothing is wrong with the page.
    assert [fault for fault in faults if "status of 4" not in fault] == []


def set_locale(store: Store, role: str, locale: str) -> None:
    """Give the demo person of a role a language."""
    store.execute("update person set locale = :l where email = :e", {"l": locale, "e": f"{account(role)['email']}"})


def account(role: str) -> dict[str, str]:
    """Return the demo account of a role."""
    return next(found for found in demo.ACCOUNTS if found["role"] == role)


def log_in(page: Page, role: str) -> None:
    """Log in by the form, as a person would."""
    page.goto("/login")
    page.fill("#email", account(role)["email"])
    page.fill("#password", demo.PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)
