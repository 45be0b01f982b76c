"""Which sentences are shown as the reason for a match.

`evidence` finds the sentences that are nearest to each other. The nearest two are often short remarks that any two
texts could share ("No camera." – "No picture."). A pair is worth more when its need sentence is near the whole profile
and its profile sentence near the whole need: then it stands for the match, and not only for itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..store import Store
from . import evidence
from .background import Texts
from .carrying import carried
from .lexical import Terms
from .matches import Meeting, Reasons
from .scoring import Collection
from .tongues import language

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

Spoken = tuple[list[str], np.ndarray]
"""The sentences of one text and their vectors (n, d), as the encoder gave them."""


def fetch(store: Store, model: str, wanted: list[tuple[str, str]]) -> dict[tuple[str, str], Spoken]:
    """Return the sentences by (kind, id) of the things that have any, in one query."""
    rows = store.query(
        """select kind, subject_id, text, vector from sentence
           where kind in :kinds and subject_id in :ids and model = :model order by kind, subject_id, position""",
        {
            "kinds": sorted({kind for kind, _ in wanted}),  # the key begins with it
            "ids": [subject_id for _, subject_id in wanted],
            "model": model,
        },
    )
    found: dict[tuple[str, str], tuple[list[str], list[bytes]]] = {}
    for row in rows:
        texts, vectors = found.setdefault((row["kind"], row["subject_id"]), ([], []))
        texts.append(row["text"])
        vectors.append(row["vector"])
    return {key: (texts, _joined(vectors)) for key, (texts, vectors) in found.items()}


def _joined(vectors: list[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(vectors), "<f2").astype(np.float32).reshape(len(vectors), -1)


def find(
    need: list[str],
    asked: np.ndarray,
    profile: list[str],
    answers: np.ndarray,
    title: str,
    aside: str = "",
    carries: np.ndarray | None = None,
) -> Reasons:
    """Return the pairs of sentences that explain a match, and what of the need the profile says little about.

    asked (n, d) and answers (m, d): the vectors of the sentences of `need` and `profile`, centred and of length 1.
    aside: the text of the need that is not about the problem (what was tried, what must not change), if it is known.
    carries (m,): how much of the score each sentence of the profile carries (`carrying.carried`), if it is known.
    """
    besides = A_TITLE * _is(need, title) + ASIDE * np.array([sentence in aside for sentence in need])
    whole_need, whole_profile = asked.mean(axis=0), answers.mean(axis=0)
    of_asked = NEAR_THE_WHOLE * asked @ _unit(whole_profile) - _shortness(need) - besides
    of_answers = NEAR_THE_WHOLE * answers @ _unit(whole_need) - _shortness(profile)
    if carries is not None:
        names = np.array([len(sentence.split()) < TOO_SHORT for sentence in profile])
        of_answers = of_answers + CARRIES * (carries - carries.mean()) - A_NAME * names
    # One product of longer vectors gives asked·answer + worth of asked + worth of answer.
    pairs = evidence.find(_with(asked, of_asked, 1), _with(answers, 1, of_answers), answered=-np.inf).pairs
    nearness = asked @ answers.T
    meant = [pairs[0], *(pair for pair in pairs[1:] if nearness[pair.asked, pair.answer] >= evidence.ANSWERED)]
    meetings = [
        _meeting(need[pair.asked], profile[pair.answer], float(nearness[pair.asked, pair.answer])) for pair in meant
    ]
    open_points = np.flatnonzero((nearness.max(axis=1) < LITTLE) & (_shortness(need) == 0) & ~_is(need, title))
    central = sorted(open_points, key=lambda place: -float(asked[place] @ whole_need))[:UNCOVERED]
    return Reasons(meetings, [need[place] for place in sorted(central)])


def _meeting(asked: str, answer: str, score: float) -> Meeting:
    return Meeting(asked, answer, round(score, 4), *evidence.shared_words(asked, answer))


def _shortness(sentences: list[str]) -> np.ndarray:
    """(n,): what is taken from a sentence for each word that it is short of."""
    return A_WORD_SHORT * np.array([max(ENOUGH_WORDS - len(sentence.split()), 0) for sentence in sentences])


def _is(sentences: list[str], title: str) -> np.ndarray:
    return np.array([sentence.strip(" .") == title.strip(" .") for sentence in sentences])


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def _with(vectors: np.ndarray, *columns: np.ndarray | int) -> np.ndarray:
    return np.column_stack([vectors, *(np.broadcast_to(column, len(vectors)) for column in columns)])


def rests(store: Store, model: str, ids: list[str]) -> dict[str, np.ndarray]:
    """Return by id the vectors (m, d) of profiles without each of their sentences, of those that have them all."""
    rows = store.query(
        """select subject_id, rest from sentence
           where kind = 'startup' and subject_id in :ids and model = :model order by subject_id, position""",
        {"ids": ids, "model": model},
    )
    found: dict[str, list[bytes | None]] = {}
    for row in rows:
        found.setdefault(row["subject_id"], []).append(row["rest"])
    return {name: _joined(vectors) for name, vectors in found.items() if all(vectors)}


class Sentences:
    """The sentences of one text and of those it is ranked against, each fetched at most once."""

    def __init__(self, store: Store, model: str, asked: tuple[str, str], kind: str) -> None:
        """Fetch for `asked` (kind, id) and for things of `kind`."""
        self._store, self._model, self._asked, self._kind = store, model, asked, kind
        self._held: dict[str, Spoken | None] = {}
        self.own: Spoken | None = None

    def of(self, ids: list[str]) -> dict[str, Spoken]:
        """Return the sentences by id; of the text asked they come along in the same query, into `own`."""
        missing = [name for name in ids if name not in self._held]
        if missing:
            wanted = [(self._kind, name) for name in missing] + ([] if self._held else [self._asked])
            found = fetch(self._store, self._model, wanted)
            self.own = self.own or found.get(self._asked)
            self._held |= {name: found.get((self._kind, name)) for name in missing}
        return {name: found for name in ids if (found := self._held[name])}

    def heard(self) -> list[str]:
        """Return the ids of those that were asked for and have sentences."""
        return sorted(name for name, found in self._held.items() if found)


class Explain:
    """Gives the reasons of one match after the other, whichever side was asked."""

    def __init__(self, collection: Collection, asked: Texts, own: Spoken | None, need: dict[str, str] | None) -> None:
        """Take the text asked with its sentences; `need` is its row where it is a need, None where it is a startup."""
        self._collection, self._own, self._need = collection, own, need
        if own:
            self._centred = collection.asking.centre(own[1], asked.languages * len(own[0]))
            self._whole = collection.asking.centre(asked.vectors, asked.languages)[0]

    def __call__(
        self, other: Spoken | None, terms: Terms, need: dict[str, str], rests: np.ndarray | None = None
    ) -> Reasons | None:
        """Return the reasons for a match with sentences and words of its own; None where a side has no sentences.

        need: title, tried and keep of the match, where that is a need. rests (m, d): the profile that is the match
        without each of its sentences, if that is known.
        """
        if self._own is None or other is None:
            return None
        answers = self._collection.answering.centre(other[1], [language(terms)] * len(other[0]))
        if self._need:
            carries = None
            if rests is not None and len(rests) == len(answers) > 1:
                without = self._collection.answering.centre(rests, [language(terms)] * len(rests))
                carries = carried(self._collection, self._whole, self._centred, answers, without)
            return find(self._own[0], self._centred, other[0], answers, **_about(self._need), carries=carries)
        return find(other[0], answers, self._own[0], self._centred, **_about(need))

    def coverage(self, others: Sequence[tuple[Spoken, Terms]]) -> tuple[np.ndarray, list[str]]:
        """Return how near each profile comes to each sentence of the need asked: (profiles, sentences), and these.

        Titles and short remarks are not among them. Cosines of centred vectors, to the nearest sentence of the profile.
        """
        sentences, vectors = self._own[0], self._centred
        asks = np.flatnonzero((_shortness(sentences) == 0) & ~_is(sentences, self._need["title"]))
        near = np.zeros((len(others), len(asks)), np.float32)
        for number, (spoken, terms) in enumerate(others):
            answers = self._collection.answering.centre(spoken[1], [language(terms)] * len(spoken[0]))
            near[number] = (vectors[asks] @ answers.T).max(axis=1)
        return near, [sentences[place] for place in asks]


def _about(need: dict[str, str]) -> dict[str, str]:
    return {"title": need["title"], "aside": f"{need['tried']}\n{need['keep']}"}


def needs(store: Store, ids: list[str]) -> dict[str, dict[str, str]]:
    """Return by id what of needs is not about the problem: title, what was tried, what must not change."""
    rows = store.query("select id, title, tried, keep from need where id in :ids", {"ids": ids})
    return {row["id"]: row for row in rows}
