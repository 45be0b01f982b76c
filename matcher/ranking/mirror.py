"""What can be ranked, held in memory: a copy of the published rows with their vectors and words.

Each process has its own and brings it up to date before every use: every change takes a number from one counter
(`seq`), so one look at the counter tells whether anything is new, and rows with higher numbers are what is new.
Vectors and words that stand in the file which the processes of a host share (`Base`) are read from there, by the hash
of their text, and only the others are fetched from the store.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import count
from typing import Any

import numpy as np

from ..hub.published import live
from ..store import Store
from . import gathered, memory
from .background import Texts
from .lexical import Flat, Terms
from .tongues import language

PAGE = 2_000
SHARE = 0.02  # of the texts changed, from which they are laid together anew
BY_WORDS = " (words)"  # ends the stamp of a text that is ranked by its words alone

# What the gates, the filters of the pages and the search ask for; pages fetch what they show.
_COLUMNS = {
    "need": """n.title as name, n.language, n.languages, n.county_code, n.min_readiness, n.local, n.valid_until,
        n.budget, n.wanted_by, n.testbed_id, case when n.runner = '' then '' else 'named' end as runner""",
    "startup": "n.name, n.language, n.languages, n.regions, n.seeks, n.themes, n.readiness, n.capacity",
    "testbed": "n.name, n.language",
}
_WHOLE = "e.vector, e.terms"
_TEXTS = {"vector", "terms", "model", "text_hash", "live", "size"}
_LISTS = ("languages", "regions", "seeks", "themes")


@dataclass(frozen=True)
class Shelf:
    """The things of one kind at one moment, in the order of their ids, the same in every process.

    rows: their facts. texts: vectors and words in the same order; zeros stand for "no vector yet". place: by id.
    stamps: what each is ranked by; two rows of one id and stamp have the same vector and words. embedded: (n,) bool.
    """

    rows: list[dict[str, Any]]
    texts: Texts
    place: dict[str, int]
    stamps: list[str]
    embedded: np.ndarray


Key = tuple[str, str]
"""A thing's id and the stamp of the text that it is ranked by."""


@dataclass(frozen=True)
class Base:
    """Texts that lie ready: `places` by key, in their order, of `vectors` (n, d), `terms` and `languages`."""

    places: dict[Key, int]
    vectors: np.ndarray
    terms: Flat
    languages: list[str]
    rest: Callable[[], None] = lambda: None  # what was read of it no longer counts as this process's memory

    @cached_property
    def keys(self) -> list[Key]:
        """The keys in their order: the very ones, so that their texts are in memory once."""
        return list(self.places)


@dataclass(slots=True)
class _Own:
    """A text that is in no base: its vector (d,), its terms, and its language once somebody asked."""

    vector: np.ndarray
    terms: Terms
    language: str | None = None


@dataclass(slots=True)
class _Held:
    """A row with what it is ranked by: the place in the base, or a text of its own."""

    row: dict[str, Any]
    stamp: str
    text: int | _Own


@lru_cache(maxsize=10_000)
def _decoded(text: str) -> tuple[str, ...]:
    """Return what a column lists; most rows list what others do, and share it."""
    return tuple(json.loads(text))


def is_unread(store: Store, kind: str) -> bool:
    """Whether something published has not even its words yet, as in the first minutes of a hub."""
    found = store.query(
        f"""select n.id from {kind} n left join embedding e on e.kind = :kind and e.subject_id = n.id
            where e.subject_id is null and {live(kind, "n")} limit 1""",
        {"kind": kind},
    )
    return bool(found)


class Mirror:
    """The live copy of one kind. `shelf` is safe to call from many threads; the shelf it gives never changes."""

    def __init__(
        self, store: Store, kind: str, model: str, dimensions: int, base: Callable[[], Base | None] | None = None
    ) -> None:
        """Hold vectors (dimensions,) of `model`, and words alone of what has none by it.

        base: gives the texts that lie ready, the latest each time.
        """
        self._store, self._kind, self._model, self._dimensions = store, kind, model, dimensions
        self._held: dict[str, _Held] = {}
        self._late: set[str] = set()  # whose text is in no base
        self._touched: set[str] = set()  # what came, changed or went since the shelf was made
        self._seen = self._row_seq = self._removal_seq = 0
        self._lock = threading.Lock()
        self._offered = base or (lambda: None)
        self._base: Base | None = None
        self._taken: Base | None = None
        self._shelf: Shelf | None = None
        self._shelf = self._make()

    def shelf(self, counter: int) -> Shelf:
        """Return the things as they are in the store, where the change feed had come to `counter` or further."""
        with self._lock:
            changed = self._rebase()
            if counter > self._seen:
                changed = self._refresh() or changed
                changed = self._forget() or changed
                self._seen = counter
            if changed:
                self._settle()
                self._shelf = self._make()
                memory.give_back(len(self._held))
            return self._shelf

    def _rebase(self) -> bool:
        """Read from the latest base; what it does not have of the one before is copied, and that is let go."""
        base, before = self._offered(), self._base
        if base is None or base is self._taken:
            return False
        self._taken = base
        for name, held in self._held.items():
            place = base.places.get((name, held.stamp))
            if place is not None:
                held.row["id"], held.stamp = base.keys[place]
                held.text = place
            elif isinstance(held.text, int):
                terms = before.terms[held.text]
                own = Terms(terms.ids.copy(), terms.counts.copy())
                held.text = _Own(before.vectors[held.text].copy(), own, before.languages[held.text])
        self._late = {name for name, held in self._held.items() if isinstance(held.text, _Own)}
        self._touched = set(self._held)
        self._base = base
        return bool(self._held)

    def _settle(self) -> None:
        """Lay the texts together when there is no base yet, or many have changed since and nobody offers another."""
        if len(self._late) <= SHARE * len(self._held):
            return
        held = sorted(self._held.items())
        texts, stamps = self._texts([one for _, one in held]), [one.stamp for _, one in held]
        places = {(name, stamp): place for place, ((name, _), stamp) in enumerate(zip(held, stamps, strict=True))}
        vectors = np.asarray(texts.vectors) if isinstance(texts.vectors, gathered.Vectors) else texts.vectors
        self._base = Base(places, vectors, Flat.of(texts.terms), texts.languages)
        for place, (_, one) in enumerate(held):
            one.text = place
        self._late, self._touched = set(), set(self._held)

    def _refresh(self) -> bool:
        changed = False
        # With a base most vectors and words are there already; without one all are wanted, and come at once.
        texts = "length(e.vector) as size" if self._base else _WHOLE
        while rows := self._store.query(
            f"{_select(self._kind, texts)} where n.seq > :seq order by n.seq limit {PAGE}",
            {"seq": self._row_seq},
        ):
            self._row_seq = rows[-1]["seq"]
            others = self._without_known(rows) if self._base else rows
            changed = changed or len(others) < len(rows)
            for row in others:
                changed = self._take(row) or changed
        return changed

    def _without_known(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Take the rows whose texts stand in the base; return the others with what the store has of theirs."""
        others = []
        for row in rows:
            usable = row["model"] == self._model and row.pop("size") == 4 * self._dimensions
            key = row["id"], f"{row['text_hash']}{'' if usable else BY_WORDS}"
            place = self._base.places.get(key) if row["live"] and row["text_hash"] else None
            if place is None:
                others.append(row)
            else:
                row["id"], stamp = self._base.keys[place]
                self._held[row["id"]] = _Held(self._facts(row), stamp, place)
                self._late.discard(row["id"])
                self._touched.add(row["id"])
        return self._with_texts(others)

    def _with_texts(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        ids = [row["id"] for row in rows if row["live"] and row["text_hash"]]
        stored = self._store.query(
            """select subject_id, model, text_hash, vector, terms from embedding
               where kind = :kind and subject_id in :ids""",
            {"kind": self._kind, "ids": ids},
        ) if ids else []  # fmt: skip
        found = {text.pop("subject_id"): text for text in stored}
        none = {"model": None, "text_hash": None, "vector": None, "terms": None}
        return [row | found.get(row["id"], none) for row in rows]

    def _forget(self) -> bool:
        """Drop what was deleted (an import undone, a person's erasure): such a row has no `seq` left to be seen by."""
        gone = self._store.query(
            "select subject_id, seq from removal where kind = :kind and seq > :seq order by seq",
            {"kind": self._kind, "seq": self._removal_seq},
        )
        if gone:
            self._removal_seq = gone[-1]["seq"]
        return sum(self._let_go(row["subject_id"]) for row in gone) > 0  # each one, not only the first

    def _let_go(self, name: str) -> bool:
        if self._held.pop(name, None) is None:
            return False
        self._late.discard(name)
        self._touched.add(name)
        return True

    def _take(self, row: dict[str, Any]) -> bool:
        if not row["live"] or row["terms"] is None:
            return self._let_go(row["id"])
        usable = row["model"] == self._model and len(row["vector"]) == 4 * self._dimensions
        dense = np.frombuffer(row["vector"], "<f4") if usable else np.zeros(self._dimensions, np.float32)
        stamp = row["text_hash"] + ("" if usable else BY_WORDS)
        self._held[row["id"]] = _Held(self._facts(row), stamp, _Own(dense, Terms.from_bytes(row["terms"])))
        self._late.add(row["id"])
        self._touched.add(row["id"])
        return True

    @staticmethod
    def _facts(row: dict[str, Any]) -> dict[str, Any]:
        """Return what pages and gates ask for, in a dictionary of its own: one that is emptied stays as large."""
        facts = {name: value for name, value in row.items() if name not in _TEXTS}
        facts["language"] = sys.intern(facts["language"])
        for name in _LISTS:
            if name in facts:
                facts[name] = _decoded(facts[name])
        return facts

    def _make(self) -> Shelf:
        """Return the shelf of what is held; of many where little has changed a copy with that little put in."""
        touched, self._touched = self._touched, set()
        before = None if len(touched) > SHARE * len(self._held) else self._shelf
        if before and self._base and all(name in before.place and name in self._held for name in touched):
            return self._patched(before, touched)
        ids = sorted(self._held)
        held = [self._held[name] for name in ids]
        return Shelf(
            rows=[one.row for one in held],
            texts=self._texts(held),
            place={one.row["id"]: position for position, one in enumerate(held)},
            stamps=[one.stamp for one in held],
            embedded=np.array([_is_embedded(one) for one in held], bool),
        )

    def _patched(self, before: Shelf, touched: set[str]) -> Shelf:
        """Return the shelf of the very things that were on the one before, some of them changed."""
        rows, stamps, embedded = before.rows.copy(), before.stamps.copy(), before.embedded.copy()
        where, languages = before.texts.vectors.where.copy(), before.texts.languages.copy()
        late = sorted((before.place[name], self._held[name].text) for name in self._late)
        vectors = self._stacked([text for _, text in late])
        for name in touched:
            one, place = self._held[name], before.place[name]
            rows[place], stamps[place], embedded[place] = one.row, one.stamp, _is_embedded(one)
            if not isinstance(one.text, _Own):
                where[place], languages[place] = one.text, self._base.languages[one.text]
        for number, (place, text) in enumerate(late, len(self._base.keys)):
            where[place], languages[place] = number, text.language
        texts = self._gathered(vectors, [text.terms for _, text in late], where, languages)
        return Shelf(rows, texts, before.place, stamps, embedded)

    def _texts(self, held: list[_Held]) -> Texts:
        own = [one.text for one in held if isinstance(one.text, _Own)]
        vectors, terms = self._stacked(own), [text.terms for text in own]
        if self._base is None:
            texts = Texts(vectors, terms)
            texts.__dict__["languages"] = [text.language for text in own]
            return texts
        numbers = count(len(self._base.keys))
        where = np.array([next(numbers) if isinstance(one.text, _Own) else one.text for one in held], np.int64)
        languages = [
            one.text.language if isinstance(one.text, _Own) else self._base.languages[one.text] for one in held
        ]
        return self._gathered(vectors, terms, where, languages)

    def _stacked(self, own: list[_Own]) -> np.ndarray:
        """Return (k, d) the vectors of these texts, and read their languages."""
        vectors = np.stack([one.vector for one in own]) if own else np.empty((0, self._dimensions), np.float32)
        for one, vector in zip(own, vectors, strict=True):
            one.vector = vector  # a view: what the database gave is let go
            one.language = language(one.terms) if one.language is None else one.language
        return vectors

    def _gathered(self, vectors: np.ndarray, terms: list[Terms], where: np.ndarray, languages: list[str]) -> Texts:
        """Return texts (n,) that lie in the base, or from its end on among (k, d) vectors and their terms."""
        base = self._base
        texts = Texts(gathered.Vectors(base.vectors, vectors, where), gathered.Words(base.terms, terms, where))
        texts.__dict__["languages"] = languages
        return texts


def _is_embedded(one: _Held) -> bool:
    return not one.stamp.endswith(BY_WORDS)


def some(store: Store, kind: str, identity: tuple[str, int], ids: Sequence[str]) -> Shelf:
    """Return the shelf of those things of a kind that have these ids and can be ranked, as they are in the store now.

    identity: the model and how long its vectors are.
    """
    read = Mirror(store, kind, *identity)
    for first in range(0, len(ids), PAGE):
        asked = {"ids": list(ids[first : first + PAGE])}
        for row in store.query(f"{_select(kind, _WHOLE)} where n.id in :ids", asked):
            read._take(row)
    return read._make()


def _select(kind: str, texts: str) -> str:
    return f"""select n.id, n.seq, {_COLUMNS[kind]}, case when {live(kind, "n")} then 1 else 0 end as live,
               e.model, e.text_hash, {texts}
               from {kind} n left join embedding e on e.kind = '{kind}' and e.subject_id = n.id"""
