"""Why these two? The sentences of a need and of a profile that meet, what nothing answers, and the shared words.

Bare sentence cosine lies in E5's narrow cone like that of whole texts, so both sides are centred by the means of the
background first (background.Mean). The best sentence alone ranks worse than the whole text (docs/ranking.md), so it
is only one part of the score.
"""

import math
import re
from dataclasses import dataclass

import numpy as np

PAIRS = 3
# Centred cosine. In the demo hub nine of ten sentences find nothing nearer in a profile that was judged irrelevant.
ANSWERED = 0.25
STEM = 4  # letters; a word must be longer to be marked
ENDING = 0.2  # the part of a word that inflection may change

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Pair:
    """Sentence number `asked` of the need and number `answer` of the profile, and their centred cosine."""

    asked: int
    answer: int
    score: float


@dataclass(frozen=True)
class Evidence:
    """The best pairs, best first, and the numbers of the need's sentences that nothing in the profile answers."""

    pairs: list[Pair]
    uncovered: list[int]


def find(asked: np.ndarray, answers: np.ndarray, pairs: int = PAIRS, answered: float = ANSWERED) -> Evidence:
    """Find the best pairs of (n, d) sentence vectors of a need and (m, d) of a profile, both centred and of length 1.

    No sentence of the profile is shown twice, nor one of the need before each other sentence that has an answer was.
    """
    if not len(asked) or not len(answers):
        return Evidence([], list(range(len(asked))))
    scores = np.asarray(asked @ answers.T, dtype=float)
    uncovered = np.flatnonzero(scores.max(axis=1) < answered).tolist()
    return Evidence(_best_pairs(scores, pairs, answered), uncovered)


def _best_pairs(scores: np.ndarray, wanted: int, answered: float) -> list[Pair]:
    """Take the highest score again and again, crossing out its row and column; rows come back when all are used."""
    left, found = scores.copy(), []
    used_rows = np.zeros(len(scores), bool)
    while len(found) < min(wanted, scores.shape[1]):
        fresh = np.where(used_rows[:, None], -np.inf, left)
        if found and fresh.max() < answered:
            fresh = left
        asked, answer = np.unravel_index(np.argmax(fresh), fresh.shape)
        if found and fresh[asked, answer] < answered:
            break
        found.append(Pair(int(asked), int(answer), float(scores[asked, answer])))
        used_rows[asked] = True
        left[:, answer] = -np.inf
    return sorted(found, key=lambda pair: -pair.score)


def shared_words(one: str, other: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Find the places (start, end) in each text of the words that the other has too, inflected or inside a compound."""
    mine, theirs = _words(one), _words(other)
    alike = [[_alike(a, b) for _, _, b in theirs] for _, _, a in mine]
    in_one = [(start, end) for (start, end, _), row in zip(mine, alike, strict=True) if any(row)]
    in_other = [(start, end) for i, (start, end, _) in enumerate(theirs) if any(row[i] for row in alike)]
    return in_one, in_other


def telling(text: str) -> list[str]:
    """Return the words of a text that carry meaning, in their order."""
    return [text[start:end] for start, end, _ in _words(text)]


def _words(text: str) -> list[tuple[int, int, str]]:
    """Words long enough to carry meaning; in Swedish and English the shorter ones are mostly grammar."""
    found = ((match.start(), match.end(), match.group().lower()) for match in _WORD.finditer(text))
    return [word for word in found if word[1] - word[0] > STEM and word[2] not in _GRAMMAR]


def _alike(one: str, other: str) -> bool:
    """Whether the longer word has the shorter in it, but for an ending of a fifth of its letters."""
    short, long = sorted((one, other), key=len)
    return short[: max(STEM + 1, math.ceil((1 - ENDING) * len(short)))] in long


_GRAMMAR = frozenset(
    """alla allt andra annan behöver bland både denna deras dessa detta efter eftersom eller endast finns flera
    fler från genom gäller hade handlar helt inför inom innan inte kommer kunna kunde många medan mellan menar
    mycket måste några något olika också sedan samma samt sina skall skulle sådan sådana under utan vara varit
    varje vilka vilket även över

    about after again against already also although among another because been before being below between
    could does doing during each every from further have having into itself many might more most must only
    other ought over same should since some such than that their them themselves then there these they this
    those through today under until very want well were what when where which while will with within without
    would your""".split()  # noqa: SIM905 — one word a line would be a hundred lines
)
