"""The order of Swedish words. The engines know no Swedish, so what a person reads is sorted here."""

from __future__ import annotations

import unicodedata

_SWEDISH = str.maketrans({"å": "{a", "ä": "{b", "æ": "{b", "ö": "{c", "ø": "{c", "ü": "y"})


def swedish_key(text: str) -> tuple[str, str]:
    """Return the key that sorts names as Swedish does: å, ä, ö after z; ü as y; other accents as their letter."""
    letters = text.casefold()
    if letters.isascii():
        return letters, text
    letters = unicodedata.normalize("NFC", letters).translate(_SWEDISH)
    plain = "".join(mark for mark in unicodedata.normalize("NFD", letters) if not unicodedata.combining(mark))
    return plain, text
