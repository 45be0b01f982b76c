"""The ranking as the pages use it: one ranker an application, built once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from ..ranking.encoder import Encoder


def install(app: Flask, encoder: Encoder | None) -> None:
    """Keep the encoder for the application."""
    app.extensions["encoder"] = encoder
