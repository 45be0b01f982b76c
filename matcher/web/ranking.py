"""The ranking as the pages use it: one ranker an application, built once, over the background's model."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app

from ..hub import rankings
from ..ranking import embedder, indexing, replay, shared, shipped
from ..ranking.background import Background
from ..ranking.matches import Ranking
from ..ranking.ranker import Ranker
from ..store import StoreError
from .access import now, store

if TYPE_CHECKING:
    from ..ranking.encoder import Encoder

_MAKING = threading.Lock()


def install(app: Flask, encoder: Encoder | None) -> None:
    """Keep the encoder for the application; the ranker is made at its first use, in each process."""
    config = app.config["MATCHER"]
    app.extensions["encoder"] = encoder or embedder.EmbedderClient(config.embedder_socket)
    app.extensions["rankers"] = {}
    if not config.testing:
        app.before_request(_warm)


def _warm() -> None:
    """Make the ranking ready beside the first request of each process, so that nobody waits for it later."""
    extensions = current_app.extensions
    if not extensions.setdefault("warming", False):
        extensions["warming"] = True
        application = current_app._get_current_object()

        def work() -> None:
            try:
                with application.app_context():
                    ranker().warm()
            except StoreError:  # away, or not migrated yet: whoever ranks first makes it ready, or is told
                application.logger.warning("the ranking is not made ready beforehand", exc_info=True)

        threading.Thread(target=work, name="warm", daemon=True).start()


def ranker() -> Ranker:
    """Return the ranker of this process. While the model is away it reads the vectors that are in the store."""
    extensions = current_app.extensions
    encoder, held = extensions["encoder"], extensions["rankers"]
    try:
        identity = indexing.identity(encoder)
    except embedder.EmbedderAway:
        identity = indexing.stored_identity(store())
    if identity not in held:
        with _MAKING:
            config = current_app.config["MATCHER"]
            background, folder = _background(config.instance, identity), config.instance / shared.FOLDER
            indexed = config.index == "pgvector"
            ranking = Ranker(store(), encoder, background, identity, folder=folder, indexed=indexed)
            held.setdefault(identity, ranking)
    return held[identity]


def _background(instance: Path, identity: indexing.Identity) -> Callable[[], Background]:
    """Return what gives the shipped background; the file is asked for again until the worker has made it."""
    held: list[Background] = []

    def load() -> Background:
        if held:
            return held[0]
        found = shipped.load(instance, identity)
        if len(found.questions):
            held.append(found)
        return found

    return load


def seen(need: dict[str, Any], startup_id: str) -> tuple[Ranking, rankings.Run]:
    """Return the match that a decision is about to be taken on, and the ranking of the need (a decoded row) around it.

    Both are of one moment: what changes in between would make them differ.
    """
    held = ranker()
    return replay.seen(store(), held, need, startup_id, shipped.version(held.model), now())


def saved(kind: str, row: dict[str, Any]) -> None:
    """Make a row that was just saved rankable at once; called by the pages after the change is kept."""
    ranker().refresh(kind, row)
