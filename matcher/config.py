"""Every setting of the hub, read once from the environment.

| variable | meaning | default |
|---|---|---|
| `MATCHER_INSTANCE` | folder of the database, the model and the caches | `./instance` |
| `DATABASE_URL` | `sqlite:///…` or `postgresql://…` | SQLite in the instance folder |
| `MATCHER_MODEL` | a SentenceTransformer folder, or a name on a model hub | multilingual-e5-small, unpacked at set-up |
| `MATCHER_INDEX` | what finds the nearest: `memory` (in each process) or `pgvector` (docs/scaling.md) | `memory` |
| `MATCHER_SECRET_KEY` | signs cookies and links; at least 32 characters | made once, kept in the instance folder |
| `MATCHER_OLD_SECRET_KEYS` | keys that were used before, parted by spaces: what they signed still counts | none |
| `MATCHER_BASE_URL` | the address people use; links in mail are made from it | `http://127.0.0.1:PORT` |
| `MATCHER_DEMO` | `1`: fictional data, log-ins are shown, mail stays in the outbox | off |
| `MATCHER_HUB` | the hub's name in the header and in mail | Matcher |
| `MATCHER_SMTP` | `smtp://user:password@host:587` or `smtps://…`; empty: nothing is sent | empty |
| `MATCHER_MAIL_FROM` | the sender of mail | `noreply@` the host of the base URL |
| `MATCHER_CONTACT` | the e-mail address of whoever answers questions about the service; shown on every page | empty |
| `MATCHER_ANSWER_DAYS` | days both sides have to answer a proposal | 14 |
| `MATCHER_REVIEW_DAYS` | working promise: days until a submitted need or an interest is answered | 7 |
| `MATCHER_BACKUPS` | a folder, best on another disk: a checked backup is written there every 15 minutes | none |
| `MATCHER_PROXIES` | how many proxies of yours stand before the hub; only then their `X-Forwarded-…` is believed | 0 |
| `MATCHER_SECOND_FACTOR` | a code beside the password: `off`, `offered`, `required` (of the hub's people) | `offered` |
| `MATCHER_OIDC_ISSUER` | log-in with the organisation's account by OpenID Connect: the issuer's address | none |
| `MATCHER_OIDC_CLIENT_ID`, `MATCHER_OIDC_CLIENT_SECRET` | what the provider calls this hub, and its secret | none |
| `MATCHER_OIDC_NAME` | what the button says after "Log in with" | the host of the issuer |
| `MATCHER_OIDC_ACR` | values of `acr` that mean two factors, spaces between; `*`: all have two | well-known ones |
| `PORT` | where the server listens | 8000 |
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

DEFAULT_MODEL = "multilingual-e5-small"
MINIMUM_SECRET = 32


class ConfigurationError(Exception):
    """A setting that cannot be used; the message names the variable and the remedy."""


@dataclass(frozen=True)
class Oidc:
    """The provider of the organisation's accounts, as it was registered there."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    name: str = ""
    acr: tuple[str, ...] = ()


@dataclass(frozen=True)
class Config:
    """The settings of one running hub. Days are whole days; `instance` exists and is a folder."""

    instance: Path
    database_url: str
    model: str
    secret_key: str
    base_url: str
    port: int
    old_secret_keys: tuple[str, ...] = ()
    demo: bool = False
    hub: str = "Matcher"
    smtp: str = ""
    mail_from: str = ""
    contact: str = ""
    answer_days: int = 14
    review_days: int = 7
    proxies: int = 0
    backups: Path | None = None
    second_factor: str = "offered"
    index: str = "memory"
    oidc: Oidc | None = None
    testing: bool = False

    @property
    def https(self) -> bool:
        """Whether people reach the hub over TLS: cookies are then Secure and carry the `__Host-` prefix."""
        return self.base_url.startswith("https://")

    @property
    def host(self) -> str:
        """Host and port of the base URL, the only one a request may name."""
        return urlsplit(self.base_url).netloc

    @property
    def record_keys(self) -> list[bytes]:
        """What the rows of the record are signed with: the present key first, then those of before."""
        return [hashlib.sha256(b"matcher record " + key.encode()).digest() for key in self.secret_keys]

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The present key and those of before."""
        return (self.secret_key, *self.old_secret_keys)

    @property
    def embedder_socket(self) -> Path:
        """Where the one process that holds the model listens."""
        return self.instance / "embedder.sock"


def read(environ: Mapping[str, str] | None = None) -> Config:
    """Read the settings from `environ` (default: the process's own); raise ConfigurationError on a bad one."""
    env = os.environ if environ is None else environ
    instance = Path(env.get("MATCHER_INSTANCE") or "instance").absolute()
    try:
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"MATCHER_INSTANCE is {str(instance)!r}: the folder cannot be made ({error.strerror}). "
            "Name one that the hub's user may write."
        ) from None
    port = _number(env, "PORT", 8000, 1, 65535)
    base_url = (env.get("MATCHER_BASE_URL") or f"http://127.0.0.1:{port}").rstrip("/")
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query or parts.fragment:
        raise ConfigurationError(
            f"MATCHER_BASE_URL is {base_url!r}: write it as https://matcher.example.org, without a path."
        )
    return Config(
        instance=instance,
        database_url=env.get("DATABASE_URL") or f"sqlite:///{instance / 'matcher.db'}",
        model=env.get("MATCHER_MODEL") or DEFAULT_MODEL,
        secret_key=_secret(env, instance),
        old_secret_keys=tuple((env.get("MATCHER_OLD_SECRET_KEYS") or "").split()),
        base_url=base_url,
        port=port,
        demo=env.get("MATCHER_DEMO") == "1",
        hub=env.get("MATCHER_HUB") or "Matcher",
        smtp=env.get("MATCHER_SMTP") or "",
        mail_from=env.get("MATCHER_MAIL_FROM") or f"noreply@{urlsplit(base_url).hostname}",
        contact=_address(env, "MATCHER_CONTACT"),
        answer_days=_number(env, "MATCHER_ANSWER_DAYS", 14, 1, 365),
        review_days=_number(env, "MATCHER_REVIEW_DAYS", 7, 1, 365),
        proxies=_number(env, "MATCHER_PROXIES", 0, 0, 5),
        backups=Path(env["MATCHER_BACKUPS"]).absolute() if env.get("MATCHER_BACKUPS") else None,
        second_factor=_choice(env, "MATCHER_SECOND_FACTOR", ("offered", "off", "required")),
        index=_choice(env, "MATCHER_INDEX", ("memory", "pgvector")),
        oidc=_oidc(env),
    )


def _number(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    value = env.get(name) or str(default)
    if not value.isdecimal() or not low <= int(value) <= high:
        raise ConfigurationError(f"{name} is {value!r}: give a whole number from {low} to {high}.")
    return int(value)


def _oidc(env: Mapping[str, str]) -> Oidc | None:
    """Return the provider when one is set; https is asked for, but on this very machine (for a try-out)."""
    issuer, client_id = env.get("MATCHER_OIDC_ISSUER") or "", env.get("MATCHER_OIDC_CLIENT_ID") or ""
    if not issuer:
        return None
    if not is_safe_address(issuer) or urlsplit(issuer).query or urlsplit(issuer).fragment:
        raise ConfigurationError(f"MATCHER_OIDC_ISSUER is {issuer!r}: write it as https://login.example.org/tenant.")
    if not client_id:
        raise ConfigurationError("MATCHER_OIDC_CLIENT_ID is missing: the provider gives it when the hub is registered.")
    return Oidc(
        issuer=issuer,
        client_id=client_id,
        client_secret=env.get("MATCHER_OIDC_CLIENT_SECRET") or "",
        name=env.get("MATCHER_OIDC_NAME") or str(urlsplit(issuer).hostname),
        acr=tuple((env.get("MATCHER_OIDC_ACR") or "").split()),
    )


def is_safe_address(address: str) -> bool:
    """Whether an address is https with a host, or plain http on this very machine."""
    try:
        parts = urlsplit(address)
        here = parts.hostname in ("127.0.0.1", "localhost", "::1")
    except ValueError:
        return False
    return (
        bool(parts.hostname) and not parts.username and (parts.scheme == "https" or (parts.scheme == "http" and here))
    )


def _choice(env: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    """Return one of the known words, the first when nothing is given."""
    value = env.get(name) or known[0]
    if value not in known:
        raise ConfigurationError(f"{name} is {value!r}: write {', '.join(known[:-1])} or {known[-1]}.")
    return value


def _address(env: Mapping[str, str], name: str) -> str:
    value = (env.get(name) or "").strip()
    if value and not re.fullmatch(r"[^@\s<>\"'?&]+@[^@\s<>\"'?&]+\.[^@\s<>\"'?&]+", value):
        raise ConfigurationError(f"{name} is {value!r}: write one e-mail address, like hub@example.org.")
    return value


def _secret(env: Mapping[str, str], instance: Path) -> str:
    given = env.get("MATCHER_SECRET_KEY")
    if given is not None:
        if len(given) < MINIMUM_SECRET or len(set(given)) < 10:
            raise ConfigurationError(
                f"MATCHER_SECRET_KEY is too weak: give at least {MINIMUM_SECRET} random characters, for "
                "instance from: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        return given
    path = instance / "secret_key"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii").strip()
