"""How a Hamming index is cut into chunks, and how far each chunk is searched.

A 256-bit key is cut into m chunks of neighbouring bits. Two keys within distance R agree, in at least one chunk
i, to within rᵢ bits whenever Σ(rᵢ+1) ≥ R+1 (pigeonhole; Norouzi, Punjani and Fleet 2012, with uneven
thresholds). rᵢ = −1 leaves a chunk out. Widths are chosen once, when an index is built, for the list's size;
radii for every search radius. Both come from one estimate of what a lookup touches.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from math import comb

import numpy as np
from numpy.typing import NDArray

KEY_BITS = 256
MAX_RADIUS = 63
DESIGN_RADIUS = 31
MIN_WIDTH, MAX_WIDTH = 8, 27
MAX_CHUNK_RADIUS = 6
MAX_ROWS = (1 << 31) - 1
# A list this short is compared row by row: that is faster, and needs no directory.
BRUTE_ROWS = 2048
# What the directories of all chunks may take, in bytes: a flat part for short lists, and so much per row.
_DIRECTORY_FLAT, _DIRECTORY_PER_ROW = 100 << 20, 48.5
# Nanoseconds for one bucket looked at, one cache line of the directory fetched, one row fetched and compared,
# one row compared in passing (brute force). Only their ratios matter.
_PROBE, _LINE, _CANDIDATE, _PASSING = 0.7, 9.0, 11.0, 3.0


def ball(width: int, radius: int) -> int:
    """How many values of `width` bits lie within `radius` of a given one."""
    return sum(comb(width, bits) for bits in range(radius + 1))


@lru_cache(maxsize=4096)
def chunk_cost(rows: int, width: int, radius: int) -> float:
    """Estimated nanoseconds to search one chunk; 16 neighbouring buckets share a cache line."""
    if radius < 0:
        return 0.0
    probes = ball(width, radius)
    candidates = probes * rows / (1 << width)
    lines = ball(max(width - 4, 0), radius)
    return probes * _PROBE + (lines + min(candidates, lines)) * _LINE + candidates * _CANDIDATE


def plan_radii(widths: tuple[int, ...], rows: int, radius: int) -> tuple[int, ...] | None:
    """One radius per chunk with Σ(rᵢ+1) = radius+1, cheapest first; None where comparing every row costs less."""
    radii = [-1] * len(widths)
    for _ in range(radius + 1):
        steps = [
            (chunk_cost(rows, width, r + 1) - chunk_cost(rows, width, r), at)
            for at, (width, r) in enumerate(zip(widths, radii, strict=True))
            if r < min(MAX_CHUNK_RADIUS, width)
        ]
        if not steps:
            return None
        radii[min(steps)[1]] += 1
    cost = sum(chunk_cost(rows, width, r) for width, r in zip(widths, radii, strict=True))
    return tuple(radii) if cost < rows * _PASSING else None


def plan_widths(rows: int) -> tuple[int, ...]:
    """Chunk widths in bits for a list of `rows` keys, summing to 256; empty where brute force is better."""
    if rows < BRUTE_ROWS:
        return ()
    limit = _DIRECTORY_FLAT + _DIRECTORY_PER_ROW * rows
    best: tuple[float, tuple[int, ...]] = (float("inf"), ())
    for widths in chain.from_iterable(_splits(chunks) for chunks in range(9, 19)):
        if sum(4 << width for width in widths) <= limit:
            best = min(best, (_design_cost(widths, rows), widths))
    return best[1]


def _design_cost(widths: tuple[int, ...], rows: int) -> float:
    radii = plan_radii(widths, rows, DESIGN_RADIUS)
    if radii is None:
        return float("inf")
    return sum(chunk_cost(rows, width, radius) for width, radius in zip(widths, radii, strict=True))


def _splits(chunks: int) -> set[tuple[int, ...]]:
    """Cuts of 256 bits into `chunks` where some (searched one bit farther) may be wider than the others."""
    found = set()
    for wide in range(1, chunks + 1):
        for width in range(MIN_WIDTH, MAX_WIDTH):
            rest = KEY_BITS - width * wide
            narrow = chunks - wide
            # The wide ones may differ among themselves by one bit, the narrow ones too.
            for extra in range(wide):
                left = rest - extra
                if narrow == 0:
                    if left == 0:
                        found.add((width + 1,) * extra + (width,) * (wide - extra))
                    continue
                low, odd = divmod(left, narrow)
                if MIN_WIDTH <= low and low + (odd > 0) <= width:
                    found.add(
                        (width + 1,) * extra + (width,) * (wide - extra) + (low + 1,) * odd + (low,) * (narrow - odd)
                    )
    return found


@lru_cache(maxsize=64)
def flips(width: int, radius: int) -> NDArray[np.uint32]:
    """Every `width`-bit value with at most `radius` bits set, ascending, as read-only uint32."""
    exactly = [_exactly(width, bits) for bits in range(radius + 1)]
    masks = np.sort(np.concatenate(exactly))
    masks.flags.writeable = False
    return masks


def _exactly(width: int, bits: int) -> NDArray[np.uint32]:
    if bits == 0:
        return np.zeros(1, np.uint32)
    parts = [_exactly(top, bits - 1) | np.uint32(1 << top) for top in range(bits - 1, width)]
    return np.concatenate(parts) if parts else np.empty(0, np.uint32)
