"""How a Hamming index is cut into chunks, and how far each chunk is searched.

A 256-bit key is cut into m chunks of neighbouring bits. Two keys within distance R agree, in at least one chunk
i, to within rᵢ bits whenever Σ(rᵢ+1) ≥ R+1 (pigeonhole; Norouzi, Punjani and Fleet 2012, with uneven
thresholds). rᵢ = −1 leaves a chunk out. Widths are chosen once, when an index is built, for the list's size;
radii for every search radius. Both come from one estimate of what a lookup touches.

A chunk's table is an array of lines of 16 entries (one cache line). The chunk's upper bits number the line; its
lower bits, the tag, stand in the entry above the row number and sift the line's entries without another access.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import comb

import numpy as np
from numpy.typing import NDArray

KEY_BITS = 256
MAX_RADIUS = 63
DESIGN_RADIUS = 31
LINE = 16
# Bounds of a line's number and of the tag in bits; the C kernel refuses what lies outside.
MIN_LINE_BITS, MAX_LINE_BITS, MAX_TAG_BITS = 4, 26, 5
MIN_ID_BITS = 32 - MAX_TAG_BITS
MAX_CHUNKS = 32
MAX_CHUNK_RADIUS = 6
# Two numbers of 28 bits are marks and not rows.
MAX_ROWS = (1 << 28) - 2
# A list this short is compared row by row: that is faster, and needs no tables.
BRUTE_ROWS = 2048
# Rows per line at most, on average: a line holds 16, and what it has no room for costs another access.
_FILL = 12.0
# Nanoseconds for one line fetched and sifted, one row fetched and compared, one row compared in passing (brute
# force). Only their ratios matter.
_LINE, _CANDIDATE, _PASSING = 14.0, 12.0, 0.8


def id_bits(rows: int) -> int:
    """Bits of an entry that hold the row number; the others are left to the tag."""
    return MIN_ID_BITS if rows <= (1 << MIN_ID_BITS) - 2 else MIN_ID_BITS + 1


def line_bits(rows: int) -> int:
    """Bits of a line's number for a list of `rows` keys."""
    return max(MIN_LINE_BITS, (max(0, int(rows / _FILL)) - 1).bit_length() if rows > _FILL else MIN_LINE_BITS)


def ball(width: int, radius: int) -> int:
    """How many values of `width` bits lie within `radius` of a given one."""
    return sum(comb(width, bits) for bits in range(radius + 1))


@lru_cache(maxsize=4096)
def chunk_cost(rows: int, width: int, tag: int, radius: int) -> float:
    """Estimated nanoseconds to search one chunk."""
    if radius < 0:
        return 0.0
    return ball(width - tag, radius) * _LINE + ball(width, radius) * rows / (1 << width) * _CANDIDATE


def plan_radii(widths: tuple[int, ...], bits: int, rows: int, radius: int) -> tuple[int, ...] | None:
    """One radius per chunk with Σ(rᵢ+1) = radius+1, cheapest first; None where comparing every row costs less."""
    radii = [-1] * len(widths)
    for _ in range(radius + 1):
        steps = [
            (chunk_cost(rows, width, width - bits, r + 1) - chunk_cost(rows, width, width - bits, r), at)
            for at, (width, r) in enumerate(zip(widths, radii, strict=True))
            if r < MAX_CHUNK_RADIUS
        ]
        if not steps:
            return None
        radii[min(steps)[1]] += 1
    return tuple(radii) if _cost(widths, bits, rows, radii) < rows * _PASSING else None


def _cost(widths: Sequence[int], bits: int, rows: int, radii: Sequence[int]) -> float:
    return sum(chunk_cost(rows, width, width - bits, r) for width, r in zip(widths, radii, strict=True))


@lru_cache(maxsize=256)
def plan_widths(rows: int) -> tuple[int, ...]:
    """Chunk widths in bits for a list of `rows` keys, summing to 256; empty where brute force is better.

    For the design radius of 31: with m chunks, 32 mod m of them are searched one bit farther than the rest, and
    are the wider ones.
    """
    if rows < BRUTE_ROWS:
        return ()
    bits = line_bits(rows)
    widest = bits + 32 - id_bits(rows)
    best: tuple[float, tuple[int, ...]] = (float("inf"), ())
    for chunks in range(-(-KEY_BITS // widest), min(MAX_CHUNKS, KEY_BITS // bits) + 1):
        lower, far = divmod(DESIGN_RADIUS + 1, chunks)
        near = chunks - far
        radii = [lower] * far + [lower - 1] * near
        # `given` bits go to the near ones, the rest to those that are searched farther.
        for given in range(near * bits, near * widest + 1):
            if far * bits <= KEY_BITS - given <= far * widest:
                widths = (*_even(KEY_BITS - given, far), *_even(given, near))
                best = min(best, (_cost(widths, bits, rows, radii), widths))
    return best[1]


def _even(total: int, parts: int) -> tuple[int, ...]:
    if not parts:
        return ()
    low, odd = divmod(total, parts)
    return (low + 1,) * odd + (low,) * (parts - odd)


@lru_cache(maxsize=64)
def flips(width: int, radius: int) -> NDArray[np.uint32]:
    """Every `width`-bit value with at most `radius` bits set, ascending, as read-only uint32."""
    exactly = [_exactly(width, bits) for bits in range(min(radius, width) + 1)]
    masks = np.sort(np.concatenate(exactly))
    masks.flags.writeable = False
    return masks


def _exactly(width: int, bits: int) -> NDArray[np.uint32]:
    if bits == 0:
        return np.zeros(1, np.uint32)
    parts = [_exactly(top, bits - 1) | np.uint32(1 << top) for top in range(bits - 1, width)]
    return np.concatenate(parts) if parts else np.empty(0, np.uint32)
