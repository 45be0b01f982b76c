"""The application on a fresh SQLite hub, a client that checks every page, and a way to log in."""

from __future__ import annotations

import secrets
import shutil
import uuid
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from matcher import create_app
from matcher.hub import clock, sessions
from matcher.hub.people import Viewer
from matcher.ranking.encoder import TinyEncoder
from matcher.store import Store
from tests.settings import settings

from . import pagecheck


class CheckedClient(FlaskClient):
    """A browser's client: sends the CSRF token as a page would (`csrf=False`: not), and checks every HTML page."""

    def open(self, *args: Any, csrf: bool = True, **kwargs: Any) -> TestResponse:
        if csrf and (kwargs.get("method") or "GET").upper() not in ("GET", "HEAD", "OPTIONS"):
            kwargs["headers"] = {"X-CSRFToken": self.token(), **(kwargs.get("headers") or {})}
        response = super().open(*args, **kwargs)
        if response.mimetype == "text/html" and response.status_code != 304 and not response.location:
            assert "default-src 'self'" in response.headers["Content-Security-Policy"]
            text = response.get_data(as_text=True)
            if "<html" in text:  # a part of a page, for htmx, has no heading of its own
                assert pagecheck.faults(text) == []
        return response

    def token(self) -> str:
        """Return a CSRF token that fits the client's session."""
        with self.session_transaction() as session:
            raw = session.setdefault("csrf_token", secrets.token_hex(20))
        return URLSafeTimedSerializer(self.application.secret_key, salt="wtf-csrf-token").dumps(raw)


@pytest.fixture
def hub_file(database_folder: Path, migrated_file: Path) -> Iterator[Path]:
    """The file of an empty, migrated hub."""
    path = database_folder / f"{uuid.uuid4().hex}.db"
    shutil.copyfile(migrated_file, path)
    yield path
    for left in database_folder.glob(f"{path.name}*"):
        left.unlink()


@pytest.fixture
def app(tmp_path: Path, hub_file: Path) -> Iterator[Flask]:
    """An application on an empty, migrated SQLite hub, with the tiny encoder."""
    config = settings(tmp_path, database_url=f"sqlite:///{hub_file}")
    application = create_app(config, TinyEncoder())
    application.test_client_class = CheckedClient
    application.extensions["whole"] = True  # looked at once a process, by one statement that no page is to blame for
    yield application
    application.extensions["store"].close()


@pytest.fixture
def store(app: Flask) -> Store:
    """The running application's store, for the factories and for looking at rows."""
    return app.extensions["store"]


@pytest.fixture
def client(app: Flask) -> CheckedClient:
    """A visitor's browser."""
    return app.test_client()


@pytest.fixture
def english(client: CheckedClient) -> None:
    """The visitor's browser asks for English: what the pages say is looked for in it."""
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands, so that no quarter of an hour ends in the middle of counting."""
    monkeypatch.setattr(clock, "now", lambda: "2026-11-20T09:07:00.000000Z")


@pytest.fixture
def open_as(app: Flask, login: Callable[..., CheckedClient]) -> Callable[[Viewer], CheckedClient]:
    """`open_as(person)`: a browser of their own, logged in."""
    return lambda person: login(app.test_client(), person)


@pytest.fixture
def login() -> Callable[[CheckedClient, Viewer], CheckedClient]:
    """`login(client, person)`: a session for the person, without the cost of a password; returns the client."""

    def log_in(client: CheckedClient, person: Viewer) -> CheckedClient:
        with client.session_transaction() as session:
            session["token"] = sessions.start(client.application.extensions["store"], person.person_id, clock.now())
        return client

    return log_in


@pytest.fixture
def text() -> Callable[[TestResponse], str]:
    """`text(response)`: the page's source with entities resolved and white space folded, for finding sentences."""
    return lambda response: " ".join(unescape(response.get_data(as_text=True)).split())
