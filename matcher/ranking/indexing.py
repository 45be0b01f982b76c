"""Keeping vectors in step with texts: what is behind, and catching up.

A row of `embedding` belongs to one need, startup or testbed. It carries the model, a hash of the text, and in
`embedded_at` the `updated_at` of the noun that it was made from: where the two differ the vector is behind. An
unchanged text is never embedded again. The vector may be empty when the model was away: the words then rank alone.

After an import everything is to be ranked soon, so all words are read first, then all whole texts, and the sentences
last: `spoken_at` is empty until those of a text are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..hub import doubts, record
from ..store import Store
from . import lexical, past
from .encoder import Encoder, Prompt
from .reading import SECTIONS, Read, Texts, read, texts

__all__ = ["SECTIONS", "Texts", "texts"]  # what is read stands in `reading`; who embeds asks here

Identity = tuple[str, int]

PROMPTS: dict[str, Prompt] = {"need": "query", "startup": "passage", "testbed": "passage"}
BATCH = 64
HANDFUL = 8

# Drafts are embedded too: the owner sees similar needs while writing, the broker ranks before publishing.
_BEHIND = """
    from {kind} n left join embedding e on e.kind = '{kind}' and e.subject_id = n.id
    where e.subject_id is null or e.embedded_at <> n.updated_at or e.model <> :model or length(e.vector) = 0
"""
_UNSPOKEN = """
    from {kind} n join embedding e on e.kind = '{kind}' and e.subject_id = n.id
    where e.spoken_at is null and e.model = :model and length(e.vector) > 0
"""
_UNWEIGHED = """
    from {kind} n join embedding e on e.kind = '{kind}' and e.subject_id = n.id
    where e.spoken_at is not null and e.weighed_at is null and e.model = :model and length(e.vector) > 0
"""
SPEAKING = ("need", "startup")


def model_name(encoder: Encoder) -> str:
    """Return the name that stands beside a vector: vectors with another are never compared."""
    return f"{encoder.name}@{encoder.fingerprint}"


def identity(encoder: Encoder) -> Identity:
    """Return the model's name as it stands beside a vector, and how long its vectors are. Raises EmbedderAway."""
    return model_name(encoder), encoder.dimensions


def ranked_hash(store: Store, kind: str, row: dict[str, Any]) -> str:
    """Return the hash of the text that a noun's row is ranked by now: without what reading it beside others left out.

    Of one that is not read yet, the hash of its text by itself.
    """
    rows = store.query(
        "select text_hash from embedding where kind = :kind and subject_id = :id", {"kind": kind, "id": row["id"]}
    )
    return rows[0]["text_hash"] if rows else texts(kind, row).hash


def stored_identity(store: Store) -> Identity:
    """Return the identity of the vectors in the store, for while the model is away; no name and 1 without any."""
    rows = store.query(
        """select model, length(vector) as bytes from embedding where model <> '' and length(vector) > 0
           order by embedded_at desc limit 1"""
    )
    return (rows[0]["model"], rows[0]["bytes"] // 4) if rows else ("", 1)


def behind(store: Store, model: str) -> dict[str, int]:
    """Return how many of each kind have no vector of the present text by this model."""
    return {
        kind: store.query(f"select count(*) as n {_BEHIND.format(kind=kind)}", {"model": model})[0]["n"]
        for kind in SECTIONS
    }


def unspoken(store: Store, model: str) -> int:
    """Return how many texts have their vector but not yet those of their sentences."""
    return sum(
        store.query(f"select count(*) as n {_UNSPOKEN.format(kind=kind)}", {"model": model})[0]["n"]
        for kind in SPEAKING
    )


def unheard(store: Store, model: str, need_id: str, startup_ids: list[str]) -> int:
    """Return how many of these texts have their vector, but wait for their sentences to be read."""
    rows = store.query(
        """select count(*) as n from embedding where spoken_at is null and model = :model and length(vector) > 0
           and ((kind = 'need' and subject_id = :need) or (kind = 'startup' and subject_id in :ids))""",
        {"model": model, "need": need_id, "ids": startup_ids},
    )
    return int(rows[0]["n"])


def catch_up(store: Store, encoder: Encoder, limit: int = BATCH) -> int:
    """Embed up to `limit` texts that are behind, or the sentences of as many; return how many. The newest come first.

    A handful is embedded whole and by sentence in one go; of more, all are ranked before any is explained. When nothing
    else is due, profiles are embedded without each of their sentences, a handful at a time.
    """
    model = model_name(encoder)
    for kind in SECTIONS:
        rows = _due(store, kind, _BEHIND, model, limit)
        if rows:
            embed(store, encoder, kind, rows, spoken=len(rows) <= HANDFUL)
            return len(rows)
    for kind in SPEAKING:
        rows = _due(store, kind, _UNSPOKEN, model, limit)
        if rows:
            embed_sentences(store, encoder, kind, rows)
            return len(rows)
    rows = _due(store, "startup", _UNWEIGHED, model, min(limit, HANDFUL))
    if rows:
        weigh(store, encoder, rows)
    return len(rows)


def _due(store: Store, kind: str, condition: str, model: str, limit: int) -> list[dict[str, Any]]:
    return store.query(
        f"select n.* {condition.format(kind=kind)} order by n.updated_at desc limit :limit",
        {"model": model, "limit": limit},
    )


def read_words(store: Store, limit: int = 4 * BATCH) -> int:
    """Keep the words of up to `limit` texts that nothing is kept of yet, and return how many.

    Words need no model: after an import, or at the very first start, everything is ranked by its words while the
    vectors are still to come. A need or a testbed takes less than a millisecond. A profile is compared with the
    published needs, and where there are thousands of these the comparing is most of it.
    """
    for kind in SECTIONS:
        rows = store.query(
            f"""select n.* from {kind} n left join embedding e on e.kind = '{kind}' and e.subject_id = n.id
                where e.subject_id is null order by n.updated_at desc limit :limit""",
            {"limit": limit},
        )
        if rows:
            found = read(store, kind, rows)
            with store.atomic():
                for row in rows:
                    keep(store, kind, row, found[row["id"]].texts, "", None)
                    _doubt(store, kind, row, found[row["id"]])
            return len(rows)
    return 0


def embed(store: Store, encoder: Encoder, kind: str, rows: Sequence[dict[str, Any]], *, spoken: bool = True) -> None:
    """Bring the vectors of these rows up to date. The model runs first, one transaction keeps all of it after.

    spoken: also those of their sentences; else `catch_up` adds them.
    """
    model = model_name(encoder)
    stored = store.query(
        """select subject_id, text_hash from embedding
           where kind = :kind and subject_id in :ids and model = :model and length(vector) > 0""",
        {"kind": kind, "ids": [row["id"] for row in rows], "model": model},
    )
    known = {(row["subject_id"], row["text_hash"]) for row in stored}
    reads = read(store, kind, rows)
    found = {name: one.texts for name, one in reads.items()}
    new = [row for row in rows if (row["id"], found[row["id"]].hash) not in known]
    wholes = [found[row["id"]].whole for row in new]
    parts = [sentence for row in new for sentence in found[row["id"]].sentences] if spoken else []
    vectors = encoder.encode(wholes + parts, PROMPTS[kind]) if new else np.empty((0, 0), np.float32)
    of_parts = iter(vectors[len(wholes) :])
    with store.atomic():
        for row in rows:
            if (row["id"], found[row["id"]].hash) in known:
                _seen(store, kind, row)
        for row, vector in zip(new, vectors[: len(wholes)], strict=True):
            text = found[row["id"]]
            its_parts = [next(of_parts) for _ in text.sentences] if spoken else []
            if keep(store, kind, row, text, model, vector) and spoken:
                _speak(store, kind, row["id"], model, text, its_parts)
        for row in rows:
            _doubt(store, kind, row, reads[row["id"]])


def embed_sentences(store: Store, encoder: Encoder, kind: str, rows: Sequence[dict[str, Any]]) -> None:
    """Embed the sentences of rows whose whole texts have their vectors."""
    model = model_name(encoder)
    found = {name: one.texts for name, one in read(store, kind, rows, alike=False).items()}
    parts = [sentence for text in found.values() for sentence in text.sentences]
    vectors = iter(encoder.encode(parts, PROMPTS[kind])) if parts else iter(())
    with store.atomic():
        for subject_id, text in found.items():
            if not _speak(store, kind, subject_id, model, text, [next(vectors) for _ in text.sentences]):
                _read_again(store, kind, subject_id)


def weigh(store: Store, encoder: Encoder, rows: Sequence[dict[str, Any]]) -> None:
    """Embed profiles without each of their sentences: what a sentence carries (`carrying`) follows from it."""
    model = model_name(encoder)
    found = {name: one.texts for name, one in read(store, "startup", rows, alike=False).items()}
    rests = {name: [text.without(sentence) for sentence in text.sentences] for name, text in found.items()}
    rests = {name: [] if None in parts else parts for name, parts in rests.items()}
    wanted = [rest for parts in rests.values() for rest in parts]
    vectors = iter(encoder.encode(wanted, "passage")) if wanted else iter(())
    with store.atomic():
        for name, text in found.items():
            own = [next(vectors) for _ in rests[name]]
            if not store.execute(
                """update embedding set weighed_at = embedded_at
                   where kind = 'startup' and subject_id = :id and model = :model and text_hash = :hash""",
                {"id": name, "model": model, "hash": text.hash},
            ):
                _read_again(store, "startup", name)
                continue
            for position, vector in enumerate(own):
                store.execute(
                    """update sentence set rest = :rest
                       where kind = 'startup' and subject_id = :id and position = :position and model = :model""",
                    {"rest": vector.astype("<f2").tobytes(), "id": name, "position": position, "model": model},
                )


def keep(store: Store, kind: str, row: dict[str, Any], text: Texts, model: str, vector: np.ndarray | None) -> bool:
    """Keep one vector (d,) and the words, unless the row has changed or gone meanwhile; say whether it was kept."""
    seq = record.next_seq(store)
    if not store.execute(
        f"update {kind} set seq = :seq where id = :id and updated_at = :at",
        {"seq": seq, "id": row["id"], "at": row["updated_at"]},
    ):
        return False
    used_at = past.put_aside(store, kind, row["id"], model, text.hash)
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
            "spoken_at": None if text.sentences else row["updated_at"],
            "weighed_at": None,
            "used_at": used_at,
        },
        ["kind", "subject_id"],
    )
    store.execute("delete from sentence where kind = :kind and subject_id = :id", {"kind": kind, "id": row["id"]})
    return True


def _read_again(store: Store, kind: str, subject_id: str) -> None:
    """Let a text be embedded anew that is no longer read as it was: a need was published, a broker answered."""
    store.execute(
        "update embedding set embedded_at = '' where kind = :kind and subject_id = :id",
        {"kind": kind, "id": subject_id},
    )


def _doubt(store: Store, kind: str, row: dict[str, Any], found: Read) -> None:
    """Keep what reading a profile found, unless the row has changed or gone meanwhile.

    If a broker has answered meanwhile it is read again: what was just kept is by the answers of before.
    """
    if kind == "startup" and store.query(
        "select 1 as found from startup where id = :id and updated_at = :at",
        {"id": row["id"], "at": row["updated_at"]},
    ):
        if found.answered_since(store, row["id"]):
            _read_again(store, kind, row["id"])
        doubts.read(store, row["id"], found.found, row["updated_at"])


def _speak(store: Store, kind: str, subject_id: str, model: str, text: Texts, vectors: Sequence[np.ndarray]) -> bool:
    """Keep the vectors (d,) of a text's sentences, unless the text has changed meanwhile; say whether they were."""
    if not store.execute(
        """update embedding set spoken_at = embedded_at
           where kind = :kind and subject_id = :id and model = :model and text_hash = :hash""",
        {"kind": kind, "id": subject_id, "model": model, "hash": text.hash},
    ):
        return False
    store.execute("delete from sentence where kind = :kind and subject_id = :id", {"kind": kind, "id": subject_id})
    for position, (sentence, vector) in enumerate(zip(text.sentences, vectors, strict=True)):
        store.insert(
            "sentence",
            {
                "kind": kind,
                "subject_id": subject_id,
                "position": position,
                "model": model,
                "text": sentence,
                "vector": vector.astype("<f2").tobytes(),
            },
        )
    return True


def keep_words(store: Store, kind: str, row: dict[str, Any]) -> None:
    """Keep a text's words alone, when the model is away; the worker adds the vector when it is back.

    A text that has not changed keeps its vector.
    """
    found = read(store, kind, [row])[row["id"]]
    text = found.texts
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
        _doubt(store, kind, row, found)


def _seen(store: Store, kind: str, row: dict[str, Any]) -> None:
    store.execute(
        "update embedding set embedded_at = :at where kind = :kind and subject_id = :id",
        {"at": row["updated_at"], "kind": kind, "id": row["id"]},
    )
