"""Weights of the parts learned from what was taken up, corrected for where in the list it stood; never the gates.

A broker looks at the first of a list more than at the tenth, so what is taken up favours whatever ranked before. Each
pair taken up therefore counts by one over the chance that its rank was looked at at all (inverse propensity:
Joachims, Swaminathan and Schnabel 2017), against the whole list it was taken from (softmax, Ai et al. 2018).

Guards: weights stay above zero, near the built-in ones where the decisions say little, and within `MOST` times them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import logsumexp

DEPTH = 50  # candidates of a list that a taken-up one is held against
MOST = 3.0  # times, or a share of, the built-in weight
PULL = 10.0  # how strongly the weights are held to the built-in ones, in taken-up pairs at rank 1
STEEPEST = 2.0  # exponent of looking, at most
HEAVIEST = 10.0  # the weight of one pair, at most: a single find on the fifth page must not decide
FIRST = 8


@dataclass(frozen=True)
class Lesson:
    """One need's list: unweighted parts (n, p) of its candidates, and which of them were taken up.

    taken: places in the list. ranks: where each of these stood when it was decided, 1 is best.
    """

    parts: np.ndarray
    taken: np.ndarray
    ranks: np.ndarray


def looking(ranks: Sequence[int], depth: int = DEPTH) -> float:
    """Return η, where a candidate at rank r is looked at with chance r^−η, from the ranks of all decisions.

    Who was looked at was decided about, one way or the other, so decisions thin out as looking does. The likeliest η
    between 0 and STEEPEST, for ranks up to `depth`; 0 without any.
    """
    within = np.log([rank for rank in ranks if 1 <= rank <= depth])
    if not len(within):
        return 0.0
    every = np.log(np.arange(1, depth + 1))

    def unlikely(eta: float) -> float:
        return float(eta * within.sum() + len(within) * logsumexp(-eta * every))

    return float(minimize_scalar(unlikely, bounds=(0.0, STEEPEST), method="bounded").x)


def counts(ranks: np.ndarray, eta: float) -> np.ndarray:
    """(n,): how much each taken-up pair counts: one over the chance that its rank was looked at, at most HEAVIEST."""
    return np.minimum(np.asarray(ranks, float) ** eta, HEAVIEST)


def fit(lessons: Sequence[Lesson], built_in: Mapping[str, float], eta: float) -> dict[str, float]:
    """Return the weights by name of the part; the first part keeps its weight, so that scores keep their size.

    built_in: the weights to start from, in the order of the columns of the lessons' parts.
    """
    start = np.array(list(built_in.values()))

    def loss(asked: np.ndarray) -> tuple[float, np.ndarray]:
        told = np.exp(asked[0]) * start * np.exp(asked[1:])
        value, slope = PULL * float(asked[1:] @ asked[1:]), np.append(0.0, 2 * PULL * asked[1:])
        for lesson in lessons:
            surprise, by_weight = _surprise(lesson, told, eta)
            value += surprise
            slope += np.append((by_weight * told).sum(), by_weight * told)
        return value, slope

    bound = np.log(MOST)
    limits = [(-5.0, 5.0), (0.0, 0.0)] + [(-bound, bound)] * (len(start) - 1)
    found = minimize(loss, np.zeros(len(start) + 1), jac=True, bounds=limits, method="L-BFGS-B").x
    factors = np.exp(found[1:])
    return {name: round(float(value), 4) for name, value in zip(built_in, start * factors, strict=True)}


def _surprise(lesson: Lesson, weights: np.ndarray, eta: float) -> tuple[float, np.ndarray]:
    """Return how little these weights expected what was taken up, and (p,) how that changes with each of them."""
    scores, heavy = lesson.parts @ weights, counts(lesson.ranks, eta)
    every = logsumexp(scores)
    expected = np.exp(scores - every) @ lesson.parts
    value = float(heavy @ (every - scores[lesson.taken]))
    return value, heavy.sum() * expected - heavy @ lesson.parts[lesson.taken]


@dataclass(frozen=True)
class Trial:
    """What was taken up, ranked by the weights of now and by learned ones, each need by weights that never saw it.

    before, after: the share of it among the first, corrected for where it stood. gain: how much higher it stands, by
    the discounted gain 1 ÷ log2(1 + rank), which moves with every rank; error: one standard error of it, over needs.
    """

    before: float
    after: float
    gain: float
    error: float

    @property
    def better(self) -> bool:
        """Whether the gain is more than chance gives one time in six, and nothing is lost among the first."""
        return self.gain > self.error and self.after >= self.before


def trial(
    lessons: Sequence[Lesson], built_in: Mapping[str, float], current: Mapping[str, float], eta: float, folds: int = 5
) -> Trial:
    """Try learned weights against the `current` ones on needs that they have not seen."""
    rows = []
    for fold in range(min(folds, len(lessons))):
        learned = fit([lesson for place, lesson in enumerate(lessons) if place % folds != fold], built_in, eta)
        rows += [_found(lesson, current, learned, eta) for lesson in lessons[fold::folds]]
    before, after, higher, every = np.array(rows, float).reshape(-1, 4).T
    total = float(every.sum())
    if not total:
        return Trial(0.0, 0.0, 0.0, 0.0)
    gain = float(higher.sum()) / total
    error = float(np.sqrt(((higher - every * gain) ** 2).sum())) / total
    return Trial(float(before.sum()) / total, float(after.sum()) / total, gain, error)


def _found(
    lesson: Lesson, current: Mapping[str, float], learned: Mapping[str, float], eta: float
) -> tuple[float, float, float, float]:
    """Return what was taken up among the first by the one and the other, how much higher it stands, and all of it."""
    heavy = counts(lesson.ranks, eta)
    one, other = _above(lesson, current), _above(lesson, learned)
    higher = 1 / np.log2(other + 2) - 1 / np.log2(one + 2)
    return float(heavy @ (one < FIRST)), float(heavy @ (other < FIRST)), float(heavy @ higher), float(heavy.sum())


def _above(lesson: Lesson, weights: Mapping[str, float]) -> np.ndarray:
    """(t,) how many candidates these weights put above each that was taken up."""
    scores = lesson.parts @ np.array(list(weights.values()))
    return (scores[:, None] > scores[lesson.taken]).sum(axis=0)


def exposure(before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]], most: int = 10) -> dict:
    """Return what would change between two sets of first places (startup ids by need).

    needs, changed: how many lists there are, and in how many somebody else would stand. shown: startups that stand in
    any list, before and after. gains, losses: (id, lists before, lists after) of those with most difference.
    """
    earlier, later = _appearances(before), _appearances(after)
    difference = {name: later.get(name, 0) - earlier.get(name, 0) for name in earlier | later}
    order = sorted(difference, key=lambda name: (-difference[name], name))
    told = [(name, earlier.get(name, 0), later.get(name, 0)) for name in order]
    return {
        "needs": len(before),
        "changed": sum(set(before[need]) != set(after.get(need, ())) for need in before),
        "shown": [len(earlier), len(later)],
        "gains": [list(row) for row in told[:most] if row[2] > row[1]],
        "losses": [list(row) for row in told[::-1][:most] if row[2] < row[1]],
    }


def _appearances(lists: Mapping[str, Sequence[str]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for names in lists.values():
        for name in names:
            found[name] = found.get(name, 0) + 1
    return found
