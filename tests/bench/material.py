"""What the benchmarks measure on: real embeddings of the demo hub's texts, repeated with noise up to a size."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from typing import TypeVar

import numpy as np

from matcher import config as configuration
from matcher.hub import need_content, startups
from matcher.hub.reference import DATA
from matcher.ranking import lexical
from matcher.ranking.background import Texts
from matcher.ranking.encoder import Encoder, Prompt, load_encoder

Made = TypeVar("Made")
NOISE = 0.1  # of a vector's length
PART = 50_000
MOST_ROWS = int(os.environ.get("MATCHER_BENCH_ROWS") or 1_000_000)  # of each file; the notebook's test takes few


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

    def close(self) -> None:
        """End the process."""
        self._pool.shutdown()

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
        return [json.loads(line) for line in file if line.strip()][:MOST_ROWS]


def texts_of(encoder: Encoder, texts: list[str], prompt: str) -> Texts:
    """Return texts with their vectors and words."""
    return Texts(encoder.encode(texts, prompt), [lexical.terms(text) for text in texts])


@cache
def demo_texts(encoder: Encoder) -> tuple[Texts, Texts]:
    """Return the demo's startups and its needs."""
    return (
        texts_of(encoder, ["\n".join(startups.sections(row)) for row in rows("startups")], "passage"),
        texts_of(encoder, ["\n".join(need_content.sections(row)) for row in rows("needs")], "query"),
    )


def repeated(texts: Texts, size: int) -> Texts:
    """Return so many texts: vectors with noise, words as they are."""
    return Texts(noisy(texts.vectors, size), [texts.terms[place % len(texts)] for place in range(size)])


def noisy(vectors: np.ndarray, size: int) -> np.ndarray:
    """(size, d): vectors (n, d) repeated with noise of a tenth of their length, a part at a time to save memory."""
    random, made = np.random.default_rng(0), np.empty((size, vectors.shape[1]), np.float32)
    for start in range(0, size, PART):
        part = made[start : start + PART]
        random.standard_normal(out=part, dtype=np.float32)
        part *= NOISE / np.linalg.norm(part, axis=1, keepdims=True)
        part += vectors[np.arange(start, start + len(part)) % len(vectors)]
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return made
