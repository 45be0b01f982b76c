"""Run every benchmark and print one table: `make bench`. One thread, real embeddings of the demo hub's texts.

Where a size needs more texts than the demo has, its vectors are repeated with noise of a tenth of their length and its
words as they are.
"""

from __future__ import annotations

import os

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # some machines set them for another processor
    os.environ.pop(name, None)
os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

from tests.bench import (  # noqa: E402 — threads are counted when numpy is imported
    embedding,
    exact,
    material,
    plan_cost,
    ranking_cost,
    words,
)

if __name__ == "__main__":
    print(f"{'':<96} {'ratio':>8}  {'goal':<9} {'measured':>14} {'against':>14}")
    encoder = material.Apart()
    for part in (ranking_cost, exact, words, plan_cost, embedding):
        for measured in part.run(encoder):
            print(measured, flush=True)
