"""Which sentences of a profile carry its score: those without which it would be lower.

A whole text is not the sum of its sentences, so each profile is also embedded without each of its sentences
(`indexing.weigh`), in quiet hours. From these vectors follows what the score for any need would be without a sentence,
but for the words, which move it least (docs/ranking.md). `drops` measures the same with all parts: the deletion test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .background import Texts
from .scoring import WEIGHTS, Collection


def carried(
    collection: Collection, question: np.ndarray, said: np.ndarray, answers: np.ndarray, rests: np.ndarray
) -> np.ndarray:
    """(m,): how much lower the score would be without each sentence of a profile, but for a constant of the profile.

    question (d,), said (n, d): the need and its sentences; answers (m, d), rests (m, d): the profile's sentences and
    the profile without each. All centred and of length 1.
    """
    meaning = collection.meaning(question, rests)
    nearest = _without_each(said @ answers.T).mean(axis=1)
    whole = (said @ rests.T).max(axis=0)
    sides = 2 if len(said) > 1 else 1
    closer = 2 * (nearest + (whole if sides == 2 else 0)) - sides * meaning
    return -(WEIGHTS["semantic"] * meaning + WEIGHTS["sentence"] * closer)


def _without_each(nearness: np.ndarray) -> np.ndarray:
    """(m, n): the best of each of n rows of (n, m) numbers without each of the m columns; 0 with a single column."""
    if nearness.shape[1] < 2:
        return np.zeros(nearness.shape[::-1], nearness.dtype)
    ordered = np.sort(nearness, axis=1)
    best, second = ordered[:, -1:], ordered[:, -2:-1]
    return np.where(nearness == best, second, best).T


def drops(
    collection: Collection,
    asked: Texts,
    own: int,
    said: np.ndarray,
    place: int,
    sentences: Mapping[int, np.ndarray],
    rests: Texts,
) -> np.ndarray:
    """(m,): how much lower one document's score for one question is without each of its m sentences, all parts counted.

    asked: the one question, at `own` among the collection's; said (n, d) its sentences. sentences: those of the
    documents by place, as the encoder gave them. rests: the document without each sentence, the words too.
    """
    held = np.array([own])
    before = _total(collection, asked, held, said, sentences)[place]
    found = np.empty(len(rests), np.float32)
    for number in range(len(rests)):
        grown = collection.with_documents(rests.take(np.array([number])))
        last = len(grown) - 1
        spoken = {**sentences, last: np.delete(sentences[place], number, axis=0)}
        found[number] = before - _total(grown, asked, held, said, spoken, without=place)[last]
    return found


def _total(
    collection: Collection,
    asked: Texts,
    own: np.ndarray,
    said: np.ndarray,
    sentences: Mapping[int, np.ndarray],
    without: int | None = None,
) -> np.ndarray:
    scores = collection.score(asked, own)
    if without is not None:
        scores.parts["semantic"][:, without] = -np.inf  # the document as it was does not stand among the first
    return collection.look_closer(scores, asked, sentences, [said]).total[0]


def share_below(drop: np.ndarray, shown: int) -> float:
    """Return how often taking the `shown` sentence away costs more than taking another of (m,) drops; 0 to 1."""
    others: Sequence[float] = np.delete(drop, shown)
    return float(np.mean(drop[shown] > others))
