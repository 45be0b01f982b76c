"""Matcher: an innovation hub's matchmaking service."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from flask import Flask

    from .config import Config
    from .ranking.encoder import Encoder


def create_app(config: Config | None = None, encoder: Encoder | None = None) -> Flask:
    """Build the WSGI application. Tests pass their own `config` and `encoder`; else both come from the environment."""
    # Here and not above: a process that only reads a file (exchange/reading.py) has no room for the whole web.
    from datetime import timedelta

    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix

    from . import config as configuration
    from . import web
    from .store import open_store

    config = config or configuration.read()
    app = Flask(__name__, static_folder="static", template_folder="templates")
    app.config.update(
        MATCHER=config,
        DEBUG=False,  # whatever FLASK_DEBUG says: pages with source and values are for nobody who visits a hub
        SECRET_KEY=config.secret_key,
        SECRET_KEY_FALLBACKS=list(config.old_secret_keys),
        SESSION_COOKIE_NAME="__Host-matcher" if config.https else "matcher",
        SESSION_COOKIE_SECURE=config.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=7),
        SESSION_REFRESH_EACH_REQUEST=False,
        TRUSTED_HOSTS=sorted({config.host.split(":")[0], "localhost", "127.0.0.1"}),
        MAX_CONTENT_LENGTH=1_000_000,
        MAX_FORM_MEMORY_SIZE=1_000_000,
        MAX_FORM_PARTS=200,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365),
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        BABEL_DEFAULT_LOCALE="sv",
        BABEL_DEFAULT_TIMEZONE="Europe/Stockholm",
        TESTING=config.testing,
    )
    app.extensions["store"] = open_store(config.database_url, keys=config.record_keys)
    if config.proxies:
        # Without this every visitor has the proxy's address, and shares its limit of log-ins.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.proxies, x_proto=config.proxies)  # type: ignore[method-assign]
    web.install(app, encoder)
    app.log_exception = _log_failure(app)  # type: ignore[method-assign]
    return app


def _log_failure(app: Flask) -> Callable[[Any], None]:
    """Return what logs a failed request, by its endpoint: its address may hold a token, its error what was typed."""
    import json

    from flask import request

    from . import logs

    def log(info: Any) -> None:
        app.logger.error("a request failed: %s %s", request.endpoint, json.dumps(logs.told(info[1]) if info[1] else {}))

    return log
