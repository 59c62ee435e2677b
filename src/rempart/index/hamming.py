"""Exact lookup of 256-bit keys within a Hamming radius: multi-index hashing over mapped arrays.

The keys stand once, in the caller's order. For each chunk of bits (see `layout`) a table of lines, one cache line
each, holds the row numbers of the keys whose chunk falls there. Lists too short to gain from that, and radii too
wide, are compared row by row. Nothing is approximate, and nothing read from a file is trusted: every place and row
number is checked before it is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from rempart.errors import CorruptFileError
from rempart.index import hamming_numpy
from rempart.index.firstuse import FirstUse
from rempart.index.hamming_numpy import Chunk
from rempart.index.layout import (
    KEY_BITS,
    LINE,
    MAX_CHUNKS,
    MAX_RADIUS,
    MAX_ROWS,
    id_bits,
    line_bits,
    plan_radii,
    plan_widths,
)
from rempart.index.sections import SectionFile, SectionWriter

# Chosen once: a machine without a C compiler searches in NumPy, to the same results.
try:
    from rempart._native import hammingkernel as hammingkernel
except ImportError:  # pragma: no cover - depends on how it was installed
    hammingkernel = None  # type: ignore[assignment]

KEY_BYTES = 32


def backend() -> str:
    """What searches here: "c/avx512", "c/avx2", "c/neon", "c/scalar" or "numpy"."""
    return f"c/{hammingkernel.isa()}" if _native() else "numpy"


class Hits(NamedTuple):
    """Query i's hits are `rows[offsets[i]:offsets[i+1]]`, by distance then row, with `distances` beside them."""

    offsets: NDArray[np.int64]
    rows: NDArray[np.uint32]
    distances: NDArray[np.uint8]


class HammingIndex:
    """Every key within a radius of a query, by row number. Safe to search from several threads at once."""

    def __init__(self, keys: NDArray[np.uint8], chunks: Sequence[Chunk], *, native: bool = True) -> None:
        self._keys = keys
        self._chunks = tuple(chunks)
        self._widths = tuple(chunk.width for chunk in chunks)
        self._reaches: dict[int, bytes] = {}
        self._first_use: FirstUse | None = None
        self._searcher = None
        if native and _native():
            self._searcher = hammingkernel.Searcher(
                keys, id_bits(len(keys)), tuple((c.width, c.tag_bits, c.lines, c.extra) for c in chunks)
            )

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def keys(self) -> NDArray[np.uint8]:
        """The keys, (n, 32) uint8, read-only, in row order."""
        return self._keys

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """The tables; empty for a list that is compared row by row."""
        return self._chunks

    @property
    def nbytes(self) -> int:
        """Bytes of keys and index together."""
        return self._keys.nbytes + sum(chunk.lines.nbytes + chunk.extra.nbytes for chunk in self._chunks)

    @classmethod
    def from_keys(cls, keys: NDArray[np.uint8]) -> Self:
        """An index in memory over `keys`, (n, 32) uint8 (not copied when contiguous; rows may repeat)."""
        checked = _checked_keys(keys)
        return cls(checked, list(_build(checked)))

    @classmethod
    def build_into(cls, writer: SectionWriter, keys: NDArray[np.uint8], *, prefix: str = "pdq") -> None:
        """Write an index of `keys` ((n, 32) uint8; rows may repeat, at most 2**28−2) as sections `prefix`.*.

        Row i of the results is row i of `keys`. Beside the keys it needs the memory of one chunk at a time.
        """
        checked = _checked_keys(keys)
        writer.add(f"{prefix}.layout", np.array([len(checked), *plan_widths(len(checked))], dtype="<u8"))
        writer.add(f"{prefix}.keys", checked)
        for at, chunk in enumerate(_build(checked)):
            writer.add(f"{prefix}.lines.{at}", chunk.lines)
            writer.add(f"{prefix}.extra.{at}", chunk.extra)

    @classmethod
    def from_file(cls, file: SectionFile, prefix: str = "pdq", *, check: bool = True) -> Self:
        """The index in an open file, by mapping; raises CorruptFileError when its sections do not fit together.

        With `check`, its blocks are verified on first use (see `firstuse`).
        """
        rows, *widths = [int(value) for value in file.checked(f"{prefix}.layout", "<u8")] or [MAX_ROWS + 1]
        keys = file.array(f"{prefix}.keys", np.uint8)
        # What follows from the number of rows is worked out again and not read.
        bits, tag_limit = line_bits(rows), 32 - id_bits(rows)
        fits = all(bits <= width <= bits + tag_limit for width in widths) and sum(widths) in (0, KEY_BITS)
        if not fits or rows > MAX_ROWS or len(keys) != rows * KEY_BYTES or len(widths) > MAX_CHUNKS:
            raise CorruptFileError(f"{file.path.name}: the layout of index {prefix} does not fit its sections.")
        chunks, start = [], 0
        for at, width in enumerate(widths):
            lines, extra = file.array(f"{prefix}.lines.{at}", "<u4"), file.array(f"{prefix}.extra.{at}", "<u4")
            if len(lines) != LINE << bits:
                raise CorruptFileError(f"{file.path.name}: chunk {at} of index {prefix} has the wrong length.")
            chunks.append(
                Chunk(start=start, width=width, tag_bits=width - bits, lines=lines.reshape(-1, LINE), extra=extra)
            )
            start += width
        index = cls(keys.reshape(-1, KEY_BYTES), chunks)
        if check:
            index._first_use = FirstUse(file, [name for name in file.names if name.startswith(f"{prefix}.")])
        return index

    def search(self, queries: NDArray[np.uint8], radius: int = 31) -> Hits:
        """Every row within `radius` (0 to 63) of each query ((q, 32) uint8), exactly, ordered by distance then row.

        Raises ValueError for other shapes or radii, CorruptFileError when the file is found damaged on the way.
        """
        reaches = self._reaches.get(radius)
        if reaches is None:
            reaches = self._plan(radius)
        asked = _checked_keys(queries)
        # Read once: another thread may be setting it to None.
        check = self._first_use
        if check is not None and check.begin():
            self._first_use = None
        if self._searcher is None:
            return Hits(*hamming_numpy.search(self._keys, self._chunks, id_bits(len(self)), asked, radius, reaches))
        found = self._searcher.search(asked, radius, reaches)
        if found is None:
            raise CorruptFileError(
                "The index is damaged: it leads to rows that do not exist.", hint="Verify it, or build it again."
            )
        offsets, rows, distances = found
        return Hits(
            np.frombuffer(offsets, np.int64), np.frombuffer(rows, np.uint32), np.frombuffer(distances, np.uint8)
        )

    def _plan(self, radius: int) -> bytes:
        """One signed byte per chunk: how far it is searched; empty where every row is compared."""
        if not 0 <= radius <= MAX_RADIUS:
            raise ValueError(f"a radius is 0 to {MAX_RADIUS}, not {radius}")
        radii = plan_radii(self._widths, line_bits(len(self)), len(self), radius) if self._widths else None
        self._reaches[radius] = np.array(radii or (), np.int8).tobytes()
        return self._reaches[radius]


def _native() -> bool:
    return hammingkernel is not None


def _checked_keys(keys: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if keys.dtype != np.uint8 or keys.ndim != 2 or keys.shape[1] != KEY_BYTES:
        raise ValueError(f"keys are (n, {KEY_BYTES}) uint8, not {keys.shape} {keys.dtype}")
    if len(keys) > MAX_ROWS:
        raise ValueError(f"an index holds at most {MAX_ROWS} keys")
    return np.ascontiguousarray(keys)


def _build(keys: NDArray[np.uint8]) -> Iterator[Chunk]:
    bits, start = line_bits(len(keys)), 0
    counts = np.empty(1 << bits, np.uint32)
    for width in plan_widths(len(keys)):
        if not _native():
            yield hamming_numpy.build_chunk(keys, start, width, width - bits, id_bits(len(keys)))
        else:
            lines = _cache_lines(1 << bits)
            extra = hammingkernel.build_chunk(keys, start, width, width - bits, id_bits(len(keys)), counts, lines)
            yield Chunk(start=start, width=width, tag_bits=width - bits, lines=lines, extra=np.frombuffer(extra, "<u4"))
        start += width


def _cache_lines(count: int) -> NDArray[np.uint32]:
    """(count, 16) uint32 of which each row lies in one cache line."""
    room = np.empty((count + 1) * LINE, "<u4")
    skip = -room.ctypes.data % 64 // 4
    return room[skip : skip + count * LINE].reshape(count, LINE)
