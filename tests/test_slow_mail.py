"""Mail servers that hang, take their time, or die with the letter in their hands: no mail is lost, one may double."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path

import pytest
from flask import Flask

from matcher import create_app, work
from matcher.exchange import smtp
from matcher.hub import clock, links, mail
from matcher.hub.clock import later
from matcher.ranking.encoder import TinyEncoder
from matcher.store import Store
from tests.factories import create_organisation
from tests.settings import settings

PATIENCE = 20  # seconds before a test that waits for the worker fails


class Server:
    """A mail server of one's own: takes connections and does with each what `behave` says, until it is closed."""

    def __init__(self, behave: Callable[[Server, socket.socket], None]) -> None:
        self.behave, self.letters, self.visits = behave, list[bytes](), 0
        self.gone = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self.gone.is_set():
            try:
                visitor, _ = self._listening.accept()
            except OSError:
                return
            self.visits += 1
            with visitor:
                self.behave(self, visitor)

    def close(self) -> None:
        self.gone.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(PATIENCE)

    def ids(self) -> set[str]:
        """The numbers of the letters that were taken."""
        return {str(message_from_bytes(letter)["Message-ID"]) for letter in self.letters}


def silent(server: Server, visitor: socket.socket) -> None:
    """Accept and never say a word."""
    visitor.settimeout(PATIENCE)
    while visitor.recv(1000):
        pass


def dripping(server: Server, visitor: socket.socket) -> None:
    """Greet a letter at a time and never come to an end: no single wait is long."""
    with suppress(OSError):  # it was let go
        while not server.gone.wait(0.02):
            visitor.sendall(b"2")


def taking(server: Server, visitor: socket.socket, answered: Callable[[], bool]) -> None:
    """Take a letter as servers do; after its last line say yes where `answered` says so, and hang up otherwise."""
    said = visitor.makefile("rwb")

    def say(line: bytes) -> None:
        said.write(line + b"\r\n")
        said.flush()

    say(b"220 here")
    for line in said:
        word = line.split()[0].upper()
        if word == b"DATA":
            say(b"354 go on")
            server.letters.append(b"".join(iter(said.readline, b".\r\n")))
            if not answered():
                return
        elif word == b"QUIT":
            say(b"221 bye")
            return
        say(b"250 yes")


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Server, socket.socket], None]], Server]]:
    started: list[Server] = []

    def start(behave: Callable[[Server, socket.socket], None]) -> Server:
        started.append(Server(behave))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def app(tmp_path: Path, migrated_file: Path) -> Iterator[Flask]:
    (tmp_path / "hub.db").write_bytes(migrated_file.read_bytes())
    made = create_app(settings(tmp_path, mail_from="Mittpunkt <noreply@matcher.example.org>"), TinyEncoder())
    yield made
    made.extensions["store"].close()


@pytest.fixture
def store(app: Flask) -> Store:
    found: Store = app.extensions["store"]
    town = create_organisation(found, name="Lövhamns kommun")
    links.invite(found, None, "kim@example.org", town["id"], "owner", clock.now(), "sv")
    return found


def point_to(app: Flask, server: Server) -> None:
    app.config["MATCHER"] = replace(app.config["MATCHER"], smtp=server.url)


def the_mail(store: Store) -> dict:
    [row] = mail.listing(store)["rows"]
    return row


def good(server: Server, visitor: socket.socket) -> None:
    taking(server, visitor, lambda: True)


@pytest.mark.parametrize("behave", [silent, dripping])
def test_of_a_server_that_hangs_is_let_go_and_the_mail_goes_to_the_next(app, store, serve, behave, monkeypatch):
    hanging = serve(behave)
    monkeypatch.setattr(smtp, "TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(smtp, "MOST_SECONDS", 0.6)
    point_to(app, hanging)
    began = time.monotonic()
    assert work.send_due(app, store) == 1
    assert time.monotonic() - began < PATIENCE / 2
    kept = the_mail(store)
    assert (kept["state"], kept["tries"]) == ("waiting", 1)
    assert kept["error"]
    assert work.send_due(app, store) == 0  # not at once again
    monkeypatch.setattr(clock, "now", lambda: kept["next_try_at"])
    server = serve(good)
    point_to(app, server)
    assert [work.send_due(app, store) for _ in range(2)] == [1, 0]
    assert (len(server.letters), the_mail(store)["state"]) == (1, "sent")


def test_a_server_that_looks_long_at_a_letter_gets_it_once(app, store, serve, monkeypatch):
    """Whoever hangs up before the yes sends it again, eight times over."""
    monkeypatch.setattr(smtp, "TIMEOUT_SECONDS", 0.3)
    slow = serve(lambda server, visitor: taking(server, visitor, lambda: not server.gone.wait(1)))
    point_to(app, slow)
    assert work.send_due(app, store) == 1
    assert (the_mail(store)["state"], the_mail(store)["tries"], len(slow.letters)) == ("sent", 1, 1)
    assert mail.LEASE_MINUTES * 60 >= 2 * smtp.MOST_SECONDS  # nobody else takes it up meanwhile


def test_a_server_that_dies_with_the_letter_in_its_hands_gets_it_once_more(app, store, serve, monkeypatch):
    dying = serve(lambda server, visitor: taking(server, visitor, lambda: server.visits > 1))
    point_to(app, dying)
    assert work.send_due(app, store) == 1
    kept = the_mail(store)
    assert (kept["state"], kept["tries"], len(dying.letters)) == ("waiting", 1, 1)
    assert kept["params"]  # it is still whole
    monkeypatch.setattr(clock, "now", lambda: later(kept["next_try_at"], minutes=1))
    assert [work.send_due(app, store) for _ in range(3)] == [1, 0, 0]
    assert the_mail(store)["state"] == "sent"
    assert (len(dying.letters), len(dying.ids())) == (2, 1)  # one double, which readers' programs know by its number
