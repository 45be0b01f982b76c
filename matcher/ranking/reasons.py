"""The sentences that reasons are made of, as the store holds them; `explaining` chooses among them."""

from __future__ import annotations

import numpy as np

from ..store import Store

Spoken = tuple[list[str], np.ndarray]
"""The sentences of one text and their vectors (n, d), as the encoder gave them."""


def fetch(store: Store, model: str, wanted: list[tuple[str, str]]) -> dict[tuple[str, str], Spoken]:
    """Return the sentences by (kind, id) of the things that have any, in one query."""
    rows = store.query(
        """select kind, subject_id, text, vector from sentence
           where kind in :kinds and subject_id in :ids and model = :model order by kind, subject_id, position""",
        {
            "kinds": sorted({kind for kind, _ in wanted}),  # the key begins with it
            "ids": [subject_id for _, subject_id in wanted],
            "model": model,
        },
    )
    found: dict[tuple[str, str], tuple[list[str], list[bytes]]] = {}
    for row in rows:
        texts, vectors = found.setdefault((row["kind"], row["subject_id"]), ([], []))
        texts.append(row["text"])
        vectors.append(row["vector"])
    return {key: (texts, _joined(vectors)) for key, (texts, vectors) in found.items()}


def _joined(vectors: list[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(vectors), "<f2").astype(np.float32).reshape(len(vectors), -1)


def rests(store: Store, model: str, ids: list[str]) -> dict[str, np.ndarray]:
    """Return by id the vectors (m, d) of profiles without each of their sentences, of those that have them all."""
    rows = store.query(
        """select subject_id, rest from sentence
           where kind = 'startup' and subject_id in :ids and model = :model order by subject_id, position""",
        {"ids": ids, "model": model},
    )
    found: dict[str, list[bytes | None]] = {}
    for row in rows:
        found.setdefault(row["subject_id"], []).append(row["rest"])
    return {name: _joined(vectors) for name, vectors in found.items() if all(vectors)}


class Sentences:
    """The sentences of one text and of those it is ranked against, each fetched at most once."""

    def __init__(self, store: Store, model: str, asked: tuple[str, str], kind: str) -> None:
        """Fetch for `asked` (kind, id) and for things of `kind`."""
        self._store, self._model, self._asked, self._kind = store, model, asked, kind
        self._held: dict[str, Spoken | None] = {}
        self.own: Spoken | None = None

    def of(self, ids: list[str]) -> dict[str, Spoken]:
        """Return the sentences by id; of the text asked they come along in the same query, into `own`."""
        missing = [name for name in ids if name not in self._held]
        if missing:
            wanted = [(self._kind, name) for name in missing] + ([] if self._held else [self._asked])
            found = fetch(self._store, self._model, wanted)
            self.own = self.own or found.get(self._asked)
            self._held |= {name: found.get((self._kind, name)) for name in missing}
        return {name: found for name in ids if (found := self._held[name])}

    def heard(self) -> list[str]:
        """Return the ids of those that were asked for and have sentences."""
        return sorted(name for name, found in self._held.items() if found)


def needs(store: Store, ids: list[str]) -> dict[str, dict[str, str]]:
    """Return by id what of needs is not about the problem: title, what was tried, what must not change."""
    rows = store.query("select id, title, tried, keep from need where id in :ids", {"ids": ids})
    return {row["id"]: row for row in rows}
