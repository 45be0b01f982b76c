"""Exact search over many vectors against the floor, reading the same bytes once, and against what others do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle

import numpy as np
import pysqlite3
import sqlite_vec
import torch
from sentence_transformers import util
from sklearn.neighbors import NearestNeighbors

from matcher.hub import need_content, startups
from matcher.ranking.encoder import Encoder
from matcher.ranking.vectors import Vectors, highest

from .material import repeated, rows, texts_of
from .timing import Ratio, ratio

MANY, VERY_MANY, ASKED = 100_000, 1_000_000, 1_000
TOP = 10
SETS = 64


def run(encoder: Encoder) -> Iterator[Ratio]:
    """Measure the exact top ten, many questions at once, a filter, and three libraries."""
    torch.set_num_threads(1)
    offered = texts_of(encoder, ["\n".join(startups.sections(row)) for row in rows("startups")], "passage")
    wanted = texts_of(encoder, ["\n".join(need_content.sections(row)) for row in rows("needs")], "query")
    asked = repeated(wanted, ASKED).vectors
    for size, goal in ((VERY_MANY, "≤ 1.25"), (MANY, "≤ 1.15")):
        matrix = repeated(offered, size).vectors
        vectors = Vectors(matrix)
        yield ratio(f"exact top 10 of {size:,}, against reading the same bytes once", goal,
                    _top(vectors, asked[0]), _read(matrix))  # fmt: skip
    yield from _others(matrix, vectors, asked[0])
    together = ratio("32 questions at once, against one alone (÷ 32 per question)", "≤ 8",
                     lambda: vectors.nearest(asked[:32], TOP), _top(vectors, asked[0]))  # fmt: skip
    yield together
    # Other rows each time: those just read would lie in the processor's caches.
    random = np.random.default_rng(1)
    kept = [np.sort(random.permutation(MANY)[: MANY // 100]) for _ in range(SETS)]
    few, ours, theirs = [matrix[places] for places in kept], cycle(range(SETS)), cycle(range(SETS))
    yield ratio("top 10 of the 1 % that a filter keeps, against reading these rows", "≤ 4",
                lambda: highest(matrix.take(kept[next(ours)], axis=0) @ asked[0], TOP),
                lambda: _read(few[next(theirs)])())  # fmt: skip
    yield ratio(f"top 20 of {MANY:,} for {ASKED:,} questions, against sgemm's best for as many products", "≤ 1.28",
                lambda: vectors.nearest(asked, 20), _multiplied(ASKED * MANY * matrix.shape[1]))  # fmt: skip


def _others(matrix: np.ndarray, vectors: Vectors, asked: np.ndarray) -> Iterator[Ratio]:
    ours = _top(vectors, asked)
    nearest = NearestNeighbors(n_neighbors=TOP, metric="cosine", algorithm="brute").fit(matrix)
    corpus, question = torch.from_numpy(matrix), torch.from_numpy(asked[None])
    ask = asked[None]
    yield ratio(
        "scikit-learn's NearestNeighbors by cosine, against ours", "≥ 12", lambda: nearest.kneighbors(ask), ours
    )
    yield ratio("sentence_transformers.util.semantic_search, against ours", "≥ 12",
                lambda: util.semantic_search(question, corpus, top_k=TOP), ours)  # fmt: skip
    connection = pysqlite3.connect(":memory:")
    connection.enable_load_extension(True)
    sqlite_vec.load(connection)
    connection.execute(f"create virtual table v using vec0(e float[{matrix.shape[1]}])")
    connection.executemany("insert into v(rowid, e) values (?, ?)", enumerate(row.tobytes() for row in matrix))
    search = f"select rowid from v where e match ? order by distance limit {TOP}"
    yield ratio("sqlite-vec, float, against ours", "≥ 5",
                lambda: connection.execute(search, [asked.tobytes()]).fetchall(), ours)  # fmt: skip


def _top(vectors: Vectors, asked: np.ndarray) -> Callable[[], np.ndarray]:
    return lambda: highest(vectors.dot(asked), TOP)


def _read(matrix: np.ndarray) -> Callable[[], object]:
    """Return what reads the bytes of a matrix once, as fast as NumPy can: the largest of them as whole numbers.

    Of 32 bits, for these are compared quickest: those of 64, floats and a product with itself took 5 to 20 % more.
    """
    numbers = np.ascontiguousarray(matrix).reshape(-1).view(np.int32)
    return lambda: numbers.max()


def _multiplied(products: int) -> Callable[[], object]:
    """Return what multiplies large square matrices, as many numbers as `products`."""
    side = 1024
    square = np.random.default_rng(2).standard_normal((side, side), dtype=np.float32)
    times = round(products / side**3)

    def multiply() -> None:
        for _ in range(times):
            square @ square

    return multiply
