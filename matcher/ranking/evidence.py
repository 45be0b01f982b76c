"""Why these two? The sentences of a need and of a profile that meet, what nothing answers, and the shared words.

Bare sentence cosine lies in E5's narrow cone like that of whole texts, so both sides are centred by the means of the
background first (background.Mean). The pairs explain a score, they do not make it: the best sentence alone ranks worse
than the whole text (docs/ranking.md).
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PAIRS = 3
ANSWERED = 0.3  # centred cosine; below it a sentence of the profile is no answer (docs/ranking.md says how it was set)
STEM = 4
COMMON_PART = 0.7

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
    """The places (start, end) in each text of the words that the other has too, inflected or inside a compound."""
    mine, theirs = _words(one), _words(other)
    alike = [[_alike(a, b) for _, _, b in theirs] for _, _, a in mine]
    in_one = [(start, end) for (start, end, _), row in zip(mine, alike, strict=True) if any(row)]
    in_other = [(start, end) for i, (start, end, _) in enumerate(theirs) if any(row[i] for row in alike)]
    return in_one, in_other


def _words(text: str) -> list[tuple[int, int, str]]:
    """Words long enough to carry meaning; in Swedish and English the shorter ones are mostly grammar."""
    found = ((match.start(), match.end(), match.group().lower()) for match in _WORD.finditer(text))
    return [word for word in found if word[1] - word[0] > STEM and word[2] not in _GRAMMAR]


def _alike(one: str, other: str) -> bool:
    """Whether two words share their beginning, or one long part that is most of the shorter word."""
    short, long = sorted((one, other), key=len)
    if short in long:
        return True
    match = difflib.SequenceMatcher(None, short, long, autojunk=False).find_longest_match()
    return match.size > STEM and match.size >= COMMON_PART * len(short)


_GRAMMAR = frozenset(
    """alla allt andra annan behöver bland både denna deras dessa detta efter eftersom eller endast finns flera fler
    från genom gäller hade handlar helt inför inom innan inte kommer kunna kunde många medan mellan menar mycket måste
    några något olika också sedan samma samt sina skall skulle sådan sådana under utan vara varit varje vilka vilket
    även över

    about after again against already also although among another because been before being below between could does
    doing during each every from further have having into itself many might more most must only other ought over
    same should since some such than that their them themselves then there these they this those through today under
    until very want well were what when where which while will with within without would your""".split()
)
