"""Ids: random text that cannot be guessed, never a running number."""

from __future__ import annotations

import base64
import hashlib
import secrets


def new_id() -> str:
    """Return 16 lower-case characters with 80 random bits; safe in URLs, file names and on a command line."""
    return base64.b32encode(secrets.token_bytes(10)).decode("ascii").lower()


def new_token() -> str:
    """Return a 256-bit secret for a session or a link; only its hash is stored."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return the SHA-256 of a token as hex. Tokens are random, so no salt or slow hash is needed."""
    return hashlib.sha256(token.encode("utf8", "replace")).hexdigest()
