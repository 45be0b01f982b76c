"""Characters that a reader does not see, or takes for others: taken out of every text that is saved, and counted.

Hidden text is how a page is made to say one thing to a person and another to a machine. Unicode names the ways:
invisible and bidirectional control characters (UAX 9, UTS 39), and letters of one script that look like another's.
"""

from __future__ import annotations

import re
import unicodedata

# Controls, soft hyphen, zero-width and bidirectional characters, fillers that print nothing, tags.
INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)

# Cyrillic and Greek letters that are drawn as Latin ones (the single-letter rows of confusables.txt, UTS 39).
_LOOKS_LIKE = dict(
    zip(
        "асԁеһіјӏոорԛѕԝхуАВСЕНІЈКМОРЅТХУαιονρυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "acdehijlnopqswxyABCEHIJKMOPSTXYaiovpuABEZHIKMNOPTYX",
        strict=True,
    )
)
# Between words they part them for a machine and glue them for a reader.
_TURNS = re.compile("(?<=\\w)[\u202a-\u202e\u2066-\u2069]+(?=\\w)")
_WORD = re.compile(r"[^\W\d_]+")
_OTHER_SCRIPT = re.compile("[\u0370-\u03ff\u0400-\u052f\u0531-\u0587]")


def visible(text: str) -> str:
    """Return text without characters that print nothing, and with letters that pose as Latin ones written as such."""
    return unmasked(INVISIBLE.sub("", _TURNS.sub(" ", text)))


def hidden(text: str) -> int:
    """Return how many characters `visible` would take away or write as another."""
    plain = INVISIBLE.sub("", text)
    posing = sum(a != b for a, b in zip(plain, unmasked(plain), strict=True))
    return len(text) - len(plain) + posing


def unmasked(text: str) -> str:
    """Return text with look-alike letters as Latin ones, in words that mix scripts or stand among Latin ones.

    A word of another script with a letter of its own, so any real Russian or Greek word but the very shortest, stays.
    """
    if not _OTHER_SCRIPT.search(text):
        return text
    latin = sum("LATIN" in unicodedata.name(letter, "") for letter in text if letter.isalpha())
    much = 3 * latin > sum(letter.isalpha() for letter in text)
    return _WORD.sub(lambda found: _as_latin(found.group(), much), text)


def _as_latin(word: str, in_latin_text: bool) -> str:
    others = [letter for letter in word if _OTHER_SCRIPT.match(letter)]
    if not others or any(letter not in _LOOKS_LIKE for letter in others):
        return word
    if len(others) == len(word) and not in_latin_text:
        return word
    return "".join(_LOOKS_LIKE.get(letter, letter) for letter in word)
