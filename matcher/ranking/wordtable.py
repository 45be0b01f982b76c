"""The table of words of a model, left on disk: rows are read as texts need them.

A multilingual model is mostly this table (384 of the 470 MB of multilingual-e5-small), and a text needs a few hundred
of its 250,000 rows. Through a memory map the whole table ends up in the process; read like this it never does, and the
system's file cache keeps it as fast.
"""

import json
import os
import struct
from pathlib import Path

import numpy as np


class WordTable:
    """A float32 matrix in a safetensors file. Safe to read from many threads."""

    def __init__(self, path: Path, name: str) -> None:
        """Open tensor `name`; raises KeyError when the file lacks it, ValueError when it is not a float32 matrix."""
        self._file = path.open("rb", buffering=0)
        (length,) = struct.unpack("<Q", self._file.read(8))
        entry = json.loads(self._file.read(length))[name]
        if entry["dtype"] != "F32" or len(entry["shape"]) != 2:
            raise ValueError(f"{name} is not a float32 matrix")
        self.shape: tuple[int, int] = tuple(entry["shape"])
        self._start = 8 + length + entry["data_offsets"][0]

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        """Read rows by number: (n,) integers → (n, columns) float32. Raises IndexError for a row that is not there."""
        wanted, back = np.unique(numbers, return_inverse=True)
        if len(wanted) and not 0 <= wanted[0] <= wanted[-1] < self.shape[0]:
            raise IndexError(f"rows {wanted[0]} to {wanted[-1]} of a table of {self.shape[0]}")
        found = np.empty((len(wanted), self.shape[1]), dtype="<f4")
        for row, number in zip(found, wanted.tolist(), strict=True):
            os.preadv(self._file.fileno(), [row], self._start + number * row.nbytes)
        return found[back]
