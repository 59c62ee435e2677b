"""The Hamming index's build and search in NumPy: what runs where the C kernel does not, and its oracle's cousin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rempart.errors import CorruptFileError
from rempart.index.layout import LINE, flips

FREE, SPILLED = 0xFFFFFFFF, 0xFFFFFFFE
HELD_WHEN_SPILLED = 14
_AT_ONCE = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Bits `start` to `start + width` of every key.

    `lines`, (L, 16) uint32 with L = 2**(width − tag_bits): row numbers with the chunk's lowest `tag_bits` bits above
    them, FREE places last. A line with more than 16 rows ends in (place, SPILLED): at `extra[place]` stand how many
    there are beyond the 14 it holds, and then those.
    """

    start: int
    width: int
    tag_bits: int
    lines: NDArray[np.uint32]
    extra: NDArray[np.uint32]


# Each entry's query, and how many flips are left for its tag.
Asked = tuple[NDArray[np.int64], NDArray[np.uint8]]
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


def build_chunk(keys: NDArray[np.uint8], start: int, width: int, tag_bits: int, id_bits: int) -> Chunk:
    """One chunk's table; the same as the C kernel's."""
    values = chunk_of(words(keys), start, width)
    line = values >> np.uint32(tag_bits)
    order = np.argsort(line, kind="stable")
    ranked = line[order]
    counts = np.bincount(ranked, minlength=1 << (width - tag_bits))
    nth = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    tags = values[order] & np.uint32((1 << tag_bits) - 1)
    entries = (tags << np.uint32(id_bits)) | order.astype(np.uint32)
    spilling = counts > LINE
    surplus = np.where(spilling, counts - HELD_WHEN_SPILLED + 1, 0)
    place = np.cumsum(surplus) - surplus
    lines = np.full((len(counts), LINE), FREE, "<u4")
    extra = np.zeros(int(surplus.sum()), "<u4")
    outside = spilling[ranked] & (nth >= HELD_WHEN_SPILLED)
    lines[ranked[~outside], nth[~outside]] = entries[~outside]
    extra[place[ranked[outside]] + nth[outside] - HELD_WHEN_SPILLED + 1] = entries[outside]
    extra[place[spilling]] = counts[spilling] - HELD_WHEN_SPILLED
    lines[spilling, HELD_WHEN_SPILLED] = place[spilling]
    lines[spilling, LINE - 1] = SPILLED
    return Chunk(start=start, width=width, tag_bits=tag_bits, lines=lines, extra=extra)


def search(
    keys: NDArray[np.uint8],
    chunks: Sequence[Chunk],
    id_bits: int,
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
        pieces = list(_near(key_words, chunks, id_bits, query_words, radius, radii))
    return _ordered(pieces, len(query_words))


def _ordered(pieces: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]], queries: int) -> Found:
    asked, rows, distances = (
        (np.concatenate(column) for column in zip(*pieces, strict=True)) if pieces else (np.empty(0, np.int64),) * 3
    )
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
    id_bits: int,
    queries: NDArray[np.uint64],
    radius: int,
    radii: Sequence[int],
) -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    before: list[tuple[Chunk, int]] = []
    for chunk, reach in zip(chunks, radii, strict=True):
        if reach < 0:
            continue
        masks = flips(chunk.width - chunk.tag_bits, reach)
        left = (reach - np.bitwise_count(masks)).astype(np.uint8)
        values = chunk_of(queries, chunk.start, chunk.width)
        step = max(1, _AT_ONCE // (len(masks) * LINE))
        for low in range(0, len(queries), step):
            for asked, entries in _entries(chunk, values[low : low + step], masks, left):
                rows = entries & np.uint32((1 << id_bits) - 1)
                if len(rows) and int(rows.max()) >= len(keys):
                    raise CorruptFileError("The index names a row that does not exist.")
                own = _tagged(chunk, id_bits, entries, values[low + asked[0]], asked[1])
                query, rows = low + asked[0][own], rows[own]
                distance, diff = _distances(keys, rows, queries, query)
                near = np.flatnonzero(distance <= radius)
                first = near[_not_before(diff[near], before)]
                yield query[first], rows[first], distance[first]
        before.append((chunk, reach))


def _tagged(
    chunk: Chunk, id_bits: int, entries: NDArray[np.uint32], values: NDArray[np.uint32], left: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Which entries' tags lie within the flips that are left for them."""
    tags = values & np.uint32((1 << chunk.tag_bits) - 1)
    return np.flatnonzero(np.bitwise_count((entries >> np.uint32(id_bits)) ^ tags) <= left)


def _entries(
    chunk: Chunk, values: NDArray[np.uint32], masks: NDArray[np.uint32], left: NDArray[np.uint8]
) -> Iterator[tuple[Asked, NDArray[np.uint32]]]:
    """((query, flips left), entry) of every entry in the lines near `values`; a line's surplus comes afterwards."""
    lines = chunk.lines[(values >> np.uint32(chunk.tag_bits))[:, None] ^ masks[None, :]]
    spilled = lines[:, :, LINE - 1] == SPILLED
    entry = lines < SPILLED
    entry[:, :, HELD_WHEN_SPILLED] &= ~spilled
    asked, column, _ = np.nonzero(entry)
    yield (asked, left[column]), lines[entry]
    asked, column = np.nonzero(spilled)
    places = lines[asked, column, HELD_WHEN_SPILLED].astype(np.int64)
    if len(places):
        yield from _surplus(chunk, (asked, left[column]), places)


def _surplus(chunk: Chunk, asked: Asked, places: NDArray[np.int64]) -> Iterator[tuple[Asked, NDArray[np.uint32]]]:
    """The entries that lines had no room for, as many lines at once as make about `_AT_ONCE` entries."""
    if int(places.max()) >= len(chunk.extra):
        raise CorruptFileError("The index points outside itself.")
    lengths = chunk.extra[places].astype(np.int64)
    if bool(np.any(places + lengths >= len(chunk.extra))):
        raise CorruptFileError("The index points outside itself.")
    ends = np.cumsum(lengths)
    low = 0
    while low < len(places):
        done = int(ends[low] - lengths[low])
        high = max(low + 1, int(np.searchsorted(ends, done + _AT_ONCE, side="right")))
        own = lengths[low:high]
        within = np.arange(int(own.sum())) - np.repeat(np.cumsum(own) - own, own)
        entries = chunk.extra[np.repeat(places[low:high] + 1, own) + within]
        yield (np.repeat(asked[0][low:high], own), np.repeat(asked[1][low:high], own)), entries
        low = high


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
