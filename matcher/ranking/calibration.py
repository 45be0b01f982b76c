"""Fitting the chance of a match from decisions, and measuring how far it can be believed.

Pairs of one need are alike, so a need's decisions are always left out together. Every measure is by cross-validation:
the whole fitting, calibration and threshold included, is done without the needs that it is measured on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from ..hub.decisions import Decision
from .chance import ENOUGH, STEPS, Chance, calibrated, matrix, wilson

LEAST_OF_EACH = 10  # taken up, and not: with fewer of either the other is all that there is to say
ENOUGH_FOR_STEPS = 1000  # isotonic regression overfits below (Niculescu-Mizil and Caruana 2005)
FOLDS = 5
RIDGE = 1.0  # scikit-learn's own default, over standardised parts
JUDGED = 3  # decisions; a need with fewer was hardly looked through
RIGHT = 0.8  # how often "probably nothing" must have been right to be said at all
ENOUGH_NOTHING = 10  # needs of which it would have been said
EVEN = 0.5  # nobody believes "probably nothing" above a match that is more likely than not
BINS = 10


@dataclass(frozen=True)
class Sample:
    """Decisions as arrays: parts (n, p) in the order of `names`, taken (n,) 0 or 1, need (n,) a number per need."""

    names: tuple[str, ...]
    parts: np.ndarray
    taken: np.ndarray
    need: np.ndarray

    def of(self, rows: np.ndarray) -> Sample:
        """Return some of the decisions."""
        return Sample(self.names, self.parts[rows], self.taken[rows], self.need[rows])

    @property
    def enough(self) -> bool:
        """Whether a chance can be learned from it."""
        ups = int(self.taken.sum())
        fewest = min(ups, len(self.taken) - ups)
        return len(self.taken) >= ENOUGH and fewest >= LEAST_OF_EACH and len(set(self.need.tolist())) >= FOLDS


def sample(decisions: Sequence[Decision]) -> Sample:
    """Return decisions of one scoring version and model as arrays. Raises ValueError when they are of several."""
    versions = {(decision.scoring, decision.model) for decision in decisions}
    if len(versions) > 1:
        raise ValueError(f"figures of several versions are never put together: {sorted(versions)}")
    names = tuple(sorted({name for decision in decisions for name in decision.parts}))
    number = {need: place for place, need in enumerate(dict.fromkeys(one.need_id for one in decisions))}
    return Sample(
        names,
        matrix([decision.parts for decision in decisions], names),
        np.array([decision.taken for decision in decisions], int),
        np.array([number[decision.need_id] for decision in decisions], int),
    )


def fit(given: Sample) -> Chance:
    """Fit the model to a sample that is `enough`."""
    center, scale = given.parts.mean(axis=0), given.parts.std(axis=0)
    scale[scale < 1e-9] = 1.0
    rows = (given.parts - center) / scale
    scores = _unseen(rows, given)
    calibration = _calibration(scores, given.taken)
    chances = calibrated(scores, calibration)
    regression = _regression(rows, given.taken)
    counted = np.bincount(np.rint(chances * STEPS).astype(int), minlength=STEPS + 1)
    taken = np.bincount(np.rint(chances * STEPS).astype(int), given.taken, minlength=STEPS + 1)
    return Chance(
        given.names, tuple(center.tolist()), tuple(scale.tolist()), tuple(regression.coef_[0].tolist()),
        float(regression.intercept_[0]), calibration, tuple(counted.tolist()), tuple(taken.astype(int).tolist()),
        _nothing(*_by_need(chances, given)),
    )  # fmt: skip


def _regression(rows: np.ndarray, taken: np.ndarray) -> LogisticRegression:
    return LogisticRegression(C=RIDGE).fit(rows, taken)


def _unseen(rows: np.ndarray, given: Sample) -> np.ndarray:
    """(n,) scores, each by a regression that has not seen the decision's need."""
    scores = _regression(rows, given.taken).decision_function(rows)  # for what no fold leaves out
    for learn, rest in folds(given):
        scores[rest] = _regression(rows[learn], given.taken[learn]).decision_function(rows[rest])
    return scores


def folds(given: Sample, seed: int = 1) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (learn, rest), rows of the sample: whole needs together, the share taken up about the same in each."""
    parts = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for learn, rest in parts.split(given.parts, given.taken, given.need):
        if len(rest) and 0 < given.taken[learn].sum() < len(learn):
            yield learn, rest


def _calibration(scores: np.ndarray, taken: np.ndarray) -> dict[str, Any]:
    if len(scores) >= ENOUGH_FOR_STEPS:
        line = IsotonicRegression(y_min=1 / len(scores), y_max=1 - 1 / len(scores), out_of_bounds="clip")
        line.fit(scores, taken)
        return {"scores": line.X_thresholds_.tolist(), "chances": line.y_thresholds_.tolist()}
    # Platt's targets are a little inside 0 and 1: each decision counts as taken up by so much, and not by the rest.
    ups = taken.sum()
    target = np.where(taken == 1, (ups + 1) / (ups + 2), 1 / (len(taken) - ups + 2))
    sigmoid = LogisticRegression(C=1e6).fit(
        np.concatenate([scores, scores])[:, None],
        np.repeat([1, 0], len(scores)),
        np.concatenate([target, 1 - target]),
    )
    return {"slope": float(sigmoid.coef_[0, 0]), "offset": float(sigmoid.intercept_[0])}


def _by_need(chances: np.ndarray, given: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Return, for the needs that were looked through, (m,) the best chance and (m,) whether nothing was taken up."""
    looked = [rows for need in np.unique(given.need) if len(rows := np.flatnonzero(given.need == need)) >= JUDGED]
    best = np.array([chances[rows].max() for rows in looked])
    return best, np.array([not given.taken[rows].any() for rows in looked], bool)


def _nothing(best: np.ndarray, empty: np.ndarray) -> dict[str, float] | None:
    """Return the highest threshold under which "probably nothing" was right often enough, or None.

    It ends at a need for which it was right, and where a match is as likely to be taken up as not.
    """
    order = np.argsort(best, kind="stable")
    said = np.arange(1, len(best) + 1)
    right = np.cumsum(empty[order])
    may_end = empty[order] & (best[order] < EVEN)
    good = np.flatnonzero((said >= ENOUGH_NOTHING) & (right >= RIGHT * said) & may_end)
    return {"below": float(np.nextafter(best[order[good[-1]]], 1))} if len(good) else None


def brier(chances: np.ndarray, taken: np.ndarray) -> float:
    """Mean squared difference of chance and outcome (Brier 1950): 0 is perfect, and less is better."""
    return float(np.mean((chances - taken) ** 2))


def reliability(chances: np.ndarray, taken: np.ndarray, bins: int = BINS) -> list[dict[str, float]]:
    """Return bins of equally many decisions by chance: mean chance, share taken up with its interval, how many."""
    rows = []
    for places in np.array_split(np.argsort(chances, kind="stable"), min(bins, max(len(chances) // 10, 1))):
        low, high = wilson(float(taken[places].sum()), len(places))
        share = float(taken[places].mean())
        rows.append(
            {"chance": float(chances[places].mean()), "share": share, "low": low, "high": high, "of": len(places)}
        )
    return rows


def calibration_error(chances: np.ndarray, taken: np.ndarray, bins: int = BINS) -> float:
    """Mean distance of chance and share over bins of equally many (expected calibration error, Naeini et al. 2015)."""
    rows = reliability(chances, taken, bins)
    return float(sum(row["of"] * abs(row["chance"] - row["share"]) for row in rows) / len(chances))


@dataclass(frozen=True)
class Unseen:
    """What models said of decisions that they had not seen: `chances`, `low` and `high` (n,), nan where nothing is.

    said, right: of how many needs "probably nothing" was said, and how often rightly; looked, empty: how many needs
    were looked through, and in how many nothing was taken up.
    """

    chances: np.ndarray
    low: np.ndarray
    high: np.ndarray
    said: int
    right: int
    looked: int
    empty: int


def unseen(given: Sample, seed: int = 7) -> Unseen:
    """Fit on four fifths of the needs and say the rest, five times."""
    chances = np.full(len(given.taken), np.nan)
    low, high = chances.copy(), chances.copy()
    said = right = looked = empties = 0
    for learn, rest in folds(given, seed):
        if not _fittable(given.of(learn)):
            continue
        model = fit(given.of(learn))
        chances[rest] = model.chances(given.parts[rest])
        for row in rest:
            found = model.estimate(dict(zip(given.names, given.parts[row], strict=True)))
            if found:
                low[row], high[row] = found.low, found.high
        best, empty = _by_need(chances[rest], given.of(rest))
        quiet = best < model.nothing["below"] if model.nothing else np.zeros(len(best), bool)
        said, right = said + int(quiet.sum()), right + int((quiet & empty).sum())
        looked, empties = looked + len(best), empties + int(empty.sum())
    return Unseen(chances, low, high, said, right, looked, empties)


def _fittable(given: Sample) -> bool:
    return min(int(given.taken.sum()), int((1 - given.taken).sum())) >= FOLDS <= len(set(given.need.tolist()))


def measure(given: Sample, found: Unseen | None = None) -> dict[str, Any]:
    """Return the figures that stand beside a model: all of needs that the model measured had not seen.

    found: what `unseen` gave of the sample, where it is at hand.
    """
    found = found or unseen(given)
    known = ~np.isnan(found.chances)
    chances, taken = found.chances[known], given.taken[known]
    base = np.full(len(taken), given.taken.mean())
    return {
        "decisions": len(given.taken),
        "needs": len(set(given.need.tolist())),
        "taken": int(given.taken.sum()),
        "brier": brier(chances, taken),
        "brier_of_the_mean": brier(base, taken),
        "calibration_error": calibration_error(chances, taken),
        "told": float(np.mean(~np.isnan(found.low))),
        "reliability": reliability(chances, taken),
        "nothing": {"said": found.said, "right": found.right, "looked": found.looked, "empty": found.empty},
    }
