"""Texts as they were: what a stored ranking rested on, found again after the text has changed.

The stamp of a text is its hash, and says so where it was ranked by its words alone (`mirror.Shelf.stamps`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..hub import clock
from ..store import Store
from . import reasons
from .background import Texts
from .lexical import Terms
from .mirror import BY_WORDS, Key, Shelf
from .reasons import Spoken

PAGE = 500


def put_aside(store: Store, kind: str, subject_id: str, model: str, text_hash: str) -> str | None:
    """Keep a text before another takes its place, or a vector that a decision rested on before another model's does.

    Texts that no decision rests on yet are kept too: the statistics of a ranking may be made of texts that have
    changed since, and a decision rest on that ranking tomorrow. `rankings.forget` deletes what none came to rest on.
    Return since when decisions rest on the text that comes, where it is the one that stands there: it was read by its
    words alone, and its vector comes. Testbeds are in no ranking that is stored.
    """
    if kind == "testbed":
        return None
    rows = store.query(
        "select model, text_hash, vector, terms, used_at from embedding where kind = :kind and subject_id = :id",
        {"kind": kind, "id": subject_id},
    )
    if not rows:
        return None
    used_at = rows[0].pop("used_at")
    if rows[0]["text_hash"] == text_hash and (not used_at or rows[0]["model"] in (model, "")):
        return used_at
    spoken = store.query(
        """select text, vector from sentence
           where kind = :kind and subject_id = :id and model = :model order by position""",
        {"kind": kind, "id": subject_id, "model": rows[0]["model"]},
    )
    text = {"kind": kind, "subject_id": subject_id, **rows[0], "put_aside_at": clock.now()}
    if spoken or not _again(store, text):
        text["sentences"] = json.dumps([row["text"] for row in spoken], ensure_ascii=False)
        text["sentence_vectors"] = b"".join(row["vector"] for row in spoken)
        store.upsert("past_text", text, ["kind", "subject_id", "model", "text_hash"])
    return None


def _again(store: Store, text: dict[str, Any]) -> bool:
    """Put aside what was put aside before, and say whether it was: it may have its sentences there."""
    return bool(
        store.execute(
            """update past_text set put_aside_at = :put_aside_at
               where kind = :kind and subject_id = :subject_id and model = :model and text_hash = :text_hash""",
            {name: text[name] for name in ("put_aside_at", "kind", "subject_id", "model", "text_hash")},
        )
    )


@dataclass(frozen=True)
class _Text:
    """A text as one row has it; without a vector it was read by its words alone, or by another model."""

    vector: np.ndarray | None
    terms: Terms
    spoken: Spoken | None

    @property
    def known(self) -> tuple[bool, bool]:
        """How much is known of it: more is better."""
        return self.vector is not None, self.spoken is not None


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
            ids = list(dict.fromkeys(key[0] for key in part))
            best: dict[Key, _Text] = {}
            hashes = list(dict.fromkeys(key[1].removesuffix(BY_WORDS) for key in part))
            for key, text in (*self._now(ids), *self._then(ids, hashes)):
                if key not in best or text.known > best[key].known:
                    best[key] = text
            for key in part:
                text = best.get((key[0], key[1].removesuffix(BY_WORDS)))
                # The words of a text are the same whichever model read it; a vector is not made up for by words.
                there = text and (key[1].endswith(BY_WORDS) or text.vector is not None)
                self._held[key] = text if there else None

    def _now(self, ids: list[str]) -> Iterator[tuple[Key, _Text]]:
        rows = self._store.query(
            """select subject_id, model, text_hash, vector, terms from embedding
               where kind = :kind and subject_id in :ids""",
            {"kind": self._kind, "ids": ids},
        )
        spoken = reasons.fetch(self._store, self._model, [(self._kind, name) for name in ids])
        for row in rows:
            yield self._read(row, lambda row: spoken.get((self._kind, row["subject_id"])))

    def _then(self, ids: list[str], hashes: list[str]) -> Iterator[tuple[Key, _Text]]:
        # By hash as well: a profile that is mended every day has hundreds of past texts.
        rows = self._store.query(
            """select subject_id, model, text_hash, vector, terms, sentences, sentence_vectors from past_text
               where kind = :kind and subject_id in :ids and text_hash in :hashes""",
            {"kind": self._kind, "ids": ids, "hashes": hashes},
        )
        for row in rows:
            yield self._read(row, _spoken)

    def _read(self, row: dict[str, Any], spoken: Callable[[dict[str, Any]], Spoken | None]) -> tuple[Key, _Text]:
        usable = row["model"] == self._model and len(row["vector"]) == 4 * self._dimensions
        vector = np.frombuffer(row["vector"], "<f4") if usable else None
        text = _Text(vector, Terms.from_bytes(row["terms"]), spoken(row) if usable else None)
        return (row["subject_id"], row["text_hash"]), text


def _spoken(row: dict[str, Any]) -> Spoken | None:
    sentences = json.loads(row["sentences"])
    vectors = np.frombuffer(row["sentence_vectors"], "<f2").astype(np.float32)
    return (sentences, vectors.reshape(len(sentences), -1)) if sentences else None
