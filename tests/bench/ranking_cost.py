"""What the product's ranking of one need costs, as a multiple of plain exact cosine and its top ten."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matcher.hub import needs, startups
from matcher.ranking import sentences
from matcher.ranking.background import Background, Texts
from matcher.ranking.encoder import Encoder
from matcher.ranking.explaining import NO_TEXT, Explain, Heard
from matcher.ranking.matches import Reasons
from matcher.ranking.mirror import Shelf
from matcher.ranking.ranked import Ranked, score
from matcher.ranking.reading import SENTENCES
from matcher.ranking.reasons import Spoken
from matcher.ranking.scoring import CLOSER_LOOK
from matcher.ranking.upkeep import Made
from matcher.ranking.vectors import Vectors, highest

from .material import repeated, rows, texts_of
from .timing import Ratio, ratio

SIZES = {10_000: "≤ 3", 100_000: "≤ 3"}  # profiles, and the goal for scores with evidence


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
    asked, profiles = rows("needs"), rows("startups")
    wholes = ["\n".join(startups.sections(row)) for row in profiles]
    questions = texts_of(encoder, ["\n".join(needs.sections(row)) for row in asked], "query")
    shelf = _shelf(repeated(texts_of(encoder, wholes, "passage"), size))
    made = Made(shelf, _shelf(questions), Background.none(encoder.dimensions))
    view, _ = made.view(shelf)
    need = {"tried": "", "keep": "", **asked[0]}
    voices = Voices(
        _spoken(encoder, "\n".join(needs.sections(need)), "query"),
        [_spoken(encoder, whole, "passage") for whole in wholes],
    )
    rests = [_rests(shelf.texts.vectors[place], len(sentences)) for place, (sentences, _) in enumerate(voices.held)]
    one, vector, vectors = questions.take(np.array([0])), questions.vectors[0], Vectors(shelf.texts.vectors)

    def plain() -> np.ndarray:
        return highest(vectors.dot(vector), 10)

    def product() -> Ranked:
        return score(shelf, view, one, 0, voices)

    def explained() -> list[Reasons]:
        ranked = product()
        rows = ranked.order[:CLOSER_LOOK].tolist()
        found = voices.of([shelf.rows[row]["id"] for row in rows])
        heard = [Heard(found[str(row)], row, NO_TEXT, rests[row % len(rests)]) for row in rows]
        return Explain(view.collection, one, voices.own, need).each(heard)

    def marked() -> int:
        return sum(len(meeting.need_marks) for reasons in explained() for meeting in reasons.meetings)

    yield ratio(f"scores of {size:,} profiles, against exact cosine and its top ten", "", product, plain)
    yield ratio("the same with the evidence of the first 20", goal, explained, plain)
    yield ratio("the same with the shared words marked in all of it, as a page of 20 does", "", marked, plain)


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
