"""Search by words over 100,000 texts, against bm25s and against SQLite's own full-text index."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import bm25s
import numpy as np
import pysqlite3

from matcher.hub import need_content, startups
from matcher.ranking import lexical
from matcher.ranking.encoder import Encoder
from matcher.ranking.vectors import highest

from .material import rows
from .timing import Ratio, ratio

MANY, LENGTH, TOP = 100_000, 120, 20


def run(encoder: Encoder) -> Iterator[Ratio]:
    """Measure the top twenty for 5 and for 30 words of the demo's needs; `encoder` is not asked."""
    words = " ".join("\n".join(startups.sections(row)) for row in rows("startups")).split()
    random = np.random.default_rng(3)
    starts = random.integers(0, len(words) - LENGTH, MANY)
    texts = [" ".join(words[start : start + LENGTH]) for start in starts]
    index = lexical.Index([lexical.terms(text) for text in texts])
    other = bm25s.BM25()
    other.index(bm25s.tokenize(texts, stopwords=None, show_progress=False), show_progress=False)
    connection = pysqlite3.connect(":memory:")
    connection.execute("create virtual table t using fts5(text)")
    connection.executemany("insert into t(text) values (?)", ([text] for text in texts))
    asked = lexical.normalise(" ".join("\n".join(need_content.sections(row)) for row in rows("needs")[:3])).split()
    for count in (5, 30):
        chosen = list(dict.fromkeys(asked))[:count]
        ours = _ours(index, " ".join(chosen))
        tokens = bm25s.tokenize([" ".join(chosen)], stopwords=None, show_progress=False)

        def theirs(tokens: object = tokens) -> object:
            return other.retrieve(tokens, k=TOP, show_progress=False, n_threads=0)

        query = " OR ".join(f'"{word}"' for word in chosen)

        def sqlite(query: str = query) -> object:
            return connection.execute(
                "select rowid from t where t match ? order by rank limit ?", [query, TOP]
            ).fetchall()

        yield ratio(
            f"top 20 of {MANY:,} texts of {LENGTH} words for {count} words, against bm25s", "≤ 1.4", ours, theirs
        )
        yield ratio("SQLite's full-text index with OR, against ours", "≥ 50", sqlite, ours)


def _ours(index: lexical.Index, text: str) -> Callable[[], np.ndarray]:
    terms = lexical.terms(text)

    def find() -> np.ndarray:
        return highest(index.share([terms])[0], TOP)

    return find
