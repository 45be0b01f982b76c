"""Embedding of many texts by the product's encoder, against the library it is built on, which sorts them too."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from sentence_transformers import SentenceTransformer

from matcher import config as configuration
from matcher.hub import startups
from matcher.ranking import weights
from matcher.ranking.encoder import SentenceEncoder

from .material import Apart, rows
from .timing import Ratio, ratio

TEXTS = 60


def run(apart: Apart) -> Iterator[Ratio]:
    """Measure where the model is loaded: in the process apart."""
    yield from apart.call(_measured)


def _measured() -> list[Ratio]:
    torch.set_num_threads(1)
    folder = weights.ensure_model(configuration.read().instance / "models")
    plain = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    texts = ["\n".join(startups.sections(row)) for row in rows("startups")[:TEXTS]]

    def theirs() -> object:
        return plain.encode(texts, prompt="passage: ", normalize_embeddings=True, show_progress_bar=False)

    exact, product = SentenceEncoder(folder, half=False), SentenceEncoder(folder)
    return [
        ratio(f"{name}, against the library's own sorted encode in float32", "≤ 1.05",
              lambda made=made: made.encode(texts, "passage"), theirs, rounds=3)
        for name, made in ((f"{TEXTS} profiles embedded in float32", exact), ("as this processor does", product))
    ]  # fmt: skip
