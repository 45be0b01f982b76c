"""The background: one process that holds the model, answers the web's questions to it, and does what is due.

What is due stands in the store (texts behind, mails to send, imports to run), so there is no queue beside it that
could be lost or disagree with it; any number of these processes may run.
"""

from __future__ import annotations

import logging
import signal
import smtplib
import threading
from collections.abc import Callable

from flask import Flask
from jinja2 import TemplateError

from . import create_app
from .config import Config
from .exchange import imports, smtp
from .hub import clock, limits, mail
from .ranking import embedder, indexing
from .ranking.encoder import Encoder, load_encoder
from .ranking.shipped import ensure_background
from .store import Store, StoreError
from .web import letters

PAUSE_SECONDS = 0.5
AFTER_AN_ERROR_SECONDS = 5.0
log = logging.getLogger("matcher.work")


def run(config: Config, ready: Callable[[], None] = lambda: None) -> None:
    """Work until SIGTERM or SIGINT; `ready` is called when the model answers."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    shared = embedder.Prioritised(load_encoder(config.model, config.instance))
    server = embedder.start(shared, config.embedder_socket)
    app = create_app(config, shared)
    store: Store = app.extensions["store"]
    ready()
    threads = [
        threading.Thread(target=_repeat, args=(stop, step), name=name, daemon=True)
        for name, step in {
            "mail": lambda: send_due(app, store),
            "import": lambda: imports.run_due(store),
            "tidy": lambda: _tidy(stop, store),
        }.items()
    ]
    for thread in threads:
        thread.start()
    bulk = shared.bulk()
    _repeat(stop, lambda: ensure_background(config.instance, bulk) or indexing.catch_up(store, bulk))
    server.stop()
    for thread in threads:
        thread.join(timeout=10)


def _repeat(stop: threading.Event, step: Callable[[], int]) -> None:
    """Do `step` again and again: at once when it found something to do, else after a pause."""
    while not stop.is_set():
        try:
            found = step()
        except (StoreError, OSError, RuntimeError, ValueError):
            # Whatever is due is still in the store: say so, wait, and try again.
            log.exception("the background work stumbled and goes on")
            stop.wait(AFTER_AN_ERROR_SECONDS)
            continue
        if not found:
            stop.wait(PAUSE_SECONDS)


def _tidy(stop: threading.Event, store: Store) -> int:
    limits.forget(store, clock.now())
    stop.wait(3600)
    return 0


def send_due(app: Flask, store: Store) -> int:
    """Send the mails that are due; return how many were taken. Without SMTP settings they stay in the outbox."""
    config: Config = app.config["MATCHER"]
    if not config.smtp:
        return 0
    taken = mail.claim(store, clock.now())
    for row in taken:
        try:
            with app.app_context():
                subject, body = letters.write(row)
            smtp.send(config.smtp, smtp.message(config.mail_from, row["recipient"], subject, body, row["id"]))
        except (OSError, smtplib.SMTPException, TemplateError, ValueError) as error:
            mail.failed(store, row, f"{type(error).__name__}: {error}", clock.now())
        else:
            mail.sent(store, row["id"], clock.now())
    return len(taken)


def encoder_for_web(config: Config) -> Encoder:
    """Return the encoder that a web process uses: the background's, over its socket."""
    return embedder.EmbedderClient(config.embedder_socket)
