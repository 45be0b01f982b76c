from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matcher import doctor, work
from matcher.config import Config, Oidc
from matcher.hub import clock, mail, sealing, second_factor
from matcher.ranking import embedder, indexing, shared, shipped
from matcher.ranking.encoder import Prompt, TinyEncoder
from matcher.ranking.ranker import Ranker
from matcher.ranking.upkeep import Patience
from matcher.store import Store, open_store
from tests.factories import NOW, create_need, create_person, create_startup
from tests.settings import settings
from tests.web.providers import Forger, serve


@pytest.fixture
def config(tmp_path: Path, migrated_file: Path) -> Config:
    (tmp_path / "hub.db").write_bytes(migrated_file.read_bytes())
    (tmp_path / "secret_key").write_text("x" * 64)
    (tmp_path / "secret_key").chmod(0o600)
    return settings(
        tmp_path,
        base_url="https://matcher.example.org",
        smtp="smtp://kim:secret@mail.example.org:587",
        testing=False,
    )


@pytest.fixture
def store(config: Config) -> Iterator[Store]:
    opened = open_store(config.database_url)
    create_person(opened, "administrator")
    yield opened
    opened.close()


@pytest.fixture
def background(config: Config) -> Iterator[None]:
    with embedder.start(TinyEncoder(), config.embedder_socket):
        yield


def found(config: Config) -> dict[str, doctor.Finding]:
    """The findings by name; the last one of a name counts."""
    return {finding.name: finding for finding in doctor.examine(config)}


def wrong(config: Config) -> dict[str, str]:
    return {finding.name: finding.text for finding in doctor.examine(config) if finding.level == "wrong"}


def test_a_sound_hub_has_nothing_wrong(config: Config, store: Store, background: None) -> None:
    assert wrong(config) == {}
    seen = found(config)
    assert "journal mode" in seen["store"].text
    assert "model tiny" in seen["background"].text
    assert seen["vectors"].text == "every text has its vector"


def test_backups_that_stopped_are_told_of(
    config: Config, store: Store, background: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(config)["backups"].level == "note"
    config = replace(config, backups=tmp_path / "backups")
    assert "start `matcher work`" in wrong(config)["backups"]
    made, stop = clock.now(), threading.Event()
    stop.set()  # nothing waits
    assert work.back_up(config, stop, store) == 1
    assert work.back_up(config, stop, store) == 0, "the last one is young"
    assert found(config)["backups"].level == "fine"
    monkeypatch.setattr(clock, "now", lambda: clock.later(made, minutes=16))
    assert work.back_up(config, stop, store) == 1
    assert found(config)["backups"].text.startswith("2 in ")
    monkeypatch.setattr(clock, "now", lambda: clock.later(made, minutes=47))
    assert "31 minutes old" in wrong(config)["backups"]
    (tmp_path / "file").write_text("")
    assert work.back_up(replace(config, backups=tmp_path / "file"), stop, store) == 0, "it is told in the log"


def test_texts_that_wait_and_mails_and_statistics_are_counted(config: Config, store: Store, background: None) -> None:
    create_need(store, published=True)
    mail.queue(store, "x", [{"email": "kim@example.org", "locale": "sv"}], "reset", NOW)
    seen = found(config)
    assert (seen["vectors"].level, seen["vectors"].text) == ("note", "1 texts wait for a vector")
    assert (seen["outbox"].level, seen["outbox"].text) == ("note", "1 mails waiting, 0 given up")
    assert seen["statistics"].level == "note"
    indexing.catch_up(store, TinyEncoder())
    shipped.ensure_background(config.instance, TinyEncoder())
    seen = found(config)
    assert seen["vectors"].level == seen["statistics"].level == "fine"


def test_a_background_that_is_away_is_wrong_and_the_rest_is_still_looked_at(config: Config, store: Store) -> None:
    assert list(wrong(config)) == ["background"]
    assert wrong(config)["background"].endswith("Start `matcher work`.")
    assert "outbox" in found(config)


def test_a_hub_without_administrator_is_wrong(config: Config, background: None) -> None:
    assert "matcher create-administrator" in wrong(config)["people"]


def test_a_schema_that_is_behind_or_ahead_is_wrong(config: Config, store: Store, background: None) -> None:
    name = store.query("select name from migration order by name desc limit 1")[0]["name"]
    store.execute("delete from migration where name = :name", {"name": name})
    assert wrong(config) == {"schema": f"{name} not applied: run `matcher migrate`"}
    store.insert("migration", {"name": name, "applied_at": NOW})
    store.insert("migration", {"name": "9999_future", "applied_at": NOW})
    assert "9999_future" in wrong(config)["schema"]
    assert "Install the version" in wrong(config)["schema"]


@pytest.mark.parametrize(
    "url",
    [
        "mysql://x",
        "postgresql://kim:secret@127.0.0.1/%x",  # not how a sign is written in an address
        "sqlite:////nowhere/at/all.db",
        "postgresql://nobody@127.0.0.1:1/none",
    ],
)
def test_a_database_that_does_not_answer_is_wrong(config: Config, url: str) -> None:
    assert "Check DATABASE_URL" in wrong(replace(config, database_url=url))["store"]


def test_an_own_list_of_ways_that_cannot_be_used_is_wrong(config: Config, store: Store, background: None) -> None:
    assert "routes" not in found(config)
    (config.instance / "routes").mkdir()
    (config.instance / "routes" / "ways.toml").write_text("[[way]]\ncode = 'x'", encoding="utf8")
    finding = found(config)["routes"]
    assert (finding.level, finding.text.split(":")[:2]) == ("wrong", ["ways.toml", " line 1"])


def test_checklists_of_ones_own_that_cannot_be_used_are_wrong_and_old_figures_are_noted(
    config: Config, store: Store, background: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (config.instance / "checklists.toml").write_text("[[item]]\ncode = 'x'", encoding="utf8")
    monkeypatch.setattr(clock, "now", lambda: "2030-01-01T00:00:00.000000Z")
    seen = found(config)
    assert (seen["checklists"].level, seen["figures"].level, seen["state aid"].level) == ("wrong", "note", "note")


def test_a_key_that_others_can_read_is_wrong(config: Config, store: Store, background: None) -> None:
    (config.instance / "secret_key").chmod(0o644)
    assert "chmod 600" in wrong(config)["secret"]


def test_a_disk_that_is_almost_full_is_wrong(
    config: Config, store: Store, background: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "FREE_MB", 10**12)
    assert "make room" in wrong(config)["disk"]


def test_a_model_that_is_missing_or_damaged_is_wrong(config: Config, store: Store, background: None) -> None:
    config = replace(config, model="multilingual-e5-small")
    assert "run `matcher model`" in wrong(config)["model"]
    (config.instance / "models" / config.model).mkdir(parents=True)
    assert "model" in wrong(config)


def test_a_mail_server_that_is_no_address_is_wrong(config: Config, store: Store, background: None) -> None:
    assert "smtp://user:password@host" in wrong(replace(config, smtp="mail.example.org"))["mail"]


@pytest.mark.parametrize("password", ["p#w", "p/w"])
def test_a_password_that_is_written_as_it_is_tells_nothing_of_itself(
    config: Config, store: Store, background: None, password: str
) -> None:
    said = wrong(replace(config, smtp="smtp://" + f"kim:{password}@example.org:587"))["mail"]
    assert "%23" in said
    assert "kim" not in said


def test_a_folder_for_backups_that_cannot_be_written_is_named(
    config: Config, store: Store, background: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != tmp_path)  # root may write everywhere
    assert "give it to the hub's user" in wrong(replace(config, backups=tmp_path / "backups"))["backups"]


def test_no_password_is_ever_shown(config: Config, store: Store, background: None) -> None:
    assert found(config)["mail"].text == "smtp://mail.example.org:587"
    assert "secret" not in "".join(finding.text for finding in doctor.examine(config))


def test_a_try_out_on_one_machine_is_noted(config: Config, store: Store, background: None) -> None:
    seen = found(replace(config, base_url="http://127.0.0.1:8000", smtp=""))
    assert (seen["address"].level, seen["mail"].level) == ("note", "note")


def test_a_damaged_database_file_is_wrong(config: Config, store: Store, background: None) -> None:
    for number in range(200):
        create_need(store, title=f"Behov {number}")
    store.close()
    assert "file" not in wrong(config)
    file = config.instance / "hub.db"
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size * 2 // 3)
        opened.write(b"\xff" * 8192)
    assert "matcher restore" in wrong(config)["file"]


def test_a_text_whose_bytes_are_damaged_is_wrong(config: Config, store: Store, background: None) -> None:
    """SQLite's own check looks at no letter: it calls such a file whole."""
    for number in range(600):
        create_need(store, title=f"Färre fall nattetid {number}")
    store.close()
    assert found(config)["file"].level == "fine"
    file = config.instance / "hub.db"
    damaged = file.read_bytes().replace("Färre fall nattetid 599".encode(), b"F\xe4rre fall nattetid  599")
    file.write_bytes(damaged)
    assert "a text in need.title is not UTF-8" in wrong(config)["file"]
    assert "rre fall" not in wrong(config)["file"]  # nobody's to read in a log
    file.write_bytes(damaged.replace(b"F\xe4rre fall nattetid  599", bytes(24)))
    assert "a text in need.title holds noughts" in wrong(config)["file"]


def test_texts_are_read_for_so_long_and_no_longer(
    config: Config, store: Store, background: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_need(store)
    monkeypatch.setattr(doctor, "READING_SECONDS", 0.0)
    seen = found(config)["file"]
    assert (seen.level, "not all" in seen.text) == ("note", True)


class Held(TinyEncoder):
    """A model in the middle of a long batch until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = threading.Event()

    def encode(self, texts: Sequence[str], prompt: Prompt) -> np.ndarray:
        self.goes_on.wait(30)
        return super().encode(texts, prompt)


def test_a_worker_that_is_busy_is_told_apart_from_one_that_is_away(
    config: Config, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "PATIENCE_SECONDS", 0.5)
    assert "Start `matcher work`" in wrong(config)["background"]
    model = Held()
    with embedder.start(model, config.embedder_socket):
        seen = found(config)["background"]
        assert (seen.level, "busy" in seen.text) == ("note", True)
        model.goes_on.set()
        assert found(config)["background"].level == "fine"


def test_a_process_that_stands_still_is_not_busy(config: Config, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel takes connections for it, and nobody answers."""
    monkeypatch.setattr(doctor, "PATIENCE_SECONDS", 0.5)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as deaf:
        deaf.bind(str(config.embedder_socket))
        deaf.listen()
        assert "Start `matcher work`" in wrong(config)["background"]


def test_a_model_of_ones_own_whose_folder_is_not_there_is_wrong(config: Config, store: Store) -> None:
    assert "there is no folder /srv/none" in wrong(replace(config, model="/srv/none"))["model"]
    assert found(replace(config, model=str(config.instance)))["model"].level == "note"
    assert found(replace(config, model="some/name-on-a-hub"))["model"].level == "note"


def test_who_has_no_second_factor_is_counted(config: Config, store: Store, background: None) -> None:
    seen = found(replace(config, second_factor="required"))["second factor"]
    assert (seen.level, seen.text) == (
        "note", "required (MATCHER_SECOND_FACTOR); 1 of 1 brokers and administrators have none",
    )  # fmt: skip
    sealed = sealing.seal(config.secret_keys, second_factor.PURPOSE, "JBSWY3DPEHPK3PXP")
    row = {"person_id": store.query("select id from person")[0]["id"], "sealed": sealed, "made_at": NOW}
    store.insert("second_factor", {**row, "confirmed_at": NOW})
    assert found(config)["second factor"].level == "fine"
    assert found(replace(config, second_factor="off"))["second factor"].level == "note"
    other = replace(config, secret_key="another key than the one that sealed them")
    assert "those of 1 people" in wrong(other)["second factor"]
    assert "second factor" not in wrong(replace(other, old_secret_keys=(config.secret_key,)))


def test_a_provider_of_log_ins_is_asked_whether_it_is_there(config: Config, store: Store, background: None) -> None:
    assert "log-in" not in found(config)
    with serve(Forger()) as forger:
        seen = found(replace(config, oidc=Oidc(forger.issuer, "client", "secret of the client")))["log-in"]
        assert (seen.level, seen.text) == (
            "fine",
            f"{forger.issuer} answers; it must know the address https://matcher.example.org/login/openid/back",
        )
        forger.metadata = {"issuer": "https://evil.example"}
        refused = wrong(replace(config, oidc=Oidc(forger.issuer, "client", "secret of the client")))["log-in"]
        assert "MATCHER_OIDC_ISSUER must be the same" in refused
    gone = wrong(replace(config, oidc=Oidc(forger.issuer, "client", "secret of the client")))["log-in"]
    assert "People log in by password meanwhile" in gone


def test_what_the_workers_share_is_told_of(
    config: Config, store: Store, background: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "shared copy" not in found(config), "a hub of few texts needs none"
    create_startup(store, published=True)
    indexing.read_words(store)
    monkeypatch.setattr(doctor.Patience, "few", 0)
    assert found(config)["shared copy"].text.startswith("none yet")
    folder = config.instance / shared.FOLDER
    Ranker(store, TinyEncoder(), patience=Patience(few=0), folder=folder).warm()
    assert found(config)["shared copy"].level == "fine"
    assert found(config)["shared copy"].text.startswith("1 profiles, ")
    with (folder / "startup.map").open("r+b") as file:
        file.truncate(1_000_000)
    assert "1000000 bytes long" in found(config)["shared copy"].text
    shutil.rmtree(folder)
    folder.write_text("in the way")
    assert "cannot be written, each worker holds its own copy" in wrong(config)["shared copy"]
