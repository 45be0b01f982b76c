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
    question: np.ndarray, said: np.ndarray, rests: np.ndarray, hubs: np.ndarray, nearest: np.ndarray
) -> np.ndarray:
    """(s,): how much lower the score would be without each of s sentences, but for a constant of each profile.

    question (d,), said (o, d): the need and its sentences. rests (s, d): the profiles without each of the sentences.
    All centred and of length 1. hubs (s,): the hub statistics of `rests`. nearest (s,): `without_each` of them.
    """
    meaning = 2 * (rests @ question) - hubs
    sides = 2 if len(said) > 1 else 1
    closer = 2 * (nearest + (said @ rests.T).max(axis=0) if sides == 2 else nearest) - sides * meaning
    return -(WEIGHTS["semantic"] * meaning + WEIGHTS["sentence"] * closer)


def without_each(near: np.ndarray) -> np.ndarray:
    """(t, l): how near t profiles' sentences come to a need's, in the mean, without each of their l sentences.

    near (t, o, l): cosine of each sentence of the need to each of a profile, −inf where it has none.
    """
    if near.shape[2] < 2:
        return np.zeros((len(near), near.shape[2]), near.dtype)
    second, best = np.moveaxis(np.partition(near, -2, axis=2)[:, :, -2:], 2, 0)[..., None]
    return np.where(near == best, second, best).mean(axis=1)


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
