"""The map: needs and startups on one plane by meaning, its regions, and the needs that say the same.

Vectors centred by side and language (`scoring.Collection`) → the first 50 principal components → t-SNE (van der Maaten
and Hinton 2008, Barnes-Hut). By plain distance a short need is nearer to other needs than to any profile, and the two
kinds fall apart into islands; so the neighbours that t-SNE is given are as many of each kind, by a similarity from
which the nearness of each text to its nearest of that kind is taken away (CSLS, Conneau et al. 2018). On a hub of 3,452
needs and 7,301 companies the share of the ten nearest on the map that are of a point's own kind fell from 83 to 64 per
cent (58 by chance), on a sample of 2,500 (November 2026).

t-SNE keeps neighbours, not distances: that two regions lie apart says little of how much they differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import scipy.sparse as sp
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import sort_graph_by_row_values
from threadpoolctl import threadpool_limits

from .background import NEIGHBOURS
from .lexical import normalise

SIZE = 1000.0  # the map's sides
MARGIN = 20.0
COMPONENTS = 50
PERPLEXITY = 30  # the usual; in a small hub √n, or everything is everything's neighbour
STEPS = 500
SEED = 0
# How much more the points draw each other at first, to sort themselves: scikit-learn's own. Where they begin sorted it
# would throw whole regions across each other: in 4 of 8 drawings of made-up hubs one lay where another had been.
SORTING, IN_PLACE = 12.0, 1.0
FEW = 12  # fewer points have too few neighbours for t-SNE: the two main components show them as well
REGIONS = 40  # more could not be told apart on a phone
PLACED_BY = 5
LONG, OFTEN = 8, 0.06  # letters of a word that says much; share of all texts from which a word says little
BLOCK = 1000

SHARED = 0.65
"""Two needs say the same from this cosine on. Read on pairs of 3,351 different real titles, 25 at a time: from 0.63 to
0.67 three in four are one matter ("Fakomaskiner med tillbehör" – "Fakoemulsifikationsutrustning"), around 0.6 seven in
ten, around 0.55 six."""

ANSWERED = 0.48
"""A need whose best startup scores less by its whole text (semantic and lexical part) is likely not answered by any.
Set on the demo's judgements: of 56 needs 4 per cent fall under it with all startups, 95 per cent once those of grade 2
and 3 are taken away (balanced accuracy 0.96, the highest of all thresholds, on the needs that it was set on)."""


def layout(vectors: np.ndarray, kinds: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """Return (n, 2) float64 positions within 0..SIZE of (n, d) centred vectors of length 1; the same on every run.

    kinds (n,) int: which kind each is of. start (n, 2): where they stood before, NaN for what is new; with most of
    them known the map keeps its bearings.
    """
    if len(vectors) < 3:
        return np.full((len(vectors), 2), SIZE / 2) + np.arange(len(vectors))[:, None] * MARGIN
    with threadpool_limits(1):  # sums in parallel come out in another order each time, and t-SNE magnifies that
        main = PCA(min(COMPONENTS, *vectors.shape), random_state=SEED).fit_transform(vectors).astype(np.float32)
        if len(vectors) < FEW:
            return _within(main[:, :2])
        main /= np.maximum(np.linalg.norm(main, axis=1, keepdims=True), 1e-9)
        perplexity = min(PERPLEXITY, len(main) ** 0.5)
        graph, neighbours = _neighbours(main, kinds, round(1.5 * perplexity) + 1)  # of two kinds thrice, as it asks for
        begun = start is not None and np.isnan(start[:, 0]).mean() < 0.5
        tsne = TSNE(
            2, perplexity=min(perplexity, (neighbours - 2) / 3), metric="precomputed",
            init=_start(main, start if begun else None), early_exaggeration=IN_PLACE if begun else SORTING,
            max_iter=STEPS, random_state=SEED,
        )  # fmt: skip
        return _within(tsne.fit_transform(graph))


def _within(positions: np.ndarray) -> np.ndarray:
    """Fit positions into the map, its middle in the middle, both axes in one measure."""
    low, high = positions.min(axis=0), positions.max(axis=0)
    scale = (SIZE - 2 * MARGIN) / max(float((high - low).max()), 1e-9)
    return SIZE / 2 + (positions - (low + high) / 2) * scale


def _start(main: np.ndarray, start: np.ndarray | None) -> np.ndarray:
    """Return where t-SNE begins, (n, 2) with a spread of 1e-4 (as scikit-learn's own): before, or by components."""
    first = main[:, :2]
    if start is not None:
        known = ~np.isnan(start[:, 0])
        first = np.where(known[:, None], start, np.nan_to_num(start).sum(axis=0) / known.sum())
        # What is new starts beside what it is like: on one point in the middle it would have to find its way through.
        nearest = np.flatnonzero(known)[np.argmax(main[~known] @ main[known].T, axis=1)] if not known.all() else []
        first[~known] = first[nearest]
    first = first - first.mean(axis=0)
    return (first / max(float(first[:, 0].std()), 1e-9) * 1e-4).astype(np.float32)


def _neighbours(main: np.ndarray, kinds: np.ndarray, each: int) -> tuple[sp.csr_matrix, int]:
    """Return the sparse (n, n) distances of each point to `each` of every kind, and how many each point has in all."""
    _, of_row = np.unique(kinds, return_inverse=True)
    members = [np.flatnonzero(of_row == kind) for kind in range(of_row.max() + 1)]
    hubs = _nearness(main, members)
    rows, columns, scores = [], [], []
    for block, near in _blocks(main):
        for kind, of in enumerate(members):
            kept = min(each, len(of) - 1)
            if kept:
                score = 2 * near[:, of] - hubs[kind, block][:, None] - hubs[of_row[block]][:, of]
                chosen = np.argpartition(-score, kept - 1, axis=1)[:, :kept]
                rows.append(block.repeat(kept))
                columns.append(of[chosen].ravel())
                scores.append(np.take_along_axis(score, chosen, axis=1).ravel())
    joined = np.concatenate(scores)
    # t-SNE squares what it is given: the root makes that the corrected similarity's own distance from the highest.
    distances = np.sqrt(np.maximum(joined.max() - joined, 1e-6))
    places = np.concatenate(rows), np.concatenate(columns)
    graph = sp.csr_matrix((distances, places), shape=(len(main), len(main)))
    return sort_graph_by_row_values(graph, warn_when_not_sorted=False), len(joined) // len(main)


def _nearness(main: np.ndarray, members: list[np.ndarray]) -> np.ndarray:
    """Return (kinds, n): the mean cosine of each point to its NEIGHBOURS nearest of each kind."""
    hubs = np.zeros((len(members), len(main)), np.float32)
    for block, near in _blocks(main):
        for kind, of in enumerate(members):
            top = min(NEIGHBOURS, len(of) - 1)
            if top:
                hubs[kind, block] = np.partition(near[:, of], len(of) - top, axis=1)[:, -top:].mean(axis=1)
    return hubs


def _blocks(main: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (block,) places and their (block, n) cosines to all, lowest of all to the point itself."""
    for begin in range(0, len(main), BLOCK):
        block = np.arange(begin, min(begin + BLOCK, len(main)))
        near = main[block] @ main.T
        near[np.arange(len(block)), block] = -2.0
        yield block, near


def regions(positions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the (k, 2) centres of the map's regions by k-means on (n, 2) positions, k = √n up to REGIONS.

    weights (n,): a region with more of it comes before one with less.
    """
    count = min(REGIONS, round(len(positions) ** 0.5), len(np.unique(positions, axis=0)))
    if not count:
        return np.empty((0, 2))
    with threadpool_limits(1):
        found = KMeans(count, n_init=4, random_state=SEED).fit(positions)
    return found.cluster_centers_[np.argsort(-np.bincount(found.labels_, weights, count), kind="stable")]


def region_of(positions: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return (n,) the nearest centre of each position."""
    return ((positions[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)


def place(vectors: np.ndarray, known: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return (m, 2) positions for new (m, d) vectors beside their nearest among the (n, d) known, best of their kind.

    The mean of the nearest five, without those that lie far from the nearest: between two fields there is nothing.
    """
    near = vectors @ known.T
    first = np.argsort(-near, axis=1, kind="stable")[:, :PLACED_BY]
    there = positions[first]
    close = np.linalg.norm(there - there[:, :1], axis=2) <= SIZE / 20
    weights = close * np.maximum(np.take_along_axis(near, first, axis=1), 0.01)
    return (there * weights[..., None]).sum(axis=1) / weights.sum(axis=1, keepdims=True)


def same(vectors: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Return (n,) int64 groups of needs that say the same, −1 for what stands alone.

    vectors (n, d): centred, of length 1. within (n,): the region of each; a group lies in one. Complete linkage: in a
    group every need is at least SHARED near to every other, so that no chain of likenesses joins what is not alike.
    """
    groups, found = np.full(len(vectors), -1), 0
    for region in np.unique(within):
        here = np.flatnonzero(within == region)
        if len(here) < 2:
            continue
        distances = 1 - vectors[here] @ vectors[here].T
        upper = np.maximum(distances[np.triu_indices(len(here), 1)], 0)
        labels = fcluster(linkage(upper, "complete"), 1 - SHARED, "distance")
        for label, size in Counter(labels.tolist()).items():
            if size > 1:
                groups[here[labels == label]] = found
                found += 1
    return groups


def words(texts: Sequence[str], within: np.ndarray, count: int = 3) -> dict[int, list[str]]:
    """Return by region the words that are common in its texts and rare in the others, the most telling first.

    A word's weight is p · ln(p / q), its share p of the region's texts against q of all: what it adds to the
    difference between the two (Kullback and Leibler 1951). Words of many texts are left out and longer ones count more:
    the short and frequent ones hold sentences together. Of words with the same beginning one is enough.
    """
    sets = [{word for word in normalise(text).split() if len(word) > 2 and word.isalpha()} for text in texts]
    overall = Counter(word for of_text in sets for word in of_text)
    found = {}
    for region in np.unique(within):
        here = np.flatnonzero(within == region)
        counts = Counter(word for place in here for word in sets[place])
        weight = {
            word: min(len(word), LONG) * number / len(here) * np.log(number / len(here) * len(sets) / overall[word])
            for word, number in counts.items()
            if (number > 1 or len(here) < 4) and overall[word] <= max(OFTEN * len(sets), len(here))
        }
        chosen: list[str] = []
        for word in sorted(weight, key=lambda word: (-weight[word], word)):
            if len(chosen) < count and not any(_alike(word, other) for other in chosen):
                chosen.append(word)
        found[int(region)] = chosen
    return found


def _alike(word: str, other: str) -> bool:
    """Whether two words are forms of one: the shorter's first letters, all but an ending of two, begin the longer."""
    return word[: max(min(len(word), len(other)) - 2, 3)] == other[: max(min(len(word), len(other)) - 2, 3)]
