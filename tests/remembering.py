"""The real model, asked for each text once: the demo's texts are read for the pages, the ranking and the notebooks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matcher.ranking.encoder import Encoder, Prompt


class Remembering:
    """An encoder that gives a text the vector which the same model gave it before."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[tuple[str, str], np.ndarray] = {}
        self.name, self.fingerprint, self.dimensions = encoder.name, encoder.fingerprint, encoder.dimensions

    def encode(self, texts: Sequence[str], prompt: Prompt) -> np.ndarray:
        """See Encoder.encode."""
        new = [text for text in dict.fromkeys(texts) if (prompt, text) not in self._known]
        if new:
            vectors = self._encoder.encode(new, prompt)
            self._known |= {(prompt, text): row for text, row in zip(new, vectors, strict=True)}
        found = np.empty((len(texts), self.dimensions), np.float32)
        for row, text in zip(found, texts, strict=True):
            row[:] = self._known[prompt, text]
        return found
