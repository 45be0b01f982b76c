"""What runs here, and what is wrong with it, for `matcher doctor`. Whatever is wrong comes with its remedy."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from urllib.parse import urlsplit

from . import law_texts
from .config import Config
from .exchange import backups, batches
from .exchange.openid import Provider, ProviderAway
from .hub import clock, mail, people, second_factor
from .hub.clock import day
from .ranking import embedder, indexing, mapped, pgvector, pgvector_build, shared, shipped, weights
from .ranking.upkeep import Patience
from .store import CopyUnfinished, SchemaTooNew, Store, StoreError, copy_mark, open_store
from .store.schema import listed, pending
from .store.sqlite import SqliteStore

FREE_MB = 500
MARKS = {"fine": "✓", "note": "–", "wrong": "✗"}
PATIENCE_SECONDS = 10.0  # the model may be in the middle of a batch
READING_SECONDS = 20.0  # for the texts of the database file: a hub of 7,000 companies takes one


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
        remedy = (
            "Keep the file, and bring a backup back (`matcher restore`)."
            if config.database_url.startswith("sqlite") and "malformed" in str(error)
            else "Check DATABASE_URL and that the server runs."
        )
        findings.append(Finding("store", "wrong", f"{_ended(error)} {remedy}"))
    return [*findings, *_law_texts(config), _backups(config), _address(config), _smtp(config), *_openid(config)]


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
        if config.model.startswith((os.sep, ".")) and not os.path.isdir(config.model):
            return Finding("model", "wrong", f"there is no folder {config.model} (MATCHER_MODEL)")
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
    findings = [Finding("store", "fine", text), *_file(store)]
    return [*findings, Finding("store", "note", about["note"])] if "note" in about else findings


def _file(store: Store) -> list[Finding]:
    """Read the whole file of an SQLite hub (some seconds for half a gigabyte); a server looks after its own."""
    if not isinstance(store, SqliteStore):
        return []
    found = store.query("pragma quick_check(1)")
    if found != [{"quick_check": "ok"}]:
        return [_damaged(str(next(iter(found[0].values()))))]
    # That looks at pages and indexes, and at no letter of a text.
    read = store.read_texts(READING_SECONDS)
    if read.damaged:
        return [_damaged(read.damaged)]
    if read.whole:
        return [Finding("file", "fine", "the database file is whole")]
    text = f"its pages are whole; of its texts {read.rows} rows were read in {READING_SECONDS:.0f} seconds, not all"
    return [Finding("file", "note", f"{text}. Each time begins at another table")]


def _damaged(what: str) -> Finding:
    text = f"the database file is damaged ({what}): stop the hub, keep the file"
    return Finding("file", "wrong", f"{text}, and bring the last backup back (`matcher restore`)")


def _schema_and_work(config: Config, store: Store) -> list[Finding]:
    try:
        copy_mark.refuse(store)
        missing = pending(store)
    except CopyUnfinished as error:
        return [Finding("schema", "wrong", _ended(error))]
    except SchemaTooNew as error:
        return [Finding("schema", "wrong", f"{_ended(error)} Install the version of Matcher that the database knows.")]
    if missing:
        return [Finding("schema", "wrong", f"{listed(missing)} not applied: run `matcher migrate`")]
    findings = [Finding("schema", "fine", "up to date")]
    if not people.with_role(store, "administrator"):
        text = "nobody is administrator: run `matcher create-administrator you@example.org`"
        findings.append(Finding("people", "wrong", text))
    findings += [Finding(*fault) for fault in law_texts.template_faults(store)]
    findings.append(_second_factor(config, store))
    return [*findings, *_background(config, store), *_shared(config, store), *_queues(store)]


def _shared(config: Config, store: Store) -> list[Finding]:
    """Look at what the workers of this host share; a hub of few texts has no need of it."""
    if store.query("select count(*) as n from embedding")[0]["n"] <= Patience.few:
        return []
    folder = config.instance / shared.FOLDER
    path, own = folder / f"startup{shared.ENDING}", "each worker holds its own copy of vectors and words"
    if not os.access(folder if folder.exists() else config.instance, os.W_OK | os.X_OK) or (
        folder.exists() and not folder.is_dir()
    ):
        text = f"{folder} cannot be written, {own}: give it to the user that the hub runs as, or remove it"
        return [Finding("shared copy", "wrong", text)]
    try:
        held = mapped.read(path)
    except FileNotFoundError:
        text = f"none yet: made when somebody first ranks. If it stays so the log says why, and {own}"
        return [Finding("shared copy", "note", text)]
    except (OSError, ValueError, KeyError, mapped.Unusable) as error:
        return [Finding("shared copy", "note", f"{error}: the next process to begin makes it anew; until then {own}")]
    text = f"{held.told['size']} profiles, {held.size // 1_000_000} MB, read by all workers of this host"
    return [Finding("shared copy", "fine", text)]


def _second_factor(config: Config, store: Store) -> Finding:
    staff, without = second_factor.missing(store)
    if shut := second_factor.unreadable(store, config.secret_keys):
        text = f"no key at hand opens those of {shut} people, who can log in by a recovery code alone"
        return Finding("second factor", "wrong", f"{text}: name the earlier key in MATCHER_OLD_SECRET_KEYS")
    text = f"{config.second_factor} (MATCHER_SECOND_FACTOR); {without} of {staff} brokers and administrators have none"
    return Finding("second factor", "note" if without or config.second_factor == "off" else "fine", text)


def _background(config: Config, store: Store) -> list[Finding]:
    client = embedder.EmbedderClient(config.embedder_socket, PATIENCE_SECONDS)
    try:
        client.encode(["matcher"], "query")
    except embedder.EmbedderAway as error:
        if not isinstance(error, embedder.EmbedderRefused) and client.is_there():
            text = f"there, but the model was busy for {PATIENCE_SECONDS:.0f} seconds: it reads other texts. Ask again"
            return [Finding("background", "note", text)]
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
        _index(config, store, indexing.identity(client)),
        Finding("statistics", "fine" if made else "note", "ready" if made else "being made from the demo texts"),
    ]


def _index(config: Config, store: Store, identity: indexing.Identity) -> Finding:
    """Say what finds the nearest: the database only where that was set and everything is there."""
    memory = "each process holds every vector and finds the nearest exactly"
    if config.index != "pgvector":
        return Finding("index", "fine", memory)
    if fault := pgvector.fault(store):
        return Finding("index", "wrong", f"{fault}. Until then {memory}")
    behind = {kind: pgvector_build.behind(store, kind, identity) for kind in pgvector.KINDS}
    missing = [kind for kind, rows in behind.items() if rows is None]
    if gone := pgvector.lost(store):
        text = f"{gone}: `matcher work` makes the index anew, its log says why if it cannot. Until then {memory}"
        return Finding("index", "wrong", text)
    if missing:
        coming = [mark for name, mark in pgvector.marks(store).items() if name.removesuffix("_next") in missing]
        taken = sum(mark.held for mark in coming if pgvector.fits(mark, identity))
        return Finding("index", "note", f"pgvector's is being made ({taken} texts so far); meanwhile {memory}")
    for kind in pgvector.KINDS:
        if fault := pgvector.PgvectorIndex(store, kind, identity).fault():
            return Finding("index", "wrong", f"pgvector's does not answer: {fault}. Until then {memory}")
    held = ", ".join(f"{pgvector.marks(store)[kind].held} of {kind}" for kind in behind)
    late = sum(behind.values())
    return Finding("index", "note" if late else "fine", f"pgvector answers: {held}; {late} changes behind")


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
    if not os.access(next(one for one in (config.backups, *config.backups.parents) if one.exists()), os.W_OK):
        text = f"{config.backups} cannot be written: make the folder, and give it to the hub's user"
        return Finding("backups", "wrong", text)
    if not found:
        return Finding("backups", "wrong", f"none in {config.backups}: start `matcher work`, or run `matcher backup`")
    last = backups.last(config.backups, clock.now())
    if last is None:
        text = f"all {len(found)} in {config.backups} bear moments to come: was the clock wrong? Set it right"
        return Finding("backups", "wrong", f"{text}, and start `matcher work`, or run `matcher backup`")
    age = clock.parse(clock.now()) - backups.moment(last)
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
    try:  # what stands after the last colon may be a part of the password: it is not told
        parts = urlsplit(config.smtp)
        known = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        text = "MATCHER_SMTP is no address: write it as smtp://user:password@host:587, with # / : @ in a password as"
        return Finding("mail", "wrong", f"{text} %23 %2F %3A %40")
    return Finding("mail", "fine", f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}")


def _openid(config: Config) -> list[Finding]:
    """Ask the provider of the organisation's accounts, when one is set, for what it says of itself."""
    if config.oidc is None:
        return []
    try:
        Provider(config.oidc).discover()
    except ProviderAway as error:
        text = f"{config.oidc.issuer} does not answer as it should: {error}. People log in by password meanwhile."
        return [Finding("log-in", "wrong", text)]
    back = f"{config.base_url}/login/openid/back"
    return [Finding("log-in", "fine", f"{config.oidc.issuer} answers; it must know the address {back}")]
