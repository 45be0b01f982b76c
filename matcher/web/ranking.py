"""The ranking as the pages use it: one ranker an application, built once, over the background's model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, current_app

from ..ranking import embedder, indexing, shipped
from ..ranking.background import Background
from ..ranking.ranker import Ranker
from .access import store

if TYPE_CHECKING:
    from ..ranking.encoder import Encoder


def install(app: Flask, encoder: Encoder | None) -> None:
    """Keep the encoder for the application; the ranker is made at its first use, in each process."""
    config = app.config["MATCHER"]
    app.extensions["encoder"] = encoder or embedder.EmbedderClient(config.embedder_socket)
    app.extensions["rankers"] = {}

    held: list[Background] = []

    def background() -> Background:
        """Return the shipped background; asked for again until the background process has made it."""
        if not held:
            found = shipped.load_background(config.instance, app.extensions["encoder"])
            if not len(found.questions):
                return found
            held.append(found)
        return held[0]

    app.extensions["background"] = background


def ranker() -> Ranker:
    """Return the ranker of this process. While the model is away it reads the vectors that are in the store."""
    extensions = current_app.extensions
    encoder, held = extensions["encoder"], extensions["rankers"]
    try:
        identity = indexing.identity(encoder)
    except embedder.EmbedderAway:
        identity = indexing.stored_identity(store())
    if identity not in held:
        held[identity] = Ranker(store(), encoder, extensions["background"], identity)
    return held[identity]


def saved(kind: str, row: dict[str, Any]) -> None:
    """Make a row that was just saved rankable at once; called by the pages after the change is kept."""
    ranker().refresh(kind, row)
