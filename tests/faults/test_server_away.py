"""A PostgreSQL server that is not there at the start, goes away in the middle of a request, and comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from matcher import create_app, doctor, work
from matcher.commands import opening
from matcher.config import Config
from matcher.hub import clock, mail, sessions
from matcher.ranking.encoder import TinyEncoder
from matcher.store import StoreUnavailable, open_store
from matcher.store.schema import migrate, pending
from tests.factories import create_person
from tests.settings import SECRET
from tests.web.test_account import hidden

from .servers import Postgres, server_of_its_own, until

PATIENCE = 40


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server that is not started yet."""
    with server_of_its_own("127.0.0.21") as made:
        yield made


@pytest.fixture
def config(tmp_path: Path, server: Postgres) -> Config:
    url = f"{server.url}?password=hush-hush"
    return Config(tmp_path, url, "tiny", SECRET, "http://localhost", 8000, smtp="smtp://127.0.0.1:1", testing=True)


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    made = create_app(config, TinyEncoder())
    yield made
    made.extensions["store"].close()


def test_pages_come_up_by_themselves_and_a_form_outlives_the_server(app: Flask, server: Postgres) -> None:
    client = app.test_client()
    away = client.get("/", headers={"Accept-Language": "en"})
    assert (away.status_code, away.headers["Retry-After"]) == (503, "10")
    assert "Back in a moment" in away.text
    assert client.get("/readyz").status_code == 503
    server.start()
    store = app.extensions["store"]
    until(lambda: answers(store), "the pool has found the server", PATIENCE)
    migrate(store)
    person = create_person(store, "owner")
    assert client.get("/").status_code == 200
    with client.session_transaction() as session:
        session["token"] = sessions.start(store, person.person_id, clock.now())
    typed = {**hidden(client.get("/account")), "name": "Åsa <Nyman>"}
    server.host.kill()
    lost = client.post("/account", data=typed, headers={"Accept-Language": "en"})
    assert lost.status_code == 503
    assert 'action="/account"' in lost.text
    assert hidden(lost) == typed
    server.start()
    until(lambda: answers(store), "the pool has found the server again", PATIENCE)
    assert store.query("select name from person where id = :id", {"id": person.person_id})[0]["name"] == person.name
    assert client.post("/account", data=hidden(lost)).status_code == 303
    assert store.query("select name from person where id = :id", {"id": person.person_id})[0]["name"] == "Åsa <Nyman>"


def answers(store: Any) -> bool:
    try:
        return store.query("select 1 as one") == [{"one": 1}]
    except StoreUnavailable:
        return False


@pytest.mark.parametrize(
    ("form", "headers"),
    [({"email": "a@example.org", "password": "hemligt hemligt"}, {}), ({"name": "x"}, {"Origin": "http://evil.test"})],
)
def test_neither_a_password_nor_another_sites_form_is_offered_again(app: Flask, form: dict, headers: dict) -> None:
    answer = app.test_client().post("/login", data=form, headers=headers)
    assert answer.status_code in (400, 503)
    assert "<form" not in answer.text
    assert not any(value in answer.text for value in form.values() if len(value) > 1)


def test_what_serves_waits_for_the_server_and_goes_on(
    server: Postgres, config: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", config.database_url)
    monkeypatch.setenv("MATCHER_INSTANCE", str(config.instance))
    with pytest.raises(SystemExit):
        opening.opened()  # who asks once is told at once
    assert "PostgreSQL does not answer at 127.0.0.21:5432" in capsys.readouterr().err
    found: list[Any] = []
    waiting = threading.Thread(target=lambda: found.append(opening.opened(patient=True)), daemon=True)
    waiting.start()
    waiting.join(8)
    assert waiting.is_alive()
    server.start()
    waiting.join(PATIENCE)
    [(_, store)] = found
    assert pending(store) == []
    store.close()
    said = capsys.readouterr().err
    assert said.count("Waiting for it") == 1
    assert said.endswith("matcher: the database answers.\n")
    assert "hush-hush" not in said


def test_the_doctor_names_the_server_and_no_password(config: Config) -> None:
    [finding] = [one for one in doctor.examine(config) if one.name == "store"]
    assert finding.level == "wrong"
    assert "127.0.0.21:5432" in finding.text
    assert "Check DATABASE_URL" in finding.text
    assert "hush-hush" not in finding.text


def test_the_background_goes_on_when_the_server_is_back(
    config: Config, server: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    server.start()
    store = open_store(config.database_url)
    migrate(store)
    stop = threading.Event()
    working = threading.Thread(target=work.work, args=(config, TinyEncoder(), stop), daemon=True)
    working.start()
    server.host.kill()
    until(lambda: "the database is away" in caplog.text, "the background has noticed", PATIENCE)
    server.start()
    until(lambda: answers(store), "the pool has found the server", PATIENCE)
    person = create_person(store, "owner")
    with store.atomic():
        mail.queue(store, "event", [{"email": person.email, "locale": "sv"}], "nothing known", clock.now())
    until(lambda: store.query("select tries from outbox")[0]["tries"], "the mail is taken up", PATIENCE)
    stop.set()
    working.join(PATIENCE)
    store.close()
