"""Why these two? The pairs of sentences of a need and of a profile that meet, and the words that both have."""

import math
import re

import numpy as np

PAIRS = 3
# Centred cosine. In the demo hub nine of ten sentences find nothing nearer in a profile that was judged irrelevant.
ANSWERED = 0.25
STEM = 4  # letters; a word must be longer to be marked
ENDING = 0.2  # the part of a word that inflection may change

_WORD = re.compile(r"\w+")


def best_pairs(worth: np.ndarray, wanted: int = PAIRS) -> tuple[np.ndarray, np.ndarray]:
    """Find the best pairs of sentences for each of t profiles.

    worth (t, n, m): of each sentence of the need with each of a profile, −inf where there is no such sentence. Returns
    (t, wanted, 2) numbers of the two sentences, the best pair first, and (t, wanted) whether there was a pair to find.
    The highest is taken again and again, its row and column crossed out; rows come back when all are used, so that no
    sentence of a profile is shown twice, nor one of the need before each other one was.
    """
    every, columns = np.arange(len(worth)), worth.shape[2]
    left, used = worth.copy(), np.zeros(worth.shape[:2], bool)
    places, values = np.empty((len(worth), wanted), np.int64), np.empty((len(worth), wanted), worth.dtype)
    for number in range(wanted):
        fresh = np.where(used[:, :, None], -np.inf, left).reshape(len(worth), -1)
        again = fresh.max(axis=1) == -np.inf
        if again.any():
            fresh[again] = left.reshape(len(worth), -1)[again]
        places[:, number] = best = fresh.argmax(axis=1)
        values[:, number] = fresh[every, best]
        used[every, best // columns] = True
        left[every, :, best % columns] = -np.inf
    order = np.argsort(-values, axis=1, kind="stable")
    places = np.take_along_axis(places, order, axis=1)
    found = np.take_along_axis(values, order, axis=1) > -np.inf
    return np.stack([places // columns, places % columns], axis=2), found


def shared_words(one: str, other: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Find the places (start, end) in each text of the words that the other has too, inflected or inside a compound."""
    mine, theirs = _words(one), _words(other)
    alike = [[stem in b if len(a) <= len(b) else other in a for _, _, b, other in theirs] for _, _, a, stem in mine]
    in_one = [(start, end) for (start, end, *_), row in zip(mine, alike, strict=True) if any(row)]
    in_other = [(start, end) for (start, end, *_), *row in zip(theirs, *alike, strict=True) if any(row)]
    return in_one, in_other


def telling(text: str) -> list[str]:
    """Return the words of a text that carry meaning, in their order."""
    return [text[start:end] for start, end, *_ in _words(text)]


def _words(text: str) -> list[tuple[int, int, str, str]]:
    """Where words stand that are long enough to carry meaning, in lower case, and their stems.

    In Swedish and English the shorter ones are mostly grammar.
    """
    found = ((match.start(), match.end(), match.group().lower()) for match in _WORD.finditer(text))
    return [(*word, _stem(word[2])) for word in found if word[1] - word[0] > STEM and word[2] not in _GRAMMAR]


def _stem(word: str) -> str:
    """Return a word but for an ending of a fifth of its letters: a longer word that has it inside is alike."""
    return word[: max(STEM + 1, math.ceil((1 - ENDING) * len(word)))]


_GRAMMAR = frozenset(
    """aldrig alla allt alltid andra annan behöver bland blivet blivit både denna deras dessa detta dock därför efter
    eftersom eller endast finns fler flera från genom gäller hade handlar helt hennes honom inför ingen
    ingenting inget innan inom inte kommer kunde kunna medan mellan menar mycket många måste någon någonting något
    några också olika redan samma samt sedan sina sitt själv själva skall skulle sådan sådana sådant tills under
    utan vara varandra varför varit varje varken vidare vilka vilken vilket vissa visst ytterligare ännu även över

    about after again against already also although among another because been before being below between
    could does doing during each every from further have having into itself many might more most must only
    other ought over same should since some such than that their them themselves then there these they this
    those through today under until very want well were what when where which while will with within without
    would your""".split()  # noqa: SIM905 — one word a line would be a hundred lines
)
