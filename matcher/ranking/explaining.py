"""Which sentences are shown as the reason for each match of a page, worked out for all of them at once.

The nearest two sentences are often short remarks that any two texts could share ("No camera." – "No picture."). A pair
is worth more when its need sentence is near the whole profile and its profile sentence near the whole need: then it
stands for the match, and not only for itself.

Bare sentence cosine lies in E5's narrow cone like that of whole texts, so both sides are centred by the means of the
background first. Shapes: t texts are explained, the one asked has o sentences and the others s together, up to l each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from . import evidence
from .background import Texts
from .carrying import carried, without_each
from .matches import Meeting, Reasons
from .reasons import Spoken
from .scoring import Collection

# Set by reading the first pairs of 24 matches of the demo hub before and after (November 2026): without these 11 were
# beside the point or could have stood between any two texts, with them 4, all of matches that are none.
NEAR_THE_WHOLE = 0.5
ENOUGH_WORDS, A_WORD_SHORT = 9, 0.05  # a sentence of fewer words says little by itself
A_TITLE = 0.15  # the page shows the title already
ASIDE = 0.15
LITTLE = 0.2  # centred cosine: nothing in the profile is nearer to a sentence of the need
UNCOVERED = 3
CARRIES = 20.0  # so much does what a sentence carries count against how near the two are (docs/ranking.md)
TOO_SHORT, A_NAME = 5, 0.5  # words; a name or a slogan is shown only where nothing else is

NO_TEXT = {"title": "", "tried": "", "keep": ""}


@dataclass(frozen=True)
class Heard:
    """A text that is to be explained: its sentences (l of them, as the encoder gave them).

    place: its position in the collection. need: title, tried and keep, where it is a need. rests (l, d): the profile
    without each of its sentences, as the encoder gave them, if they are known.
    """

    spoken: Spoken
    place: int
    need: Mapping[str, str] = field(default_factory=lambda: NO_TEXT)
    rests: np.ndarray | None = None


class Explain:
    """Gives the reasons of matches, whichever side was asked."""

    def __init__(self, collection: Collection, asked: Texts, own: Spoken, need: Mapping[str, str] | None) -> None:
        """Take the text asked with its sentences; `need` is its row where it is a need, None where it is a startup."""
        self._collection, self._asked, self._need = collection, asked, need
        self._sentences, self._words = own[0], _words(own[0])
        self._own = collection.asking.centre(own[1], asked.languages * len(own[0]))

    def each(self, heard: Sequence[Heard]) -> list[Reasons]:
        """Return the reasons for a match with each of these texts, all of which have sentences."""
        if not heard:
            return []
        answers = self._centred(heard)
        together, rows = np.concatenate(answers), _Rows([len(vectors) for vectors in answers])
        others = [sentence for one in heard for sentence in one.spoken[0]]
        words = _words(others)
        near = rows.padded((self._own @ together.T).T, -np.inf)  # (t, l, o)
        middle, middles = self._own.mean(axis=0), rows.means() @ together
        of_own = NEAR_THE_WHOLE * (_unit(middles) @ self._own.T) - _shortness(self._words)  # (t, o)
        of_others = NEAR_THE_WHOLE * (together @ _unit(middle[None])[0]) - _shortness(words)  # (s,)
        mine, theirs = [self._sentences] * len(heard), [one.spoken[0] for one in heard]
        if self._need:
            besides, telling = _besides(self._sentences, self._words, self._need)
            near = near.transpose(0, 2, 1)
            of_others = rows.padded(of_others) + self._carried(heard, near, rows.padded(words))
            central = (self._own @ middle)[None]
            return _reasons(_Side(mine, of_own - besides), _Side(theirs, of_others), near, central, telling[None])
        parts = zip(heard, rows.split(words), strict=True)
        besides, telling = np.hstack([_besides(one.spoken[0], part, one.need) for one, part in parts])
        central = rows.padded(np.vecdot(together, middles[rows.text]))
        of_others = rows.padded(of_others - besides)
        return _reasons(_Side(theirs, of_others), _Side(mine, of_own), near, central, rows.padded(telling) > 0)

    def coverage(self, heard: Sequence[Heard]) -> tuple[np.ndarray, list[str]]:
        """Return how near each profile comes to each sentence of the need asked: (t, sentences), and these.

        Titles and short remarks are not among them. Cosines of centred vectors, to the nearest sentence of the profile.
        """
        asks = np.flatnonzero(_besides(self._sentences, self._words, self._need)[1])
        answers = self._centred(heard)
        starts = np.cumsum([0] + [len(vectors) for vectors in answers[:-1]])
        near = np.maximum.reduceat(self._own[asks] @ np.concatenate(answers).T, starts, axis=1).T
        return near, [self._sentences[place] for place in asks]

    def _centred(self, heard: Sequence[Heard]) -> list[np.ndarray]:
        """Return the centred vectors of each text's sentences."""
        found = self._collection.centred({one.place: one.spoken[1] for one in heard})
        return [found[one.place] for one in heard]

    def _carried(self, heard: Sequence[Heard], near: np.ndarray, words: np.ndarray) -> np.ndarray:
        """(t, l): what a sentence of a profile is worth for what it carries of the score, where that is known.

        near (t, o, l): nearness to the need's sentences. words (t, l): of the profile's sentences.
        """
        worth = np.zeros(words.shape)
        known = [number for number, one in enumerate(heard) if one.rests is not None and len(one.rests) > 1]
        known = [number for number in known if len(heard[number].rests) == len(heard[number].spoken[0])]
        if not known:
            return worth
        places = [heard[number].place for number in known]
        centred, hubs = self._collection.rests({heard[number].place: heard[number].rests for number in known})
        rests = [centred[place] for place in places]
        rows = _Rows([len(vectors) for vectors in rests])
        asked = self._collection.asking.centre(self._asked.vectors, self._asked.languages)[0]
        known_hubs = np.concatenate([hubs[place] for place in places])
        at = np.array(known)[rows.text], rows.position
        carries = carried(asked, self._own, np.concatenate(rests), known_hubs, without_each(near)[at])
        means = np.add.reduceat(carries, rows.starts) / rows.sizes
        worth[at] = CARRIES * (carries - means[rows.text]) - A_NAME * (words[at] < TOO_SHORT)
        return worth


class _Rows:
    """Where the sentences of texts stand, one text after the other, and in a table with a row for each text."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes, ends = np.array(sizes), np.cumsum(sizes)
        self.starts = ends - self.sizes
        self.text = np.repeat(np.arange(len(sizes)), self.sizes)
        self.position = np.arange(ends[-1]) - self.starts[self.text]

    def padded(self, values: np.ndarray, empty: float = 0) -> np.ndarray:
        """(t, l, …) of (s, …)."""
        table = np.full((len(self.sizes), self.sizes.max(), *values.shape[1:]), empty, values.dtype)
        table[self.text, self.position] = values
        return table

    def means(self) -> np.ndarray:
        """(t, s): what gives, multiplied by (s, d) vectors, the mean of each text's; quicker than adding them up."""
        table = np.zeros((len(self.sizes), len(self.text)), np.float32)
        table[self.text, np.arange(len(self.text))] = (1 / self.sizes)[self.text]
        return table

    def split(self, values: np.ndarray) -> list[np.ndarray]:
        """Return the values (s, …) of each text."""
        return np.split(values, self.starts[1:])


@dataclass(frozen=True)
class _Side:
    """The sentences of the need or the profile of each of t matches; worth: (t, most), of each sentence by itself."""

    sentences: list[list[str]]
    worth: np.ndarray


def _reasons(need: _Side, profile: _Side, near: np.ndarray, central: np.ndarray, telling: np.ndarray) -> list[Reasons]:
    """Return the reasons of t matches.

    near (t, n, l): centred cosine of need and profile sentences, −inf where there is none. Of the need's sentences
    (t or 1, n), central: how near they are to the whole need; telling: whether they can be shown as not answered.
    """
    pairs, found = evidence.best_pairs(near + need.worth[:, :, None] + profile.worth[:, None])
    scores = near[np.arange(len(near))[:, None], pairs[..., 0], pairs[..., 1]]
    meant = found & (scores >= evidence.ANSWERED)
    meant[:, 0] = True
    far = near.max(axis=2) < LITTLE
    alone = np.broadcast_to(telling & far, meant.shape[:1] + near.shape[1:2])
    first = np.argsort(np.where(alone, -central, np.inf), axis=1, kind="stable")[:, :UNCOVERED]
    shown = np.sort(np.where(np.take_along_axis(alone, first, axis=1), first, -1), axis=1)
    found = zip(pairs.tolist(), scores.tolist(), meant.tolist(), shown.tolist(), far.tolist(), strict=True)
    return [
        Reasons(
            [
                Meeting(asks[asked], offers[answer], round(score, 4))
                for (asked, answer), score, is_meant in zip(places, cosines, kept, strict=True)
                if is_meant
            ],
            [asks[place] for place in unanswered if place >= 0],
            [ask for ask, is_far in zip(asks, silent, strict=False) if is_far],  # a row is as long as the longest need
        )
        for asks, offers, (places, cosines, kept, unanswered, silent) in zip(
            need.sentences, profile.sentences, found, strict=True
        )
    ]


def _besides(sentences: list[str], words: np.ndarray, need: Mapping[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Return what a need's sentences lose as its title or an aside, and which can stand alone; (n,) each."""
    title, aside = need["title"].strip(" ."), f"{need['tried']}\n{need['keep']}"
    titles = np.array([sentence.strip(" .") == title for sentence in sentences])
    asides = np.array([sentence in aside for sentence in sentences])
    return A_TITLE * titles + ASIDE * asides, (words >= ENOUGH_WORDS) & ~titles


def _words(sentences: list[str]) -> np.ndarray:
    """(n,) number of words; `sentences.split` has left a single space between two."""
    return np.array([sentence.count(" ") + 1 for sentence in sentences])


def _shortness(words: np.ndarray) -> np.ndarray:
    """Return what is taken from a sentence for each word that it is short of."""
    return A_WORD_SHORT * np.maximum(ENOUGH_WORDS - words, 0)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
