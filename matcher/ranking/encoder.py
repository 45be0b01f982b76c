"""Text → vectors: the protocol every ranking module speaks, the real encoder, and a tiny one for tests.

The only module that loads torch and sentence-transformers, and only when a model is asked for: importing it is cheap.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from . import memory, rarity, weights
from .wordtable import WordTable

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

Prompt = Literal["query", "passage"]
"""Needs and search text are queries, startups and testbeds passages: E5 was trained to keep the two apart."""

E5_PROMPTS = {"query": "query: ", "passage": "passage: "}
TOKENS_PER_BATCH = 1024  # a quarter of a second or so on two cores: the longest that an interactive request waits
BATCH_SIZES = (64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1)  # texts
PADDED_TO = 32  # tokens: see _few_shapes
CHARACTERS_PER_TOKEN = 3
CHARACTERS_READ_PER_TOKEN = 16  # no piece of the vocabulary is longer, so nothing the model would see is lost


class Encoder(Protocol):
    """Turns texts into vectors. Vectors of two encoders whose `name` or `fingerprint` differ are never compared."""

    @property
    def name(self) -> str:
        """The model's name, as shown on the pages."""

    @property
    def fingerprint(self) -> str:
        """A short hash of the model's files: it changes when the vectors would."""

    @property
    def dimensions(self) -> int:
        """The length of a vector."""

    def encode(self, texts: Sequence[str], prompt: Prompt) -> np.ndarray:
        """Return float32 vectors of shape (len(texts), dimensions), each of length 1, in the order of `texts`."""


class VectorsNotFinite(RuntimeError):
    """The model gave NaN or infinity: such a vector would spoil every ranking it is stored for."""


def finite(vectors: np.ndarray, name: str) -> np.ndarray:
    """Return the vectors as they are; raises VectorsNotFinite when the model `name` gave NaN or infinity among them."""
    if not np.isfinite(vectors).all():
        raise VectorsNotFinite(f"{name} gave NaN or infinity for a text among {len(vectors)}.")
    return vectors


def batches(texts: Sequence[str], max_tokens: int = 512) -> Iterator[list[int]]:
    """Group positions in `texts` into batches of like length, longest first, each within the token budget.

    Lengths are estimated from characters: padding then wastes little, and no batch holds the processor for long. Only
    a few sizes occur (see `_few_shapes`).
    """
    tokens = [min(len(text) // CHARACTERS_PER_TOKEN + 8, max_tokens) for text in texts]
    order = sorted(range(len(texts)), key=lambda i: (-tokens[i], -len(texts[i])))
    start = 0
    while start < len(order):
        room = min(max(1, TOKENS_PER_BATCH // tokens[order[start]]), len(order) - start)
        size = next(size for size in BATCH_SIZES if size <= room)
        yield order[start : start + size]
        start += size


class SentenceEncoder:
    """A SentenceTransformer model on this machine's processor, loaded from a checked folder."""

    name: str
    fingerprint: str
    dimensions: int

    def __init__(self, folder_or_name: str | Path, half: bool | None = None, by_rarity: bool = False) -> None:
        """Load a model folder, or fetch a named model from the model hub first.

        by_rarity: weigh the tokens of a text by how rare they are (`rarity`); otherwise they count as the model's
        makers have it.
        half: multiply in bfloat16, which is quicker where the processor has units for it (the default there) and
        slower elsewhere. The vectors are float32 and the same to a cosine of 0.9999.
        Raises weights.ModelDamaged for a folder whose files are not the ones listed or not of an accepted kind, and for
        a name that cannot be fetched.
        """
        folder = Path(folder_or_name)
        self.name = folder.name if folder.is_dir() else str(folder_or_name)
        if not folder.is_dir():
            folder = _fetch(str(folder_or_name))
        self.fingerprint = weights.check_model(folder)
        self._model = _load(folder)
        if by_rarity:
            _weigh(self._model, rarity.weights(folder))
            self.fingerprint = _other(self.fingerprint, f"by rarity {rarity.SMOOTHING}")
        self._half = _has_units_for_half() if half is None else half
        if self._half:
            _halve(self._model)
            _few_shapes(self._model)
        self._prompts = _prompts(self._model.prompts, self.name)
        self._max_tokens = self._model.max_seq_length or 512
        self.dimensions = int(self._model.get_embedding_dimension())

    def encode(self, texts: Sequence[str], prompt: Prompt) -> np.ndarray:
        """See Encoder.encode. Raises VectorsNotFinite when the model gives NaN."""
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        readable = [_readable(text, self._max_tokens) for text in texts]
        with _multiplying(self._half):
            for batch in batches(readable, self._max_tokens):
                vectors[batch] = self._model.encode(
                    [readable[i] for i in batch],
                    prompt=self._prompts[prompt],
                    batch_size=len(batch),
                    show_progress_bar=False,
                    normalize_embeddings=True,
                )
        return finite(vectors, self.name)


def _other(fingerprint: str, how: str) -> str:
    """Return the fingerprint of the same files used in another way."""
    return hashlib.sha256(f"{fingerprint} {how}".encode()).hexdigest()[:12]


def _readable(text: str, max_tokens: int) -> str:
    """Cut what the model would not see before it costs time, and replace half characters, which tokenizers refuse."""
    return text[: max_tokens * CHARACTERS_READ_PER_TOKEN].encode("utf-8", "replace").decode("utf-8")


class TinyEncoder:
    """A deterministic encoder for tests: each word is hashed to a few signed dimensions, the prompt is left out."""

    name = "tiny"
    fingerprint = "tiny-1"

    def __init__(self, dimensions: int = 32) -> None:
        """Make an encoder of vectors of the given length."""
        self.dimensions = dimensions

    def encode(self, texts: Sequence[str], prompt: Prompt) -> np.ndarray:
        """See Encoder.encode: texts that share words lie near each other, one without words lies on the first axis."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                for byte in hashlib.sha256(word.encode()).digest()[:4]:
                    row[byte % self.dimensions] += 1 if byte < 128 else -1
            if not row.any():
                row[0] = 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def load_encoder(setting: str, instance_folder: Path) -> SentenceEncoder:
    """Load the model that `MATCHER_MODEL` names: the default (unpacked on first use), a folder, or a hub's model."""
    if setting == weights.DEFAULT_MODEL:
        return SentenceEncoder(weights.ensure_model(instance_folder / "models"), by_rarity=True)
    return SentenceEncoder(setting)


def _load(folder: Path) -> "SentenceTransformer":
    # Threads that wait for each other must sleep, not spin: the web's processes want the same few cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    memory.return_large_blocks()
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    model = SentenceTransformer(
        str(folder),
        device="cpu",
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True},
    )
    if model.transformers_model is not None:
        _words_from_disk(model.transformers_model, folder / "model.safetensors")
    return model


def _has_units_for_half() -> bool:
    """Whether the processor multiplies matrices of bfloat16 in hardware (AMX); without, float32 is quicker."""
    import torch

    return bool(torch.cpu.get_capabilities().get("amx_bf16"))


def _halve(model: "SentenceTransformer") -> None:
    """Keep the weights of all linear layers in bfloat16; sums, norms and the table of words stay float32."""
    import torch

    for layer in model.modules():
        if isinstance(layer, torch.nn.Linear):
            layer.to(torch.bfloat16)


def _weigh(model: "SentenceTransformer", by_piece: np.ndarray) -> None:
    """Let each token count by the weight (pieces,) of its piece: between the model's network and its mean of tokens."""
    import torch
    from sentence_transformers.sentence_transformer.modules import WordWeights

    weighing = WordWeights([], {})  # by number: the library's table of words and weights would take 60 MB
    weighing.emb_layer = torch.nn.Embedding.from_pretrained(torch.from_numpy(by_piece)[:, None])
    model.insert(1, weighing)


def _few_shapes(model: "SentenceTransformer") -> None:
    """Let texts be filled up to few lengths.

    The library that multiplies in bfloat16 keeps code and room for each shape that it has met, 1.5 MB a shape: 340 MB
    after 400 texts of any length in batches of any size, none of it ever given back.
    """
    model[0].processing_kwargs = {"text": {"pad_to_multiple_of": PADDED_TO}}


def _multiplying(half: bool) -> contextlib.AbstractContextManager[None]:
    import torch

    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=half)


def _words_from_disk(network: "torch.nn.Module", file: Path) -> None:
    """Let a network look its words up in its own weights file, where that is the plain one; the values are the same."""
    import torch

    words = network.get_input_embeddings()
    name = next((name for name, values in network.named_parameters() if values is words.weight), "")
    try:
        table = WordTable(file, name)
    except (FileNotFoundError, KeyError, ValueError):  # shards, another dtype, other names: stay with the memory map
        return
    if table.shape == tuple(words.weight.shape):
        words.forward = lambda numbers: torch.from_numpy(table.rows(numbers.numpy()))


def _fetch(name: str) -> Path:
    """Fetch a named model into the library's cache: only the files that a model folder may hold."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=["*.safetensors", "*.json", "*.txt", "*.model"]))
    except (OSError, ValueError) as error:
        remedy = "Set MATCHER_MODEL to a model folder, or to a name that the model hub knows, or leave it out"
        raise weights.ModelDamaged(Path(name), f"neither a folder nor a model to fetch ({error})", remedy) from error


def _prompts(of_model: dict[str, str | None], name: str) -> dict[str, str]:
    """Return the prompts a model was saved with; else E5's for its family, whose folders lack them; else none."""
    given = {key: text for key, text in of_model.items() if text}
    fallback = E5_PROMPTS if "e5" in name.lower() else {"query": "", "passage": ""}
    passage = given.get("passage", given.get("document", fallback["passage"]))
    return {"query": given.get("query", fallback["query"]), "passage": passage}
