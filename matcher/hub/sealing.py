"""Secrets that the hub must read again: kept encrypted, with a key that is made from MATCHER_SECRET_KEY.

Fernet (AES-128-CBC with HMAC-SHA256) of the `cryptography` library, its key by HKDF-SHA256, another one for each
purpose. Keys from before (MATCHER_OLD_SECRET_KEYS) still open what they sealed; with a new key alone nobody can
read it.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from .errors import HubError


class Unreadable(HubError):
    """What was sealed cannot be opened: another key, or it was changed."""


def seal(keys: Sequence[str], purpose: str, text: str) -> str:
    """Return a text encrypted for a purpose with the first key; the same text never looks the same twice."""
    return _box(keys, purpose).encrypt(text.encode()).decode("ascii")


def unseal(keys: Sequence[str], purpose: str, sealed: str) -> str:
    """Return the text again; raise Unreadable when none of the keys, or another purpose, sealed it."""
    from cryptography.fernet import InvalidToken

    try:
        return _box(keys, purpose).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable("sealed_with_another_key") from None


def _box(keys: Sequence[str], purpose: str):  # noqa: ANN202 - the library is loaded only where something is sealed
    from cryptography.fernet import Fernet, MultiFernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = f"matcher {purpose}".encode()
    made = [HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key.encode()) for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in made])
