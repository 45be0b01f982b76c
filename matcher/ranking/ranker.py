"""The ranking of the hub's own rows: startups for a need, needs for a startup, anything for a search text.

One `Ranker` a process. It holds the published rows in memory (`mirror`), scores them (`scoring`), checks the gates and
fetches the evidence of what is shown. It stores no decision; `snapshot` is what a decision stores of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from itertools import islice
from typing import Any

import numpy as np

from ..hub import capacity, conflicts
from ..store import Store
from . import evidence, gates, indexing, lexical
from .background import Background, Mean, Texts
from .embedder import EmbedderAway
from .encoder import Encoder
from .mirror import Mirror, Shelf
from .scoring import SCORING_VERSION, Collection

EVIDENCE_SHOWN = 20
KINDS = ("need", "startup", "testbed")


@dataclass(frozen=True)
class Meeting:
    """A sentence of the need and one of the profile that meet; `…_marks` are (start, end) of the shared words."""

    need: str
    profile: str
    score: float
    need_marks: list[tuple[int, int]]
    profile_marks: list[tuple[int, int]]


@dataclass(frozen=True)
class Reasons:
    """The sentences that meet, best first, and those of the need that nothing in the profile answers."""

    meetings: list[Meeting]
    uncovered: list[str]


@dataclass(frozen=True)
class Match:
    """One computed match: a row, its place (1 is best), score, parts, and what is known to stop it."""

    id: str
    rank: int
    score: float
    parts: dict[str, float]
    row: dict[str, Any]
    gates: list[gates.Gate] = field(default_factory=list)
    reasons: Reasons | None = None

    @property
    def stopped(self) -> bool:
        """Whether a gate has failed (an unknown one does not stop)."""
        return any(gate.state == "failed" for gate in self.gates)


@dataclass(frozen=True)
class Ranking:
    """Matches, best first, of `total` that were ranked. `lexical_only` says that the model was away."""

    matches: list[Match]
    total: int
    model: str
    scoring: str
    lexical_only: bool
    without_vector: int
    best: dict[str, float]


@dataclass(frozen=True)
class Subject:
    """A text that is asked about: its vector (zeros when there is none), words, and place among the questions."""

    texts: Texts
    own: int = -1


class Ranker:
    """Ranks what the store holds now. Safe to use from many threads."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        shipped: Callable[[], Background] | None = None,
        identity: indexing.Identity | None = None,
    ) -> None:
        """Use `encoder` for search texts and for what is not embedded yet; `shipped` gives a young hub's background.

        identity: whose vectors are read from the store; the encoder's own unless it is away.
        """
        self.store = store
        self.encoder = encoder
        self.model, self.dimensions = identity or indexing.identity(encoder)
        self._shipped = shipped or (lambda: Background.none(self.dimensions))
        self._mirrors = {kind: Mirror(store, kind, self.model, self.dimensions) for kind in KINDS}
        self._collections: dict[tuple[str, str], tuple[Shelf, Shelf, Collection]] = {}
        self._lock = threading.Lock()

    def startups_for(
        self,
        need: dict[str, Any],
        today: date,
        *,
        top: int | None = None,
        skip: int = 0,
        keep: Callable[[Match], bool] | None = None,
    ) -> Ranking:
        """Rank all published startups for a need (a decoded row, published or not); gates and evidence included.

        top: how many matches to return after the first `skip` (None: all); the first 20 returned carry reasons.
        keep: a filter over matches whose gates are known; ranks stay those of the whole list.
        """
        subject = self._subject("need", need)
        running = capacity.running(self.store, today.isoformat())
        standing = conflicts.standing(self.store, need_id=need["id"])

        def stops(row: dict[str, Any]) -> list[gates.Gate]:
            return gates.check(need, row, today, running.get(row["id"], 0), _notes(standing, need["id"], row["id"]))

        ranking = self._rank("startup", "need", subject, stops, top, keep, skip)
        return self._with_evidence(ranking, "need", need["id"], "startup")

    def needs_for(self, startup: dict[str, Any], today: date, *, top: int | None = None, skip: int = 0) -> Ranking:
        """Rank all published needs for a startup (a decoded row); the same scores seen from the other side."""
        subject = self._subject("startup", startup)
        running = capacity.running(self.store, today.isoformat()).get(startup["id"], 0)
        standing = conflicts.standing(self.store, startup_ids=[startup["id"]])

        def stops(row: dict[str, Any]) -> list[gates.Gate]:
            return gates.check(row, startup, today, running, _notes(standing, row["id"], startup["id"]))

        ranking = self._rank("need", "startup", subject, stops, top, None, skip)
        return self._with_evidence(ranking, "startup", startup["id"], "need")

    def similar_needs(self, need: dict[str, Any], top: int = 5) -> Ranking:
        """Rank the other published needs by likeness to this one."""
        subject = self._subject("need", need)
        return self._rank("need", "need", subject, lambda row: [], top, lambda match: match.id != need["id"])

    def search(self, text: str, kind: str, top: int = 20) -> Ranking:
        """Rank the published things of one kind for a search text in any language."""
        return self._rank(kind, "need", self._asked(text), lambda row: [], top, None)

    def refresh(self, kind: str, row: dict[str, Any]) -> None:
        """Make a row that was just saved rankable at once: with its vector, or by its words if the model is away."""
        try:
            indexing.embed(self.store, self.encoder, kind, [row])
        except EmbedderAway:
            indexing.keep_words(self.store, kind, row)

    def _asked(self, text: str) -> Subject:
        try:
            vectors = self.encoder.encode([text], "query")
        except EmbedderAway:
            vectors = np.zeros((1, self.dimensions), np.float32)
        return Subject(Texts(vectors, [lexical.terms(text)]))

    def _subject(self, kind: str, row: dict[str, Any]) -> Subject:
        shelf = self._mirrors[kind].shelf()
        place = shelf.place.get(row["id"])
        if place is not None and shelf.texts.vectors[place].any():
            return Subject(shelf.texts.take(np.array([place])), place)
        return Subject(self._fresh(kind, row), -1 if place is None else place)

    def _fresh(self, kind: str, row: dict[str, Any]) -> Texts:
        stored = self.store.query(
            """select vector, terms from embedding where kind = :kind and subject_id = :id and model = :model
               and embedded_at = :at and length(vector) > 0""",
            {"kind": kind, "id": row["id"], "model": self.model, "at": row["updated_at"]},
        )
        if stored:
            vector = np.frombuffer(stored[0]["vector"], "<f4")[None]
            return Texts(vector, [lexical.Terms.from_bytes(stored[0]["terms"])])
        whole = indexing.texts(kind, row).whole
        try:
            vectors = self.encoder.encode([whole], indexing.PROMPTS[kind])
        except EmbedderAway:
            vectors = np.zeros((1, self.dimensions), np.float32)
        return Texts(vectors, [lexical.terms(whole)])

    def _collection(self, documents: str, questions: str) -> tuple[Shelf, Collection]:
        """Return the collection for these sides, made anew when a row of either side has changed."""
        shelves = self._mirrors[documents].shelf(), self._mirrors[questions].shelf()
        with self._lock:
            held = self._collections.get((documents, questions))
            if held is None or held[0] is not shelves[0] or held[1] is not shelves[1]:
                shipped = self._shipped()
                shipped = shipped.turned() if documents == "need" and questions == "startup" else shipped
                if documents == questions:
                    shipped = Background(shipped.questions, shipped.questions)
                held = (*shelves, Collection(shelves[0].texts, shelves[1].texts, shipped))
                self._collections[(documents, questions)] = held
            return held[0], held[2]

    def _rank(
        self,
        documents: str,
        questions: str,
        subject: Subject,
        stops: Callable[[dict[str, Any]], list[gates.Gate]],
        top: int | None,
        keep: Callable[[Match], bool] | None,
        skip: int = 0,
    ) -> Ranking:
        shelf, collection = self._collection(documents, questions)
        away = not subject.texts.vectors.any()
        if not shelf.rows:
            return Ranking([], 0, self.model, SCORING_VERSION, away, 0, {})
        scores = collection.score(subject.texts, np.array([subject.own]))
        total = scores.total[0]
        parts = {name: part[0] for name, part in scores.parts.items()}
        order = _order(total, [row["id"] for row in shelf.rows])

        def matches() -> Iterator[Match]:
            for rank, place in enumerate(order, 1):
                row = shelf.rows[place]
                values = {name: float(part[place]) for name, part in parts.items()}
                match = Match(row["id"], rank, float(total[place]), values, row, stops(row))
                if keep is None or keep(match):
                    yield match

        chosen = list(islice(matches(), skip, None if top is None else skip + top))
        best = {name: float(part.max()) for name, part in parts.items()}
        return Ranking(chosen, len(order), self.model, SCORING_VERSION, away, shelf.without_vector, best)

    def _with_evidence(self, ranking: Ranking, asked: str, asked_id: str, kind: str) -> Ranking:
        shown = ranking.matches[:EVIDENCE_SHOWN]
        spoken = sentences_of(self.store, self.model, [(asked, asked_id), *((kind, match.id) for match in shown)])
        own = spoken.get((asked, asked_id))
        if own is None:
            return ranking
        centres = {side: self._centre(side) for side in (asked, kind)}
        found = []
        for match in shown:
            other = spoken.get((kind, match.id))
            if other is None:
                found.append(match)
                continue
            need, profile = (own, other) if asked == "need" else (other, own)
            found.append(replace(match, reasons=_reasons(need, profile, centres)))
        return replace(ranking, matches=found + ranking.matches[EVIDENCE_SHOWN:])

    def _centre(self, kind: str) -> Mean:
        shipped = self._shipped()
        side = shipped.questions if kind == "need" else shipped.documents
        return Mean(self._mirrors[kind].shelf().texts.vectors, side.vectors)


def snapshot(ranking: Ranking, match: Match, need: dict[str, Any]) -> dict[str, Any]:
    """Return what a broker saw of one match, as plain data to store with the decision."""
    return {
        "rank": match.rank,
        "of": ranking.total,
        "score": round(match.score, 6),
        "parts": {name: round(value, 6) for name, value in match.parts.items()},
        "gates": [asdict(gate) for gate in match.gates],
        "reasons": asdict(match.reasons) if match.reasons else None,
        "model": ranking.model,
        "scoring": ranking.scoring,
        "lexical_only": ranking.lexical_only,
        "need_version": need["version"],
    }


def sentences_of(
    store: Store, model: str, wanted: list[tuple[str, str]]
) -> dict[tuple[str, str], tuple[list[str], np.ndarray]]:
    """Return (texts, vectors (n, d) float32) by (kind, id) for the things that have sentences, in one query."""
    rows = store.query(
        """select kind, subject_id, text, vector from sentence
           where model = :model and subject_id in :ids order by kind, subject_id, position""",
        {"model": model, "ids": [subject_id for _, subject_id in wanted]},
    )
    found: dict[tuple[str, str], tuple[list[str], list[np.ndarray]]] = {}
    for row in rows:
        texts, vectors = found.setdefault((row["kind"], row["subject_id"]), ([], []))
        texts.append(row["text"])
        vectors.append(np.frombuffer(row["vector"], "<f2").astype(np.float32))
    return {key: (texts, np.stack(vectors)) for key, (texts, vectors) in found.items() if key in wanted}


def _notes(standing: dict[tuple[str, str], dict[str, Any]], need_id: str, startup_id: str) -> list[str]:
    found = standing.get((need_id, startup_id))
    return [found["note"]] if found else []


def _order(total: np.ndarray, ids: list[str]) -> list[int]:
    """Best first; equal scores stand in the order of their ids, in every process the same."""
    return sorted(range(len(total)), key=lambda place: (-total[place], ids[place]))


def _reasons(
    need: tuple[list[str], np.ndarray], profile: tuple[list[str], np.ndarray], centres: dict[str, Mean]
) -> Reasons:
    found = evidence.find(centres["need"].centre(need[1]), centres["startup"].centre(profile[1]))
    meetings = []
    for pair in found.pairs:
        asked, answer = need[0][pair.asked], profile[0][pair.answer]
        meetings.append(Meeting(asked, answer, round(pair.score, 4), *evidence.shared_words(asked, answer)))
    return Reasons(meetings, [need[0][number] for number in found.uncovered])


def as_data(ranking: Ranking) -> dict[str, Any]:
    """Return a ranking as plain data, for JSON."""
    return {
        "total": ranking.total,
        "model": ranking.model,
        "scoring": ranking.scoring,
        "lexical_only": ranking.lexical_only,
        "matches": [
            {
                "rank": match.rank,
                "id": match.id,
                "name": match.row["name"],
                "score": match.score,
                "parts": match.parts,
                "gates": [asdict(gate) for gate in match.gates],
                "reasons": asdict(match.reasons) if match.reasons else None,
            }
            for match in ranking.matches
        ],
    }
