"""Arrays in one file that many processes read through one memory map: the memory for it is there once.

Layout, little-endian: `MAGIC`; u32 version; u32 CRC-32 of the header; u64 its length; the header, JSON with what the
writer tells (`told`) and for each array its name, dtype, shape, offset, length and CRC-32; then the arrays, each on a
multiple of 64. A file is written beside its name, synced and renamed: it is there whole or not at all, and who has
mapped the one before keeps it until it lets go.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from . import whole

MAGIC = b"matcher ranking\n"
VERSION = 1
_START = struct.Struct("<16sIIQ")
_ALIGNED = 64
_CHUNK = 1 << 22
_LARGEST_HEADER = 1 << 20


Array = np.ndarray | Sequence[np.ndarray]


class Unusable(Exception):
    """A file that is not whole, not of this version or not one of ours; the message says which."""


@dataclass(frozen=True)
class Mapped:
    """What a file holds: what its writer told, and the arrays, read-only. `size`: bytes."""

    told: dict[str, Any]
    arrays: dict[str, np.ndarray]
    size: int
    held: mmap.mmap

    def rest(self) -> None:
        """Let go of the pages that were read; they are read again, from the system's cache, where they are needed."""
        if hasattr(self.held, "madvise"):
            self.held.madvise(mmap.MADV_DONTNEED)


def write(path: Path, told: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write the file, for its owner alone to read; raises OSError when it cannot, and then leaves nothing behind.

    An array may be given in pieces, which become one of a single dimension.
    """
    with whole.written(path) as file:
        _write(file, told, arrays)


def read(path: Path) -> Mapped:
    """Map the file after checking every byte. Raises Unusable, and OSError when it is not there."""
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        header, start = _header(file, size)
        # Read, not through the map: pages that are looked at there would count as this process's memory.
        for entry in header["arrays"]:
            if _checksum(file, start + entry["offset"], entry["bytes"]) != entry["crc"]:
                raise Unusable(f"{path.name}: the bytes of {entry['name']} are not those that were written")
        held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    arrays = {entry["name"]: _array(held, start + entry["offset"], entry) for entry in header["arrays"]}
    return Mapped(header["told"], arrays, size, held)


def told(path: Path) -> dict[str, Any]:
    """Return what the writer told, without looking at the arrays. Raises as `read` does."""
    with path.open("rb", buffering=0) as file:
        return _header(file, os.fstat(file.fileno()).st_size)[0]["told"]


def _write(file: IO[bytes], told: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    entries, offset = [], 0
    for name, array in arrays.items():
        pieces, size = _pieces(array), sum(piece.nbytes for piece in _pieces(array))
        shape = list(array.shape) if isinstance(array, np.ndarray) else [sum(piece.size for piece in pieces)]
        crc = 0
        for piece in pieces:
            crc = zlib.crc32(_bytes(piece), crc)
        # A dtype of its own byte order is named as one: such a file is not read on another kind of machine.
        entry = {"name": name, "dtype": pieces[0].dtype.str, "shape": shape, "offset": offset, "bytes": size}
        entries.append(entry | {"crc": crc})
        offset += _padded(size)
    header = json.dumps({"told": dict(told), "arrays": entries, "bytes": offset}).encode()
    file.write(_START.pack(MAGIC, VERSION, zlib.crc32(header), len(header)) + header)
    file.write(bytes(_padded(_START.size + len(header)) - _START.size - len(header)))
    for entry, array in zip(entries, arrays.values(), strict=True):
        for piece in _pieces(array):
            file.write(_bytes(piece))
        file.write(bytes(_padded(entry["bytes"]) - entry["bytes"]))


def _pieces(array: Array) -> Sequence[np.ndarray]:
    return [array] if isinstance(array, np.ndarray) else array


def _header(file: IO[bytes], size: int) -> tuple[dict[str, Any], int]:
    """Return the header and where the arrays start."""
    start = file.read(_START.size)
    if len(start) < _START.size or not start.startswith(MAGIC):
        raise Unusable(f"{Path(file.name).name}: not a file of this program")
    _, version, crc, length = _START.unpack(start)
    if version != VERSION:
        raise Unusable(f"{Path(file.name).name}: of version {version}; this program reads {VERSION}")
    blob = file.read(length) if length <= _LARGEST_HEADER else b""
    if len(blob) != length or zlib.crc32(blob) != crc:
        raise Unusable(f"{Path(file.name).name}: its header is damaged")
    header, first = json.loads(blob), _padded(_START.size + length)
    if size != first + header["bytes"]:
        raise Unusable(f"{Path(file.name).name}: {size} bytes long where {first + header['bytes']} were written")
    return header, first


def _checksum(file: IO[bytes], start: int, length: int) -> int:
    buffer, crc = memoryview(bytearray(min(_CHUNK, max(length, 1)))), 0
    for offset in range(0, length, len(buffer)):
        part = buffer[: min(len(buffer), length - offset)]
        os.preadv(file.fileno(), [part], start + offset)
        crc = zlib.crc32(part, crc)
    return crc


def _array(held: mmap.mmap, start: int, entry: dict[str, Any]) -> np.ndarray:
    shape = tuple(entry["shape"])
    return np.frombuffer(held, np.dtype(entry["dtype"]), math.prod(shape), start).reshape(shape)


def _bytes(array: np.ndarray) -> memoryview:
    return memoryview(np.ascontiguousarray(array).reshape(-1).view(np.uint8))


def _padded(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED
