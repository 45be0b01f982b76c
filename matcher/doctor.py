"""What runs here, and what is wrong with it, for `matcher doctor`. Whatever is wrong comes with its remedy."""

from __future__ import annotations

import shutil
import stat
from dataclasses import dataclass
from urllib.parse import urlsplit

from . import law_texts
from .config import Config
from .exchange import backups, batches
from .hub import clock, mail, people
from .hub.clock import day
from .ranking import embedder, indexing, shipped, weights
from .store import SchemaTooNew, Store, StoreError, open_store
from .store.schema import pending

FREE_MB = 500
MARKS = {"fine": "✓", "note": "–", "wrong": "✗"}
PATIENCE_SECONDS = 10.0  # the model may be in the middle of a batch


@dataclass(frozen=True)
class Finding:
    """One line of the examination: `level` is fine, note or wrong; a wrong one carries the remedy in its text."""

    name: str
    level: str
    text: str

    @property
    def mark(self) -> str:
        """The sign before the line."""
        return MARKS[self.level]


def examine(config: Config) -> list[Finding]:
    """Return the findings, in the order in which they should be mended."""
    findings = [_disk(config), *_secret(config), _model(config)]
    try:
        store = open_store(config.database_url)
        findings += [*_store(store), *_schema_and_work(config, store)]
        store.close()
    except (StoreError, ValueError) as error:
        findings.append(Finding("store", "wrong", f"{_ended(error)} Check DATABASE_URL and that the server runs."))
    return [*findings, *_law_texts(config), _backups(config), _address(config), _smtp(config)]


def _law_texts(config: Config) -> list[Finding]:
    """Look at the lists with texts of law; nothing but what is wrong or old is worth a line."""
    return [Finding(*fault) for fault in law_texts.faults(config.instance, day(clock.now()))]


def _ended(error: Exception | str) -> str:
    text = str(error)
    return text if text.endswith(".") else f"{text}."


def _disk(config: Config) -> Finding:
    free = shutil.disk_usage(config.instance).free // 1_000_000
    text = f"{free} MB free in {config.instance}"
    if free > FREE_MB:
        return Finding("disk", "fine", text)
    return Finding("disk", "wrong", f"{text}: make room, or set MATCHER_INSTANCE to a larger disk")


def _secret(config: Config) -> list[Finding]:
    """Look at the key file that was made for this hub; a key in the environment was checked when it was read."""
    path = config.instance / "secret_key"
    if not path.exists() or not stat.S_IMODE(path.stat().st_mode) & 0o077:
        return []
    return [Finding("secret", "wrong", f"others can read {path}: chmod 600 it, or set MATCHER_SECRET_KEY")]


def _model(config: Config) -> Finding:
    if config.model != weights.DEFAULT_MODEL:
        return Finding("model", "note", f"{config.model} (MATCHER_MODEL)")
    folder = config.instance / "models" / weights.DEFAULT_MODEL
    if not folder.is_dir():
        return Finding("model", "wrong", "the model is not unpacked: run `matcher model`")
    try:
        return Finding("model", "fine", f"{folder.name} {weights.check_model(folder)}")
    except weights.ModelDamaged as error:
        return Finding("model", "wrong", str(error))


def _store(store: Store) -> list[Finding]:
    about = store.describe()
    text = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in about.items() if name != "note")
    findings = [Finding("store", "fine", text)]
    return [*findings, Finding("store", "note", about["note"])] if "note" in about else findings


def _schema_and_work(config: Config, store: Store) -> list[Finding]:
    try:
        missing = pending(store)
    except SchemaTooNew as error:
        return [Finding("schema", "wrong", f"{_ended(error)} Install the version of Matcher that the database knows.")]
    if missing:
        return [Finding("schema", "wrong", f"{', '.join(missing)} not applied: run `matcher migrate`")]
    findings = [Finding("schema", "fine", "up to date")]
    if not people.with_role(store, "administrator"):
        text = "nobody is administrator: run `matcher create-administrator you@example.org`"
        findings.append(Finding("people", "wrong", text))
    findings += [Finding(*fault) for fault in law_texts.template_faults(store)]
    return [*findings, *_background(config, store), *_queues(store)]


def _background(config: Config, store: Store) -> list[Finding]:
    client = embedder.EmbedderClient(config.embedder_socket, PATIENCE_SECONDS)
    try:
        client.encode(["matcher"], "query")
    except embedder.EmbedderAway as error:
        return [Finding("background", "wrong", f"{_ended(error)} Start `matcher work`.")]
    model = indexing.model_name(client)
    behind, unspoken = sum(indexing.behind(store, model).values()), indexing.unspoken(store, model)
    text = f"{behind} texts wait for a vector" if behind else "every text has its vector"
    if unspoken:
        text += f"; the sentences of {unspoken} are still to be read"
    made = bool(len(shipped.load_background(config.instance, client).questions))
    return [
        Finding("background", "fine", f"answers, model {client.name}"),
        Finding("vectors", "note" if behind or unspoken else "fine", text),
        Finding("statistics", "fine" if made else "note", "ready" if made else "being made from the demo texts"),
    ]


def _queues(store: Store) -> list[Finding]:
    due = mail.waiting(store)
    running = sum(1 for row in batches.recent(store)[0] if row["wanted"])
    text = f"{due['waiting']} mails waiting, {due['given_up']} given up"
    if due["given_up"]:
        text += " (Administration, Outbox says why and tries again)"
    return [
        Finding("outbox", "note" if any(due.values()) else "fine", text),
        Finding("imports", "note" if running else "fine", f"{running} under way" if running else "none under way"),
    ]


def _backups(config: Config) -> Finding:
    if config.backups is None:
        return Finding("backups", "note", "none are made: set MATCHER_BACKUPS to a folder, best on another disk")
    found = backups.every(config.backups)
    if not found:
        return Finding("backups", "wrong", f"none in {config.backups}: start `matcher work`, or run `matcher backup`")
    age = clock.parse(clock.now()) - backups.moment(found[0])
    text = f"{len(found)} in {config.backups}, the last {age.total_seconds() / 60:.0f} minutes old"
    if age <= 2 * backups.EVERY:
        return Finding("backups", "fine", text)
    return Finding("backups", "wrong", f"{text}: start `matcher work`; its log says why one could not be written")


def _address(config: Config) -> Finding:
    if config.https:
        return Finding("address", "fine", config.base_url)
    return Finding("address", "note", f"{config.base_url} is not https: for a try-out on one machine only")


def _smtp(config: Config) -> Finding:
    if not config.smtp:
        return Finding("mail", "note", "no mail server (MATCHER_SMTP): mail stays in the outbox")
    parts = urlsplit(config.smtp)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        return Finding("mail", "wrong", "MATCHER_SMTP is no address: write it as smtp://user:password@host:587")
    return Finding("mail", "fine", f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}")
