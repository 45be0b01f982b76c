"""What the benchmarks measure on: real embeddings of the demo hub's texts, repeated with noise up to a size."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from typing import TypeVar

import numpy as np

from matcher import config as configuration
from matcher.hub.reference import DATA
from matcher.ranking import lexical
from matcher.ranking.background import Texts
from matcher.ranking.encoder import Encoder, Prompt, load_encoder

Made = TypeVar("Made")
NOISE = 0.1  # of a vector's length


class Apart:
    """The product's model in a process of its own, as in the product.

    Where it is loaded, large blocks of memory are given back at once, and getting them anew would be measured too.
    """

    def __init__(self) -> None:
        """Start the process."""
        self._pool = ProcessPoolExecutor(1, get_context("spawn"))
        self.name, self.fingerprint, self.dimensions = self._pool.submit(_load).result()

    def call(self, work: Callable[[], Made]) -> Made:
        """Return what a function of a module gives there."""
        return self._pool.submit(work).result()

    def encode(self, texts: Sequence[str], prompt: Prompt) -> np.ndarray:
        """See Encoder.encode."""
        return self._pool.submit(_encode, list(texts), prompt).result()


@cache
def _encoder() -> Encoder:
    settings = configuration.read()
    return load_encoder(settings.model, settings.instance)


def _load() -> tuple[str, str, int]:
    return _encoder().name, _encoder().fingerprint, _encoder().dimensions


def _encode(texts: list[str], prompt: Prompt) -> np.ndarray:
    return _encoder().encode(texts, prompt)


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
