"""What is logged names nobody: not when all goes well, and not when something fails with a name in its error."""

from __future__ import annotations

import importlib.util
import io
import json
import logging
import logging.config
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher import logs, work
from matcher.config import Config
from matcher.hub import mail
from matcher.store import StoreError
from tests.factories import create_person
from tests.web.test_policy import POLICY
from tests.web.walking import Hub, open_hub

SECRET = "canary"  # begins every word of the world that not everybody may read


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything that any part logs, from the least, as the process would write it."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logs.Line())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield out
    root.removeHandler(handler)
    root.setLevel(level)


def test_an_error_is_told_by_its_kinds_and_places_alone(lines):
    try:
        try:
            raise ValueError("Eva Ek <eva@example.org>")
        except ValueError as error:
            raise StoreError("Key (email)=(eva@example.org) already exists") from error
    except StoreError:
        logging.getLogger("matcher.work").exception("the background work stumbled and goes on")
    said = json.loads(lines.getvalue())
    assert said["message"] == "the background work stumbled and goes on"
    assert said["error"] == ["StoreError", "ValueError"]
    assert "test_logs.py" in said["where"][0]
    assert "eva" not in lines.getvalue().lower()


def test_of_a_library_only_the_pattern_is_told(lines):
    logging.getLogger("gunicorn.error").warning("Error handling request %s", "/link/secret-token?q=Eva")
    assert json.loads(lines.getvalue())["message"] == "Error handling request %s"


def test_a_request_that_fails_is_told_by_its_endpoint(app_hub: Hub, lines, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("canary-in-an-error")

    monkeypatch.setattr("matcher.hub.links.get", fail)
    assert app_hub.send("none", "GET", "/link/canary-token?q=canary-query").status_code == 500
    assert "account.link" in lines.getvalue()
    assert "RuntimeError" in lines.getvalue()
    assert SECRET not in lines.getvalue()


def test_a_walk_over_every_page_and_form_logs_no_name_no_text_and_no_token(app_hub: Hub, lines):
    hub, tokens = app_hub, [*app_hub.world.tokens.values()]
    logging.getLogger("matcher").debug("the walk begins")
    for endpoint, rows in POLICY.items():
        method, thing = rows[0]["method"], rows[0]["thing"]
        for visitor in ("broker", "owner", "administrator"):
            given = {"data": hub.form(endpoint, visitor, thing)} if method == "POST" else {}
            hub.send(visitor, method, f"{hub.address(endpoint, thing)}?q=canary-query", **given)
    hub.reset()
    said = lines.getvalue()
    assert "the walk begins" in said, "nothing is listened to"
    people = hub.store.query("select name, email from person")
    for word in (SECRET, *tokens, *(person["email"] for person in people)):
        assert word not in said, word


def test_mail_that_cannot_be_sent_is_not_named_in_the_log(app_hub: Hub, lines, monkeypatch):
    hub = app_hub
    hub.store.execute("update outbox set sent_at = created_at where sent_at is null")
    person = create_person(hub.store, "owner", email="canary-mail@example.org")
    mail.queue(
        hub.store, "x", [{"email": person.email, "locale": "sv"}], "reset", hub.world.now, token="canary", hours=2
    )
    settings = hub.app.config["MATCHER"]
    hub.app.config["MATCHER"] = Config(**{**vars(settings), "smtp": "smtp://127.0.0.1:1"})
    while work.send_due(hub.app, hub.store):
        pass
    hub.app.config["MATCHER"] = settings
    assert hub.store.query("select 1 as found from outbox where error is not null"), "no mail was tried"
    assert SECRET not in lines.getvalue()
    hub.reset()


def test_gunicorn_writes_such_lines_and_no_access_log():
    spec = importlib.util.spec_from_file_location("gunicorn_conf", Path(__file__).parents[1] / "gunicorn.conf.py")
    conf = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conf)
    assert conf.accesslog is None
    made = logging.config.DictConfigurator(dict(conf.logconfig_dict)).configure_formatter(
        dict(conf.logconfig_dict["formatters"]["line"])
    )
    assert isinstance(made, logs.Line)
    assert {name: one["handlers"] for name, one in conf.logconfig_dict["loggers"].items()} == {
        "gunicorn.error": ["stderr"]
    }


@pytest.fixture(scope="module")
def app_hub() -> Iterator[Hub]:
    with open_hub() as opened:
        yield opened
