"""What the product's ranking of one need costs, as a multiple of plain exact cosine and its top ten."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache

import numpy as np

from matcher.hub import need_content, startups
from matcher.ranking import sentences
from matcher.ranking.background import Background, Texts
from matcher.ranking.encoder import Encoder
from matcher.ranking.explaining import NO_TEXT, Explain, Heard
from matcher.ranking.made import Made
from matcher.ranking.matches import Reasons
from matcher.ranking.mirror import Shelf
from matcher.ranking.ranked import Ranked, score
from matcher.ranking.reading import SENTENCES
from matcher.ranking.reasons import Spoken
from matcher.ranking.scoring import CLOSER_LOOK
from matcher.ranking.vectors import Vectors, highest

from .material import demo_texts, repeated, rows
from .timing import Ratio, ratio

SIZES = {167: "", 10_000: "≤ 3", 100_000: "≤ 3"}  # profiles, and the goal for scores with evidence


class Voices:
    """The sentences of the need asked and of its profiles, held in memory as a page holds them after one query."""

    def __init__(self, own: Spoken, held: list[Spoken]) -> None:
        """Take the need's sentences and those of the profiles that are repeated."""
        self.own, self.held = own, held

    def of(self, ids: list[str]) -> dict[str, Spoken]:
        """Return the sentences by id."""
        return {name: self.held[int(name) % len(self.held)] for name in ids}


def run(encoder: Encoder) -> Iterator[Ratio]:
    """Measure the scores alone, with the evidence for the first twenty, and with its words marked.

    The demo's profiles that are repeated are taken as different ones: `gaming.spread` would move most of them.
    """
    for size, goal in SIZES.items():
        yield from _of(encoder, size, goal)


def _of(encoder: Encoder, size: int, goal: str) -> Iterator[Ratio]:
    held = Held(encoder, size)
    yield ratio(f"scores of {size:,} profiles, against exact cosine and its top ten", "", held.product, held.plain)
    yield ratio("the same with the evidence of the first 20", goal, held.explained, held.plain)
    yield ratio("the same with the shared words marked in all of it, as a page of 20 does", "", held.marked, held.plain)


class Held:
    """A hub of so many profiles as a web worker holds it, and one need that is asked."""

    def __init__(self, encoder: Encoder, size: int) -> None:
        """Repeat the demo's profiles up to `size` and make the statistics, which takes `seconds` of processor time."""
        offered, questions = demo_texts(encoder)
        self.shelf = _shelf(repeated(offered, size))
        start = time.thread_time()
        self.view, _ = Made(self.shelf, _shelf(questions), Background.none(encoder.dimensions)).view(self.shelf)
        self.seconds = time.thread_time() - start
        self.need = {"tried": "", "keep": "", **rows("needs")[0]}
        self.voices = _voices(encoder)
        vectors = self.shelf.texts.vectors
        self.rests = [_rests(vectors[place % size], len(spoken)) for place, (spoken, _) in enumerate(self.voices.held)]
        self.one, self.vector, self.vectors = questions.take(np.array([0])), questions.vectors[0], Vectors(vectors)

    def plain(self) -> np.ndarray:
        """Return the top ten by exact cosine."""
        return highest(self.vectors.dot(self.vector), 10)

    def product(self) -> Ranked:
        """Return the product's scores."""
        return score(self.shelf, self.view, self.one, 0, self.voices)

    def explained(self) -> list[Reasons]:
        """Return the reasons of the first twenty."""
        ranked = self.product()
        first = ranked.order[:CLOSER_LOOK].tolist()
        found = self.voices.of([self.shelf.rows[row]["id"] for row in first])
        heard = [Heard(found[str(row)], row, NO_TEXT, self.rests[row % len(self.rests)]) for row in first]
        return Explain(self.view.collection, self.one, self.voices.own, self.need).each(heard)

    def marked(self) -> int:
        """Return how many shared words are marked in these reasons."""
        return sum(len(meeting.need_marks) for reasons in self.explained() for meeting in reasons.meetings)


@cache
def _voices(encoder: Encoder) -> Voices:
    own = _spoken(encoder, "\n".join(need_content.sections(rows("needs")[0])), "query")
    return Voices(own, [_spoken(encoder, "\n".join(startups.sections(row)), "passage") for row in rows("startups")])


def _rests(vector: np.ndarray, count: int) -> np.ndarray:
    """(count, d): stands for a profile without each of its sentences; what these are costs no more or less."""
    return np.tile(vector, (count, 1)) + np.float32(0.01) * np.arange(count, dtype=np.float32)[:, None]


def _spoken(encoder: Encoder, whole: str, prompt: str) -> Spoken:
    parts = sentences.split(whole, SENTENCES)
    return parts, encoder.encode(parts, prompt)


def _shelf(texts: Texts) -> Shelf:
    ids = [str(number) for number in range(len(texts))]
    return Shelf(
        rows=[{"id": name} for name in ids],
        texts=texts,
        place={name: place for place, name in enumerate(ids)},
        stamps=ids,
        embedded=np.ones(len(texts), bool),
    )
