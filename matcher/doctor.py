"""What runs here, and what is wrong with it: for `matcher doctor` and `/readyz`."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from .config import Config
from .ranking import embedder, indexing, shipped, weights
from .store import Store, StoreError, open_store
from .store.schema import pending

FREE_MB = 500
MARKS = {"fine": "✓", "note": "–", "wrong": "✗"}


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
    findings = [_disk(config), _model(config)]
    try:
        store = open_store(config.database_url)
        findings += _store(store)
        findings += _work(config, store)
    except (StoreError, ValueError) as error:
        findings.append(Finding("store", "wrong", f"{error} Check DATABASE_URL and that the server runs."))
    if not config.https:
        findings.append(
            Finding("address", "note", f"{config.base_url} is not https: for a try-out on one machine only")
        )
    mail = config.smtp.rpartition("@")[2] or "no SMTP settings: mail stays in the outbox"
    findings.append(Finding("mail", "fine" if config.smtp else "note", mail))
    return findings


def _disk(config: Config) -> Finding:
    free = shutil.disk_usage(config.instance).free // 1_000_000
    text = f"{free} MB free in {config.instance}"
    return Finding("disk", "fine" if free > FREE_MB else "wrong", text + ("" if free > FREE_MB else ": make room"))


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
    findings = [
        Finding("store", "fine", ", ".join(f"{name} {value}" for name, value in about.items() if name != "note"))
    ]
    if "note" in about:
        findings.append(Finding("store", "note", about["note"]))
    missing = pending(store)
    if missing:
        findings.append(Finding("schema", "wrong", f"{', '.join(missing)} not applied: run `matcher migrate`"))
    return findings


def _work(config: Config, store: Store) -> list[Finding]:
    client = embedder.EmbedderClient(config.embedder_socket)
    try:
        client.encode(["matcher"], "query")
    except embedder.EmbedderAway as error:
        return [Finding("background", "wrong", f"{error} Start `matcher work`.")]
    waiting = indexing.behind(store, indexing.model_name(client))
    behind = sum(waiting.values())
    text = f"{behind} texts wait for a vector" if behind else "every text has its vector"
    due = store.query(
        """select count(*) as waiting, count(given_up_at) as given_up from outbox where sent_at is null"""
    )[0]
    has_background = bool(len(shipped.load_background(config.instance, client).questions))
    return [
        Finding("background", "fine", f"answers, model {client.name}"),
        Finding("vectors", "fine" if not behind else "note", text),
        Finding("statistics", "fine" if has_background else "note", "ready" if has_background else "being made"),
        Finding(
            "outbox", "note" if due["waiting"] else "fine", f"{due['waiting']} waiting, {due['given_up']} given up"
        ),
    ]
