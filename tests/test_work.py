from __future__ import annotations

import errno
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from matcher import create_app, work
from matcher.config import Config
from matcher.exchange import smtp
from matcher.hub import atlas, clock, limits, links, mail, people, sessions
from matcher.hub.clock import later
from matcher.ranking import embedder, indexing
from matcher.ranking.encoder import TinyEncoder
from matcher.store.schema import migrate
from tests.factories import NOW, create_need, create_organisation, create_person, create_startup
from tests.settings import settings


class Letterbox:
    """A mail server's hands: keeps what comes, or refuses it while `refusal` is set."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.refusal = ""
        self.goodbye = "221 bye"

    async def handle_DATA(self, server, session, envelope):
        if self.refusal:
            return self.refusal
        self.received.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 taken"

    async def handle_QUIT(self, server, session, envelope):
        return self.goodbye


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def letterbox() -> Letterbox:
    return Letterbox()


@pytest.fixture
def server(letterbox: Letterbox) -> Iterator[str]:
    """The address of a mail server that puts everything into the letterbox."""
    controller = Controller(letterbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


@pytest.fixture
def config(tmp_path: Path, migrated_file: Path) -> Config:
    (tmp_path / "hub.db").write_bytes(migrated_file.read_bytes())
    return settings(tmp_path, mail_from="Mittpunkt <noreply@matcher.example.org>")


@pytest.fixture
def app(config: Config):
    application = create_app(config, TinyEncoder())
    yield application
    application.extensions["store"].close()


@pytest.fixture
def store(app):
    return app.extensions["store"]


def with_server(app, address: str):
    app.config["MATCHER"] = replace(app.config["MATCHER"], smtp=address)
    return app


def invite(store, email: str = "åsa@example.org", locale: str = "sv") -> str:
    town = create_organisation(store, name="Lövhamns kommun")
    return links.invite(store, None, email, town["id"], "owner", clock.now(), locale)


def the_mail(store) -> dict:
    return mail.listing(store)["rows"][0]


def test_a_mail_arrives_whole_with_its_own_id(app, store, server, letterbox):
    token = invite(store, "kim@example.org", "en")
    assert work.send_due(with_server(app, server), store) == 1
    (found,) = letterbox.received
    assert found["To"] == "kim@example.org"
    assert found["From"] == "Mittpunkt <noreply@matcher.example.org>"
    assert found["Subject"] == "Invitation to Matcher"
    assert found["Message-ID"] == f"<{the_mail(store)['id']}@matcher.example.org>"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Date"]
    assert f"http://localhost/link/{token}" in found.get_content()
    assert "Lövhamns kommun" in found.get_content()
    assert the_mail(store)["state"] == "sent"


def test_letters_beyond_ascii_come_through_in_subject_and_text(server, letterbox):
    smtp.send(server, smtp.message("a@example.org", "b@example.org", "Färre fall – åäö", "Räksmörgås\n", "id1"))
    (found,) = letterbox.received
    assert found["Subject"] == "Färre fall – åäö"
    assert found.get_content().strip() == "Räksmörgås"


def test_a_line_break_cannot_add_a_header(server, letterbox):
    mail_ = smtp.message("a@example.org", "b@example.org", "Hello\r\nBcc: all@example.org", "Text\n", "id1")
    assert mail_["Bcc"] is None
    for sender, recipient in [("a@x.org\nBcc: b@x.org", "c@x.org"), ("a@x.org", "c@x.org\r\nBcc: b@x.org")]:
        with pytest.raises(ValueError, match="linefeed"):
            smtp.message(sender, recipient, "Hello", "Text\n", "id1")


def test_nothing_is_sent_twice(app, store, server, letterbox):
    invite(store, "kim@example.org")
    with_server(app, server)
    assert [work.send_due(app, store) for _ in range(3)] == [1, 0, 0]
    assert len(letterbox.received) == 1


def test_a_server_that_stumbles_over_the_goodbye_has_taken_the_mail(app, store, server, letterbox):
    letterbox.goodbye = "500 what?"
    invite(store, "kim@example.org")
    assert [work.send_due(with_server(app, server), store) for _ in range(2)] == [1, 0]
    assert len(letterbox.received) == 1
    assert the_mail(store)["state"] == "sent"


def test_workers_side_by_side_send_each_mail_once(app, store, server, letterbox):
    with_server(app, server)
    for number in range(12):
        invite(store, f"person{number}@example.org")
    threads = [threading.Thread(target=lambda: [work.send_due(app, store) for _ in range(12)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found["To"] for found in letterbox.received) == sorted(f"person{n}@example.org" for n in range(12))


def test_without_a_mail_server_everything_stays_in_the_outbox(app, store):
    invite(store, "kim@example.org")
    assert work.send_due(app, store) == 0
    assert (the_mail(store)["state"], the_mail(store)["tries"]) == ("waiting", 0)


def test_a_refused_mail_is_tried_again_later_and_goes_out_then(app, store, server, letterbox, monkeypatch):
    with_server(app, server)
    invite(store, "kim@example.org")
    letterbox.refusal = "451 try later"
    assert work.send_due(app, store) == 1
    assert "451" in the_mail(store)["error"]
    assert work.send_due(app, store) == 0
    letterbox.refusal = ""
    moment = later(clock.now(), minutes=2)
    monkeypatch.setattr(clock, "now", lambda: moment)
    assert work.send_due(app, store) == 1
    assert (the_mail(store)["state"], the_mail(store)["tries"], the_mail(store)["error"]) == ("sent", 2, None)


def test_a_server_that_is_down_is_given_up_after_eight_tries(app, store, monkeypatch):
    with_server(app, f"smtp://127.0.0.1:{free_port()}")
    invite(store, "kim@example.org")
    moment = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    for _ in range(mail.MAX_TRIES):
        assert work.send_due(app, store) == 1
        moment[0] = the_mail(store)["next_try_at"]
    assert work.send_due(app, store) == 0
    assert the_mail(store)["state"] == "given_up"
    assert "ConnectionRefusedError" in the_mail(store)["error"]


def test_a_letter_that_cannot_be_written_does_not_hold_up_the_next(app, store, server, letterbox):
    with_server(app, server)
    mail.queue(store, "broken", [{"email": "a@example.org", "locale": "sv"}], "no_such_letter", NOW)
    invite(store, "kim@example.org")
    assert [work.send_due(app, store) for _ in range(3)] == [1, 1, 0]
    assert [found["To"] for found in letterbox.received] == ["kim@example.org"]


# One mail a day


@pytest.fixture
def kim(app, store, server, monkeypatch):
    """A person who wants one mail a day, four mails that wait for it, and the clock at six the next morning."""
    with_server(app, server)
    person = create_person(store, "broker", email="kim@example.org")
    people.save_settings(store, person, "Kim", "en", False, NOW, digest=True)
    for number in range(4):
        said = {"need_id": create_need(store, published=True)["id"], "title": f"Need {number}"}
        mail.queue(store, f"news:{number}", [row_of(person)], "need_published", later(NOW, minutes=number), **said)
    monkeypatch.setattr(clock, "now", lambda: "2026-11-21T05:00:00.000000Z")
    return person


def row_of(person):
    return {"email": person.email, "locale": "sv"}


def states(store) -> list[str]:
    return sorted(row["state"] for row in mail.listing(store)["rows"])


def test_the_days_mails_go_as_one_letter_in_the_language_of_the_day(app, store, kim, letterbox):
    assert [work.send_due(app, store) for _ in range(2)] == [4, 0]
    (found,) = letterbox.received
    assert found["To"] == "kim@example.org"
    assert found["Subject"] == "4 pieces of news from Matcher"
    text = found.get_content()
    assert [text.index(f"{number}. Published: Need {number - 1}") for number in range(1, 5)]
    assert text.index("Need 0") < text.index("Need 3")
    assert "http://localhost/account" in text
    assert states(store) == ["sent"] * 4
    assert {str(row["params"]) for row in mail.listing(store)["rows"]} == {"{}"}


def test_a_mail_that_cannot_be_written_does_not_hold_up_the_daily_mail(app, store, kim, letterbox):
    store.execute("update outbox set template = 'no_such_letter' where event like 'news:2%'")
    work.send_due(app, store)
    (found,) = letterbox.received
    assert found["Subject"] == "3 pieces of news from Matcher"
    assert "Need 2" not in found.get_content()
    assert states(store) == ["sent", "sent", "sent", "waiting"]
    assert "LookupError" in next(row["error"] for row in mail.listing(store, "waiting")["rows"])
    assert work.send_due(app, store) == 0


def test_a_refused_daily_mail_comes_whole_later(app, store, kim, letterbox, monkeypatch):
    letterbox.refusal = "451 try later"
    work.send_due(app, store)
    assert states(store) == ["waiting"] * 4
    letterbox.refusal = ""
    monkeypatch.setattr(clock, "now", lambda: "2026-11-21T05:02:00.000000Z")
    assert work.send_due(app, store) == 4
    assert [found["Subject"] for found in letterbox.received] == ["4 pieces of news from Matcher"]


def test_a_crash_after_the_hand_over_doubles_the_letter_once_under_the_same_id(app, store, kim, letterbox, monkeypatch):
    def crash(*_):
        raise SystemExit

    with monkeypatch.context() as during:
        during.setattr(mail, "sent", crash)
        with pytest.raises(SystemExit):
            work.send_due(app, store)
    assert work.send_due(app, store) == 0
    monkeypatch.setattr(clock, "now", lambda: "2026-11-21T05:10:00.000000Z")
    assert [work.send_due(app, store) for _ in range(3)] == [4, 0, 0]
    first, second = letterbox.received
    assert first["Message-ID"] == second["Message-ID"]
    assert first.get_content() == second.get_content()


def test_the_mails_of_a_letter_are_marked_as_sent_all_or_none(store, kim):
    ids = [row["id"] for row in mail.claim(store, clock.now())]
    store.execute(
        "create trigger trips before update of sent_at on outbox when new.event like 'news:3%' "
        "begin select raise(abort, 'full'); end"
    )
    with pytest.raises(Exception, match="full"):
        mail.sent(store, ids, clock.now())
    assert states(store) == ["waiting"] * 4


def test_what_became_pointless_is_left_out_and_nothing_goes_when_nothing_is_left(app, store, kim, letterbox):
    store.execute("delete from outbox")
    gone = {"need_id": "n", "title": "Closed", "valid_until": "2026-12-01"}
    mail.queue(store, "ending", [row_of(kim)], "need_expiring", NOW, **gone)
    assert work.send_due(app, store) == 1
    assert letterbox.received == []
    assert states(store) == ["dropped"]


def test_workers_side_by_side_send_the_daily_mail_once(app, store, kim, letterbox):
    threads = [threading.Thread(target=lambda: [work.send_due(app, store) for _ in range(3)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(letterbox.received) == 1


def test_an_address_beyond_ascii_is_refused_by_a_plain_server_and_kept_with_the_reason(app, store, server, letterbox):
    with_server(app, server)
    invite(store, "åsa@example.org")
    work.send_due(app, store)
    assert the_mail(store)["state"] == ("sent" if letterbox.received else "waiting")
    assert letterbox.received or the_mail(store)["error"]


def test_a_password_is_never_sent_in_the_clear(letterbox):
    seen = []

    def authenticator(server, session, envelope, mechanism, data):
        seen.append(data)
        return AuthResult(success=True)

    controller = Controller(
        letterbox, hostname="127.0.0.1", port=free_port(), authenticator=authenticator, auth_require_tls=False
    )
    controller.start()
    try:
        with pytest.raises(Exception, match="no encryption"):
            smtp.send(
                f"smtp://kim:secret@127.0.0.1:{controller.port}",
                smtp.message("a@example.org", "b@example.org", "Hello", "Text\n", "id1"),
            )
    finally:
        controller.stop()
    assert seen == []


def test_certificates_are_checked():
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        address = f"smtps://127.0.0.1:{listening.getsockname()[1]}"
        threading.Thread(target=lambda: listening.accept()[0].close(), daemon=True).start()
        with pytest.raises(OSError):
            smtp.send(address, smtp.message("a@example.org", "b@example.org", "Hello", "Text\n", "id1"))


# The process


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for what another thread is about to do; fail when it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.02)


@pytest.fixture
def running(config: Config, server: str) -> Iterator[Config]:
    """The background work in a thread, with the tiny encoder, and sure to end."""
    config = replace(config, smtp=server)
    stop = threading.Event()
    thread = threading.Thread(target=work.work, args=(config, TinyEncoder(), stop))
    thread.start()
    until(config.embedder_socket.exists)
    yield config
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert not config.embedder_socket.exists()


def test_the_background_answers_embeds_sends_and_ends(running, store, letterbox):
    client = embedder.EmbedderClient(running.embedder_socket, timeout=10)
    assert client.name == "tiny"
    assert client.encode(["hello"], "query").shape == (1, 32)
    create_need(store, published=True)
    invite(store, "kim@example.org")
    model = indexing.model_name(client)
    until(lambda: not sum(indexing.behind(store, model).values()))
    until(lambda: len(letterbox.received) == 1)
    until(lambda: the_mail(store)["state"] == "sent")


def test_the_background_draws_the_map_when_all_is_read(running, store):
    create_need(store, published=True)
    create_startup(store, published=True)
    until(lambda: atlas.drawn(store) is not None)
    until(lambda: len(atlas.shown(store)) == 2)


def test_no_step_of_the_background_stumbles(config, store, server, caplog):
    sessions.start(store, create_person(store).person_id, later(clock.now(), days=-60))
    stop = threading.Event()
    thread = threading.Thread(target=work.work, args=(replace(config, smtp=server), TinyEncoder(), stop))
    thread.start()
    try:
        until(lambda: not store.query("select * from session"))
    finally:
        stop.set()
        thread.join(30)
    assert [record for record in caplog.records if record.name == "matcher.work"] == []


def test_a_second_background_says_that_there_is_one(running):
    with pytest.raises(embedder.EmbedderTaken):
        work.work(running, TinyEncoder(), threading.Event())


def test_a_step_that_stumbles_is_tried_again(monkeypatch):
    monkeypatch.setattr(work, "AFTER_AN_ERROR_SECONDS", 0)
    stop, calls = threading.Event(), []

    def step() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise KeyError("something nobody thought of")
        stop.set()
        return 0

    work._repeat(stop, step)
    assert len(calls) == 2


def test_texts_are_read_though_the_statistics_find_no_room_on_the_disk(store, config, monkeypatch, caplog):
    tried, need = [], create_need(store, published=True)

    def full(*_: object) -> int:
        tried.append(1)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(work, "ensure_background", full)
    step = work._texts(config, store, TinyEncoder())
    while step():
        pass
    assert store.query("select subject_id from embedding where model <> ''") == [{"subject_id": need["id"]}]
    assert len(tried) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "the statistics of the demo texts cannot be kept: No space left on device"
    ]


def test_a_long_list_of_texts_does_not_hold_up_the_end():
    stop = threading.Event()
    encoder = work._UntilStopped(TinyEncoder(), stop)
    assert encoder.encode(["a"], "query").shape == (1, 32)
    stop.set()
    with pytest.raises(embedder.Abandoned):
        encoder.encode(["a"], "query")
    work._repeat(threading.Event(), lambda: encoder.encode(["a"], "query"))  # ends by itself


def test_what_is_kept_for_a_time_only_is_forgotten(store, monkeypatch):
    person = create_person(store)
    old = later(clock.now(), days=-60)
    limits.count(store, "login", 3, old)
    sessions.start(store, person.person_id, old)
    links.request_reset(store, person.email, old)
    stop = threading.Event()
    stop.set()
    work.tidy(stop, store)
    for table in ("attempt", "session", "link"):
        assert store.query(f"select * from {table}") == []


def test_the_hub_is_migrated_before_anything_runs(config):
    application = create_app(config, TinyEncoder())
    assert migrate(application.extensions["store"]) == []
    application.extensions["store"].close()
