"""Keeping vectors in step with texts: what is behind, and catching up.

A row of `embedding` belongs to one need, startup or testbed. It carries the model, a hash of the text, and in
`embedded_at` the `updated_at` of the noun that it was made from: where the two differ the vector is behind. An
unchanged text is never embedded again. The vector may be empty when the model was away: the words then rank alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..hub import needs, record, startups, testbeds
from ..store import Store
from . import lexical, sentences
from .encoder import Encoder, Prompt

Identity = tuple[str, int]

SECTIONS = {"need": needs.sections, "startup": startups.sections, "testbed": testbeds.sections}
PROMPTS: dict[str, Prompt] = {"need": "query", "startup": "passage", "testbed": "passage"}
SENTENCES = 24
BATCH = 64

# Drafts are embedded too: the owner sees similar needs while writing, the broker ranks before publishing.
_BEHIND = """
    from {kind} n left join embedding e on e.kind = '{kind}' and e.subject_id = n.id
    where e.subject_id is null or e.embedded_at <> n.updated_at or e.model <> :model or length(e.vector) = 0
"""


@dataclass(frozen=True)
class Texts:
    """What is embedded of one thing: the whole text, and its sentences where evidence is drawn from them."""

    whole: str
    sentences: list[str]

    @property
    def hash(self) -> str:
        """SHA-256 of the whole text."""
        return hashlib.sha256(self.whole.encode()).hexdigest()


def model_name(encoder: Encoder) -> str:
    """Return the name that stands beside a vector: vectors with another are never compared."""
    return f"{encoder.name}@{encoder.fingerprint}"


def identity(encoder: Encoder) -> Identity:
    """Return the model's name as it stands beside a vector, and how long its vectors are. Raises EmbedderAway."""
    return model_name(encoder), encoder.dimensions


def stored_identity(store: Store) -> Identity:
    """Return the identity of the vectors in the store, for while the model is away; no name and 1 without any."""
    rows = store.query(
        """select model, length(vector) as bytes from embedding where model <> '' and length(vector) > 0
           order by embedded_at desc limit 1"""
    )
    return (rows[0]["model"], rows[0]["bytes"] // 4) if rows else ("", 1)


def texts(kind: str, row: dict[str, Any]) -> Texts:
    """Return the texts of a noun's row that carry its meaning."""
    parts = SECTIONS[kind](row)
    whole = "\n".join(parts)
    return Texts(whole, sentences.split(whole, SENTENCES) if kind != "testbed" else [])


def behind(store: Store, model: str) -> dict[str, int]:
    """Return how many of each kind have no vector of the present text by this model."""
    return {
        kind: store.query(f"select count(*) as n {_BEHIND.format(kind=kind)}", {"model": model})[0]["n"]
        for kind in SECTIONS
    }


def catch_up(store: Store, encoder: Encoder, limit: int = BATCH) -> int:
    """Embed up to `limit` texts that are behind, the newest first; return how many were brought up to date."""
    model = model_name(encoder)
    for kind in SECTIONS:
        rows = store.query(
            f"select n.* {_BEHIND.format(kind=kind)} order by n.updated_at desc limit :limit",
            {"model": model, "limit": limit},
        )
        if rows:
            embed(store, encoder, kind, rows)
            return len(rows)
    return 0


def read_words(store: Store, limit: int = 4 * BATCH) -> int:
    """Keep the words of up to `limit` texts that nothing is kept of yet, and return how many.

    It takes milliseconds a text where a vector takes a tenth of a second: after an import, or at the very first
    start, everything is ranked by its words within seconds instead of being left out.
    """
    for kind in SECTIONS:
        rows = store.query(
            f"""select n.* from {kind} n left join embedding e on e.kind = '{kind}' and e.subject_id = n.id
                where e.subject_id is null order by n.updated_at desc limit :limit""",
            {"limit": limit},
        )
        if rows:
            with store.atomic():
                for row in rows:
                    keep(store, kind, row, texts(kind, row), "", None)
            return len(rows)
    return 0


def embed(store: Store, encoder: Encoder, kind: str, rows: Sequence[dict[str, Any]]) -> None:
    """Bring the vectors of these rows up to date. The model runs first, one transaction keeps all of it after."""
    model = model_name(encoder)
    stored = store.query(
        """select subject_id, text_hash from embedding
           where kind = :kind and subject_id in :ids and model = :model and length(vector) > 0""",
        {"kind": kind, "ids": [row["id"] for row in rows], "model": model},
    )
    known = {(row["subject_id"], row["text_hash"]) for row in stored}
    found = {row["id"]: texts(kind, row) for row in rows}
    new = [row for row in rows if (row["id"], found[row["id"]].hash) not in known]
    wholes = [found[row["id"]].whole for row in new]
    parts = [sentence for row in new for sentence in found[row["id"]].sentences]
    vectors = encoder.encode(wholes + parts, PROMPTS[kind]) if new else np.empty((0, 0), np.float32)
    of_parts = iter(vectors[len(wholes) :])
    with store.atomic():
        for row in rows:
            if (row["id"], found[row["id"]].hash) in known:
                _seen(store, kind, row)
        for row, vector in zip(new, vectors[: len(wholes)], strict=True):
            spoken = [(text, next(of_parts)) for text in found[row["id"]].sentences]
            keep(store, kind, row, found[row["id"]], model, vector, spoken)


def keep(
    store: Store,
    kind: str,
    row: dict[str, Any],
    text: Texts,
    model: str,
    vector: np.ndarray | None,
    spoken: Sequence[tuple[str, np.ndarray]] = (),
) -> None:
    """Keep one vector (d,) with its sentences' vectors, unless the row has changed or gone meanwhile."""
    seq = record.next_seq(store)
    if not store.execute(
        f"update {kind} set seq = :seq where id = :id and updated_at = :at",
        {"seq": seq, "id": row["id"], "at": row["updated_at"]},
    ):
        return
    store.upsert(
        "embedding",
        {
            "kind": kind,
            "subject_id": row["id"],
            "model": model,
            "text_hash": text.hash,
            "vector": b"" if vector is None else vector.astype("<f4").tobytes(),
            "terms": lexical.terms(text.whole).to_bytes(),
            "embedded_at": row["updated_at"],
        },
        ["kind", "subject_id"],
    )
    store.execute("delete from sentence where kind = :kind and subject_id = :id", {"kind": kind, "id": row["id"]})
    for position, (sentence, its_vector) in enumerate(spoken):
        store.insert(
            "sentence",
            {
                "kind": kind,
                "subject_id": row["id"],
                "position": position,
                "model": model,
                "text": sentence,
                "vector": its_vector.astype("<f2").tobytes(),
            },
        )


def keep_words(store: Store, kind: str, row: dict[str, Any]) -> None:
    """Keep a text's words alone, when the model is away; the worker adds the vector when it is back.

    A text that has not changed keeps its vector.
    """
    text = texts(kind, row)
    same = store.query(
        """select 1 as found from embedding
           where kind = :kind and subject_id = :id and text_hash = :hash and length(vector) > 0""",
        {"kind": kind, "id": row["id"], "hash": text.hash},
    )
    with store.atomic():
        if same:
            _seen(store, kind, row)
        else:
            keep(store, kind, row, text, "", None)


def _seen(store: Store, kind: str, row: dict[str, Any]) -> None:
    store.execute(
        "update embedding set embedded_at = :at where kind = :kind and subject_id = :id",
        {"at": row["updated_at"], "kind": kind, "id": row["id"]},
    )
