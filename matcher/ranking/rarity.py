"""Rare words count more: a text's vector is the mean of its tokens' vectors, each weighed by a ÷ (a + p).

p is how likely the tokenizer holds the token to be: the pieces of a unigram tokenizer carry log p (Kudo, Subword
Regularization, 2018). The weights: Arora, Liang and Ma, A Simple but Tough-to-Beat Baseline for Sentence Embeddings,
2017. docs/ranking.md says what it gave. The files of the model stay as they are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

SMOOTHING = 1e-4  # a: chosen by cross-validation over five sets, of 0.001 and 0.0001


def weights(folder: Path, smoothing: float = SMOOTHING) -> np.ndarray:
    """Return (pieces,) float32 between 0 and 1, by the numbers of the pieces in `tokenizer.json`.

    Marks such as `<s>`, whose p the tokenizer gives as 1, hardly count. Raises ValueError for another tokenizer.
    """
    model = json.loads((folder / "tokenizer.json").read_bytes())["model"]
    if model.get("type") != "Unigram":
        raise ValueError(f"the tokenizer in {folder} is no unigram tokenizer: it does not say how rare a token is")
    likely = np.exp(np.array([score for _piece, score in model["vocab"]]))
    return (smoothing / (smoothing + likely)).astype(np.float32)


def weigh(model: SentenceTransformer, by_piece: np.ndarray) -> None:
    """Let the tokens of a model that takes their mean be weighed by these: between its network and the mean."""
    import torch
    from sentence_transformers.sentence_transformer.modules import WordWeights

    weighing = WordWeights([], {})  # by number: the library's table of words and weights would take 60 MB
    weighing.emb_layer = torch.nn.Embedding.from_pretrained(torch.from_numpy(by_piece)[:, None])
    model.insert(1, weighing)
