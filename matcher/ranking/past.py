"""Texts as they were: what a stored ranking rested on, found again after the text has changed.

The stamp of a text is its hash, and says so where it was ranked by its words alone (`mirror.Shelf.stamps`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..store import Store
from . import reasons
from .background import Texts
from .lexical import Terms
from .mirror import BY_WORDS, Shelf
from .reasons import Spoken
from .upkeep import Key

PAGE = 500


def put_aside(store: Store, kind: str, subject_id: str, model: str, text_hash: str) -> str | None:
    """Keep a vector that a decision rested on before another text's, or another model's, takes its place.

    Return since when decisions rest on the text that comes, where it is the one that stands there: it was read by its
    words alone, and its vector comes.
    """
    rows = store.query(
        """select model, text_hash, vector, terms, used_at from embedding
           where kind = :kind and subject_id = :id and used_at is not null""",
        {"kind": kind, "id": subject_id},
    )
    if not rows:
        return None
    used_at = rows[0].pop("used_at")
    if rows[0]["text_hash"] == text_hash and rows[0]["model"] in (model, ""):
        return used_at
    spoken = store.query(
        """select text, vector from sentence
           where kind = :kind and subject_id = :id and model = :model order by position""",
        {"kind": kind, "id": subject_id, "model": rows[0]["model"]},
    )
    store.upsert(
        "past_text",
        {
            "kind": kind,
            "subject_id": subject_id,
            **rows[0],
            "sentences": json.dumps([row["text"] for row in spoken], ensure_ascii=False),
            "sentence_vectors": b"".join(row["vector"] for row in spoken),
        },
        ["kind", "subject_id", "model", "text_hash"],
    )
    return None


@dataclass(frozen=True)
class _Text:
    vector: np.ndarray
    terms: Terms
    spoken: Spoken | None


class Past:
    """The texts of one kind by id and stamp, as they were for one model."""

    def __init__(self, store: Store, kind: str, model: str, dimensions: int) -> None:
        """Read vectors (dimensions,) of `model`."""
        self._store, self._kind, self._model, self._dimensions = store, kind, model, dimensions
        self._held: dict[Key, _Text | None] = {}

    def shelf(self, keys: Sequence[Key]) -> Shelf:
        """Return the texts of these keys in their order, without those that are gone (see `gone`)."""
        self._fetch(keys)
        found = [(key, text) for key in keys if (text := self._held[key])]
        vectors = [self._dense(key, text) for key, text in found]
        stacked = np.stack(vectors) if vectors else np.empty((0, self._dimensions), np.float32)
        return Shelf(
            rows=[{"id": key[0]} for key, _ in found],
            texts=Texts(stacked, [text.terms for _, text in found]),
            place={key[0]: place for place, (key, _) in enumerate(found)},
            stamps=[key[1] for key, _ in found],
            embedded=stacked.any(axis=1),
        )

    def gone(self, keys: Iterable[Key]) -> list[str]:
        """Return the ids whose text of then is no longer there."""
        keys = list(keys)
        self._fetch(keys)
        return [key[0] for key in keys if self._held[key] is None]

    def spoken(self, keys: Iterable[Key]) -> dict[str, Spoken]:
        """Return the sentences by id, of those that have any."""
        keys = list(keys)
        self._fetch(keys)
        return {key[0]: text.spoken for key in keys if (text := self._held[key]) and text.spoken}

    def _dense(self, key: Key, text: _Text) -> np.ndarray:
        return np.zeros(self._dimensions, np.float32) if key[1].endswith(BY_WORDS) else text.vector

    def _fetch(self, keys: Iterable[Key]) -> None:
        missing = [key for key in dict.fromkeys(keys) if key not in self._held]
        for start in range(0, len(missing), PAGE):
            part = missing[start : start + PAGE]
            found = self._now([key[0] for key in part]) | self._then([key[0] for key in part])
            for key in part:
                self._held[key] = found.get((key[0], key[1].removesuffix(BY_WORDS)))

    def _now(self, ids: list[str]) -> dict[Key, _Text]:
        rows = self._store.query(
            """select subject_id, model, text_hash, vector, terms from embedding
               where kind = :kind and subject_id in :ids and model in (:model, '')""",
            {"kind": self._kind, "ids": ids, "model": self._model},
        )
        spoken = reasons.fetch(self._store, self._model, [(self._kind, name) for name in ids])
        return {
            (row["subject_id"], row["text_hash"]): self._text(row, spoken.get((self._kind, row["subject_id"])))
            for row in rows
        }

    def _then(self, ids: list[str]) -> dict[Key, _Text]:
        rows = self._store.query(
            """select subject_id, text_hash, vector, terms, sentences, sentence_vectors from past_text
               where kind = :kind and subject_id in :ids and model in (:model, '')""",
            {"kind": self._kind, "ids": ids, "model": self._model},
        )
        return {(row["subject_id"], row["text_hash"]): self._text(row, _spoken(row)) for row in rows}

    def _text(self, row: dict[str, bytes], spoken: Spoken | None) -> _Text:
        whole = np.frombuffer(row["vector"], "<f4")
        usable = len(whole) == self._dimensions
        return _Text(
            whole if usable else np.zeros(self._dimensions, np.float32), Terms.from_bytes(row["terms"]), spoken
        )


def _spoken(row: dict[str, Any]) -> Spoken | None:
    sentences = json.loads(row["sentences"])
    vectors = np.frombuffer(row["sentence_vectors"], "<f2").astype(np.float32)
    return (sentences, vectors.reshape(len(sentences), -1)) if sentences else None
