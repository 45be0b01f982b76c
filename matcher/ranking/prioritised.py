"""One model, two kinds of work: what a person waits for goes before what may wait."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from .encoder import Encoder, Prompt, batches, finite


class Abandoned(Exception):
    """Nobody waits for these vectors any more."""


def _always() -> bool:
    return True


class _Front:
    """What stands before an encoder under its name."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    @property
    def name(self) -> str:
        """See Encoder.name."""
        return self._encoder.name

    @property
    def fingerprint(self) -> str:
        """See Encoder.fingerprint."""
        return self._encoder.fingerprint

    @property
    def dimensions(self) -> int:
        """See Encoder.dimensions."""
        return self._encoder.dimensions


class Prioritised(_Front):
    """One encoder shared by interactive requests and bulk work: bulk gives way between its small batches.

    It is itself the Encoder for interactive use; `bulk()` gives the one for indexing. One batch runs at a time.
    """

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(encoder)
        self._changed = threading.Condition()
        self._busy = False
        self._urgent = 0

    def encode(self, texts: Sequence[str], prompt: Prompt, wanted: Callable[[], bool] = _always) -> np.ndarray:
        """See Encoder.encode; goes before all bulk work. Raises Abandoned when `wanted` turns false between batches."""
        with self._changed:
            self._urgent += 1
        try:
            return self._in_turns(texts, prompt, lambda: not self._busy, wanted)
        finally:
            with self._changed:
                self._urgent -= 1
                self._changed.notify_all()

    def bulk(self) -> Encoder:
        """Return the Encoder for work that may wait: each of its batches lets every interactive request go first."""
        return _Bulk(self)

    def encode_when_idle(self, texts: Sequence[str], prompt: Prompt) -> np.ndarray:
        """See Encoder.encode; each batch waits until no interactive request is under way."""
        return self._in_turns(texts, prompt, lambda: not self._busy and not self._urgent, _always)

    def _in_turns(
        self, texts: Sequence[str], prompt: Prompt, may_go: Callable[[], bool], wanted: Callable[[], bool]
    ) -> np.ndarray:
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for batch in batches(texts):
            with self._turn(may_go):
                if not wanted():
                    raise Abandoned
                vectors[batch] = self._encoder.encode([texts[i] for i in batch], prompt)
        return finite(vectors, self.name)

    @contextlib.contextmanager
    def _turn(self, may_go: Callable[[], bool]) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(may_go)
            self._busy = True
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()


class _Bulk(_Front):
    """The patient side of a Prioritised encoder."""

    _encoder: Prioritised

    def encode(self, texts: Sequence[str], prompt: Prompt) -> np.ndarray:
        return self._encoder.encode_when_idle(texts, prompt)
