"""The Hamming index's build and search in NumPy: what runs where the C kernel does not, and its oracle's cousin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rempart.errors import CorruptFileError
from rempart.index.layout import flips

EMPTY = np.uint32(0x80000000)
STOP = np.uint32(0x80000000)
_ID = np.uint32(0x7FFFFFFF)
_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Bits `start` to `start + width` of every key: `directory` (2**width) leads to places in `ids` (n), both uint32."""

    start: int
    width: int
    directory: NDArray[np.uint32]
    ids: NDArray[np.uint32]


Found = tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint8]]


def words(keys: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(n, 32) uint8 rows as (n, 4) little-endian words, without a copy where the rows are contiguous."""
    return np.ascontiguousarray(keys).reshape(-1).view("<u8").reshape(-1, 4)


def chunk_of(rows: NDArray[np.uint64], start: int, width: int) -> NDArray[np.uint32]:
    """Bits `start` to `start + width` of every row, as uint32."""
    word, shift = divmod(start, 64)
    value = rows[:, word] >> np.uint64(shift)
    if shift + width > 64:
        value = value | (rows[:, word + 1] << np.uint64(64 - shift))
    return (value & np.uint64((1 << width) - 1)).astype(np.uint32)


def build_chunk(
    keys: NDArray[np.uint8], start: int, width: int, directory: NDArray[np.uint32], ids: NDArray[np.uint32]
) -> None:
    """Fill one chunk's directory (2**width) and ids (n): bucket → place of its first id; STOP marks its last."""
    values = chunk_of(words(keys), start, width)
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    first = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    directory[:] = EMPTY
    directory[ranked[first]] = first.astype(np.uint32)
    ids[:] = order.astype(np.uint32)
    ids[np.append(first[1:], len(ranked)) - 1] |= STOP


def search(
    keys: NDArray[np.uint8],
    chunks: Sequence[Chunk],
    queries: NDArray[np.uint8],
    radius: int,
    reaches: bytes,
) -> Found:
    """Exact hits as (offsets, rows, distances), each query's ordered by distance then row; see HammingIndex.search."""
    key_words, query_words = words(keys), words(queries)
    radii = np.frombuffer(reaches, np.int8).tolist()
    if not radii:
        pieces = list(_brute(key_words, query_words, radius))
    else:
        pieces = list(_near(key_words, chunks, query_words, radius, radii))
    return _ordered(pieces, len(query_words))


def _ordered(pieces: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]], queries: int) -> Found:
    asked, rows, distances = (np.concatenate(column) for column in zip(*pieces, strict=True)) if pieces else (
        np.empty(0, np.int64),
    ) * 3
    order = np.lexsort((rows, distances, asked))
    offsets = np.zeros(queries + 1, np.int64)
    np.cumsum(np.bincount(asked, minlength=queries), out=offsets[1:])
    return offsets, rows[order].astype(np.uint32), distances[order].astype(np.uint8)


def _brute(
    keys: NDArray[np.uint64], queries: NDArray[np.uint64], radius: int
) -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    step = _AT_ONCE // 8
    for at, query in enumerate(queries):
        for start in range(0, len(keys), step):
            distance = np.bitwise_count(keys[start : start + step] ^ query).sum(axis=1, dtype=np.uint16)
            near = np.flatnonzero(distance <= radius)
            yield np.full(len(near), at), near + start, distance[near]


def _near(
    keys: NDArray[np.uint64],
    chunks: Sequence[Chunk],
    queries: NDArray[np.uint64],
    radius: int,
    radii: Sequence[int],
) -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    before: list[tuple[Chunk, int]] = []
    for chunk, reach in zip(chunks, radii, strict=True):
        if reach < 0:
            continue
        masks = flips(chunk.width, reach)
        values = chunk_of(queries, chunk.start, chunk.width)
        step = max(1, _AT_ONCE // len(masks))
        for low in range(0, len(queries), step):
            for asked, rows in _members(chunk, values[low : low + step], masks, len(keys)):
                distance, diff = _distances(keys, rows, queries, asked + low)
                near = np.flatnonzero(distance <= radius)
                first = near[_not_before(diff[near], before)]
                yield asked[first] + low, rows[first], distance[first]
        before.append((chunk, reach))


def _members(
    chunk: Chunk, values: NDArray[np.uint32], masks: NDArray[np.uint32], rows_known: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint32]]]:
    """The rows in every bucket near `values`, one more of each bucket in every round."""
    places = chunk.directory[values[:, None] ^ masks[None, :]]
    asked, column = np.nonzero(places < EMPTY)
    at = places[asked, column].astype(np.int64)
    while len(at):
        if int(at.max()) >= len(chunk.ids):
            raise CorruptFileError("The index's directory points outside the index.")
        found = chunk.ids[at]
        rows = found & _ID
        if int(rows.max()) >= rows_known:
            raise CorruptFileError("The index names a row that does not exist.")
        yield asked, rows
        more = np.flatnonzero(found < STOP)
        asked, at = asked[more], at[more] + 1


def _distances(
    keys: NDArray[np.uint64], rows: NDArray[np.uint32], queries: NDArray[np.uint64], asked: NDArray[np.int64]
) -> tuple[NDArray[np.uint16], NDArray[np.uint64]]:
    diff = keys[rows] ^ queries[asked]
    return np.bitwise_count(diff).sum(axis=1, dtype=np.uint16), diff


def _not_before(diff: NDArray[np.uint64], before: Sequence[tuple[Chunk, int]]) -> NDArray[np.bool_]:
    """True where no earlier chunk has reported the row already."""
    fresh = np.ones(len(diff), np.bool_)
    for chunk, reach in before:
        fresh &= np.bitwise_count(chunk_of(diff, chunk.start, chunk.width)) > reach
    return fresh
