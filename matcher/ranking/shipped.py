"""The background that ships with the hub: the demo's texts, embedded with the hub's own model.

It stands in for the means and hub statistics of a young hub (see `background`). Made once per model and version of
the demo texts, kept in the instance folder, written whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..hub import need_content, startups
from ..hub.reference import DATA
from . import lexical, whole
from .background import Background, Texts
from .encoder import Encoder, Prompt
from .indexing import Identity, identity, model_name

FOLDER = DATA / "demo"
_UNREADABLE = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile)


def version(model: str) -> str:
    """Return the short name of the background for a model (as it stands beside a vector) and these texts."""
    digest = hashlib.sha256(f"{model} {lexical.GRAM} {lexical.BITS}".encode())
    for name in ("needs", "startups"):
        digest.update((FOLDER / f"{name}.jsonl").read_bytes())
    return digest.hexdigest()[:16]


def ensure_background(instance: Path, encoder: Encoder) -> int:
    """Make the background where none can be read; return 1 when it was made, 0 when it was there.

    Raises OSError when it cannot be kept.
    """
    path = _path(instance, model_name(encoder))
    if _is_there(path):
        return 0
    made = Background(_embed("needs", "query", encoder), _embed("startups", "passage", encoder))
    blobs = made.questions.to_bytes(), made.documents.to_bytes()
    with whole.written(path) as file:
        file.write(len(blobs[0]).to_bytes(8, "little") + blobs[0] + blobs[1])
    return 1


def load_background(instance: Path, encoder: Encoder) -> Background:
    """Return the background of this model, or an empty one while it is missing or cannot be read."""
    return load(instance, identity(encoder))


def load(instance: Path, identity: Identity) -> Background:
    """Return the background of a model by its name, so also while the model is away; empty while it is missing."""
    model, dimensions = identity
    try:
        return _read(_path(instance, model))
    except _UNREADABLE:
        return Background.none(dimensions)


def named(instance: Path, model: str, dimensions: int) -> tuple[str, Background]:
    """Return the background of a model with its own name, as stored rankings refer to it."""
    return version(model), load(instance, (model, dimensions))


def _read(path: Path) -> Background:
    blob = path.read_bytes()
    size = int.from_bytes(blob[:8], "little")
    return Background(Texts.from_bytes(blob[8 : 8 + size]), Texts.from_bytes(blob[8 + size :]))


def _is_there(path: Path) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return _is_whole(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=8)
def _is_whole(path: Path, changed: int, size: int) -> bool:
    """Whether the file that changed last at this moment can be read: looked at once, and asked twice a second."""
    try:
        _read(path)
    except _UNREADABLE:
        return False
    return True


def _path(instance: Path, model: str) -> Path:
    return instance / f"background-{version(model)}.bin"


def _rows(name: str) -> list[dict[str, Any]]:
    with (FOLDER / f"{name}.jsonl").open(encoding="utf8") as file:
        return [json.loads(line) for line in file if line.strip()]


def _embed(name: str, prompt: Prompt, encoder: Encoder) -> Texts:
    sections = need_content.sections if name == "needs" else startups.sections
    texts = ["\n".join(sections(row)) for row in _rows(name)]
    return Texts(encoder.encode(texts, prompt), [lexical.terms(text) for text in texts])
