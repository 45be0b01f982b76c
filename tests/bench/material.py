"""What the benchmarks measure on: real embeddings of the demo hub's texts, repeated with noise up to a size."""

from __future__ import annotations

import json

import numpy as np

from matcher import config as configuration
from matcher.hub.reference import DATA
from matcher.ranking import lexical
from matcher.ranking.background import Texts
from matcher.ranking.encoder import Encoder, load_encoder

NOISE = 0.1  # of a vector's length


def encoder() -> Encoder:
    """Return the product's model."""
    settings = configuration.read()
    return load_encoder(settings.model, settings.instance)


def rows(name: str) -> list[dict[str, object]]:
    """Return the rows of one file of the demo."""
    with (DATA / "demo" / f"{name}.jsonl").open(encoding="utf8") as file:
        return [json.loads(line) for line in file if line.strip()]


def texts_of(encoder: Encoder, texts: list[str], prompt: str) -> Texts:
    """Return texts with their vectors and words."""
    return Texts(encoder.encode(texts, prompt), [lexical.terms(text) for text in texts])


def repeated(texts: Texts, size: int) -> Texts:
    """Return so many texts: vectors with noise, words as they are."""
    places = np.arange(size) % len(texts)
    random = np.random.default_rng(0)
    noise = random.standard_normal((size, texts.vectors.shape[1]), dtype=np.float32)
    vectors = texts.vectors[places] + NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Texts(vectors, [texts.terms[place] for place in places])
