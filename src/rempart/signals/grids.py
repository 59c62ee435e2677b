"""From a luma picture to 64×64 grids, and from grids to PDQ hashes, many at a time.

PDQ smooths the picture with two box filters, takes 64×64 samples and keeps the low frequencies of their cosine
transform. A crop or a tilt only moves the samples, so the picture is smoothed once and sampled a hundred times; that
the boxes should shrink with the crop is lost in frequencies PDQ does not keep. Hashes made here agree with
`signals.pdq` within a few bits, not to the bit: the picture is reduced first and samples lie between pixels. Source:
the PDQ reference (facebook/ThreatExchange, `pdq/cpp/hashing`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rempart.signals.values import PdqHash

Floats = NDArray[np.floating[Any]]
GRID = 64
_KEPT = 16
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_SAMPLES_PER_BLOCK = 3
_BOXES = 128


def reduced_luma(pixels: NDArray[np.uint8], *, shortest: int, longest: int) -> Floats:
    """Shrink to luma by whole blocks (float32, 0 to 255).

    The shorter side keeps at least `shortest` pixels, unless the longer one would then have more than `longest`.
    `pixels` is (h, w, 3) or (h, w) uint8; up to block−1 pixels at the right and lower edge fall away. Each block is the
    mean of at most 3×3 of its pixels, so the cost hardly grows with the picture.
    """
    block = max(1, min(pixels.shape[:2]) // shortest, -(-max(pixels.shape[:2]) // longest))
    rows, columns = pixels.shape[0] // block, pixels.shape[1] // block
    offsets = sorted({block * (2 * i + 1) // (2 * _SAMPLES_PER_BLOCK) for i in range(_SAMPLES_PER_BLOCK)})
    total = np.zeros((rows, columns, *pixels.shape[2:]), dtype=np.uint16)
    for dy in offsets:
        for dx in offsets:
            total += pixels[dy : rows * block : block, dx : columns * block : block]
    mean = total.astype(np.float32) * np.float32(1 / len(offsets) ** 2)
    if mean.ndim == 2:
        return mean
    luma: Floats = mean[..., 0] * _LUMA[0] + mean[..., 1] * _LUMA[1] + mean[..., 2] * _LUMA[2]
    return luma


def smoothed(luma: Floats) -> Floats:
    """The picture after PDQ's smoothing: two boxes of 1/128 of the side along each axis, narrower at the ends.

    The two boxes of an even width lean to either side, so that the picture stays in its place.
    """
    for _ in range(2):
        width = max(1, round(luma.shape[0] / _BOXES))
        for before in (width // 2, width - 1 - width // 2):
            luma = _boxed(luma, before=before, after=width - 1 - before)
        luma = luma.T
    return luma


def _boxed(luma: Floats, *, before: int, after: int) -> Floats:
    """The mean of each pixel, `before` above it and `after` below it, as far as there are any."""
    length = len(luma)
    sums = np.zeros((length + 1, luma.shape[1]), np.float64)
    np.cumsum(luma, axis=0, out=sums[1:])
    at = np.arange(length)
    start, stop = np.maximum(at - before, 0), np.minimum(at + after + 1, length)
    mean: Floats = ((sums[stop] - sums[start]) / (stop - start)[:, None]).astype(np.float32)
    return mean


def sample_rows(plane: Floats, centres: Floats) -> Floats:
    """Rows of `plane` at fractional `centres` (row i covers i to i+1); beyond the ends the nearest row stands."""
    at = np.clip(centres - 0.5, 0, len(plane) - 1.001)
    upper = at.astype(np.intp)
    share = (at - upper).astype(np.float32)[:, None]
    rows: Floats = plane[upper] * (1 - share) + plane[upper + 1] * share
    return rows


def grid_centres(start: float, stop: float) -> Floats:
    """The 64 sample points of the stretch from `start` to `stop`."""
    return start + (np.arange(GRID) + 0.5) * ((stop - start) / GRID)


def _cosines() -> Floats:
    i = np.arange(1, _KEPT + 1)[:, None]
    j = np.arange(GRID)[None, :]
    cosines: Floats = (np.sqrt(2 / GRID) * np.cos(np.pi / (2 * GRID) * i * (2 * j + 1))).astype(np.float32)
    return cosines


_COSINES = _cosines()


def hash_grids(grids: Floats) -> tuple[list[PdqHash], list[int]]:
    """PDQ hash and quality of each of n grids, (n, 64, 64) float32 luma, in order."""
    kept = (_COSINES @ grids @ _COSINES.T).reshape(len(grids), -1)
    median = np.partition(kept, kept.shape[1] // 2 - 1, axis=1)[:, kept.shape[1] // 2 - 1]
    packed = np.packbits((kept > median[:, None])[:, ::-1], axis=1)
    return [PdqHash(row.tobytes()) for row in packed], [int(q) for q in _qualities(grids)]


def _qualities(grids: Floats) -> NDArray[np.int64]:
    down = np.abs(np.trunc(np.diff(grids, axis=1) * np.float32(100 / 255))).sum(axis=(1, 2))
    across = np.abs(np.trunc(np.diff(grids, axis=2) * np.float32(100 / 255))).sum(axis=(1, 2))
    quality: NDArray[np.int64] = np.minimum((down + across) / 90, 100).astype(np.int64)
    return quality
