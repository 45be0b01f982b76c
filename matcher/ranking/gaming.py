"""Nothing is for sale: what of a text is ranked, so that stuffing it does not lift it.

- characters that nobody sees, and letters that pose as others: taken out (`hub.lettering`)
- what a text says again in the same words: counted once
- what a profile has of a published need, word for word or its words in a list: left out, and shown to the brokers
- the name of another company: left out of what is ranked, and shown to the brokers
- profiles that are nearly the same: one stands among the first ten, the others are named beside it

Nothing is hidden: who wrote the profile and the brokers read what was left out and why, and a broker may take it in
again. A text in which somebody claims in words of their own what is not true, no machine can tell.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..hub import lettering
from ..hub.organisations import name_key
from . import lexical, windows
from .background import Texts
from .lexical import Terms

AGAIN = 8  # words in a row; no text of the demo hub says so many twice, some long abstracts do
# (words in a row, how much of their four-grams a need has, weighed by how rare they are among needs): passages, also
# shuffled or lightly edited, and lists of a need's words. No profile of the demo hub has any of it (docs/ranking.md).
PASSAGE, LISTED = (30, 0.72), (12, 0.97)
VERBATIM = 9  # words of a need in a row, in its order
# Words that a need's title has at least: anywhere in a text; and as a sentence or a line of its own, for shorter ones
# are turns of phrase.
TITLE, TITLE_ALONE = 7, 5
ONCE_FOUND = 4  # words in a row that count as copied from a need of which more was found
STRIDE = 3
ALIKE = 0.8  # of the four-grams of both texts together
NAME = 4  # letters; a shorter name stands in too much
FIRST = 10  # places among which nearly the same profiles do not stand side by side
NEAR = 0.95  # raw cosine, below which no two texts are compared by their words

_WORD = re.compile(r"[^\W_]+")
_NO_WORD = re.compile(r"[^\W_]{61,}")  # glued together, so that no window finds the words
_ENDED = re.compile(r"(?:^|[.!?\n])[^\w\n]*\Z")  # a text after which a new sentence begins
_PARTS = re.compile(r"[.!?:;\n]")
_VARIATION = re.compile("[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")


@dataclass(frozen=True)
class Copied:
    """A passage `text` of a profile that stands in need number `need` of those it was compared with."""

    text: str
    need: int


@dataclass(frozen=True)
class Named:
    """A name `text` in a profile that is the one of another company's profile, by its id."""

    text: str
    startup: str


def read(text: str) -> str:
    """Return what is ranked of a text by itself: visible letters, each passage once."""
    return once(plain(text))[0]


def plain(text: str) -> str:
    """Return a text as its letters look: no invisible marks, no letters of one script for another's."""
    return _NO_WORD.sub(" ", lettering.visible(_VARIATION.sub("", unicodedata.normalize("NFC", text))))


def once(text: str) -> tuple[str, list[str]]:
    """Return a text without every run of AGAIN words or more that stood in it before, and these runs."""
    words = list(_WORD.finditer(text))
    lower = [word.group().lower() for word in words]
    seen: set[tuple[str, ...]] = set()
    marked = np.zeros(len(words), bool)
    for start in range(len(words) - AGAIN + 1):
        run = tuple(lower[start : start + AGAIN])
        if run in seen:
            marked[start : start + AGAIN] = True
        seen.add(run)
    return _without(text, words, marked)


def _without(text: str, words: list[re.Match[str]], marked: np.ndarray) -> tuple[str, list[str]]:
    """Return the text without its marked words and the marks after them, and the runs that were left out."""
    if not marked.any():
        return text, []
    kept, left_out, end = [], [], 0
    for first, last in runs(marked):
        start = words[first].start()
        stop = words[last + 1].start() if last + 1 < len(words) else len(text)
        passage = text[start:stop]
        ends = "\n" if "\n" in passage[words[last].end() - start :] else " "
        kept.append(text[end:start] + ends)
        left_out.append(passage.strip())
        end = stop
    rest = "".join([*kept, text[end:]])
    return "\n".join(line.strip() for line in rest.splitlines() if _WORD.search(line)), left_out


def runs(marked: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield first and last position of every run of true values in (n,) bools."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    yield from ((int(first), int(after) - 1) for first, after in zip(edges[::2], edges[1::2], strict=True))


class Needs:
    """Published needs by their four-grams, for finding what a profile has of them."""

    def __init__(
        self, terms: Sequence[Terms], titles: Sequence[str], texts: Callable[[list[int]], Sequence[str]]
    ) -> None:
        """Take the terms and titles of the needs, in the order by which they are numbered.

        texts: gives the whole texts of the needs of these numbers, in their order; asked for those that may be copied
        from, a block at a time.
        """
        self._texts = texts
        self._titles = [_spelt(title) for title in titles]
        self._needs = windows.Others(terms)

    def without(self, text: str) -> tuple[str, list[Copied]]:
        """Return a text without the passages that stand in a need, and those passages."""
        found = list(_WORD.finditer(text))
        if not self._needs.count or not found:
            return text, []
        spelt = [word.group().lower() for word in found]
        words, owner = windows.Words(spelt), np.full(len(found), -1)
        self._mark_titles(spelt, _parted(text, found), owner)
        self._mark_verbatim(spelt, VERBATIM, self._needs.with_all(words, VERBATIM), owner)
        for size, least in (LISTED, PASSAGE):
            for starts, shares in self._needs.shares(words, size, STRIDE):
                best = shares.argmax(axis=1)
                for row in np.flatnonzero(shares[np.arange(len(best)), best] >= least):
                    _mark(owner, starts[row], size, best[row])
        self._trim(words, owner)
        self._mark_verbatim(spelt, ONCE_FOUND, np.unique(owner[owner >= 0]), owner)
        rest, passages = _without(text, found, owner >= 0)
        owners = [int(owner[first]) for first, _ in runs(owner >= 0)]
        return rest, [Copied(passage, need) for passage, need in zip(passages, owners, strict=True)]

    def _trim(self, words: windows.Words, owner: np.ndarray) -> None:
        """Give back the words at both ends of a marked run that the need does not have: windows reach too far."""
        marked = np.flatnonzero(owner >= 0)
        theirs = np.zeros(len(owner), bool)
        theirs[marked] = self._needs.have(words, marked, owner[marked])
        for first, last in list(runs(owner >= 0)):
            while first <= last and not theirs[first]:
                owner[first] = -1
                first += 1
            while first <= last and not theirs[last]:
                owner[last] = -1
                last -= 1

    def _mark_titles(self, words: list[str], parted: list[bool], owner: np.ndarray) -> None:
        """Mark whole titles, by the place of their first word among `words`; `parted` is of `_parted`."""
        spelt = f" {' '.join(words)} "
        for need, title in enumerate(self._titles):
            size = title.count(" ") + 1
            at = spelt.find(f" {title} ") if size >= TITLE_ALONE else -1
            while at >= 0:
                start = spelt.count(" ", 0, at)
                if size >= TITLE or (parted[start] and parted[start + size]):
                    _mark(owner, start, size, need)
                at = spelt.find(f" {title} ", at + 1)

    def _mark_verbatim(self, words: list[str], size: int, among: np.ndarray, owner: np.ndarray) -> None:
        """Mark `size` words in a row that stand so in one of these needs; the first of the needs counts."""
        places: dict[tuple[str, ...], list[int]] = {}
        for start, run in enumerate(_in_a_row(words, size)):
            places.setdefault(run, []).append(start)
        found: list[tuple[int, int]] = []
        for block in (among[first : first + windows.BLOCK].tolist() for first in range(0, len(among), windows.BLOCK)):
            for need, text in zip(block, self._texts(block), strict=True):
                theirs = _in_a_row(_spelt(plain(text)).split(), size)
                found += [(start, need) for run in theirs for start in places.pop(run, ())]
        for start, need in sorted(found):
            _mark(owner, start, size, need)


class Names:
    """The names of published profiles, for finding those of others in a profile."""

    def __init__(self, profiles: Iterable[tuple[str, str, str]]) -> None:
        """Take id, name and organisation of each profile."""
        self._by_first: dict[str, list[tuple[tuple[str, ...], str, str]]] = defaultdict(list)
        for startup, name, organisation in profiles:
            key = name_key(name).split()
            words = tuple(word.group() for word in _WORD.finditer(name) if word.group().casefold() in key)
            if sum(map(len, words)) >= NAME:
                self._by_first[words[0]].append((words, startup, organisation))

    def without(self, text: str, name: str, organisation: str) -> tuple[str, list[Named]]:
        """Return the text of a profile of this name and organisation without the names of others, and these.

        A name counts as it is spelt, for "en samlad bild" is no company. One word is a name inside a sentence, where
        its company's form follows, or with a capital in the middle; else it may be the first word of a sentence.
        Another profile of the organisation is no other company, nor is one whose name begins with the same word.
        """
        found = list(_WORD.finditer(text))
        own, marked, names = name_key(name).split()[:1], np.zeros(len(found), bool), []
        for place, word in enumerate(found):
            for words, startup, other in self._by_first.get(word.group(), ()):
                after = place + len(words)
                if tuple(part.group() for part in found[place:after]) != words:
                    continue
                if other == organisation or [words[0].casefold()] == own or not _is_name(text, found, place, words):
                    continue
                marked[place:after] = True
                names.append(Named(" ".join(words), startup))
        return _without(text, found, marked)[0], names


def _is_name(text: str, found: list[re.Match[str]], place: int, words: tuple[str, ...]) -> bool:
    """Say whether these words, found as they are spelt, stand for a name where they are."""
    if len(words) > 1 or any(letter.isupper() for letter in words[0][1:]):
        return True
    if place + 1 < len(found) and not name_key(found[place + 1].group()):
        return True  # "Halltid AB"
    return words[0][0].isupper() and not _ENDED.search(text[: found[place].start()])


def _parted(text: str, words: list[re.Match[str]]) -> list[bool]:
    """Say of each place before, between and after the words whether a sentence or a line begins or ends there."""
    between = (text[one.end() : other.start()] for one, other in pairwise(words))
    return [True, *(bool(_PARTS.search(gap)) for gap in between), True]


def _in_a_row(words: list[str], size: int) -> Iterator[tuple[str, ...]]:
    return zip(*(words[place:] for place in range(size)), strict=False)


def _mark(owner: np.ndarray, start: int, size: int, need: int) -> None:
    """Write a need's number over `size` words, where no other stands."""
    part = owner[start : start + size]
    part[part < 0] = need


def _spelt(text: str) -> str:
    return " ".join(word.group().lower() for word in _WORD.finditer(text))


def shares(texts: Sequence[Terms], others: Sequence[Terms]) -> np.ndarray:
    """(texts, others): the four-grams that both have, as a share of those that either has (Jaccard); 0 to 1."""
    one, two = lexical.matrix(texts), lexical.matrix(others)
    one.data[:], two.data[:] = 1, 1
    both = (one @ two.T).toarray()
    sizes = np.diff(one.indptr)[:, None] + np.diff(two.indptr)[None]
    return both / np.maximum(sizes - both, 1)


def share(one: Terms, other: Terms) -> float:
    """Return the same for two texts alone, a hundredth of the time of a matrix of one; 0 where both are empty."""
    both = len(np.intersect1d(one.ids, other.ids, assume_unique=True))
    return both / max(len(one.ids) + len(other.ids) - both, 1)


_Said = tuple[Terms, np.ndarray]
"""The words of a text, and its vector (d,)."""


def spread(order: np.ndarray, texts: Texts) -> tuple[np.ndarray, dict[int, list[int]]]:
    """Let only one of a group of nearly the same texts stand among the first FIRST of an order.

    order: (n,) places in `texts`, best first. However many the others are, those that come after them fill the places.
    Returns the order in which the others follow after the first FIRST, and by place of the one that stands there the
    places of the others. With fewer than FIRST groups in all, each has one text before the others follow.
    """
    kept: list[int] = []
    groups: dict[int, list[int]] = {}
    moved: list[int] = []
    known: dict[int, _Said] = {}  # of those that are kept: they are compared again and again
    same: dict[bytes, int] = {}  # who has the very same words is found without comparing them
    for place in order.tolist():
        said = texts.terms[place], texts.vectors[place]
        twin = same.get(words := said[0].ids.tobytes())
        among = kept if twin is None else [twin, *kept]
        first = next((one for one in among if _nearly_same(known[one], said)), None)
        if first is None:
            kept.append(place)
            known[place] = said
            same.setdefault(words, place)
        else:
            groups.setdefault(first, []).append(place)
            moved.append(place)
        if len(kept) == FIRST:
            break
    if not moved:
        return order, {}
    return np.concatenate([np.array([*kept, *moved], order.dtype), order[len(kept) + len(moved) :]]), groups


def _nearly_same(one: _Said, other: _Said) -> bool:
    """Compare the words of two texts, if neither their lengths nor, where both have one, their vectors rule it out."""
    terms, vectors = zip(one, other, strict=True)
    less, more = sorted(len(term.ids) for term in terms)
    if not less or less < ALIKE * more:
        return False
    if vectors[0] @ vectors[1] < NEAR and all(vector.any() for vector in vectors):
        return False
    return np.array_equal(terms[0].ids, terms[1].ids) or share(*terms) >= ALIKE
