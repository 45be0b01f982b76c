"""How good is the ranking? The product's own scoring over a folder in BEIR layout.

Metrics as in TREC's `trec_eval`: linear gains, a document without a judgement counts as 0, the mean is over the queries
that have at least one relevant document. BEIR: Thakur et al. 2021.
"""

import contextlib
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import lexical, scoring, whole
from .background import Background, Texts
from .encoder import Encoder, Prompt
from .judged import Folder, read
from .sentences import split

Progress = Callable[[str, int, int], None]  # what is being done, how much is done, of how much
Sentences = Callable[[np.ndarray], Mapping[int, np.ndarray]]
DEPTH = 50
BATCH = 256
PRODUCT = "hybrid"


def ndcg(ranked: Sequence[str], grades: Mapping[str, int], depth: int) -> float:
    """Normalised discounted cumulative gain at `depth` (Järvelin and Kekäläinen 2002), linear gains; 0 to 1."""
    gained = sum(grades.get(name, 0) / math.log2(place + 2) for place, name in enumerate(ranked[:depth]))
    best = sorted(grades.values(), reverse=True)[:depth]
    return gained / sum(grade / math.log2(place + 2) for place, grade in enumerate(best))


def recall(ranked: Sequence[str], grades: Mapping[str, int], depth: int) -> float:
    """Return the share of the relevant documents that are among the first `depth`; 0 to 1."""
    return len(set(ranked[:depth]) & grades.keys()) / len(grades)


def reciprocal_rank(ranked: Sequence[str], grades: Mapping[str, int], depth: int) -> float:
    """One over the place of the first relevant document, 0 if none is among the first `depth`."""
    return next((1 / place for place, name in enumerate(ranked[:depth], 1) if name in grades), 0.0)


METRICS: dict[str, Callable[[Sequence[str], Mapping[str, int]], float]] = {
    "ndcg@10": lambda ranked, grades: ndcg(ranked, grades, 10),
    "recall@10": lambda ranked, grades: recall(ranked, grades, 10),
    "recall@50": lambda ranked, grades: recall(ranked, grades, 50),
    "mrr@10": lambda ranked, grades: reciprocal_rank(ranked, grades, 10),
}


def evaluate(
    folder: Path,
    encoder: Encoder,
    cache: Path | None = None,
    shipped: Background | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Rank every query of `folder` over its corpus by words, by plain cosine, and as the product does.

    cache: a folder for the vectors, by model and text. shipped: the background of young hubs. Raises BadFolder.
    Returns the dictionary of the `matcher evaluate --json` contract; metrics are fractions of 1.
    """
    texts, scores = scored(folder, encoder, cache, shipped, progress)
    return {
        "queries": len(texts.grades),
        "documents": len(texts.documents),
        "model": encoder.name,
        "product": PRODUCT,
        "scoring": scoring.SCORING_VERSION,
        "methods": {name: measure(values, texts) for name, values in scores.items()},
    }


def scored(
    folder: Path,
    encoder: Encoder,
    cache: Path | None = None,
    shipped: Background | None = None,
    progress: Progress | None = None,
) -> tuple[Folder, dict[str, np.ndarray]]:
    """Return the texts of `folder` and the (queries, documents) scores of each method. Raises BadFolder."""
    texts = read(folder)
    keep = _Embedding(encoder, cache, progress)
    asked, corpus = list(texts.queries.values()), list(texts.documents.values())
    queries, documents = keep.texts(asked, "query"), keep.texts(corpus, "passage")
    return texts, rankings(
        queries, documents, keep.spoken(asked), lambda places: keep.sentences(corpus, places), shipped
    )


def rankings(
    queries: Texts,
    documents: Texts,
    spoken: Sequence[np.ndarray] | None = None,
    sentences: Sentences | None = None,
    shipped: Background | None = None,
) -> dict[str, np.ndarray]:
    """Return the (queries, documents) scores of each method: the product's words alone, bare cosine, all of it.

    spoken: the vectors of each query's sentences. sentences: gives those of the documents at the positions asked for;
    without it none are looked at.
    """
    collection = scoring.Collection(documents, queries, shipped)
    own = np.arange(len(queries))
    scores = collection.score(queries, own)
    if sentences:
        scores = collection.look_closer(scores, queries, sentences(np.unique(scores.first())), spoken)
    return {
        "lexical": scores.parts["lexical"],
        "dense": queries.vectors @ documents.vectors.T,
        PRODUCT: scores.total,
    }


def ablation(
    folder: Path, encoder: Encoder, cache: Path | None = None, shipped: Background | None = None
) -> tuple[Folder, dict[str, np.ndarray]]:
    """Return the texts of `folder` and the (queries, documents) scores as each part joins the one before it.

    dense: plain cosine. means: those of each side and language taken away. hubs: CSLS. words: the lexical part joins.
    sentences: the product. no meaning: words alone. Raises BadFolder.
    """
    texts = read(folder)
    keep = _Embedding(encoder, cache, None)
    asked, corpus = list(texts.queries.values()), list(texts.documents.values())
    queries, documents = keep.texts(asked, "query"), keep.texts(corpus, "passage")
    collection, own = scoring.Collection(documents, queries, shipped), np.arange(len(queries))
    scores = collection.score(queries, own)
    looked = scores.first()
    heard = keep.sentences(corpus, np.unique(looked))
    closer = collection.look_closer(scores, queries, heard, keep.spoken(asked), looked)
    centred = collection.asking.centre(queries.vectors, queries.languages, np.ones(len(queries), bool))
    return texts, {
        "dense": queries.vectors @ documents.vectors.T,
        "means": np.stack([collection.near(vector) for vector in centred]),
        "hubs": scores.parts["semantic"],
        "words": scores.total,
        "sentences": closer.total,
        "no meaning": scores.parts["lexical"],
    }


def measure(scores: np.ndarray, folder: Folder) -> dict[str, float]:
    """Return the mean of each metric over the queries with a relevant document."""
    return {metric: float(np.mean(values)) for metric, values in by_query(scores, folder).items()}


def by_query(scores: np.ndarray, folder: Folder) -> dict[str, list[float]]:
    """Return each metric of every query with a relevant document; equal scores stand in corpus order."""
    names = list(folder.documents)
    found: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for row, query in zip(scores, folder.queries, strict=True):
        grades = folder.grades.get(query)
        if not grades:
            continue
        ranked = [names[place] for place in np.argsort(-row, kind="stable")[:DEPTH]]
        for metric, function in METRICS.items():
            found[metric].append(function(ranked, grades))
    return found


@dataclass(frozen=True)
class _Embedding:
    """The encoder with its cache: one file for all texts that are asked for at once."""

    encoder: Encoder
    cache: Path | None
    progress: Progress | None

    def texts(self, texts: list[str], prompt: Prompt) -> Texts:
        """Return the vectors and the terms of whole texts."""
        return Texts(self._vectors(texts, prompt, prompt), [lexical.terms(text) for text in texts])

    def spoken(self, texts: list[str]) -> list[np.ndarray]:
        """Return the vectors of the sentences of each query."""
        return list(self._of_parts([split(text) for text in texts], "query"))

    def sentences(self, texts: list[str], places: np.ndarray) -> dict[int, np.ndarray]:
        """Return the vectors of the sentences of the documents at these places."""
        vectors = self._of_parts([split(texts[place]) for place in places], "passage")
        return dict(zip(places.tolist(), vectors, strict=True))

    def _of_parts(self, parts: list[list[str]], prompt: Prompt) -> Iterator[np.ndarray]:
        unique = list(dict.fromkeys(part for found in parts for part in found))
        row = {part: number for number, part in enumerate(unique)}
        vectors = self._vectors(unique, prompt, "sentences")
        return (vectors[[row[part] for part in found]] for found in parts)

    def _vectors(self, texts: list[str], prompt: Prompt, what: str) -> np.ndarray:
        name = _digest([self.encoder.name, self.encoder.fingerprint, prompt, *texts])
        stored = self.cache and self.cache / f"{name}.npy"
        kept = _kept(stored) if stored else None
        if kept is not None:
            return kept
        vectors = self._embed(texts, prompt, what)
        if stored:
            with contextlib.suppress(OSError):  # a full disk: minutes of reading are not thrown away for it
                _keep(stored, vectors)
        return vectors

    def _embed(self, texts: list[str], prompt: Prompt, what: str) -> np.ndarray:
        """(n, d): in batches of like length, so that little is padded; longest first, so that time left only falls."""
        vectors = np.empty((len(texts), self.encoder.dimensions), np.float32)
        order = np.argsort([-len(text) for text in texts], kind="stable")
        for start in range(0, len(texts), BATCH):
            batch = order[start : start + BATCH]
            vectors[batch] = self.encoder.encode([texts[i] for i in batch], prompt)
            if self.progress:
                self.progress(what, min(start + BATCH, len(texts)), len(texts))
        return vectors


def _kept(path: Path) -> np.ndarray | None:
    """Return what was kept; None where nothing was, or what is there cannot be read and is to be made again."""
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, EOFError, ValueError):
        return None


def _keep(path: Path, vectors: np.ndarray) -> None:
    """Write whole or not at all: a half-written cache would be read as vectors."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole.written(path) as file:
        np.save(file, vectors)


def _digest(parts: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode()
        digest.update(len(raw).to_bytes(8, "little") + raw)
    return digest.hexdigest()
