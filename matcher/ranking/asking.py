"""What is asked, as vector and words: a search text, or a row as it is now, published or not."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ..store import Store
from . import indexing, lexical
from .background import Texts
from .embedder import EmbedderAway
from .encoder import Encoder
from .mirror import Shelf

SEARCHES_KEPT = 200
# A search asks for its vector once for each kind: who waited in vain for the model does not wait again just after.
MISSED_SECONDS = 1.0


class Asking:
    """Reads questions. While the model is away they have their words alone."""

    def __init__(self, store: Store, encoder: Encoder, identity: indexing.Identity) -> None:
        """Use vectors of a model and width (`identity`): those that are stored, else `encoder`'s."""
        self._store, self._encoder = store, encoder
        self._model, self._dimensions = identity
        self._held: dict[str, np.ndarray] = {}
        self._missed = ("", 0.0)  # a text without a vector, and until when it is not asked for again

    def searched(self, text: str) -> np.ndarray:
        """Return the vector of a search text, remembered for the other kinds; zeros while the model is away."""
        vector = self._held.get(text)
        missed, until = self._missed
        if vector is None and missed == text and time.monotonic() < until:
            return np.zeros(self._dimensions, np.float32)
        if vector is None:
            try:
                vector = self._encoder.encode([text], "query")[0]
            except EmbedderAway:
                self._missed = (text, time.monotonic() + MISSED_SECONDS)
                return np.zeros(self._dimensions, np.float32)
            if len(self._held) >= SEARCHES_KEPT:
                self._held.clear()
            self._held[text] = vector
        return vector

    def text(self, kind: str, row: dict[str, Any], shelf: Shelf) -> Texts:
        """Return the vector (zeros while there is none) and the words of a row as it is now."""
        place = shelf.place.get(row["id"])
        if place is not None and shelf.texts.vectors[place].any():
            return shelf.texts.take(np.array([place]))
        stored = self._store.query(
            """select vector, terms from embedding where kind = :kind and subject_id = :id and model = :model
               and embedded_at = :at and length(vector) > 0""",
            {"kind": kind, "id": row["id"], "model": self._model, "at": row["updated_at"]},
        )
        if stored:
            vector = np.frombuffer(stored[0]["vector"], "<f4")[None]
            return Texts(vector, [lexical.Terms.from_bytes(stored[0]["terms"])])
        whole = indexing.texts(kind, row).whole
        try:
            vectors = self._encoder.encode([whole], indexing.PROMPTS[kind])
        except EmbedderAway:
            vectors = np.zeros((1, self._dimensions), np.float32)
        return Texts(vectors, [lexical.terms(whole)])
