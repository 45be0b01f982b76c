"""How near needs are to each other, whatever became of them: drafts, open ones, closed ones.

The ranking holds what is published and open. A lesson, a case that was stopped and an earlier need belong to needs that
may long be closed, so their vectors and words are read from the store, in one query, and measured by the same means and
in the same scale as the needs that others have (`Ranker.similar_needs`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from ..store import Store
from . import evidence, lexical, reasons, searching, tongues
from .background import Texts
from .lexical import Terms
from .made import View
from .matches import Meeting
from .mirror import BY_WORDS, Shelf

SHORT = 5  # words: a sentence of fewer could stand in any two needs
MEETINGS = 2
NOTHING = 1e-6


@dataclass(frozen=True)
class Nearness:
    """Scores (asked, others) of needs by id, and from which on one is worth showing (asked,).

    The scale is that of a search: twice the centred cosine above the mean, and shared words.
    """

    asked: list[str]
    others: list[str]
    scores: np.ndarray
    least: np.ndarray

    def nearest(self, asked: str, top: int = 5) -> list[tuple[str, float]]:
        """Return (id, score) of the others near one need, the nearest first; often none."""
        if asked not in self.asked or not self.others:
            return []
        row = self.asked.index(asked)
        order = np.argsort(-self.scores[row], kind="stable")[:top]
        return [
            (self.others[place], float(self.scores[row, place]))
            for place in order
            if self.scores[row, place] >= self.least[row]
        ]


def shelf(store: Store, model: str, dimensions: int, ids: Sequence[str]) -> Shelf:
    """Return these needs as they are ranked now, in the order of their ids; without those never read. One query."""
    rows = store.query(
        """select subject_id as id, model, vector, terms, text_hash from embedding
           where kind = 'need' and subject_id in :ids and terms is not null order by subject_id""",
        {"ids": sorted(set(ids))},
    )
    usable = [row["model"] == model and len(row["vector"]) == 4 * dimensions for row in rows]
    vectors = [
        np.frombuffer(row["vector"], "<f4") if fits else np.zeros(dimensions, np.float32)
        for row, fits in zip(rows, usable, strict=True)
    ]
    stacked = np.stack(vectors) if vectors else np.empty((0, dimensions), np.float32)
    return Shelf(
        rows=[{"id": row["id"]} for row in rows],
        texts=Texts(stacked, [Terms.from_bytes(row["terms"]) for row in rows]),
        place={row["id"]: place for place, row in enumerate(rows)},
        stamps=[row["text_hash"] + ("" if fits else BY_WORDS) for row, fits in zip(rows, usable, strict=True)],
        embedded=np.array(usable, bool),
    )


def some(held: Shelf, ids: Collection[str]) -> Shelf:
    """Return of a shelf what these ids name, in the shelf's own order."""
    places = np.array([place for name, place in held.place.items() if name in set(ids)], np.int64)
    return Shelf(
        rows=[held.rows[place] for place in places],
        texts=held.texts.take(places),
        place={held.rows[place]["id"]: number for number, place in enumerate(places)},
        stamps=[held.stamps[place] for place in places],
        embedded=held.embedded[places],
    )


def compare(view: View, asked: Sequence[str], texts: Texts, others: Shelf, noise: float) -> Nearness:
    """Measure `texts` (one for each id in `asked`) against the needs on a shelf; a need is not near itself.

    view: of the needs that are open, whose means and words are measured by.
    """
    ids = list(others.place)
    if not ids or not asked:
        return Nearness(list(asked), ids, np.zeros((len(asked), len(ids))), np.ones(len(asked)))
    grown, _new = view.made.view(others)
    centred = grown.collection.answering.centre(texts.vectors, texts.languages)
    words = grown.collection.score(texts).parts["lexical"][:, grown.columns]
    scores = np.zeros((len(asked), len(ids)))
    for row, name in enumerate(asked):
        known = others.embedded & centred[row].any()
        parts = searching.parts(grown.collection.near(centred[row])[grown.columns], known, words[row])
        scores[row] = parts["semantic"] + parts["lexical"]
        if name in others.place:
            scores[row, others.place[name]] = -np.inf
    finite = np.where(np.isfinite(scores), scores, 0)
    meant = centred.any(axis=1)  # of words alone there is no noise level: what is far below the best is left out
    least = [searching.least(row, noise if known else 0) for row, known in zip(finite, meant, strict=True)]
    return Nearness(list(asked), ids, scores, np.maximum(least, NOTHING))


def meetings(
    store: Store, model: str, view: View, pairs: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], list[Meeting]]:
    """Return by pair of needs the sentences of the one and of the other that meet, best first. One query.

    `need` of a Meeting is the first's sentence, `profile` the second's. A pair without any is left out.
    """
    wanted = sorted({("need", name) for pair in pairs for name in pair})
    spoken = reasons.fetch(store, model, wanted) if wanted else {}
    found: dict[tuple[str, str], list[Meeting]] = {}
    for one, other in pairs:
        if ("need", one) in spoken and ("need", other) in spoken:
            met = _meet(view, spoken["need", one], spoken["need", other])
            if met:
                found[one, other] = met
    return found


def _meet(view: View, one: reasons.Spoken, other: reasons.Spoken) -> list[Meeting]:
    spoken = [
        (vectors, [tongues.language(lexical.terms(" ".join(texts)))] * len(texts)) for texts, vectors in (one, other)
    ]
    sides = [view.collection.answering.centre(*side) for side in spoken]
    near = sides[0] @ sides[1].T
    short = [np.array([text.count(" ") + 1 < SHORT for text in texts]) for texts, _ in (one, other)]
    near = np.where(short[0][:, None] | short[1][None], -np.inf, near)
    pairs, found = evidence.best_pairs(near[None], MEETINGS)
    return [
        Meeting(one[0][mine], other[0][theirs], round(float(near[mine, theirs]), 4))
        for (mine, theirs), there in zip(pairs[0].tolist(), found[0].tolist(), strict=True)
        if there and near[mine, theirs] >= evidence.ANSWERED
    ]
