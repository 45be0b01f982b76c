"""Run every benchmark and print one table: `make bench`. One thread, real embeddings of the demo hub's texts.

Where a size needs more texts than the demo has, its vectors are repeated with noise of a tenth of their length and its
words as they are.
"""

from __future__ import annotations

import os
import sys

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # some machines set them for another processor
    os.environ.pop(name, None)
os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

from tests.bench import (  # noqa: E402 — threads are counted when numpy is imported
    cold,
    embedding,
    exact,
    material,
    pages,
    pgvector_cost,
    plan_cost,
    queued,
    ranking_cost,
    sharing,
    words,
)

PARTS = (ranking_cost, exact, words, plan_cost, embedding, pages, queued, cold, sharing, pgvector_cost)

if __name__ == "__main__":
    chosen = [part for part in PARTS if part.__name__.rpartition(".")[2] in sys.argv[1:]] or PARTS
    print(f"{'':<96} {'ratio':>8}  {'goal':<9} {'measured':>14} {'against':>14}")
    encoder = material.Apart()
    for part in chosen:
        for measured in part.run(encoder):
            print(measured, flush=True)
