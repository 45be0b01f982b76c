"""What the benchmarks measure on is still made as the product makes it; how fast it is, no test says."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.ranking.encoder import TinyEncoder
from matcher.store import Store

from .bench import pgvector_cost, sharing


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_hub_of_two_workers_is_filled(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "SIZE", 200)
    vectors = sharing._fill(store, TinyEncoder(384))
    assert vectors.shape == (200, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    counts = store.query("select kind, count(*) as n from embedding group by kind order by kind")
    assert [(row["kind"], row["n"]) for row in counts] == [("need", 50), ("startup", 200)]


def test_passages_of_the_demo_are_enough_for_the_index() -> None:
    passages = pgvector_cost._passages()
    assert len(set(passages)) == len(passages) > 3_000
