"""The plan of a round by min-cost flow over the best arcs, against the dense problem."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.optimize import linear_sum_assignment

from matcher.hub import need_content, startups
from matcher.ranking import planning
from matcher.ranking.assignment import Round
from matcher.ranking.encoder import Encoder

from .material import repeated, rows, texts_of
from .timing import Ratio, ratio

NEEDS, STARTUPS = 1_000, 10_000


def run(encoder: Encoder) -> Iterator[Ratio]:
    """Measure one need, one startup each; raise AssertionError unless both give the same sum."""
    wanted = texts_of(encoder, ["\n".join(need_content.sections(row)) for row in rows("needs")], "query")
    offered = texts_of(encoder, ["\n".join(startups.sections(row)) for row in rows("startups")], "passage")
    scores = repeated(wanted, NEEDS).vectors @ repeated(offered, STARTUPS).vectors.T
    round_ = Round(np.ones(NEEDS, np.int64), np.ones(STARTUPS, np.int64))
    plan, _ = planning.solve_dense(round_, scores)
    best = scores[linear_sum_assignment(scores, maximize=True)].sum(dtype=np.float64)
    assert abs(plan.total - best) <= 1e-5 * NEEDS, (plan.total, best)
    every = planning.dense(scores)
    yield ratio("the same flow over all pairs, against our plan of the same sum", "≥ 8",
                lambda: planning.solve(round_, every),
                lambda: planning.solve_dense(round_, scores), rounds=1)  # fmt: skip
    yield ratio(f"scipy's dense assignment of {NEEDS:,} × {STARTUPS:,}, against our plan of the same sum", "",
                lambda: linear_sum_assignment(scores, maximize=True),
                lambda: planning.solve_dense(round_, scores), rounds=5)  # fmt: skip
