"""The background: one process that holds the model, answers the web's questions to it, and does what is due.

What is due stands in the store (texts behind, mails to send, imports to run), so there is no queue beside it that
could be lost or disagree with it; any number of these processes may run.
"""

from __future__ import annotations

import hashlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import create_app
from .config import Config
from .exchange import backups, erased, imports, smtp
from .hub import addressees, clock, mail, pointless, reminders, retention
from .ranking import embedder, indexing, memory, opening, pgvector, pgvector_build, shared
from .ranking.encoder import Encoder, Prompt, load_encoder
from .ranking.lessons import Lessons
from .ranking.ranker import Ranker
from .ranking.shipped import ensure_background, load_background
from .ranking.survey import Survey
from .store import Store, StoreBusy, StoreError, StoreUnavailable
from .web import letters

if TYPE_CHECKING:
    import numpy as np
    from flask import Flask

PAUSE_SECONDS = 0.5
AFTER_AN_ERROR_SECONDS = 5.0
TIDY_SECONDS = 3600.0
LOOK_FOR_BACKUP_SECONDS = 30.0
NO_BACKUP_SECONDS = 120.0
NO_INDEX_SECONDS = 300.0
NO_STATISTICS_SECONDS = 1800.0  # making them takes a minute of work
END_SECONDS = 10.0
LOW_PRIORITY = 15
log = logging.getLogger("matcher.work")


def run(config: Config) -> None:
    """Work until SIGTERM or SIGINT. Raises what `load_encoder` and `embedder.start` raise when it cannot begin."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    work(config, load_encoder(config.model, config.instance), stop)


def work(config: Config, encoder: Encoder, stop: threading.Event) -> None:
    """Serve the encoder and do what is due, until `stop` is set."""
    together = embedder.Prioritised(_UntilStopped(encoder, stop))
    app = create_app(config, together)
    store: Store = app.extensions["store"]
    bulk = together.bulk()
    steps: dict[str, Callable[[], int]] = {
        "mail": lambda: send_due(app, store),
        "import": lambda: imports.run_due(store),
        "tidy": lambda: tidy(stop, store, (config.instance, config.backups), config.instance / shared.FOLDER),
        "backup": _last_in_line(lambda: back_up(config, stop, store)),
        "map": _last_in_line(_survey(config, store, bulk, stop).step),
        "learn": _last_in_line(_lessons(config, store, bulk, stop).step),
    }
    if config.index == "pgvector":
        steps["index"] = lambda: keep_index(stop, store, indexing.identity(bulk))
    threads = [
        threading.Thread(target=_repeat, args=(stop, step), name=name, daemon=True) for name, step in steps.items()
    ]
    with embedder.start(together, config.embedder_socket):
        for thread in threads:
            thread.start()
        _repeat(stop, _texts(config, store, bulk))
    for thread in threads:
        thread.join(END_SECONDS)
    store.close()


def _survey(config: Config, store: Store, bulk: Encoder, stop: threading.Event) -> Survey:
    """Return what draws the map and counts the lists, with a ranker of its own for the minutes that it works."""
    return Survey(store, lambda: _ranker(config, store, bulk), stop.is_set)


def _lessons(config: Config, store: Store, bulk: Encoder, stop: threading.Event) -> Lessons:
    """Return what learns from decisions, with a ranker of its own while it does."""
    return Lessons(
        store,
        lambda: indexing.model_name(bulk),
        lambda: _ranker(config, store, bulk),
        stop.is_set,
    )


def _ranker(config: Config, store: Store, bulk: Encoder) -> Ranker:
    """Return a ranker over what the processes of the pages share, as far as it goes."""
    background = load_background(config.instance, bulk)
    return Ranker(store, bulk, lambda: background, folder=config.instance / shared.FOLDER)


def _last_in_line(step: Callable[[], int]) -> Callable[[], int]:
    """Return the step for a thread that gives way to all others: it computes for minutes in a large hub."""

    def work() -> int:
        if sys.platform == "linux":  # where a thread has a priority of its own, by its native number
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOW_PRIORITY)
        return step()

    return work


def _texts(config: Config, store: Store, bulk: Encoder) -> Callable[[], int]:
    """Return the step that reads texts: words first, for they are quick and rank until the vectors are there.

    The demo's statistics come before the vectors, for a young hub. Where they cannot be kept (a full disk, a folder
    that is not ours) texts are read all the same, and it is tried again after a while.
    """
    again = 0.0

    def step() -> int:
        nonlocal again
        if found := indexing.read_words(store):
            return found
        if time.monotonic() >= again:
            try:
                if made := ensure_background(config.instance, bulk):
                    return made
            except OSError as error:
                log.warning("the statistics of the demo texts cannot be kept: %s", error.strerror)
                again = time.monotonic() + NO_STATISTICS_SECONDS
        found = indexing.catch_up(store, bulk)
        if found:
            memory.give_back(found)
        return found

    return step


class _UntilStopped:
    """An encoder that gives up at the next batch once `stop` is set, so that a long list does not hold up the end."""

    def __init__(self, encoder: Encoder, stop: threading.Event) -> None:
        self._encoder, self._stop = encoder, stop
        self.name, self.fingerprint, self.dimensions = encoder.name, encoder.fingerprint, encoder.dimensions

    def encode(self, texts: Sequence[str], prompt: Prompt) -> np.ndarray:
        if self._stop.is_set():
            raise embedder.Abandoned
        return self._encoder.encode(texts, prompt)


def _repeat(stop: threading.Event, step: Callable[[], int]) -> None:
    """Do `step` again and again: at once when it found something to do, else after a pause."""
    while not stop.is_set():
        try:
            found = step()
        except embedder.Abandoned:
            return
        except StoreUnavailable as error:
            log.warning("the database is away; trying again: %s", str(error).partition("\n")[0])
            stop.wait(PAUSE_SECONDS)
            continue
        except Exception:
            # Whatever is due is still in the store: say so, wait, and try again. A thread that ended here would
            # leave mail or imports undone without anybody noticing.
            log.exception("the background work stumbled and goes on")
            stop.wait(AFTER_AN_ERROR_SECONDS)
            continue
        if not found:
            stop.wait(PAUSE_SECONDS)


def tidy(stop: threading.Event, store: Store, folders: Sequence[Path | None] = (), ranking: Path | None = None) -> int:
    """Forget what is kept for a time only, remind of days that are near, then rest for an hour.

    `folders` hold lists of who was erased: a database that was put back by hand is brought up to them. `ranking` holds
    what the processes of the pages share.
    """
    erased.again(store, folders, clock.now())
    erased.note(store, folders)
    retention.apply(store, clock.now())
    reminders.send(store, clock.now())
    if ranking:
        opening.forget(store, ranking)
    stop.wait(TIDY_SECONDS)
    return 0


def keep_index(stop: threading.Event, store: Store, identity: indexing.Identity) -> int:
    """Do the next portion of keeping the database's index; return 0 where nothing is due or it cannot be kept.

    Then the pages find everything by themselves, as without it, and `matcher doctor` says so.
    """
    fault = pgvector.fault(store)
    try:
        if not fault:
            return pgvector_build.Builder(store, identity).step()
    except StoreBusy:
        return 0
    except StoreUnavailable:
        raise
    except StoreError as error:  # it may not make a schema or the extension: that is for an administrator to mend
        fault = str(error).partition("\n")[0]
    log.warning("the index in the database is not kept: %s", fault)
    stop.wait(NO_INDEX_SECONDS)
    return 0


def back_up(config: Config, stop: threading.Event, store: Store) -> int:
    """Write a backup when the last one is old enough; return how many were written.

    One that cannot be written is tried again after a while: a full disk does not empty itself, and doctor tells of it.
    """
    now = clock.now()
    last = backups.last(config.backups, now) if config.backups else None
    if config.backups is None or (last and clock.parse(now) - backups.moment(last) < backups.EVERY):
        stop.wait(LOOK_FOR_BACKUP_SECONDS)  # the folder may be on a slow disk
        return 0
    try:
        backups.make(store, config.backups, now)
    except (StoreError, OSError) as error:
        log.error("no backup could be written: %s", error)
        stop.wait(NO_BACKUP_SECONDS)
        return 0
    return 1


def send_due(app: Flask, store: Store) -> int:
    """Send a letter that is due; return how many mails were taken. Without SMTP settings they stay in the outbox."""
    config: Config = app.config["MATCHER"]
    if not config.smtp:
        return 0
    taken = mail.claim(store, clock.now())
    written = [(row, *letter) for row in taken if (letter := _written(app, store, row))]
    if not written:
        return len(taken)
    rows = [row for row, _subject, _body in written]
    try:
        _hand_over(app, config, store, written)
    except Exception as error:  # a server that does not take one letter must not hold up the others
        for row in rows:
            mail.failed(store, row, f"{type(error).__name__}: {error}", clock.now())
    else:
        mail.sent(store, [row["id"] for row in rows], clock.now())
    return len(taken)


def _written(app: Flask, store: Store, row: dict[str, Any]) -> tuple[str, str] | None:
    """Return (subject, body) of a mail, or None when it is not to be sent, which the outbox then says."""
    try:
        if pointless.is_pointless(store, row) or not addressees.may_read(store, row):
            mail.drop(store, row["id"], clock.now())
            return None
        if row["digest_at"]:  # one letter has one language: what its reader reads today
            row["locale"] = mail.locale(store, row)
        with app.app_context():
            return letters.write(row)
    except Exception as error:  # a mail that cannot be written must not hold up the others
        mail.failed(store, row, f"{type(error).__name__}: {error}", clock.now())
        return None


def _hand_over(app: Flask, config: Config, store: Store, written: list[tuple[dict[str, Any], str, str]]) -> None:
    """Hand one letter to the mail server: a mail as it is, or those of a daily mail under each other."""
    row, subject, body = written[0]
    letter_id = row["id"]
    if row["digest_at"]:
        letter_id = _id_of_all([one["id"] for one, _subject, _body in written])
        with app.app_context():
            subject, body = letters.daily([(title, text) for _row, title, text in written], row["locale"])
    smtp.send(config.smtp, smtp.message(config.mail_from, row["recipient"], subject, body, letter_id))


def _id_of_all(ids: list[str]) -> str:
    """Return an id of the same mails taken together, so that a second copy after a crash can be told apart."""
    return hashlib.sha256(" ".join(sorted(ids)).encode()).hexdigest()[:32]
