"""A hub for the tests of the ranker: published rows with vectors, and what stands in for the model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from matcher.hub import need_content, needs, record, startups
from matcher.ranking import indexing
from matcher.ranking.embedder import EmbedderAway
from matcher.ranking.encoder import TinyEncoder
from matcher.store import Store
from tests import factories

EMPTY_NEED = dict.fromkeys(need_content.TEXTS, "")
EMPTY_STARTUP = dict.fromkeys(startups.TEXTS, "")
LATER = "2026-11-21T09:00:00.000000Z"


class CountingEncoder(TinyEncoder):
    """The tiny encoder; `texts` is what it was asked for."""

    def __init__(self) -> None:
        """Count from nothing."""
        super().__init__(64)
        self.texts: list[str] = []

    def encode(self, texts: Any, prompt: Any) -> np.ndarray:
        """See Encoder.encode."""
        self.texts += list(texts)
        return super().encode(texts, prompt)


class AwayEncoder:
    """A model that does not answer."""

    def _away(self) -> Any:
        raise EmbedderAway("The embedding process does not answer.")

    name = fingerprint = dimensions = property(_away)

    def encode(self, texts: Any, prompt: Any) -> np.ndarray:
        """See Encoder.encode."""
        return self._away()


class CountingStore:
    """A store that counts its statements."""

    def __init__(self, store: Store) -> None:
        """Count what goes to `store`."""
        self._store, self.asked = store, 0

    def __getattr__(self, name: str) -> Any:
        self.asked += name in ("query", "execute", "insert", "upsert")
        return getattr(self._store, name)


def create_need(store: Store, title: str, **overrides: Any) -> dict[str, Any]:
    """Insert a published need that says nothing but its title, unless told."""
    return factories.create_need(store, **{**EMPTY_NEED, "published": True, "title": title, **overrides})


def create_startup(store: Store, text: str, **overrides: Any) -> dict[str, Any]:
    """Insert a published startup whose offer is `text`."""
    row = {**EMPTY_STARTUP, "published": True, "description": text, "name": text.split()[0].title(), **overrides}
    return factories.create_startup(store, **row)


def embed(store: Store, encoder: Any) -> None:
    """Bring all vectors up to date."""
    while indexing.catch_up(store, encoder):
        pass


def change(store: Store, kind: str, row: dict[str, Any], **columns: Any) -> dict[str, Any]:
    """Write columns of a row as saving it would, and return the row."""
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    with store.atomic():
        store.execute(
            f"update {kind} set {assignments}, seq = :seq, updated_at = :at where id = :id",
            {**columns, "seq": record.next_seq(store), "at": LATER, "id": row["id"]},
        )
    found = store.query(f"select * from {kind} where id = :id", {"id": row["id"]})[0]
    return {"need": needs, "startup": startups}[kind].decode(found)


@contextmanager
def out_of_the_way(store: Store) -> Iterator[None]:
    """Put pgvector where nothing finds its operators: what was made by it stands, and does not answer."""
    store.execute("create schema elsewhere")
    store.execute("alter extension vector set schema elsewhere")
    try:
        yield
    finally:
        store.execute("alter extension vector set schema public")
        store.execute("drop schema elsewhere")
