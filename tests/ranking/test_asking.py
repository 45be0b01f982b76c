"""Reading a question while the model is away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from matcher.ranking import asking
from matcher.ranking.embedder import EmbedderAway
from matcher.ranking.encoder import Prompt, TinyEncoder
from matcher.store import Store


class Away(TinyEncoder):
    """A model that is away until it is back, and counts who waited for it."""

    def __init__(self) -> None:
        super().__init__()
        self.waited, self.back = 0, False

    def encode(self, texts: Sequence[str], prompt: Prompt) -> np.ndarray:
        self.waited += 1
        if not self.back:
            raise EmbedderAway("busy")
        return super().encode(texts, prompt)


def test_a_search_waits_for_the_model_once_and_not_for_each_kind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three times two seconds of a thread for one search that anybody may send."""
    moment = [100.0]
    monkeypatch.setattr(asking.time, "monotonic", lambda: moment[0])
    model = Away()
    read = asking.Asking(store, model, (model.name, model.dimensions))
    for _kind in range(3):
        assert not read.searched("tyst larm").any()
    assert model.waited == 1
    assert not read.searched("ett annat").any()
    assert model.waited == 2
    model.back = True
    moment[0] += asking.MISSED_SECONDS
    assert read.searched("tyst larm").any()
    assert read.searched("ett annat").any()
